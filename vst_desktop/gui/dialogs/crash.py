"""What to do with an unexpected error: read the report, copy or save it, go on."""

from __future__ import annotations

import platform
import traceback
from importlib import metadata
from pathlib import Path

from PySide6.QtCore import Qt, qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from vst_desktop.gui.theme import font
from vst_desktop.gui.tokens import BODY_PX, CAPTION_PX
from vst_desktop.runtime.redaction import REDACTOR


def place_of(error: BaseException) -> str:
    """Type and innermost place: errors that share both are one group."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__} {where}"


def report_of(what: str, error: BaseException) -> str:
    """The report as text, without secrets: what, versions, traceback."""
    lines = traceback.format_exception(error)
    return REDACTOR.text(
        f"Unexpected error in {what}\n"
        f"vst-desktop {metadata.version('vst-desktop')}, Python {platform.python_version()}, "
        f"Qt {qVersion()}, {platform.platform()}\n\n{''.join(lines)}"
    )


class CrashDialog(QDialog):
    """Shows the report as it would be sent on. Nothing is sent by itself.

    Args:
        parent: The window.
        report: What ``report_of`` gave.
    """

    def __init__(self, parent: QWidget, report: str) -> None:
        super().__init__(parent)
        self.setWindowTitle("Unexpected error")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(720, 460)
        said = QLabel(
            "Something in the station failed that should not have. It goes on: orders, exits and "
            "the journal are not part of the window. Compare your positions with TWS, and pass "
            "this report on."
        )
        said.setWordWrap(True)
        said.setFont(font(BODY_PX))
        self.report = QPlainTextEdit(report)
        self.report.setReadOnly(True)
        self.report.setAccessibleName("Error report")
        self.report.setFont(font(CAPTION_PX))
        self.copy = QPushButton("Copy")
        self.copy.setToolTip("Copy the report")
        self.save = QPushButton("Save…")
        self.save.setToolTip("Save the report as a text file")
        close = QPushButton("Go on")
        close.setToolTip("Close this; the same error is not shown again")
        close.setDefault(True)
        buttons = QHBoxLayout()
        buttons.addWidget(self.copy)
        buttons.addWidget(self.save)
        buttons.addStretch(1)
        buttons.addWidget(close)
        for button in (self.copy, self.save, close):
            button.setFont(font(BODY_PX, 500))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(16, 16, 16, 16)
        outer.setSpacing(10)
        outer.addWidget(said)
        outer.addWidget(self.report, 1)
        outer.addLayout(buttons)
        self.copy.clicked.connect(self._copy)
        self.save.clicked.connect(self._ask_file)
        close.clicked.connect(self.accept)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.report.toPlainText())

    def _ask_file(self) -> None:
        dialog = QFileDialog(self, "Save the report", "", "Text (*.txt)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("txt")
        dialog.fileSelected.connect(self.save_to)
        dialog.open()

    def save_to(self, path: str) -> None:
        """Write the report; a file that cannot be written is told in the title."""
        try:
            Path(path).write_text(self.report.toPlainText(), encoding="utf-8")
        except OSError as error:
            self.setWindowTitle(f"Unexpected error: not saved ({error.strerror})")
        else:
            self.setWindowTitle(f"Unexpected error: saved as {Path(path).name}")
