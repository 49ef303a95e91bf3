"""The scanner the station uses: the child, and this process for what the child cannot do."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from vst_desktop.domain.bars import SymbolError, Timeframe
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.signals import StrategyError
from vst_desktop.ports.market_data import BarColumns, BulkAnswer
from vst_desktop.ports.scanner import (
    DoorPolicy,
    PutResult,
    Scanner,
    ScannerFigures,
    ScanRequest,
    ScanResult,
    SignalRows,
)
from vst_desktop.runtime.door import admit, columns_of
from vst_desktop.runtime.doubts import doubts
from vst_desktop.runtime.tasks import TaskOwner
from vst_desktop.scanning.computations import BOTH, BY_NUMPY, Computations, Way, warm_up
from vst_desktop.scanning.given import BarsTaker, GivenBars
from vst_desktop.scanning.inprocess import Bars, OnProgress, as_series, rows_of, scan_in_thread
from vst_desktop.strategy.registry import BUILT_IN, check_known

log = logging.getLogger(__name__)

RESTART_SECS = 2.0
"""How long a scan waits for a child that is being started again."""


class SupervisedScanner(BarsTaker, Scanner, Protocol):
    """A scanner that is started again when it dies, until ``breaker_open``."""

    async def scan_rows(
        self, request: ScanRequest, on_progress: OnProgress | None = None
    ) -> tuple[ScanResult, SignalRows]:
        """As ``scan``, with the signals as arrays and without their bars' values."""

    async def doubts(self, symbols: Sequence[str]) -> list[SymbolError]:
        """What looks wrong in the daily bars that it holds, and may be right."""

    async def figures(self) -> ScannerFigures:
        """What it says of itself; UserError when it is down."""

    breaker_open: bool
    last_failure: str
    """Why there was no scanner, the last time."""


class ResilientScanner:
    """Implements ``Scanner`` over a supervised one; keeps the bars, so that either can answer.

    The built-in strategies run in the child, users' own here, over the same bars. A child that
    dies in a scan is waited for, given the bars again and asked again; when none comes, the scan
    runs here, slower, and says so.

    Args:
        child: The supervised scanner; its owner has ``child_serves`` called when it comes and goes.
        tell: Called with a sentence when the child died, and when scans run here in its place.
    """

    def __init__(self, child: SupervisedScanner, tell: Callable[[str], None]) -> None:
        self._child = child
        self._tell = tell
        self._bars: dict[str, Bars] = {}
        self._given = GivenBars(child, tell)
        self._door_policy: DoorPolicy = "reject"
        self._keep = False
        self._next_child = asyncio.Event()
        self._down = False
        self._tasks = TaskOwner("scanner")

    async def start(self) -> None:
        """Start the child; when it cannot be had, scans run here and that is said."""
        try:
            await self._child.start()
        except UserError as error:
            self._give_up(str(error))

    async def close(self) -> None:
        """End the child."""
        await self._tasks.close()
        await self._child.close()

    @property
    def healthy(self) -> bool:
        """Whether the child answers now."""
        return self._child.healthy

    async def put_bars(
        self,
        series: Sequence[Bars],
        *,
        keep: bool = False,
        door_policy: DoorPolicy = "reject",
    ) -> PutResult:
        """Hold the bars here too and give the child those it does not hold yet.

        Of kept bars only what the child's store lacks is written, a forming one never. A store
        that cannot be written is told once; the scan goes on with bars in memory.
        """
        self._bars.update((bars.symbol, bars) for bars in series)
        self._door_policy, self._keep = door_policy, keep
        symbols = [bars.symbol for bars in series]
        if self._child.healthy:
            try:
                await self._give(symbols)
            except UserError as error:
                log.info("the scanner took no bars: %s", error)
            else:
                return _put_result(series, self._given.refused, self._given.warned)
        return await asyncio.to_thread(_admitted, series, door_policy)

    async def doubts(self, symbols: Sequence[str]) -> list[SymbolError]:
        """Missing sessions and jumps like splits in the bars that the child has of a store.

        Raises:
            UserError: The child is down.
        """
        return await self._child.doubts(symbols)

    async def fetch_bars(
        self, symbols: Sequence[str], *, timeframe: Timeframe, on_bars: Callable[[BarColumns], None]
    ) -> BulkAnswer:
        """Bars of a few symbols from the child; see the port."""
        return await self._child.fetch_bars(symbols, timeframe=timeframe, on_bars=on_bars)

    async def stream_bars(
        self,
        symbols: Sequence[str],
        *,
        timeframe: Timeframe,
        on_bars: Callable[[BarColumns], None],
        on_progress: OnProgress | None = None,
    ) -> BulkAnswer:
        """Bars of any number of symbols from the child; see the port."""
        return await self._given.stream_bars(
            symbols, timeframe=timeframe, on_bars=on_bars, on_progress=on_progress
        )

    async def scan(self, request: ScanRequest, on_progress: OnProgress | None = None) -> ScanResult:
        """Scan in the child, users' own strategies here; all of it here while the child is down.

        Raises:
            UserError: A strategy that nothing declares.
        """
        own = tuple(name for name in request.strategies if name not in BUILT_IN)
        for name in own:
            check_known(name)
        if len(own) == len(request.strategies):
            return await self._here(request, (BY_NUMPY,), on_progress)
        built_in = tuple(name for name in request.strategies if name in BUILT_IN)
        theirs = await self._in_child(
            replace(request, strategies=built_in), self._child.scan, on_progress
        )
        if theirs is None:
            return replace(await self._here(request, BOTH, on_progress), fallback=True)
        if not own:
            return theirs
        reported = {error.symbol for error in theirs.errors}
        rest = tuple(symbol for symbol in request.symbols if symbol not in reported)
        mine = await self._here(replace(request, strategies=own, symbols=rest), (BY_NUMPY,), None)
        return _merged(request, own, theirs, mine)

    async def scan_rows(
        self, request: ScanRequest, on_progress: OnProgress | None = None
    ) -> tuple[ScanResult, SignalRows]:
        """As ``scan``, with the signals as arrays: for many."""
        if all(name in BUILT_IN for name in request.strategies):
            answer = await self._in_child(request, self._child.scan_rows, on_progress)
            if answer is not None:
                return answer
        result = await self.scan(request, on_progress)
        return replace(result, signals=()), rows_of(result.signals, request)

    async def figures(self) -> ScannerFigures | None:
        """What the child says of itself, None while it is down."""
        if not self._child.healthy:
            return None
        try:
            return await self._child.figures()
        except UserError as error:
            log.info("the scanner tells no figures: %s", error)
            return None

    def hold(self, series: Sequence[Bars]) -> None:
        """Keep bars that the child has from elsewhere, for what runs here."""
        self._bars.update((bars.symbol, bars) for bars in series)
        self._given.hold(series)

    async def _in_child[T](
        self,
        request: ScanRequest,
        scan: Callable[[ScanRequest, OnProgress | None], Coroutine[Any, Any, T]],
        on_progress: OnProgress | None,
    ) -> T | None:
        """The child's answer, from its successor when it dies; None when there is none."""
        successor = None if self._child.healthy else self._next_child
        for _ in range(2):
            if successor is not None and not await self._arrives(successor):
                return None
            successor = self._next_child
            try:
                await self._give(request.symbols)
                return await scan(request, on_progress)
            except UserError as error:
                log.info("the scan was interrupted: %s", error)
        return None

    async def _arrives(self, child: asyncio.Event) -> bool:
        if self._child.breaker_open:
            return False
        try:
            async with asyncio.timeout(RESTART_SECS):
                await child.wait()
        except TimeoutError:
            return False
        return True

    async def _give(self, symbols: Sequence[str]) -> None:
        bars = [self._bars[symbol] for symbol in symbols if symbol in self._bars]
        await self._given.give(bars, keep=self._keep, door_policy=self._door_policy)

    async def _here(
        self, request: ScanRequest, ways: Sequence[Way], on_progress: OnProgress | None
    ) -> ScanResult:
        return await scan_in_thread(
            dict(self._bars), request, Computations(ways), self._door_policy, on_progress
        )

    # -- the child's life

    def child_serves(self, serving: bool) -> None:
        """A child came, holding no bars yet, or is gone."""
        self._given.forget()
        if serving:
            self._down = False
            arrived, self._next_child = self._next_child, asyncio.Event()
            arrived.set()
        else:
            log.info("the scanner is gone")
            self._tasks.spawn(self._gone(self._next_child), "gone")

    async def _gone(self, successor: asyncio.Event) -> None:
        died, reason = time.monotonic(), self._child.last_failure
        if await self._arrives(successor):
            took = time.monotonic() - died
            self._tell(f"it was lost ({reason}) and is back after {took:.1f} s")
        elif self._child.breaker_open:
            self._give_up(f"{self._child.last_failure}; it is not started again in this run")
        else:
            self._give_up(self._child.last_failure or "it does not come back")

    def _give_up(self, reason: str) -> None:
        """Say once that scans run here, and make ready for them."""
        if self._down:
            return
        self._down = True
        log.info("scanner down: %s", reason)
        self._tell(f"scans run in-process, slower: {reason}")
        self._tasks.spawn(asyncio.to_thread(warm_up), "warm-up")


