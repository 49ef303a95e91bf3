from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.helpers.desk import CALENDAR, eastern
from tests.helpers.trades import EXECUTION
from vst_desktop.execution.schedule import session_window, window_for


@pytest.mark.parametrize(
    ("day", "late", "opens", "closes", "cancel"),
    [
        ("2023-11-07", False, "15:00", "15:55", "15:58"),
        ("2023-11-07", True, "14:45", "15:55", "15:58"),
        ("2023-11-24", False, "12:00", "12:55", "12:58"),
        ("2023-11-24", True, "11:45", "12:55", "12:58"),
        ("2023-03-13", True, "14:45", "15:55", "15:58"),  # the day after the clocks changed
    ],
)
def test_windows_follow_the_close(
    day: str, late: bool, opens: str, closes: str, cancel: str
) -> None:
    rules = replace(EXECUTION, allow_late_day_entry=late)
    window = session_window(date.fromisoformat(day), CALENDAR, rules)
    assert window is not None
    assert window.opens == eastern(f"{day} {opens}")
    assert window.closes == eastern(f"{day} {closes}")
    assert window.cancel_at == eastern(f"{day} {cancel}")
    assert window.is_open(window.opens) and not window.is_open(window.closes)
    assert not window.is_open(window.opens - timedelta(microseconds=1))


def test_a_window_never_opens_before_the_session() -> None:
    rules = replace(EXECUTION, entry_window_minutes=390)
    window = session_window(date(2023, 11, 24), CALENDAR, rules)
    assert window is not None and window.opens == eastern("2023-11-24 09:30")


def test_there_is_no_window_without_a_session() -> None:
    assert session_window(date(2023, 11, 23), CALENDAR, EXECUTION) is None


@pytest.mark.parametrize(
    ("now", "session"),
    [
        ("2023-11-07 03:00", date(2023, 11, 7)),
        ("2023-11-07 15:54:59", date(2023, 11, 7)),
        ("2023-11-07 15:55", date(2023, 11, 8)),
        ("2023-11-07 23:59", date(2023, 11, 8)),
        ("2023-11-11 12:00", date(2023, 11, 13)),
        ("2023-11-22 16:30", date(2023, 11, 24)),
    ],
)
def test_an_approval_is_for_the_next_window_that_can_still_send(now: str, session: date) -> None:
    assert window_for(eastern(now), CALENDAR, EXECUTION).session == session
