"""The sheet of shortcuts and the command palette."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from vst_desktop.gui.theme import font, set_tone
from vst_desktop.gui.tokens import BODY_PX


def _keys(action: QAction) -> str:
    return action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)


class ShortcutSheet(QDialog):
    """All commands with their keys; Escape closes it."""

    def __init__(self, parent: QWidget, actions: Mapping[str, QAction]) -> None:
        super().__init__(parent)
        self.setWindowTitle("Shortcuts")
        grid = QGridLayout(self)
        grid.setContentsMargins(20, 16, 20, 16)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(7)
        half = (len(actions) + 1) // 2
        for number, action in enumerate(actions.values()):
            column, row = divmod(number, half)
            keys, name = QLabel(_keys(action)), QLabel(action.text().rstrip("…"))
            keys.setFont(font(BODY_PX, 600))
            name.setToolTip(action.toolTip())
            set_tone(name, "text2")
            grid.addWidget(keys, row, 2 * column)
            grid.addWidget(name, row, 2 * column + 1)


class Palette(QDialog):
    """Type a part of a command's name, Enter runs it.

    Approving is not offered: it belongs to its own key and button, next to what it buys.
    """

    WITHOUT = ("approve", "palette")

    def __init__(self, parent: QWidget, actions: Mapping[str, QAction]) -> None:
        super().__init__(parent)
        self.setWindowTitle("Commands")
        self.setMinimumSize(420, 360)
        self._actions = [a for name, a in actions.items() if name not in self.WITHOUT]
        self._entry = QLineEdit()
        self._entry.setPlaceholderText("Command")
        self._entry.setAccessibleName("Command")
        self._list = QListWidget()
        self._list.setAccessibleName("Commands")
        layout = QVBoxLayout(self)
        layout.addWidget(self._entry)
        layout.addWidget(self._list)
        self._entry.textChanged.connect(self._filter)
        self._entry.installEventFilter(self)
        self._entry.returnPressed.connect(self._run)
        self._list.itemClicked.connect(self._run)
        self._filter("")

    def _filter(self, text: str) -> None:
        self._list.clear()
        for action in self._actions:
            if text.lower() in action.text().lower():
                item = QListWidgetItem(f"{action.text()}    {_keys(action)}")
                item.setData(Qt.ItemDataRole.UserRole, action)
                item.setToolTip(action.toolTip())
                self._list.addItem(item)
        self._list.setCurrentRow(0)

    def _run(self) -> None:
        if not self._list.count():
            return
        item = self._list.currentItem()
        action: QAction = item.data(Qt.ItemDataRole.UserRole)
        self.accept()
        action.trigger()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up and down move in the list while typing."""
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            step = {int(Qt.Key.Key_Up): -1, int(Qt.Key.Key_Down): 1}.get(event.key(), 0)
            if step:
                row = self._list.currentRow() + step
                self._list.setCurrentRow(max(0, min(self._list.count() - 1, row)))
                return True
        return super().eventFilter(watched, event)
