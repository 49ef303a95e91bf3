"""Our side of the scan benchmark: a scanner child over a bar store, end to end over gRPC."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from vst_desktop.adapters.scanner._pb import scanner_pb2 as pb
from vst_desktop.adapters.scanner.config import ScannerConfig
from vst_desktop.adapters.scanner.supervisor import ScannerChild
from vst_desktop.bootstrap import scanner_child
from vst_desktop.domain.bars import SymbolError
from vst_desktop.domain.errors import UserError
from vst_desktop.ports.market_data import BarColumns, Floats
from vst_desktop.ports.scanner import ScanRequest, ScanResult, SignalRows
from vst_desktop.runtime.settings import StrategySettings
from vst_desktop.strategy.registry import BUILT_IN

LANES = 8
"""Symbols that the scanner gives to one worker together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A running scanner, and how many seconds it took until it served."""

    child: ScannerChild
    start_secs: float

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self.child.pid is not None
        return self.child.pid

    async def instruction_set(self) -> str:
        """Which code passes over the bars."""
        return (await self.child._serving().metrics()).instruction_set

    async def put(self, bars: Sequence[BarColumns]) -> list[SymbolError]:
        """Write the bars to its store together; returns the symbols that it refuses."""
        return list((await self.child.put_bars(bars, keep=True)).errors)

    async def as_of(self, symbols: Iterable[str]) -> tuple[ScanResult, SignalRows]:
        """Pass over every bar; signals of the last ones."""
        return await self.child.scan_rows(_request(symbols))

    async def range(self, symbols: Iterable[str]) -> tuple[ScanResult, SignalRows]:
        """Pass over every bar; all signals."""
        return await self.child.scan_rows(_request(symbols, date.min, date.max))

    async def again(self, symbols: tuple[str, ...]) -> tuple[ScanResult, SignalRows]:
        """As ``as_of``, from the states that earlier scans left."""
        return await self.child.scan_rows(replace(_request(symbols), resume=True))

    async def put_latest(
        self, symbols: Sequence[str], day: int, close: Floats, *, keep: bool = False
    ) -> float:
        """Put one bar of each symbol, all at one price; returns the seconds."""
        prices = close.astype("<f8").tobytes()
        message = pb.LatestBars(
            symbols=symbols,
            day=np.full(len(close), day, dtype="<i4").tobytes(),
            open=prices,
            high=prices,
            low=prices,
            close=prices,
            volume=np.full(len(close), 1e6, dtype="<f8").tobytes(),
            keep=keep,
        )
        client = self.child._serving()
        start = time.perf_counter()
        put = await client._stub.PutLatest(message, metadata=client._token, timeout=60)
        took = time.perf_counter() - start
        if put.errors:
            raise UserError(f"the scanner refused {put.errors[0].symbol}: {put.errors[0].error}")
        return took


@asynccontextmanager
async def opened(store: Path, *, kernel: str, cores: int) -> AsyncIterator[Opened]:
    """A scanner over this store that passes over bars on so many cores; ended at the end."""
    config = ScannerConfig(store=store, kernel=kernel, max_concurrency=LANES * cores)
    child = scanner_child(config)
    start = time.perf_counter()
    await child.start()
    try:
        yield Opened(child=child, start_secs=time.perf_counter() - start)
    finally:
        await child.close()


def _request(
    symbols: Iterable[str], start: date | None = None, end: date | None = None
) -> ScanRequest:
    """The four strategies as they are by default."""
    return ScanRequest(
        symbols=tuple(symbols),
        strategies=tuple(BUILT_IN),
        parameters=StrategySettings().model_dump(),
        start=start,
        end=end,
    )
