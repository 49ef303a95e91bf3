"""What the chart draws by itself: candles, the date axis, level lines with their names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QPainter,
    QPen,
    QPicture,
    QPolygonF,
)

from vst_desktop.gui import format as fmt
from vst_desktop.gui.theme import font
from vst_desktop.gui.tokens import CAPTION_PX, Tokens, mix
from vst_desktop.station.view import ChartView

BODY_SHARE = 0.34
LABEL_PX = 15
LABEL_PAD_PX = 6


class Candles(pg.GraphicsObject):  # type: ignore[misc]
    """All candles in one picture; x is the number of the session, so weekends leave no gap."""

    def __init__(self) -> None:
        super().__init__()
        self._picture = QPicture()
        self._bounds = QRectF()

    def set_bars(self, view: ChartView, tokens: Tokens) -> None:
        """Draw these bars anew."""
        self.prepareGeometryChange()
        self._picture = QPicture()
        painter = QPainter(self._picture)
        up, down = QColor(tokens.gain), QColor(tokens.loss)
        pens = {True: QPen(up, 0), False: QPen(down, 0)}
        bars = zip(view.open, view.high, view.low, view.close, strict=True)
        for x, (opened, high, low, close) in enumerate(bars):
            rising = close >= opened
            painter.setPen(pens[rising])
            painter.setBrush(up if rising else down)
            painter.drawLine(QPointF(x, low), QPointF(x, high))
            painter.drawRect(QRectF(x - BODY_SHARE, opened, 2 * BODY_SHARE, close - opened))
        painter.end()
        if view.low:
            low, high = min(view.low), max(view.high)
            self._bounds = QRectF(-1, low, len(view.low) + 1, high - low)
        self.update()

    def paint(self, painter: QPainter, *_args: Any) -> None:
        """Play the picture."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.drawPicture(0, 0, self._picture)

    def boundingRect(self) -> QRectF:
        """All bars."""
        return self._bounds


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
    """Price lines with their names on them, and the last price on the axis.

    A child of the plot item, in its pixels, so that names keep their size and never overlap.
    """

    def __init__(self, plot: Any) -> None:
        super().__init__(plot)
        self._plot = plot
        self._box = plot.getViewBox()
        self._levels: tuple[tuple[float, str, str], ...] = ()
        self._last: float | None = None
        self._tone = "text"
        self._tokens: Tokens | None = None
        self.setZValue(100)
        self._box.sigRangeChanged.connect(self._moved)
        self._box.sigResized.connect(self._moved)

    def set_levels(
        self,
        levels: tuple[tuple[float, str, str], ...],
        last: float | None,
        tone: str,
        tokens: Tokens,
    ) -> None:
        """Show these lines and this last price."""
        self._levels, self._last, self._tone, self._tokens = levels, last, tone, tokens
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
        """Lines, then names clear of each other, then the last price."""
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

        if self._last is not None and low <= self._last <= high:
            self._mark_last(painter, tokens, area, y_of(self._last))
            painter.setFont(used)
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

    def _mark_last(self, painter: QPainter, tokens: Tokens, area: QRectF, y: float) -> None:
        colour = QColor(tokens.tone(self._tone))
        painter.setPen(QPen(QColor(mix(tokens.tone(self._tone), tokens.pane, 0.5)), 1))
        painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
        right = self.boundingRect().right()
        flag = QRectF(area.right() + 6, y - 8, right - area.right() - 6, 16)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawPolygon(
            QPolygonF(
                [
                    QPointF(area.right() + 1, y),
                    flag.topLeft() + QPointF(0, 3),
                    flag.bottomLeft() - QPointF(0, 3),
                ]
            )
        )
        painter.drawRoundedRect(flag, 3, 3)
        painter.setPen(QColor(tokens.on_fill))
        painter.setFont(font(CAPTION_PX, 600))
        painter.drawText(flag, Qt.AlignmentFlag.AlignCenter, fmt.number(self._last))


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
