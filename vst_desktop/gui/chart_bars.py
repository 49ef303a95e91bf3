"""The bars of the chart: candles, the one that forms, the band of an ATR around them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen, QPolygonF

from vst_desktop.gui.tokens import Tokens
from vst_desktop.station.view import ChartView, LiveBar

BODY_SHARE = 0.34


class Candles(pg.GraphicsObject):  # type: ignore[misc]
    """Whole candles; x is the number of the session, so weekends leave no gap.

    Only what is in sight is drawn, and sessions that share a pixel as one line: thousands of
    candles cost what a screen of them does. Qt keeps the picture until the range changes.
    """

    def __init__(self) -> None:
        super().__init__()
        self._bars: npt.NDArray[np.float64] = np.empty((4, 0))
        self._colours = (QColor(), QColor())
        self._bounds = QRectF()
        self.setCacheMode(self.CacheMode.DeviceCoordinateCache)

    def set_bars(self, view: ChartView, tokens: Tokens) -> None:
        """Draw these bars anew; the one that forms is left to :class:`LiveCandle`."""
        self.prepareGeometryChange()
        whole = len(view.close) - view.forming
        columns = (view.open, view.high, view.low, view.close)
        self._bars = np.array([column[:whole] for column in columns], dtype=float)
        self._colours = (QColor(tokens.loss), QColor(tokens.gain))
        if view.low:
            low, high = min(view.low), max(view.high)
            self._bounds = QRectF(-1, low, len(view.low) + 1, high - low)
        self.update()

    def paint(self, painter: QPainter, *_args: Any) -> None:
        """Each colour at once: wicks, then bodies where there is room for them."""
        box = self.getViewBox()
        count = self._bars.shape[1]
        if box is None or not count:
            return
        (left, right), _ = box.viewRange()
        first, last = max(0, int(left) - 1), min(count, int(right) + 2)
        if last <= first:
            return
        width = max(1.0, box.width())
        step = max(1, round((right - left) / width))
        bars = _merged(self._bars[:, first:last], step)
        places = first + (np.arange(bars.shape[1]) + 0.5) * step - 0.5
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        rising = bars[3] >= bars[0]
        for side, colour in enumerate(self._colours):
            these = np.flatnonzero(rising == bool(side))
            painter.setPen(QPen(colour, 0))
            columns = zip(places[these], *bars[:, these], strict=True)
            drawn = [(x, o, h, lo, c) for x, o, h, lo, c in columns]
            painter.drawLines([QLineF(x, lo, x, h) for x, _, h, lo, _ in drawn])
            if step == 1 and (right - left) * 2 <= width:
                painter.setBrush(colour)
                wide = 2 * BODY_SHARE
                painter.drawRects(
                    [QRectF(x - BODY_SHARE, o, wide, c - o) for x, o, _, _, c in drawn]
                )

    def boundingRect(self) -> QRectF:
        """All bars."""
        return self._bounds


def _merged(bars: npt.NDArray[np.float64], step: int) -> npt.NDArray[np.float64]:
    """Rows open, high, low, close with every ``step`` sessions as one."""
    if step == 1:
        return bars
    starts = np.arange(0, bars.shape[1], step)
    ends = np.minimum(starts + step, bars.shape[1]) - 1
    high = np.maximum.reduceat(bars[1], starts)
    low = np.minimum.reduceat(bars[2], starts)
    return np.stack((bars[0][starts], high, low, bars[3][ends]))


class Band(pg.GraphicsObject):  # type: ignore[misc]
    """The room between two edges, of what is in sight; x is the number of the session."""

    def __init__(self) -> None:
        super().__init__()
        self._edges: npt.NDArray[np.float64] = np.empty((2, 0))
        self._brush = QBrush()
        self._bounds = QRectF()
        self.setCacheMode(self.CacheMode.DeviceCoordinateCache)

    def set_edges(self, low: npt.NDArray[np.float64], high: npt.NDArray[np.float64]) -> None:
        """One value a session; NaN where there is none yet."""
        self.prepareGeometryChange()
        self._edges = np.vstack((low, high))
        known = self._edges[:, np.isfinite(self._edges).all(axis=0)]
        self._bounds = QRectF()
        if known.size:
            bottom, top = float(known.min()), float(known.max())
            self._bounds = QRectF(0, bottom, len(low), top - bottom)
        self.update()

    def set_brush(self, brush: QBrush) -> None:
        """Its colour."""
        self._brush = brush
        self.update()

    def paint(self, painter: QPainter, *_args: Any) -> None:
        """One polygon, of no more corners than there are pixels to tell them apart."""
        box = self.getViewBox()
        if box is None or self._bounds.isEmpty():
            return
        (left, right), _ = box.viewRange()
        first, last = max(0, int(left) - 1), min(self._edges.shape[1], int(right) + 2)
        step = max(1, round((right - left) / max(1.0, box.width())))
        places = np.arange(first, last, step)
        places = places[np.isfinite(self._edges[:, places]).all(axis=0)]
        if len(places) < 2:
            return
        corners = [
            QPointF(x, y)
            for edge, order in zip(self._edges, (1, -1), strict=True)
            for x, y in zip(places[::order], edge[places[::order]], strict=True)
        ]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._brush)
        painter.drawPolygon(QPolygonF(corners))

    def boundingRect(self) -> QRectF:
        """Where it lies."""
        return self._bounds


class LiveCandle(pg.GraphicsObject):  # type: ignore[misc]
    """The forming bar, apart from the whole ones, since it alone changes with every tick."""

    def __init__(self) -> None:
        super().__init__()
        self._x = 0
        self._bar: LiveBar | None = None
        self._tokens: Tokens | None = None

    def set_bar(self, x: int, bar: LiveBar | None, tokens: Tokens) -> None:
        """Show this bar at that place; None: no bar forms."""
        if (x, bar, tokens) != (self._x, self._bar, self._tokens):
            self.prepareGeometryChange()
            self._x, self._bar, self._tokens = x, bar, tokens
            self.update()

    def paint(self, painter: QPainter, *_args: Any) -> None:
        """Wick and body."""
        bar, tokens = self._bar, self._tokens
        if bar is None or tokens is None:
            return
        colour = QColor(tokens.gain if bar.close >= bar.open else tokens.loss)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(QPen(colour, 0))
        painter.setBrush(colour)
        painter.drawLine(QPointF(self._x, bar.low), QPointF(self._x, bar.high))
        painter.drawRect(
            QRectF(self._x - BODY_SHARE, bar.open, 2 * BODY_SHARE, bar.close - bar.open)
        )

    def boundingRect(self) -> QRectF:
        """The bar."""
        if self._bar is None:
            return QRectF()
        return QRectF(self._x - 0.5, self._bar.low, 1.0, self._bar.high - self._bar.low)
