"""The chart pane: candles, averages, RSI, and the levels of the selected spread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QToolButton, QWidget

from vst_desktop.gui import format as fmt
from vst_desktop.gui.chart_items import Candles, DateAxis, Levels
from vst_desktop.gui.theme import Theme, font, set_tone
from vst_desktop.gui.tokens import CAPTION_PX, FIGURE_PX, mix
from vst_desktop.gui.widgets.pane import Pane
from vst_desktop.station.view import ChartView, StationView

RANGES = (("1M", 21), ("3M", 63), ("6M", 126), ("1Y", 252))
PRICE_AXIS_PX = 58


class ChartPane(Pane):
    """One symbol's chart. The wheel zooms, dragging pans, a range button resets."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Chart")
        self._view: ChartView | None = None
        self._sessions = 126
        self._quote = QLabel()
        self._quote.setFont(font(FIGURE_PX, 600))
        self._change = QLabel()
        self._change.setFont(font(FIGURE_PX - 1, 600))
        self.header.addWidget(self._quote)
        self.header.addWidget(self._change)
        self._ranges = self._range_buttons()
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
        self._candles = Candles()
        self._price.addItem(self._candles)
        self._sma50 = self._price.plot(connect="finite", antialias=True)
        self._sma200 = self._price.plot(connect="finite", antialias=True)
        self._signals = pg.ScatterPlotItem(pxMode=True, size=9, symbol="t1")
        self._price.addItem(self._signals)
        self._rsi_line = self._rsi.plot(connect="finite", antialias=True)
        self._rsi.setYRange(15, 85, padding=0)
        self._rsi.getAxis("right").setTicks([[(30, "30"), (50, "50"), (70, "70")]])
        self._rsi_name = pg.LabelItem("RSI 14", justify="left")
        self._rsi_name.setParentItem(self._rsi.getViewBox())
        self._rsi_name.anchor(itemPos=(0, 0), parentPos=(0, 0), offset=(6, 2))
        self._levels = Levels(self._price)
        self._note = QLabel("Select a row: its chart and ticket follow.")
        self._note.setAlignment(Qt.AlignmentFlag.AlignCenter)
        set_tone(self._note, "text2")
        self.body.addWidget(self._note, 1)
        self.body.addWidget(self._canvas, 1)
        self._canvas.hide()
        self._legend.hide()
        self._price.getViewBox().sigResized.connect(self._resized)
        theme.changed.connect(self._restyle)
        self._restyle()

    def show_view(self, view: StationView) -> None:
        """Show the chart of this view."""
        chart = view.chart
        if chart is self._view or chart == self._view:
            return
        new_symbol = self._view is None or chart is None or chart.symbol != self._view.symbol
        self._view = chart
        self._canvas.setVisible(chart is not None)
        self._note.setVisible(chart is None)
        self._legend.setVisible(chart is not None)
        self._show_head()
        if chart is None:
            return
        self._draw()
        if new_symbol:
            self.show_range(self._sessions)

    def show_range(self, sessions: int) -> None:
        """Show the last so many sessions, with room for the level names, all levels inside."""
        self._sessions = sessions
        for button, (_, count) in zip(self._ranges.buttons(), RANGES, strict=True):
            button.setChecked(count == sessions)
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
        prices = [*chart.low[first:], *chart.high[first:], *(level[0] for level in chart.levels)]
        low, high = min(prices), max(prices)
        pad = (high - low) * 0.06 or 1.0
        self._price.setYRange(low - pad, high + pad, padding=0)

    def _resized(self, *_args: object) -> None:
        self.show_range(self._sessions)

    # -- drawing

    def _show_head(self) -> None:
        chart = self._view
        if chart is None:
            self._quote.setText("")
            self._change.setText("")
            self.set_info("")
            return
        self._quote.setText(f"{chart.symbol}  {fmt.number(chart.last)}")
        arrow = fmt.arrow(chart.change_pct)
        self._change.setText(f"{arrow} {fmt.percent(chart.change_pct, 2, signed=True)}".strip())
        set_tone(self._change, fmt.tone_of(chart.change_pct))
        last = f"{fmt.day_year(chart.dates[-1])}" if chart.dates else ""
        self.set_info(f"{last}, forming" if chart.forming else last)

    def _draw(self) -> None:
        chart, tokens = self._view, self.theme.tokens
        if chart is None:
            return
        self._dates.set_dates(chart.dates)
        self._candles.set_bars(chart, tokens)
        x = np.arange(len(chart.dates), dtype=float)
        self._sma50.setData(x, _column(chart.sma50))
        self._sma200.setData(x, _column(chart.sma200))
        self._rsi_line.setData(x, _column(chart.rsi))
        places = {day: number for number, day in enumerate(chart.dates)}
        marks = [places[day] for day in chart.signal_dates if day in places]
        reach = (max(chart.high) - min(chart.low)) * 0.02 if chart.high else 0.0
        self._signals.setData(
            [float(number) for number in marks], [chart.low[number] - reach for number in marks]
        )
        rising = fmt.tone_of(chart.change_pct)
        self._levels.set_levels(
            chart.levels, chart.last, "text2" if rising == "text" else rising, tokens
        )

    def _restyle(self) -> None:
        tokens = self.theme.tokens
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
        self._signals.setBrush(pg.mkBrush(tokens.accent))
        self._signals.setPen(pg.mkPen(None))
        self._rsi_name.setText("RSI 14", color=tokens.text2, size=f"{CAPTION_PX}px")
        for item in self._guides:
            item.setPen(pg.mkPen(mix(tokens.text3, tokens.pane, 0.6), style=Qt.PenStyle.DotLine))
        self._legend.setText(
            f'<span style="color:{tokens.accent}">SMA 50</span>&nbsp;&nbsp;'
            f'<span style="color:{tokens.warn}">SMA 200</span>'
        )
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
            self._legend = self._make_legend()
        else:
            bottom.setStyle(tickFont=font(CAPTION_PX), tickLength=0, tickTextOffset=6)
            self._guides = [pg.InfiniteLine(level, angle=0) for level in (30, 70)]
            for guide in self._guides:
                plot.addItem(guide)
        return plot

    def _make_legend(self) -> QLabel:
        label = QLabel()
        label.setFont(font(CAPTION_PX, 500))
        label.setTextFormat(Qt.TextFormat.RichText)
        label.setContentsMargins(8, 0, 8, 0)
        self.header.insertWidget(1, label)
        return label

    def _range_buttons(self) -> QButtonGroup:
        group = QButtonGroup(self)
        holder = QWidget()
        layout = QHBoxLayout(holder)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for number, (name, count) in enumerate(RANGES):
            button = QToolButton()
            button.setText(name)
            button.setCheckable(True)
            button.setChecked(count == self._sessions)
            button.setFont(font(CAPTION_PX, 500))
            button.setToolTip(f"Show {name} ({count} sessions), F{number + 6}")
            button.setAccessibleName(f"Range {name}")
            group.addButton(button, count)
            layout.addWidget(button)
        group.idClicked.connect(self.show_range)
        self.header.addWidget(holder)
        return group


def _column(values: Sequence[float | None]) -> Any:
    return np.array([np.nan if value is None else value for value in values], dtype=float)
