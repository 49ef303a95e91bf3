"""A scanner that is connected to anew, with back-off, whenever it is lost."""

from __future__ import annotations

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Sequence
from datetime import date
from typing import Any, ClassVar, Protocol

from vst_desktop.adapters.scanner import convert
from vst_desktop.adapters.scanner.client import ScannerClient
from vst_desktop.adapters.scanner.errors import NotNow
from vst_desktop.domain.bars import BarSeries, SymbolError, Timeframe
from vst_desktop.domain.errors import UserError
from vst_desktop.ports.market_data import BarColumns, BulkAnswer, Downloaded
from vst_desktop.ports.scanner import (
    DoorPolicy,
    HeldSeries,
    PutResult,
    ScannerFigures,
    ScanRequest,
    ScanResult,
    SignalRows,
)

log = logging.getLogger(__name__)

FIRST_BACKOFF_SECS = 0.5
MAX_BACKOFF_SECS = 30.0
BREAKER_DEATHS = 5
BREAKER_SECS = 60.0
HEALTH_EVERY_SECS = 1.5
HEALTH_PATIENCE_SECS = 3.0


class Link(Protocol):
    """One connection to one scanner. Single-use."""

    @property
    def client(self) -> ScannerClient:
        """Its calls."""

    async def lost(self) -> str:
        """Wait until it is lost; returns why."""

    async def close(self) -> None:
        """End it, politely while it is not lost; calls under way fail."""


async def silence(client: ScannerClient) -> str:
    """Ask for the scanner's health now and then, until an answer is missing; returns why."""
    while True:
        await asyncio.sleep(HEALTH_EVERY_SECS)
        try:
            await client.check(HEALTH_PATIENCE_SECS)
        except UserError as error:
            return str(error)


