"""Closing orders, behind the exit guard (SPEC 7): never more than is held on both legs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import Mode, OrderState, OrderTicket, Purpose, Side
from vst_desktop.domain.spreads import SpreadMarket
from vst_desktop.execution.checks import spread_market
from vst_desktop.execution.decisions import STATION, market_seen, who_exits
from vst_desktop.execution.entry import Entries
from vst_desktop.execution.ladder import Climb, Ladders
from vst_desktop.execution.ledger import EXIT_MARK, Ledger, trade_text
from vst_desktop.execution.repricing import exit_limit, urgent_delay_secs, urgent_exit_limit
from vst_desktop.execution.services import Services
from vst_desktop.execution.states import AT_BROKER, TERMINAL
from vst_desktop.execution.ticket import exit_ticket
from vst_desktop.execution.transmit import Transmitter
from vst_desktop.ports.broker import BrokerBook, ConnectionState
from vst_desktop.ports.clock import Timer
from vst_desktop.ports.store import IntentRecord, PositionRecord
from vst_desktop.risk.limits import leg_quantities, working_to_close
from vst_desktop.runtime.calendar import trading_day
from vst_desktop.strategy.exit import ExitReason

log = logging.getLogger(__name__)

UNFILLED_HIGH_SECS = 60.0
REST_AFTER_FAILURE = timedelta(seconds=60)


class Exits:
    """One closing order a position at a time; needs no arming and no entry window.

    Args:
        services: Dependencies.
        ledger: The book.
        entries: To cancel an entry that still works.
        transmitter: The way to the broker.
        ladders: Price walks.
        closed: Called when a position turned out to be closed outside.
    """

    def __init__(
        self,
        services: Services,
        ledger: Ledger,
        entries: Entries,
        transmitter: Transmitter,
        ladders: Ladders,
        closed: Callable[[PositionRecord], None],
    ) -> None:
        self._services = services
        self._ledger = ledger
        self._entries = entries
        self._transmitter = transmitter
        self._ladders = ladders
        self._closed = closed
        self._closing: set[str] = set()
        self._after_entry: dict[str, tuple[ExitReason, dict[str, Any]]] = {}
        self._rest_until: dict[str, datetime] = {}
        self._timers: dict[str, Timer] = {}

    def trigger(self, position_id: str, reason: ExitReason, seen: dict[str, Any]) -> None:
        """Start an exit on a trigger confirmed by these quotes; what refuses it is alerted."""
        rest = self._rest_until.get(position_id)
        if rest is not None and self._services.clock.now() < rest:
            return
        if not self._busy(position_id):
            self._services.run(self._triggered(position_id, reason, seen), f"exit {position_id}")

    async def close(
        self, position_id: str, reason: ExitReason, seen: dict[str, Any] | None = None
    ) -> None:
        """Close a position as far as the exit guard allows; ``seen`` are the quotes that triggered
        it, for the journal.

        Raises:
            UserError: There is no such position, it is being closed already, the market is
                closed, the broker does not answer, or nothing is left to close.
        """
        position = self._ledger.position(position_id)
        if position is None or position.closed_at is not None:
            raise UserError(f"there is no open position {position_id}")
        if self._busy(position_id):
            raise UserError(f"{position.spread.symbol} is being closed already")
        self._closing.add(position_id)
        try:
            await self._close(position, reason, seen or {})
        except TimeoutError:
            raise UserError(
                f"{position.spread.symbol} is not being closed: the broker did not answer",
                remedy="try again when the connection is well",
            ) from None
        finally:
            self._closing.discard(position_id)

    def entry_ended(self, entry: IntentRecord) -> None:
        """Go on with an exit that waited for its entry's end."""
        waited = self._after_entry.pop(entry.intent_id, None)
        if waited is not None and entry.filled:
            self.trigger(entry.intent_id, *waited)

    def exit_ended(self, intent: IntentRecord, position_id: str) -> None:
        """A closing order reached its end."""
        self._ladders.stop(intent.intent_id)
        timer = self._timers.pop(intent.intent_id, None)
        if timer is not None:
            timer.cancel()
        if intent.state is OrderState.FILLED:
            return
        self._rest_until[position_id] = self._services.clock.now() + REST_AFTER_FAILURE
        self._services.alert(
            Severity.HIGH,
            trade_text("EXIT FAILED", intent),
            f"{intent.state}, {intent.filled} of {intent.quantity} closed; {intent.reason}",
        )

    def adopt(self, intent: IntentRecord) -> None:
        """Follow a closing order that still works since before a restart."""
        if intent.intent_id not in self._timers and intent.order_id:
            self._services.run(self._adopt(intent), f"adopt {intent.order_ref}")

    async def _adopt(self, intent: IntentRecord) -> None:
        try:
            tick = await self._services.broker.combo_tick(intent.spread)
        except (UserError, TimeoutError) as error:
            log.warning("%s is not priced anew: %s", intent.order_ref, error)
            return
        ticket = exit_ticket(
            order_ref=intent.order_ref,
            account=intent.account,
            spread=intent.spread,
            quantity=intent.quantity,
            limit_price=intent.limit_price,
            tick=tick,
        )
        self._follow(intent, ticket, ExitReason(intent.reason or ExitReason.MANUAL))

    def _follow(self, intent: IntentRecord, ticket: OrderTicket, reason: ExitReason) -> None:
        if self._ledger.intent(intent.intent_id).state in TERMINAL:
            return
        self._timers[intent.intent_id] = self._services.after(
            UNFILLED_HIGH_SECS,
            lambda: self._unfilled(intent.intent_id),
            f"exit {intent.spread.symbol}",
        )
        if intent.mode is Mode.LIVE:
            self._ladders.start(intent.intent_id, ticket, self._climb(reason, ticket.tick))

    def _busy(self, position_id: str) -> bool:
        return position_id in self._closing or any(
            e.state not in TERMINAL for e in self._ledger.exits_of(position_id)
        )

    async def _triggered(self, position_id: str, reason: ExitReason, seen: dict[str, Any]) -> None:
        try:
            await self.close(position_id, reason, seen)
        except UserError as error:
            now = self._services.clock.now()
            self._rest_until[position_id] = now + REST_AFTER_FAILURE
            self._services.alert(
                Severity.HIGH,
                f"Exit {reason} of {position_id} could not be sent",
                str(error),
            )

    async def _close(
        self, position: PositionRecord, reason: ExitReason, seen: dict[str, Any]
    ) -> None:
        entry = self._ledger.intent(position.intent_id)
        if entry.state in AT_BROKER and entry.state is not OrderState.UNKNOWN:
            self._after_entry[entry.intent_id] = reason, seen
            await self._entries.cancel(entry, f"exit {reason} while the entry still worked")
            return
        self._check_market(position)
        broker = self._services.broker
        book = await broker.book()
        connected = (await broker.account()).account
        quantity = await self._guarded(position, book)
        if quantity < 1:
            return
        await self._send(position, reason, seen, quantity, connected, entry)

    def _check_market(self, position: PositionRecord) -> None:
        now = self._services.clock.now()
        hours = self._services.calendar.session(trading_day(now))
        if hours is None or not hours[0] <= now < hours[1]:
            raise UserError(
                f"{position.spread.symbol} cannot be closed while the market is closed",
                remedy="try again in the regular session",
            )
        if self._services.broker.state is not ConnectionState.READY:
            raise UserError(
                f"{position.spread.symbol} cannot be closed: the broker is not connected"
            )

    async def _guarded(self, position: PositionRecord, book: BrokerBook) -> int:
        """quantity = min(own book, broker's long leg, broker's short leg) - working closes."""
        spread, account = position.spread, position.account
        long_leg, short_leg = leg_quantities(spread, book.positions, account)
        working = working_to_close(spread, book.open_orders, account)
        held = min(position.quantity, long_leg, short_leg)
        if min(long_leg, short_leg) < position.quantity:
            await self.changed_outside(position, long_leg, short_leg)
        elif held - working < 1:
            self._services.alert(
                Severity.WARNING,
                f"{spread.symbol} {spread.label()}: nothing was sent, its close is working already",
                f"{working} of {position.quantity} in open orders",
            )
        return max(held - working, 0)

    async def changed_outside(
        self, position: PositionRecord, long_leg: int, short_leg: int
    ) -> None:
        """Somebody else closed of a position: told, and closed in the book when nothing is left."""
        spread = position.spread
        told = f"own book {position.quantity}, broker long leg {long_leg}, short leg {short_leg}"
        self._services.alert(
            Severity.CRITICAL, f"{spread.symbol} {spread.label()} was CHANGED OUTSIDE", told
        )
        if long_leg or short_leg:
            await self._services.journal.record(
                "changed outside", by=STATION, position_id=position.position_id, details=told
            )
            return
        closed = replace(
            position,
            quantity=0,
            closed_at=self._services.clock.now(),
            exit_reason=ExitReason.OUTSIDE.value,
        )
        await self._ledger.save_position(closed, "changed outside", details=told)
        self._closed(closed)

    async def _send(
        self,
        position: PositionRecord,
        reason: ExitReason,
        seen: dict[str, Any],
        quantity: int,
        connected: str,
        entry: IntentRecord,
    ) -> None:
        services, spread = self._services, position.spread
        tick = await services.broker.combo_tick(spread)
        limit: Decimal | None = None
        market: SpreadMarket | None = None
        if entry.mode is Mode.LIVE:
            market = spread_market(*await services.broker.option_quotes(spread))
            limit = self._limit(market, reason, 0, None, tick) if market else None
            if limit is None:
                raise UserError(f"{spread.symbol} has no valid quotes to price its exit by")
        intent = self._intent(position, entry, reason, quantity)
        told = {"reason": reason, "by": who_exits(reason), "quotes": seen}
        await self._ledger.add(intent, "exit", position_id=position.position_id, **told)
        ticket = exit_ticket(
            order_ref=intent.order_ref,
            account=position.account,
            spread=spread,
            quantity=quantity,
            limit_price=limit,
            tick=tick,
        )
        services.alert(Severity.INFO, trade_text("EXIT", intent), reason.value)
        sent = await self._transmitter.send(
            intent.intent_id,
            ticket,
            connected_account=connected,
            may_go=self._stop_reason,
            placing=lambda: None,
            quotes=market_seen(market, None),
        )
        if sent:
            self._follow(intent, ticket, reason)

    def _stop_reason(self) -> str | None:
        ready = self._services.broker.state is ConnectionState.READY
        return None if ready else "the broker is not connected"

    def _intent(
        self, position: PositionRecord, entry: IntentRecord, reason: ExitReason, quantity: int
    ) -> IntentRecord:
        now = self._services.clock.now()
        number = len(self._ledger.exits_of(position.position_id)) + 1
        mark = f"{EXIT_MARK}{number}"
        hours = self._services.calendar.session(trading_day(now))
        return replace(
            entry,
            intent_id=position.position_id + mark,
            order_ref=entry.order_ref + mark,
            purpose=Purpose.EXIT,
            side=Side.SELL,
            quantity=quantity,
            reserved_usd=Decimal(0),
            plan=position.plan,
            state=OrderState.APPROVED,
            rank=0,
            approved_at=now,
            expires_at=hours[1] if hours else now,
            session=trading_day(now).isoformat(),
            order_type=None,
            limit_price=None,
            order_id=0,
            perm_id=0,
            filled=0,
            average_fill_price=None,
            reason=reason.value,
            queued_at=None,
            sent_at=None,
            acknowledged_at=None,
            filled_at=None,
            ack_latency_secs=None,
        )

    def _limit(
        self,
        market: SpreadMarket,
        reason: ExitReason,
        step: int,
        previous: Decimal | None,
        tick: Decimal,
    ) -> Decimal | None:
        rules = self._services.execution
        if reason.urgent:
            return urgent_exit_limit(
                natural=market.natural,
                close=market.close,
                step=step,
                factor=rules.price_improvement_factor,
                previous=previous,
                tick=tick,
            )
        return exit_limit(
            natural=market.natural,
            close=market.close,
            step=step,
            steps=rules.reprice_max_steps,
            factor=rules.price_improvement_factor,
            previous=previous,
            tick=tick,
        )

    def _climb(self, reason: ExitReason, tick: Decimal) -> Climb:
        step_secs = self._services.execution.reprice_step_seconds
        return Climb(
            price=lambda market, step, previous: self._limit(market, reason, step, previous, tick),
            # An exit is never given up while its reason holds: it goes on following the market.
            delay=lambda step: urgent_delay_secs(step) if reason.urgent else step_secs,
            at_end=None,
            end_delay_secs=0.0,
        )

    async def _unfilled(self, intent_id: str) -> None:
        intent = self._ledger.intent(intent_id)
        if intent.state not in TERMINAL:
            self._services.alert(
                Severity.HIGH,
                trade_text("EXIT UNFILLED", intent),
                f"{intent.reason}: still working after {UNFILLED_HIGH_SECS:g} s",
            )
