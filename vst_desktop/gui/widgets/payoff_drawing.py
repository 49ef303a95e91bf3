"""Profits over prices, painted: the ticket's plot and the pictures of ``vst payoff``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF

from vst_desktop.gui import format as fmt
from vst_desktop.gui.theme import font
from vst_desktop.gui.tokens import CAPTION_PX, Tokens, mix

LEFT_PX, BOTTOM_PX, TOP_PX, RIGHT_PX = 46, 18, 18, 8
_ROW_PX = 14
_GROUND_SHARE = 0.22
_LEAST_ROW_PX, _LEAST_COLUMN_PX = 55, 90
"""Between two ticks."""

Dash = Literal["solid", "dashes", "dots"]
_STYLES: dict[Dash, Qt.PenStyle] = {
    "solid": Qt.PenStyle.SolidLine,
    "dashes": Qt.PenStyle.DashLine,
    "dots": Qt.PenStyle.DotLine,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Profits in USD, one for each price; ``colour`` as ``#RRGGBB``."""

    label: str
    values: tuple[float, ...]
    colour: str
    dash: Dash = "solid"

    def pen(self, wide: float) -> QPen:
        """What it is drawn with."""
        return QPen(QColor(self.colour), wide, _STYLES[self.dash])


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A price worth a line of its own; ``tone`` is its colour."""

    price: float
    text: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """What is painted. The ground of the first curve shows gain and loss."""

    prices: tuple[float, ...]
    curves: tuple[Curve, ...]
    marks: tuple[Mark, ...] = ()


class Frame:
    """Maps prices and dollars to pixels."""

    def __init__(
        self, area: QRectF, prices: tuple[float, float], values: tuple[float, float]
    ) -> None:
        self.area, self.prices, self.values = area, prices, values

    def x(self, price: float) -> float:
        """Pixels of a price."""
        low, high = self.prices
        return self.area.left() + (price - low) / ((high - low) or 1.0) * self.area.width()

    def y(self, value: float) -> float:
        """Pixels of a profit."""
        low, high = self.values
        return self.area.bottom() - (value - low) / ((high - low) or 1.0) * self.area.height()

    def points(self, drawing: Drawing, curve: Curve) -> list[QPointF]:
        """A curve's points."""
        return [
            QPointF(self.x(price), self.y(value))
            for price, value in zip(drawing.prices, curve.values, strict=True)
        ]


def paint(painter: QPainter, room: QRectF, drawing: Drawing, tokens: Tokens) -> None:
    """Paint axes, curves and marks into the room."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(font(CAPTION_PX))
    metrics = QFontMetricsF(painter.font())
    low, high = drawing.prices[0], drawing.prices[-1]
    marks = sorted(
        (mark for mark in drawing.marks if low <= mark.price <= high), key=lambda m: m.price
    )
    labels = _place_labels(marks, metrics, _frame(room, drawing, 1))
    frame = _frame(room, drawing, 1 + max((row for _, row in labels), default=0))
    _axes(painter, frame, tokens)
    _ground(painter, frame, drawing, tokens)
    for curve in reversed(drawing.curves):
        painter.setPen(curve.pen(1.6))
        painter.drawPolyline(QPolygonF(frame.points(drawing, curve)))
    _marks(painter, room, frame, list(zip(marks, labels, strict=True)), tokens)


def _marks(
    painter: QPainter,
    room: QRectF,
    frame: Frame,
    placed: Sequence[tuple[Mark, tuple[float, int]]],
    tokens: Tokens,
) -> None:
    """All lines, then the names, so that no line runs through another's name."""
    metrics = QFontMetricsF(painter.font())
    for mark, (_, row) in placed:
        x = frame.x(mark.price)
        painter.setPen(QPen(QColor(tokens.tone(mark.tone)), 1, Qt.PenStyle.DotLine))
        top = room.top() + row * _ROW_PX + 13
        painter.drawLine(QPointF(x, top), QPointF(x, frame.area.bottom()))
    for mark, (left, row) in placed:
        wide = metrics.horizontalAdvance(mark.text) + 2
        box = QRectF(left, room.top() + row * _ROW_PX, wide, 13)
        painter.fillRect(box.adjusted(-2, 0, 2, 0), QColor(tokens.pane))
        painter.setPen(QColor(tokens.tone(mark.tone)))
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, mark.text)


def _frame(room: QRectF, drawing: Drawing, label_rows: int) -> Frame:
    values = (0.0, *(value for curve in drawing.curves for value in curve.values))
    low, high = min(values), max(values)
    pad = (high - low) * 0.06 or 1.0
    top = TOP_PX + _ROW_PX * (label_rows - 1)
    area = room.adjusted(LEFT_PX, top, -RIGHT_PX, -BOTTOM_PX)
    return Frame(area, (drawing.prices[0], drawing.prices[-1]), (low - pad, high + pad))


def _axes(painter: QPainter, frame: Frame, tokens: Tokens) -> None:
    grid = QColor(mix(tokens.text3, tokens.pane, 0.25))
    area = frame.area
    for value in ticks(*frame.values, max(4, int(area.height() / _LEAST_ROW_PX))):
        y = frame.y(value)
        painter.setPen(QPen(QColor(tokens.text3) if value == 0 else grid, 1))
        painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
        painter.setPen(QColor(tokens.text2))
        painter.drawText(
            QRectF(area.left() - LEFT_PX, y - 8, LEFT_PX - 6, 16),
            Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
            fmt.number(value, 0),
        )
    painter.setPen(QColor(tokens.text2))
    for price in ticks(*frame.prices, max(6, int(area.width() / _LEAST_COLUMN_PX))):
        painter.drawText(
            QRectF(frame.x(price) - 30, area.bottom() + 3, 60, 14),
            Qt.AlignmentFlag.AlignCenter,
            f"{price:g}",
        )


def _ground(painter: QPainter, frame: Frame, drawing: Drawing, tokens: Tokens) -> None:
    """The first curve's area, in the colours of gain and loss."""
    zero = frame.y(0.0)
    points = frame.points(drawing, drawing.curves[0])
    outline = QPainterPath(QPointF(points[0].x(), zero))
    for point in points:
        outline.lineTo(point)
    outline.lineTo(QPointF(points[-1].x(), zero))
    area = frame.area
    for tone, part in (
        ("gain", QRectF(area.left(), area.top(), area.width(), zero - area.top())),
        ("loss", QRectF(area.left(), zero, area.width(), area.bottom() - zero)),
    ):
        # no clipping: SVG files do without it
        side = QPainterPath()
        side.addRect(part)
        colour = QColor(mix(tokens.tone(tone), tokens.pane, _GROUND_SHARE))
        painter.fillPath(outline.intersected(side), colour)


def ticks(low: float, high: float, about: int) -> list[float]:
    """Round values between two ends, about so many."""
    if not high > low:
        return [low]
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= raw)
    first = math.ceil(low / step)
    return [number * step for number in range(first, math.floor(high / step) + 1)]


def _place_labels(
    marks: Sequence[Mark], metrics: QFontMetricsF, frame: Frame
) -> list[tuple[float, int]]:
    """Left edge and row of each label, so that none touches another."""
    ends: list[float] = []
    placed: list[tuple[float, int]] = []
    for mark in marks:
        wide = metrics.horizontalAdvance(mark.text)
        middle = frame.x(mark.price) - wide / 2
        left = min(max(frame.area.left(), middle), frame.area.right() - wide)
        row = next((n for n, end in enumerate(ends) if left > end + 6), len(ends))
        if row == len(ends):
            ends.append(0.0)
        ends[row] = left + wide
        placed.append((left, row))
    return placed
