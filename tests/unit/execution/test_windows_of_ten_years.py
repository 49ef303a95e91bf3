"""Entry windows of 2020 to 2029 against the exchange's published hours, by rules of their own."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import exchange_calendars
import pytest

from tests.helpers.trades import EXECUTION
from vst_desktop.execution.schedule import EntryWindow, session_window, window_for

NEW_YORK = ZoneInfo("America/New_York")


class TenYears:
    """``SessionCalendar`` of 2020 to 2029, straight from exchange_calendars."""

    def __init__(self) -> None:
        schedule: Any = exchange_calendars.get_calendar(
            "XNYS", start="2020-01-01", end="2029-12-31"
        ).schedule
        self.hours: dict[date, tuple[datetime, datetime]] = {
            day.date(): (opens.to_pydatetime(), closes.to_pydatetime())
            for day, opens, closes in zip(
                schedule.index, schedule["open"], schedule["close"], strict=True
            )
        }

    def session(self, day: date) -> tuple[datetime, datetime] | None:
        return self.hours.get(day)

    def next_session(self, day: date) -> date:
        day += timedelta(days=1)
        while day not in self.hours:
            day += timedelta(days=1)
        return day


@pytest.fixture(scope="module")
def calendar() -> TenYears:
    return TenYears()


def half_days(year: int) -> set[date]:
    """As the exchange announces them: the day after Thanksgiving, Christmas Eve, 3 July, each only
    when it and (for the last) the holiday fall on working days."""
    november = date(year, 11, 1)
    thanksgiving = november + timedelta(days=(3 - november.weekday()) % 7 + 21)
    found = {thanksgiving + timedelta(days=1)}
    if date(year, 12, 24).weekday() < 4:
        found.add(date(year, 12, 24))
    if date(year, 7, 4).weekday() in (1, 2, 3, 4):
        found.add(date(year, 7, 3))
    return found


def local(moment: datetime) -> time:
    return moment.astimezone(NEW_YORK).time()


def windows(calendar: TenYears) -> list[tuple[date, EntryWindow]]:
    found = [(day, session_window(day, calendar, EXECUTION)) for day in calendar.hours]
    return [(day, window) for day, window in found if window is not None]


def test_every_window_of_2500_sessions_follows_its_close(calendar: TenYears) -> None:
    told = windows(calendar)
    assert len(told) == len(calendar.hours) >= 2_500
    short = {day for year in range(2020, 2030) for day in half_days(year)}
    for day, window in told:
        half = day in short
        expected = (time(11, 45), time(12, 55), time(12, 58))
        if not half:
            expected = (time(14, 45), time(15, 55), time(15, 58))
        assert (local(window.opens), local(window.closes), local(window.cancel_at)) == expected, day
        assert window.session == day == window.opens.astimezone(NEW_YORK).date()
    assert {day for day, w in told if local(w.opens) == time(11, 45)} == short


def test_daylight_saving_moves_the_window_in_utc_and_never_in_new_york(calendar: TenYears) -> None:
    offsets = {}
    for day, window in windows(calendar):
        naive = datetime.combine(day, local(window.opens))
        summer = naive.replace(tzinfo=NEW_YORK).dst() != timedelta(0)
        hours = (window.opens.astimezone(UTC).replace(tzinfo=None) - naive) / timedelta(hours=1)
        offsets.setdefault(summer, set()).add(hours)
    assert offsets == {True: {4.0}, False: {5.0}}


def test_no_day_without_a_session_has_a_window(calendar: TenYears) -> None:
    day = date(2020, 1, 1)
    closed = 0
    while day <= date(2029, 12, 31):
        if day not in calendar.hours:
            closed += 1
            assert session_window(day, calendar, EXECUTION) is None
        day += timedelta(days=1)
    assert closed == 3_653 - len(calendar.hours)


def test_an_approval_is_for_the_first_window_whose_end_is_ahead(calendar: TenYears) -> None:
    days = list(calendar.hours)
    for day, following in itertools.pairwise(days):
        window = session_window(day, calendar, EXECUTION)
        assert window is not None
        instant = timedelta(microseconds=1)
        assert window_for(window.closes - instant, calendar, EXECUTION).session == day
        assert window_for(window.closes, calendar, EXECUTION).session == following
