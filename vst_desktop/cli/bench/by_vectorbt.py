"""vectorbt, which clashes with what we run on: in a process of its own environment."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np

import vst_desktop
from vst_desktop.domain.errors import UserError
from vst_desktop.ports.market_data import BarColumns
from vst_desktop.runtime.children import end_child

INSTALL = "packaging/peers.sh"
"""What installs it, in a clone."""

FIRST_SECS = 120.0
"""It compiles at its first call."""

_SCRIPT = Path(__file__).with_name("vectorbt_peer.py")


def interpreter() -> Path | None:
    """The Python of its environment; None when it is not installed."""
    place = Path(vst_desktop.__file__).parents[1] / ".uv" / "peers"
    python = place / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    return python if python.exists() else None


class ByVectorbt:
    """A running process that works out the indicators each time it is asked."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.version = ""

    async def once(self) -> float:
        """One pass over all symbols; its seconds, by its own clock.

        Raises:
            UserError: It ended, or did not answer in time.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        return float(await self.line())

    async def line(self) -> str:
        """The next line it says."""
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(FIRST_SECS):
                line = await self._process.stdout.readline()
        except TimeoutError:
            line = b""
        if not line:
            raise UserError("vectorbt's process gave no answer", remedy=f"see {INSTALL}")
        return line.decode().strip()


@asynccontextmanager
async def vectorbt(
    python: Path, bars: Sequence[BarColumns], folder: Path
) -> AsyncIterator[ByVectorbt]:
    """Start it over these bars, as it likes them: a column a symbol, all ending on one row."""
    rows = max(map(len, bars))
    for name in ("close", "high", "low"):
        table = np.full((rows, len(bars)), np.nan, order="F")
        for index, one in enumerate(bars):
            table[rows - len(one) :, index] = getattr(one, name)
        np.save(folder / f"{name}.npy", table)
    process = await asyncio.create_subprocess_exec(
        *(python, "-P", _SCRIPT, folder),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    peer = ByVectorbt(process)
    try:
        peer.version = await peer.line()
        yield peer
    finally:
        await end_child(process, "vectorbt")
