"""What happened, newest first: the journal's events, filtered, live, read a page at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QLineEdit, QMenu, QToolButton

from vst_desktop.gui.models.journal_rows import JOURNAL
from vst_desktop.gui.models.table import RowModel
from vst_desktop.gui.theme import Theme, font
from vst_desktop.gui.tokens import CAPTION_PX
from vst_desktop.gui.widgets.table import Table
from vst_desktop.station.journal_view import JournalGroup, JournalPage, JournalQuery, JournalRow

TYPED_MS = 250
NEWS_SECS = 1.0
MOST_ROWS = 5_000
ENOUGH_ROWS = 50
"""A rare text is looked for further back until so many rows are found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A page that is wanted: newer than ``after``, or older than ``before``."""

    query: JournalQuery
    before: int | None = None
    after: int = 0


class JournalTab(QObject):
    """The table of events with its two filters; the pane that shows it places them.

    ``wanted`` carries an :class:`Ask`, answered by ``show_page``; ``story_wanted`` the order whose
    story is to be told, ``export_wanted`` a file for everything that the filters admit.
    """

    wanted = Signal(object)
    story_wanted = Signal(str)
    export_wanted = Signal(str)
    told = Signal()
    """The line ``says`` has changed."""

    def __init__(self, parent: QObject, theme: Theme, now: Callable[[], float] = monotonic) -> None:
        super().__init__(parent)
        self._now = now
        self.query = JournalQuery()
        self.model: RowModel[JournalRow] = RowModel(JOURNAL, lambda r: str(r.seq))
        self.table = Table(theme, self.model, lambda r: str(r.seq), "Journal")
        self.table.opened.connect(lambda _key: self.ask_story())
        self.table.exporter = self.export_wanted.emit
        self.table.verticalScrollBar().valueChanged.connect(self._scrolled)
        self.kinds = QToolButton()
        self.kinds.setFont(font(CAPTION_PX, 600))
        self.kinds.setToolTip("Show events of one kind")
        self.kinds.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.kinds.setMenu(self._groups())
        self.text = QLineEdit()
        self.text.setAccessibleName("Filter the journal by text")
        self.text.setPlaceholderText("symbol, order or words")
        self.text.setToolTip("Only events that hold every one of these words")
        self.text.setMaximumWidth(190)
        self._typed = QTimer(self, singleShot=True, interval=TYPED_MS)
        self._typed.timeout.connect(self._look)
        self.text.textChanged.connect(lambda _text: self._typed.start())
        self._rows: tuple[JournalRow, ...] = ()
        self._head = 0
        self._before: int | None = None
        self._asked: Ask | None = None
        self._asked_at = 0.0
        self._read = False
        self.show_group(None)

    @property
    def says(self) -> str:
        """How much of the journal is shown."""
        count = f"{len(self._rows):,} events"
        if not self._read:
            return "reading the journal…"
        if self._before is None:
            return count
        if self._full:
            return f"{count}; narrow the filter for older ones"
        return f"{count}, older ones below" if self._rows else "looking further back…"

    def look(self) -> None:
        """The tab is in front: read what is new, at most once a second."""
        waited = self._now() - self._asked_at >= NEWS_SECS
        if self._asked is None and (waited or not self._read):
            self._ask(Ask(query=self.query, after=self._head if self._read else 0))

    def show_group(self, group: JournalGroup | None) -> None:
        """Show events of this group, None for all."""
        text = f"{'all' if group is None else group} ▾".capitalize()
        self.kinds.setText(text)
        self.kinds.setAccessibleName(f"Kind: {text}")
        self._group = group
        self._look()

    def show_page(self, ask: Ask, page: JournalPage) -> None:
        """Take the answer to what was asked; one to an older question is nothing."""
        if ask is not self._asked:
            return
        self._asked = None
        if ask.before is not None:
            self._rows += page.rows
            self._before = page.before
        elif not ask.after or page.before is not None:  # all anew, or more came than a page holds
            self._rows, self._before = page.rows, page.before
        else:
            self._rows = page.rows + self._rows
        self._head = max(self._head, page.head)
        self._read = True
        self.model.set_rows(self._rows)
        self.table.set_note(self._note())
        self.told.emit()
        if self._before is not None and len(self._rows) < ENOUGH_ROWS:
            self._older()

    def failed(self, ask: Ask) -> None:
        """It could not be read; asked again in a while."""
        if ask is self._asked:
            self._asked = None

    def ask_story(self) -> None:
        """Tell the story of the selected event's order."""
        row = self.table.current_row()
        if row is not None and row.ref is not None:
            self.story_wanted.emit(row.ref)

    def _look(self) -> None:
        query = JournalQuery(group=self._group, text=self.text.text().strip())
        if query == self.query:
            return
        self.query = query
        self._rows, self._before, self._read = (), None, False
        self._ask(Ask(query=query))

    def _ask(self, ask: Ask) -> None:
        self._asked, self._asked_at = ask, self._now()
        self.told.emit()
        self.wanted.emit(ask)

    def _scrolled(self, value: int) -> None:
        bar = self.table.verticalScrollBar()
        if self._asked is None and value == bar.maximum() and not self._full:
            self._older()

    def _older(self) -> None:
        if self._before is not None:
            self._ask(Ask(query=self.query, before=self._before))

    @property
    def _full(self) -> bool:
        return len(self._rows) >= MOST_ROWS

    def _note(self) -> str:
        if self.query != JournalQuery():
            return "No event of the journal is like that."
        return "Nothing was journalled yet."

    def _groups(self) -> QMenu:
        menu = QMenu(self.kinds)
        menu.addAction("All").triggered.connect(lambda: self.show_group(None))
        for group in JournalGroup:
            menu.addAction(group.capitalize()).triggered.connect(
                lambda _=False, group=group: self.show_group(group)
            )
        return menu
