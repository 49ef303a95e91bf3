"""Exit plans of many entries at once: the arithmetic of ``strategy.exit.exit_plan`` on arrays.

A test holds every level against that function.
"""

from __future__ import annotations

import numpy as np

from vst_desktop.backtest.panel import Floats, Ints, Panel
from vst_desktop.backtest.paths import Plans
from vst_desktop.strategy.exit import SWING_BARS, ExitRules


def plans_at(
    panel: Panel, rows: Ints, signs: Ints, rules: ExitRules, exit_by: Ints, expiry: Ints
) -> Plans:
    """Plans of entries at these bars' closes."""
    entry, atr = panel.close[rows], panel.atr[rows]
    stop = entry - signs * rules.stop_loss_atr_mult * atr
    risk = np.abs(entry - stop)
    wanted: list[Floats] = []
    if rules.use_fibo_targets:
        wanted.append(_fibo(panel, rows, signs, rules))
    if rules.use_r_multiple:
        wanted.append(entry + signs * rules.r_multiple_target * risk)
    if rules.use_atr_target:
        wanted.append(entry + signs * rules.atr_target_multiple * atr)
    nearest: Floats = np.full(len(rows), np.inf)
    target: Floats = signs * nearest
    for level in wanted:
        distance = np.abs(level - entry)
        with np.errstate(invalid="ignore"):
            closer = (level > 0) & (signs * (level - entry) >= atr) & (distance < nearest)
        target, nearest = np.where(closer, level, target), np.where(closer, distance, nearest)
    return Plans(
        row=rows,
        sign=signs,
        entry=entry,
        stop=stop,
        target=target,
        exit_by=exit_by,
        expiry=expiry,
    )


def _fibo(panel: Panel, rows: Ints, signs: Ints, rules: ExitRules) -> Floats:
    """NaN with fewer than 20 bars."""
    enough = rows - (SWING_BARS - 1) >= panel.start[panel.owner[rows]]
    low, high = panel.swing_low[rows], panel.swing_high[rows]
    swing = rules.fibo_target_level * (high - low)
    return np.where(enough, np.where(signs > 0, low + swing, high - swing), np.nan)
