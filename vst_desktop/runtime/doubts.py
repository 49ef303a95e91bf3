"""What looks wrong in bars and may be right (SPEC 10): shown, and scanned all the same.

The rules and the sentences are those of the scanner, for when scans run in this process.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from vst_desktop.ports.market_data import BarColumns
from vst_desktop.runtime.calendar import session_days
from vst_desktop.runtime.door import NAMED, folded

OPENS_WITHIN, CLOSES_WITHIN = 0.01, 0.05
"""How near to what a split makes of the close before a bar has to open and to close."""
SPLITS = (
    *((3, 2), (4, 3), (5, 4)),
    *(
        split
        for n in (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 100)
        for split in ((n, 1), (1, n))
    ),
)
"""Usual splits: shares after and before."""


def doubts(bars: BarColumns) -> tuple[str, ...]:
    """Days without a bar on which the exchange was open, and prices that jump as by a split.

    ``bars`` are daily ones that passed the door.
    """
    return (*_holes(bars), *_jumps(bars))


def _holes(bars: BarColumns) -> tuple[str, ...]:
    days = session_days()
    # Of the sessions between two bars the first and the one behind the last.
    first = np.searchsorted(days, bars.time[:-1], side="right")
    end = np.searchsorted(days, bars.time[1:], side="left")
    gaps = np.flatnonzero(end > first)
    if not len(gaps):
        return ()
    missing = int((end - first)[gaps].sum())
    text = f"{missing} session{'s' if missing > 1 else ''} missing"
    if len(gaps) > 1:
        text += f" in {len(gaps)} gaps"
    spans = [_span(days[first[gap]], days[end[gap] - 1]) for gap in gaps[:NAMED].tolist()]
    text += f": {', '.join(spans)}"
    return (text + (f" and {len(gaps) - NAMED} more" if len(gaps) > NAMED else ""),)


def _span(first: int, last: int) -> str:
    return str(_date(first)) if first == last else f"{_date(first)} to {_date(last)}"


def _date(day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=int(day))


def _jumps(bars: BarColumns) -> tuple[str, ...]:
    before, opens = bars.close[:-1], bars.open[1:]
    # No usual split moves the price by less.
    far = np.flatnonzero((opens < 0.81 * before) | (opens > 1.97 * before)) + 1
    found = []
    for place in far.tolist():
        close, open_ = float(bars.close[place - 1]), float(bars.open[place])
        if split := _looks_split(close, open_, float(bars.close[place])):
            found.append(
                f"bar {bars.day(place)}: opens at {open_:.15g} after a close of {close:.15g}, "
                f"which looks like a {split} split that the prices are not adjusted for"
            )
    return folded(found, "jumps that look like splits")


def _looks_split(before: float, open_: float, close: float) -> str | None:
    """The split that a bar looks like: one that comes by trading goes on, a split holds."""
    for new, old in SPLITS:
        expected = before * old / new
        if _near(open_, expected, OPENS_WITHIN) and _near(close, expected, CLOSES_WITHIN):
            return f"{new}:{old}"
    return None


def _near(price: float, expected: float, within: float) -> bool:
    return expected * (1 - within) <= price <= expected * (1 + within)
