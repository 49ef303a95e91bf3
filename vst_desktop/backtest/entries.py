"""Spreads on offer at a close, and the plans and bounds they would be bought with."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from typing import Any

import numpy as np

from vst_desktop.backtest.listing import as_date, as_day
from vst_desktop.backtest.panel import Ints, Panel
from vst_desktop.backtest.picking import Picks
from vst_desktop.domain.bars import BarSeries
from vst_desktop.domain.money import price
from vst_desktop.domain.quotes import OptionContract, Right
from vst_desktop.domain.signals import Direction
from vst_desktop.domain.spreads import ExitPlan, VerticalSpread
from vst_desktop.options.rules import RULES
from vst_desktop.runtime.calendar import session_days
from vst_desktop.strategy.exit import SWING_BARS, ExitRules, exit_plan, expiry_exit_day


class Calendar:
    """Sessions by day, and the last day of each expiration's positions; asked for once each."""

    def __init__(self) -> None:
        self._sessions = frozenset(session_days().tolist())
        self._expiry: dict[int, int] = {}

    def is_session(self, day: date) -> bool:
        """Whether the exchange opens on that day."""
        return as_day(day) in self._sessions

    def expiry_exit(self, expiration: int) -> int:
        """The session by which everything of this expiration is closed."""
        if expiration not in self._expiry:
            last = expiry_exit_day(as_date(expiration), None, self.is_session)
            self._expiry[expiration] = as_day(last)
        return self._expiry[expiration]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """Spreads of one close in rank order: ``pick`` indexes ``picks``, the others the panel and
    the strategies."""

    picks: Picks
    pick: Ints
    row: Ints
    strategy: Ints
    sign: Ints

    def __len__(self) -> int:
        return len(self.pick)


def _no_offers() -> Offers:
    none, nowhere = np.empty(0), np.empty(0, dtype=np.int64)
    columns: dict[str, Any] = {
        each.name: nowhere if each.name in ("unit", "expiration", "dte") else none
        for each in fields(Picks)
        if each.name != "rejected"
    }
    picks = Picks(rejected=np.zeros(len(RULES), dtype=np.int64), **columns)
    return Offers(picks=picks, pick=nowhere, row=nowhere, strategy=nowhere, sign=nowhere)


NO_OFFERS = _no_offers()


def rank(
    picks: Picks, rows: Ints, strategies: Ints, signs: Ints, unit: Ints, rank_by: str
) -> Offers:
    """Signals with a spread in the order of candidates of different symbols (SPEC 5).

    Args:
        picks: Found for some units.
        rows: The signals' bars, by turnover; strategies and signs likewise.
        strategies: Indices of the strategies.
        signs: Directions.
        unit: The unit of each signal.
        rank_by: The setting.
    """
    of_unit = np.full(int(unit.max(initial=-1)) + 1, -1, dtype=np.int64)
    of_unit[picks.unit] = np.arange(len(picks))
    pick = of_unit[unit]
    there = np.flatnonzero(pick >= 0)
    pick = pick[there]
    first = -picks.reward_risk[pick]
    if rank_by == "balanced":
        first = -np.floor(10 * picks.reward_risk[pick] + 1e-9)
    order = np.lexsort((there, picks.natural[pick], picks.leg_cost[pick], first))
    at = there[order]
    return Offers(
        picks=picks, pick=pick[order], row=rows[at], strategy=strategies[at], sign=signs[at]
    )


def spread_of(panel: Panel, offers: Offers, place: int) -> VerticalSpread:
    """One offer as the station's value."""
    picks, pick = offers.picks, int(offers.pick[place])
    symbol = panel.symbols[int(panel.owner[offers.row[place]])]
    right = Right.CALL if offers.sign[place] > 0 else Right.PUT
    expiration = as_date(int(picks.expiration[pick]))

    def leg(strike: float) -> OptionContract:
        return OptionContract(
            symbol=symbol, expiration=expiration, strike=price(strike), right=right
        )

    return VerticalSpread(
        long=leg(float(picks.long_strike[pick])), short=leg(float(picks.short_strike[pick]))
    )


def plan_of(
    panel: Panel, offers: Offers, place: int, rules: ExitRules, calendar: Calendar, entry: float
) -> ExitPlan:
    """The station's exit plan of an offer, entered at this price of the underlying."""
    row = int(offers.row[place])
    first = max(int(panel.start[panel.owner[row]]), row + 1 - SWING_BARS)
    part = slice(first, row + 1)
    nothing = (0.0,) * (row + 1 - first)
    return exit_plan(
        Direction.LONG if offers.sign[place] > 0 else Direction.SHORT,
        entry=entry,
        atr=float(panel.atr[row]),
        whole_bars=BarSeries(
            symbol=panel.symbols[int(panel.owner[row])],
            dates=(date.min,) * len(nothing),
            open=nothing,
            high=tuple(panel.high[part].tolist()),
            low=tuple(panel.low[part].tolist()),
            close=nothing,
            volume=nothing,
        ),
        rules=rules,
        expiration=as_date(int(offers.picks.expiration[offers.pick[place]])),
        is_session=calendar.is_session,
    )
