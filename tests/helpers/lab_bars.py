"""Made bars for the lab: walks that are the same in every run, and all their signals."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np

from vst_desktop.domain.bars import Timeframe
from vst_desktop.ports.market_data import BarColumns
from vst_desktop.ports.scanner import SignalRows
from vst_desktop.runtime.calendar import session_days
from vst_desktop.runtime.settings import Settings
from vst_desktop.scanning.inprocess import as_series
from vst_desktop.strategy.indicators import indicators
from vst_desktop.strategy.parameters import StrategyParameters
from vst_desktop.strategy.registry import evaluate, get_strategy

FIRST, LAST = date(2018, 1, 2), date(2020, 12, 31)
NAMES = ("HIGH_BASE", "LOW_BASE", "BULL_PULLBACK", "BEAR_RALLY")


@lru_cache(maxsize=32)
def walk(symbol: str, *, price: float = 60.0, seed: int = 0, drift: float = 0.0004) -> BarColumns:
    """Daily bars of 2018 to 2020, of about 25 % volatility a year."""
    days = session_days()
    first, last = (np.datetime64(day).astype("datetime64[D]").astype(int) for day in (FIRST, LAST))
    days = days[(days >= first) & (days <= last)]
    g = np.random.default_rng([seed, *symbol.encode()])
    close = price * np.exp(np.cumsum(g.normal(drift, 0.016, len(days))))
    opened = np.concatenate(([price], close[:-1])) * np.exp(g.normal(0, 0.005, len(days)))
    high = np.maximum(opened, close) * np.exp(np.abs(g.normal(0, 0.006, len(days))))
    low = np.minimum(opened, close) * np.exp(-np.abs(g.normal(0, 0.006, len(days))))
    return BarColumns(
        symbol=symbol,
        timeframe=Timeframe.DAILY,
        time=days.astype(np.int32),
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=np.full(len(days), 5e6),
    )


def walks(count: int = 4) -> tuple[BarColumns, ...]:
    """Walks of different prices."""
    return tuple(walk(f"W{n}", price=30.0 + 17 * n, seed=n) for n in range(count))


def signal_rows(
    bars: Sequence[BarColumns], settings: Settings, names: Sequence[str] = NAMES
) -> SignalRows:
    """Every signal on these bars, by the rules in numpy."""
    parameters = StrategyParameters.of(settings.strategy.model_dump())
    symbol, day, bits = [], [], []
    for place, one in enumerate(bars):
        data = indicators(as_series(one))
        found = np.zeros(len(one), dtype=np.uint8)
        for k, name in enumerate(names):
            found |= evaluate(get_strategy(name), data, parameters).astype(np.uint8) << np.uint8(k)
        at = np.flatnonzero(found)
        symbol.append(np.full(len(at), place, dtype=np.uint32))
        day.append(one.time[at].astype(np.int32))
        bits.append(found[at])
    return SignalRows.of(
        tuple(one.symbol for one in bars),
        tuple(names),
        symbol=np.concatenate(symbol),
        day=np.concatenate(day),
        strategies=np.concatenate(bits),
    )


def write_waves(file: Path, first: date = date(2017, 1, 1)) -> Path:
    """Three years of two stocks that rise and fall in waves, as a CSV file of bars."""
    with file.open("w", newline="", encoding="utf-8") as out:
        rows = csv.writer(out)
        rows.writerow(("symbol", "date", "open", "high", "low", "close", "volume"))
        for number, symbol in enumerate(("AAA", "BBB")):
            for day in range(3 * 365):
                when = first + timedelta(days=day)
                if when.weekday() < 5:
                    mid = 80 + 0.02 * day + 8 * math.sin(day / (20 + 5 * number))
                    rows.writerow((symbol, when, mid, mid + 1, mid - 1, mid + 0.3, 9_000_000))
    return file
