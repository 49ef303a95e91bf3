"""Starts the simulator as a child process that cannot outlive the station."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Sequence

from vst_desktop.domain.errors import UserError
from vst_desktop.runtime.children import NO_CONSOLE, drain, end_child
from vst_desktop.runtime.program import console
from vst_desktop.runtime.secrets import without_secrets

log = logging.getLogger(__name__)

HANDSHAKE = "VST-SIM"
PROTOCOL = "1"
START_SECS = 60.0


class SimProcess:
    """One simulator child: single-use."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self._arguments = tuple(arguments)
        self._process: asyncio.subprocess.Process | None = None
        self._drains: list[asyncio.Task[None]] = []
        self._last_words = ""
        self.port = 0
        self.control_port = 0

    async def start(self) -> None:
        """Start it and read its ports.

        Raises:
            UserError: It refused (its own sentence), or said nothing in time.
        """
        self._process = process = await asyncio.create_subprocess_exec(
            *console(),
            "sim",
            "--child",
            *self._arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=without_secrets(os.environ),
            creationflags=NO_CONSOLE,
        )
        assert process.stdout is not None and process.stderr is not None
        errors = asyncio.create_task(self._read_errors(process.stderr), name="sim:stderr")
        self._drains.append(errors)
        try:
            async with asyncio.timeout(START_SECS):
                line = (await process.stdout.readline()).decode("utf-8", "replace").strip()
        except TimeoutError:
            await self.stop()
            raise UserError(f"the simulator said nothing for {START_SECS:g} s") from None
        parts = line.split("|")
        if len(parts) != 4 or parts[:2] != [HANDSHAKE, PROTOCOL]:
            await self.stop()
            words = self._last_words.removeprefix("vst sim: ") or f"it said {line!r}"
            raise UserError(words)
        self.port, self.control_port = int(parts[2]), int(parts[3])
        self._drains.append(asyncio.create_task(drain(process.stdout), name="sim:stdout"))

    async def stop(self) -> None:
        """Close its stdin (it ends by itself), then terminate, then kill; idempotent."""
        if self._process is None:
            return
        await end_child(self._process, "the simulator")
        await asyncio.gather(*self._drains, return_exceptions=True)

    async def _read_errors(self, stream: asyncio.StreamReader) -> None:
        while line := await stream.readline():
            self._last_words = line.decode("utf-8", "replace").strip()
            log.info("simulator: %s", self._last_words)
