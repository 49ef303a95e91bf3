"""The payoff plot of the ticket: profit at expiration and before it over the underlying."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPainterPath, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from vst_desktop.gui import format as fmt
from vst_desktop.gui.theme import Theme, font
from vst_desktop.gui.tokens import CAPTION_PX, mix
from vst_desktop.station.view import TicketView

LEFT_PX, BOTTOM_PX, TOP_PX, RIGHT_PX = 46, 18, 18, 8


class PayoffPlot(QWidget):
    """Draws one payoff, with stop, price, breakeven and target as lines named above it."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._ticket: TicketView | None = None
        self.setAccessibleName("Payoff")
        self.setMinimumHeight(130)
        self.setMaximumHeight(250)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """The least; the ticket gives it more when there is room."""
        return QSize(300, 130)

    def set_ticket(self, ticket: TicketView | None) -> None:
        """Show this ticket's payoff."""
        self._ticket = ticket
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw everything."""
        ticket = self._ticket
        if ticket is None or len(ticket.payoff.prices) < 2:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(font(CAPTION_PX))
        marks = self._marks(ticket)
        labels = _place_labels(
            [(mark[0], mark[1]) for mark in marks],
            QFontMetrics(painter.font()),
            self._scale(ticket, 1),
            QRectF(LEFT_PX, 0, self.width() - LEFT_PX - RIGHT_PX, 0),
        )
        rows = 1 + max((row for _, row in labels), default=0)
        frame = self._scale(ticket, rows)
        self._axes(painter, frame)
        self._areas(painter, ticket, frame)
        metrics = QFontMetrics(painter.font())
        for (price, text, tone), (left, row) in zip(marks, labels, strict=True):
            x = frame.x(price)
            colour = self._theme.colour(tone)
            painter.setPen(QPen(colour, 1, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(x, row * 14 + 13), QPointF(x, frame.area.bottom()))
            painter.setPen(colour)
            painter.drawText(
                QRectF(left, row * 14, metrics.horizontalAdvance(text) + 2, 13),
                Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
                text,
            )
        painter.end()

    def _scale(self, ticket: TicketView, label_rows: int) -> _Frame:
        payoff = ticket.payoff
        values = (*payoff.at_expiry_usd, *payoff.at_date_usd, 0.0)
        low, high = min(values), max(values)
        pad = (high - low) * 0.06 or 1.0
        top = TOP_PX + 14 * (label_rows - 1)
        area = QRectF(
            LEFT_PX, top, self.width() - LEFT_PX - RIGHT_PX, self.height() - top - BOTTOM_PX
        )
        return _Frame(area, (payoff.prices[0], payoff.prices[-1]), (low - pad, high + pad))

    @staticmethod
    def _marks(ticket: TicketView) -> list[tuple[float, str, str]]:
        marks = [
            (ticket.stop, "stop", "loss"),
            (ticket.spot, "now", "text2"),
            (ticket.breakeven, "breakeven", "text"),
        ]
        if ticket.target is not None:
            marks.append((ticket.target, "target", "gain"))
        low, high = ticket.payoff.prices[0], ticket.payoff.prices[-1]
        return sorted(mark for mark in marks if low <= mark[0] <= high)

    def _axes(self, painter: QPainter, frame: _Frame) -> None:
        tokens = self._theme.tokens
        grid = QColor(mix(tokens.text3, tokens.pane, 0.25))
        text = QColor(tokens.text2)
        area = frame.area
        for value in ticks(*frame.values, 4):
            y = frame.y(value)
            painter.setPen(QPen(QColor(tokens.text3) if value == 0 else grid, 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(text)
            painter.drawText(
                QRectF(0, y - 8, area.left() - 6, 16),
                Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                fmt.number(value, 0),
            )
        for value in ticks(*frame.prices, 6):
            x = frame.x(value)
            painter.setPen(text)
            painter.drawText(
                QRectF(x - 30, area.bottom() + 3, 60, 14),
                Qt.AlignmentFlag.AlignCenter,
                f"{value:g}",
            )

    def _areas(self, painter: QPainter, ticket: TicketView, frame: _Frame) -> None:
        tokens, payoff = self._theme.tokens, ticket.payoff
        zero = frame.y(0.0)
        points = [
            QPointF(frame.x(price), frame.y(value))
            for price, value in zip(payoff.prices, payoff.at_expiry_usd, strict=True)
        ]
        outline = QPainterPath(QPointF(points[0].x(), zero))
        for point in points:
            outline.lineTo(point)
        outline.lineTo(QPointF(points[-1].x(), zero))
        area = frame.area
        for tone, part in (
            ("gain", QRectF(area.left(), area.top(), area.width(), zero - area.top())),
            ("loss", QRectF(area.left(), zero, area.width(), area.bottom() - zero)),
        ):
            painter.save()
            painter.setClipRect(part)
            painter.fillPath(outline, QColor(mix(tokens.tone(tone), tokens.pane, 0.22)))
            painter.restore()
        painter.setPen(QPen(QColor(tokens.text), 1.6))
        painter.drawPolyline(QPolygonF(points))
        if payoff.at_date_usd:
            painter.setPen(QPen(QColor(tokens.accent), 1.4, Qt.PenStyle.DashLine))
            painter.drawPolyline(
                QPolygonF(
                    [
                        QPointF(frame.x(price), frame.y(value))
                        for price, value in zip(payoff.prices, payoff.at_date_usd, strict=True)
                    ]
                )
            )


class _Frame:
    """Maps prices and dollars to pixels."""

    def __init__(
        self, area: QRectF, prices: tuple[float, float], values: tuple[float, float]
    ) -> None:
        self.area, self.prices, self.values = area, prices, values

    def x(self, price: float) -> float:
        low, high = self.prices
        return self.area.left() + (price - low) / ((high - low) or 1.0) * self.area.width()

    def y(self, value: float) -> float:
        low, high = self.values
        return self.area.bottom() - (value - low) / ((high - low) or 1.0) * self.area.height()


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
    marks: Sequence[tuple[float, str]], metrics: QFontMetrics, frame: _Frame, room: QRectF
) -> list[tuple[float, int]]:
    """Left edge and row of each label, so that none touches another."""
    ends: list[float] = []
    placed: list[tuple[float, int]] = []
    for price, text in marks:
        wide = metrics.horizontalAdvance(text)
        left = min(max(room.left(), frame.x(price) - wide / 2), room.right() - wide)
        row = next((n for n, end in enumerate(ends) if left > end + 6), len(ends))
        if row == len(ends):
            ends.append(0.0)
        ends[row] = left + wide
        placed.append((left, row))
    return placed
