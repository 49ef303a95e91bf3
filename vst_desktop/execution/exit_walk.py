"""What becomes of a closing order that works: its price, its warnings, its urgency (SPEC 7)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.orders import ClosePace, OrderTicket
from vst_desktop.domain.spreads import SpreadMarket
from vst_desktop.execution.checks import SEND_QUOTE_AGE_SECS, closing_market
from vst_desktop.execution.decisions import STATION
from vst_desktop.execution.ladder import Climb, Ladders
from vst_desktop.execution.ledger import Ledger, trade_text
from vst_desktop.execution.repricing import (
    URGENT_WAY,
    exit_limit,
    urgent_delay_secs,
    urgent_exit_limit,
)
from vst_desktop.execution.services import Services
from vst_desktop.execution.states import TERMINAL
from vst_desktop.execution.ticket import exit_ticket
from vst_desktop.ports.clock import Timer
from vst_desktop.ports.store import IntentRecord
from vst_desktop.runtime.calendar import trading_day
from vst_desktop.strategy.exit import ExitReason

UNFILLED_HIGH_SECS = 60.0
CRITICAL_BEFORE_CLOSE = timedelta(minutes=10)
WIDE_MARKET = Decimal("0.15")
"""Of the spread's mid: wider than entries are selected with by default."""


