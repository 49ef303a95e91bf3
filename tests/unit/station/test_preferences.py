"""A change of the settings is written and told to the journal."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from vst_desktop.adapters.sqlite.journal import SqliteJournal
from vst_desktop.domain.errors import UserError
from vst_desktop.runtime.settings import Settings
from vst_desktop.station.preferences import Preferences


def test_a_change_is_in_the_file_and_in_the_journal_and_a_refused_one_in_neither(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        now = datetime(2023, 11, 7, 15, tzinfo=UTC)
        journal = await SqliteJournal.open(tmp_path / "journal.db", lambda: now)
        preferences = Preferences(Settings(), tmp_path / "settings.toml", journal)
        await preferences.change({"risk.max_positions": 4, "options.min_dte": 28})
        await preferences.change({"risk.max_positions": None})
        with pytest.raises(UserError, match=r"risk\.max_positions"):
            await preferences.change({"risk.max_positions": 0})
        assert preferences.own() == {"options.min_dte": 28}
        told = [event["data"] for event in await journal.events()]
        assert [one["changes"] for one in told] == [
            {
                "risk.max_positions": {"before": "default", "after": 4},
                "options.min_dte": {"before": "default", "after": 28},
            },
            {"risk.max_positions": {"before": 4, "after": "default"}},
        ]
        assert {one["by"] for one in told} == {"trader"}
        await journal.close()

    asyncio.run(story())
