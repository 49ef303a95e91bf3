"""Scans go on when the real scanner is killed."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from tests.helpers.scanners import built_scanner, made_bars, scan_of, tell
from vst_desktop.adapters.scanner import reconnect
from vst_desktop.adapters.scanner.supervisor import ScannerChild
from vst_desktop.domain.signals import Signal
from vst_desktop.ports.scanner import ScanResult
from vst_desktop.scanning import resilient
from vst_desktop.scanning.computations import PANDAS_TA
from vst_desktop.scanning.resilient import ResilientScanner

pytestmark = pytest.mark.skipif(os.name != "posix", reason="children are stopped by signals")

BARS = [made_bars(f"S{n}", n) for n in range(20)]
REQUEST = scan_of(*(bars.symbol for bars in BARS))


class House:
    """A resilient scanner over a real child, and what it told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.serving: asyncio.Queue[bool] = asyncio.Queue()
        self.child = ScannerChild(built_scanner(), self._state)
        self.scanner = ResilientScanner(self.child, self.told.append)

    def _state(self, serving: bool) -> None:
        self.scanner.child_serves(serving)
        self.serving.put_nowait(serving)

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        assert self.child.pid is not None
        os.kill(self.child.pid, how)

    async def __aenter__(self) -> House:
        await self.scanner.start()
        assert (await self.scanner.put_bars(BARS)).errors == ()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.scanner.close()


def signals(result: ScanResult) -> set[tuple[str, str, object]]:
    def key(one: Signal) -> tuple[str, str, object]:
        return one.symbol, one.strategy, one.date

    return {key(one) for one in result.signals}


def test_scan_in_which_the_scanner_is_killed_is_finished_by_the_next_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resilient, "RESTART_SECS", 20.0)  # a busy machine is no failure

    async def story() -> None:
        async with House() as house:
            whole = await house.scanner.scan(REQUEST)
            first = house.child.pid
            house.kill(signal.SIGSTOP)  # it cannot answer any more: the scan is under way
            scan = asyncio.create_task(house.scanner.scan(REQUEST))
            await asyncio.sleep(0)
            house.kill()
            result = await scan
            assert (result.engine, result.fallback) == (whole.engine, False)
            assert house.child.pid != first
            assert signals(result) == signals(whole)
            assert len(result.signals) > 1000

    tell(story)


def test_five_deaths_leave_scans_to_this_process_with_the_same_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reconnect, "FIRST_BACKOFF_SECS", 0.0)

    async def story() -> None:
        async with House() as house:
            whole = await house.scanner.scan(REQUEST)
            for _ in range(reconnect.BREAKER_DEATHS):
                assert await house.serving.get() is True
                house.kill()
                assert await house.serving.get() is False
            await house.child.wait_for_breaker()
            results = [await house.scanner.scan(REQUEST) for _ in range(2)]
            for result in results:
                assert (result.engine, result.fallback) == (PANDAS_TA, True)
                assert signals(result) == signals(whole)
            down = [text for text in house.told if text.startswith("scans run in-process, slower")]
            assert len(down) == 1
            assert down[0].endswith("it is not started again in this run")

    tell(story)
