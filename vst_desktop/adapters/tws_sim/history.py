"""What a request for bars means: its span, its bar size, and the bars that answer it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby

from vst_desktop.adapters.tws_sim import codes
from vst_desktop.adapters.tws_sim.codes import Refusal
from vst_desktop.adapters.tws_sim.timing import EASTERN, Hours, day_of
from vst_desktop.adapters.tws_sim.world import Bar, Market

_DURATION = re.compile(r"^(\d{1,6}) ([SDWMY])$")
_MINUTES = {
    "1 min": 1,
    "2 mins": 2,
    "3 mins": 3,
    "5 mins": 5,
    "10 mins": 10,
    "15 mins": 15,
    "20 mins": 20,
    "30 mins": 30,
    "1 hour": 60,
    "2 hours": 120,
    "3 hours": 180,
    "4 hours": 240,
}
_DAYS = {"1 day": "day", "1 week": "week", "1 month": "month", "1W": "week", "1M": "month"}
_SECONDS = frozenset({"1 secs", "5 secs", "10 secs", "15 secs", "30 secs"})
_LONGEST_MINUTES_DAYS = 31
_EARLIEST = date(1970, 1, 1)
_CALENDAR_DAYS = {"W": 7, "M": 30.4375, "Y": 365.25}


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """How far back bars are asked for."""

    count: int
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Bars and the span they were asked for, aware UTC."""

    start: datetime
    end: datetime
    bars: Sequence[Bar]


def first_day(bar: Bar) -> date:
    """The session with which a bar begins."""
    return day_of(bar.start) if isinstance(bar.start, datetime) else bar.start


def parse_duration(value: str) -> Span:
    """``2 Y``, ``10 D``, ``3600 S``.

    Raises:
        Refusal: 321.
    """
    found = _DURATION.match(value)
    if found is None or int(found[1]) == 0:
        raise Refusal(
            codes.VALIDATION,
            codes.invalid(f"Historical data query duration '{value}' is not <integer> S D W M Y"),
        )
    return Span(count=int(found[1]), unit=found[2])


def check_size(bar_size: str) -> None:
    """Whether TWS knows the bar size, and we have such bars.

    Raises:
        Refusal: 321 for an unknown size, 162 for seconds.
    """
    if bar_size in _SECONDS:
        raise Refusal(codes.HISTORICAL_DATA, codes.no_history("HMDS query returned no data"))
    if bar_size not in _MINUTES and bar_size not in _DAYS:
        raise Refusal(
            codes.VALIDATION,
            codes.invalid(f"Historical data bar size setting is invalid: '{bar_size}'"),
        )


def bars(
    market: Market, hours: Hours, symbol: str, bar_size: str, span: Span, end: datetime
) -> Answer:
    """The bars of a stock up to ``end``.

    Raises:
        Refusal: 162 when so many small bars are not given.
    """
    if bar_size in _DAYS:
        first = _first_day(span, end)
        found = market.daily_bars(symbol, first, end)
        if span.unit == "D":
            found = found[-span.count :]
        start = datetime.combine(first, time(), tzinfo=EASTERN).astimezone(UTC)
        return Answer(start=start, end=end, bars=_grouped(found, _DAYS[bar_size]))
    start = _first_moment(hours, span, end)
    if (end - start).days > _LONGEST_MINUTES_DAYS:
        raise Refusal(codes.HISTORICAL_DATA, codes.no_history("Time length exceed max."))
    found = market.minute_bars(symbol, start, end)
    return Answer(start=start, end=end, bars=_merged(found, _MINUTES[bar_size]))


def head(market: Market, symbol: str, now: datetime) -> date | None:
    """The day of a stock's first bar."""
    found = market.daily_bars(symbol, _EARLIEST, now)
    if not found:
        return None
    first = found[0].start
    return first.date() if isinstance(first, datetime) else first


def _first_day(span: Span, end: datetime) -> date:
    last = day_of(end)
    if span.unit == "S":
        return day_of(end - timedelta(seconds=span.count))
    if span.unit == "D":
        # Sessions, not days: 10 of them span at most this many days with all their holidays.
        return max(_EARLIEST, last - timedelta(days=span.count * 3 // 2 + 10))
    days = min(span.count * _CALENDAR_DAYS[span.unit], (last - _EARLIEST).days)
    return last - timedelta(days=round(days))


def _first_moment(hours: Hours, span: Span, end: datetime) -> datetime:
    """Where small bars begin: so many sessions, calendar weeks, or seconds of session back."""
    if span.unit in _CALENDAR_DAYS:
        days = min(span.count * _CALENDAR_DAYS[span.unit], (day_of(end) - _EARLIEST).days)
        return end - timedelta(days=days)
    left = timedelta(seconds=span.count) if span.unit == "S" else None
    sessions = span.count if span.unit == "D" else _LONGEST_MINUTES_DAYS
    start = end
    for _ in range(min(sessions, _LONGEST_MINUTES_DAYS + 1)):
        session = hours.before(start)
        if session is None:
            return start
        opens, closes = session
        length = min(closes, start) - opens
        if left is not None and length >= left:
            return min(closes, start) - left
        if left is not None:
            left -= length
        start = opens
    return start


def _merged(found: Sequence[Bar], minutes: int) -> Sequence[Bar]:
    if minutes == 1:
        return found

    def slot(bar: Bar) -> tuple[date, int]:
        start = bar.start
        if not isinstance(start, datetime):
            raise TypeError("a minute bar starts at a moment")
        local = start.astimezone(EASTERN)
        # Sessions open at half past the hour: hours count from there, as TWS counts them.
        since = local.hour * 60 + local.minute - (30 if minutes > 60 else 0)
        return local.date(), since // minutes

    return [_joined(tuple(group)) for _, group in groupby(found, slot)]


def _grouped(found: Sequence[Bar], period: str) -> Sequence[Bar]:
    if period == "day":
        return found

    def slot(bar: Bar) -> tuple[int, int]:
        if period == "week":
            return bar.start.isocalendar()[:2]
        return bar.start.year, bar.start.month

    return [_joined(tuple(group)) for _, group in groupby(found, slot)]


def _joined(parts: tuple[Bar, ...]) -> Bar:
    volume = sum(bar.volume for bar in parts)
    weighted = sum(bar.wap * bar.volume for bar in parts)
    return Bar(
        start=parts[0].start,
        open=parts[0].open,
        high=max(bar.high for bar in parts),
        low=min(bar.low for bar in parts),
        close=parts[-1].close,
        volume=volume,
        wap=round(weighted / volume, 4) if volume else parts[-1].wap,
        count=sum(bar.count for bar in parts),
    )


def since(found: Sequence[Bar], last: Bar | None) -> Iterator[Bar]:
    """Bars that are new or changed after ``last`` was seen."""
    for bar in found:
        if (
            last is None
            or _moment(bar) > _moment(last)
            or (bar.start == last.start and bar != last)
        ):
            yield bar


def _moment(bar: Bar) -> datetime:
    if isinstance(bar.start, datetime):
        return bar.start
    return datetime.combine(bar.start, time(), tzinfo=UTC)
