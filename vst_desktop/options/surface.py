"""Quotes that contradict their neighbours: price curves no arbitrage-free market can show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vst_desktop.options.normal import Floats

Mask = npt.NDArray[np.bool_]


@dataclass(slots=True)
class _Curve:
    """Bids and asks by ascending strike, prices falling with the strike (puts are mirrored)."""

    strike: Floats
    bid: Floats
    ask: Floats

    def slope(self, a: npt.NDArray[np.intp], b: npt.NDArray[np.intp]) -> Floats:
        """How far the higher strike's bid lies above the lower strike's ask."""
        excess: Floats = np.maximum(self.bid[b] - self.ask[a], 0.0)
        return excess

    def bend(
        self, a: npt.NDArray[np.intp], b: npt.NDArray[np.intp], c: npt.NDArray[np.intp]
    ) -> Floats:
        """How far the middle bid lies above the line between the outer asks."""
        share = (self.strike[c] - self.strike[b]) / (self.strike[c] - self.strike[a])
        excess = self.bid[b] - share * self.ask[a] - (1 - share) * self.ask[c]
        # A line through exact ticks is not exact in binary: a millionth of a dollar is none.
        return np.where(excess > 1e-6, excess, 0.0)


def contradicting(strike: Floats, bid: Floats, ask: Floats, *, falling: bool) -> Mask:
    """Which quotes of one expiration and right contradict their neighbours.

    Mids must be monotone and convex in the strike; a fault no larger than the quotes' own widths
    is none. So a fault is: the bid of a worse strike above the ask of a better one, or a bid above
    the line between its neighbours' asks (a vertical or butterfly that pays to be owned).
    A fault has two or three parties. The quote whose removal takes away most of the fault is
    refused, then the rest is looked at again until nothing contradicts; parties that cannot be
    told apart are refused together.

    Args:
        strike: Ascending, in USD. All quotes must be valid (positive, uncrossed).
        falling: True for calls, whose price falls with the strike.
    """
    order = slice(None) if falling else slice(None, None, -1)
    curve = _Curve(
        strike=strike[order] if falling else -strike[order], bid=bid[order], ask=ask[order]
    )
    left = np.arange(len(strike), dtype=np.intp)
    while True:
        before, gain = _faults(curve, left)
        party = before > 0
        if not party.any():
            break
        best = gain[party].max()
        left = left[~(party & (gain >= best - 1e-9))]
    refused = np.ones(len(strike), dtype=np.bool_)
    refused[left] = False
    return refused[order]


def _faults(curve: _Curve, left: npt.NDArray[np.intp]) -> tuple[Floats, Floats]:
    """For each quote left: the fault it takes part in, and how much less its removal leaves."""
    count = len(left)
    before = np.zeros(count)
    after = np.zeros(count)
    if count < 2:
        return before, before
    pair = curve.slope(left[:-1], left[1:])
    before[:-1] += pair
    before[1:] += pair
    if count >= 3:
        triple = curve.bend(left[:-2], left[1:-1], left[2:])
        for offset in range(3):
            before[offset : count - 2 + offset] += triple
        if not before.any():
            return before, before
        after[1:-1] += curve.slope(left[:-2], left[2:])
    if count >= 4:
        after[1:-2] += curve.bend(left[:-3], left[2:-1], left[3:])
        after[2:-1] += curve.bend(left[:-3], left[1:-2], left[3:])
    return before, before - after
