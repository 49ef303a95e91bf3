"""The scanner pane's part of the snapshot. Reads only; decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vst_desktop.domain.bars import BarSeries
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.signals import Direction, Explanation, FireRate, StrategyError
from vst_desktop.runtime.settings import StrategySettings
from vst_desktop.station.charts import ChartMaker
from vst_desktop.station.findings import Findings
from vst_desktop.station.view import RuleView, ScanView, SignalRow
from vst_desktop.strategy.explain import explain, fire_note, switch_helps
from vst_desktop.strategy.parameters import StrategyParameters
from vst_desktop.strategy.registry import get_strategy

if TYPE_CHECKING:
    from vst_desktop.station.station import Station

SPARK_SESSIONS = 60
SLOWER = "slower: scanner down"


class ScanPresenter:
    """Makes the scan's view; keeps what is dear to make until its inputs change."""

    def __init__(self, station: Station, charts: ChartMaker) -> None:
        self._station = station
        self._charts = charts
        self._explained: tuple[Explanation, ...] = ()
        self._explained_of: tuple[BarSeries, StrategySettings] | None = None
        self._rules: tuple[RuleView, ...] = ()
        self._rules_of: list[FireRate] | None = None

    def view(self) -> ScanView:
        """The present state of scanning."""
        research, findings = self._station.research, self._station.research.findings
        progress, result, universe = research.progress, findings.result, research.universe
        schedule = self._station.schedule
        rows = self._rows(findings)
        note = None
        if not rows:
            note = (
                "No scan yet. Press F5 to scan."
                if result is None
                else f"No signal in {result.scanned} symbols. Press F5 to scan again."
            )
        return ScanView(
            rows=rows,
            scanned=result.scanned if result else 0,
            symbols=universe.size,
            errors=(
                *_by_strategy(findings.strategy_errors),
                *((e.symbol, e.error) for e in (*findings.errors, *findings.chain_errors)),
            ),
            seconds=result.seconds if result else None,
            engine=result.engine if result else "",
            progress=(progress.done, progress.total) if progress else None,
            stage=progress.stage if progress else None,
            chains_loaded=len({key.partition(":")[0] for key in findings.chains}),
            chains_wanted=findings.chains_wanted,
            note=note,
            slower=SLOWER if result is not None and result.fallback else None,
            rules=self._rule_views(findings.fire_rates),
            near_misses=tuple(findings.near_misses),
            explained=self._explain(),
            every_minutes=schedule.every.total_seconds() / 60 if schedule.every else 0,
            next_look=schedule.next_look,
        )

    def _rows(self, findings: Findings) -> tuple[SignalRow, ...]:
        rows = []
        for signal in findings.signals:
            bars = self._station.research.bars(signal.symbol)
            rows.append(
                SignalRow(
                    key=f"{signal.symbol}:{signal.strategy}",
                    symbol=signal.symbol,
                    strategy=signal.strategy,
                    direction=signal.direction,
                    date=signal.date,
                    forming=signal.forming,
                    close=signal.close,
                    rsi=signal.rsi,
                    spark=bars.close[-SPARK_SESSIONS:] if bars else (),
                    chain_state=findings.states.get(signal.symbol, ""),
                )
            )
        return tuple(rows)

    def _rule_views(self, rates: list[FireRate]) -> tuple[RuleView, ...]:
        if rates is not self._rules_of:
            parameters = StrategyParameters.of(self._station.settings.strategy.model_dump())
            self._rules_of = rates
            self._rules = tuple(
                RuleView(
                    name=rate.strategy,
                    direction=_direction(rate.strategy),
                    fired=rate.fired,
                    bars=rate.bars,
                    note=fire_note(rate, parameters),
                    can_switch=switch_helps(rate, parameters),
                )
                for rate in rates
            )
        return self._rules

    def _explain(self) -> tuple[Explanation, ...]:
        """Each enabled strategy on the selected symbol, worked out once for the same bars."""
        symbol, settings = self._station.selected_symbol, self._station.settings.strategy
        bars = self._station.research.bars(symbol) if symbol else None
        if bars is None or not len(bars):
            return ()
        if self._explained_of is None or self._explained_of != (bars, settings):
            parameters = StrategyParameters.of(settings.model_dump())
            data = self._charts.indicators(bars)
            self._explained = explain(bars, settings.enabled, parameters, data)
            self._explained_of = (bars, settings)
        return self._explained


def _direction(name: str) -> Direction | None:
    try:
        return get_strategy(name).direction
    except UserError:
        return None


def _by_strategy(errors: list[StrategyError]) -> list[tuple[str, str]]:
    """One line a strategy: what happened first, and on how many symbols."""
    first: dict[str, StrategyError] = {}
    counts: dict[str, int] = {}
    for error in errors:
        first.setdefault(error.strategy, error)
        counts[error.strategy] = counts.get(error.strategy, 0) + 1
    return [
        (
            name,
            error.error
            if error.symbol is None
            else f"{error.symbol}: {error.error}"
            + (f" (and on {counts[name] - 1} more)" if counts[name] > 1 else ""),
        )
        for name, error in first.items()
    ]
