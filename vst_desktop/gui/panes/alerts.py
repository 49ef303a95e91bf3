"""The alerts pane: what the station has to say."""

from __future__ import annotations

from PySide6.QtCore import Signal

from vst_desktop.gui.models.rows import ALERTS, alert_key
from vst_desktop.gui.models.table import RowModel
from vst_desktop.gui.theme import Theme
from vst_desktop.gui.widgets.pane import Pane
from vst_desktop.gui.widgets.table import Table
from vst_desktop.station.view import AlertRow, StationView


class AlertsPane(Pane):
    """Alerts, newest first; a click selects the alert's symbol."""

    chosen = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Alerts")
        self.model: RowModel[AlertRow] = RowModel(ALERTS, alert_key)
        self.table = Table(theme, self.model, alert_key, "Alerts")
        self.table.chosen.connect(self._chosen)
        self.own_table(self.table)
        self.body.addWidget(self.table, 1)

    def show_view(self, view: StationView) -> None:
        """Show the alerts of this view."""
        self.set_mode(str(view.strip.mode))
        unread = view.unread_alerts
        self.set_info(f"{unread} new" if unread else "", "warn")
        self.model.set_rows(view.alerts)
        self.table.set_note("No alerts. Trades, warnings and failures are told here.")

    def _chosen(self, key: str) -> None:
        place = self.model.position(key)
        row = self.model.row(place) if place is not None else None
        if row is not None and row.symbol is not None:
            self.chosen.emit(row.symbol)
