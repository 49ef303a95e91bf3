"""What the station has to say: alerts, how fast it works, its log."""

from __future__ import annotations

import logging

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QVBoxLayout, QWidget

from vst_desktop.domain.alerts import Severity
from vst_desktop.gui.models.detail_rows import LOG, PERFORMANCE, LogRow
from vst_desktop.gui.models.log_tail import LogTail
from vst_desktop.gui.models.rows import ALERTS, alert_key
from vst_desktop.gui.models.table import RowModel
from vst_desktop.gui.stillness import Stillness
from vst_desktop.gui.theme import Theme, font
from vst_desktop.gui.tokens import CAPTION_PX
from vst_desktop.gui.widgets.pane import Pane
from vst_desktop.gui.widgets.table import Table
from vst_desktop.station.desk_view import PerformanceRow
from vst_desktop.station.view import AlertRow, StationView

ALERTS_TAB, PERFORMANCE_TAB, LOG_TAB = 0, 1, 2


class AlertsPane(Pane):
    """Alerts, newest first; a click selects the alert's symbol, a double click marks it read.
    Identical ones are folded."""

    chosen = Signal(str)
    acknowledge_wanted = Signal()
    read_wanted = Signal(int)
    test_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Alerts")
        self._view: StationView | None = None
        self._least = Severity.INFO
        self.model: RowModel[AlertRow] = RowModel(ALERTS, alert_key)
        self.table = Table(theme, self.model, alert_key, "Alerts")
        self.table.chosen.connect(self._chosen)
        self.table.opened.connect(self._opened)
        self.performance: RowModel[PerformanceRow] = RowModel(PERFORMANCE, lambda r: r.name)
        self.performance_table = Table(theme, self.performance, lambda r: r.name, "Performance")
        self.performance_table.set_note("Measured with the first scan and the first order.")
        self.log: RowModel[LogRow] = RowModel(LOG, lambda r: str(r.number))
        self.log_table = Table(theme, self.log, lambda r: str(r.number), "Log")
        self.log_table.set_note("Nothing was logged since the window opened.")
        self.stillness = Stillness()
        self._tail = LogTail()
        logging.getLogger("vst_desktop").addHandler(self._tail)
        self.destroyed.connect(_leave_log(self._tail))
        self._tools = QHBoxLayout()
        self._tools.setContentsMargins(8, 4, 8, 0)
        self.own_table(self.table)
        self.add_tab("Alerts", self._alerts_page())
        for table in (self.performance_table, self.log_table):
            self.own_table(table)
            self.add_tab(table.accessibleName(), table)
        self._filter = self._button("All ▾", "Show alerts from this level up")
        self._filter.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._filter.setMenu(self._levels())
        self._seen = self._button(
            "Read", "Mark all alerts as read (Ctrl+J); a double click or Ctrl+Shift+J marks one"
        )
        self._seen.clicked.connect(self.acknowledge_wanted)
        self._test = self._button("Test", "Send a test message to every alert channel")
        self._test.clicked.connect(self.test_wanted)
        self._tools.addStretch(1)
        self.tab_changed.connect(self._tab_shown)

    def show_view(self, view: StationView) -> None:
        """Show the alerts of this view."""
        self.set_mode(str(view.strip.mode))
        self._view = view
        unread = view.unread_alerts
        self.set_info(f"{unread} new" if unread else "", "warn")
        self._seen.setEnabled(bool(unread))
        self._show_alerts()
        self.performance.set_rows((*view.performance, self.stillness.row()))
        if self.tab == LOG_TAB:
            self.log.set_rows(self._tail.rows())

    def show_from(self, least: Severity) -> None:
        """Show alerts of this level and above."""
        self._least = least
        text = "All ▾" if least is Severity.INFO else f"{least} + ▾"
        self._filter.setText(text)
        self._filter.setAccessibleName(text)
        self._show_alerts()

    def _show_alerts(self) -> None:
        if self._view is None:
            return
        levels = tuple(Severity)
        least = levels.index(self._least)
        rows = self._view.alerts
        if least:
            rows = tuple(row for row in rows if levels.index(row.severity) >= least)
        self.model.set_rows(rows)
        hidden = len(self._view.alerts) - len(rows)
        self.table.set_note(
            f"{hidden} alerts below {self._least} are hidden."
            if hidden
            else "No alerts. Trades, warnings and failures are told here."
        )

    def _alerts_page(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self._tools)
        layout.addWidget(self.table, 1)
        return page

    def _levels(self) -> QMenu:
        menu = QMenu(self)
        for severity in Severity:
            name = "All levels" if severity is Severity.INFO else f"{severity} and up"
            menu.addAction(name).triggered.connect(
                lambda _=False, least=severity: self.show_from(least)
            )
        return menu

    def _button(self, text: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(text)
        button.setFont(font(CAPTION_PX, 600))
        self._tools.addWidget(button)
        return button

    def _tab_shown(self, number: int) -> None:
        if number == LOG_TAB:
            self.log.set_rows(self._tail.rows())

    def _chosen(self, key: str) -> None:
        row = self._row(key)
        if row is not None and row.symbol is not None:
            self.chosen.emit(row.symbol)

    def read_selected(self) -> None:
        """Mark the selected alert read."""
        self._mark(self.table.current_row())

    def _opened(self, key: str) -> None:
        self._mark(self._row(key))

    def _mark(self, row: AlertRow | None) -> None:
        if row is not None and not row.read:
            self.read_wanted.emit(row.number)

    def _row(self, key: str) -> AlertRow | None:
        place = self.model.position(key)
        return self.model.row(place) if place is not None else None


def _leave_log(tail: LogTail):  # type: ignore[no-untyped-def]
    return lambda: logging.getLogger("vst_desktop").removeHandler(tail)
