"""What every step of the wizard has: a heading, settings, a place for what went wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QAbstractButton, QLabel, QVBoxLayout, QWizardPage

from vst_desktop.gui.dialogs.setting_row import SettingRow
from vst_desktop.gui.theme import font, set_tone
from vst_desktop.gui.tokens import BODY_PX, CAPTION_PX, FIGURE_PX
from vst_desktop.gui.widgets.banner import Banner
from vst_desktop.runtime.setting_fields import SettingField, setting_fields

MakeRow = Callable[[SettingField], SettingRow]


class WizardPage(QWizardPage):
    """A step. One may go on while none of its settings is wrong."""

    def __init__(self, title: str, about: str) -> None:
        super().__init__()
        self.setAccessibleName(title)
        self.rows: dict[str, SettingRow] = {}
        self.banner = Banner()
        heading = QLabel(title)
        heading.setFont(font(FIGURE_PX + 4, 600))
        self.column = QVBoxLayout(self)
        self.column.setSpacing(8)
        self.column.addWidget(heading)
        self.column.addWidget(note(about))
        self.column.addWidget(self.banner)

    def add_rows(self, make: MakeRow, *names: str) -> None:
        """Editors of these settings."""
        fields = {f"{one.group}.{one.key}": one for one in setting_fields()}
        for name in names:
            row = make(fields[name])
            row.changed.connect(self.completeChanged)
            self.rows[name] = row
            self.column.addWidget(row)

    def changes(self) -> dict[str, Any]:
        """What this step would write, by ``group.key``."""
        return {
            name: row.value for name, row in self.rows.items() if row.is_changed and not row.error
        }

    def isComplete(self) -> bool:
        """Nothing is wrong."""
        return not any(row.error for row in self.rows.values())


def note(text: str, tone: str = "text2") -> QLabel:
    """A paragraph that can be selected."""
    label = QLabel(text)
    label.setFont(font(BODY_PX if tone == "text" else CAPTION_PX))
    label.setWordWrap(True)
    set_tone(label, tone)
    return label


def named(button: QAbstractButton, name: str, tip: str) -> None:
    """What the button is called, and what it does."""
    button.setAccessibleName(name)
    button.setToolTip(tip)
