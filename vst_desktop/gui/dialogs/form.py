"""Parts of the dialogs with a few fields: each by its name, with its answer beside it."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit

from vst_desktop.gui.theme import font, set_tone
from vst_desktop.gui.tokens import BODY_PX


def answer(tone: str = "text2") -> QLabel:
    """A line that what is typed is answered in."""
    label = QLabel()
    label.setFont(font(BODY_PX))
    set_tone(label, tone)
    return label


def field_grid(rows: Iterable[tuple[QLineEdit, QLabel]]) -> QGridLayout:
    """A field a row: its accessible name before it, its answer behind it."""
    grid = QGridLayout()
    grid.setHorizontalSpacing(12)
    grid.setVerticalSpacing(8)
    for place, (field, told) in enumerate(rows):
        name = QLabel(field.accessibleName())
        name.setFont(font(BODY_PX))
        name.setBuddy(field)
        grid.addWidget(name, place, 0)
        grid.addWidget(field, place, 1)
        grid.addWidget(told, place, 2)
    grid.setColumnStretch(2, 1)
    return grid
