"""The same scan by other libraries, each as fast as its users could fairly make it.

All get their columns prepared outside the clock and answer with what the scanner answers with.
The rules are those of SPEC 3 with the base ``zero``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from vst_desktop.cli.bench.rows import Bits, picked, signal_rows
from vst_desktop.ports.market_data import BarColumns, Floats
from vst_desktop.ports.scanner import SignalRows
from vst_desktop.strategy.indicators import ATR_LENGTH, RSI_LENGTH
from vst_desktop.strategy.parameters import StrategyParameters

FAST, SLOW = 50, 200

Indicators = Callable[[int], tuple[Floats, Floats, Floats, Floats]]
"""ATR, RSI, SMA50 and SMA200 of every bar of the symbol at an index."""


def talib_indicators(bars: Sequence[BarColumns]) -> Indicators:
    """By TA-Lib's compiled functions, without the wrappers that look for pandas and polars.

    Raises:
        ImportError: It is not installed.
    """
    from talib import _ta_lib as ta

    def of(index: int) -> tuple[Floats, Floats, Floats, Floats]:
        one = bars[index]
        close = one.close
        return (
            ta.ATR(one.high, one.low, close, ATR_LENGTH),
            ta.RSI(close, RSI_LENGTH),
            ta.SMA(close, FAST),
            ta.SMA(close, SLOW),
        )

    return of


def pandas_ta_indicators(bars: Sequence[BarColumns]) -> Indicators:
    """By pandas-ta's own code, whether or not TA-Lib is installed."""
    import pandas as pd
    import pandas_ta as ta

    prepared = [(pd.Series(b.high), pd.Series(b.low), pd.Series(b.close)) for b in bars]

    def column(found: Any, count: int) -> Floats:
        # Too few bars for it: nothing.
        if found is None:
            return np.full(count, np.nan)
        values: Floats = found.to_numpy(dtype=np.float64)
        return values

    def of(index: int) -> tuple[Floats, Floats, Floats, Floats]:
        high, low, close = prepared[index]
        return (
            column(ta.atr(high, low, close, length=ATR_LENGTH, talib=False), len(close)),
            column(ta.rsi(close, length=RSI_LENGTH, talib=False), len(close)),
            column(ta.sma(close, length=FAST, talib=False), len(close)),
            column(ta.sma(close, length=SLOW, talib=False), len(close)),
        )

    return of


class ByIndicators:
    """Indicator columns symbol by symbol, and the rules in numpy."""

    def __init__(
        self, bars: Sequence[BarColumns], parameters: StrategyParameters, indicators: Indicators
    ) -> None:
        self._bars = bars
        self._starts = np.cumsum([0, *map(len, bars)])
        self._time = np.concatenate([one.time for one in bars])
        self._rules = parameters
        self._indicators = indicators

    def as_of(self) -> SignalRows:
        """Indicators of every bar, the rules on each symbol's last one."""
        found = [self._on_last(index) for index in range(len(self._bars))]
        days = [
            one.time[-1] for one, strategies in zip(self._bars, found, strict=True) if strategies
        ]
        return signal_rows(
            self._bars,
            map(bool, found),
            np.array(days, dtype=np.int32),
            np.array([bits for bits in found if bits], dtype=np.uint8),
        )

    def range(self) -> SignalRows:
        """Indicators and rules on every bar."""
        found = np.concatenate([self._on_every(index) for index in range(len(self._bars))])
        return picked(self._bars, self._starts, self._time, found)

    def _on_last(self, index: int) -> int:
        close, rules = float(self._bars[index].close[-1]), self._rules
        atr, rsi, fast, slow = (column[-2:].tolist() for column in self._indicators(index))
        high = rules.high_base_max_atr_ratio * atr[-1] < close and rsi[-1] > rules.high_base_min_rsi
        low = rules.low_base_min_atr_ratio * atr[-1] > close and rsi[-1] < rules.low_base_max_rsi
        up, down = rules.bull_pullback_rsi_threshold, rules.bear_rally_rsi_threshold
        pullback = fast[0] > slow[0] and rsi[0] < up < rsi[-1]
        rally = fast[0] < slow[0] and rsi[0] > down > rsi[-1]
        return int(high | low << 1 | pullback << 2 | rally << 3)

    def _on_every(self, index: int) -> Bits:
        close, rules = self._bars[index].close, self._rules
        atr, rsi, fast, slow = self._indicators(index)
        found = (close > rules.high_base_max_atr_ratio * atr) & (rsi > rules.high_base_min_rsi)
        low = (close < rules.low_base_min_atr_ratio * atr) & (rsi < rules.low_base_max_rsi)
        up, down = rules.bull_pullback_rsi_threshold, rules.bear_rally_rsi_threshold
        bits = found.view(np.uint8)
        bits |= low.view(np.uint8) << np.uint8(1)
        fast, slow, before, now = fast[:-1], slow[:-1], rsi[:-1], rsi[1:]
        bits[1:] |= ((fast > slow) & (before < up) & (now > up)).view(np.uint8) << np.uint8(2)
        bits[1:] |= ((fast < slow) & (before > down) & (now < down)).view(np.uint8) << np.uint8(3)
        return bits
