"""What every scanner does: the child of the station, and a service that runs elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.helpers.scanners import Served, built_scanner, made_bars, scan_of, tell
from vst_desktop.adapters.scanner import reconnect
from vst_desktop.adapters.scanner.reconnect import ReconnectingScanner
from vst_desktop.adapters.scanner.remote import RemoteScanner
from vst_desktop.adapters.scanner.supervisor import ScannerChild
from vst_desktop.domain.bars import Timeframe
from vst_desktop.domain.errors import UserError

OnState = Callable[[bool], None]


class Bench:
    """One kind of scanner, and how it is taken away."""

    def __init__(self, scanner: ReconnectingScanner, served: Served | None) -> None:
        self.scanner = scanner
        self.served = served

    async def kill(self) -> None:
        """End the process that answers, and start a service again as its owner would."""
        if isinstance(self.scanner, ScannerChild):
            assert self.scanner.pid is not None
            os.kill(self.scanner.pid, signal.SIGKILL)
            return
        assert self.served is not None and self.served.process is not None
        self.served.process.kill()
        await self.served.process.wait()
        await self.served.start()


def child(binary: Path, folder: Path, on_state: OnState) -> AbstractAsyncContextManager[Bench]:
    @contextlib.asynccontextmanager
    async def made() -> AsyncIterator[Bench]:
        scanner = ScannerChild(binary, on_state)
        try:
            yield Bench(scanner, None)
        finally:
            await scanner.close()

    return made()


def service(binary: Path, folder: Path, on_state: OnState) -> AbstractAsyncContextManager[Bench]:
    @contextlib.asynccontextmanager
    async def made() -> AsyncIterator[Bench]:
        served = Served(binary, folder / "service")
        await served.start()
        scanner = RemoteScanner(served.service(), on_state)
        try:
            yield Bench(scanner, served)
        finally:
            await scanner.close()
            assert served.process is not None
            assert served.process.returncode is None, "a station that leaves ends no service"
            assert await served.stop() == 0

    return made()


Kind = Callable[[Path, Path, OnState], AbstractAsyncContextManager[Bench]]


@pytest.fixture(params=[child, service], ids=["child", "service"])
def kind(request: pytest.FixtureRequest) -> Kind:
    made: Kind = request.param
    return made


@pytest.fixture(scope="module")
def binary() -> Path:
    return built_scanner()


def nobody(serving: bool) -> None:
    """For stories without a listener."""


def test_before_its_start_and_after_its_end_it_is_down(
    kind: Kind, binary: Path, tmp_path: Path
) -> None:
    async def story() -> None:
        states: list[bool] = []
        async with kind(binary, tmp_path, states.append) as bench:
            scanner = bench.scanner
            with pytest.raises(UserError, match="the scanner is down"):
                await scanner.scan(scan_of("A"))
            await scanner.start()
            served = scanner.healthy
            assert states == [True]
            await scanner.close()
            await scanner.close()
            assert (served, scanner.healthy) == (True, False)
            with pytest.raises(UserError, match="the scanner is down"):
                await scanner.put_bars([])
        assert states == [True]

    tell(story)


def test_bars_that_were_put_are_scanned_and_fetched(
    kind: Kind, binary: Path, tmp_path: Path
) -> None:
    async def story() -> None:
        async with kind(binary, tmp_path, nobody) as bench:
            scanner = bench.scanner
            await scanner.start()
            await scanner.put_bars([made_bars(f"S{n}", n) for n in range(6)])
            steps: list[tuple[int, int]] = []
            symbols = [f"S{n}" for n in range(6)]
            result = await scanner.scan(
                scan_of(*symbols, "NONE"), lambda done, total: steps.append((done, total))
            )
            assert result.scanned == 6
            assert [error.symbol for error in result.errors] == ["NONE"]
            assert result.signals
            assert steps[-1] == (7, 7)
            counts: dict[str, int] = {}
            answer = await scanner.stream_bars(
                [*symbols, "NONE"],
                timeframe=Timeframe.DAILY,
                on_bars=lambda bars: counts.update({bars.symbol: len(bars.close)}),
            )
            assert counts == dict.fromkeys(symbols, 400)
            assert [error.symbol for error in answer.errors] == ["NONE"]

    tell(story)


def test_bad_bars_refuse_their_symbol_and_no_other(
    kind: Kind, binary: Path, tmp_path: Path
) -> None:
    async def story() -> None:
        async with kind(binary, tmp_path, nobody) as bench:
            scanner = bench.scanner
            await scanner.start()
            good, bad = made_bars("GOOD", 1), made_bars("BAD", 2)
            bad = replace(bad, low=(*bad.low[:9], -1.0, *bad.low[10:]))
            await scanner.put_bars([good, bad])
            result = await scanner.scan(scan_of("GOOD", "BAD"))
            assert result.scanned == 1
            assert [error.symbol for error in result.errors] == ["BAD"]
            assert str(bad.dates[9]) in result.errors[0].error

    tell(story)


def test_cancelled_scan_leaves_it_serving(kind: Kind, binary: Path, tmp_path: Path) -> None:
    async def story() -> None:
        async with kind(binary, tmp_path, nobody) as bench:
            scanner = bench.scanner
            await scanner.start()
            await scanner.put_bars([made_bars("A", 1)])
            scan = asyncio.create_task(scanner.scan(scan_of("A")))
            await asyncio.sleep(0)
            scan.cancel()
            with pytest.raises(asyncio.CancelledError):
                await scan
            assert (await scanner.scan(scan_of("A"))).scanned == 1

    tell(story)


def test_lost_scanner_is_told_and_its_successor_serves_without_bars(
    kind: Kind, binary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconnect, "HEALTH_EVERY_SECS", 0.05)

    async def story() -> None:
        states: asyncio.Queue[bool] = asyncio.Queue()
        async with kind(binary, tmp_path, states.put_nowait) as bench:
            scanner = bench.scanner
            await scanner.start()
            await scanner.put_bars([made_bars("A", 1)])
            await bench.kill()
            assert [await states.get() for _ in range(3)] == [True, False, True]
            assert scanner.last_failure
            result = await scanner.scan(scan_of("A"))
            assert [error.symbol for error in result.errors] == ["A"]
            await scanner.put_bars([made_bars("A", 1)])
            assert (await scanner.scan(scan_of("A"))).scanned == 1

    tell(story)
