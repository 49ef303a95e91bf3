"""The story of one order, as ``vst replay --order`` tells it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QPushButton,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from vst_desktop.gui import format as fmt
from vst_desktop.gui.theme import Theme, font
from vst_desktop.gui.tokens import BODY_PX
from vst_desktop.station.journal_view import StoryLine


class StoryDialog(QDialog):
    """Lines under the entry's and each exit's reference, oldest first."""

    def __init__(self, parent: QWidget, theme: Theme, ref: str, lines: Sequence[StoryLine]) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Story of {ref}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(900, 560)
        self._lines = tuple(lines)
        self.page = QTextBrowser()
        self.page.setAccessibleName("Story of the order")
        self.page.setFont(font(BODY_PX))
        self.page.setHtml(_html(self._lines, theme))
        copy, close = QPushButton("Copy"), QPushButton("Close")
        copy.setToolTip("Copy the story as text")
        close.setToolTip("Close this (Escape)")
        close.setDefault(True)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text()))
        close.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.addWidget(copy)
        buttons.addStretch(1)
        buttons.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(10)
        layout.addWidget(self.page, 1)
        layout.addLayout(buttons)

    def text(self) -> str:
        """The story as plain text."""
        told = []
        for order, lines in itertools.groupby(self._lines, key=lambda line: line.order):
            told.append(order)
            told += [f"  {_day(line)} {_clock(line)} ET  {line.text}" for line in lines]
        return "\n".join(told)


def _html(lines: Sequence[StoryLine], theme: Theme) -> str:
    """A table: day, time, what; a heading where another order goes on."""
    dim, rows = theme.tokens.text2, []
    for order, of_order in itertools.groupby(lines, key=lambda line: line.order):
        rows.append(f'<tr><td colspan="2"><p><b>{escape(order)}</b></p></td></tr>')
        day = ""
        for line in of_order:
            shown = "" if day == _day(line) else f"{_day(line)} "
            day = _day(line)
            rows.append(
                f'<tr><td style="color:{dim};padding:2px 14px 2px 8px;white-space:pre" '
                f'align="right">{shown}{_clock(line)}</td>'
                f'<td style="padding:2px 0">{escape(line.text)}</td></tr>'
            )
    return f"<table width='100%'>{''.join(rows)}</table>"


def _day(line: StoryLine) -> str:
    return fmt.day_year(fmt.eastern(line.time).date())


def _clock(line: StoryLine) -> str:
    return f"{fmt.clock(line.time)}.{line.time.microsecond // 1000:03d}"
