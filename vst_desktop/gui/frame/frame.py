"""Keeps the window's arrangement: workspaces, lock, place on the screen, columns of tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QByteArray, QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMainWindow

from vst_desktop.gui.frame import layout
from vst_desktop.gui.frame.docks import PaneDock
from vst_desktop.gui.frame.workspaces import WORKSPACES, arrange
from vst_desktop.gui.widgets.pane import Pane
from vst_desktop.gui.widgets.table import Table

SAVE_AFTER_MS = 2_000
_SEEN_PX = 80
_TITLE_PX = 40


class Frame(QObject):
    """Docks of a window and what is kept of them.

    Args:
        window: The window, whose place on the screen is kept.
        desk: Where the docks stand in it; it has no central widget.
        panes: By name, as the workspaces call them.
        path: Where the layout is kept; None keeps nothing (tests, pictures).
    """

    changed = Signal()
    """Another workspace, or locked or not."""

    def __init__(
        self,
        window: QMainWindow,
        desk: QMainWindow,
        panes: Mapping[str, Pane],
        path: Path | None = None,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._desk = desk
        self._path = path
        self._kept = layout.Layout() if path is None else layout.read(path)
        if self._kept.workspace not in WORKSPACES:
            self._kept.workspace = next(iter(WORKSPACES))
        self.docks = {
            name: PaneDock(name, pane, desk, self._kept.locked) for name, pane in panes.items()
        }
        self._save = QTimer(self, singleShot=True, interval=SAVE_AFTER_MS)
        self._save.timeout.connect(self.save)
        options = QMainWindow.DockOption
        desk.setDockOptions(options.AllowNestedDocks | options.AllowTabbedDocks)
        for dock in self.docks.values():
            for news in (dock.dockLocationChanged, dock.topLevelChanged, dock.visibilityChanged):
                news.connect(lambda _news: self.touch())
        self._tables = {
            f"{name}.{number}": table
            for name, pane in panes.items()
            for number, table in enumerate(pane.findChildren(Table))
        }
        for key, table in self._tables.items():
            table.choose_columns(self._kept.columns.get(key, {}))
            table.columns_changed.connect(self.touch)
        self._show(self._kept.workspace)
        if self._kept.geometry is not None:
            window.restoreGeometry(QByteArray(self._kept.geometry))
        self.bring_back()

    @property
    def workspace(self) -> str:
        """The workspace that is shown."""
        return self._kept.workspace

    @property
    def locked(self) -> bool:
        """Whether panes stay where they are."""
        return self._kept.locked

    def show_workspace(self, name: str) -> None:
        """Go to a workspace as the trader left it."""
        self._remember()
        self._show(name)
        self.touch()
        self.changed.emit()

    def lock(self, locked: bool) -> None:
        """Let panes be moved, or not."""
        self._kept.locked = locked
        for dock in self.docks.values():
            dock.lock(locked)
        self.touch()
        self.changed.emit()

    def reset(self) -> None:
        """Every workspace and every table as they come."""
        self._kept = replace(self._kept, states={}, columns={}, locked=True)
        for table in self._tables.values():
            table.choose_columns({})
        arrange(self._desk, self.docks, self.workspace)
        self.lock(True)

    def bring_up(self, name: str) -> None:
        """Show a pane that is hidden, or stands behind another."""
        dock = self.docks[name]
        dock.show()
        dock.raise_()

    def touch(self) -> None:
        """Something moved: keep it in a while."""
        if self._path is not None:
            self._save.start()

    def save(self) -> None:
        """Keep it now."""
        self._save.stop()
        if self._path is None:
            return
        self._remember()
        layout.write(self._path, self._kept)

    def bring_back(self) -> None:
        """Move the window onto a screen, when the one it was on has gone."""
        frame = self._window.frameGeometry()
        screens = [screen.availableGeometry() for screen in QGuiApplication.screens()]
        parts = (frame.intersected(screen) for screen in screens)
        if screens and not any(p.width() >= _SEEN_PX and p.height() >= _SEEN_PX for p in parts):
            room = screens[0]
            self._window.resize(self._window.size().boundedTo(room.size()))
            self._window.move(room.center() - self._window.rect().center())

    def fit_screen(self) -> None:
        """No larger than its screen with a title bar: nothing to press lies beyond its edges."""
        screen = self._window.screen().availableGeometry()
        room = screen.adjusted(0, _TITLE_PX, 0, 0)
        size = self._window.size().boundedTo(room.size())
        if size != self._window.size():
            self._window.resize(size)
            self._window.move(screen.topLeft())

    def _remember(self) -> None:
        kept = self._kept
        kept.states[kept.workspace] = bytes(self._desk.saveState(layout.VERSION).data())
        kept.geometry = bytes(self._window.saveGeometry().data())
        kept.columns = {key: table.choice for key, table in self._tables.items() if table.choice}

    def _show(self, name: str) -> None:
        self._kept.workspace = name
        arrange(self._desk, self.docks, name)
        state = self._kept.states.get(name)
        if state is None:
            return
        restored = self._desk.restoreState(QByteArray(state), layout.VERSION)
        if not restored or all(dock.isHidden() for dock in self.docks.values()):
            arrange(self._desk, self.docks, name)
