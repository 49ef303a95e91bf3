"""While the child is down scans go on in this process, and say so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from tests.helpers.own_strategies import SLOW_RISE, Own
from tests.helpers.rising import rising
from vst_desktop.domain.bars import BarSeries, SymbolError, Timeframe
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.signals import Direction, Signal
from vst_desktop.ports.market_data import BarColumns, BulkAnswer
from vst_desktop.ports.scanner import DoorPolicy, PutResult, ScanRequest, ScanResult, SignalRows
from vst_desktop.runtime.settings import StrategySettings
from vst_desktop.scanning import resilient
from vst_desktop.scanning.computations import PANDAS_TA
from vst_desktop.scanning.inprocess import rows_of
from vst_desktop.scanning.resilient import ResilientScanner
from vst_desktop.strategy.registry import BUILT_IN


class FragileScanner:
    """A supervised child that can be broken and mended; it remembers the bars it was given."""

    def __init__(self) -> None:
        self.healthy = False
        self.breaker_open = False
        self.last_failure = ""
        self.startable = True
        self.dies_in: list[str] = []
        """Calls in which it dies, one after the other."""
        self.comes_back = True
        self.held: set[str] = set()
        self.puts: list[list[str]] = []
        self.on_state: Callable[[bool], None] = lambda serving: None

    async def start(self) -> None:
        if not self.startable:
            self.breaker_open = True
            raise UserError("no scanner binary was found")
        self.rise()

    async def close(self) -> None:
        self.healthy = False

    def rise(self) -> None:
        self.healthy, self.held = True, set()
        self.on_state(True)

    def die(self) -> None:
        self.healthy, self.last_failure = False, "killed"
        self.on_state(False)

    async def _live(self, call: str) -> None:
        if self.dies_in[:1] == [call]:
            self.dies_in.pop(0)
            self.die()
            if self.comes_back:
                asyncio.get_running_loop().call_soon(self.rise)
            raise UserError("gone in mid-call")

    async def put_bars(
        self,
        series: Sequence[BarSeries | BarColumns],
        *,
        keep: bool = False,
        append: bool = False,
        door_policy: DoorPolicy = "reject",
    ) -> PutResult:
        await self._live("put")
        self.puts.append([s.symbol for s in series])
        self.held |= {s.symbol for s in series}
        bad = tuple(SymbolError(symbol=s.symbol, error="bad bar") for s in series if s.low[-1] < 0)
        return PutResult(symbols=len(series) - len(bad), bars=0, errors=bad)

    async def scan(
        self, request: ScanRequest, on_progress: Callable[[int, int], None] | None = None
    ) -> ScanResult:
        await self._live("scan")
        assert set(request.symbols) <= self.held
        return ScanResult(
            scanned=len(request.symbols),
            signals=tuple(
                Signal(
                    symbol=symbol,
                    strategy=name,
                    direction=Direction.LONG,
                    date=date(2024, 2, 29),
                    close=1,
                    atr=1,
                    rsi=70,
                )
                for symbol in request.symbols
                for name in request.strategies
            ),
            errors=(),
            seconds=0.001,
            engine="go",
            counts=dict.fromkeys(request.strategies, len(request.symbols)),
        )

    async def fetch_bars(
        self, symbols: Sequence[str], *, timeframe: Timeframe, on_bars: Callable[[BarColumns], None]
    ) -> BulkAnswer:
        raise UserError("it has none")

    async def stream_bars(
        self,
        symbols: Sequence[str],
        *,
        timeframe: Timeframe,
        on_bars: Callable[[BarColumns], None],
        on_progress: Callable[[int, int], None] | None = None,
    ) -> BulkAnswer:
        return await self.fetch_bars(symbols, timeframe=timeframe, on_bars=on_bars)

    async def scan_rows(
        self, request: ScanRequest, on_progress: Callable[[int, int], None] | None = None
    ) -> tuple[ScanResult, SignalRows]:
        result = await self.scan(request, on_progress)
        return replace(result, signals=()), rows_of(result.signals, request)


def request(*symbols: str, strategies: Sequence[str] = tuple(BUILT_IN)) -> ScanRequest:
    return ScanRequest(
        symbols=symbols,
        strategies=tuple(strategies),
        parameters=StrategySettings().model_dump(),
    )


def tell(
    story: Callable[[ResilientScanner, FragileScanner, list[str]], Coroutine[Any, Any, None]],
) -> None:
    async def run() -> None:
        child, told = FragileScanner(), list[str]()
        scanner = ResilientScanner(child, told.append)
        child.on_state = scanner.child_serves
        try:
            await story(scanner, child, told)
        finally:
            await scanner.close()

    asyncio.run(run())


def test_child_that_cannot_start_is_told_and_scans_run_here_by_pandas_ta() -> None:
    async def story(scanner: ResilientScanner, child: FragileScanner, told: list[str]) -> None:
        child.startable = False
        await scanner.start()
        refused = await scanner.put_bars([rising("UP"), rising("BAD", bad=True)])
        result = await scanner.scan(request("UP", "NONE"))
        assert told == ["scans run in-process, slower: no scanner binary was found"]
        assert [r.symbol for r in refused.errors] == ["BAD"]
        assert (result.engine, result.fallback) == (PANDAS_TA, True)
        assert [(s.symbol, s.strategy) for s in result.signals] == [("UP", "HIGH_BASE")]
        assert [e.symbol for e in result.errors] == ["NONE"]

    tell(story)


def test_bars_that_the_child_holds_are_not_put_again() -> None:
    async def story(scanner: ResilientScanner, child: FragileScanner, told: list[str]) -> None:
        await scanner.start()
        bad = rising("BAD", bad=True)
        for _ in range(2):
            put = await scanner.put_bars([rising("A"), bad])
            assert [r.symbol for r in put.errors] == ["BAD"]
        changed = replace(rising("A"), forming=True)
        assert (await scanner.put_bars([changed, rising("B")])).errors == ()
        await scanner.scan(request("A", "B"))
        assert child.puts == [["A", "BAD"], ["A", "B"]]

    tell(story)


def test_scan_in_which_the_child_dies_is_finished_by_its_successor() -> None:
    async def story(scanner: ResilientScanner, child: FragileScanner, told: list[str]) -> None:
        await scanner.start()
        await scanner.put_bars([rising("A")])
        child.dies_in = ["scan"]
        result = await scanner.scan(request("A"))
        assert (result.engine, result.fallback) == ("go", False)
        assert child.puts == [["A"], ["A"]]
        while not told:  # noqa: ASYNC110
            await asyncio.sleep(0)
        assert [text.partition(" and is back")[0] for text in told] == ["it was lost (killed)"]

    tell(story)


@pytest.mark.parametrize("calls", [["scan", "put"], ["scan", "scan"]])
def test_scan_that_kills_its_successor_too_runs_here(calls: list[str]) -> None:
    async def story(scanner: ResilientScanner, child: FragileScanner, told: list[str]) -> None:
        await scanner.start()
        await scanner.put_bars([rising("A")])
        child.dies_in = calls
        result = await scanner.scan(request("A"))
        assert result.fallback
        assert [s.strategy for s in result.signals] == ["HIGH_BASE"]

    tell(story)


def test_open_breaker_is_told_once_and_nothing_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resilient, "RESTART_SECS", 3600.0)

    async def story(scanner: ResilientScanner, child: FragileScanner, told: list[str]) -> None:
        await scanner.start()
        child.breaker_open = True
        child.die()
        await scanner.put_bars([rising("A")])
        for _ in range(2):
            assert (await scanner.scan(request("A"))).fallback
        assert told == ["scans run in-process, slower: killed; it is not started again in this run"]

    tell(story)


def test_child_that_stays_away_is_not_waited_for_longer_than_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resilient, "RESTART_SECS", 0.01)

    async def story(scanner: ResilientScanner, child: FragileScanner, told: list[str]) -> None:
        await scanner.start()
        await scanner.put_bars([rising("A")])
        child.dies_in, child.comes_back = ["scan"], False
        assert (await scanner.scan(request("A"))).fallback
        assert told == ["scans run in-process, slower: killed"]
        child.rise()
        assert (await scanner.scan(request("A"))).engine == "go"

    tell(story)


def test_own_strategies_run_here_and_join_the_childs_answer_in_the_requests_order(
    own: Own,
) -> None:
    own.declare(SLOW_RISE=SLOW_RISE)

    async def story(scanner: ResilientScanner, child: FragileScanner, told: list[str]) -> None:
        await scanner.start()
        await scanner.put_bars([rising("A"), rising("B")])
        result = await scanner.scan(
            request("B", "A", strategies=("LOW_BASE", "SLOW_RISE", "HIGH_BASE"))
        )
        assert result.engine == "go; SLOW_RISE: numpy (in-process)"
        assert [(s.symbol, s.strategy) for s in result.signals] == [
            (symbol, name)
            for symbol in ("B", "A")
            for name in ("LOW_BASE", "SLOW_RISE", "HIGH_BASE")
        ]
        assert result.counts == {"LOW_BASE": 2, "HIGH_BASE": 2, "SLOW_RISE": 2}
        alone = await scanner.scan(request("A", strategies=("SLOW_RISE",)))
        assert (alone.engine, alone.fallback) == ("numpy (in-process)", False)

    tell(story)


def test_own_strategy_that_raises_is_reported_by_symbol_and_harms_no_other(own: Own) -> None:
    own.declare(SLOW_RISE=SLOW_RISE, BROKEN="raise RuntimeError('no data')")

    async def story(scanner: ResilientScanner, child: FragileScanner, told: list[str]) -> None:
        await scanner.start()
        await scanner.put_bars([rising("A")])
        result = await scanner.scan(request("A", strategies=("HIGH_BASE", "BROKEN", "SLOW_RISE")))
        assert [s.strategy for s in result.signals] == ["HIGH_BASE", "SLOW_RISE"]
        assert (result.scanned, result.errors) == (1, ())
        (error,) = result.strategy_errors
        assert (error.strategy, error.symbol) == ("BROKEN", "A")
        assert "RuntimeError: no data" in error.error

    tell(story)


def test_strategy_that_nothing_declares_is_refused(own: Own) -> None:
    async def story(scanner: ResilientScanner, child: FragileScanner, told: list[str]) -> None:
        await scanner.start()
        with pytest.raises(UserError, match="unknown strategy 'NOPE'"):
            await scanner.scan(request("A", strategies=("HIGH_BASE", "NOPE")))

    tell(story)


@pytest.mark.parametrize("down", [False, True])
def test_rows_hold_the_same_signals_whoever_answers(own: Own, down: bool) -> None:
    own.declare(SLOW_RISE=SLOW_RISE)

    async def story(scanner: ResilientScanner, child: FragileScanner, told: list[str]) -> None:
        child.startable = not down
        await scanner.start()
        await scanner.put_bars([rising("A"), rising("B")])
        result, rows = await scanner.scan_rows(request("A", "B", strategies=("HIGH_BASE",)))
        assert result.fallback is down
        assert (rows.symbol.tolist(), rows.strategies.tolist()) == ([0, 1], [1, 1])
        both = request("B", strategies=("SLOW_RISE", "HIGH_BASE"))
        _, rows = await scanner.scan_rows(both)
        assert (rows.names, rows.strategies.tolist()) == (both.strategies, [3])
        assert rows.day.tolist() == [(date(2024, 2, 29) - date(1970, 1, 1)).days]

    tell(story)
