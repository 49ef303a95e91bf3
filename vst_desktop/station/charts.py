"""The chart of the selected symbol: bars, indicators, and the levels of its spread."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from vst_desktop.domain.bars import BarSeries
from vst_desktop.domain.quotes import StockQuote
from vst_desktop.domain.signals import Signal
from vst_desktop.domain.spreads import ExitPlan, VerticalSpread
from vst_desktop.station.view import ChartView, LiveBar
from vst_desktop.strategy.indicators import Array, Indicators, indicators

Level = tuple[float, str, str]


class ChartMaker:
    """Makes chart views; indicators are worked out once for the same bars."""

    def __init__(self) -> None:
        self._bars: BarSeries | None = None
        self._data: Indicators | None = None
        self._columns_of: Indicators | None = None
        self._columns: tuple[tuple[float | None, ...], ...] = ()

    def indicators(self, bars: BarSeries) -> Indicators:
        """The symbol's indicators."""
        if self._bars is not bars or self._data is None:
            self._bars, self._data = bars, indicators(bars)
        return self._data

    def chart(
        self,
        bars: BarSeries,
        signals: Sequence[Signal],
        levels: Sequence[Level],
        quote: StockQuote | None,
        now: datetime,
    ) -> ChartView:
        """All sessions of the symbol; the one that forms by the stream, when there is one."""
        data = self.indicators(bars)
        if self._columns_of is not data:
            self._columns_of = data
            self._columns = tuple(map(column, (data.sma50, data.sma200, data.rsi, data.atr)))
        sma50, sma200, rsi, atr = self._columns
        live = _live(bars, quote)
        close = bars.close
        last = live.close if live is not None else close[-1] if close else None
        return ChartView(
            symbol=bars.symbol,
            last=last,
            change_pct=last / close[-2] - 1 if last is not None and len(close) > 1 else None,
            dates=bars.dates,
            open=bars.open,
            high=bars.high,
            low=bars.low,
            close=close,
            sma50=sma50,
            sma200=sma200,
            rsi=rsi,
            atr=atr,
            forming=bars.forming,
            levels=tuple(levels),
            signal_dates=tuple(s.date for s in signals),
            live=live,
            quoted_secs=None if quote is None else age_secs(quote.quote.time, now),
        )


def _live(bars: BarSeries, quote: StockQuote | None) -> LiveBar | None:
    """The bar that forms: as fetched, widened by what the stream has shown since."""
    if not bars.forming or not bars.close:
        return None
    price = quote.quote.last or quote.quote.mid if quote is not None else None
    last = bars.close[-1] if price is None else price
    return LiveBar(
        open=bars.open[-1],
        high=max(bars.high[-1], last),
        low=min(bars.low[-1], last),
        close=last,
    )


def age_secs(time: datetime, now: datetime) -> int:
    """Whole seconds since a quote's time, never negative."""
    return max(0, int((now - time).total_seconds()))


def spread_levels(spread: VerticalSpread, plan: ExitPlan, breakeven: float) -> tuple[Level, ...]:
    """Price lines of a spread and its plan, with what to call each."""
    right = str(spread.right)
    levels: list[Level] = [
        (float(spread.short.strike), f"short {spread.short.strike.normalize():f} {right}", "text"),
        (float(spread.long.strike), f"long {spread.long.strike.normalize():f} {right}", "accent"),
        (breakeven, f"breakeven {breakeven:.2f}", "text"),
        (plan.stop, f"stop {plan.stop:.2f}", "loss"),
    ]
    if plan.target is not None:
        reason = (plan.target_reason or "").removeprefix("TARGET_")
        levels.append((plan.target, f"target {plan.target:.2f} ({reason})", "gain"))
    return tuple(levels)


def column(values: Array) -> tuple[float | None, ...]:
    """An indicator's values as a chart has them: None where it is not warmed up."""
    return tuple(None if np.isnan(v) else float(v) for v in values)