class ExitWalk:
    """Closing orders at the broker, each followed until its end; none is ever given up here.

    Args:
        services: Dependencies.
        ledger: The book.
        ladders: Price walks.
    """

    def __init__(self, services: Services, ledger: Ledger, ladders: Ladders) -> None:
        self._services = services
        self._ledger = ledger
        self._ladders = ladders
        self._timers: dict[str, list[Timer]] = {}
        self._ticks: dict[str, Decimal] = {}
        self._worthless: set[str] = set()

    def follows(self, intent_id: str) -> bool:
        """Whether the order is followed already."""
        return intent_id in self._timers

    def follow(self, intent: IntentRecord, ticket: OrderTicket, reason: ExitReason) -> None:
        """Warn of the order while it stays unfilled, and walk its price if it has one."""
        if self._ledger.intent(intent.intent_id).state in TERMINAL:
            return
        services, intent_id = self._services, intent.intent_id
        name = f"exit {intent.spread.symbol}"
        timers = self._timers.setdefault(intent_id, [])
        timers.append(services.after(UNFILLED_HIGH_SECS, lambda: self._unfilled(intent_id), name))
        now = services.clock.now()
        hours = services.calendar.session(trading_day(now))
        if hours is not None and now < hours[1]:
            timers.append(
                services.at(
                    hours[1] - CRITICAL_BEFORE_CLOSE, lambda: self._close_near(intent_id), name
                )
            )
        self._ticks[intent_id] = ticket.tick
        if ticket.limit_price is not None:
            climb = self._climb(intent, reason, ticket.tick)
            self._ladders.start(intent_id, ticket, climb)

    def stop(self, intent_id: str) -> None:
        """The order has ended, or is being cancelled; harmless when it was not followed."""
        self._ladders.stop(intent_id)
        for timer in self._timers.pop(intent_id, []):
            timer.cancel()

    async def hurry(
        self,
        intent: IntentRecord,
        reason: ExitReason,
        pace: ClosePace | None = None,
        *,
        by: str = STATION,
    ) -> None:
        """A patient exit under way has become urgent, or the trader wants it out now: its price
        goes the urgent way from now, in the same order."""
        tick = self._ticks.get(intent.intent_id)
        if tick is None:
            return
        changed = await self._ledger.amend(
            intent.intent_id,
            "exit urgent",
            {"before": intent.exit_reason},
            by=by,
            pace=pace or intent.pace,
            reason=reason.value,
            exit_reason=reason.value,
        )
        self._services.alert(
            Severity.INFO, trade_text("EXIT URGENT", changed), f"{reason}, was {intent.exit_reason}"
        )
        if changed.limit_price is not None:
            ticket = exit_ticket(
                order_ref=changed.order_ref,
                account=changed.account,
                spread=changed.spread,
                quantity=changed.quantity,
                limit_price=changed.limit_price,
                tick=tick,
            )
            climb = self._climb(changed, reason, tick)
            self._ladders.change(changed.intent_id, ticket, climb)

    def first_limit(
        self, intent: IntentRecord, market: SpreadMarket, reason: ExitReason, tick: Decimal
    ) -> Decimal | None:
        """The price to begin at, None when the market gives none."""
        return self._limit(intent.intent_id, reason, tick, intent.pace)(market, 0, None)

    def doubts(self, market: SpreadMarket) -> str:
        """What an entry would not have gone on; an exit goes, and says so."""
        age = (self._services.clock.now() - market.time).total_seconds()
        width = (market.natural - market.close) / market.mid if market.mid > 0 else Decimal(1)
        found = []
        if age > SEND_QUOTE_AGE_SECS:
            found.append(f"quotes are {age:.0f} s old")
        if not market.live:
            found.append("quotes are not live")
        if width > WIDE_MARKET:
            found.append(f"the market is {width:.0%} wide")
        return ", ".join(found)

    def _limit(
        self, intent_id: str, reason: ExitReason, tick: Decimal, pace: ClosePace | None
    ) -> Callable[[SpreadMarket, int, Decimal | None], Decimal | None]:
        rules = self._services.execution

        def limit(market: SpreadMarket, step: int, previous: Decimal | None) -> Decimal | None:
            self._tell_worthless(intent_id, market, tick)
            if reason.urgent or pace is ClosePace.NOW:
                return urgent_exit_limit(
                    natural=market.natural,
                    close=market.close,
                    step=step + _skipped(pace),
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

        return limit

    def _climb(self, intent: IntentRecord, reason: ExitReason, tick: Decimal) -> Climb:
        pace = intent.pace
        urgent = reason.urgent or pace is ClosePace.NOW
        step_secs = self._services.execution.reprice_step_seconds
        return Climb(
            market=closing_market,
            price=self._limit(intent.intent_id, reason, tick, pace),
            # An exit is never given up while its reason holds: it goes on following the market.
            delay=lambda step: urgent_delay_secs(step + _skipped(pace)) if urgent else step_secs,
            at_end=None,
            end_delay_secs=0.0,
        )

    def _tell_worthless(self, intent_id: str, market: SpreadMarket, tick: Decimal) -> None:
        if market.close > 0 or intent_id in self._worthless:
            return
        self._worthless.add(intent_id)
        spread = self._ledger.position_spread(intent_id)
        self._services.alert(
            Severity.HIGH,
            f"{spread.symbol} {spread.label()} is WORTHLESS: nobody pays for it now",
            f"its close never asks less than {tick}; leave it there, or let the spread expire "
            "and take the order back in TWS?",
        )

    async def _unfilled(self, intent_id: str) -> None:
        self._tell_unfilled(intent_id, Severity.HIGH, f"after {UNFILLED_HIGH_SECS:g} s")

    def _close_near(self, intent_id: str) -> None:
        minutes = CRITICAL_BEFORE_CLOSE.total_seconds() / 60
        self._tell_unfilled(intent_id, Severity.CRITICAL, f"{minutes:g} minutes before the close")

    def _tell_unfilled(self, intent_id: str, severity: Severity, when: str) -> None:
        intent = self._ledger.intent(intent_id)
        if intent.state not in TERMINAL:
            self._services.alert(
                severity,
                trade_text("EXIT UNFILLED", intent),
                f"{intent.exit_reason}: still working {when}",
            )


def _skipped(pace: ClosePace | None) -> int:
    """Steps of the urgent way that are left out: now means all of it at once."""
    return len(URGENT_WAY) - 1 if pace is ClosePace.NOW else 0
