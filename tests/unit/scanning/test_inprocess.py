"""Scans in this process, beside the loop."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from datetime import date

import pytest

from tests.helpers.own_strategies import Own
from tests.helpers.rising import rising
from vst_desktop.domain.bars import BarSeries
from vst_desktop.ports.scanner import ScanRequest
from vst_desktop.runtime.settings import StrategySettings
from vst_desktop.scanning.computations import BY_NUMPY, NUMPY, Computations
from vst_desktop.scanning.inprocess import scan_in_process, scan_in_thread
from vst_desktop.strategy.indicators import Indicators, indicators
from vst_desktop.strategy.registry import BUILT_IN

BARS = {name: rising(name) for name in ("A", "B", "C")}
REQUEST = ScanRequest(
    symbols=("A", "B", "C"),
    strategies=tuple(BUILT_IN),
    parameters=StrategySettings().model_dump(),
)


def test_range_gives_every_signal_bar_in_it() -> None:
    wanted = replace(REQUEST, symbols=("A",), start=date(2024, 1, 10), end=date(2024, 1, 20))
    result = scan_in_process(BARS, wanted, Computations([BY_NUMPY]))
    assert [s.date.day for s in result.signals] == [14, 15, 16, 17, 18, 19, 20]
    assert (result.scanned, result.bars, result.counts) == (1, 60, {"HIGH_BASE": 7})


def test_counts_only_gives_no_bar() -> None:
    wanted = replace(REQUEST, start=date.min, counts_only=True)
    result = scan_in_process(BARS, wanted, Computations([BY_NUMPY]))
    assert (result.signals, result.bars, result.counts) == ((), 180, {"HIGH_BASE": 3 * 47})


def test_symbol_without_any_indicator_is_an_error() -> None:
    def failing(bars: BarSeries) -> Indicators:
        raise ArithmeticError("no")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vst_desktop.scanning.computations.log.warning", lambda *_: None)
        result = scan_in_process(BARS, REQUEST, Computations([(NUMPY, failing)]))
    assert result.scanned == 0
    assert [e.symbol for e in result.errors] == ["A", "B", "C"]
    assert "ArithmeticError: no" in result.errors[0].error


def test_own_strategy_that_cannot_be_loaded_is_named_and_the_others_scan(own: Own) -> None:
    own.module("broken_rule", "import no_such_module_here")
    own.install("others-rules", {"BROKEN": "broken_rule:RULE"})
    wanted = replace(REQUEST, strategies=("BROKEN", "HIGH_BASE"))
    result = scan_in_process(BARS, wanted, Computations([BY_NUMPY]))
    assert [s.strategy for s in result.signals] == ["HIGH_BASE"] * 3
    (error,) = result.strategy_errors
    assert (error.strategy, error.symbol) == ("BROKEN", None)
    assert "others-rules 1.2" in error.error


def test_progress_is_told_on_the_loop_symbol_by_symbol() -> None:
    async def story() -> list[tuple[int, int]]:
        told: list[tuple[int, int]] = []
        home = threading.get_ident()

        def progress(done: int, total: int) -> None:
            assert threading.get_ident() == home
            told.append((done, total))

        await scan_in_thread(BARS, REQUEST, Computations([BY_NUMPY]), on_progress=progress)
        return told

    assert asyncio.run(story()) == [(1, 3), (2, 3), (3, 3)]


def test_cancelled_scan_ends_after_the_symbol_at_hand() -> None:
    begun, go_on = threading.Event(), threading.Event()
    seen: list[str] = []

    def slow(bars: BarSeries) -> Indicators:
        seen.append(bars.symbol)
        begun.set()
        assert go_on.wait(10)
        return indicators(bars)

    async def story() -> None:
        work = asyncio.create_task(scan_in_thread(BARS, REQUEST, Computations([(NUMPY, slow)])))
        await asyncio.to_thread(begun.wait, 10)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        go_on.set()

    asyncio.run(story())  # joins the thread
    assert seen == ["A"]
