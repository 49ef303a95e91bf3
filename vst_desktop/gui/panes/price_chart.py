"""Candles, averages, ATR band and RSI of one symbol, with the levels of its spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QVBoxLayout, QWidget

from vst_desktop.gui import format as fmt
from vst_desktop.gui.chart_bars import Band, Candles, LiveCandle
from vst_desktop.gui.chart_items import Crosshair, DateAxis, LastPrice, Levels
from vst_desktop.gui.theme import Theme, font
from vst_desktop.gui.tokens import CAPTION_PX, mix
from vst_desktop.station.view import ChartView, LiveBar

PRICE_AXIS_PX = 58
CROSSHAIR_HZ = 60
LIVE_DELAY_MS = 15
"""Ticks are painted a frame after the tables, so that no frame has to paint both."""


class PriceChart(QWidget):
    """The wheel zooms, dragging pans, a double click shows the range again.

    ``pointed`` carries what stands under the crosshair, empty when the pointer has left.
    """

    pointed = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._view: ChartView | None = None
        self._still: ChartView | None = None
        self._sessions = 126
        self._canvas = pg.GraphicsLayoutWidget()
        self._canvas.setAccessibleName("Price chart")
        self._canvas.ci.setContentsMargins(8, 8, 4, 4)
        self._canvas.ci.setSpacing(0)
        self._dates = DateAxis()
        self._price = self._plot(0, None)
        self._rsi = self._plot(1, self._dates)
        self._rsi.setXLink(self._price)
        self._canvas.ci.layout.setRowStretchFactor(0, 5)
        self._canvas.ci.layout.setRowStretchFactor(1, 1)
        self._add_items()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(LIVE_DELAY_MS)
        self._soon.timeout.connect(self._draw_live)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._canvas)
        self._price.getViewBox().sigResized.connect(lambda *_: self.show_range(self._sessions))
        scene = self._canvas.scene()
        self._moves = pg.SignalProxy(
            scene.sigMouseMoved, rateLimit=CROSSHAIR_HZ, slot=lambda seen: self.point(seen[0])
        )
        scene.sigMouseClicked.connect(self._clicked)
        theme.changed.connect(self._restyle)
        self._restyle()

    def _add_items(self) -> None:
        self._band = Band()
        self._price.addItem(self._band)
        self._candles = Candles()
        self._live = LiveCandle()
        self._price.addItem(self._candles)
        self._price.addItem(self._live)
        self._sma50 = self._price.plot(connect="finite", antialias=True)
        self._sma200 = self._price.plot(connect="finite", antialias=True)
        self._rsi_line = self._rsi.plot(connect="finite", antialias=True)
        for line in (self._sma50, self._sma200, self._rsi_line):
            line.setClipToView(True)
            line.setDownsampling(auto=True, method="subsample")
            line.curve.setCacheMode(line.curve.CacheMode.DeviceCoordinateCache)
        self._signals = pg.ScatterPlotItem(pxMode=True, size=9, symbol="t1")
        self._price.addItem(self._signals)
        self._rsi.setYRange(15, 85, padding=0)
        self._rsi.getAxis("right").setTicks([[(30, "30"), (50, "50"), (70, "70")]])
        self._rsi_name = pg.LabelItem("RSI 14", justify="left")
        self._rsi_name.setParentItem(self._rsi.getViewBox())
        self._rsi_name.anchor(itemPos=(0, 0), parentPos=(0, 0), offset=(6, 2))
        self._levels = Levels(self._price)
        self._last = LastPrice(self._price)
        self._cross = Crosshair(self._price, self._rsi)

    def show_chart(self, chart: ChartView | None) -> None:
        """Show this chart; only what differs is drawn anew."""
        if chart is self._view:
            return
        before, self._view = self._view, chart
        if chart is None:
            self._still = None
            return
        still = replace(chart, live=None, last=None, change_pct=None, quoted_secs=None)
        if still != self._still:
            self._still = still
            self._draw()
        if before is None or chart.symbol != before.symbol:
            self.show_range(self._sessions)
        if not self._soon.isActive():
            self._soon.start()

    def show_range(self, sessions: int) -> None:
        """Show the last so many sessions, with room for the level names, all levels inside."""
        self._sessions = sessions
        chart = self._view
        if chart is None or not chart.dates:
            return
        count = len(chart.dates)
        first = max(0, count - sessions)
        shown = count - first
        wide = self._price.getViewBox().width()
        names = min(self._levels.room_px(), wide / 3)
        room = shown * names / (wide - names) if wide > names else 0.0
        self._price.setXRange(first - 1, count + room, padding=0)
        levels = [level[0] for level in chart.levels]
        low = min([*chart.low[first:], *levels])
        high = max([*chart.high[first:], *levels])
        pad = (high - low) * 0.06 or 1.0
        self._price.setYRange(low - pad, high + pad, padding=0)

    def point(self, place: QPointF) -> None:
        """Put the crosshair at a place of the scene, and tell what stands there."""
        chart, box = self._view, self._price.getViewBox()
        inside = self._price.sceneBoundingRect().contains(place) or (
            self._rsi.sceneBoundingRect().contains(place)
        )
        if chart is None or not chart.dates or not inside:
            self._cross.hide()
            self.pointed.emit("")
            return
        spot = box.mapSceneToView(place)
        number = min(max(round(spot.x()), 0), len(chart.dates) - 1)
        over_price = self._price.sceneBoundingRect().contains(place)
        self._cross.show_at(number, spot.y() if over_price else None, self._theme.tokens)
        self.pointed.emit(told(chart, number))

    def _clicked(self, event: Any) -> None:
        if event.double():
            self.show_range(self._sessions)

    # -- drawing

    def _draw(self) -> None:
        chart, tokens = self._view, self._theme.tokens
        if chart is None:
            return
        self._dates.set_dates(chart.dates)
        self._candles.set_bars(chart, tokens)
        x = np.arange(len(chart.dates), dtype=float)
        self._sma50.setData(x, _column(chart.sma50))
        self._sma200.setData(x, _column(chart.sma200))
        self._rsi_line.setData(x, _column(chart.rsi))
        self._draw_band(chart)
        places = {day: number for number, day in enumerate(chart.dates)}
        marks = [places[day] for day in chart.signal_dates if day in places]
        reach = (max(chart.high) - min(chart.low)) * 0.02 if chart.high else 0.0
        self._signals.setData(
            [float(number) for number in marks], [chart.low[number] - reach for number in marks]
        )
        self._levels.set_levels(chart.levels, tokens)
        self._draw_live()

    def _draw_band(self, chart: ChartView) -> None:
        """Where a session of one ATR would end, seen from the close before it."""
        before = _column([None, *chart.close[:-1]])
        reach = _column([None, *chart.atr[:-1]]) if chart.atr else np.full(len(before), np.nan)
        self._band.set_edges(before - reach, before + reach)

    def _draw_live(self) -> None:
        chart, tokens = self._view, self._theme.tokens
        if chart is None:
            return
        self._live.set_bar(len(chart.dates) - 1, _forming(chart), tokens)
        rising = fmt.tone_of(chart.change_pct)
        old = chart.quoted_secs is not None and chart.quoted_secs > fmt.DIM_SECS
        tone = "text3" if old else "text2" if rising == "text" else rising
        self._last.set_price(chart.last, tone, tokens)

    def _restyle(self) -> None:
        tokens = self._theme.tokens
        self._canvas.setBackground(QColor(tokens.pane))
        line = QPen(QColor(tokens.line))
        for plot in (self._price, self._rsi):
            for side in ("right", "bottom"):
                axis = plot.getAxis(side)
                axis.setPen(line)
                axis.setTextPen(QColor(tokens.text2))
        self._sma50.setPen(pg.mkPen(tokens.accent, width=1.4))
        self._sma200.setPen(pg.mkPen(tokens.warn, width=1.4))
        self._rsi_line.setPen(pg.mkPen(tokens.text2, width=1.2))
        self._band.set_brush(pg.mkBrush(mix(tokens.text3, tokens.pane, 0.14)))
        self._signals.setBrush(pg.mkBrush(tokens.accent))
        self._signals.setPen(pg.mkPen(None))
        # On the pane's colour: the line may run behind its name.
        name = f'<span style="background-color: {tokens.pane}">&nbsp;RSI 14&nbsp;</span>'
        self._rsi_name.setText(name, color=tokens.text2, size=f"{CAPTION_PX}px")
        for item in self._guides:
            item.setPen(pg.mkPen(mix(tokens.text3, tokens.pane, 0.6), style=Qt.PenStyle.DotLine))
        self._draw()

    def _plot(self, row: int, bottom: pg.AxisItem | None) -> Any:
        axes = {"bottom": bottom} if bottom is not None else None
        plot = self._canvas.addPlot(row=row, col=0, axisItems=axes)
        plot.hideAxis("left")
        plot.showAxis("right")
        plot.hideButtons()
        plot.setMenuEnabled(False)
        plot.setMouseEnabled(x=True, y=False)
        axis = plot.getAxis("right")
        axis.setWidth(PRICE_AXIS_PX)
        axis.setStyle(tickFont=font(CAPTION_PX), tickLength=0, tickTextOffset=8)
        if bottom is None:
            plot.hideAxis("bottom")
            axis.setGrid(31)
        else:
            bottom.setStyle(tickFont=font(CAPTION_PX), tickLength=0, tickTextOffset=6)
            self._guides = [pg.InfiniteLine(level, angle=0) for level in (30, 70)]
            for guide in self._guides:
                plot.addItem(guide)
        return plot


def _forming(chart: ChartView) -> LiveBar | None:
    """The bar that forms, by the stream or as it was at the scan."""
    if chart.live is not None or not chart.forming or not chart.close:
        return chart.live
    return LiveBar(
        open=chart.open[-1], high=chart.high[-1], low=chart.low[-1], close=chart.close[-1]
    )


def told(chart: ChartView, number: int) -> str:
    """One session in words: its day, open, high, low, close, and RSI."""
    live = chart.live if number == len(chart.dates) - 1 else None
    bar = (
        (live.open, live.high, live.low, live.close)
        if live is not None
        else (chart.open[number], chart.high[number], chart.low[number], chart.close[number])
    )
    prices = "  ".join(f"{n} {fmt.number(v)}" for n, v in zip("OHLC", bar, strict=True))
    rsi = chart.rsi[number] if chart.rsi else None
    tail = "" if rsi is None else f"  RSI {fmt.number(rsi, 1)}"
    return f"{fmt.day_year(chart.dates[number])}  {prices}{tail}"


def _column(values: Sequence[float | None]) -> Any:
    return np.array([np.nan if value is None else value for value in values], dtype=float)
