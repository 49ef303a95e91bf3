"""Keeps a scanner child running: starts it, watches it, restarts it with back-off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from vst_desktop.adapters.scanner.binary import verified_binary
from vst_desktop.adapters.scanner.client import ScannerClient
from vst_desktop.adapters.scanner.config import ScannerConfig
from vst_desktop.adapters.scanner.launch import Launch
from vst_desktop.adapters.scanner.reconnect import ReconnectingScanner, cancel_all, silence

LAST_CALLS_SECS = 0.5
EXIT_SECS = 0.5


class ChildLink:
    """A running child and the channel to it."""

    def __init__(self, launch: Launch, client: ScannerClient) -> None:
        self.launch = launch
        self.client = client

    async def lost(self) -> str:
        """Wait for its end, or for its silence: then it is killed."""
        exited = asyncio.create_task(self.launch.wait(), name="scanner:exit")
        silent = asyncio.create_task(silence(self.client), name="scanner:health")
        try:
            await asyncio.wait({exited, silent}, return_when=asyncio.FIRST_COMPLETED)
            if not exited.done():
                # A dead child is silent too, and its exit code says more.
                await asyncio.wait({exited}, timeout=EXIT_SECS)
            if exited.done():
                return f"it ended with code {exited.result()}"
            self.launch.kill()
            return f"it was killed because it hung: {silent.result()}"
        finally:
            await cancel_all(exited, silent)

    async def close(self) -> None:
        """Ask it to end by a call, then make it."""
        await self.launch.stop(self.client.shutdown)
        # Those who still wait for an answer shall hear that the child is gone.
        await self.client.close(LAST_CALLS_SECS)


class ScannerChild(ReconnectingScanner):
    """A supervised child process as scanner.

    Args:
        binary: Path of the binary; None for the bundled one, verified against its stamp.
        on_state: Called with True when a child serves and False when it is gone.
        config: What each child is told when it starts.
    """

    has_breaker = True

    def __init__(
        self,
        binary: Path | None = None,
        on_state: Callable[[bool], None] | None = None,
        config: ScannerConfig | None = None,
    ) -> None:
        super().__init__(on_state)
        self._binary = binary
        self._config = config or ScannerConfig()

    @property
    def pid(self) -> int | None:
        """Process id of the child."""
        return self._link.launch.pid if isinstance(self._link, ChildLink) else None

    async def _connect(self) -> ChildLink:
        binary = self._binary
        if binary is None:
            binary = await asyncio.to_thread(verified_binary)
        launch = Launch(binary, self._config)
        handshake = await launch.start()
        return ChildLink(launch, ScannerClient(handshake, launch.identity, launch.token))
