"""The lab's pane; what stands in it is made when it is first shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QShowEvent

from vst_desktop.gui.theme import Theme
from vst_desktop.gui.widgets.pane import Pane
from vst_desktop.station.view import StationView

if TYPE_CHECKING:
    from vst_desktop.gui.panes.lab_view import LabView


class LabPane(Pane):
    """Plays history; it shows nothing of the station and sends it nothing."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Lab")
        self.set_info("BACKTEST: no orders")
        self.view: LabView | None = None

    def show_view(self, view: StationView) -> None:
        """History does not change with the station."""

    def showEvent(self, event: QShowEvent) -> None:
        """A chart more would keep the window from standing at once."""
        if self.view is None:
            from vst_desktop.gui.panes.lab_view import LabView

            self.view = LabView(self.theme, self.banner)
            self.own_table(self.view.table)
            self.set_mode("BACKTEST")
            self.body.addWidget(self.view, 1)
        super().showEvent(event)

    def stop(self) -> None:
        """End a run that is under way."""
        if self.view is not None:
            self.view.stop()
