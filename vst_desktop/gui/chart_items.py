"""What the chart draws by itself: the date axis, level lines with their names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from vst_desktop.gui import format as fmt
from vst_desktop.gui.theme import font
from vst_desktop.gui.tokens import CAPTION_PX, Tokens, mix

LABEL_PX = 15
LABEL_PAD_PX = 6


class DateAxis(pg.AxisItem):  # type: ignore[misc]
    """Dates of sessions below the chart; the space between labels is constant in pixels."""

    def __init__(self) -> None:
        super().__init__("bottom")
        self._dates: tuple[date, ...] = ()

    def set_dates(self, dates: tuple[date, ...]) -> None:
        """Sessions in order."""
        self._dates = dates
        self.picture = None
        self.update()

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        """One tick for about every 95 pixels."""
        step = max(1, round((high - low) / max(1.0, size / 95)))
        first = max(0, int(low) + 1)
        first += (-first) % step
        last = min(high, len(self._dates) - 1)
        return [(float(step), [float(x) for x in range(first, int(last) + 1, step)])]

    def tickStrings(self, values: Sequence[float], _scale: float, _spacing: float) -> list[str]:
        """``29 Dec``; with the year where it changes."""
        return [
            fmt.day(self._dates[int(x)]) if 0 <= int(x) < len(self._dates) else "" for x in values
        ]


class Levels(pg.GraphicsObject):  # type: ignore[misc]
    """Price lines with their names on them.

    A child of the plot item, in its pixels, so that names keep their size and never overlap.
    """

    def __init__(self, plot: Any) -> None:
        super().__init__(plot)
        self._plot = plot
        self._box = plot.getViewBox()
        self._levels: tuple[tuple[float, str, str], ...] = ()
        self._tokens: Tokens | None = None
        self.setZValue(100)
        self._box.sigRangeChanged.connect(self._moved)
        self._box.sigResized.connect(self._moved)

    def set_levels(
        self,
        levels: tuple[tuple[float, str, str], ...],
        tokens: Tokens,
    ) -> None:
        """Show these lines."""
        self._levels, self._tokens = levels, tokens
        self._moved()

    def room_px(self) -> float:
        """Width the names take at the right of the bars."""
        metrics = QFontMetricsF(font(CAPTION_PX, 500))
        widest = max((metrics.horizontalAdvance(text) for _, text, _ in self._levels), default=0.0)
        return widest + 4 * LABEL_PAD_PX if widest else 0.0

    def _moved(self, *_args: Any) -> None:
        self.prepareGeometryChange()
        self.update()

    def boundingRect(self) -> QRectF:
        """The whole plot, axis included."""
        return QRectF(self._plot.boundingRect())

    def paint(self, painter: QPainter, *_args: Any) -> None:
        """Lines, then names clear of each other."""
        tokens = self._tokens
        if tokens is None:
            return
        area = QRectF(self._box.geometry())
        (_, _), (low, high) = self._box.viewRange()
        if high <= low or area.height() <= 0:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        used = font(CAPTION_PX, 500)
        painter.setFont(used)
        metrics = QFontMetricsF(used)

        def y_of(price: float) -> float:
            return float(area.bottom() - (price - low) / (high - low) * area.height())

        seen = sorted(
            (level for level in self._levels if low <= level[0] <= high), key=lambda lv: -lv[0]
        )
        spots = spread_out(
            [y_of(price) - LABEL_PX / 2 for price, _, _ in seen],
            LABEL_PX,
            area.top(),
            area.bottom(),
        )
        for price, _, tone in seen:
            y = round(y_of(price)) + 0.5
            painter.setPen(QPen(QColor(tokens.tone(tone)), 1, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
        for (_, text, tone), top in zip(seen, spots, strict=True):
            wide = metrics.horizontalAdvance(text)
            full = wide + 2 * LABEL_PAD_PX
            box = QRectF(area.right() - full, top, full, LABEL_PX)
            painter.fillRect(box, QColor(tokens.pane))
            painter.setPen(QColor(tokens.tone(tone)))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)


class LastPrice(pg.GraphicsObject):  # type: ignore[misc]
    """The last price: a line over the plot and a flag on the axis, in the plot's pixels."""

    def __init__(self, plot: Any) -> None:
        super().__init__(plot)
        self._plot = plot
        self._box = plot.getViewBox()
        self._last: float | None = None
        self._tone = "text"
        self._tokens: Tokens | None = None
        self.setZValue(101)
        self._box.sigRangeChanged.connect(self._moved)
        self._box.sigResized.connect(self._moved)

    def set_price(self, last: float | None, tone: str, tokens: Tokens) -> None:
        """Show this price."""
        if (last, tone, tokens) != (self._last, self._tone, self._tokens):
            self._moved()
            self._last, self._tone, self._tokens = last, tone, tokens
            self._moved()

    def _moved(self, *_args: Any) -> None:
        self.prepareGeometryChange()
        self.update()

    def clear(self) -> None:
        """Show no price."""
        if self._last is not None:
            self._moved()
            self._last = None

    def _height(self) -> float | None:
        """Where it stands in the plot's pixels; None when out of sight."""
        (_, _), (low, high) = self._box.viewRange()
        if self._last is None or not low <= self._last <= high or high <= low:
            return None
        area = QRectF(self._box.geometry())
        return float(area.bottom() - (self._last - low) / (high - low) * area.height())

    def boundingRect(self) -> QRectF:
        """The line and its flag."""
        y = self._height()
        whole = QRectF(self._plot.boundingRect())
        return QRectF() if y is None else QRectF(whole.left(), y - 9, whole.width(), 18)

    def paint(self, painter: QPainter, *_args: Any) -> None:
        """The line, then the flag."""
        tokens, y = self._tokens, self._height()
        if tokens is None or y is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self._box.geometry())
        painter.setPen(QPen(QColor(mix(tokens.tone(self._tone), tokens.pane, 0.5)), 1))
        painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
        right = QRectF(self._plot.boundingRect()).right()
        axis_flag(painter, area.right(), right, y, fmt.number(self._last), (self._tone, tokens))


