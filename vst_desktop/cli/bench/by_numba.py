"""The scan as one pass in numba: what a Python programmer could write instead of a Go service."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit  # type: ignore[import-untyped]
from numpy.typing import NDArray

from vst_desktop.cli.bench.peers import FAST, SLOW
from vst_desktop.cli.bench.rows import Bits, picked, signal_rows
from vst_desktop.ports.market_data import BarColumns, Floats
from vst_desktop.ports.scanner import SignalRows
from vst_desktop.strategy.indicators import ATR_LENGTH
from vst_desktop.strategy.parameters import StrategyParameters


class ByNumba:
    """All symbols' bars in one column each."""

    def __init__(self, bars: Sequence[BarColumns], rules: StrategyParameters) -> None:
        self._bars = bars
        self._starts = np.cumsum([0, *map(len, bars)])
        self._time = np.concatenate([one.time for one in bars])
        self._high, self._low, self._close = (
            np.concatenate([getattr(one, name) for one in bars])
            for name in ("high", "low", "close")
        )
        self._rules = (
            rules.high_base_max_atr_ratio,
            rules.high_base_min_rsi,
            rules.low_base_min_atr_ratio,
            rules.low_base_max_rsi,
            rules.bull_pullback_rsi_threshold,
            rules.bear_rally_rsi_threshold,
        )

    def as_of(self) -> SignalRows:
        """The rules on each symbol's last bar."""
        found = self._pass(last_only=True)
        ends = self._starts[1:] - 1
        hit = found[ends] > 0
        return signal_rows(self._bars, hit, self._time[ends[hit]], found[ends[hit]])

    def range(self) -> SignalRows:
        """The rules on every bar."""
        return picked(self._bars, self._starts, self._time, self._pass(last_only=False))

    def _pass(self, *, last_only: bool) -> Bits:
        found = np.zeros(len(self._time), dtype=np.uint8)
        _fused(self._high, self._low, self._close, self._starts, self._rules, last_only, found)
        return found


@njit(nogil=True)  # type: ignore[untyped-decorator]
def _fused(
    high: Floats,
    low: Floats,
    close: Floats,
    starts: NDArray[np.int64],
    rules: tuple[float, float, float, float, float, float],
    last_only: bool,
    found: Bits,
) -> None:
    """Each symbol in one streaming pass; nothing divides."""
    high_ratio, high_rsi, low_ratio, low_rsi, up, down = rules
    ratio = SLOW // FAST
    take = 1 / ATR_LENGTH
    keep = 1 - take
    for symbol in range(len(starts) - 1):
        first, end = starts[symbol], starts[symbol + 1]
        gain = loss = true_range = fast = slow = 0.0
        # The bar before's: RSI below and above each threshold, and the trend.
        was_below = was_above = False
        trend = 0
        for i in range(first, end):
            n = i - first
            price = close[i]
            ranging = high[i] - low[i]
            if n:
                before = close[i - 1]
                change = price - before
                rise, fall = max(change, 0.0), max(-change, 0.0)
                if n == 1:
                    gain, loss = rise, fall
                else:
                    gain, loss = keep * gain + take * rise, keep * loss + take * fall
                ranging = max(ranging, abs(high[i] - before), abs(low[i] - before))
            if n < ATR_LENGTH:
                true_range += take * ranging
            else:
                true_range = keep * true_range + take * ranging
            fast += price
            slow += price
            if n >= FAST:
                fast -= close[i - FAST]
            if n >= SLOW:
                slow -= close[i - SLOW]
            total = gain + loss
            if not last_only or i == end - 1:
                bits = 0
                if n >= ATR_LENGTH - 1:
                    bits |= price > high_ratio * true_range and 100 * gain > high_rsi * total
                    bits |= (price < low_ratio * true_range and 100 * gain < low_rsi * total) << 1
                bits |= (trend > 0 and was_below and 100 * gain > up * total) << 2
                bits |= (trend < 0 and was_above and 100 * gain < down * total) << 3
                found[i] = bits
            was_below = n > 0 and 100 * gain < up * total
            was_above = n > 0 and 100 * gain > down * total
            trend = 0
            if n >= SLOW - 1:
                apart = ratio * fast - slow
                trend = 1 if apart > 1e-9 * slow else -1 if apart < -1e-9 * slow else 0
