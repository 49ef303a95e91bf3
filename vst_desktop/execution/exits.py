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
from vst_desktop.domain.orders import ClosePace, Mode, OrderState, Purpose, Side
from vst_desktop.domain.spreads import SpreadMarket
from vst_desktop.execution.checks import closing_market
from vst_desktop.execution.decisions import TRADER, market_seen, who_exits
from vst_desktop.execution.entry import Entries
from vst_desktop.execution.exit_guard import ExitGuard
from vst_desktop.execution.exit_walk import ExitWalk
from vst_desktop.execution.ladder import Ladders
from vst_desktop.execution.ledger import EXIT_MARK, Ledger, exit_reason_of, position_of, trade_text
from vst_desktop.execution.services import Services
from vst_desktop.execution.states import AT_BROKER, TERMINAL
from vst_desktop.execution.ticket import exit_ticket
from vst_desktop.execution.transmit import Transmitter
from vst_desktop.ports.broker import BrokerBook, ConnectionState
from vst_desktop.ports.store import IntentRecord, PositionRecord
from vst_desktop.risk.limits import leg_quantities
from vst_desktop.runtime.calendar import trading_day
from vst_desktop.strategy.exit import ExitReason

log = logging.getLogger(__name__)

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
        self._walk = ExitWalk(services, ledger, ladders)
        self._guard = ExitGuard(services, ledger, closed)
        self._closing: set[str] = set()
        self._again: dict[str, tuple[ExitReason, ClosePace | None]] = {}
        self._after_entry: dict[str, tuple[ExitReason, dict[str, Any], ClosePace | None]] = {}
        self._rest_until: dict[str, datetime] = {}

    def trigger(
        self,
        position_id: str,
        reason: ExitReason,
        seen: dict[str, Any],
        pace: ClosePace | None = None,
    ) -> None:
        """Start an exit on a trigger confirmed by these quotes; what refuses it is alerted."""
        position = self._ledger.position(position_id)
        if position is not None and position.frozen is not None:
            return  # told when it was frozen, and as unprotected
        rest = self._rest_until.get(position_id)
        if rest is not None and self._services.clock.now() < rest:
            return
        if not self._busy(position_id):
            work = self._triggered(position_id, reason, seen, pace)
            self._services.run(work, f"exit {position_id}")
        elif reason.urgent:
            self._services.run(self._hurry(position_id, reason), f"exit {position_id} urgent")

    async def _hurry(self, position_id: str, reason: ExitReason) -> None:
        for order in self._ledger.exits_of(position_id):
            if order.state in AT_BROKER and not exit_reason_of(order).urgent:
                await self._walk.hurry(order, reason)

    async def close(
        self,
        position_id: str,
        reason: ExitReason,
        seen: dict[str, Any] | None = None,
        pace: ClosePace | None = None,
    ) -> None:
        """Close a position as far as the exit guard allows; ``seen`` are the quotes that triggered
        it, for the journal. NOW makes a ladder under way urgent in the same order.

        Raises:
            UserError: There is no such position, it is being closed already, the market is
                closed, the broker does not answer, or nothing is left to close.
        """
        position = self._ledger.position(position_id)
        if position is None or position.closed_at is not None:
            raise UserError(f"there is no open position {position_id}")
        if position.frozen is not None:
            raise UserError(
                f"the exits of {position.spread.symbol} are frozen: {position.frozen}",
                remedy="confirm it when you have looked, or act in TWS",
            )
        if self._busy(position_id):
            patient = self._patient(position_id) if pace is ClosePace.NOW else None
            if patient is None:
                raise UserError(f"{position.spread.symbol} is being closed already")
            await self._walk.hurry(patient, exit_reason_of(patient), pace, by=TRADER)
            return
        self._closing.add(position_id)
        try:
            await self._close(position, reason, seen or {}, pace)
        except TimeoutError:
            raise UserError(
                f"{position.spread.symbol} is not being closed: the broker did not answer",
                remedy="try again when the connection is well",
            ) from None
        finally:
            self._closing.discard(position_id)

    async def close_after(
        self,
        entry: IntentRecord,
        reason: ExitReason,
        seen: dict[str, Any] | None = None,
        pace: ClosePace | None = None,
    ) -> None:
        """Cancel an entry, and close what it has filled by its end."""
        self._after_entry[entry.intent_id] = reason, seen or {}, pace
        await self._entries.cancel(entry, f"exit {reason} while the entry still worked")

    def is_closing(self, position_id: str) -> bool:
        """Whether a close of the position works, or waits for the end of its entry."""
        return self._busy(position_id) or position_id in self._after_entry

    def entry_ended(self, entry: IntentRecord) -> None:
        """Go on with an exit that waited for its entry's end."""
        waited = self._after_entry.get(entry.intent_id)
        if waited is not None and entry.filled:  # without a fill one may still come late
            del self._after_entry[entry.intent_id]
            self.trigger(entry.intent_id, *waited)

    def exit_ended(self, intent: IntentRecord, position_id: str) -> None:
        """A closing order reached its end."""
        self._walk.stop(intent.intent_id)
        again = self._again.pop(position_id, None)
        if again is not None:
            reason, pace = again
            self.trigger(position_id, reason, {}, pace)  # the guard says for how many
            return
        if intent.state is OrderState.FILLED:
            return
        self._rest_until[position_id] = self._services.clock.now() + REST_AFTER_FAILURE
        self._services.alert(
            Severity.HIGH,
            trade_text("EXIT FAILED", intent),
            f"{intent.state}, {intent.filled} of {intent.quantity} closed; {intent.reason}",
        )

    async def changed_outside(
        self, position: PositionRecord, long_leg: int, short_leg: int
    ) -> None:
        """Somebody else closed of a position."""
        await self._guard.changed_outside(position, long_leg, short_leg)

    async def guard_working(self, book: BrokerBook) -> None:
        """Cancel own exits that would sell more than the broker still holds on both legs: somebody
        else closed of the position. What is left is sold anew when the cancel is confirmed."""
        for intent in self._ledger.at_broker(Purpose.EXIT):
            order = next((o for o in book.open_orders if o.order_ref == intent.order_ref), None)
            legs = leg_quantities(intent.spread, book.positions, intent.account)
            if order is None or order.quantity - order.filled <= min(legs):
                continue
            position_id = position_of(intent)
            if position_id in self._again:
                continue
            self._again[position_id] = exit_reason_of(intent), intent.pace
            self._walk.stop(intent.intent_id)
            self._services.alert(
                Severity.CRITICAL,
                f"{intent.spread.symbol} {intent.spread.label()} was CHANGED OUTSIDE",
                f"its close of {order.quantity - order.filled} is being cancelled: broker long leg "
                f"{legs[0]}, short leg {legs[1]}",
            )
            await self._entries.cancel(intent, "the position was changed outside")

    def adopt(self, intent: IntentRecord) -> None:
        """Follow a closing order that still works since before a restart."""
        if not self._walk.follows(intent.intent_id) and intent.order_id:
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
        self._walk.follow(intent, ticket, exit_reason_of(intent))

    def _busy(self, position_id: str) -> bool:
        return position_id in self._closing or any(
            e.state not in TERMINAL for e in self._ledger.exits_of(position_id)
        )

    def _patient(self, position_id: str) -> IntentRecord | None:
        """The position's ladder that works at the broker, None when there is none."""
        for order in self._ledger.exits_of(position_id):
            hurried = exit_reason_of(order).urgent or order.pace is ClosePace.NOW
            if order.state in AT_BROKER and order.limit_price is not None and not hurried:
                return order if self._walk.follows(order.intent_id) else None
        return None

    async def _triggered(
        self,
        position_id: str,
        reason: ExitReason,
        seen: dict[str, Any],
        pace: ClosePace | None,
    ) -> None:
        try:
            await self.close(position_id, reason, seen, pace)
        except UserError as error:
            now = self._services.clock.now()
            self._rest_until[position_id] = now + REST_AFTER_FAILURE
            self._services.alert(
                Severity.HIGH,
                f"Exit {reason} of {position_id} could not be sent",
                str(error),
            )

    async def _close(
        self,
        position: PositionRecord,
        reason: ExitReason,
        seen: dict[str, Any],
        pace: ClosePace | None,
    ) -> None:
        entry = self._ledger.intent(position.intent_id)
        if entry.state in AT_BROKER and entry.state is not OrderState.UNKNOWN:
            await self.close_after(entry, reason, seen, pace)
            return
        self._guard.check_market(position)
        broker = self._services.broker
        book = await broker.book()
        connected = (await broker.account()).account
        quantity = await self._guard.quantity(position, book)
        if quantity < 1:
            return
        await self._send(position, reason, seen, quantity, connected, entry, pace)

    async def _send(
        self,
        position: PositionRecord,
        reason: ExitReason,
        seen: dict[str, Any],
        quantity: int,
        connected: str,
        entry: IntentRecord,
        pace: ClosePace | None,
    ) -> None:
        services, spread = self._services, position.spread
        tick = await services.broker.combo_tick(spread)
        intent = replace(self._intent(position, entry, reason, quantity), pace=pace)
        limit: Decimal | None = None
        market: SpreadMarket | None = None
        if entry.mode is Mode.LIVE or pace is ClosePace.LADDER:
            market = closing_market(*await services.broker.option_quotes(spread))
            if market is not None:
                limit = self._walk.first_limit(intent, market, reason, tick)
            if limit is None:
                raise UserError(f"{spread.symbol} has no valid quotes to price its exit by")
        told: dict[str, Any] = {
            "reason": reason,
            "by": who_exits(reason),
            "quotes": seen,
            "pace": pace,
        }
        await self._ledger.add(intent, "exit", position_id=position.position_id, **told)
        ticket = exit_ticket(
            order_ref=intent.order_ref,
            account=position.account,
            spread=spread,
            quantity=quantity,
            limit_price=limit,
            tick=tick,
        )
        doubts = self._walk.doubts(market) if market is not None else ""
        services.alert(
            Severity.WARNING if doubts else Severity.INFO,
            trade_text("EXIT", intent),
            f"{reason}; {doubts}" if doubts else reason.value,
        )
        sent = await self._transmitter.send(
            intent.intent_id,
            ticket,
            connected_account=connected,
            may_go=self._stop_reason,
            placing=lambda: None,
            quotes=market_seen(market, None),
        )
        if sent:
            self._walk.follow(intent, ticket, reason)

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
            exit_reason=reason.value,
            queued_at=None,
            sent_at=None,
            acknowledged_at=None,
            filled_at=None,
            ack_latency_secs=None,
            revisions=0,
            cancels=0,
        )
