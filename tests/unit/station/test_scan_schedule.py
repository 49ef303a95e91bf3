"""When a station scans by itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from vst_desktop.cli.run import parse_rule
from vst_desktop.domain.errors import UserError
from vst_desktop.runtime.calendar import EASTERN, Sessions
from vst_desktop.runtime.tasks import TaskOwner
from vst_desktop.station.scan_schedule import CLOSED_LOOK, ScanSchedule

OPENS = datetime(2024, 1, 17, 14, 45, tzinfo=EASTERN)


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"2024-01-17T{clock}").replace(tzinfo=EASTERN)


def after(now: datetime, every_minutes: float) -> datetime:
    station: Any = SimpleNamespace(
        engines=SimpleNamespace(sessions=Sessions()), window=lambda: (OPENS, OPENS)
    )
    schedule = ScanSchedule(station, TaskOwner("test"))
    return schedule.after(now, timedelta(minutes=every_minutes))


@pytest.mark.parametrize(
    ("now", "looks"),
    [
        ("10:00", "10:15"),  # every so often in the session
        ("14:40", "14:45"),  # and when the window opens
        ("15:00", "15:15"),
    ],
)
def test_it_scans_every_so_often_and_at_the_windows_opening(now: str, looks: str) -> None:
    assert after(at(now), 15) == at(looks)


def test_outside_a_session_it_only_looks_whether_one_has_begun() -> None:
    assert after(at("06:00"), 240) == at("06:00") + CLOSED_LOOK
    saturday = datetime(2024, 1, 20, 12, 0, tzinfo=EASTERN)
    assert after(saturday, 5) == saturday + timedelta(minutes=5)


def test_a_rule_is_written_as_strategy_reward_risk_and_number() -> None:
    rule = parse_rule("high_base:2:3")
    assert (rule.strategy, rule.min_reward_risk, rule.most) == ("HIGH_BASE", 2.0, 3)
    for text in ("HIGH_BASE", "HIGH_BASE:two:3", "HIGH_BASE:2:3:4"):
        with pytest.raises(UserError, match="HIGH_BASE:2:3"):
            parse_rule(text)
