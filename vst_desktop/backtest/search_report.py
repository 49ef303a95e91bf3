"""The report of a search: the best set, a map of two settings, folds, and every set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vst_desktop.backtest.charts import heat
from vst_desktop.backtest.optimise import Search
from vst_desktop.backtest.outcomes import Outcome
from vst_desktop.backtest.report import section, shown, table
from vst_desktop.backtest.space import Axis

_COLUMNS = (
    ("trades", "n"),
    ("net_profit", "usd"),
    ("win_rate", "pct"),
    ("profit_factor", "x"),
    ("max_drawdown", "pct"),
    ("sharpe", "x"),
)


def search_sections(found: Search, axes: Sequence[Axis], metric: str) -> list[str]:
    """All parts of the page."""
    folds = table(
        ("Trained on", "Played on", "Settings", "Before", "There", "Trades", "Net, USD"),
        (
            (
                f"{fold.train.start} to {fold.train.end}",
                f"{fold.test.start} to {fold.test.end}",
                _said(fold.parameters),
                shown(fold.train_score, "x"),
                shown(fold.test_score, "x"),
                f"{fold.test_trades}",
                shown(fold.test_net_usd, "usd"),
            )
            for fold in found.folds
        ),
    )
    best = [] if found.best is None else [found.best]
    return [
        section("Best set", _sets(best)),
        section("Walk-forward", folds),
        section(f"Map: {metric}, the best of each pair", heat_map(found.outcomes, axes, metric)),
        section(f"Every set ({len(found.outcomes):,})", _sets(found.outcomes)),
    ]


def heat_map(outcomes: Sequence[Outcome], axes: Sequence[Axis], metric: str) -> str:
    """The metric over the two settings of most values; the best over the others."""
    wide = sorted(axes, key=lambda axis: -len(axis.values))[:2]
    if len(wide) < 2 or len(wide[1].values) < 2:
        return ""
    down, across = wide
    best: dict[tuple[str, str], float] = {}
    for one in outcomes:
        value = one.metrics.get(metric)
        pair = (one.parameters[down.key], one.parameters[across.key])
        if value is not None:
            best[pair] = max(best.get(pair, float("-inf")), value)
    rows = [f"{down.key.rpartition('.')[2]} {value}" for value in down.values]
    columns = [f"{across.key.rpartition('.')[2]} {value}" for value in across.values]
    return heat(rows, columns, [[best.get((d, a)) for a in across.values] for d in down.values])


def _sets(outcomes: Sequence[Outcome]) -> str:
    return table(
        ("Settings", "Trades", "Net, USD", "Win rate", "Profit factor", "Drawdown", "Sharpe"),
        (
            (
                _said(one.parameters),
                *(shown(one.metrics.get(name), kind) for name, kind in _COLUMNS),
            )
            for one in outcomes
        ),
    )


def _said(parameters: Mapping[str, str]) -> str:
    return ", ".join(f"{key.rpartition('.')[2]} {value}" for key, value in parameters.items())
