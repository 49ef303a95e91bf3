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
from vst_desktop.domain.signals import Signal
from vst_desktop.ports.scanner import ScanRequest, ScanResult
from vst_desktop.runtime.settings import StrategySettings
from vst_desktop.scanning.computations import by_pandas_ta
from vst_desktop.strategy.indicators import Indicators, indicators
from vst_desktop.strategy.parameters import StrategyParameters
from vst_desktop.strategy.registry import BUILT_IN

BASES = get_args(StrategySettings.model_fields["atr_ratio_base"].annotation)
VALUES = ("atr", "rsi", "sma50", "sma200")

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


def scanned(series: Sequence[BarSeries]) -> list[ScanResult]:
    """The child's every signal, for each base."""

    async def run() -> list[ScanResult]:
        child = ScannerChild()
        await child.start()
        try:
            assert (await child.put_bars(series)).errors == ()
            request = ScanRequest(
                symbols=tuple(one.symbol for one in series),
                strategies=tuple(BUILT_IN),
                parameters={},
                start=date.min,
                end=date.max,
            )
            return [
                await child.scan(
                    replace(request, parameters=StrategySettings(atr_ratio_base=base).model_dump())
                )
                for base in BASES
            ]
        finally:
            await child.close()

    return asyncio.run(run())


def check_values(data: Indicators, signals: Sequence[Signal], bars: Sequence[int]) -> None:
    """The child's values on its signals' bars equal these to 1e-9."""
    for name in VALUES:
        theirs = np.array([getattr(s, name) for s in signals], dtype=np.float64)
        np.testing.assert_allclose(theirs, getattr(data, name)[bars], rtol=1e-9, atol=0)


@pytest.mark.timeout(300)
def test_child_pandas_ta_and_numpy_agree_on_every_bar_of_every_symbol(data_dir: Path) -> None:
    series = every_symbol(data_dir / "sp500_daily.parquet")
    results = scanned(series)
    signals: dict[tuple[str, str], list[Signal]] = {}
    for base, result in zip(BASES, results, strict=True):
        assert (result.scanned, result.errors) == (len(series), ())
        for signal in result.signals:
            signals.setdefault((base, signal.symbol), []).append(signal)
    for bars in series:
        place = {day: index for index, day in enumerate(bars.dates)}
        reference, ours = by_pandas_ta(bars), indicators(bars)
        for name in VALUES:
            np.testing.assert_allclose(
                getattr(ours, name), getattr(reference, name), rtol=1e-9, atol=0
            )
        for base in BASES:
            parameters = StrategyParameters.of(StrategySettings(atr_ratio_base=base).model_dump())
            found = signals.get((base, bars.symbol), [])
            places = [place[s.date] for s in found]
            check_values(reference, found, places)
            for strategy, rule in BUILT_IN.items():
                mask = np.zeros(len(bars), dtype=np.bool_)
                mask[[p for p, s in zip(places, found, strict=True) if s.strategy == strategy]] = 1
                assert (mask == rule.mask(reference, parameters)).all(), (bars.symbol, strategy)
                assert (mask == rule.mask(ours, parameters)).all(), (bars.symbol, strategy)
    for result, most in zip(results, (500_000, 300_000), strict=True):
        assert len(result.signals) > most, "a test of few signals would show little"
