"""Scans without the child: the same rules in numpy, slower, and saying so."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence

import numpy as np

from vst_desktop.domain.bars import BarSeries, SymbolError
from vst_desktop.domain.signals import Signal
from vst_desktop.ports.scanner import ScanRequest, ScanResult
from vst_desktop.strategy.indicators import Indicators, indicators
from vst_desktop.strategy.parameters import StrategyParameters
from vst_desktop.strategy.registry import Strategy, get_strategy

ENGINE = "in-process, slower: the scanner is down"


def door_error(bars: BarSeries) -> str | None:
    """Why these bars may not be scanned (SPEC 10), naming the first bad bar; None when clean."""
    columns = [np.asarray(c) for c in (bars.open, bars.high, bars.low, bars.close)]
    low, high = columns[2], columns[1]
    volume = np.asarray(bars.volume)
    bad = np.zeros(len(bars), dtype=np.bool_)
    for column in columns:
        bad |= ~np.isfinite(column) | (column <= 0)
    bad |= (high < low) | ~np.isfinite(volume) | (volume < 0)
    days = np.array([d.toordinal() for d in bars.dates])
    bad[1:] |= np.diff(days) <= 0
    if not len(bars):
        return "no bars"
    if bad.any():
        day = bars.dates[int(np.argmax(bad))]
        return f"bad bar on {day}: prices must be above 0, high >= low, dates ascending"
    return None


def scan_in_process(bars: Mapping[str, BarSeries], request: ScanRequest) -> ScanResult:
    """Answer a scan from bars held here; the same shape and signals as the child's answer."""
    started = time.perf_counter()
    parameters = StrategyParameters.of(request.parameters)
    rules = [get_strategy(name) for name in request.strategies]
    signals: list[Signal] = []
    errors: list[SymbolError] = []
    for symbol in request.symbols:
        series = bars.get(symbol)
        error = "no bars" if series is None else door_error(series)
        if series is None or error is not None:
            errors.append(SymbolError(symbol=symbol, error=error or "no bars"))
            continue
        signals += _signals(series, rules, parameters, request)
    return ScanResult(
        scanned=len(request.symbols) - len(errors),
        signals=tuple(signals),
        errors=tuple(errors),
        seconds=time.perf_counter() - started,
        engine=ENGINE,
    )


def _signals(
    series: BarSeries,
    rules: Sequence[Strategy],
    parameters: StrategyParameters,
    request: ScanRequest,
) -> list[Signal]:
    data = indicators(series)
    found = []
    for rule in rules:
        mask = rule.mask(data, parameters)
        if request.start is None and request.end is None:
            bars = [len(series) - 1] if mask[-1] else []
        else:
            bars = [
                int(i)
                for i in np.flatnonzero(mask)
                if (request.start is None or series.dates[i] >= request.start)
                and (request.end is None or series.dates[i] <= request.end)
            ]
        found += [_signal(series, rule, data, i) for i in bars]
    return found


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
