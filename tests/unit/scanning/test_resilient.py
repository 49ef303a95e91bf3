"""While the child is down scans go on in this process, and say so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import date, timedelta

from vst_desktop.domain.bars import BarSeries, SymbolError
from vst_desktop.domain.errors import UserError
from vst_desktop.ports.scanner import ScanRequest, ScanResult
from vst_desktop.runtime.settings import StrategySettings
from vst_desktop.scanning.inprocess import ENGINE
from vst_desktop.scanning.resilient import ResilientScanner
from vst_desktop.strategy.registry import BUILT_IN


class FragileScanner:
    """A child that can be broken and mended; it remembers which bars it was given."""

    def __init__(self) -> None:
        self.healthy = True
        self.fails = False
        self.held: set[str] = set()

    async def start(self) -> None:
        if self.fails:
            self.healthy = False
            raise UserError("no scanner binary was found")

    async def close(self) -> None:
        self.healthy = False

    async def put_bars(self, series: Sequence[BarSeries]) -> list[SymbolError]:
        if self.fails:
            raise UserError("gone")
        self.held |= {s.symbol for s in series}
        return []

    async def scan(
        self, request: ScanRequest, on_progress: Callable[[int, int], None] | None = None
    ) -> ScanResult:
        if self.fails:
            raise UserError("gone")
        assert set(request.symbols) <= self.held
        return ScanResult(
            scanned=len(request.symbols), signals=(), errors=(), seconds=0.001, engine="go"
        )


def rising(symbol: str, *, bad: bool = False) -> BarSeries:
    close = tuple(50.0 + n for n in range(60))
    return BarSeries(
        symbol=symbol,
        dates=tuple(date(2024, 1, 1) + timedelta(days=n) for n in range(60)),
        open=close,
        high=tuple(c + 1 for c in close),
        low=(*(c - 1 for c in close[:-1]), -1.0) if bad else tuple(c - 1 for c in close),
        close=close,
        volume=(1e6,) * 60,
    )


def request(*symbols: str) -> ScanRequest:
    return ScanRequest(
        symbols=symbols,
        strategies=tuple(BUILT_IN),
        parameters=StrategySettings().model_dump(),
    )


def test_child_that_cannot_start_is_told_and_scans_run_here() -> None:
    async def story() -> None:
        child, told = FragileScanner(), list[str]()
        child.fails = True
        scanner = ResilientScanner(child, told.append)
        await scanner.start()
        refused = await scanner.put_bars([rising("UP"), rising("BAD", bad=True)])
        result = await scanner.scan(request("UP", "NONE"))
        assert told == ["no scanner binary was found"]
        assert [r.symbol for r in refused] == ["BAD"]
        assert result.engine == ENGINE
        assert [(s.symbol, s.strategy) for s in result.signals] == [("UP", "HIGH_BASE")]
        assert [e.symbol for e in result.errors] == ["NONE"]

    asyncio.run(story())


def test_child_that_comes_back_is_given_the_bars_it_lost() -> None:
    async def story() -> None:
        child = FragileScanner()
        scanner = ResilientScanner(child, lambda _: None)
        await scanner.put_bars([rising("UP")])
        child.fails = True
        assert (await scanner.scan(request("UP"))).engine == ENGINE
        child.fails, child.held = False, set()
        assert (await scanner.scan(request("UP"))).engine == "go"

    asyncio.run(story())
