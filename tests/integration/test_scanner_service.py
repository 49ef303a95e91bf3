"""A station at a scanner service that ends, hangs and comes back."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from tests.helpers.scanners import Served, built_scanner, halt, made_bars, scan_of, serving, tell
from vst_desktop.adapters.scanner import reconnect, remote
from vst_desktop.adapters.scanner.remote import RemoteScanner
from vst_desktop.domain.errors import UserError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs signals")


@pytest.fixture(scope="module")
def binary() -> Path:
    return built_scanner()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Little patience."""
    monkeypatch.setattr(reconnect, "HEALTH_EVERY_SECS", 0.05)
    monkeypatch.setattr(reconnect, "HEALTH_PATIENCE_SECS", 1.0)


def test_service_that_is_not_there_yet_is_found_when_it_comes(binary: Path, tmp_path: Path) -> None:
    async def story() -> None:
        served = Served(binary, tmp_path / "a")
        await served.start()
        await served.stop()
        came = asyncio.Event()
        scanner = RemoteScanner(served.service(), lambda serving: came.set())
        with pytest.raises(UserError, match="UNAVAILABLE"):
            await scanner.start()
        assert not scanner.healthy
        await served.start()
        await came.wait()
        await scanner.put_bars([made_bars("A", 1)])
        await scanner.close()
        assert await served.stop() == 0

    tell(story)


def test_service_that_ends_is_left_at_once(binary: Path, tmp_path: Path) -> None:
    async def story() -> None:
        async with serving(binary, tmp_path / "a") as served:
            gone = asyncio.Event()
            scanner = RemoteScanner(
                served.service(), lambda serving: None if serving else gone.set()
            )
            await scanner.start()
            asked = time.monotonic()
            assert await served.stop() == 0
            await gone.wait()
            assert time.monotonic() - asked < remote.DRAIN_SECS / 2
            assert "does not serve" in scanner.last_failure
            await scanner.close()

    tell(story)


@pytest.mark.usefixtures("quick")
def test_service_that_hangs_is_left_and_found_again(binary: Path, tmp_path: Path) -> None:
    async def story() -> None:
        async with serving(binary, tmp_path / "a") as served:
            states: asyncio.Queue[bool] = asyncio.Queue()
            scanner = RemoteScanner(served.service(), states.put_nowait)
            await scanner.start()
            await scanner.put_bars([made_bars("A", 1)])
            assert served.process is not None
            halt(served.process.pid)
            with pytest.raises(UserError, match=r"in mid-call|UNAVAILABLE"):
                await scanner.scan(scan_of("A"))
            assert [await states.get() for _ in range(2)] == [True, False]
            assert "DEADLINE_EXCEEDED" in scanner.last_failure
            with pytest.raises(UserError, match="the scanner is down; it is tried again"):
                await scanner.scan(scan_of("A"))
            served.process.send_signal(signal.SIGCONT)
            assert await states.get() is True
            assert (await scanner.scan(scan_of("A"))).scanned == 1
            await scanner.close()

    tell(story)
