"""The chart of the selected symbol: bars, indicators, and the levels of its spread."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vst_desktop.domain.bars import BarSeries
from vst_desktop.domain.signals import Signal
from vst_desktop.domain.spreads import ExitPlan, VerticalSpread
from vst_desktop.station.view import ChartView
from vst_desktop.strategy.indicators import Array, Indicators, indicators

SHOWN_SESSIONS = 252

Level = tuple[float, str, str]


class ChartMaker:
    """Makes chart views; indicators are worked out once for the same bars."""

    def __init__(self) -> None:
        self._bars: BarSeries | None = None
        self._data: Indicators | None = None

    def indicators(self, bars: BarSeries) -> Indicators:
        """The symbol's indicators."""
        if self._bars is not bars or self._data is None:
            self._bars, self._data = bars, indicators(bars)
        return self._data

    def chart(
        self, bars: BarSeries, signals: Sequence[Signal], levels: Sequence[Level]
    ) -> ChartView:
        """The last year of the symbol."""
        data = self.indicators(bars)
        cut = slice(-SHOWN_SESSIONS, None)
        close = bars.close
        change = close[-1] / close[-2] - 1 if len(close) > 1 else None
        return ChartView(
            symbol=bars.symbol,
            last=close[-1] if close else None,
            change_pct=change,
            dates=bars.dates[cut],
            open=bars.open[cut],
            high=bars.high[cut],
            low=bars.low[cut],
            close=close[cut],
            sma50=_column(data.sma50[cut]),
            sma200=_column(data.sma200[cut]),
            rsi=_column(data.rsi[cut]),
            forming=bars.forming,
            levels=tuple(levels),
            signal_dates=tuple(s.date for s in signals),
        )


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


def _column(values: Array) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(v) else float(v) for v in values)
