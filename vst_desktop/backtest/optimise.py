"""Search for settings, judged by walk-forward (SPEC 15).

Folds are anchored: settings are chosen on all sessions before a fold and played on it. Trades that
reach over the end of the training are left out of it (purged), and between the two lies a gap as
long as a position can be held, so that no bar decides on both sides.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import NormalDist
from typing import Any

import numpy as np

from vst_desktop.backtest.listing import as_date, as_day
from vst_desktop.backtest.metrics import returns_of, sharpe
from vst_desktop.backtest.outcomes import Ledger, Outcome
from vst_desktop.backtest.panel import SESSIONS_A_YEAR
from vst_desktop.backtest.rules import Span
from vst_desktop.backtest.space import Axis, Values, grid
from vst_desktop.backtest.workbench import Workbench
from vst_desktop.backtest.workers import Task, Workers
from vst_desktop.ports.scanner import SignalRows
from vst_desktop.runtime.settings import Settings

Scan = Callable[[Sequence[Settings]], list[SignalRows]]
Configure = Callable[[Values], Settings]
Tell = Callable[[int, int], None]

BATCH = 8
"""Sets that optuna proposes before it sees an outcome: the same for any number of workers."""
FEWEST_TRADES = 5
_EULER = 0.5772156649015329
_SEED = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Settings chosen on the training, and what they gave on sessions that came after."""

    train: Span
    test: Span
    parameters: Mapping[str, str]
    train_score: float | None
    test_score: float | None
    test_trades: int
    test_net_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A whole search; ``outcomes`` in the order in which sets were tried."""

    outcomes: tuple[Outcome, ...]
    best: Outcome | None
    folds: tuple[Fold, ...]
    verdict: str
    warnings: tuple[str, ...]
    deflated_sharpe: float | None
    """Chance that the best set's Sharpe is above what the best of so many useless sets shows."""


