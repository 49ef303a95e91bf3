"""Positions whose exits are frozen until the trader has looked (SPEC 9): split stocks, changed
contracts, assigned and broken spreads."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

from vst_desktop.domain.account import BrokerPosition
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.quotes import OptionContract, StockQuote
from vst_desktop.domain.spreads import ExitPlan
from vst_desktop.execution.checks import spot_of
from vst_desktop.execution.decisions import TRADER
from vst_desktop.execution.ledger import Ledger
from vst_desktop.execution.repairs import Broken, Repair, repairs
from vst_desktop.execution.services import Services
from vst_desktop.ports.broker import BrokerBook
from vst_desktop.ports.store import PositionRecord
from vst_desktop.risk.limits import leg_quantities
from vst_desktop.runtime.calendar import trading_day

log = logging.getLogger(__name__)

SPLIT_APART = 0.05
"""A prior close that differs by more from what was seen at the close is another share."""


class Freezer:
    """Freezes, prices the ways out, and lets the trader thaw.

    Args:
        services: Dependencies.
        ledger: The book.
        changed: Called when a position was frozen or thawed.
    """

    def __init__(self, services: Services, ledger: Ledger, changed: Callable[[], None]) -> None:
        self._services = services
        self._ledger = ledger
        self._changed = changed
        self._repairs: dict[str, tuple[Repair, Repair]] = {}

    def repairs(self, position_id: str) -> tuple[Repair, ...]:
        """The ways out of a broken spread as they were priced when it was found."""
        return self._repairs.get(position_id, ())

    async def look(self, position_id: str) -> tuple[Repair, ...]:
        """The ways out as the broker's book and quotes are now; empty when the legs match.

        Raises:
            UserError: There is no such frozen position, or the broker does not answer.
        """
        position = self._frozen_position(position_id)
        try:
            book = await self._services.broker.book()
        except TimeoutError:
            raise UserError(
                "the broker did not tell its positions", remedy="try again when it answers"
            ) from None
        legs = leg_quantities(position.spread, book.positions, position.account)
        if legs[0] == legs[1]:
            self._repairs.pop(position_id, None)
            return ()
        broken = Broken(
            long_leg=legs[0], short_leg=legs[1], shares=_assigned_shares(position, *legs, book)
        )
        ways = await self._priced(position, broken)
        self._repairs[position_id] = ways
        return ways

    def _frozen_position(self, position_id: str) -> PositionRecord:
        position = self._ledger.position(position_id)
        if position is None or position.closed_at is not None or position.frozen is None:
            raise UserError(f"there is no frozen position {position_id}")
        return position

    def restated(self, position: PositionRecord) -> ExitPlan | None:
        """The plan that a confirmation would put in force, None when nothing is to be restated."""
        ratio = position.restate_ratio
        return None if ratio is None else scaled(position.plan, ratio)

    async def thaw(self, position_id: str) -> None:
        """The trader has looked: exits run again, by the restated plan where there is one.

        Raises:
            UserError: There is no such position, or it is not frozen.
        """
        position = self._frozen_position(position_id)
        plan = self.restated(position) or position.plan
        thawed = replace(
            position, plan=plan, frozen=None, restate_ratio=None, close_seen=None, close_day=None
        )
        self._repairs.pop(position_id, None)
        told = {"was": position.frozen, "plan": plan}
        await self._ledger.save_position(thawed, "exits go again", by=TRADER, **told)
        self._changed()

    async def remember_close(self, position_id: str, stock: StockQuote) -> None:
        """Keep the underlying's price of the session's end, to hold the next one against."""
        position, spot = self._ledger.position(position_id), spot_of(stock.quote)
        if position is None or position.closed_at is not None or spot is None:
            return
        day = trading_day(self._services.clock.now()).isoformat()
        if position.close_day != day:
            kept = replace(position, close_seen=spot, close_day=day)
            await self._ledger.save_position(kept, "session's close", close=spot)

    def see_stock(self, position: PositionRecord, stock: StockQuote) -> None:
        """Hold the broker's prior close against the one that was seen."""
        ours, told = position.close_seen, stock.prior_close
        if position.frozen or not ours or not told or position.close_day is None:
            return
        today = trading_day(self._services.clock.now())
        seen = date.fromisoformat(position.close_day)
        if seen >= today or self._services.calendar.next_session(seen) != today:
            return
        ratio = told / ours
        if abs(ratio - 1) > SPLIT_APART:
            why = (
                f"the prior close is {told:.2f}, and {ours:.2f} was seen: a split or a special "
                f"dividend; confirm the plan restated by {ratio:.4f}"
            )
            self._services.run(
                self._freeze(position, why, restate_ratio=ratio), f"freeze {stock.symbol}"
            )

    async def see_book(self, book: BrokerBook) -> None:
        """Look for changed contracts, assignments and legs that no longer match."""
        busy = {i.spread.symbol for i in self._ledger.at_broker()}
        for position in self._ledger.positions():
            spread = position.spread
            if position.frozen or spread.symbol in busy:
                continue
            for leg in (spread.long, spread.short):
                change = contract_change(leg, book.positions)
                if change is not None:
                    await self._freeze(position, change)
                    break
            else:
                await self._see_legs(position, book)

    async def _see_legs(self, position: PositionRecord, book: BrokerBook) -> None:
        spread = position.spread
        long_leg, short_leg = leg_quantities(spread, book.positions, position.account)
        if long_leg == short_leg or min(long_leg, short_leg) >= position.quantity:
            return
        broken = Broken(
            long_leg=long_leg,
            short_leg=short_leg,
            shares=_assigned_shares(position, long_leg, short_leg, book),
        )
        ways = await self._priced(position, broken)
        self._repairs[position.position_id] = ways
        kind = "ASSIGNED" if broken.assigned else "BROKEN"
        told = f"long leg {long_leg}, short leg {short_leg}"
        shares = f", {broken.shares} shares" if broken.assigned else ""
        await self._freeze(position, f"{kind}: {told}{shares}; either {ways[0]}, or {ways[1]}")

    async def _priced(self, position: PositionRecord, broken: Broken) -> tuple[Repair, Repair]:
        spread, broker = position.spread, self._services.broker
        legs = stock = None
        try:
            legs, told = await asyncio.gather(
                broker.option_quotes(spread), broker.stock_quote(spread.symbol)
            )
            stock = told.quote
        except (UserError, TimeoutError) as error:
            log.info("repairs of %s are not priced: %s", spread.symbol, error)
        return repairs(spread, position.average_debit, broken, legs, stock)

    async def _freeze(self, position: PositionRecord, why: str, **changes: Any) -> None:
        known = self._ledger.position(position.position_id)
        if known is None or known.frozen is not None:
            return
        self._services.alert(
            Severity.CRITICAL,
            f"{position.spread.symbol} {position.spread.label()}: exits are FROZEN",
            f"{why}. No order is sent by itself",
        )
        frozen = replace(known, frozen=why, **changes)
        await self._ledger.save_position(frozen, "exits frozen", reason=why)
        self._changed()