async def cancel_all(*tasks: asyncio.Task[Any]) -> None:
    """Cancel what still runs of these, and see it ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class ReconnectingScanner(ABC):
    """Implements the ports ``Scanner`` and ``BulkSource`` over one link after another.

    A lost link is replaced after 0.5, 1, 2 … 30 s. Where a breaker is asked for, five losses
    within 60 s open it: no more links in this run. While there is none, calls raise ``UserError``.

    Args:
        on_state: Called with True when a scanner serves and False when it is gone; it begins
            each time without bars.
    """

    has_breaker: ClassVar[bool]

    def __init__(self, on_state: Callable[[bool], None] | None = None) -> None:
        self._on_state = on_state
        self._link: Link | None = None
        self._watch: asyncio.Task[None] | None = None
        self._losses: deque[float] = deque(maxlen=BREAKER_DEATHS)
        self._closing = False
        self.breaker_open = False
        self.last_failure = ""
        """Why there was no scanner, the last time."""

    @abstractmethod
    async def _connect(self) -> Link:
        """Make a new link.

        Raises:
            NotNow: Trying again may help.
            UserError: It does not.
        """

    @property
    def healthy(self) -> bool:
        """Whether a scanner serves now."""
        return self._link is not None

    async def start(self) -> None:
        """Connect to the scanner.

        Raises:
            UserError: It cannot be had. Unless that cannot change, it is tried again until
                ``close``.
        """
        try:
            await self._connect_one()
        except NotNow:
            self._keep()
            raise
        self._keep()

    def _keep(self) -> None:
        self._watch = asyncio.create_task(self._supervise(), name="scanner:supervise")

    async def _connect_one(self) -> None:
        try:
            self._link = await self._connect()
        except UserError as error:
            self.last_failure = str(error)
            self.breaker_open = not isinstance(error, NotNow)
            raise
        self._tell(True)

    async def _supervise(self) -> None:
        backoff = FIRST_BACKOFF_SECS
        while True:
            if self._link is not None:
                started = time.monotonic()
                self.last_failure = await self._link.lost()
                await self._drop()
                if time.monotonic() - started > BREAKER_SECS:
                    backoff = FIRST_BACKOFF_SECS
                log.info("the scanner is gone: %s", self.last_failure)
            if self.has_breaker and self._too_many_losses():
                self.breaker_open = True
                log.info("scanner down: %d deaths in %g s", BREAKER_DEATHS, BREAKER_SECS)
                return
            await asyncio.sleep(backoff)
            backoff = min(2 * backoff, MAX_BACKOFF_SECS)
            try:
                await self._connect_one()
            except UserError as error:
                log.info("no scanner: %s", error)
                if self.breaker_open:
                    return

    def _too_many_losses(self) -> bool:
        now = time.monotonic()
        self._losses.append(now)
        return len(self._losses) == BREAKER_DEATHS and now - self._losses[0] < BREAKER_SECS

    async def _drop(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            self._tell(False)
            await link.close()

    def _tell(self, serving: bool) -> None:
        if self._on_state is not None and not self._closing:
            self._on_state(serving)

    async def wait_for_breaker(self) -> None:
        """Return when the breaker has opened and nothing is started any more."""
        if self._watch is not None:
            await asyncio.wait({self._watch})

    async def close(self) -> None:
        """End the link; idempotent."""
        self._closing = True
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        await self._drop()

    async def put_bars(
        self,
        series: Iterable[BarSeries | BarColumns],
        *,
        keep: bool = False,
        append: bool = False,
        door_policy: DoorPolicy = "reject",
    ) -> PutResult:
        """Replace the bars of these symbols, or append to them; see the port."""
        return await _answered(
            self._serving().put_bars(series, keep=keep, append=append, door_policy=door_policy)
        )

    async def list_series(self) -> tuple[list[HeldSeries], list[SymbolError]]:
        """What the scanner holds, and symbols whose bars are refused or lost."""
        return await _answered(self._serving().list_series())

    async def doubts(self, symbols: Sequence[str]) -> list[SymbolError]:
        """Missing sessions and jumps like splits in the daily bars it holds of these symbols."""
        return await _answered(self._serving().doubts(symbols))

    async def scan(
        self, request: ScanRequest, on_progress: Callable[[int, int], None] | None = None
    ) -> ScanResult:
        """Scan bars the scanner holds."""
        return await _answered(self._serving().scan(request, on_progress))

    async def scan_rows(
        self, request: ScanRequest, on_progress: Callable[[int, int], None] | None = None
    ) -> tuple[ScanResult, SignalRows]:
        """Scan for very many signals: they come as arrays, without their bars' values."""
        return await _answered(self._serving().scan_rows(request, on_progress))

    async def fetch_bars(
        self, symbols: Sequence[str], *, timeframe: Timeframe, on_bars: Callable[[BarColumns], None]
    ) -> BulkAnswer:
        """Bars of a few symbols the scanner holds."""
        return await _answered(
            self._serving().bulk.fetch_bars(symbols, timeframe=timeframe, on_bars=on_bars)
        )

    async def stream_bars(
        self,
        symbols: Sequence[str],
        *,
        timeframe: Timeframe,
        on_bars: Callable[[BarColumns], None],
        on_progress: Callable[[int, int], None] | None = None,
    ) -> BulkAnswer:
        """Bars of any number of symbols the scanner holds."""
        return await _answered(
            self._serving().bulk.stream_bars(
                symbols, timeframe=timeframe, on_bars=on_bars, on_progress=on_progress
            )
        )

    async def download(
        self,
        symbols: Sequence[str],
        *,
        provider: str,
        first: date | None = None,
        last: date | None = None,
        door_policy: DoorPolicy = "reject",
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Downloaded:
        """Let the scanner fetch daily bars of a service it was configured for, and keep them.

        Args:
            symbols: What to ask for.
            provider: The service's name.
            first: First day; None: as far back as the service goes.
            last: Last day; None: up to now.
            door_policy: What becomes of bad bars.
            on_progress: Told symbols done and their number.

        Raises:
            UserError: The scanner was lost, or takes no such service.
        """
        return await _answered(
            self._serving().bulk.download(
                symbols,
                provider=provider,
                first=first,
                last=last,
                door_policy=door_policy,
                on_progress=on_progress,
            )
        )

    async def figures(self) -> ScannerFigures:
        """What the scanner says of itself.

        Raises:
            UserError: There is none, or it was lost.
        """
        return convert.figures(await _answered(self._serving().metrics()))

    def _serving(self) -> ScannerClient:
        if self._link is None:
            remedy = None if self.breaker_open else "it is tried again by itself"
            raise UserError("the scanner is down", remedy=remedy)
        return self._link.client


async def _answered[T](call: Coroutine[Any, Any, T]) -> T:
    """A link that is closed cancels its calls; to the caller that is a failure, not its end."""
    try:
        return await call
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise UserError("the scanner was lost in mid-call") from None
