"""The broker's nightly reset."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from vst_desktop.adapters.ibkr.outage import reset_ends

EASTERN = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("at", "ends"),
    [
        ("2026-11-24 23:44", None),
        ("2026-11-24 23:45", "00:45"),
        ("2026-11-25 00:44", "00:45"),
        ("2026-11-25 00:45", None),
        ("2026-11-25 12:00", None),
        ("2026-11-27 22:59", None),
        ("2026-11-27 23:00", "03:00"),
        ("2026-11-28 02:59", "03:00"),
        ("2026-11-28 03:00", None),
        ("2026-07-01 23:50", "00:45"),
    ],
)
def test_the_reset_runs_at_its_eastern_hours(at: str, ends: str | None) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=EASTERN)
    found = reset_ends(moment)
    assert (f"{found:%H:%M}" if found else None) == ends
