"""Between the station's values and the contract's messages; pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vst_desktop.adapters.scanner._pb import scanner_pb2 as pb
from vst_desktop.domain.bars import BarSeries, SymbolError, Timeframe
from vst_desktop.domain.signals import Signal
from vst_desktop.ports.market_data import BarColumns, Floats
from vst_desktop.ports.scanner import (
    DoorPolicy,
    HeldSeries,
    ScannerFigures,
    ScanRequest,
    ScanResult,
    SignalRows,
)
from vst_desktop.strategy.parameters import StrategyParameters
from vst_desktop.strategy.registry import BUILT_IN

EPOCH = date(1970, 1, 1).toordinal()

ATR_RATIO_BASES = {
    "zero": pb.AtrRatioBase.ATR_RATIO_BASE_ZERO,
    "range_low": pb.AtrRatioBase.ATR_RATIO_BASE_RANGE_LOW,
}
DOOR_POLICIES = {
    "reject": pb.DoorPolicy.DOOR_POLICY_REJECT,
    "skip_bar": pb.DoorPolicy.DOOR_POLICY_SKIP_BAR,
}
TIMEFRAMES = {
    Timeframe.DAILY: pb.Timeframe.TIMEFRAME_DAILY,
    Timeframe.MINUTE: pb.Timeframe.TIMEFRAME_MINUTE,
}
STRATEGIES = {name: pb.Strategy.Value(f"STRATEGY_{name}") for name in BUILT_IN}
NAMES_OF_BITS = [
    [name for name, number in STRATEGIES.items() if bits >> (number - 1) & 1] for bits in range(16)
]
"""Strategies by the bits of a row."""
HOLDS = np.array(
    [[name in names for name in STRATEGIES] for names in NAMES_OF_BITS], dtype=np.int64
)
"""The same as a matrix: a row's bits by strategies."""


