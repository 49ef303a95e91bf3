from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from tests.helpers.lab_bars import signal_rows, walks
from vst_desktop.backtest.metrics import account, figures
from vst_desktop.backtest.optimise import Optimiser, Search, search_keys
from vst_desktop.backtest.outcomes import Ledger, Outcome
from vst_desktop.backtest.result import metric_keys
from vst_desktop.backtest.rules import Span
from vst_desktop.backtest.space import Axis, Values, grid, parse_axis, standard_axes
from vst_desktop.backtest.workbench import Workbench
from vst_desktop.backtest.workers import Here, Task, Workers, workers
from vst_desktop.domain.errors import UserError
from vst_desktop.runtime.settings import Settings, load_settings

NAMES = ("BULL_PULLBACK", "BEAR_RALLY")
AXES = (
    Axis(key="strategy.bull_pullback_rsi_threshold", values=("40", "50")),
    Axis(key="risk.stop_loss_atr_mult", values=("1.5", "3")),
)


def bench() -> Workbench:
    return Workbench(bars=walks(3), span=Span(start=date(2019, 1, 2), end=date(2020, 12, 31)))


def configure(values: Values) -> Settings:
    return load_settings([f"{key}={value}" for key, value in values.items()], environment={})


@dataclass
class Counting:
    """Plays here and counts what it was asked."""

    inner: Workers
    asked: list[Task] = field(default_factory=list)

    def outcomes(self, tasks: Sequence[Task]) -> Iterator[Outcome]:
        self.asked += tasks
        return self.inner.outcomes(tasks)


def optimiser(place: Workers, on: Workbench, ledger: Ledger | None = None) -> Optimiser:
    return Optimiser(
        bench=on,
        workers=place,
        scan=lambda some: [signal_rows(on.bars, one, NAMES) for one in some],
        configure=configure,
        ledger=ledger or Ledger(None, {}),
        metric="net_profit",
        initial=100_000,
        tell=lambda done, total: None,
    )


def searched(place: Workers, on: Workbench) -> Search:
    search = optimiser(place, on)
    return search.judged(search.grid(AXES), 3)


def test_axes_are_lists_or_ranges() -> None:
    assert parse_axis("a.b=1, 2").values == ("1", "2")
    assert parse_axis("a.b=1:2:0.5").values == ("1", "1.5", "2")
    assert len(grid(standard_axes(["BULL_PULLBACK"]))) >= 50
    for bad in ("a.b", "a.b=", "a.b=1:2", "a.b=2:1:1", "a.b=1:2:0", "a.b=0:1:0.0001"):
        with pytest.raises(UserError, match="names no values"):
            parse_axis(bad)


def test_each_sets_figures_are_those_of_a_backtest_with_its_settings() -> None:
    on = bench()
    found = searched(Here(bench=on), on)

    assert [one.parameters for one in found.outcomes] == grid(AXES)
    for one in found.outcomes:
        settings = configure(one.parameters)
        run = on.run(settings, signal_rows(on.bars, settings, NAMES))
        of_account = account(run.days, run.equity, run.invested, 100_000)
        assert one.metrics == metric_keys(figures(run.trades), of_account)
    assert found.best is not None
    assert found.best.metrics["net_profit"] == max(
        one.metrics["net_profit"] for one in found.outcomes
    )


def test_one_process_or_two_give_the_same_bytes() -> None:
    on = bench()
    alone = json.dumps(search_keys(searched(Here(bench=on), on)), default=str)
    with workers(on, 2, None) as place:
        together = json.dumps(search_keys(searched(place, on)), default=str)

    assert alone == together


def test_folds_never_train_on_what_they_are_played_on() -> None:
    on = bench()
    found = searched(Here(bench=on), on)

    assert found.folds
    for fold in found.folds:
        assert fold.train.end < fold.test.start <= fold.test.end
        assert (fold.test.start - fold.train.end).days > 30


def test_a_training_score_is_that_of_a_run_that_ends_there() -> None:
    on = bench()
    found = searched(Here(bench=on), on)
    fold, one = found.folds[0], found.outcomes[0]
    until = (fold.train.end - date(1970, 1, 1)).days
    search = optimiser(Here(bench=on), on)
    settings = configure(one.parameters)
    cut = on.within(fold.train).run(settings, signal_rows(on.bars, settings, NAMES))
    over = sum(t.net_usd for t in cut.trades if t.exit_reason != "END")

    assert search.score(one, until) == pytest.approx(over, abs=0.01)


def test_a_search_goes_on_from_the_outcomes_on_disk(tmp_path: Path) -> None:
    on, path, job = bench(), tmp_path / "kept.jsonl", {"bars": "these"}
    first = Counting(inner=Here(bench=on))
    whole = optimiser(first, on, Ledger(path, job)).grid(AXES)
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:2]) + "\n" + lines[2][:50])  # cut short by a crash

    again = Counting(inner=Here(bench=on))
    resumed = optimiser(again, on, Ledger(path, job)).grid(AXES)

    assert len(first.asked) == 4
    assert len(again.asked) == 2
    assert [one.metrics for one in resumed] == [one.metrics for one in whole]
    with pytest.raises(UserError, match="another search"):
        Ledger(path, {"bars": "others"})


def test_optuna_proposes_the_same_sets_again_and_plays_none_twice() -> None:
    on = bench()
    place = Counting(inner=Here(bench=on))
    first = optimiser(place, on).optuna(AXES, 12)
    second = optimiser(Here(bench=on), on).optuna(AXES, 12)

    assert [one.parameters for one in first] == [one.parameters for one in second]
    assert len(place.asked) <= len(grid(AXES))


def test_without_trades_there_is_no_best_set_and_the_verdict_says_so() -> None:
    on = bench()
    search = optimiser(Here(bench=on), on)
    found = search.judged(search.grid((Axis(key="options.max_spread_cost", values=("1",)),)), 3)

    assert found.best is None
    assert found.verdict.startswith("no set has")
