"""The scan as one lazy query of polars, which divides the work among its threads itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from vst_desktop.cli.bench.peers import FAST, SLOW
from vst_desktop.cli.bench.rows import signal_rows
from vst_desktop.ports.market_data import BarColumns
from vst_desktop.ports.scanner import SignalRows
from vst_desktop.strategy.indicators import ATR_LENGTH, RSI_LENGTH
from vst_desktop.strategy.parameters import StrategyParameters

if TYPE_CHECKING:
    import polars as pl


class ByPolars:
    """Queries over one frame of all bars.

    Raises:
        ImportError: It is not installed.
    """

    def __init__(self, bars: Sequence[BarColumns], parameters: StrategyParameters) -> None:
        import polars as pl

        self._bars = bars
        lengths = [len(one) for one in bars]
        frame = pl.DataFrame(
            {
                "symbol": np.repeat(np.arange(len(bars), dtype=np.uint32), lengths),
                "bar": np.concatenate([np.arange(n, dtype=np.uint32) for n in lengths]),
                "left": np.concatenate([np.arange(n, dtype=np.uint32)[::-1] for n in lengths]),
                "day": np.concatenate([one.time for one in bars]),
                "high": np.concatenate([one.high for one in bars]),
                "low": np.concatenate([one.low for one in bars]),
                "close": np.concatenate([one.close for one in bars]),
            }
        )
        found = pl.col("strategies") > 0
        every = _with_indicators(frame.lazy())
        rules = ("symbol", "day", _strategies(parameters))
        self._range = every.select(*rules).filter(found)
        # The rules look one bar back.
        self._as_of = (
            every.filter(pl.col("left") < 2)
            .select("left", *rules)
            .filter(found & (pl.col("left") == 0))
        )

    @staticmethod
    def threads() -> int:
        """How many threads polars takes."""
        import polars as pl

        return pl.thread_pool_size()

    def as_of(self) -> SignalRows:
        """The rules on each symbol's last bar."""
        return self._rows(self._as_of)

    def range(self) -> SignalRows:
        """The rules on every bar."""
        return self._rows(self._range)

    def _rows(self, query: pl.LazyFrame) -> SignalRows:
        found = query.collect()
        counts = np.bincount(found["symbol"].to_numpy(), minlength=len(self._bars))
        return signal_rows(
            self._bars, counts, found["day"].to_numpy(), found["strategies"].to_numpy()
        )


def _with_indicators(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Wilder's averages symbol by symbol; all else over the whole column, which is faster."""
    import polars as pl

    bar, high, low, close = pl.col("bar"), pl.col("high"), pl.col("low"), pl.col("close")
    change, ranges = pl.col("change"), pl.col("ranges")
    before = pl.when(bar > 0).then(close.shift(1))

    def wilder(name: str, length: int) -> pl.Expr:
        return pl.col(name).ewm_mean(alpha=1 / length, adjust=False, ignore_nulls=True).alias(name)

    def average(values: pl.Expr, length: int) -> pl.Expr:
        return pl.when(bar >= length - 1).then(values.rolling_mean(length))

    prepared = frame.with_columns(
        change=close - before,
        ranges=pl.max_horizontal(high - low, (high - before).abs(), (low - before).abs()),
    ).with_columns(
        gain=change.clip(0, None),
        loss=(-change).clip(0, None),
        # Wilder's first value is a plain mean.
        atr=pl.when(bar == ATR_LENGTH - 1)
        .then(ranges.rolling_mean(ATR_LENGTH))
        .when(bar >= ATR_LENGTH)
        .then(ranges),
        fast=average(close, FAST),
        slow=average(close, SLOW),
    )
    kept = ("bar", "left", "day", "close", "fast", "slow")
    smoothed = (wilder("gain", RSI_LENGTH), wilder("loss", RSI_LENGTH), wilder("atr", ATR_LENGTH))
    return (
        prepared.group_by("symbol", maintain_order=True)
        .agg(*kept, *smoothed)
        .explode(*kept, "gain", "loss", "atr")
    )


def _strategies(rules: StrategyParameters) -> pl.Expr:
    """The strategies that hold on each bar, one bit each."""
    import polars as pl

    close, atr, gain, loss = pl.col("close"), pl.col("atr"), pl.col("gain"), pl.col("loss")
    rsi = 100 * gain / (gain + loss)
    second = pl.col("bar") > 0
    apart = (pl.col("fast") - pl.col("slow")).shift(1)
    before = rsi.shift(1)
    up, down = rules.bull_pullback_rsi_threshold, rules.bear_rally_rsi_threshold
    held = (
        (close > rules.high_base_max_atr_ratio * atr) & (rsi > rules.high_base_min_rsi),
        (close < rules.low_base_min_atr_ratio * atr) & (rsi < rules.low_base_max_rsi),
        second & (apart > 0) & (before < up) & (rsi > up),
        second & (apart < 0) & (before > down) & (rsi < down),
    )
    bits = [one.fill_null(value=False).cast(pl.UInt8) * (1 << k) for k, one in enumerate(held)]
    return pl.sum_horizontal(bits).cast(pl.UInt8).alias("strategies")
