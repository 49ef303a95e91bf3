"""The scanner pane: what the scan found."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QProgressBar, QPushButton, QToolButton

from vst_desktop.domain.signals import Explanation
from vst_desktop.gui import format as fmt
from vst_desktop.gui.models.detail_rows import NEAR
from vst_desktop.gui.models.rows import SIGNALS
from vst_desktop.gui.models.table import RowModel
from vst_desktop.gui.panes.rules import RulePanel
from vst_desktop.gui.theme import Theme, font
from vst_desktop.gui.tokens import CAPTION_PX
from vst_desktop.gui.widgets.pane import Pane
from vst_desktop.gui.widgets.table import Table
from vst_desktop.station.view import ScanView, SignalRow, StationView

SCHEDULES = (5, 15, 30, 60)
_ARROW_PX = 18
_STAGES = {"bars": "Fetching bars", "scan": "Scanning", "chains": "Loading chains"}


class ScannerPane(Pane):
    """Signals; a click selects the symbol, a double click loads its chain."""

    chosen = Signal(str)
    load_wanted = Signal(str)
    scan_wanted = Signal()
    cancel_wanted = Signal()
    switch_wanted = Signal()
    schedule_wanted = Signal(float)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Scanner")
        self.model: RowModel[SignalRow] = RowModel(SIGNALS, lambda r: r.key)
        self.table = Table(theme, self.model, lambda r: r.key, "Signals")
        self.table.set_note("Starting the station…")
        self.table.chosen.connect(self._chosen)
        self.table.opened.connect(self._opened)
        self._button = QPushButton("Scan  F5")
        self._button.setFont(font(CAPTION_PX, 600))
        self._button.setAccessibleName("Scan")
        self._button.setEnabled(False)
        self._button.clicked.connect(self.press_button)
        self._running = False
        self.header.addWidget(self._button)
        self.schedule = ScheduleButton()
        self.schedule.wanted.connect(self.schedule_wanted)
        self.header.addWidget(self.schedule)
        self.rules = RulePanel(theme)
        self.rules.switch_wanted.connect(self.switch_wanted)
        self.near: RowModel[Explanation] = RowModel(NEAR, _near_key)
        self.near_table = Table(theme, self.near, _near_key, "Near misses")
        self.near_table.set_note("No symbol missed a signal by one condition and 5 %.")
        self.near_table.chosen.connect(self._near_chosen)
        for table, name in ((self.table, "Scanner"), (self.near_table, "Near misses")):
            self.own_table(table)
            self.add_tab(name, table)
        self._bar = QProgressBar()
        self._bar.setAccessibleName("Progress of the scan")
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(2)
        self._bar.hide()
        self.body.addWidget(self._bar)
        self.body.addWidget(self.rules)

    def show_view(self, view: StationView) -> None:
        """Show the scan of this view."""
        self.set_mode(str(view.strip.mode))
        scan = view.scan
        self._running = scan.progress is not None
        self._button.setEnabled(True)
        self._button.setText("Stop" if self._running else "Scan  F5")
        self._button.setToolTip(
            "Stop the scan; what it found so far stays (Shift+F5)"
            if self._running
            else "Scan the universe, load chains, propose candidates (F5)"
        )
        self.schedule.show_schedule(scan)
        text, tone = scan_state(scan)
        self.set_info(text, tone)
        if not scan.errors:
            self.info.tip = ""
        else:
            listed = "\n".join(f"{symbol}: {error}" for symbol, error in scan.errors[:30])
            more = len(scan.errors) - 30
            self.info.tip = listed + (f"\n… and {more} more" if more > 0 else "")
        self.model.set_rows(scan.rows)
        self.near.set_rows(scan.near_misses)
        self._bar.setVisible(self._running)
        if scan.progress is not None:
            done, total = scan.progress
            self._bar.setRange(0, max(total, 1))
            self._bar.setValue(done)
        self.rules.show_rules(scan.rules, self._running)
        self.table.set_note(
            "" if self._running else scan.note or "No scan yet. Press F5 to scan the universe."
        )
        self.table.select_key(self._key_of(view))

    def _key_of(self, view: StationView) -> str | None:
        current = self.table.current_row()
        if current is not None and current.symbol == view.selected_symbol:
            return current.key
        rows = (row.key for row in view.scan.rows if row.symbol == view.selected_symbol)
        return next(rows, None)

    def press_button(self) -> None:
        """Scan, or stop the running scan."""
        (self.cancel_wanted if self._running else self.scan_wanted).emit()

    def _chosen(self, key: str) -> None:
        self.chosen.emit(self._symbol(key))

    def _opened(self, key: str) -> None:
        self.load_wanted.emit(self._symbol(key))

    def _near_chosen(self, key: str) -> None:
        self.chosen.emit(key.partition(":")[0])

    def _symbol(self, key: str) -> str:
        place = self.model.position(key)
        row = self.model.row(place) if place is not None else None
        return row.symbol if row is not None else ""


class ScheduleButton(QToolButton):
    """How often the station scans by itself; a menu of the choices."""

    wanted = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self.setFont(font(CAPTION_PX, 600))
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self)
        self._choices = QActionGroup(menu)
        self._add(menu, "Only when asked", 0)
        for minutes in SCHEDULES:
            self._add(menu, f"Every {minutes} minutes of a session", minutes)
        self.setMenu(menu)
        self.show_schedule(None)

    def _add(self, menu: QMenu, text: str, minutes: float) -> None:
        action: QAction = menu.addAction(text)
        action.setCheckable(True)
        action.setData(minutes)
        action.triggered.connect(lambda _=False: self.wanted.emit(minutes))
        self._choices.addAction(action)

    def show_schedule(self, scan: ScanView | None) -> None:
        """Show what is set."""
        every = scan.every_minutes if scan is not None else 0
        self.setText(f"{every:g} min ▾" if every else "▾")
        self.setFixedWidth(self.sizeHint().width() if every else _ARROW_PX)
        told = "Scans when asked"
        if scan is not None and scan.next_look is not None:
            told = (
                f"Scans every {every:g} minutes of a session and when the entry window opens; "
                f"looks next at {fmt.clock(scan.next_look)}"
            )
        self.setToolTip(f"{told} (Ctrl+F5)")
        self.setAccessibleName("Scan schedule")
        for action in self._choices.actions():
            action.setChecked(action.data() == every)


def _near_key(row: Explanation) -> str:
    return f"{row.symbol}:{row.strategy}"


def scan_state(scan: ScanView) -> tuple[str, str]:
    """The scanner's header: progress while it runs, else what was done; and its tone."""
    if scan.progress is not None:
        done, total = scan.progress
        stage = _STAGES.get(scan.stage or "", "Scanning")
        return f"{stage} {done:,} / {total:,}", "accent"
    if scan.seconds is None:
        return "", "text2"
    time = (
        f"{fmt.number(scan.seconds * 1000, 0)} ms"
        if scan.seconds < 1
        else f"{fmt.number(scan.seconds, 1)} s"
    )
    parts = [f"{scan.scanned:,} in {time}"]
    if scan.slower:
        parts.append(scan.slower)
    if scan.errors:
        parts.append(f"{len(scan.errors)} error{'s' if len(scan.errors) > 1 else ''}")
    parts.append(f"chains {scan.chains_loaded}/{scan.chains_wanted}")
    return " · ".join(parts), "warn" if scan.slower else "text2"