def to_day(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - EPOCH


def to_date(day: int) -> date:
    """The date of a day number."""
    return date.fromordinal(day + EPOCH)


def to_symbol_bars(
    series: BarSeries | BarColumns, *, keep: bool, append: bool, door_policy: DoorPolicy
) -> pb.SymbolBars:
    """Bars of one symbol as little-endian columns."""

    def column(values: Sequence[float] | Floats) -> bytes:
        return np.asarray(values, dtype="<f8").tobytes()

    if isinstance(series, BarSeries):
        timeframe = Timeframe.DAILY
        times = np.fromiter((to_day(d) for d in series.dates), dtype="<i8", count=len(series))
    else:
        timeframe, times = series.timeframe, series.time.astype("<i8")
    return pb.SymbolBars(
        symbol=series.symbol,
        timeframe=TIMEFRAMES[timeframe],
        append=append,
        keep=keep,
        door_policy=DOOR_POLICIES[door_policy],
        time=times.tobytes(),
        open=column(series.open),
        high=column(series.high),
        low=column(series.low),
        close=column(series.close),
        volume=column(series.volume),
    )


def to_parameters(values: Mapping[str, float | int | str]) -> pb.StrategyParameters:
    """The settings group ``strategy`` as a message."""
    plain = asdict(StrategyParameters.of(values))
    base = ATR_RATIO_BASES[plain.pop("atr_ratio_base")]
    return pb.StrategyParameters(**plain, atr_ratio_base=base)


def to_request(request: ScanRequest, values: bool) -> pb.ScanRequest:
    """The scan request; without dates only the last bar of each symbol.

    ``values``: with the indicators of each signal's bar.
    """
    return pb.ScanRequest(
        symbols=request.symbols,
        strategies=[f"STRATEGY_{name}" for name in request.strategies],
        parameters=to_parameters(request.parameters),
        start_day=None if request.start is None else to_day(request.start),
        end_day=None if request.end is None else to_day(request.end),
        last_bar_only=request.start is None and request.end is None,
        timeframe=pb.Timeframe.TIMEFRAME_DAILY,
        values=values,
        resume=request.resume,
    )


def from_errors(errors: Sequence[pb.SymbolError]) -> list[SymbolError]:
    """Refused symbols."""
    return [SymbolError(symbol=e.symbol, error=e.error) for e in errors]


def from_warnings(warnings: Sequence[pb.SymbolWarning]) -> list[SymbolError]:
    """Symbols that were taken, each with something to know about its bars."""
    return [SymbolError(symbol=w.symbol, error=w.warning) for w in warnings]


def from_info(info: pb.SeriesInfo) -> HeldSeries:
    """What is held of one symbol."""
    timeframe = next(t for t, number in TIMEFRAMES.items() if number == info.timeframe)
    return HeldSeries(
        symbol=info.symbol,
        timeframe=timeframe,
        bars=info.bars,
        first=to_date(info.first_day),
        last=to_date(info.last_day),
        kept=info.kept,
    )


def from_answer(
    answer: pb.ScanResponse,
    columns: Sequence[pb.SignalColumns],
    errors: Sequence[pb.SymbolError],
) -> ScanResult:
    """The result of a scan but for its signals."""
    return ScanResult(
        scanned=answer.scanned,
        signals=(),
        errors=tuple(from_errors(errors)),
        seconds=answer.scan_seconds,
        engine="go",
        bars=answer.bars,
        counts=counted(columns),
    )


def counted(columns: Sequence[pb.SignalColumns]) -> Counter[str]:
    """How many signals of each strategy the columns hold."""
    kinds = len(NAMES_OF_BITS)
    rows = np.zeros(kinds, dtype=np.int64)
    for part in columns:
        data = np.frombuffer(part.strategies, dtype="u1")
        # Two rows at a time: numpy widens what it counts, which costs more than the counting.
        pairs = np.bincount(data[: len(data) & ~1].view("<u2"), minlength=kinds << 8)[: kinds << 8]
        both = pairs.reshape(kinds, 256)[:, :kinds]
        rows += both.sum(axis=0) + both.sum(axis=1)
        if len(data) & 1:
            rows[data[-1]] += 1
    return Counter(dict(zip(STRATEGIES, (rows @ HOLDS).tolist(), strict=True)))


def to_rows(columns: Sequence[pb.SignalColumns], symbols: tuple[str, ...]) -> SignalRows:
    """The columns as one set of arrays; ``symbols`` is the list they index."""

    def column(of: Callable[[pb.SignalColumns], bytes], dtype: str) -> NDArray[Any]:
        return np.concatenate([np.frombuffer(of(part), dtype=dtype) for part in columns])

    return SignalRows(
        symbols=symbols,
        names=tuple(STRATEGIES),
        run_symbol=column(lambda part: part.run_symbol, "<u4"),
        run_rows=column(lambda part: part.run_rows, "<u4"),
        run_day=column(lambda part: part.run_day, "<i4"),
        days_after=column(lambda part: part.day, "<u2"),
        strategies=column(lambda part: part.strategies, "u1"),
    )


def from_columns(columns: pb.SignalColumns, symbols: Sequence[str]) -> list[Signal]:
    """Signals of packed columns with values; ``symbols`` is the list they index."""

    def floats(data: bytes) -> list[float]:
        values: list[float] = np.frombuffer(data, dtype="<f8").tolist()
        return values

    def known(value: float) -> float | None:
        return None if math.isnan(value) else value

    packed = to_rows([columns], tuple(symbols))
    dates = {day: to_date(day) for day in np.unique(packed.day).tolist()}
    rows = zip(
        packed.symbol.tolist(),
        packed.strategies.tolist(),
        packed.day.tolist(),
        floats(columns.close),
        floats(columns.atr),
        floats(columns.rsi),
        floats(columns.sma50),
        floats(columns.sma200),
        strict=True,
    )
    return [
        Signal(
            symbol=symbols[symbol],
            strategy=name,
            direction=BUILT_IN[name].direction,
            date=dates[day],
            close=close,
            atr=atr,
            rsi=rsi,
            sma50=known(sma50),
            sma200=known(sma200),
        )
        for symbol, strategies, day, close, atr, rsi, sma50, sma200 in rows
        for name in NAMES_OF_BITS[strategies]
    ]


def figures(answer: pb.MetricsResponse) -> ScannerFigures:
    """What the scanner says of itself."""
    return ScannerFigures(
        average_scan_secs=answer.average_scan_seconds,
        symbols_per_second=answer.symbols_per_second,
        scans=answer.total_scans,
        memory_mb=answer.memory_mb,
        cpu_pct=answer.cpu_pct,
    )
