"""What a scan tells about the strategies themselves: fire rates, near misses, their faults."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from vst_desktop.domain.bars import BarSeries
from vst_desktop.domain.signals import Explanation, FireRate, StrategyError
from vst_desktop.options.early_exercise import CashDividends
from vst_desktop.options.rules import SelectionRules
from vst_desktop.options.whatif import what_if
from vst_desktop.ports.scanner import Scanner, ScanRequest, ScanResult
from vst_desktop.runtime.calendar import trading_day
from vst_desktop.runtime.settings import StrategySettings
from vst_desktop.station.findings import Findings
from vst_desktop.strategy.explain import near_misses
from vst_desktop.strategy.parameters import StrategyParameters
from vst_desktop.strategy.registry import own_strategies

BATCH = 25
"""Symbols between two chances to cancel."""


async def strategy_errors(result: ScanResult) -> list[StrategyError]:
    """What went wrong with strategies in this scan, and those that cannot be loaded at all."""
    named = {error.strategy for error in result.strategy_errors if error.symbol is None}
    faults = (await asyncio.to_thread(own_strategies)).faults
    return [
        *(StrategyError(strategy=f.name, error=str(f)) for f in faults if f.name not in named),
        *result.strategy_errors,
    ]


async def fire_rates(scanner: Scanner, request: ScanRequest) -> list[FireRate]:
    """How often each of the request's strategies held on the bars of its symbols.

    A strategy that could not be evaluated on some symbol has no rate.
    """
    result = await scanner.scan(replace(request, start=date.min, end=None, counts_only=True))
    failed = {error.strategy for error in result.strategy_errors}
    return [
        FireRate(strategy=name, fired=result.counts.get(name, 0), bars=result.bars)
        for name in request.strategies
        if name not in failed
    ]


async def nearest(series: Sequence[BarSeries], settings: StrategySettings) -> list[Explanation]:
    """Near misses of the enabled strategies on the last bars, nearest first."""
    parameters = StrategyParameters.of(settings.model_dump())
    found: list[Explanation] = []
    for start in range(0, len(series), BATCH):
        batch = series[start : start + BATCH]
        found += await asyncio.to_thread(near_misses, batch, settings.enabled, parameters)
    return sorted(found, key=lambda e: (_distance(e), e.symbol, e.strategy))


def _distance(explanation: Explanation) -> float:
    missed = explanation.missed
    assert missed is not None and missed.value is not None and missed.threshold is not None
    return abs(missed.value / missed.threshold - 1) if missed.threshold else 0.0


async def ask_what_if(
    found: Findings, symbol: str, rules: SelectionRules, now: datetime, dividends: CashDividends
) -> None:
    """Find what would pass on the symbol's chain if one setting were different.

    For its signals without a spread that passes; a quarter of a second beside the loop.
    """
    for key, selection in list(found.selections.items()):
        if selection.symbol == symbol and not selection.spreads:
            found.what_ifs[key] = await asyncio.to_thread(
                what_if,
                found.chains[key],
                selection.direction,
                rules,
                selection,
                now=now,
                today=trading_day(now),
                dividends=dividends,
            )
