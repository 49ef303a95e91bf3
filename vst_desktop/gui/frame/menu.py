"""The menu of workspaces and panes."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from vst_desktop.gui.frame.frame import Frame
from vst_desktop.gui.frame.workspaces import WORKSPACES


class LayoutMenu(QMenu):
    """Workspaces with the shown one marked, panes with the shown ones marked, lock and reset.

    Args:
        parent: The window.
        frame: What it changes.
        actions: The window's actions by name.
    """

    def __init__(self, parent: QWidget, frame: Frame, actions: Mapping[str, QAction]) -> None:
        super().__init__(parent)
        self.setAccessibleName("Layout")
        for name in WORKSPACES:
            self._mark(actions[f"workspace_{name.lower()}"], name == frame.workspace)
        self.addSeparator()
        for dock in frame.docks.values():
            shown = dock.toggleViewAction()
            shown.setEnabled(not frame.locked)
            self.addAction(shown)
        self.addSeparator()
        self._mark(actions["lock_layout"], frame.locked)
        self.addAction(actions["reset_layout"])
        self.aboutToHide.connect(self.deleteLater)

    def _mark(self, action: QAction, on: bool) -> None:
        """The window's action under its name; it does not toggle by itself."""
        entry = self.addAction(action.text())
        entry.setShortcut(action.shortcut())
        entry.setCheckable(True)
        entry.setChecked(on)
        entry.triggered.connect(lambda _checked=False: action.trigger())
