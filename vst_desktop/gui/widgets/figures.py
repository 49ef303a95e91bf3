"""Rows of a caption and its figure, in one or two columns; and the plan's bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from vst_desktop.gui.theme import Theme, font, set_tone
from vst_desktop.gui.tokens import BODY_PX, CAPTION_PX
from vst_desktop.gui.widgets.pane import Elided
from vst_desktop.station.view import Figure

FIGURE_ROW_PX = 19
PLAN_ROW_PX = 22


class FigureGrid(QWidget):
    """Captions at the left, figures right-aligned; reuses its labels between tickets."""

    def __init__(self, columns: int) -> None:
        super().__init__()
        self._columns = columns
        self._labels: list[tuple[Elided, QLabel]] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(0)
        for column in range(columns):
            self._grid.setColumnStretch(3 * column, 1)
            if column:
                self._grid.setColumnMinimumWidth(3 * column - 1, 6)

    def set_figures(self, figures: Sequence[Figure]) -> None:
        """Show these, row by row."""
        while len(self._labels) < len(figures):
            self._add()
        for number, (caption, value) in enumerate(self._labels):
            shown = number < len(figures)
            caption.setVisible(shown)
            value.setVisible(shown)
            if shown:
                caption.setText(figures[number].caption)
                value.setText(figures[number].value)

    def _add(self) -> None:
        number = len(self._labels)
        row, column = divmod(number, self._columns)
        caption, value = Elided(), QLabel()
        caption.setFont(font(BODY_PX))
        caption.setFixedHeight(FIGURE_ROW_PX)
        value.setFont(font(BODY_PX, 500))
        value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._grid.addWidget(caption, row, 3 * column)
        self._grid.addWidget(value, row, 3 * column + 1)
        self._labels.append((caption, value))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLine:
    """One way the plan can end. ``share`` 0..1 is the length of its bar."""

    head: str
    share: float
    label: str
    value: str
    tone: str


class PlanBars(QWidget):
    """How the plan can end: a bar, where, and what it gives."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._lines: tuple[PlanLine, ...] = ()
        self.setAccessibleName("Plan")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def set_lines(self, lines: Sequence[PlanLine]) -> None:
        """Show these endings."""
        self._lines = tuple(lines)
        self.setAccessibleDescription("; ".join(f"{x.head} {x.label} {x.value}" for x in lines))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """A row a line."""
        return QSize(200, PLAN_ROW_PX * max(1, len(self._lines)))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Head, bar, label, value."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        wide = self.width()
        head, value = 52, 70
        metrics = QFontMetrics(font(BODY_PX))
        longest = max((metrics.horizontalAdvance(line.label) for line in self._lines), default=0)
        label = min(longest + 12, wide - head - value - 24)
        bar = wide - head - value - label
        middle = Qt.AlignmentFlag.AlignVCenter
        for number, line in enumerate(self._lines):
            top = number * PLAN_ROW_PX
            colour = self._theme.colour(line.tone)
            painter.setFont(font(BODY_PX, 600))
            painter.setPen(colour)
            painter.drawText(QRectF(0, top, head, PLAN_ROW_PX), middle, line.head)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self._theme.tokens.hover))
            box = QRectF(head, top + PLAN_ROW_PX / 2 - 3, bar, 6)
            painter.drawRoundedRect(box, 3, 3)
            if line.share > 0:
                painter.setBrush(colour)
                box.setWidth(max(6.0, bar * min(1.0, line.share)))
                painter.drawRoundedRect(box, 3, 3)
            right = middle | Qt.AlignmentFlag.AlignRight
            painter.setFont(font(BODY_PX))
            painter.setPen(self._theme.colour("text2"))
            painter.drawText(QRectF(head + bar, top, label, PLAN_ROW_PX), right, line.label)
            painter.setFont(font(BODY_PX, 600))
            painter.setPen(colour)
            painter.drawText(QRectF(wide - value, top, value, PLAN_ROW_PX), right, line.value)
        painter.end()


def heading(text: str) -> QLabel:
    """A heading inside a pane."""
    label = QLabel(text)
    label.setFont(font(BODY_PX, 600))
    return label


def caption(text: str = "", tone: str = "text2") -> QLabel:
    """A small dim line."""
    label = QLabel(text)
    label.setFont(font(CAPTION_PX))
    label.setWordWrap(True)
    set_tone(label, tone)
    return label
