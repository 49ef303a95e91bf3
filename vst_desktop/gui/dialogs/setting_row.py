"""One setting: its name, an editor after its type, what it means, its default, what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QToolButton,
    QWidget,
)

from vst_desktop.domain.errors import UserError
from vst_desktop.gui.theme import Theme, font, set_tone
from vst_desktop.gui.tokens import BODY_PX, CAPTION_PX
from vst_desktop.runtime.setting_fields import SettingField, checked
from vst_desktop.runtime.settings import Settings

_EDITOR_PX = 210


class SettingRow(QWidget):
    """``changed`` is emitted with every edit; ``error`` is empty while the value is a good one."""

    changed = Signal()

    def __init__(
        self, theme: Theme, field: SettingField, own: Mapping[str, Any], running: Settings
    ) -> None:
        super().__init__()
        self.field = field
        self.error = ""
        name = f"{field.group}.{field.key}"
        self._default = _text(field.default)
        self._before = _text(own[name]) if name in own else self._default
        self._was_own = name in own
        self._label = QLabel(name)
        self._label.setFont(font(BODY_PX, 600))
        self.editor = self._editor()
        self.editor.setAccessibleName(name)
        self.editor.setToolTip(f"{name}: {field.description or 'see the documentation'}")
        self.editor.setFixedWidth(_EDITOR_PX)
        self._says = QLabel()
        self._says.setFont(font(CAPTION_PX))
        self._says.setWordWrap(True)
        self._running = _text(getattr(getattr(running, field.group), field.key))
        self.undo = QToolButton()
        self.undo.setText("default")
        self.undo.setFont(font(CAPTION_PX))
        self.undo.setAccessibleName(f"Default of {name}")
        self.undo.setToolTip(f"Back to {self._default or 'nothing'}")
        held = self.undo.sizePolicy()
        held.setRetainSizeWhenHidden(True)
        self.undo.setSizePolicy(held)
        self.undo.clicked.connect(self.reset)
        self._label.setBuddy(self.editor)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 5, 0, 5)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(1)
        grid.addWidget(self._label, 0, 0)
        grid.addWidget(self.editor, 0, 1)
        grid.addWidget(self.undo, 0, 2)
        grid.addWidget(self._says, 1, 0, 1, 3)
        grid.setColumnStretch(0, 1)
        self._look()

    @property
    def text(self) -> str:
        """What stands in the editor."""
        if isinstance(self.editor, QCheckBox):
            return _text(self.editor.isChecked())
        if isinstance(self.editor, QComboBox):
            return self.editor.currentText()
        assert isinstance(self.editor, QLineEdit)
        return self.editor.text().strip()

    def set_text(self, text: str) -> None:
        """Put this in the editor."""
        if isinstance(self.editor, QCheckBox):
            self.editor.setChecked(text == "true")
        elif isinstance(self.editor, QComboBox):
            self.editor.setCurrentText(text)
        else:
            assert isinstance(self.editor, QLineEdit)
            self.editor.setText(text)

    @property
    def is_changed(self) -> bool:
        """Whether it is not what the file has."""
        return self.text != self._before

    @property
    def value(self) -> Any:
        """For the file: None where the default counts."""
        return None if self.text == self._default else checked(self.field, self.text)

    def reset(self) -> None:
        """The default."""
        self.set_text(self._default)

    def _editor(self) -> QWidget:
        choices = self.field.choices
        if isinstance(self.field.default, bool):
            box = QCheckBox()
            box.setChecked(self._before == "true")
            box.toggled.connect(lambda on: box.setText("on" if on else "off"))
            box.toggled.connect(self._look)
            box.setText("on" if box.isChecked() else "off")
            return box
        if choices:
            combo = QComboBox()
            combo.addItems(list(choices))
            combo.setCurrentText(self._before)
            combo.currentTextChanged.connect(self._look)
            return combo
        line = QLineEdit(self._before)
        line.textChanged.connect(self._look)
        return line

    def _look(self) -> None:
        try:
            if self.text != self._default:
                checked(self.field, self.text)
            self.error = ""
        except UserError as error:
            self.error = error.what
        about = [self.field.description, self.field.range, f"default {self._default or 'empty'}"]
        if self._running != self._before:
            about.append(f"this run uses {self._running}")
        self._says.setText(self.error or " · ".join(part for part in about if part))
        set_tone(self._says, "loss" if self.error else "text2")
        set_tone(self._label, "accent" if self.is_changed else "text")
        self.undo.setVisible(self.text != self._default)
        self.changed.emit()


def words_of(field: SettingField) -> str:
    """What a search looks in."""
    name = f"{field.group}.{field.key}"
    return f"{name} {name.replace('_', ' ')} {field.description}".lower()


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Mapping):
        return "; ".join(f"{_text(key)}: {_text(part)}" for key, part in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(str(part) for part in value)
    return "" if value is None else str(value)
