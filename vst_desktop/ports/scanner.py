"""The scanner: bars in, signals out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from vst_desktop.domain.bars import BarSeries, SymbolError
from vst_desktop.domain.signals import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRequest:
    """What to scan. Dates None: only the last bar of each symbol.

    ``parameters`` are the settings of group ``strategy`` by key: one source of truth, they travel
    with every request.
    """

    symbols: tuple[str, ...]
    strategies: tuple[str, ...]
    parameters: Mapping[str, float | int | str]
    start: date | None = None
    end: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """Every symbol is in ``scanned`` or in ``errors``."""

    scanned: int
    signals: tuple[Signal, ...]
    errors: tuple[SymbolError, ...]
    seconds: float
    engine: str
    """Which engine answered: ``go`` or ``pandas-ta (in-process)``."""

    @property
    def symbols_per_second(self) -> float:
        """Scanned symbols over scan seconds."""
        return self.scanned / self.seconds if self.seconds > 0 else 0.0


class Scanner(Protocol):
    """Scans bars it holds. Bars are put first; ``scan`` refers to them by symbol."""

    async def start(self) -> None:
        """Make ready; raises UserError when the engine cannot be had."""

    async def close(self) -> None:
        """End the engine; idempotent."""

    @property
    def healthy(self) -> bool:
        """Whether the engine answers now."""

    async def put_bars(self, series: Sequence[BarSeries]) -> list[SymbolError]:
        """Replace the bars of these symbols; returns those refused, with bar and reason."""

    async def scan(
        self, request: ScanRequest, on_progress: Callable[[int, int], None] | None = None
    ) -> ScanResult:
        """Scan; ``on_progress(done, total)`` as it goes. Cancellable."""
