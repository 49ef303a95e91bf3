"""Every signal a trade, without an account: how a rule does before any limit is put to it.

Of each signal a spread by rule, not by selection: the nearest expiration, the long strike next to
the spot, the short one an expected move away. Played by the same plan and prices as a run.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from vst_desktop.backtest.entries import Calendar
from vst_desktop.backtest.levels import plans_at
from vst_desktop.backtest.listing import as_date, as_day, expirations, step_of
from vst_desktop.backtest.panel import Floats, Ints, Panel
from vst_desktop.backtest.playing import play
from vst_desktop.backtest.pricing import Bought, Modelled
from vst_desktop.backtest.rules import LabRules
from vst_desktop.backtest.signals import Signals
from vst_desktop.options.contracts import STANDARD_MULTIPLIER
from vst_desktop.options.pricing import DAYS_A_YEAR
from vst_desktop.strategy.exit import exit_day

AT_ONCE = 8_192


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One contract of each signal: net USD, the debit paid and how many sessions it took."""

    row: Ints
    strategy: Ints
    net_usd: Floats
    debit: Floats
    sessions: Ints

    def __len__(self) -> int:
        return len(self.row)


def study(panel: Panel, found: Signals, rules: LabRules) -> Study:
    """Play one contract of every signal."""
    days, at = np.unique(found.day, return_inverse=True)
    calendar = Calendar()
    terms = np.array([_terms(day, rules, calendar) for day in days.tolist()], dtype=np.int64)
    kept = np.flatnonzero(terms[at, 0] > 0)
    model = Modelled(panel=panel, rules=rules)

    def part(first: int) -> tuple[Floats, Floats, Floats]:
        some = kept[first : first + AT_ONCE]
        return _played(
            panel, model, found.row[some], found.sign[some].astype(np.int64), terms[at[some]]
        )

    # Nearly all of it is numpy's own, which lets other threads work meanwhile.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        parts = list(pool.map(part, range(0, len(kept), AT_ONCE)))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    if not columns:
        columns = [np.empty(0)] * 3
    return Study(
        row=found.row[kept],
        strategy=found.strategy[kept].astype(np.int64),
        net_usd=columns[0],
        debit=columns[1],
        sessions=columns[2].astype(np.int64),
    )


def _terms(day: int, rules: LabRules, calendar: Calendar) -> tuple[int, int, int]:
    """The nearest allowed expiration, the day of its time exit and of its EXPIRY rule."""
    listed = expirations(day, rules.selection.min_dte, rules.selection.max_dte)
    if not listed:
        return 0, 0, 0
    by = exit_day(as_date(listed[0]), None, rules.exits.min_days_to_exit, calendar.is_session)
    return listed[0], as_day(by), calendar.expiry_exit(listed[0])


def _played(
    panel: Panel, model: Modelled, rows: Ints, signs: Ints, terms: Ints
) -> tuple[Floats, Floats, Floats]:
    rules = model.rules
    plans = plans_at(panel, rows, signs, rules.exits, terms[:, 1], terms[:, 2])
    spot = panel.close[rows]
    years = (terms[:, 0] - panel.day[rows]) / DAYS_A_YEAR
    at_spot = rules.surface.at_spot(panel.variance_short[rows], panel.variance_long[rows], years)
    step = step_of(spot)
    long_strike = np.rint(spot / step) * step
    steps = np.maximum(np.rint(spot * at_spot * np.sqrt(years) / step), 1.0)
    bought = Bought(
        sign=signs,
        long_strike=long_strike,
        short_strike=np.maximum(long_strike + signs * steps * step, step / 2),
        expiration=terms[:, 0],
        scale=np.ones(len(rows)),
        debit=spot,
        entry=plans.entry,
        stop=plans.stop,
        target=plans.target,
        long_ratio=np.ones(len(rows)),
        short_ratio=np.ones(len(rows)),
    )
    at = rows[:, None]
    entering = model.worth(bought, at, spot[:, None], at)
    debit = entering.filled(rules.fill_improvement, buying=True)[:, 0]
    played = play(panel, model, rules, plans, bought, marks=False)
    order_usd = rules.commissions.order_usd
    costs = order_usd(1, entering.long_mid[:, 0], entering.short_mid[:, 0])
    leaving = order_usd(1, played.out.long_mid[:, 0], played.out.short_mid[:, 0])
    gross = played.proceeds(rules) * STANDARD_MULTIPLIER
    brought = np.where((gross >= 0) & (gross <= leaving), 0.0, gross - leaving)
    net = brought - debit * STANDARD_MULTIPLIER - costs
    return net, debit, played.ends.bars.astype(np.float64)
