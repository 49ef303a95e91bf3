"""One answer from three engines: the Go child, pandas-ta and numpy, on every real bar."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from vst_desktop.adapters.scanner.binary import binary_path
from vst_desktop.adapters.scanner.supervisor import ScannerChild
from vst_desktop.domain.bars import BarSeries
from vst_desktop.ports.scanner import ScanRequest, ScanResult, SignalRows
from vst_desktop.runtime.settings import StrategySettings
from vst_desktop.scanning.computations import by_pandas_ta
from vst_desktop.strategy.indicators import indicators
from vst_desktop.strategy.parameters import StrategyParameters
from vst_desktop.strategy.registry import BUILT_IN

BASES = get_args(StrategySettings.model_fields["atr_ratio_base"].annotation)
VALUES = ("atr", "rsi", "sma50", "sma200")
VALUES_OF_EVERY_NTH = 16

pytestmark = pytest.mark.skipif(not binary_path().is_file(), reason="no scanner: run 'make setup'")


def every_symbol(file: Path) -> list[BarSeries]:
    frame = pd.read_parquet(file).sort_values(["symbol", "date"])
    frame["date"] = pd.to_datetime(frame["date"]).dt.date
    return [
        BarSeries(
            symbol=str(symbol),
            dates=tuple(bars["date"]),
            **{
                name: tuple(bars[name].to_numpy(np.float64).tolist())
                for name in ("open", "high", "low", "close", "volume")
            },
        )
        for symbol, bars in frame.groupby("symbol")
    ]


def scanned(
    series: Sequence[BarSeries],
) -> tuple[list[tuple[ScanResult, SignalRows]], list[ScanResult]]:
    """The child's every signal for each base, and of some symbols with the bars' values."""

    async def run() -> tuple[list[tuple[ScanResult, SignalRows]], list[ScanResult]]:
        child = ScannerChild()
        await child.start()
        try:
            assert (await child.put_bars(series)).errors == ()
            rows, some = [], []
            for base in BASES:
                request = ScanRequest(
                    symbols=tuple(one.symbol for one in series),
                    strategies=tuple(BUILT_IN),
                    parameters=StrategySettings(atr_ratio_base=base).model_dump(),
                    start=date.min,
                    end=date.max,
                )
                result, found = await child.scan_rows(request)
                rows.append((result, found.ordered()))
                chosen = request.symbols[::VALUES_OF_EVERY_NTH]
                some.append(await child.scan(replace(request, symbols=chosen)))
            return rows, some
        finally:
            await child.close()

    return asyncio.run(run())


@pytest.mark.timeout(300)
def test_child_pandas_ta_and_numpy_agree_on_every_bar_of_every_symbol(data_dir: Path) -> None:
    series = every_symbol(data_dir / "sp500_daily.parquet")
    scans, some = scanned(series)
    data = {bars.symbol: (bars, by_pandas_ta(bars), indicators(bars)) for bars in series}
    for _, reference, ours in data.values():
        for name in VALUES:
            theirs = getattr(reference, name)
            np.testing.assert_allclose(getattr(ours, name), theirs, rtol=1e-9, atol=0)
    for base, (result, rows), most in zip(BASES, scans, (500_000, 300_000), strict=True):
        assert (result.scanned, result.errors) == (len(series), ())
        assert len(rows) > most, "a test of few signals would show little"
        parameters = StrategyParameters.of(StrategySettings(atr_ratio_base=base).model_dump())
        for number, (bars, reference, ours) in enumerate(data.values()):
            first, last = np.searchsorted(rows.symbol, (number, number + 1))
            days = np.array(bars.dates, dtype="datetime64[D]").astype(np.int32)
            bits = np.zeros(len(bars), dtype=rows.strategies.dtype)
            bits[np.searchsorted(days, rows.day[first:last])] = rows.strategies[first:last]
            for place, strategy in enumerate(rows.names):
                mask = (bits >> place & 1).astype(np.bool_)
                rule = BUILT_IN[strategy]
                assert (mask == rule.mask(reference, parameters)).all(), (bars.symbol, strategy)
                assert (mask == rule.mask(ours, parameters)).all(), (bars.symbol, strategy)
    for answer in some:
        assert len(answer.signals) > 10_000
        for symbol in sorted({signal.symbol for signal in answer.signals}):
            place_of = {day: n for n, day in enumerate(data[symbol][0].dates)}
            found = [signal for signal in answer.signals if signal.symbol == symbol]
            bars_of = [place_of[signal.date] for signal in found]
            for name in VALUES:
                theirs = np.array([getattr(signal, name) for signal in found], dtype=np.float64)
                mine = getattr(data[symbol][1], name)[bars_of]
                np.testing.assert_allclose(theirs, mine, rtol=1e-9, atol=0)
