"""Fetches from the journal what its tab wants to show, write or tell."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from vst_desktop.domain.errors import UserError
from vst_desktop.gui.dialogs.story import StoryDialog
from vst_desktop.gui.models.export import csv_text, write_csv
from vst_desktop.gui.models.journal_rows import JOURNAL
from vst_desktop.gui.panes.journal import Ask
from vst_desktop.station.api import StationApi

if TYPE_CHECKING:
    from vst_desktop.gui.mainwindow import MainWindow

PANE = "book"
EXPORTED_AT_ONCE = 2_000


class JournalReading(QObject):
    """Joins the journal's tab with the station; everything long is done on worker threads."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._tab = window.book.journal
        self._tab.wanted.connect(self._read)
        self._tab.export_wanted.connect(self.export)
        self._tab.story_wanted.connect(self.tell_story)

    def tell_story(self, ref: str) -> None:
        """Show the story of an order, by its reference or intent id."""

        async def told(station: StationApi) -> None:
            lines = await station.journal.story(ref)
            if not lines:
                raise UserError(f"the journal knows nothing of {ref}")
            StoryDialog(self._window, self._window.theme, ref, lines).show()

        self._window.bridge.do(PANE, f"story {ref}", told)

    def export(self, path: str) -> None:
        """Write every event that the filters admit, shown or not."""
        query, table = self._tab.query, self._tab.table

        async def written(station: StationApi) -> None:
            parts, count, before, more = [], 0, None, True
            while more:
                page = await station.journal.page(query, before=before, most=EXPORTED_AT_ONCE)
                text = await asyncio.to_thread(csv_text, JOURNAL, page.rows, table.mode)
                parts.append(text if before is None else text.partition("\r\n")[2])
                count, before = count + len(page.rows), page.before
                more = before is not None
            await asyncio.to_thread(write_csv, path, "".join(parts))
            table.exported.emit(f"{count:,} events are in {path}.", "info")

        table.exported.emit("Writing the journal…", "info")
        self._window.bridge.do(PANE, "journal export", written, quiet=True)

    def _read(self, ask: Ask) -> None:
        async def read(station: StationApi) -> None:
            page = await station.journal.page(ask.query, before=ask.before, after=ask.after)
            self._tab.show_page(ask, page)

        self._window.bridge.do(PANE, "journal", read, lambda: self._tab.failed(ask), quiet=True)
