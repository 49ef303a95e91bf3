"""The scanner the station uses: the child, and this process while the child is down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from vst_desktop.domain.bars import BarSeries, SymbolError
from vst_desktop.domain.errors import UserError
from vst_desktop.ports.scanner import Scanner, ScanRequest, ScanResult
from vst_desktop.scanning.inprocess import door_error, scan_in_process

log = logging.getLogger(__name__)


class ResilientScanner:
    """Implements ``Scanner`` over another one; keeps the bars, so that either can answer.

    Args:
        child: The scanner child.
        on_down: Called with the reason when a request had to be answered here.
    """

    def __init__(self, child: Scanner, on_down: Callable[[str], None]) -> None:
        self._child = child
        self._on_down = on_down
        self._bars: dict[str, BarSeries] = {}
        self._missing: set[str] = set()
        """Symbols the child does not hold as they stand here."""

    async def start(self) -> None:
        """Start the child; when it cannot be had, scans run here and that is said."""
        try:
            await self._child.start()
        except UserError as error:
            self._down(str(error))

    async def close(self) -> None:
        """End the child."""
        await self._child.close()

    @property
    def healthy(self) -> bool:
        """Whether the child answers now."""
        return self._child.healthy

    async def put_bars(self, series: Sequence[BarSeries]) -> list[SymbolError]:
        """Keep the bars and give them to the child."""
        for bars in series:
            self._bars[bars.symbol] = bars
            self._missing.add(bars.symbol)
        if self._child.healthy:
            try:
                refused = await self._child.put_bars(series)
            except UserError as error:
                self._down(str(error))
            else:
                self._missing.clear()
                return refused
        return [
            SymbolError(symbol=bars.symbol, error=reason)
            for bars in series
            if (reason := door_error(bars)) is not None
        ]

    async def scan(
        self, request: ScanRequest, on_progress: Callable[[int, int], None] | None = None
    ) -> ScanResult:
        """Scan in the child, else here."""
        if self._child.healthy:
            try:
                if self._missing:
                    await self._child.put_bars([self._bars[s] for s in sorted(self._missing)])
                    self._missing.clear()
                return await self._child.scan(request, on_progress)
            except UserError as error:
                self._down(str(error))
        self._missing.update(self._bars)
        return await asyncio.to_thread(scan_in_process, dict(self._bars), request)

    def _down(self, reason: str) -> None:
        log.info("scanner down: %s", reason)
        self._on_down(reason)
