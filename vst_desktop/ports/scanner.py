"""The scanner: bars in, signals out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from vst_desktop.domain.bars import BarSeries, SymbolError, Timeframe
from vst_desktop.domain.signals import Signal, StrategyError
from vst_desktop.ports.market_data import BarColumns

DoorPolicy = Literal["reject", "skip_bar"]
"""What becomes of a bar that may not be scanned: its symbol is refused, or it is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRequest:
    """What to scan. Dates None: only the last bar of each symbol.

    ``parameters`` are the settings of group ``strategy`` by key: one source of truth, they travel
    with every request. ``counts_only``: the answer says how often each rule held, and no bar.
    ``resume``: a scan of the last bars may go on from what an earlier one left instead of passing
    over every bar; the answer is the same.
    """

    symbols: tuple[str, ...]
    strategies: tuple[str, ...]
    parameters: Mapping[str, float | int | str]
    start: date | None = None
    end: date | None = None
    counts_only: bool = False
    resume: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """Every symbol is in ``scanned`` or in ``errors``.

    ``bars`` are those of the scanned symbols, ``counts`` the signals by strategy.
    ``strategy_errors``: what users' own strategies could not do; the others' signals are whole.
    """

    scanned: int
    signals: tuple[Signal, ...] = field(repr=False)  # asyncio.run writes out what it returns
    errors: tuple[SymbolError, ...]
    seconds: float
    engine: str
    """Which engine answered: ``go`` or ``pandas-ta (in-process)``."""
    bars: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    strategy_errors: tuple[StrategyError, ...] = ()
    fallback: bool = False
    """The scanner was down and this process answered in its place, slower."""
    indicator_failures: Mapping[str, int] = field(default_factory=dict)
    """How often a way to work out indicators failed and the next one was taken, by its name."""

    @property
    def symbols_per_second(self) -> float:
        """Scanned symbols over scan seconds."""
        return self.scanned / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class SignalRows:
    """Bars with signals as arrays, in runs of one symbol each, by day within a run.

    ``run_symbol`` (indexes ``symbols``), ``run_rows`` and ``run_day`` have a value a run: whose
    rows they are, how many, and the day they count from, itself counted from 1970-01-01.
    ``days_after`` that day and ``strategies`` have a value a row; bit k of ``strategies`` stands
    for the k-th of ``names``. Symbols come as they were done: in no promised order.
    """

    symbols: tuple[str, ...]
    names: tuple[str, ...]
    run_symbol: NDArray[np.uint32]
    run_rows: NDArray[np.uint32]
    run_day: NDArray[np.int32]
    days_after: NDArray[np.integer]
    strategies: NDArray[np.unsignedinteger]

    @classmethod
    def of(
        cls,
        symbols: tuple[str, ...],
        names: tuple[str, ...],
        *,
        symbol: NDArray[np.uint32],
        day: NDArray[np.int32],
        strategies: NDArray[np.unsignedinteger],
    ) -> SignalRows:
        """Rows that are given each with its symbol and day, a symbol's in a row."""
        starts = np.flatnonzero(np.diff(symbol, prepend=-1))
        run_rows = np.diff(starts, append=len(symbol)).astype(np.uint32)
        return cls(
            symbols=symbols,
            names=names,
            run_symbol=symbol[starts],
            run_rows=run_rows,
            run_day=day[starts],
            days_after=day - np.repeat(day[starts], run_rows),
            strategies=strategies,
        )

    def __len__(self) -> int:
        return len(self.strategies)

    @cached_property
    def symbol(self) -> NDArray[np.uint32]:
        """The index of each row's symbol."""
        return np.repeat(self.run_symbol, self.run_rows)

    @cached_property
    def day(self) -> NDArray[np.int32]:
        """The day of each row, counted from 1970-01-01."""
        return np.repeat(self.run_day, self.run_rows) + self.days_after

    def ordered(self) -> SignalRows:
        """The same rows in the order of ``symbols``."""
        runs = np.argsort(self.run_symbol, kind="stable")
        rows = self.run_rows[runs].astype(np.int64)
        # Where each run began, less where it begins now, is how far its rows have to come.
        before = np.cumsum(self.run_rows, dtype=np.int64)[runs] - rows
        places = np.repeat(before - (np.cumsum(rows) - rows), rows) + np.arange(len(self))
        return replace(
            self,
            run_symbol=self.run_symbol[runs],
            run_rows=self.run_rows[runs],
            run_day=self.run_day[runs],
            days_after=self.days_after[places],
            strategies=self.strategies[places],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PutResult:
    """What became of bars that were put.

    ``symbols`` and ``bars`` were taken; ``errors`` are symbols that were refused, each with bar
    and reason. ``warnings`` are of symbols that were taken: missing sessions, jumps that look like
    a split, bars that were left out.
    """

    symbols: int
    bars: int
    errors: tuple[SymbolError, ...] = ()
    warnings: tuple[SymbolError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldSeries:
    """Bars of one symbol that a scanner holds; ``kept``: its bar store has them."""

    symbol: str
    timeframe: Timeframe
    bars: int
    first: date
    last: date
    kept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannerFigures:
    """What the engine says of itself."""

    average_scan_secs: float
    symbols_per_second: float
    scans: int
    memory_mb: float
    cpu_pct: float


class Scanner(Protocol):
    """Scans bars it holds. Bars are put first; ``scan`` refers to them by symbol."""

    async def start(self) -> None:
        """Make ready; raises UserError when the engine cannot be had."""

    async def close(self) -> None:
        """End the engine; idempotent."""

    @property
    def healthy(self) -> bool:
        """Whether the engine answers now."""

    async def put_bars(
        self,
        series: Sequence[BarSeries | BarColumns],
        *,
        keep: bool = False,
        door_policy: DoorPolicy = "reject",
    ) -> PutResult:
        """Replace the bars of these symbols; ``keep`` writes daily ones to the bar store too."""

    async def scan(
        self, request: ScanRequest, on_progress: Callable[[int, int], None] | None = None
    ) -> ScanResult:
        """Scan; ``on_progress(done, total)`` as it goes. Cancellable."""

    async def figures(self) -> ScannerFigures | None:
        """What the engine says of itself, None while it is down."""
