"""ATR, RSI and simple averages on daily bars, in numpy.

The reference is pandas-ta 0.4.71b0 with ``talib=False``; a test compares every bar. Values that
are not warmed up are NaN.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vst_desktop.domain.bars import BarSeries

Array = npt.NDArray[np.float64]

ATR_LENGTH = 14
RSI_LENGTH = 14


def wilder(values: Array, alpha: float, seed: float) -> Array:
    """Wilder's running mean: each value moves it by ``alpha`` of the distance, from ``seed``."""
    out = np.empty(len(values))
    mean = seed
    for index, value in enumerate(values.tolist()):
        mean = (1.0 - alpha) * mean + alpha * value
        out[index] = mean
    return out


def rsi(close: Array, length: int = RSI_LENGTH) -> Array:
    """Relative strength index (Wilder 1978), 0..100, seeded by the first change.

    NaN at the first bar and while there was neither a gain nor a loss.
    """
    out = np.full(len(close), np.nan)
    if len(close) < 2:
        return out
    change = np.diff(close)
    gains, losses = np.maximum(change, 0.0), np.maximum(-change, 0.0)
    gain = np.concatenate(([gains[0]], wilder(gains[1:], 1 / length, float(gains[0]))))
    loss = np.concatenate(([losses[0]], wilder(losses[1:], 1 / length, float(losses[0]))))
    total = gain + loss
    moved = total > 0
    out[1:][moved] = 100.0 * gain[moved] / total[moved]
    return out


def atr(high: Array, low: Array, close: Array, length: int = ATR_LENGTH) -> Array:
    """Average true range (Wilder 1978), USD; the first is the mean of ``length`` true ranges."""
    out = np.full(len(close), np.nan)
    if len(close) < length:
        return out
    true_range = high - low
    true_range[1:] = np.maximum.reduce(
        (high[1:] - low[1:], np.abs(high[1:] - close[:-1]), np.abs(low[1:] - close[:-1]))
    )
    first = float(true_range[:length].mean())
    out[length - 1] = first
    out[length:] = wilder(true_range[length:], 1 / length, first)
    return out


def sma(close: Array, length: int) -> Array:
    """Simple moving average over ``length`` bars, USD."""
    out = np.full(len(close), np.nan)
    if len(close) >= length:
        out[length - 1 :] = np.convolve(close, np.ones(length) / length, mode="valid")
    return out


def rolling_low(low: Array, length: int) -> Array:
    """Lowest low of the last ``length`` bars, the present one included, USD."""
    out = np.full(len(low), np.nan)
    if len(low) >= length:
        windows = np.lib.stride_tricks.sliding_window_view(low, length)
        out[length - 1 :] = windows.min(axis=1)
    return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicators:
    """Bars and indicator columns of one symbol, aligned; NaN is not warmed up.

    Prices in USD, split-adjusted, volume in shares. The columns cannot be written to.
    """

    open: Array
    high: Array
    low: Array
    close: Array
    volume: Array
    atr: Array
    rsi: Array
    sma50: Array
    sma200: Array

    @classmethod
    def of(
        cls, bars: BarSeries, *, atr: Array, rsi: Array, sma50: Array, sma200: Array
    ) -> Indicators:
        """The columns of these bars, beside what was worked out from them."""

        def column(values: Array | tuple[float, ...]) -> Array:
            array = np.array(values, dtype=np.float64)
            array.flags.writeable = False
            return array

        return cls(
            open=column(bars.open),
            high=column(bars.high),
            low=column(bars.low),
            close=column(bars.close),
            volume=column(bars.volume),
            atr=column(atr),
            rsi=column(rsi),
            sma50=column(sma50),
            sma200=column(sma200),
        )


def indicators(bars: BarSeries) -> Indicators:
    """All indicators the strategies use, for every bar."""
    high, low, close = (np.asarray(column) for column in (bars.high, bars.low, bars.close))
    return Indicators.of(
        bars,
        atr=atr(high, low, close),
        rsi=rsi(close),
        sma50=sma(close, 50),
        sma200=sma(close, 200),
    )