@dataclass(frozen=True, kw_only=True)
class Optimiser:
    """Searches settings on one workbench.

    Attributes:
        bench: Bars and span.
        workers: Where sets are played.
        scan: The scanner's signals in the span by some settings.
        configure: The settings of a set.
        ledger: Outcomes that are known already.
        metric: What is maximised: one of ``outcomes.METRICS``.
        tell: Told how many sets are done, of how many.
    """

    bench: Workbench
    workers: Workers
    scan: Scan
    configure: Configure
    ledger: Ledger
    metric: str
    initial: float
    tell: Tell

    def grid(self, axes: Sequence[Axis]) -> tuple[Outcome, ...]:
        """Every combination."""
        return tuple(self._played(grid(axes), self.bench.span, self.ledger))

    def optuna(self, axes: Sequence[Axis], trials: int) -> tuple[Outcome, ...]:
        """So many sets as a tree-structured Parzen estimator proposes them, seeded."""
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = optuna.create_study(
            direction="maximize", sampler=optuna.samplers.TPESampler(seed=_SEED)
        )
        found: list[Outcome] = []
        while len(found) < trials:
            asked = [study.ask() for _ in range(min(BATCH, trials - len(found)))]
            sets = [
                {axis.key: trial.suggest_categorical(axis.key, axis.values) for axis in axes}
                for trial in asked
            ]
            for trial, one in zip(
                asked, self._played(sets, self.bench.span, self.ledger), strict=True
            ):
                score = self.score(one)
                study.tell(trial, -1e9 if score is None else score)
                found.append(one)
                self.tell(len(found), trials)
        return tuple(found)

    def judged(self, outcomes: Sequence[Outcome], folds: int) -> Search:
        """The best set, held against sessions it was not chosen on."""
        best = self.best(outcomes)
        walked = tuple(self._walk(outcomes, folds)) if best is not None else ()
        deflated = None if best is None else self._deflated(best, outcomes)
        verdict, warnings = _verdict(None if best is None else self.score(best), walked, deflated)
        if best is not None and len(best.trades) < FEWEST_TRADES:
            few = f"no set has {FEWEST_TRADES} trades: the best is one of {len(best.trades)}"
            warnings = (few, *warnings)
        return Search(
            outcomes=tuple(outcomes),
            best=best,
            folds=walked,
            verdict=verdict,
            warnings=warnings,
            deflated_sharpe=deflated,
        )

    def best(self, outcomes: Sequence[Outcome], until: int | None = None) -> Outcome | None:
        """The set of the highest score; of equal ones the first tried; None when none has one.

        Sets of fewer than five trades count only where no other has more.
        """
        enough = [one for one in outcomes if len(one.trades) >= FEWEST_TRADES]
        scored = [(self.score(one, until), one) for one in enough or outcomes]
        known = [(score, -n) for n, (score, _) in enumerate(scored) if score is not None]
        return scored[-max(known)[1]][1] if known else None

    def score(self, one: Outcome, until: int | None = None) -> float | None:
        """What is maximised, up to a day; None with fewer than two trades by then."""
        return one.score(self.metric, self._days(), self.initial, until)

    def _days(self) -> list[int]:
        panel, span = self.bench.panel, self.bench.span
        days = np.unique(panel.day)
        inside = (days >= as_day(span.start)) & (days <= as_day(span.end))
        found: list[int] = days[inside].tolist()
        return found

    def _played(
        self, sets: Sequence[Values], span: Span, ledger: Ledger | None
    ) -> Iterator[Outcome]:
        known = [None if ledger is None else ledger.get(one) for one in sets]
        missing = [one for one, have in zip(sets, known, strict=True) if have is None]
        unique = list({repr(sorted(one.items())): one for one in missing}.values())
        settings = [self.configure(one) for one in unique]
        rows = self.scan(settings) if settings else []
        tasks = [
            Task(parameters=dict(one), settings=by, rows=found, span=span)
            for one, by, found in zip(unique, settings, rows, strict=True)
        ]
        fresh: dict[str, Outcome] = {}
        for done, found in enumerate(self.workers.outcomes(tasks), start=1):
            fresh[repr(sorted(found.parameters.items()))] = found
            if ledger is not None:
                ledger.put(found)
                self.tell(len(sets) - len(tasks) + done, len(sets))
        for one, have in zip(sets, known, strict=True):
            yield have if have is not None else fresh[repr(sorted(one.items()))]

    def _walk(self, outcomes: Sequence[Outcome], folds: int) -> Iterator[Fold]:
        days = self._days()
        edges = [days[len(days) * n // (folds + 1)] for n in range(1, folds + 1)]
        ends = [*edges[1:], days[-1] + 1]
        for edge, end in zip(edges, ends, strict=True):
            chosen = self.best(outcomes, until=edge - 1)
            if chosen is None:
                continue
            settings = self.configure(chosen.parameters)
            held = max(settings.options.max_dte - settings.exits.min_days_to_exit, 1)
            start = as_date(edge) + timedelta(days=held)
            test = Span(start=start, end=as_date(end - 1))
            if (test.end - test.start).days < held:
                start = as_date(edge) + timedelta(days=1)
                test = Span(start=start, end=test.end)
            (played,) = self._played([chosen.parameters], test, None)
            yield Fold(
                train=Span(start=self.bench.span.start, end=as_date(edge - 1)),
                test=test,
                parameters=chosen.parameters,
                train_score=self.score(chosen, until=edge - 1),
                test_score=played.score(
                    self.metric,
                    [day for day in days if as_day(test.start) <= day <= as_day(test.end)],
                    self.initial,
                ),
                test_trades=len(played.trades),
                test_net_usd=sum(trade[2] for trade in played.trades),
            )

    def _deflated(self, best: Outcome, outcomes: Sequence[Outcome]) -> float | None:
        """D. Bailey and M. Lopez de Prado, "The deflated Sharpe ratio" (2014)."""
        daily = [
            value / math.sqrt(SESSIONS_A_YEAR)
            for one in outcomes
            if (value := sharpe(returns_of(np.array((self.initial, *one.equity))))) is not None
        ]
        returns = returns_of(np.array((self.initial, *best.equity)))
        spread, count = float(np.std(daily)) if daily else 0.0, len(daily)
        deviation = float(returns.std()) if len(returns) > 2 else 0.0
        if count < 2 or not deviation > 0:
            return None
        normal = NormalDist()
        luck = spread * (
            (1 - _EULER) * normal.inv_cdf(1 - 1 / count)
            + _EULER * normal.inv_cdf(1 - 1 / (count * math.e))
        )
        centred = (returns - returns.mean()) / deviation
        skew, kurtosis = float((centred**3).mean()), float((centred**4).mean())
        own = float(returns.mean()) / deviation
        width = 1 - skew * own + (kurtosis - 1) / 4 * own * own
        if not width > 0:
            return None
        return normal.cdf((own - luck) * math.sqrt(len(returns) - 1) / math.sqrt(width))


def _verdict(
    best: float | None, folds: Sequence[Fold], deflated: float | None
) -> tuple[str, tuple[str, ...]]:
    if best is None:
        return (
            "no set has two trades: there is nothing to choose by",
            ("widen the span or the limits",),
        )
    tested = [fold for fold in folds if fold.test_trades]
    if not tested:
        return (
            "not validated: no fold has trades after its training",
            ("the best set is chosen in hindsight: widen the span",),
        )
    won = sum(fold.test_net_usd > 0 for fold in tested)
    net = sum(fold.test_net_usd for fold in tested)
    holds = net > 0 and 2 * won > len(tested)
    warnings = []
    if not holds:
        warnings.append(
            f"overfitting: settings chosen in hindsight earned {net:+,.0f} USD on the sessions "
            "after, over all folds"
        )
    if len({repr(sorted(fold.parameters.items())) for fold in folds}) == len(folds) > 1:
        warnings.append("each fold chose other settings: the optimum does not stay")
    if deflated is not None and deflated < 0.95:
        warnings.append(
            f"the best Sharpe is no better than luck among so many sets: deflated, the chance "
            f"that it is more is {100 * deflated:.0f} %"
        )
    word = "holds out of sample" if holds else "fails out of sample"
    return (
        f"{word}: {won} of {len(tested)} folds with trades won, {net:+,.0f} USD in all",
        tuple(warnings),
    )


def search_keys(found: Search) -> dict[str, Any]:
    """The JSON of a search (SPEC 17)."""

    def one(outcome: Outcome | None) -> dict[str, Any] | None:
        if outcome is None:
            return None
        return {"parameters": dict(outcome.parameters), "metrics": dict(outcome.metrics)}

    return {
        "best": one(found.best),
        "sets": [one(each) for each in found.outcomes],
        "walk_forward": {
            "folds": [
                {
                    "train_start": fold.train.start,
                    "train_end": fold.train.end,
                    "test_start": fold.test.start,
                    "test_end": fold.test.end,
                    "parameters": dict(fold.parameters),
                    "train_score": fold.train_score,
                    "test_score": fold.test_score,
                    "test_trades": fold.test_trades,
                    "test_net_usd": round(fold.test_net_usd, 2),
                }
                for fold in found.folds
            ],
            "verdict": found.verdict,
            "warnings": list(found.warnings),
            "deflated_sharpe": found.deflated_sharpe,
        },
    }
