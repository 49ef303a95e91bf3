"""How each kind of cell is drawn: chips, dots, spark lines, distance bars."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QPolygonF

from vst_desktop.gui.models.cells import Distance
from vst_desktop.gui.tokens import CHIP_RADIUS_PX, Tokens

CHIP_PAD_PX = 7
CHIP_HEIGHT_PX = 18
DOT_PX = 8
DOT_TAKEN_PX = DOT_PX + 6


def chip(painter: QPainter, rect: QRect, text: str, tone: str, tokens: Tokens, font: QFont) -> None:
    """A chip at the left of the rectangle, its text elided to fit; none without a text."""
    if not text:
        return
    metrics = QFontMetrics(font)
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, rect.width() - 2 * CHIP_PAD_PX)
    width = metrics.horizontalAdvance(shown) + 2 * CHIP_PAD_PX
    box = QRectF(rect.left(), rect.center().y() - CHIP_HEIGHT_PX / 2 + 1, width, CHIP_HEIGHT_PX)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(tokens.chip_ground(tone)))
    painter.drawRoundedRect(box, CHIP_RADIUS_PX, CHIP_RADIUS_PX)
    painter.setPen(QColor(tokens.tone(tone)))
    painter.setFont(font)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, shown)


def dot(painter: QPainter, rect: QRect, colour: QColor) -> int:
    """A dot at the left of the rectangle; returns the width it takes with its gap."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    middle = rect.center().y() + 1
    painter.drawEllipse(QRectF(rect.left(), middle - DOT_PX / 2, DOT_PX, DOT_PX))
    return DOT_TAKEN_PX


def spark(painter: QPainter, rect: QRect, values: Sequence[float], colour: QColor) -> None:
    """A line of the values over the whole rectangle."""
    if len(values) < 2:
        return
    low, high = min(values), max(values)
    area = QRectF(rect).adjusted(0, 5, 0, -5)
    span = (high - low) or 1.0
    step = area.width() / (len(values) - 1)
    line = QPolygonF(
        [
            QPointF(
                area.left() + step * number, area.bottom() - (value - low) / span * area.height()
            )
            for number, value in enumerate(values)
        ]
    )
    painter.setPen(QPen(colour, 1.4))
    painter.drawPolyline(line)


def distance(painter: QPainter, rect: QRect, where: Distance, tokens: Tokens) -> None:
    """A bar from stop to target with the entry as a mark and the price as a knob.

    The way from the entry to the price is filled: gain towards the target, loss towards the stop.
    """
    target = where.target
    if target is None:
        target = where.entry + 1.5 * (where.entry - where.stop)
    span = target - where.stop
    if span == 0:
        return
    bar = QRectF(rect.left() + 4, rect.center().y() - 1, rect.width() - 8, 4)

    def x_of(price: float) -> float:
        return bar.left() + min(1.0, max(0.0, (price - where.stop) / span)) * bar.width()

    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(tokens.hover))
    painter.drawRoundedRect(bar, 2, 2)
    entry = x_of(where.entry)
    if where.spot is not None:
        spot = x_of(where.spot)
        ahead = (where.spot - where.entry) * span >= 0
        painter.setBrush(QColor(tokens.gain if ahead else tokens.loss))
        painter.drawRect(QRectF(min(entry, spot), bar.top(), abs(spot - entry), bar.height()))
    painter.setBrush(QColor(tokens.text3))
    painter.drawRect(QRectF(entry - 1, bar.top() - 4, 2, bar.height() + 8))
    if where.spot is not None:
        painter.setBrush(QColor(tokens.text))
        painter.drawEllipse(QPointF(x_of(where.spot), bar.center().y()), 4, 4)
