"""Bought spreads played to their end: the underlying's path, and what the spread was worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vst_desktop.backtest.panel import Floats, Ints, Panel
from vst_desktop.backtest.paths import Cause, Ends, Mask, Plans, Windows, ends, windows
from vst_desktop.backtest.pricing import Bought, Pricing, Worth
from vst_desktop.backtest.rules import LabRules

_NEAR_THE_MONEY = 0.01
_DIVIDEND_MARGIN = 1.1
"""As ``options.events.assignment_looms``: SPEC 9, EX_DIV."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """Ends of trades with the spread's market there, and at each close before.

    ``out`` has one column; ``marks`` None where they were not asked for. ``paid_away`` is the
    dividend owed by a trade that ended by assignment, USD per share.
    """

    seen: Windows
    ends: Ends
    out: Worth
    marks: Worth | None
    paid_away: Floats

    def proceeds(self, rules: LabRules, improvement: float | None = None) -> Floats:
        """What closing brought per share, before commissions; below 0 after an assignment."""
        share = rules.fill_improvement if improvement is None else improvement
        value = self.out.filled(share, buying=False)[:, 0]
        return np.asarray(value - self.paid_away)


def play(
    panel: Panel, pricing: Pricing, rules: LabRules, plans: Plans, bought: Bought, *, marks: bool
) -> Played:
    """Play trades by their plans, a take-profit and dividends included.

    Args:
        panel: All bars.
        pricing: What the spreads are worth.
        rules: Take-profit and dividends.
        plans: The plans.
        bought: The spreads, aligned with the plans.
        marks: Whether to value the spreads at each close; else only where they end.
    """
    seen = windows(panel, plans)
    watched = rules.exits.take_profit_pct_of_max is not None or bool(
        panel.dividend[seen.rows].any()
    )
    worth = None
    closing: dict[Cause, Mask] = {}
    if marks or watched:
        worth = pricing.worth(bought, seen.rows, panel.close[seen.rows], seen.rows)
        closing = _closing(panel, rules, seen, bought, worth)
    found = ends(panel, plans, seen, closing=closing)
    known = np.where(found.at_close(), found.row, np.maximum(found.row - 1, plans.row))
    out = pricing.worth(bought, found.row[:, None], found.price[:, None], known[:, None])
    assigned = found.cause == Cause.ASSIGNED
    return Played(
        seen=seen,
        ends=found,
        out=out,
        marks=worth if marks else None,
        paid_away=np.where(assigned, panel.dividend[found.row] * bought.scale, 0.0),
    )


def _closing(
    panel: Panel, rules: LabRules, seen: Windows, bought: Bought, worth: Worth
) -> dict[Cause, Mask]:
    """Which bars' closes end a trade for its worth or a dividend."""
    found: dict[Cause, Mask] = {}
    share = rules.exits.take_profit_pct_of_max
    if share is not None:
        debit = bought.debit[:, None]
        found[Cause.TAKE_PROFIT] = worth.close - debit >= share * (bought.width[:, None] - debit)
    dividend = panel.dividend[seen.rows]
    if dividend.any():
        scale = bought.scale[:, None]
        spot, strike = panel.close[seen.rows] * scale, bought.short_strike[:, None]
        extrinsic = worth.short_mid - np.maximum(spot - strike, 0.0)
        looms = (spot >= strike * (1 - _NEAR_THE_MONEY)) & (
            extrinsic < _DIVIDEND_MARGIN * dividend * scale
        )
        name = Cause.EX_DIV if rules.exits.close_before_ex_dividend else Cause.ASSIGNED
        found[name] = looms & (dividend > 0) & (bought.sign[:, None] > 0)
    return found


def excursions(panel: Panel, plans: Plans, played: Played) -> tuple[Floats, Floats]:
    """How far the underlying went against and for each trade until its end, in R."""
    held = np.arange(played.seen.rows.shape[1]) < played.ends.bars[:, None]
    # Within the last bar only its exit price is the trade's, unless it ended at the close.
    last = np.arange(played.seen.rows.shape[1]) == played.ends.bars[:, None] - 1
    intraday = last & ~played.ends.at_close()[:, None]
    at = played.ends.price[:, None]
    high = np.where(intraday, at, panel.high[played.seen.rows])
    low = np.where(intraday, at, panel.low[played.seen.rows])
    entry, sign = plans.entry[:, None], plans.sign[:, None]
    best = np.where(sign > 0, high - entry, entry - low)
    worst = np.where(sign > 0, low - entry, entry - high)
    risk = np.abs(plans.entry - plans.stop)

    def most(values: Floats, way: int) -> Floats:
        extreme = np.where(held, way * values, 0.0).max(axis=1, initial=0.0)
        return np.asarray(extreme / risk)

    return most(worst, -1), most(best, 1)


def marks_of(panel: Panel, played: Played, trade: int) -> tuple[Ints, Floats]:
    """Days and liquidation values per share of one trade, before the day of its end."""
    assert played.marks is not None
    count = max(int(played.ends.bars[trade]) - 1, 0)
    rows = played.seen.rows[trade, :count]
    return panel.day[rows], np.maximum(played.marks.close[trade, :count], 0.0)
