"""Whole daily bars: how long they are whole, and how a newer part is joined to them; pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from vst_desktop.domain.bars import BarSeries
from vst_desktop.ports.market_data import BarColumns, join
from vst_desktop.runtime.calendar import Sessions, trading_day

SETTLING = timedelta(minutes=15)
"""A session's bar still changes after the close, by the closing auction and late prints."""
SAME_BAR_TOLERANCE = 0.01
"""Two tellings of one session's close that differ by more are of differently adjusted prices."""
FEWEST_COMMON = 20
"""Days that both tell; fewer say nothing about a scale."""
PRICES = ("open", "high", "low", "close")
SPLIT_LIKE = 1.45
"""A jump by this factor overnight, up or down, looks like a 3:2 split or a greater one."""


def next_change(now: datetime, sessions: Sessions) -> datetime:
    """When whole daily bars asked for now stop being all there are: the next session's close.

    Asked for within a quarter of an hour after a close, they are good for the rest of it only.
    """
    day = trading_day(now)
    hours = sessions.session(day)
    if hours is not None and now < hours[1]:
        return hours[1]
    if hours is not None and now < hours[1] + SETTLING:
        return hours[1] + SETTLING
    hours = sessions.session(sessions.next_session(day))
    assert hours is not None
    return hours[1]


def continued(held: BarColumns, newer: BarColumns) -> BarColumns | str:
    """Held bars with newer ones after them, or why they do not fit together.

    ``newer`` has to hold the last held bar again, whose telling now counts. What else both hold
    has to agree too: it shows whether prices were adjusted meanwhile, or sessions are missing.
    """
    place = int(np.searchsorted(newer.time, held.time[-1]))
    if place == len(newer) or newer.time[place] != held.time[-1]:
        return f"there is no second telling of {held.day(-1)}"
    first = int(np.searchsorted(held.time, newer.time[0]))
    again = newer.cut(0 if first else int(np.searchsorted(newer.time, held.time[0])), place + 1)
    if not np.array_equal(held.time[first:], again.time):
        return f"sessions are missing before {held.day(-1)}"
    before, now = held.close[first:], again.close
    if (differs := ~(np.abs(now - before) <= SAME_BAR_TOLERANCE * before)).any():
        at = int(np.argmax(differs))
        return f"the close of {again.day(at)} was {before[at]:g} and is {now[at]:g}"
    last, opens = newer.close[place:-1], newer.open[place + 1 :]
    if ((opens >= SPLIT_LIKE * last) | (last >= SPLIT_LIKE * opens)).any():
        return "a jump after it looks like a split"
    return join([held.cut(0, len(held) - 1), newer.cut(place, len(newer))])


def with_past(held: BarColumns, newer: BarColumns) -> BarColumns:
    """Newer bars with those in front that were held from before their first, on their scale.

    The scale is what the closes of the days that both tell differ by: 1, or the ratio of a split
    since. Where it is not the same on all of them but the last, the held ones are of another
    kind, and only the newer ones are given.
    """
    first = int(np.searchsorted(held.time, newer.time[0])) if len(newer) else 0
    common = min(len(held) - first, len(newer)) - 1
    if not first or common < FEWEST_COMMON:
        return newer
    if not np.array_equal(held.time[first : first + common], newer.time[:common]):
        return newer
    ratios = newer.close[:common] / held.close[first : first + common]
    low, high = float(ratios.min()), float(ratios.max())
    if not 0 < low <= high <= low * (1 + SAME_BAR_TOLERANCE):
        return newer
    past, scale = held.cut(0, first), float(np.median(ratios))
    if abs(scale - 1) > SAME_BAR_TOLERANCE:
        prices = {name: np.round(getattr(past, name) * scale, 4) for name in PRICES}
        past = replace(past, **prices, volume=past.volume / scale)
    return join([past, newer])


def forming_after(whole: BarColumns, newest: BarSeries) -> BarSeries:
    """Whole bars followed by the forming bar that ``newest`` ends with, if it does."""
    series = whole.series()
    if not newest.forming:
        return series
    return BarSeries(
        symbol=series.symbol,
        dates=(*series.dates, newest.dates[-1]),
        open=(*series.open, newest.open[-1]),
        high=(*series.high, newest.high[-1]),
        low=(*series.low, newest.low[-1]),
        close=(*series.close, newest.close[-1]),
        volume=(*series.volume, newest.volume[-1]),
        forming=True,
    )
