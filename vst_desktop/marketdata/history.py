"""Whole daily bars: how long they are whole, and how a newer part is joined to them; pure."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from vst_desktop.domain.bars import BarSeries, Timeframe
from vst_desktop.ports.market_data import BarColumns, join
from vst_desktop.runtime.calendar import Sessions, trading_day

SETTLING = timedelta(minutes=15)
"""A session's bar still changes after the close, by the closing auction and late prints."""
SAME_BAR_TOLERANCE = 0.01
"""Two tellings of one session's close that differ by more are of differently adjusted prices."""
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


def columns(series: BarSeries) -> BarColumns:
    """The whole bars of a series."""
    end = len(series) - 1 if series.forming else len(series)
    return BarColumns(
        symbol=series.symbol,
        timeframe=Timeframe.DAILY,
        time=np.array(series.dates[:end], dtype="datetime64[D]").astype(np.int32),
        open=np.array(series.open[:end], dtype=np.float64),
        high=np.array(series.high[:end], dtype=np.float64),
        low=np.array(series.low[:end], dtype=np.float64),
        close=np.array(series.close[:end], dtype=np.float64),
        volume=np.array(series.volume[:end], dtype=np.float64),
    )


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
