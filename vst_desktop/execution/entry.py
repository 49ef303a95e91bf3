"""From a cleared approval to a working entry order, and its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import Mode, OrderState, OrderTicket, OrderType
from vst_desktop.domain.spreads import SpreadMarket
from vst_desktop.execution import decisions
from vst_desktop.execution.checks import Cleared, ReleaseChecks, spot_of, spread_market
from vst_desktop.execution.halts import CALM_AFTER, LOOK_AGAIN_SECS
from vst_desktop.execution.ladder import Climb, Ladders
from vst_desktop.execution.ledger import Ledger, market_orders, price_text, trade_text
from vst_desktop.execution.repricing import entry_limit, marketable_limit
from vst_desktop.execution.schedule import session_window
from vst_desktop.execution.services import Services
from vst_desktop.execution.states import AT_BROKER, Trigger
from vst_desktop.execution.switches import Switches
from vst_desktop.execution.ticket import entry_ticket
from vst_desktop.execution.transmit import Transmitter
from vst_desktop.ports.clock import Timer
from vst_desktop.ports.store import IntentRecord
from vst_desktop.risk.limits import Denial, DenialCode, deny
from vst_desktop.runtime.calendar import trading_day

UNFILLED_SECS = 30.0
TURN_SECS = 2.0

UNFILLED_MARKET = (
    f"market order unfilled after {UNFILLED_SECS:g} s; "
    "set execution.paper_order_type = MARKETABLE_LIMIT"
)
UNFILLED_LIMIT = f"limit at natural unfilled after {UNFILLED_SECS:g} s"
NO_FILL_ON_LADDER = "not filled by the end of its price ladder"
CLOSE_NEAR = "unfilled 2 minutes before the close"


class Entries:
    """Releases approvals and follows their orders.

    Args:
        services: Dependencies.
        ledger: The book.
        switches: Kill switch and arming.
        checks: What is looked at again at release.
        transmitter: The way to the broker.
        ladders: Price walks.
    """

    def __init__(
        self,
        services: Services,
        ledger: Ledger,
        switches: Switches,
        checks: ReleaseChecks,
        transmitter: Transmitter,
        ladders: Ladders,
    ) -> None:
        self._services = services
        self._ledger = ledger
        self._switches = switches
        self._checks = checks
        self._transmitter = transmitter
        self._ladders = ladders
        self._releasing: set[str] = set()
        self._timers: dict[str, list[Timer]] = {}
        self._cleared: dict[str, Cleared] = {}
        self._cancel_when_known: dict[str, str] = {}
        self._waiting_out: set[str] = set()

    def release_all(
        self, approvals: Sequence[IntentRecord], stored: asyncio.Future[None] | None = None
    ) -> None:
        """Start them all, in this order: each is sent after the one before it, but none waits
        long for one that is slow. An approval that is still being stored is checked meanwhile,
        and goes when ``stored`` is done."""
        before: asyncio.Event | None = None
        for intent in approvals:
            if intent.intent_id in self._releasing:
                continue
            self._releasing.add(intent.intent_id)
            turn = asyncio.Event()
            self._services.run(
                self._release(intent.intent_id, stored, before, turn),
                f"release {intent.spread.symbol}",
            )
            before = turn

    async def spot_at_fill(self, intent: IntentRecord) -> float:
        """The underlying's mid for the exit plan: when the order went, else now, else as seen."""
        cleared = self._cleared.get(intent.intent_id)
        if cleared is not None and cleared.spot is not None:
            return cleared.spot
        try:
            quote = await self._services.broker.stock_quote(intent.spread.symbol)
        except (UserError, TimeoutError):
            return intent.spot_seen
        return spot_of(quote.quote) or intent.spot_seen

    async def cancel(self, intent: IntentRecord, reason: str) -> None:
        """Ask the broker to cancel; the outcome comes as its event. An order that has no number
        yet is taken back if it still waits to be sent, else cancelled when the broker
        acknowledges it."""
        self._ladders.stop(intent.intent_id)
        if intent.state not in AT_BROKER:
            return
        if not intent.order_id:
            self._cancel_when_known[intent.intent_id] = reason
            self._services.broker.withdraw(intent.order_ref, reason)
            return
        # Asked before it is durable: a cancel that is lost is asked for again.
        asked = asyncio.ensure_future(self._ask_cancel(intent))
        try:
            cancels = self._ledger.intent(intent.intent_id).cancels + 1
            await self._ledger.amend(
                intent.intent_id, "cancel asked", reason=reason, cancels=cancels
            )
        finally:
            await asked

    async def _ask_cancel(self, intent: IntentRecord) -> None:
        try:
            await self._services.broker.cancel(intent.order_id)
        except (UserError, TimeoutError) as error:
            self._services.alert(
                Severity.HIGH,
                f"Order {intent.order_id} {intent.spread.symbol} could not be cancelled",
                str(error) or "the broker did not answer",
            )

    def _unwanted(self, intent: IntentRecord) -> str | None:
        """Why an entry that turned out to work must not."""
        halted = self._switches.killed
        return self._cancel_when_known.pop(intent.intent_id, None) or (
            f"kill switch: {halted}" if halted is not None else None
        )

    def ended(self, intent: IntentRecord) -> None:
        """Forget the timers of an entry that reached its end and say what became of it."""
        self._ladders.stop(intent.intent_id)
        self._cancel_when_known.pop(intent.intent_id, None)
        for timer in self._timers.pop(intent.intent_id, []):
            timer.cancel()
        cleared = self._cleared.pop(intent.intent_id, None)
        if intent.state is OrderState.FILLED:
            self._compare(intent, cleared)
        elif intent.filled:
            self._services.alert(
                Severity.HIGH,
                trade_text("EXECUTED", intent, intent.filled),
                f"{price_text(intent)}, {intent.filled} of {intent.quantity}: {intent.reason}",
            )
        else:
            self._failed(intent)

    async def _release(
        self,
        intent_id: str,
        stored: asyncio.Future[None] | None,
        before: asyncio.Event | None,
        turn: asyncio.Event,
    ) -> None:
        try:
            await self._check_and_send(intent_id, stored, before, turn)
        finally:
            turn.set()
            self._releasing.discard(intent_id)

    async def _check_and_send(
        self,
        intent_id: str,
        stored: asyncio.Future[None] | None,
        before: asyncio.Event | None,
        turn: asyncio.Event,
    ) -> None:
        approved = self._ledger.intent(intent_id)
        seen = await self._checks.clear(approved)
        cleared = seen.verdict
        if before is not None:
            try:
                async with asyncio.timeout(TURN_SECS):
                    await before.wait()
            except TimeoutError:
                pass  # A slow one does not hold the others up.
        intent = self._ledger.by_ref(approved.order_ref)
        # None: it could not be stored, and was forgotten.
        if intent is None or intent.state not in (OrderState.APPROVED, OrderState.QUEUED):
            return
        ticket = self.ticket(intent, cleared) if isinstance(cleared, Cleared) else cleared
        if isinstance(ticket, Denial) or isinstance(cleared, Denial):
            assert isinstance(ticket, Denial)
            if ticket.code is DenialCode.HALTED:
                self._wait_out(intent, ticket)
                return
            await self._deny(intent, ticket, seen.quotes)
            return
        self._cleared[intent_id] = cleared
        acknowledged = await self._transmitter.send(
            intent_id,
            ticket,
            connected_account=cleared.account,
            may_go=lambda: self._stop_reason(intent),
            placing=turn.set,
            quotes=seen.quotes,
            stored=stored,
            reserved_usd=cleared.reserved_usd,
            plan=cleared.plan,
        )
        if acknowledged:
            self._follow(self._ledger.intent(intent_id), ticket)

    def _wait_out(self, intent: IntentRecord, halt: Denial) -> None:
        """A halt passes: the order keeps its place until it goes or its session's window ends."""
        if intent.intent_id not in self._waiting_out:
            self._waiting_out.add(intent.intent_id)
            self._services.alert(
                Severity.WARNING,
                trade_text("WAITS", intent),
                f"{halt.text}; it goes {CALM_AFTER.total_seconds() / 60:g} minutes after the halt",
            )
        self._services.after(
            LOOK_AGAIN_SECS, lambda: self._release_again(intent.intent_id), "after a halt"
        )

    async def _release_again(self, intent_id: str) -> None:
        intent = self._ledger.intent(intent_id)
        if intent.state in (OrderState.APPROVED, OrderState.QUEUED):
            self.release_all([intent])

    def _stop_reason(self, intent: IntentRecord) -> str | None:
        denial = self._switches.denial(intent.mode, intent.account)
        return denial.text if denial else None

    def ticket(self, intent: IntentRecord, cleared: Cleared) -> OrderTicket | Denial:
        """The order that a cleared approval goes as."""
        rules = self._services.execution
        limit: Decimal | None = None
        if not market_orders(intent.mode, rules.paper_order_type):
            if intent.mode is Mode.LIVE:
                limit = self._live_limit(intent, cleared.market, 0, None, cleared.tick)
            else:
                limit = marketable_limit(cleared.market.natural, intent.max_debit, cleared.tick)
            if limit is None:
                return deny(
                    DenialCode.DEBIT_BOUND,
                    intent.max_debit,
                    cleared.market.natural,
                    "no limit price within the bound",
                )
        return entry_ticket(
            order_ref=intent.order_ref,
            account=intent.account,
            spread=intent.spread,
            quantity=cleared.quantity,
            limit_price=limit,
            tick=cleared.tick,
        )

    def _live_limit(
        self,
        intent: IntentRecord,
        market: SpreadMarket,
        step: int,
        previous: Decimal | None,
        tick: Decimal,
    ) -> Decimal | None:
        rules = self._services.execution
        return entry_limit(
            natural=market.natural,
            close=market.close,
            step=step,
            steps=rules.reprice_max_steps,
            factor=rules.price_improvement_factor,
            previous=previous,
            bound=intent.max_debit,
            tick=tick,
        )

    def adopt(self, intent: IntentRecord) -> None:
        """Follow an entry that still works since before a restart. Its price is left where it
        stands: a new run is disarmed."""
        if not intent.order_id:
            return
        if (reason := self._unwanted(intent)) is not None:
            self._later_cancel(intent.intent_id, reason)()
        if intent.intent_id not in self._timers:
            self._limit_life(intent)

    def _follow(self, intent: IntentRecord, ticket: OrderTicket) -> None:
        if intent.state not in AT_BROKER:
            return
        self._limit_life(intent)
        if (reason := self._unwanted(intent)) is not None:
            self._later_cancel(intent.intent_id, reason)()
        elif intent.mode is Mode.LIVE:
            self._ladders.start(intent.intent_id, ticket, self._climb(intent, ticket))

    def _limit_life(self, intent: IntentRecord) -> None:
        services, rules = self._services, self._services.execution
        timers = self._timers.setdefault(intent.intent_id, [])
        window = session_window(trading_day(services.clock.now()), services.calendar, rules)
        if window is not None:
            timers.append(
                services.at(
                    window.cancel_at,
                    self._later_cancel(intent.intent_id, CLOSE_NEAR),
                    f"close near {intent.order_ref}",
                )
            )
        if intent.mode is Mode.LIVE:
            return
        reason = UNFILLED_MARKET if intent.order_type is OrderType.MARKET else UNFILLED_LIMIT
        timers.append(
            services.after(
                UNFILLED_SECS,
                lambda: self._cancel_unfilled(intent.intent_id, reason),
                f"unfilled {intent.order_ref}",
            )
        )

    def _climb(self, intent: IntentRecord, ticket: OrderTicket) -> Climb:
        rules = self._services.execution
        cancels = rules.ladder_end == "CANCEL"
        return Climb(
            market=spread_market,
            price=lambda market, step, previous: self._live_limit(
                intent, market, step, previous, ticket.tick
            ),
            delay=lambda step: (
                rules.reprice_step_seconds if step < rules.reprice_max_steps else None
            ),
            at_end=(
                (lambda: self._cancel_unfilled(intent.intent_id, NO_FILL_ON_LADDER))
                if cancels
                else None
            ),
            end_delay_secs=rules.reprice_step_seconds,
        )

    def _later_cancel(self, intent_id: str, reason: str) -> Callable[[], None]:
        return lambda: self._services.run(
            self._cancel_unfilled(intent_id, reason), f"cancel {intent_id}"
        )

    async def _cancel_unfilled(self, intent_id: str, reason: str) -> None:
        await self.cancel(self._ledger.intent(intent_id), reason)

    async def _deny(self, intent: IntentRecord, denial: Denial, quotes: dict[str, Any]) -> None:
        told = {**decisions.refusal(denial), "quotes": quotes}
        moved = await self._ledger.move(intent.intent_id, Trigger.DENY, told, reason=denial.text)
        self._failed(moved)

    def _failed(self, intent: IntentRecord) -> None:
        self._services.alert(
            Severity.HIGH, trade_text("FAILED", intent), intent.reason or intent.state.value
        )

    def _compare(self, intent: IntentRecord, cleared: Cleared | None) -> None:
        paid = intent.average_fill_price
        if cleared is None or paid is None or intent.mode is Mode.LIVE:
            return
        natural = cleared.market.natural
        if paid > natural + cleared.tick:
            self._services.alert(
                Severity.WARNING,
                f"{intent.spread.symbol} filled at {paid:.2f}, worse than natural {natural:.2f}",
                intent.order_ref,
            )
