"""Bars that are kept go into the bar store of the real scanner, once, and are scanned with the
forming bar behind them."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.made_bars import made, sessions_up_to
from vst_desktop.adapters.files.barstore import BarStore
from vst_desktop.adapters.scanner.config import ScannerConfig
from vst_desktop.adapters.scanner.supervisor import ScannerChild
from vst_desktop.domain.bars import BarSeries
from vst_desktop.domain.signals import Signal
from vst_desktop.ports.market_data import BarColumns
from vst_desktop.ports.scanner import PutResult, ScanRequest
from vst_desktop.runtime.settings import StrategySettings
from vst_desktop.scanning.inprocess import Bars
from vst_desktop.scanning.resilient import ResilientScanner
from vst_desktop.strategy.registry import BUILT_IN

DAYS = sessions_up_to(date(2023, 6, 14), 420)
SYMBOLS = [f"S{n:02d}" for n in range(12)]
ALL = {symbol: made(symbol, DAYS) for symbol in SYMBOLS}


def upto(stop: int, *, forming: bool, scale: float = 1.0) -> list[BarSeries]:
    """The bars of each symbol up to a session, whose own bar is worth that much of what it was."""
    series = []
    for columns in ALL.values():
        one = columns.cut(0, stop).series()
        last = round(one.close[-1] * scale, 2)
        series.append(
            replace(
                one,
                close=(*one.close[:-1], last),
                high=(*one.high[:-1], max(one.high[-1], last)),
                low=(*one.low[:-1], min(one.low[-1], last)),
                forming=forming,
            )
        )
    return series


class CountingChild(ScannerChild):
    """Notes which bars it was sent."""

    def __init__(self, store: Path) -> None:
        super().__init__(config=ScannerConfig(store=store))
        self.sent: list[tuple[int, bool, bool]] = []
        """Bars of each put that had any, whether they were to be kept, and to be appended."""

    async def put_bars(
        self, series: Any, *, keep: bool = False, append: bool = False, **rest: Any
    ) -> PutResult:
        bars: list[Bars] = list(series)
        self.sent.append((sum(map(len, bars)), keep, append))
        return await super().put_bars(bars, keep=keep, append=append, **rest)


class Rig:
    def __init__(self, store: Path) -> None:
        store.mkdir(exist_ok=True)
        self.store = store
        self.told: list[str] = []
        self._runner = asyncio.Runner()
        self._open()

    def _open(self) -> None:
        self.child = CountingChild(self.store)
        self.scanner = ResilientScanner(self.child, self.told.append)
        self.child._on_state = self.scanner.child_serves
        self.run(self.scanner.start())

    def run[T](self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def put(self, series: Sequence[Bars], *, keep: bool = True) -> PutResult:
        self.child.sent.clear()
        return self.run(self.scanner.put_bars(series, keep=keep))

    def signals(self) -> list[Signal]:
        request = ScanRequest(
            symbols=tuple(SYMBOLS),
            strategies=tuple(BUILT_IN),
            parameters=StrategySettings().model_dump(),
        )
        result = self.run(self.scanner.scan(request))
        assert result.scanned == len(SYMBOLS) and result.engine.startswith("go")
        return list(result.signals)

    def signals_of(self, series: Sequence[BarSeries]) -> list[Signal]:
        """The signals of these bars when nothing is kept."""
        with_none = Rig(self.store.with_name("none"))
        try:
            with_none.put(series, keep=False)
            return with_none.signals()
        finally:
            with_none.close()

    def stored(self) -> dict[str, BarColumns]:
        store = BarStore(self.store)
        assert store.verify() == []
        return {symbol: store.packed(symbol) for symbol in store.symbols}

    def reopen(self) -> None:
        """Another run of the program on the same store."""
        self.run(self.scanner.close())
        self._open()

    def close(self) -> None:
        self.run(self.scanner.close())
        self._runner.close()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path / "store")
    yield rig
    rig.close()


def holds(rig: Rig, stop: int) -> bool:
    stored = rig.stored()
    return {s: bars.series() for s, bars in stored.items()} == {
        s: bars.cut(0, stop).series() for s, bars in ALL.items()
    }


def test_whole_bars_are_written_and_the_forming_one_is_scanned_behind_them(rig: Rig) -> None:
    result = rig.put(upto(400, forming=True, scale=1.05))
    assert result.errors == () and result.symbols == len(SYMBOLS)
    assert rig.child.sent == [(399 * 12, True, False), (12, False, True)]
    assert holds(rig, 399)
    found = rig.signals()
    assert found == rig.signals_of(upto(400, forming=True, scale=1.05))
    assert {s.date for s in found} == {ALL["S00"].day(399)}


def test_a_forming_bar_that_moves_is_all_that_is_sent_and_nothing_is_written(rig: Rig) -> None:
    rig.put(upto(400, forming=True))
    written = BarStore(rig.store).generation
    for scale in (0.95, 1.05):
        rig.put(upto(400, forming=True, scale=scale))
        assert rig.child.sent == [(12, False, True)]
        assert rig.signals() == rig.signals_of(upto(400, forming=True, scale=scale))
    assert BarStore(rig.store).generation == written


def test_after_the_close_the_days_bar_is_written_behind(rig: Rig) -> None:
    rig.put(upto(400, forming=True, scale=1.05))
    rig.put(upto(400, forming=False))
    assert rig.child.sent == [(12, True, True)]
    assert holds(rig, 400)
    assert rig.signals() == rig.signals_of(upto(400, forming=False))
    rig.put(upto(401, forming=True))
    assert rig.child.sent == [(12, False, True)]
    assert rig.signals() == rig.signals_of(upto(401, forming=True))


def test_another_run_writes_only_what_came_since(rig: Rig) -> None:
    rig.put(upto(400, forming=False))
    rig.reopen()
    rig.put(upto(404, forming=True))
    assert rig.child.sent == [(3 * 12, True, True), (12, False, True)]
    assert holds(rig, 403)
    assert rig.signals() == rig.signals_of(upto(404, forming=True))


def test_a_successor_of_a_killed_child_is_sent_the_forming_bars_only(rig: Rig) -> None:
    rig.put(upto(400, forming=True, scale=1.05))
    rig.child.sent.clear()
    pid = rig.child.pid
    assert pid is not None

    async def killed() -> None:
        successor = rig.scanner._next_child
        os.kill(pid, signal.SIGKILL)
        await asyncio.wait_for(successor.wait(), 10)

    rig.run(killed())
    assert rig.signals() == rig.signals_of(upto(400, forming=True, scale=1.05))
    assert rig.child.sent == [(12, False, True)]
    assert rig.child.pid != pid


def test_bars_that_do_not_continue_a_longer_history_leave_it_and_are_scanned(rig: Rig) -> None:
    rig.put(upto(400, forming=False))
    other = [
        replace(one, close=tuple(c * 0.98 for c in one.close), low=tuple(c * 0.9 for c in one.low))
        for one in (columns.cut(100, 400).series() for columns in ALL.values())
    ]
    result = rig.put(other)
    assert holds(rig, 400)
    assert {w.symbol for w in result.warnings} == set(SYMBOLS)
    assert "goes back to" in result.warnings[0].error
    assert rig.signals() == rig.signals_of(other)


def test_a_store_that_cannot_be_written_is_told_once_and_the_scan_goes_on(rig: Rig) -> None:
    rig.put(upto(399, forming=False))
    generation = BarStore(rig.store).generation
    in_the_way = rig.store / "manifest.json.tmp" / "not empty"
    in_the_way.mkdir(parents=True)
    rig.put(upto(400, forming=True))
    rig.put(upto(401, forming=True))
    assert rig.signals() == rig.signals_of(upto(401, forming=True))
    assert len(rig.told) == 1 and "not kept in the bar store" in rig.told[0]
    assert BarStore(rig.store).generation == generation
    in_the_way.rmdir()
    in_the_way.parent.rmdir()
    rig.put(upto(402, forming=True))
    assert holds(rig, 401)
    assert rig.signals() == rig.signals_of(upto(402, forming=True))
    assert len(rig.told) == 1


def test_a_bad_forming_bar_is_the_symbols_error_and_its_whole_bars_are_kept(rig: Rig) -> None:
    series = upto(400, forming=True)
    bad = replace(series[0], high=(*series[0].high[:-1], 1.0))
    result = rig.put([bad, *series[1:]])
    assert [e.symbol for e in result.errors] == ["S00"]
    assert holds(rig, 399)
    assert rig.put(upto(400, forming=True)).errors == ()
    assert rig.signals() == rig.signals_of(upto(400, forming=True))
