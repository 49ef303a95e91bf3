"""The scanner over a universe as large as it may get: made bars in a bar store of their own."""

from __future__ import annotations

import asyncio
import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from vst_desktop.cli.bench.machine import anonymous_mb, cpu_secs
from vst_desktop.cli.bench.scanner import Opened, opened
from vst_desktop.domain.bars import Timeframe
from vst_desktop.domain.errors import UserError
from vst_desktop.marketdata.data import Expiries, MarketData
from vst_desktop.ports.broker import Broker
from vst_desktop.ports.market_data import BarColumns
from vst_desktop.runtime.calendar import Sessions
from vst_desktop.runtime.clock import SystemClock
from vst_desktop.runtime.settings import CacheSettings

BARS = 2520
"""Ten years."""

BYTES_A_BAR = 40
AT_ONCE = 1000
PREFETCHED = 500
REPEATS = 7
IDLE_SECS = 3.0
FIRST_DAY = "2014-01-01"


def batches(count: int) -> Iterator[list[BarColumns]]:
    """So many random walks, a thousand at a time."""
    time_ = np.busday_offset(FIRST_DAY, np.arange(BARS), roll="forward").astype(np.int32)
    random = np.random.default_rng(1)
    volume = np.full(BARS, 1e6)
    for first in range(0, count, AT_ONCE):
        symbols = min(AT_ONCE, count - first)
        steps = random.normal(0, 0.015, (symbols, BARS)).cumsum(axis=1)
        close = np.round(80 * np.exp(steps), 2).clip(1.0, 100_000.0)
        high, low = np.round(close * 1.01, 2), np.round(close * 0.99, 2)
        yield [
            BarColumns(
                symbol=f"M{first + i:05}",
                timeframe=Timeframe.DAILY,
                time=time_,
                open=close[i],
                high=high[i],
                low=low[i],
                close=close[i],
                volume=volume,
            )
            for i in range(symbols)
        ]


async def measure_made(
    count: int, folder: Path, *, kernel: str, cores: int, tell: Callable[[int, int], None]
) -> dict[str, Any]:
    """What the scanner does with so many symbols; seconds unless the key says otherwise.

    Raises:
        UserError: The folder's disk has not the room.
    """
    need, free = count * BARS * BYTES_A_BAR, shutil.disk_usage(folder).free
    if free < need:
        raise UserError(
            f"{count:,} made symbols need {need / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free",
            where=str(folder),
            remedy="name fewer with --made, or another folder with TMPDIR",
        )
    symbols: list[str] = []
    last: list[float] = []
    put_secs = 0.0
    async with opened(folder, kernel=kernel, cores=cores) as scanner:
        for bars in batches(count):
            start = time.perf_counter()
            await scanner.put(bars)
            put_secs += time.perf_counter() - start
            symbols += [one.symbol for one in bars]
            last += [float(one.close[-1]) for one in bars]
            tell(len(symbols), count)
    async with opened(folder, kernel=kernel, cores=cores) as scanner:
        start = time.perf_counter()
        await scanner.as_of(symbols)
        first_secs = time.perf_counter() - start
        found: dict[str, Any] = {
            "symbols": count,
            "bars": count * BARS,
            "import": put_secs,
            "open": scanner.start_secs,
            "first_scan": first_secs,
            **await _scans(scanner, symbols),
            "prefetch": await _prefetch(scanner, symbols[:PREFETCHED]),
            **await _new_bars(scanner, symbols, np.array(last)),
        }
        found["rss_beyond_files_mb"] = anonymous_mb(scanner.pid)
        found["idle_cpu_pct"] = await _idle_cpu_pct(scanner.pid)
    return found


async def _scans(scanner: Opened, symbols: list[str]) -> dict[str, Any]:
    times, inside = [], []
    for _ in range(REPEATS):
        start = time.perf_counter()
        result, _ = await scanner.as_of(symbols)
        times.append(time.perf_counter() - start)
        inside.append(result.seconds)
    return {
        "scan": min(times),
        "scan_median": statistics.median(times),
        "scan_in_the_scanner": min(inside),
    }


async def _new_bars(scanner: Opened, symbols: list[str], close: Any) -> dict[str, float]:
    """A new day's bar of all symbols that grows, and the scan after each change."""
    day = int(np.busday_offset(FIRST_DAY, BARS, roll="forward").astype(np.int32))
    random = np.random.default_rng(2)
    puts, scans = [], []
    every = tuple(symbols)
    for _ in range(REPEATS):
        moved = np.round(close * np.exp(random.normal(0, 0.01, len(close))), 2)
        puts.append(await scanner.put_latest(symbols, day, moved))
        start = time.perf_counter()
        await scanner.again(every)
        scans.append(time.perf_counter() - start)
    return {
        "new_bar_put": min(puts),
        "new_bar_scan": min(scans),
        "new_bar_scan_median": statistics.median(scans),
        "append_a_day_to_the_store": await scanner.put_latest(symbols, day, close, keep=True),
    }


async def _prefetch(scanner: Opened, symbols: list[str]) -> dict[str, float]:
    """Fills the station's cache anew each time."""
    sessions = Sessions()
    await asyncio.to_thread(sessions.session, datetime.now(UTC).date())
    best = 0.0
    for _ in range(REPEATS):
        market = MarketData(
            # A prefetch asks the bulk source alone.
            broker=cast(Broker, SimpleNamespace(next_dividend=None)),
            bulk=scanner.child,
            clock=SystemClock(),
            sessions=sessions,
            expiries=Expiries(**CacheSettings().model_dump()),
        )
        filled = await market.prefetch(symbols)
        if filled.errors:
            raise UserError(f"prefetch of {filled.errors[0].symbol}: {filled.errors[0].error}")
        best = max(best, filled.symbols_per_second)
    return {"symbols": len(symbols), "bars": BARS * len(symbols), "symbols_per_second": best}


async def _idle_cpu_pct(pid: int) -> float | None:
    """Of one core, while nobody asks but for the scanner's health."""
    before = cpu_secs(pid)
    await asyncio.sleep(IDLE_SECS)
    after = cpu_secs(pid)
    return None if before is None or after is None else 100 * (after - before) / IDLE_SECS
