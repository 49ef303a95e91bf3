"""Walks a working limit order's price by the clock, modified in place."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import OrderTicket
from vst_desktop.domain.quotes import OptionQuote
from vst_desktop.domain.spreads import SpreadMarket
from vst_desktop.execution.counts import order_counts
from vst_desktop.execution.decisions import market_seen
from vst_desktop.execution.ledger import Ledger
from vst_desktop.execution.repricing import worth_modifying
from vst_desktop.execution.services import Services
from vst_desktop.execution.states import TERMINAL
from vst_desktop.execution.ticket import WireGateError, check_ticket
from vst_desktop.ports.clock import Timer
from vst_desktop.runtime.calendar import trading_day

log = logging.getLogger(__name__)

MOST_MESSAGES = 20
"""For each executed order and one: the order efficiency ratio."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Climb:
    """How one order's price walks.

    ``market(long, short)`` reads the spread's market from its legs, None to hold;
    ``price(market, step, previous)`` gives the limit or None to hold; ``delay(step)`` the seconds
    from that step to the next, None after the last; ``at_end`` runs one delay after the last.
    """

    market: Callable[[OptionQuote, OptionQuote], SpreadMarket | None]
    price: Callable[[SpreadMarket, int, Decimal | None], Decimal | None]
    delay: Callable[[int], float | None]
    at_end: Callable[[], Coroutine[Any, Any, None]] | None
    end_delay_secs: float


class Ladders:
    """The climbs under way, by intent."""

    def __init__(self, services: Services, ledger: Ledger) -> None:
        self._services = services
        self._ledger = ledger
        self._climbs: dict[str, Climb] = {}
        self._timers: dict[str, Timer] = {}
        self._metered: date | None = None

    def start(self, intent_id: str, ticket: OrderTicket, climb: Climb) -> None:
        """Go on from step 0, which is the price the order was placed at."""
        self._climbs[intent_id] = climb
        self._next(intent_id, ticket, climb, 0)

    def change(self, intent_id: str, ticket: OrderTicket, climb: Climb) -> None:
        """Leave the climb under way for another, whose step 0 is taken now."""
        self.stop(intent_id)
        self._climbs[intent_id] = climb
        self._services.run(self._step(intent_id, ticket, climb, 0), f"ladder {ticket.order_ref}")

    def stop(self, intent_id: str) -> None:
        """End a climb; harmless when there is none."""
        self._climbs.pop(intent_id, None)
        timer = self._timers.pop(intent_id, None)
        if timer is not None:
            timer.cancel()

    def _next(self, intent_id: str, ticket: OrderTicket, climb: Climb, step: int) -> None:
        delay = climb.delay(step)
        name = f"ladder {ticket.order_ref}"
        if delay is not None:
            self._timers[intent_id] = self._services.after(
                delay, lambda: self._step(intent_id, ticket, climb, step + 1), name
            )
        elif climb.at_end is not None:
            self._timers[intent_id] = self._services.after(climb.end_delay_secs, climb.at_end, name)

    async def _step(self, intent_id: str, ticket: OrderTicket, climb: Climb, step: int) -> None:
        if self._over(intent_id, climb):
            return
        ticket = await self._reprice(intent_id, ticket, climb, step)
        if not self._over(intent_id, climb):
            self._next(intent_id, ticket, climb, step)

    def _over(self, intent_id: str, climb: Climb) -> bool:
        """Whether the order has ended, or its climb was stopped or changed meanwhile."""
        ended = self._ledger.intent(intent_id).state in TERMINAL
        return ended or self._climbs.get(intent_id) is not climb

    async def _reprice(
        self, intent_id: str, ticket: OrderTicket, climb: Climb, step: int
    ) -> OrderTicket:
        services = self._services
        try:
            market = climb.market(*await services.broker.option_quotes(ticket.spread))
            if market is None:
                return ticket
            limit = climb.price(market, step, ticket.limit_price)
            if limit is None or not worth_modifying(ticket.limit_price, limit, ticket.tick):
                return ticket
            changed = replace(ticket, limit_price=limit)
            intent = self._ledger.intent(intent_id)
            check_ticket(changed, intent.mode, ticket.account, services.allowed_accounts)
            if self._over(intent_id, climb):
                return ticket
            await services.broker.modify(intent.order_id, changed)
        except (UserError, TimeoutError, WireGateError) as error:
            # The order stands at its old price; the next step tries again.
            log.warning("price of %s was not changed: %s", ticket.order_ref, error)
            return ticket
        told = {"quotes": market_seen(market, None)}
        revisions = self._ledger.intent(intent_id).revisions + 1
        await self._ledger.amend(
            intent_id, "repriced", told, limit_price=limit, revisions=revisions
        )
        self._meter()
        return changed

    def _meter(self) -> None:
        """Tell once a session when its orders take too many messages."""
        today = trading_day(self._services.clock.now())
        counts = order_counts(self._ledger.intents(), today)
        if counts.efficiency > MOST_MESSAGES and self._metered != today:
            self._metered = today
            self._services.alert(
                Severity.WARNING,
                f"Order efficiency {counts.efficiency:.0f}: IBKR asks questions above "
                f"{MOST_MESSAGES}",
                f"{counts.submits} sent, {counts.revisions} changed, {counts.cancels} cancels, "
                f"{counts.executed} executed; a longer execution.reprice_step_seconds helps",
            )
