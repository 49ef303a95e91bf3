"""Which bars may be scanned (SPEC 10): the rules and the sentences of the scanner's own door."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import numpy.typing as npt

from vst_desktop.domain.bars import BarSeries, Timeframe
from vst_desktop.ports.market_data import BarColumns, day_number
from vst_desktop.ports.scanner import DoorPolicy

NAMED = 5
"""How many warnings of a kind are told one by one."""
_FIRST_DAY, _LAST_DAY = day_number(date.min), day_number(date.max)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What the door lets in. ``series`` None: refused, for the reason in ``error``."""

    series: BarSeries | None
    error: str | None = None
    warnings: tuple[str, ...] = ()


def admit(bars: BarSeries, policy: DoorPolicy) -> Admission:
    """Let the bars in, refuse their symbol, or leave the bad ones out; each is named by its day."""
    if not len(bars):
        return Admission(series=None, error="there are no bars")
    columns = columns_of(bars)
    if not suspects(columns).any():
        return Admission(series=bars)
    bad = faults(columns)
    first = bad[0][1]
    if policy == "reject":
        return Admission(series=None, error=refusal(columns))
    if len(bad) == len(bars):
        error = f"none of {len(bars)} bars can be scanned; the first: {first}"
        return Admission(series=None, error=error)
    out = {place for place, _ in bad}
    good = [place for place in range(len(bars)) if place not in out]
    return Admission(
        series=replace(
            bars,
            dates=tuple(bars.dates[place] for place in good),
            open=tuple(bars.open[place] for place in good),
            high=tuple(bars.high[place] for place in good),
            low=tuple(bars.low[place] for place in good),
            close=tuple(bars.close[place] for place in good),
            volume=tuple(bars.volume[place] for place in good),
        ),
        warnings=folded([f"{text}; left out" for _, text in bad], "bars left out"),
    )


def refusal(bars: BarColumns) -> str:
    """Why the symbol of these bars, one of them bad, is refused: the first, and how many more."""
    (_, first), *others = faults(bars)
    if not others:
        return first
    return f"{first} (and {len(others)} more bad bar{'s' if len(others) > 1 else ''})"


def folded(texts: Sequence[str], what: str) -> tuple[str, ...]:
    """The first few, and how many more of ``what`` there are."""
    if len(texts) <= NAMED:
        return tuple(texts)
    return (*texts[:NAMED], f"and {len(texts) - NAMED} more {what}")


def suspects(bars: BarColumns, starts: Sequence[int] = (0,)) -> npt.NDArray[np.bool_]:
    """Bars that are bad, or no later than the one in front; some are where any of them is bad.

    Bars of several symbols may stand in a row, each beginning at one of ``starts``.
    """
    late = np.ones(len(bars), dtype=np.bool_)
    late[1:] = bars.time[1:] > bars.time[:-1]
    late[list(starts)] = True
    return ~(late & _sound(bars))


def faults(bars: BarColumns) -> list[tuple[int, str]]:
    """The bad bars of one symbol, by place, each with its name and what is wrong with it.

    A bar has to be later than the last good one in front of it.
    """
    good = np.flatnonzero(_sound(bars))
    latest = np.maximum.accumulate(bars.time[good])
    kept = good[np.concatenate(([True], bars.time[good][1:] > latest[:-1]))] if len(good) else good
    bad = np.setdiff1d(np.arange(len(bars)), kept)
    before = np.searchsorted(kept, bad) - 1
    return [
        (place, f"{_name(bars, place)}: {_fault(bars, place, int(kept[at]) if at >= 0 else None)}")
        for place, at in zip(bad.tolist(), before.tolist(), strict=True)
    ]


def columns_of(bars: BarSeries) -> BarColumns:
    """The same bars as arrays, with one that still forms."""
    return BarColumns(
        symbol=bars.symbol,
        timeframe=Timeframe.DAILY,
        time=np.fromiter(map(day_number, bars.dates), dtype=np.int64, count=len(bars)),
        open=np.array(bars.open, dtype=np.float64),
        high=np.array(bars.high, dtype=np.float64),
        low=np.array(bars.low, dtype=np.float64),
        close=np.array(bars.close, dtype=np.float64),
        volume=np.array(bars.volume, dtype=np.float64),
    )


def _sound(bars: BarColumns) -> npt.NDArray[np.bool_]:
    """Bars that may be scanned as far as they tell by themselves."""
    sound = (bars.time >= _FIRST_DAY) & (bars.time <= _LAST_DAY)
    for price in (bars.open, bars.high, bars.low, bars.close):
        sound &= (price > 0) & (price < np.inf)
    sound &= (bars.high >= bars.low) & (bars.volume >= 0) & (bars.volume < np.inf)
    return sound


def _name(bars: BarColumns, place: int) -> str:
    if _FIRST_DAY <= bars.time[place] <= _LAST_DAY:
        return f"bar {bars.day(place)}"
    return f"bar {place + 1}"


def _fault(bars: BarColumns, place: int, before: int | None) -> str:
    """What is wrong with a bar; ``before`` is the last good one in front of it."""
    if not _FIRST_DAY <= bars.time[place] <= _LAST_DAY:
        return "it has no usable date"
    high, low, volume = bars.high[place], bars.low[place], bars.volume[place]
    for price in (bars.open[place], high, low, bars.close[place]):
        if not math.isfinite(price):
            return "a price is not a number"
        if price <= 0:
            return f"price {price:.15g} is not above 0"
    if high < low:
        return f"high {high:.15g} is below low {low:.15g}"
    if not math.isfinite(volume):
        return "the volume is not a number"
    if volume < 0:
        return f"volume {volume:.15g} is negative"
    twice = before is not None and bars.time[place] == bars.time[before]
    return "the date stands twice" if twice else "the date goes back"
