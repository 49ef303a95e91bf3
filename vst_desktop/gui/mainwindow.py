"""The window: panes in their places, the view to each of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import monotonic

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QMoveEvent, QResizeEvent
from PySide6.QtWidgets import QMainWindow, QMessageBox, QVBoxLayout, QWidget

from vst_desktop.gui.bridge import Bridge
from vst_desktop.gui.commands import Commands
from vst_desktop.gui.dialogs.crash import CrashDialog, place_of, report_of
from vst_desktop.gui.frame.frame import Frame
from vst_desktop.gui.frame.leaving import what_stays
from vst_desktop.gui.gate import ApprovalGate
from vst_desktop.gui.panes.alerts import AlertsPane
from vst_desktop.gui.panes.book import BookPane
from vst_desktop.gui.panes.candidates import CandidatesPane
from vst_desktop.gui.panes.chart import ChartPane
from vst_desktop.gui.panes.lab import LabPane
from vst_desktop.gui.panes.scanner import ScannerPane
from vst_desktop.gui.panes.ticket import TicketPane
from vst_desktop.gui.strip import Strip
from vst_desktop.gui.theme import Theme
from vst_desktop.gui.tokens import GAP_PX, STRIP_PX
from vst_desktop.gui.widgets.banner import Banner
from vst_desktop.gui.widgets.pane import Pane
from vst_desktop.station.view import StationView

TITLE = "Vertical Spread Trader Station"


class MainWindow(QMainWindow):
    """The one window. ``closed`` is emitted once, when the trader leaves."""

    closed = Signal()

    def __init__(
        self,
        theme: Theme,
        bridge: Bridge,
        *,
        now: Callable[[], float] = monotonic,
        layout: Path | None = None,
    ) -> None:
        super().__init__()
        self.theme = theme
        self.bridge = bridge
        self.view: StationView | None = None
        self._leaving = False
        self.strip = Strip(theme)
        self.banner = Banner()
        self.scanner = ScannerPane(theme)
        self.alerts = AlertsPane(theme)
        self.candidates = CandidatesPane(theme)
        self.chart = ChartPane(theme)
        self.book = BookPane(theme)
        self.lab = LabPane(theme)
        self.ticket = TicketPane(theme, ApprovalGate(now))
        # Docks that may not shrink would lie over each other in a small window.
        for narrow, panes in (
            (308, (self.scanner, self.alerts)),
            (316, (self.ticket,)),
            (420, (self.candidates, self.chart, self.book)),
        ):
            for pane in panes:
                pane.setMinimumWidth(narrow)
        self.desk = QMainWindow()
        self.desk.setWindowFlags(Qt.WindowType.Widget)
        self.setCentralWidget(self._lay_out())
        self.setMinimumSize(1024, 640)
        self.resize(1600, 1000)
        self.frame = Frame(self, self.desk, self._panes(), layout)
        self.setWindowTitle(TITLE)
        self.commands = Commands(self)
        bridge.view_changed.connect(self.show_view)
        bridge.failed.connect(self.show_failure)
        bridge.cleared.connect(self._clear_failure)
        bridge.crashed.connect(self._show_crash)
        self._crashes: set[str] = set()
        self.scanner.table.setFocus()

    def _lay_out(self) -> QWidget:
        """The strip over the whole width, the window's own banner, and the docks."""
        root = QWidget()
        layout = QVBoxLayout(root)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.strip.setMinimumHeight(STRIP_PX + 2)
        panes = QVBoxLayout()
        panes.setContentsMargins(GAP_PX, GAP_PX, GAP_PX, GAP_PX)
        panes.setSpacing(GAP_PX)
        panes.addWidget(self.banner)
        panes.addWidget(self.desk, 1)
        layout.addWidget(self.strip)
        layout.addLayout(panes, 1)
        return root

    # -- showing

    def show_view(self, view: StationView) -> None:
        """Show this snapshot everywhere; panes change only what differs."""
        self.view = view
        strip = view.strip
        account = f" {strip.account}" if strip.account else ""
        note = f" ({strip.market_note})" if strip.market_note else ""
        self.setWindowTitle(f"{strip.mode}{account}{note} – {TITLE}")
        self.strip.show_strip(strip)
        for pane in self._panes().values():
            pane.show_view(view)

    def _panes(self) -> dict[str, Pane]:
        return {
            "scanner": self.scanner,
            "candidates": self.candidates,
            "chart": self.chart,
            "ticket": self.ticket,
            "book": self.book,
            "alerts": self.alerts,
            "lab": self.lab,
        }

    def show_failure(self, pane: str, text: str) -> None:
        """Show a sentence as a banner in the pane it belongs to."""
        self.banner_of(pane).tell(text)

    def banner_of(self, pane: str) -> Banner:
        """The banner of a pane by its name; the window's own for every other name."""
        found = self._panes().get(pane)
        return found.banner if found is not None else self.banner

    def _show_crash(self, what: str, error: BaseException) -> None:
        """The report of an unexpected error, the first time that it happens."""
        place = place_of(error)
        if place not in self._crashes:
            self._crashes.add(place)
            CrashDialog(self, report_of(what, error)).show()

    def _clear_failure(self, pane: str) -> None:
        self.banner_of(pane).dismiss()

    # -- leaving

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask first, when something stays alive or does not happen."""
        stays = what_stays(self.view) if self.view is not None else ()
        if self._leaving or not stays:
            self._leaving = True
            self.lab.stop()
            self.frame.save()
            event.accept()
            self.closed.emit()
            return
        event.ignore()
        box = QMessageBox(self)
        box.setWindowTitle("Leave the station?")
        box.setText("Leave the station?")
        box.setInformativeText("\n\n".join(stays))
        leave = box.addButton("Leave", QMessageBox.ButtonRole.AcceptRole)
        stay = box.addButton("Stay", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(stay)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        leave.clicked.connect(self.leave)
        box.open()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another size is kept."""
        super().resizeEvent(event)
        self.frame.touch()

    def moveEvent(self, event: QMoveEvent) -> None:
        """Another place is kept."""
        super().moveEvent(event)
        self.frame.touch()

    def bring_to_front(self) -> None:
        """Show it, above the others."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    def leave(self) -> None:
        """Close without a question."""
        self._leaving = True
        self.close()