def scaled(plan: ExitPlan, ratio: float) -> ExitPlan:
    """The plan on shares that are worth ``ratio`` of what they were."""

    def by(level: float | None) -> float | None:
        return None if level is None else level * ratio

    return replace(
        plan,
        entry=plan.entry * ratio,
        atr=plan.atr * ratio,
        stop=plan.stop * ratio,
        fibo_target=by(plan.fibo_target),
        r_target=by(plan.r_target),
        atr_target=by(plan.atr_target),
        target=by(plan.target),
    )


def contract_change(leg: OptionContract, held: tuple[BrokerPosition, ...]) -> str | None:
    """How the broker's contract differs from the leg that was bought, None when it does not."""
    own = next((p.option for p in held if p.con_id == leg.con_id and p.option is not None), None)
    if own is not None:
        for name in ("multiplier", "trading_class", "strike"):
            ours, theirs = getattr(leg, name), getattr(own, name)
            if ours and theirs and _plain(ours) != _plain(theirs):
                return f"the contract of the {leg.strike} {leg.right} changed: {name} {theirs}"
        return None
    for position in held:
        other = position.option
        if other is None or position.symbol != leg.symbol:
            continue
        is_heir = (other.expiration, other.right) == (leg.expiration, leg.right)
        odd = other.multiplier != leg.multiplier or _plain(other.trading_class) != _plain(
            leg.trading_class
        )
        if is_heir and odd and other.trading_class:
            return (
                f"the {leg.strike} {leg.right} is gone, and {other.trading_class} "
                f"{other.strike} {other.right} x{other.multiplier} stands in its place"
            )
    return None


def _plain(value: object) -> object:
    return "".join(c for c in value if c.isalnum()) if isinstance(value, str) else value


def _assigned_shares(
    position: PositionRecord, long_leg: int, short_leg: int, book: BrokerBook
) -> int:
    """Shares that stand where short options stood, at most what their number explains."""
    gone = long_leg - short_leg
    wanted = -position.spread.direction.sign
    held = sum(
        int(p.quantity)
        for p in book.positions
        if p.option is None and p.symbol == position.spread.symbol and p.account == position.account
    )
    if gone <= 0 or held * wanted <= 0:
        return 0
    return wanted * min(abs(held), gone * position.spread.multiplier)
