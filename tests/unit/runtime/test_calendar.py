"""Exchange sessions: normal days, half days, holidays, daylight saving."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from vst_desktop.domain.errors import UserError
from vst_desktop.runtime.calendar import EASTERN, Sessions, trading_day


@pytest.fixture(scope="module")
def sessions() -> Sessions:
    return Sessions()


@pytest.mark.parametrize(
    ("day", "closes"),
    [
        (date(2024, 1, 5), "16:00"),
        (date(2023, 11, 24), "13:00"),
        (date(2024, 7, 3), "13:00"),
        (date(2014, 6, 9), "16:00"),
        (date(2026, 11, 27), "13:00"),
    ],
)
def test_session_closes_at_the_exchange_s_hour(sessions: Sessions, day: date, closes: str) -> None:
    bounds = sessions.session(day)
    assert bounds is not None
    assert f"{bounds[0].astimezone(EASTERN):%H:%M}" == "09:30"
    assert f"{bounds[1].astimezone(EASTERN):%H:%M}" == closes


@pytest.mark.parametrize("day", [date(2024, 1, 1), date(2024, 1, 6), date(2024, 3, 29)])
def test_holidays_and_weekends_have_no_session(sessions: Sessions, day: date) -> None:
    assert sessions.session(day) is None


def test_daylight_saving_moves_the_session_in_utc(sessions: Sessions) -> None:
    winter, summer = sessions.session(date(2024, 3, 8)), sessions.session(date(2024, 3, 11))
    assert winter is not None and summer is not None
    assert (winter[0].hour, summer[0].hour) == (14, 13)


def test_next_and_previous_step_over_long_weekends(sessions: Sessions) -> None:
    assert sessions.next_session(date(2024, 1, 12)) == date(2024, 1, 16)
    assert sessions.previous_session(date(2024, 1, 16)) == date(2024, 1, 12)


def test_session_at_knows_open_from_closed(sessions: Sessions) -> None:
    assert sessions.session_at(datetime(2024, 1, 5, 19, 43, tzinfo=UTC)) == date(2024, 1, 5)
    assert sessions.session_at(datetime(2024, 1, 5, 21, 0, tzinfo=UTC)) is None


def test_trading_day_is_new_york_s(sessions: Sessions) -> None:
    assert trading_day(datetime(2024, 1, 6, 3, 0, tzinfo=UTC)) == date(2024, 1, 5)


def test_day_outside_the_calendar_is_refused(sessions: Sessions) -> None:
    with pytest.raises(UserError, match="no exchange calendar for 1988-01-05"):
        sessions.session(date(1988, 1, 5))