class Crosshair:
    """A line through the session under the pointer in all plots, and the price on the axis."""

    def __init__(self, price: Any, *others: Any) -> None:
        self._lines = []
        for plot in (price, *others):
            line = pg.InfiniteLine(angle=90)
            line.setZValue(90)
            plot.addItem(line, ignoreBounds=True)
            self._lines.append(line)
        self._level = pg.InfiniteLine(angle=0)
        self._level.setZValue(90)
        price.addItem(self._level, ignoreBounds=True)
        self._flag = LastPrice(price)
        self.hide()

    def show_at(self, x: float, price: float | None, tokens: Tokens) -> None:
        """Stand at a session and, over the price plot, at a price."""
        pen = pg.mkPen(mix(tokens.text2, tokens.pane, 0.7), style=Qt.PenStyle.DotLine)
        for line in self._lines:
            line.setPen(pen)
            line.setPos(x)
            line.show()
        self._level.setPen(pen)
        self._level.setVisible(price is not None)
        if price is not None:
            self._level.setPos(price)
        self._flag.set_price(price, "text2", tokens)

    def hide(self) -> None:
        """The pointer has left."""
        for line in (*self._lines, self._level):
            line.hide()
        self._flag.clear()


def axis_flag(
    painter: QPainter, left: float, right: float, y: float, text: str, look: tuple[str, Tokens]
) -> None:
    """A filled flag on the price axis, its point at the plot; ``look`` is its tone and tokens."""
    tone, tokens = look
    flag = QRectF(left + 6, y - 8, right - left - 6, 16)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(tokens.tone(tone)))
    painter.drawPolygon(
        QPolygonF(
            [
                QPointF(left + 1, y),
                flag.topLeft() + QPointF(0, 3),
                flag.bottomLeft() - QPointF(0, 3),
            ]
        )
    )
    painter.drawRoundedRect(flag, 3, 3)
    painter.setPen(QColor(tokens.on_fill))
    painter.setFont(font(CAPTION_PX, 600))
    painter.drawText(flag, Qt.AlignmentFlag.AlignCenter, text)


def spread_out(tops: Sequence[float], height: float, low: float, high: float) -> list[float]:
    """Tops of labels (given from above to below), moved so that none overlaps another.

    Overlapping ones form a block centred on where its members wanted to be, kept inside the ends.
    """
    blocks: list[tuple[float, int]] = []  # (sum of wanted tops less their offset, members)
    for top in tops:
        total, count = top, 1
        while blocks and blocks[-1][0] / blocks[-1][1] + blocks[-1][1] * height > total / count:
            before, members = blocks.pop()
            total, count = before + total - count * members * height, members + count
        blocks.append((total, count))
    placed: list[float] = []
    for total, count in blocks:
        start = min(max(total / count, low), max(low, high - count * height))
        if placed:
            start = max(start, placed[-1] + height)
        placed += [start + number * height for number in range(count)]
    overflow = placed[-1] + height - high if placed else 0.0
    return [top - overflow for top in placed] if overflow > 0 else placed
