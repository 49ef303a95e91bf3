"""Keeps a scanner child running: starts it, watches it, restarts it with back-off."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from vst_desktop.adapters.scanner.binary import verified_binary
from vst_desktop.adapters.scanner.client import ScannerClient
from vst_desktop.adapters.scanner.config import ScannerConfig
from vst_desktop.adapters.scanner.launch import Launch
from vst_desktop.domain.bars import BarSeries, SymbolError, Timeframe
from vst_desktop.domain.errors import UserError
from vst_desktop.ports.market_data import BarColumns, BulkAnswer
from vst_desktop.ports.scanner import ScanRequest, ScanResult

log = logging.getLogger(__name__)

FIRST_BACKOFF_SECS = 0.5
MAX_BACKOFF_SECS = 30.0
BREAKER_DEATHS = 5
BREAKER_SECS = 60.0


class ScannerChild:
    """Implements the ports ``Scanner`` and ``BulkSource`` over a supervised child process.

    A child that dies is started anew after 0.5, 1, 2 … 30 s; five deaths within 60 s open the
    breaker: no more starts in this run. While there is no child, calls raise ``UserError``.

    Args:
        binary: Path of the binary; None for the bundled one, verified against its stamp.
        on_state: Called with True when a child serves and False when it is gone.
        config: What each child is told when it starts.
    """

    def __init__(
        self,
        binary: Path | None = None,
        on_state: Callable[[bool], None] | None = None,
        config: ScannerConfig | None = None,
    ) -> None:
        self._binary = binary
        self._config = config or ScannerConfig()
        self._on_state = on_state
        self._client: ScannerClient | None = None
        self._launch: Launch | None = None
        self._watch: asyncio.Task[None] | None = None
        self._deaths: deque[float] = deque(maxlen=BREAKER_DEATHS)
        self._closing = False
        self.breaker_open = False

    @property
    def healthy(self) -> bool:
        """Whether a child serves now."""
        return self._client is not None

    @property
    def pid(self) -> int | None:
        """Process id of the child."""
        return self._launch.pid if self._launch is not None else None

    async def start(self) -> None:
        """Start the first child.

        Raises:
            UserError: No binary, a wrong checksum, or a child that does not come up.
        """
        await self._start_one()
        self._watch = asyncio.create_task(self._supervise(), name="scanner:supervise")

    async def _start_one(self) -> None:
        binary = self._binary
        if binary is None:
            binary = await asyncio.to_thread(verified_binary)
        launch = Launch(binary, self._config)
        handshake = await launch.start()
        self._launch = launch
        self._client = ScannerClient(handshake, launch.identity, launch.token)
        self._tell(True)

    async def _supervise(self) -> None:
        backoff = FIRST_BACKOFF_SECS
        while True:
            if self._launch is not None:
                started = time.monotonic()
                code = await self._launch.wait()
                await self._drop()
                if time.monotonic() - started > BREAKER_SECS:
                    backoff = FIRST_BACKOFF_SECS
                log.info("the scanner ended with code %s", code)
            now = time.monotonic()
            self._deaths.append(now)
            if len(self._deaths) == BREAKER_DEATHS and now - self._deaths[0] < BREAKER_SECS:
                self.breaker_open = True
                log.info("scanner down: %d deaths in %g s", BREAKER_DEATHS, BREAKER_SECS)
                return
            await asyncio.sleep(backoff)
            backoff = min(2 * backoff, MAX_BACKOFF_SECS)
            try:
                await self._start_one()
            except UserError as error:
                log.info("scanner not restarted: %s", error)

    async def _drop(self) -> None:
        client, self._client = self._client, None
        launch, self._launch = self._launch, None
        self._tell(False)
        if client is not None:
            await client.close()
        if launch is not None:
            await launch.stop()

    def _tell(self, serving: bool) -> None:
        if self._on_state is not None and not self._closing:
            self._on_state(serving)

    async def wait_for_breaker(self) -> None:
        """Return when the breaker has opened and nothing is started any more."""
        if self._watch is not None:
            await asyncio.wait({self._watch})

    async def close(self) -> None:
        """Ask the child to end, then make it; idempotent."""
        self._closing = True
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        if self._client is not None:
            await self._client.shutdown()
        await self._drop()

    async def put_bars(self, series: Sequence[BarSeries]) -> list[SymbolError]:
        """Replace the bars of these symbols."""
        return await self._serving().put_bars(series)

    async def scan(
        self, request: ScanRequest, on_progress: Callable[[int, int], None] | None = None
    ) -> ScanResult:
        """Scan bars the child holds."""
        return await self._serving().scan(request, on_progress)

    async def fetch_bars(
        self, symbols: Sequence[str], *, timeframe: Timeframe, on_bars: Callable[[BarColumns], None]
    ) -> BulkAnswer:
        """Bars of a few symbols the child holds."""
        return await self._serving().bulk.fetch_bars(symbols, timeframe=timeframe, on_bars=on_bars)

    async def stream_bars(
        self,
        symbols: Sequence[str],
        *,
        timeframe: Timeframe,
        on_bars: Callable[[BarColumns], None],
        on_progress: Callable[[int, int], None] | None = None,
    ) -> BulkAnswer:
        """Bars of any number of symbols the child holds."""
        return await self._serving().bulk.stream_bars(
            symbols, timeframe=timeframe, on_bars=on_bars, on_progress=on_progress
        )

    def _serving(self) -> ScannerClient:
        if self._client is None:
            raise UserError("the scanner is down", remedy="it is restarted by itself")
        return self._client
