"""Scans in this process: users' own strategies always, all of them while the child is down."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date

import numpy as np
import numpy.typing as npt

from vst_desktop.domain.bars import BarSeries, SymbolError
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.signals import Signal, StrategyError
from vst_desktop.ports.market_data import BarColumns, day_number
from vst_desktop.ports.scanner import DoorPolicy, ScanRequest, ScanResult, SignalRows
from vst_desktop.runtime.door import admit
from vst_desktop.scanning.computations import Computations
from vst_desktop.strategy.entry import Mask
from vst_desktop.strategy.indicators import Indicators
from vst_desktop.strategy.parameters import StrategyParameters
from vst_desktop.strategy.registry import Strategy, check_known, evaluate, get_strategy

OnProgress = Callable[[int, int], None]
Places = npt.NDArray[np.int64]
Bars = BarSeries | BarColumns


def as_series(bars: Bars) -> BarSeries:
    """Daily bars as the domain's value."""
    return bars if isinstance(bars, BarSeries) else bars.series()


async def scan_in_thread(
    bars: Mapping[str, Bars],
    request: ScanRequest,
    computations: Computations,
    door_policy: DoorPolicy = "reject",
    on_progress: OnProgress | None = None,
) -> ScanResult:
    """``scan_in_process`` beside the loop; cancelling it stops the work after the symbol at hand.

    Raises:
        UserError: As ``scan_in_process``.
    """
    loop, stop = asyncio.get_running_loop(), threading.Event()

    def report(done: int, total: int) -> None:
        if on_progress is not None and not stop.is_set():
            loop.call_soon_threadsafe(on_progress, done, total)

    try:
        return await asyncio.to_thread(
            scan_in_process, bars, request, computations, door_policy, report, stop.is_set
        )
    finally:
        stop.set()


def scan_in_process(
    bars: Mapping[str, Bars],
    request: ScanRequest,
    computations: Computations,
    door_policy: DoorPolicy = "reject",
    on_progress: OnProgress = lambda done, total: None,
    stopped: Callable[[], bool] = lambda: False,
) -> ScanResult:
    """Answer a scan from bars held here; the same shape and signals as the child's answer.

    What a user's own strategy cannot do is in ``strategy_errors``.

    Raises:
        UserError: A strategy that nothing declares.
    """
    started = time.perf_counter()
    run = _Run(request, door_policy)
    for done, symbol in enumerate(request.symbols, 1):
        if stopped():
            break
        run.take(symbol, bars.get(symbol), computations)
        on_progress(done, len(request.symbols))
    return ScanResult(
        scanned=run.scanned,
        signals=tuple(run.signals),
        errors=tuple(run.errors),
        seconds=time.perf_counter() - started,
        engine=computations.engine,
        bars=run.bars,
        counts=run.counts,
        strategy_errors=tuple(run.strategy_errors),
        indicator_failures=dict(computations.failures),
    )


class _Run:
    """What one scan has found so far."""

    def __init__(self, request: ScanRequest, door_policy: DoorPolicy) -> None:
        self._request = request
        self._door_policy = door_policy
        self._parameters = StrategyParameters.of(request.parameters)
        self._rules: list[Strategy] = []
        self.scanned = self.bars = 0
        self.signals: list[Signal] = []
        self.errors: list[SymbolError] = []
        self.counts: Counter[str] = Counter()
        self.strategy_errors: list[StrategyError] = []
        for name in request.strategies:
            check_known(name)
            try:
                self._rules.append(get_strategy(name))
            except UserError as error:
                self.strategy_errors.append(StrategyError(strategy=name, error=str(error)))

    def take(self, symbol: str, bars: Bars | None, computations: Computations) -> None:
        """Scan one symbol."""
        if bars is None:
            self.errors.append(SymbolError(symbol=symbol, error="no bars"))
            return
        admission = admit(as_series(bars), self._door_policy)
        series = admission.series
        if series is None:
            self.errors.append(SymbolError(symbol=symbol, error=admission.error or ""))
            return
        try:
            data = computations.indicators(series)
        except UserError as failed:
            self.errors.append(SymbolError(symbol=symbol, error=f"no indicators: {failed}"))
            return
        self.scanned += 1
        self.bars += len(series)
        found = [
            (bar, rule)
            for rule in self._rules
            for bar in self._bars_of(rule, series, data).tolist()
        ]
        self.counts.update(rule.name for _, rule in found)
        if not self._request.counts_only:
            found.sort(key=lambda hit: hit[0])
            self.signals += [_signal(series, rule, data, bar) for bar, rule in found]

    def _bars_of(self, rule: Strategy, series: BarSeries, data: Indicators) -> Places:
        try:
            mask = evaluate(rule, data, self._parameters)
        except UserError as error:
            self.strategy_errors.append(
                StrategyError(strategy=rule.name, symbol=series.symbol, error=str(error))
            )
            return np.empty(0, dtype=np.int64)
        return _within(mask, series.dates, self._request)


def _within(mask: Mask, dates: Sequence[date], request: ScanRequest) -> Places:
    """Indices of the signal bars in the request's range; without one, of the last bar alone."""
    if request.start is None and request.end is None:
        return np.flatnonzero(mask[-1:]) + len(mask) - 1
    days = np.fromiter((day.toordinal() for day in dates), dtype=np.int64, count=len(dates))
    if request.start is not None:
        mask = mask & (days >= request.start.toordinal())
    if request.end is not None:
        mask = mask & (days <= request.end.toordinal())
    return np.flatnonzero(mask)


def _signal(series: BarSeries, rule: Strategy, data: Indicators, bar: int) -> Signal:
    def value(column: float) -> float | None:
        return None if math.isnan(column) else float(column)

    return Signal(
        symbol=series.symbol,
        strategy=rule.name,
        direction=rule.direction,
        date=series.dates[bar],
        close=series.close[bar],
        atr=float(data.atr[bar]),
        rsi=float(data.rsi[bar]),
        sma50=value(data.sma50[bar]),
        sma200=value(data.sma200[bar]),
    )


def rows_of(signals: Sequence[Signal], request: ScanRequest) -> SignalRows:
    """The signals of a scan as arrays; they stand by symbol and day already."""
    places = {symbol: place for place, symbol in enumerate(request.symbols)}
    bits = {name: 1 << place for place, name in enumerate(request.strategies)}
    rows: dict[tuple[int, int], int] = {}
    for signal in signals:
        key = (places[signal.symbol], day_number(signal.date))
        rows[key] = rows.get(key, 0) | bits[signal.strategy]
    return SignalRows.of(
        request.symbols,
        request.strategies,
        symbol=np.array([symbol for symbol, _ in rows], dtype=np.uint32),
        day=np.array([day for _, day in rows], dtype=np.int32),
        strategies=np.array(list(rows.values()), dtype=np.uint64),
    )
