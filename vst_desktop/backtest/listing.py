"""Which contracts the lab's modelled chains list: weekly expirations, a usual grid of strikes."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

import numpy as np

from vst_desktop.backtest.panel import Floats
from vst_desktop.options.contracts import last_trading_day

STRIKES = 26
"""Per expiration and right; with two or three expirations in the usual range some 60 a chain."""
_FRIDAY = 4
_EPOCH = date(1970, 1, 1).toordinal()
_PRICES = np.array([25.0, 50.0, 200.0])
_STEPS = np.array([0.5, 1.0, 2.5, 5.0])


def as_date(day: int) -> date:
    """The date of a day counted from 1970-01-01."""
    return date.fromordinal(day + _EPOCH)


def as_day(day: date) -> int:
    """The inverse of ``as_date``."""
    return day.toordinal() - _EPOCH


@lru_cache(maxsize=16_384)
def expirations(day: int, min_dte: int, max_dte: int) -> tuple[int, ...]:
    """The last trading days of every week's options within the range of calendar days."""
    first = as_date(day) + timedelta(days=min_dte)
    friday = first + timedelta(days=(_FRIDAY - first.weekday()) % 7)
    found = []
    while (friday - first).days <= max_dte - min_dte + 3:
        last = _last_day(friday)
        if min_dte <= last - day <= max_dte:
            found.append(last)
        friday += timedelta(days=7)
    return tuple(found)


@lru_cache(maxsize=4_096)
def _last_day(friday: date) -> int:
    return as_day(last_trading_day(friday))


def step_of(spots: Floats) -> Floats:
    """The distance of listed strikes at each spot, USD, as ``options.affordability`` has it.

    0.5 below 25 USD, 1 below 50, 2.5 below 200, 5 from there on.
    """
    return np.asarray(_STEPS[np.searchsorted(_PRICES, spots, side="right")])


def strikes(spots: Floats) -> Floats:
    """The listed strikes around each spot, USD, ascending; a row a spot; some may be negative."""
    step = step_of(spots)
    middle = np.floor(spots / step) - STRIKES // 2 + 1
    grid: Floats = (middle[:, None] + np.arange(STRIKES)) * step[:, None]
    return grid
