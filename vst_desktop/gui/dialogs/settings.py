"""The settings dialog, made from the settings model: search, validation, reset."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from vst_desktop.gui.dialogs.setting_row import SettingRow, words_of
from vst_desktop.gui.theme import Theme, font, set_tone
from vst_desktop.gui.tokens import BODY_PX, CAPTION_PX
from vst_desktop.gui.widgets.banner import Banner
from vst_desktop.runtime.setting_fields import setting_fields
from vst_desktop.runtime.settings import Settings

MOST_SHOWN = 40
_GROUP_PX = 26


class SettingsDialog(QDialog):
    """Every key of the settings with its value in the trader's file, its default and its range.

    Args:
        parent: The window.
        theme: Colours.
        own: What the file sets, by ``group.key``.
        running: The settings of this run, which environment and command line may have changed.
        save: Called with what changed, by ``group.key``; None takes a key out of the file.
    """

    def __init__(
        self,
        parent: QWidget,
        theme: Theme,
        own: Mapping[str, Any],
        running: Settings,
        save: Callable[[dict[str, Any]], None],
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(860, 640)
        self._save = save
        self._make = partial(SettingRow, theme, own=own, running=running)
        self._own = own
        self._fields = {f"{one.group}.{one.key}": one for one in setting_fields()}
        self.rows: dict[str, SettingRow] = {}
        """Those that were shown so far: making all at once would hold the window up."""
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search settings")
        self.search.setAccessibleName("Search settings")
        self.search.setClearButtonEnabled(True)
        self.groups = QListWidget()
        self.groups.setAccessibleName("Groups of settings")
        self.groups.setFixedWidth(160)
        self.groups.addItems(list(dict.fromkeys(one.group for one in setting_fields())))
        for number in range(self.groups.count()):
            self.groups.item(number).setSizeHint(QSize(0, _GROUP_PX))
        self.groups.setCurrentRow(0)
        self.banner = Banner()
        self.note = QLabel()
        self.note.setFont(font(CAPTION_PX))
        set_tone(self.note, "text2")
        self.reset_all = QPushButton("Defaults for all")
        self.reset_all.setToolTip("Every setting as it comes; nothing is written until Save")
        self.save_button = QPushButton("Save")
        self.save_button.setToolTip("Write the settings file; it counts from the next start on")
        cancel = QPushButton("Cancel")
        cancel.setToolTip("Change nothing")
        self.save_button.setDefault(True)
        self._lay_out(cancel)
        self.search.textChanged.connect(self._filter)
        self.groups.currentTextChanged.connect(self._filter)
        self.reset_all.clicked.connect(self._reset_all)
        self.save_button.clicked.connect(self._press_save)
        cancel.clicked.connect(self.reject)
        self._filter()
        self._tell()
        self.search.setFocus()

    def _lay_out(self, cancel: QPushButton) -> None:
        body = QWidget()
        body.setObjectName("scrollBody")
        self._column = QVBoxLayout(body)
        self._column.setContentsMargins(12, 4, 16, 12)
        self._column.setSpacing(0)
        self._more = QLabel()
        self._more.setFont(font(CAPTION_PX))
        set_tone(self._more, "text2")
        self._column.addWidget(self._more)
        self._column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(body)
        middle = QHBoxLayout()
        middle.setSpacing(12)
        middle.addWidget(self.groups)
        middle.addWidget(area, 1)
        below = QHBoxLayout()
        below.addWidget(self.reset_all)
        below.addWidget(self.note, 1)
        below.addWidget(cancel)
        below.addWidget(self.save_button)
        for button in (self.reset_all, cancel, self.save_button):
            button.setFont(font(BODY_PX, 500))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(16, 16, 16, 16)
        outer.setSpacing(10)
        outer.addWidget(self.search)
        outer.addWidget(self.banner)
        outer.addLayout(middle, 1)
        outer.addLayout(below)

    def changes(self) -> dict[str, Any]:
        """What Save would write."""
        return {
            name: self.rows[name].value
            for name in self._fields
            if name in self.rows and self.rows[name].is_changed and not self.rows[name].error
        }

    def row(self, name: str) -> SettingRow:
        """The row of a key, made when it is first wanted."""
        if name not in self.rows:
            row = self._make(self._fields[name])
            row.hide()
            before = list(self._fields)[: list(self._fields).index(name)]
            self._column.insertWidget(sum(one in self.rows for one in before), row)
            self.rows[name] = row
            row.changed.connect(self._tell)
        return self.rows[name]

    def failed(self, sentence: str) -> None:
        """Saving was refused: everything typed stays."""
        self.banner.tell(sentence)

    def _filter(self) -> None:
        """The group's settings, or those of all groups in which every word stands."""
        words = self.search.text().lower().split()
        item = self.groups.currentItem()
        group = item.text() if item is not None else ""
        wanted = [
            name
            for name, field in self._fields.items()
            if (all(word in words_of(field) for word in words) if words else field.group == group)
        ]
        for name in set(self.rows) - set(wanted[:MOST_SHOWN]):
            self.rows[name].hide()
        for name in wanted[:MOST_SHOWN]:
            self.row(name).show()
        more = len(wanted) - MOST_SHOWN
        self._more.setText(f"and {more} more: add a word" if more > 0 else "")

    def _tell(self) -> None:
        count = len(self.changes())
        wrong = [name for name, row in self.rows.items() if row.error]
        self.save_button.setEnabled(bool(count) and not wrong)
        if wrong:
            self.note.setText(f"Correct {', '.join(wrong[:3])} first.")
        elif count:
            plural = "s" if count > 1 else ""
            self.note.setText(f"{count} change{plural}; they count from the next start on.")
        else:
            self.note.setText("")

    def _reset_all(self) -> None:
        for name in (*self._own, *self.rows):
            if name in self._fields:
                self.row(name).reset()

    def _press_save(self) -> None:
        self._save(self.changes())
