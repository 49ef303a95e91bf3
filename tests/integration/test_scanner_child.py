"""The real Go scanner under the station's supervision."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vst_desktop.adapters.scanner import reconnect
from vst_desktop.adapters.scanner.binary import verified_binary
from vst_desktop.adapters.scanner.client import ScannerClient
from vst_desktop.adapters.scanner.config import ScannerConfig
from vst_desktop.adapters.scanner.launch import Launch
from vst_desktop.adapters.scanner.supervisor import ScannerChild
from vst_desktop.adapters.scanner.tls import make_identity
from vst_desktop.domain.bars import BarSeries
from vst_desktop.domain.errors import UserError
from vst_desktop.ports.scanner import ScanRequest
from vst_desktop.runtime.settings import StrategySettings
from vst_desktop.scanning.computations import BY_NUMPY, Computations
from vst_desktop.scanning.inprocess import scan_in_process
from vst_desktop.strategy.registry import BUILT_IN

STORY_SECS = 60


@pytest.fixture(scope="module")
def binary() -> Path:
    try:
        return verified_binary()
    except UserError as error:
        pytest.skip(str(error))


def made(symbol: str, seed: int, count: int = 400) -> BarSeries:
    random = np.random.default_rng(seed)
    close = np.round(80 * np.exp(np.cumsum(random.normal(0, 0.02, count))), 2)
    high = np.round(close * (1 + random.uniform(0, 0.02, count)), 2)
    low = np.round(close * (1 - random.uniform(0, 0.02, count)), 2)
    return BarSeries(
        symbol=symbol,
        dates=tuple(date(2022, 1, 3) + timedelta(days=n) for n in range(count)),
        open=tuple(close.tolist()),
        high=tuple(high.tolist()),
        low=tuple(low.tolist()),
        close=tuple(close.tolist()),
        volume=(1e6,) * count,
    )


def request(*symbols: str, **parameters: Any) -> ScanRequest:
    return ScanRequest(
        symbols=symbols,
        strategies=tuple(BUILT_IN),
        parameters=StrategySettings(**parameters).model_dump(),
        start=date(2022, 1, 1),
    )


def tell(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(STORY_SECS):
            await story()

    asyncio.run(bounded())


def with_child(binary: Path, story: Callable[[ScannerChild], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        child = ScannerChild(binary)
        await child.start()
        try:
            await story(child)
        finally:
            await child.close()

    tell(run)


@pytest.mark.parametrize("base", ["zero", "range_low"])
def test_child_and_numpy_give_the_same_signals(binary: Path, base: str) -> None:
    async def story(child: ScannerChild) -> None:
        bars = {f"S{n}": made(f"S{n}", n) for n in range(12)}
        assert (await child.put_bars(list(bars.values()))).errors == ()
        wanted = request(*bars, atr_ratio_base=base)
        theirs = await child.scan(wanted)
        ours = scan_in_process(bars, wanted, Computations([BY_NUMPY]))
        assert theirs.scanned == 12
        assert len(theirs.signals) > 100
        keys = {(s.symbol, s.strategy, s.date) for s in theirs.signals}
        assert keys == {(s.symbol, s.strategy, s.date) for s in ours.signals}
        values = {(s.symbol, s.strategy, s.date): s for s in ours.signals}
        for signal_ in theirs.signals:
            mine = values[signal_.symbol, signal_.strategy, signal_.date]
            assert signal_.rsi == pytest.approx(mine.rsi, rel=1e-9)
            assert signal_.atr == pytest.approx(mine.atr, rel=1e-9)

    with_child(binary, story)


def test_bad_and_missing_bars_are_errors_by_name_and_the_rest_is_scanned(binary: Path) -> None:
    async def story(child: ScannerChild) -> None:
        good, bad = made("GOOD", 1), made("BAD", 2)
        bad = replace(bad, low=(*bad.low[:9], -1.0, *bad.low[10:]))
        refused = (await child.put_bars([good, bad])).errors
        assert [r.symbol for r in refused] == ["BAD"]
        assert str(bad.dates[9]) in refused[0].error
        result = await child.scan(request("GOOD", "NONE"))
        assert result.scanned == 1
        assert [e.symbol for e in result.errors] == ["NONE"]

    with_child(binary, story)


@pytest.mark.parametrize("wrong", ["token", "certificate"])
def test_call_without_the_right_credentials_is_refused(binary: Path, wrong: str) -> None:
    async def story() -> None:
        launch = Launch(binary, ScannerConfig())
        handshake = await launch.start()
        identity = make_identity("stranger") if wrong == "certificate" else launch.identity
        token = "x" * 32 if wrong == "token" else launch.token
        try:
            async with ScannerClient(handshake, identity, token) as stranger:
                with pytest.raises(UserError, match=r"UNAUTHENTICATED|UNAVAILABLE"):
                    await stranger.put_bars([made("A", 1, 20)])
            async with ScannerClient(handshake, launch.identity, launch.token) as friend:
                assert (await friend.put_bars([made("A", 1, 20)])).errors == ()
        finally:
            await launch.stop()

    tell(story)


def test_killed_child_is_started_again(binary: Path) -> None:
    async def story() -> None:
        states: list[bool] = []
        back = asyncio.Event()

        def note(serving: bool) -> None:
            states.append(serving)
            if states == [True, False, True]:
                back.set()

        child = ScannerChild(binary, note)
        await child.start()
        try:
            first = child.pid
            assert first is not None
            os.kill(first, signal.SIGKILL)
            await back.wait()
            assert child.pid != first
            assert (await child.put_bars([made("A", 1)])).errors == ()
        finally:
            await child.close()

    tell(story)


def script(folder: Path, body: str) -> Path:
    file = folder / "child.sh"
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


@pytest.mark.allow_log("no room")
@pytest.mark.skipif(os.name != "posix", reason="the stand-in child is a shell script")
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("exit 3", "ended with code 3"),
        ("echo hello", "no handshake"),
        ("echo '1|9|tcp|127.0.0.1:1|grpc|x'; cat", "speaks protocol 9"),
        ("""echo '{"level":"ERROR","msg":"no room"}' >&2; exit 1""", "no room"),
    ],
)
def test_child_that_does_not_come_up_is_a_sentence(tmp_path: Path, body: str, reason: str) -> None:
    async def story() -> None:
        child = ScannerChild(script(tmp_path, body))
        with pytest.raises(UserError, match=reason):
            await child.start()
        await child.close()

    tell(story)


def test_five_deaths_open_the_breaker(binary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconnect, "FIRST_BACKOFF_SECS", 0.0)

    async def story() -> None:
        serving: asyncio.Queue[bool] = asyncio.Queue()
        child = ScannerChild(binary, serving.put_nowait)
        await child.start()
        try:
            for _ in range(reconnect.BREAKER_DEATHS):
                assert await serving.get() is True
                assert child.pid is not None
                os.kill(child.pid, signal.SIGKILL)
                assert await serving.get() is False
            await child.wait_for_breaker()
            assert child.breaker_open
            assert not child.healthy
        finally:
            await child.close()

    tell(story)
