"""A day's minutes from its daily bar: a path that touches its open, high, low and close."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_KNOT_MINUTES = 26


@dataclass(frozen=True, slots=True, kw_only=True)
class DayPath:
    """Minutes of one session: columns of one value a minute. Volume in shares."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats


def day_path(
    key: str, day: date, bar: tuple[float, float, float, float], volume: float, minutes: int
) -> DayPath:
    """The minutes of a session whose daily bar is (open, high, low, close).

    The same key and day give the same path. Between knots half an hour apart the path is smooth,
    so that prices within minutes of each other are close.
    """
    first, top, bottom, last = bar
    random = np.random.default_rng(zlib.crc32(f"{key}:{day.isoformat()}".encode()))
    knots = max(minutes // _KNOT_MINUTES, 2)
    steps = random.normal(size=knots).cumsum()
    bridge = np.concatenate(([0.0], steps - np.arange(1, knots + 1) / knots * steps[-1]))
    span = float(np.abs(bridge).max()) or 1.0
    line = np.linspace(first, last, knots + 1)
    at_knots = line + bridge / span * (top - bottom) * 0.45
    at_knots[0], at_knots[-1] = first, last
    inner = at_knots[1:-1]
    if len(inner) >= 2:
        inner[int(np.argmax(inner))] = top
        inner[int(np.argmin(inner))] = bottom
    grid = np.linspace(0, knots, minutes + 1)
    path = np.clip(np.round(np.interp(grid, np.arange(knots + 1), at_knots), 2), bottom, top)
    opens, closes = path[:-1].copy(), path[1:].copy()
    opens[0], closes[-1] = first, last
    highs, lows = np.maximum(opens, closes), np.minimum(opens, closes)
    highs[int(np.argmax(highs))] = top
    lows[int(np.argmin(lows))] = bottom
    smile = 1 + 1.5 * np.linspace(-1, 1, minutes) ** 2
    shares = np.floor(volume * smile / smile.sum())
    shares[-1] += volume - shares.sum()
    return DayPath(open=opens, high=highs, low=lows, close=closes, volume=shares)
