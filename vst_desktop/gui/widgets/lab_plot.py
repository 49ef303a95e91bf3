"""Pictures of the lab: equity with each trade's exit, drawdown below it, or a heat map."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from vst_desktop.gui.theme import Theme, font
from vst_desktop.gui.tokens import CAPTION_PX
from vst_desktop.station.lab import LabResult

_EQUITY_SHARE = 0.68
_LEFT_PX, _TOP_PX = 96, 22


class LabPlot(QWidget):
    """Draws one result; nothing before there is one."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.result: LabResult | None = None
        self.setAccessibleName("Result")
        self.setMinimumSize(QSize(420, 260))
        theme.changed.connect(self.update)

    def show_result(self, result: LabResult | None) -> None:
        """Draw this from now on."""
        self.result = result
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw everything."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._theme.tokens.pane))
        painter.setFont(font(CAPTION_PX))
        if self.result is not None and self.result.heat:
            self._heat(painter, self.result)
        elif self.result is not None and len(self.result.equity_usd) > 1:
            self._curves(painter, self.result)
        painter.end()

    def _curves(self, painter: QPainter, result: LabResult) -> None:
        tokens, room = self._theme.tokens, QRectF(self.rect()).adjusted(_LEFT_PX, _TOP_PX, -12, -22)
        upper = QRectF(room.topLeft(), QSize(int(room.width()), int(room.height() * _EQUITY_SHARE)))
        lower = QRectF(room.left(), upper.bottom() + 24, room.width(), 0)
        lower.setBottom(room.bottom())
        points = self._line(painter, upper, result.equity_usd, tokens.accent, "equity, USD", ",.0f")
        self._line(painter, lower, result.drawdown, tokens.loss, "drawdown", ".1%")
        for won, colour in ((True, tokens.gain), (False, tokens.loss)):
            places = [points[day] for day, earned in result.exits if (earned > 0) is won]
            painter.setPen(QPen(QColor(colour), 4))
            painter.drawPoints(QPolygonF(places))
        painter.setPen(QColor(tokens.text2))
        painter.drawText(QPointF(room.left(), self.height() - 6), result.days[0])
        painter.drawText(
            QRectF(room.left(), self.height() - 20, room.width(), 18),
            Qt.AlignmentFlag.AlignRight,
            result.days[-1],
        )

    def _line(
        self,
        painter: QPainter,
        room: QRectF,
        values: tuple[float, ...],
        colour: str,
        name: str,
        form: str,
    ) -> list[QPointF]:
        low, high = min(values), max(values)
        step = room.width() / (len(values) - 1)
        rise = room.height() / (high - low or 1.0)
        points = [
            QPointF(room.left() + n * step, room.bottom() - (value - low) * rise)
            for n, value in enumerate(values)
        ]
        painter.setPen(QColor(self._theme.tokens.line))
        painter.drawLine(room.topLeft(), room.topRight())
        painter.drawLine(room.bottomLeft(), room.bottomRight())
        painter.setPen(QColor(self._theme.tokens.text2))
        painter.drawText(QPointF(room.left(), room.top() - 6), name)
        painter.drawText(QPointF(8, room.top() + 5), format(high, form))
        painter.drawText(QPointF(8, room.bottom() + 5), format(low, form))
        painter.setPen(QPen(QColor(colour), 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF(points))
        return points

    def _heat(self, painter: QPainter, result: LabResult) -> None:
        tokens = self._theme.tokens
        (across, columns), *rest = result.axes
        down, rows = rest[0] if rest else ("", ("",))
        found = dict(result.heat)
        scale = max((abs(value) for value in found.values() if value is not None), default=0) or 1.0
        room = QRectF(self.rect()).adjusted(_LEFT_PX + 40, 2 * _TOP_PX, -12, -8)
        width, height = room.width() / len(columns), room.height() / len(rows)
        title = f"{across} across, {down} down" if down else f"{across} across"
        painter.setPen(QColor(tokens.text2))
        painter.drawText(QPointF(room.left(), 14), title)
        for i, column in enumerate(columns):
            painter.setPen(QColor(tokens.text2))
            painter.drawText(QPointF(room.left() + i * width + 4, room.top() - 6), column)
            for j, row in enumerate(rows):
                cell = QRectF(room.left() + i * width, room.top() + j * height, width, height)
                value = found.get((column, row) if down else (column,))
                if value is not None:
                    ground = QColor(tokens.gain if value > 0 else tokens.loss)
                    ground.setAlphaF(0.15 + 0.6 * abs(value) / scale)
                    painter.fillRect(cell.adjusted(1, 1, -1, -1), ground)
                painter.setPen(QColor(tokens.text))
                shown = "–" if value is None else f"{value:.2f}"
                painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, shown)
        painter.setPen(QColor(tokens.text2))
        for j, row in enumerate(rows):
            painter.drawText(QPointF(8, room.top() + (j + 0.5) * height + 4), row)
