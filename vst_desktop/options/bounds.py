"""How likely quotes alone allow the underlying to end beyond each strike, whatever the model."""

from __future__ import annotations

import numpy as np

from vst_desktop.domain.quotes import Right
from vst_desktop.options.ladder import Ladder
from vst_desktop.options.normal import Floats
from vst_desktop.options.rules import LEG_RULES


def chance_bounds(ladder: Ladder, rate: float) -> tuple[Floats, Floats]:
    """Least and most chance of ending above (calls) or below (puts) each strike, risk-neutral.

    A vertical spread over the width it pays, compounded, is at least the chance of ending beyond
    its short strike and at most that of ending beyond its long one (D. Breeden and R.
    Litzenberger, "Prices of state-contingent claims implicit in option prices", 1978, in finite
    differences). The dearest purchase of a spread ending at a strike bounds it from above, the
    cheapest sale of one beginning there from below; all pairs of clean quotes count. Exact for
    European options: early exercise can shift a deep put by what it is worth.
    """
    count = len(ladder.strike)
    low, high = np.zeros(count), np.ones(count)
    clean = np.flatnonzero(ladder.first_failed > LEG_RULES.index("surface"))
    if clean.size < 2:
        return low, high
    sign = 1 if ladder.quotes[0].contract.right is Right.CALL else -1
    distance = sign * (ladder.strike[clean][None, :] - ladder.strike[clean][:, None])
    outer = distance > 0
    width = np.where(outer, distance, 1)
    growth = np.exp(rate * ladder.years) / width
    bid, ask = ladder.bid[clean], ladder.ask[clean]
    # Row: the strike nearer to the good side's start; column: the one further out.
    bought = np.where(outer, (ask[:, None] - bid[None, :]) * growth, np.inf)
    sold = np.where(outer, (bid[:, None] - ask[None, :]) * growth, -np.inf)
    high[clean] = np.clip(bought.min(axis=0), 0.0, 1.0)
    low[clean] = np.clip(sold.max(axis=1), 0.0, 1.0)
    return low, high
