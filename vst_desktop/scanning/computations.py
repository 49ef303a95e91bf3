"""The two ways to work out indicators in this process: pandas-ta, and numpy when that fails."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from types import ModuleType

import numpy as np

from vst_desktop.domain.bars import BarSeries
from vst_desktop.domain.errors import UserError
from vst_desktop.strategy.indicators import (
    ATR_LENGTH,
    RSI_LENGTH,
    Array,
    Indicators,
    indicators,
)

log = logging.getLogger(__name__)

PANDAS_TA = "pandas-ta (in-process)"
NUMPY = "numpy (in-process)"
ATTEMPTS = 2
"""Failures in a row after which a way is not tried again in the same scan (SPEC 12)."""

Way = tuple[str, Callable[[BarSeries], Indicators]]


@cache
def _pandas_ta() -> ModuleType:
    """pandas-ta without its compiler, which would take seconds for one average, hold up the
    window's thread while it works, and want a folder that it can write to."""
    import numba  # type: ignore[import-untyped]

    compiling, numba.config.DISABLE_JIT = numba.config.DISABLE_JIT, True
    try:
        import pandas_ta
    finally:
        numba.config.DISABLE_JIT = compiling
    module: ModuleType = pandas_ta
    return module


def by_pandas_ta(bars: BarSeries) -> Indicators:
    """Indicators by pandas-ta's own code. What it gives nothing for is not warmed up."""
    import pandas as pd

    ta = _pandas_ta()
    high, low, close = (
        pd.Series(column, dtype=np.float64) for column in (bars.high, bars.low, bars.close)
    )

    def column(found: object) -> Array:
        if found is None:
            return np.full(len(bars), np.nan)
        if not isinstance(found, pd.Series) or len(found) != len(bars):
            raise ValueError(f"pandas-ta gave {type(found).__name__}, not a value a bar")
        return found.to_numpy(dtype=np.float64)

    return Indicators.of(
        bars,
        atr=column(ta.atr(high, low, close, length=ATR_LENGTH, talib=False)),
        rsi=column(ta.rsi(close, length=RSI_LENGTH, talib=False)),
        sma50=column(ta.sma(close, length=50, talib=False)),
        sma200=column(ta.sma(close, length=200, talib=False)),
    )


BY_PANDAS_TA: Way = (PANDAS_TA, by_pandas_ta)
BY_NUMPY: Way = (NUMPY, indicators)
BOTH: Sequence[Way] = (BY_PANDAS_TA, BY_NUMPY)


class Computations:
    """Tries one way after the other, bars by bars; each failure is logged and counted.

    Args:
        ways: Names and functions, the preferred first.
    """

    def __init__(self, ways: Sequence[Way]) -> None:
        self._ways = ways
        self._failed_in_a_row: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self.served: Counter[str] = Counter()

    def indicators(self, bars: BarSeries) -> Indicators:
        """The indicators by the first way that can.

        Raises:
            UserError: No way could.
        """
        reasons = []
        for name, work in self._ways:
            if self._failed_in_a_row[name] >= ATTEMPTS:
                continue
            try:
                found = work(bars)
            except Exception as error:  # a library's: anything may come
                self.failures[name] += 1
                self._failed_in_a_row[name] += 1
                reasons.append(f"{name}: {type(error).__name__}: {error}")
                log.warning("indicators of %s failed by %s", bars.symbol, reasons[-1])
                continue
            self._failed_in_a_row[name] = 0
            self.served[name] += 1
            return found
        raise UserError("; ".join(reasons) or "no way left to work out its indicators")

    @property
    def engine(self) -> str:
        """Who served: one way's name, or each with the number of symbols."""
        if len(self.served) < 2:
            return next(iter(self.served), self._ways[0][0])
        return ", ".join(f"{name} {count} symbols" for name, count in self.served.items())


def warm_up() -> None:
    """Bring in pandas-ta, so that the first scan need not wait; a failure shows at the scan."""
    try:
        _pandas_ta()
    except Exception as error:
        log.info("pandas-ta cannot be had: %s: %s", type(error).__name__, error)
