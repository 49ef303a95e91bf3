"""The scanner child's signals equal those that pandas-ta's values give, on real bars."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vst_desktop.adapters.scanner.binary import binary_path
from vst_desktop.adapters.scanner.supervisor import ScannerChild
from vst_desktop.domain.bars import BarSeries
from vst_desktop.ports.scanner import ScanRequest, ScanResult

STRATEGIES = ("HIGH_BASE", "LOW_BASE", "BULL_PULLBACK", "BEAR_RALLY")
EVERY_NTH_SYMBOL = 16
Key = tuple[str, str, date]

pytestmark = pytest.mark.skipif(not binary_path().is_file(), reason="no scanner: run 'make setup'")


def series_of(symbol: str, bars: pd.DataFrame) -> BarSeries:
    columns = {c: tuple(bars[c].astype(float)) for c in ("open", "high", "low", "close", "volume")}
    return BarSeries(symbol=symbol, dates=tuple(bars["date"].dt.date), **columns)


def scanned(series: list[BarSeries], base: str) -> ScanResult:
    async def run() -> ScanResult:
        child = ScannerChild()
        await child.start()
        try:
            assert (await child.put_bars(series)).errors == ()
            return await child.scan(
                ScanRequest(
                    symbols=tuple(one.symbol for one in series),
                    strategies=STRATEGIES,
                    parameters={
                        "high_base_max_atr_ratio": 2.0,
                        "high_base_min_rsi": 60.0,
                        "low_base_min_atr_ratio": 0.5,
                        "low_base_max_rsi": 40.0,
                        "bull_pullback_rsi_threshold": 45.0,
                        "bear_rally_rsi_threshold": 55.0,
                        "atr_ratio_base": base,
                        "base_lookback": 20,
                    },
                    start=date.min,
                    end=date.max,
                )
            )
        finally:
            await child.close()

    return asyncio.run(run())


def reference(symbol: str, bars: pd.DataFrame, base: str) -> set[Key]:
    import pandas_ta  # noqa: F401

    def column(values: object) -> pd.Series:
        # Too short for the indicator: pandas-ta gives nothing usable.
        return values if isinstance(values, pd.Series) else pd.Series(np.nan, index=bars.index)

    close = bars["close"]
    atr = column(bars.ta.atr(length=14, talib=False))
    rsi = column(bars.ta.rsi(length=14, talib=False))
    fast = column(bars.ta.sma(length=50, talib=False)).shift()
    slow = column(bars.ta.sma(length=200, talib=False)).shift()
    lowest = 0.0 if base == "zero" else bars["low"].rolling(20).min()
    ratio, before = (close - lowest) / atr, rsi.shift()
    masks = (
        (ratio > 2) & (rsi > 60),
        (ratio < 0.5) & (rsi < 40),
        (fast > slow) & (before < 45) & (rsi > 45),
        (fast < slow) & (before > 55) & (rsi < 55),
    )
    return {
        (symbol, name, day)
        for name, mask in zip(STRATEGIES, masks, strict=True)
        for day in bars["date"].dt.date[mask]
    }


@pytest.mark.parametrize("base", ["zero", "range_low"])
def test_the_signals_are_exactly_those_of_pandas_ta(data_dir: Path, base: str) -> None:
    frame = pd.read_parquet(data_dir / "sp500_daily.parquet").sort_values(["symbol", "date"])
    frame["date"] = pd.to_datetime(frame["date"])
    symbols = sorted(frame["symbol"].unique())
    chosen = {*symbols[::EVERY_NTH_SYMBOL], "VTRS"}  # VTRS is too short for SMA200
    groups = {
        str(symbol): bars.reset_index(drop=True)
        for symbol, bars in frame[frame["symbol"].isin(chosen)].groupby("symbol")
    }
    result = scanned([series_of(symbol, bars) for symbol, bars in groups.items()], base)
    assert (result.scanned, result.errors) == (len(chosen), ())
    got = {(signal.symbol, signal.strategy, signal.date) for signal in result.signals}
    want = {key for symbol, bars in groups.items() for key in reference(symbol, bars, base)}
    assert len(want) > 10_000
    assert got == want
