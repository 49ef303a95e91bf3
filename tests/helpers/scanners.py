"""Scanner children and services for tests, and what the machine tells about a process."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vst_desktop.adapters.scanner.binary import verified_binary
from vst_desktop.adapters.scanner.remote import ScannerService
from vst_desktop.domain.bars import BarSeries
from vst_desktop.domain.errors import UserError
from vst_desktop.ports.scanner import ScanRequest
from vst_desktop.runtime.settings import StrategySettings
from vst_desktop.strategy.registry import BUILT_IN

STORY_SECS = 60
LISTENING = "0A"


def built_scanner() -> Path:
    """The scanner binary; skips the test where there is none."""
    try:
        return verified_binary()
    except UserError as error:
        pytest.skip(str(error))


def made_bars(symbol: str, seed: int, count: int = 400) -> BarSeries:
    """A random walk of daily bars."""
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


def scan_of(*symbols: str) -> ScanRequest:
    """A scan of all bars for the built-in strategies."""
    return ScanRequest(
        symbols=symbols,
        strategies=tuple(BUILT_IN),
        parameters=StrategySettings().model_dump(),
        start=date(2022, 1, 1),
    )


def tell(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a story on a loop of its own, bounded."""

    async def bounded() -> None:
        async with asyncio.timeout(STORY_SECS):
            await story()

    asyncio.run(bounded())


class Served:
    """A scanner service of its own in a folder with its certificates."""

    def __init__(self, binary: Path, folder: Path) -> None:
        self.binary = binary
        self.folder = folder
        subprocess.run(
            [binary, "certificates", "--out", folder, "--host", "localhost"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        self.process: asyncio.subprocess.Process | None = None
        self.port = 0
        self.metrics = ""

    @property
    def token(self) -> str:
        """The token that was made with the certificates."""
        return (self.folder / "token").read_text().strip()

    def service(self, **changes: Any) -> ScannerService:
        """How a station calls it."""
        given: dict[str, Any] = {
            "host": "localhost",
            "port": self.port,
            "ca_file": self.folder / "ca.pem",
            "cert_file": self.folder / "client.pem",
            "key_file": self.folder / "client.key",
            "token": self.token,
        }
        return ScannerService(**{**given, **changes})

    async def start(self, *more: str) -> None:
        """Start it, on the port it had before."""
        at = self.folder
        self.process = await asyncio.create_subprocess_exec(
            *(self.binary, "serve", "--listen", f"127.0.0.1:{self.port}"),
            *("--cert", at / "server.pem", "--key", at / "server.key"),
            *("--client-ca", at / "ca.pem", "--token-file", at / "token"),
            *more,
            stderr=asyncio.subprocess.PIPE,
        )
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            said = json.loads(line)
            if said["msg"] == "serving metrics":
                self.metrics = said["address"]
            if said["msg"] == "serving":
                self.port = int(said["address"].rpartition(":")[2])
                return
        raise AssertionError("the service ended before it served")

    async def stop(self) -> int:
        """Terminate it, also when a test halted it; returns its exit code."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.terminate()
            if os.name == "posix":
                self.process.send_signal(signal.SIGCONT)
        return await self.process.wait()


@contextlib.asynccontextmanager
async def serving(binary: Path, folder: Path, *more: str) -> AsyncIterator[Served]:
    """A running service; ended at the end."""
    served = Served(binary, folder)
    await served.start(*more)
    try:
        yield served
    finally:
        await served.stop()


def listeners(pid: int) -> set[str]:
    """``address:port`` of every TCP socket on which a process listens (Linux only)."""
    inodes = set(_socket_inodes(pid))
    found = set()
    for table in ("tcp", "tcp6"):
        for row in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = row.split()
            if fields[3] == LISTENING and fields[9] in inodes:
                address, port = fields[1].split(":")
                found.add(f"{_readable(address)}:{int(port, 16)}")
    return found


def _socket_inodes(pid: int) -> Iterator[str]:
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            target = str(entry.readlink())
            if target.startswith("socket:["):
                yield target[8:-1]


def _readable(address: str) -> str:
    if len(address) == 8:
        return ".".join(str(byte) for byte in reversed(bytes.fromhex(address)))
    return f"[{address}]"


def halt(pid: int) -> None:
    """Stop a child of ours in its tracks; returns when it stands still, not when it was told."""
    os.kill(pid, signal.SIGSTOP)
    os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOWAIT)


def ends_within(pid: int, secs: float) -> bool:
    """Whether a process, not necessarily a child of ours, ends in time (Linux only)."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], secs)[0])
    finally:
        os.close(handle)
