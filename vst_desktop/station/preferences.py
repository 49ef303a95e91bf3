"""The trader's settings file, changed from the window."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vst_desktop.execution.decisions import TRADER
from vst_desktop.ports.store import Journal
from vst_desktop.runtime.settings import Settings
from vst_desktop.runtime.settings_file import change_settings, own_values


class Preferences:
    """Implements :class:`vst_desktop.station.api.PreferencesApi`.

    Args:
        running: The settings of this run.
        file: The trader's file.
        journal: Every change is told to it.
    """

    def __init__(self, running: Settings, file: Path, journal: Journal) -> None:
        self.running = running
        self.file = file
        self._journal = journal

    def own(self) -> Mapping[str, Any]:
        """What the file sets itself, by ``group.key``."""
        return own_values(self.file)

    async def change(self, changes: Mapping[str, Any]) -> None:
        """Write these values, None for the default; they count from the next start on."""
        before = self.own()
        await asyncio.to_thread(change_settings, self.file, changes)
        told = {
            name: {"before": before.get(name, "default"), "after": _told(value)}
            for name, value in changes.items()
        }
        await self._journal.record("settings changed", by=TRADER, changes=told)


def _told(value: Any) -> Any:
    return "default" if value is None else value