def _admitted(series: Sequence[Bars], policy: DoorPolicy) -> PutResult:
    """What the door of this process says of these bars."""
    admissions = {bars.symbol: admit(as_series(bars), policy) for bars in series}
    return _put_result(
        series,
        {
            symbol: SymbolError(symbol=symbol, error=one.error)
            for symbol, one in admissions.items()
            if one.error is not None
        },
        {
            symbol: [
                SymbolError(symbol=symbol, error=text)
                for text in (*one.warnings, *doubts(columns_of(one.series)))
            ]
            for symbol, one in admissions.items()
            if one.series is not None
        },
    )


def _put_result(
    put: Sequence[Bars],
    refused: Mapping[str, SymbolError],
    warned: Mapping[str, Sequence[SymbolError]],
) -> PutResult:
    taken = [bars for bars in put if bars.symbol not in refused]
    return PutResult(
        symbols=len(taken),
        bars=sum(map(len, taken)),
        errors=tuple(refused[bars.symbol] for bars in put if bars.symbol in refused),
        warnings=tuple(warning for bars in taken for warning in warned.get(bars.symbol, ())),
    )


def _merged(
    request: ScanRequest, own: tuple[str, ...], theirs: ScanResult, mine: ScanResult
) -> ScanResult:
    """The child's answer with that of users' own strategies, in the request's order."""
    symbols = {symbol: place for place, symbol in enumerate(request.symbols)}
    names = {name: place for place, name in enumerate(request.strategies)}
    signals = sorted(
        (*theirs.signals, *mine.signals),
        key=lambda s: (symbols[s.symbol], s.date, names[s.strategy]),
    )
    return replace(
        theirs,
        signals=tuple(signals),
        seconds=theirs.seconds + mine.seconds,
        engine=f"{theirs.engine}; {', '.join(own)}: {mine.engine}",
        counts={**theirs.counts, **mine.counts},
        indicator_failures=mine.indicator_failures,
        strategy_errors=(
            *mine.strategy_errors,
            *(
                StrategyError(strategy=", ".join(own), symbol=e.symbol, error=e.error)
                for e in mine.errors
            ),
        ),
    )
