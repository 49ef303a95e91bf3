"""``vst optimize``: sets of settings tried over history, judged by walk-forward."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vst_desktop.cli.common import progress_line, write_json
from vst_desktop.cli.lab import add_lab_options, given, report_file, scanned
from vst_desktop.domain.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vst_desktop.backtest.optimise import Search
    from vst_desktop.backtest.space import Axis
    from vst_desktop.cli.lab import Given
    from vst_desktop.runtime.settings import Settings

FOLDS = 4
TRIALS = 60
SHOWN = 10


def add_parser(subparsers: Any) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser(
        "optimize", help="settings tried over history, judged by walk-forward"
    )
    add_lab_options(parser)
    parser.add_argument(
        "--vary",
        action="append",
        default=[],
        metavar="KEY=VALUES",
        help="a setting and its values: a,b,c or low:high:step (default: the strategies' "
        "thresholds, the stop and the target)",
    )
    parser.add_argument(
        "--method", choices=("grid", "optuna"), default="grid", help="every set, or a search"
    )
    parser.add_argument(
        "--trials", type=int, default=TRIALS, metavar="N", help=f"sets of optuna ({TRIALS})"
    )
    parser.add_argument(
        "--metric",
        choices=("sharpe", "net_profit", "profit_factor", "expectancy_r"),
        default="sharpe",
        help="what is maximised (default: sharpe)",
    )
    parser.add_argument(
        "--folds", type=int, default=FOLDS, metavar="N", help=f"of the walk-forward ({FOLDS})"
    )
    parser.add_argument(
        "--workers", type=int, metavar="N", help="processes (default: one for each core)"
    )
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help="a Dask scheduler to play on, tcp://host:port"
    )
    parser.add_argument(
        "--resume", metavar="FILE", help="keep outcomes here, and go on from those that stand there"
    )


def run(args: argparse.Namespace) -> int:
    """Search, print and write; 0 whatever the verdict."""
    from vst_desktop.backtest.optimise import Optimiser, search_keys
    from vst_desktop.backtest.outcomes import Ledger
    from vst_desktop.backtest.space import parse_axis, standard_axes
    from vst_desktop.backtest.workers import workers
    from vst_desktop.runtime.settings import load_settings

    for name, least in (("trials", 1), ("folds", 1), ("workers", 1)):
        value = getattr(args, name)
        if value is not None and value < least:
            raise UserError(f"--{name} {value} is below {least}", exit_code=2)
    job = given(args)
    axes = tuple(parse_axis(text) for text in args.vary) or standard_axes(job.names)

    def configure(values: Mapping[str, str]) -> Settings:
        return load_settings([*args.overrides, *(f"{k}={v}" for k, v in values.items())])

    _check(axes, configure)
    ledger = Ledger(Path(args.resume) if args.resume else None, _job(args, job))
    with (
        workers(job.bench, args.workers, args.scheduler) as place,
        progress_line("optimize", "sets") as tell,
    ):
        optimiser = Optimiser(
            bench=job.bench,
            workers=place,
            scan=lambda all_settings: scanned(job.bench, job.names, all_settings),
            configure=configure,
            ledger=ledger,
            metric=args.metric,
            initial=job.settings.backtest.initial_equity,
            tell=tell,
        )
        outcomes = (
            optimiser.grid(axes) if args.method == "grid" else optimiser.optuna(axes, args.trials)
        )
        found = optimiser.judged(outcomes, args.folds)
    keys = search_keys(found) | {
        "pricing": args.pricing,
        "metric": args.metric,
        "method": args.method,
        "axes": [{"key": axis.key, "values": list(axis.values)} for axis in axes],
    }
    _print(found, args.metric)
    if args.report:
        print(f"report: {_report(args, job, axes, found)}")
    write_json(args.json, keys)
    return 0


def _check(axes: Sequence[Axis], configure: Any) -> None:
    """Every value is one that the settings take, before hours are spent."""
    twice = [axis.key for n, axis in enumerate(axes) if axis.key in {a.key for a in axes[:n]}]
    if twice:
        raise UserError(
            f"--vary names {twice[0]} twice", remedy="give all values once", exit_code=2
        )
    for axis in axes:
        for value in axis.values:
            configure({axis.key: value})


def _job(args: argparse.Namespace, job: Given) -> dict[str, Any]:
    """What outcomes belong to: everything but the sets that decides them."""
    bars = [
        (one.symbol, len(one), str(one.day(0)), str(one.day(-1)), float(one.close.sum()))
        for one in job.bench.bars
    ]
    return {
        "bars": bars,
        "span": [str(job.bench.span.start), str(job.bench.span.end)],
        "pricing": args.pricing,
        "strategies": list(job.names),
        "settings": job.settings.model_dump(mode="json"),
    }


def _print(found: Search, metric: str) -> None:
    from vst_desktop.backtest.report import shown

    print(f"{len(found.outcomes):,} sets tried")
    order = sorted(
        found.outcomes,
        key=lambda one: (one.metrics.get(metric) is None, -(one.metrics.get(metric) or 0.0)),
    )
    for one in order[:SHOWN]:
        text = ", ".join(f"{key.rpartition('.')[2]} {v}" for key, v in one.parameters.items())
        print(
            f"  {metric} {shown(one.metrics.get(metric), 'x'):>8}  "
            f"net {shown(one.metrics['net_profit'], 'usd'):>12}  "
            f"{one.metrics['trades']:>5,} trades  {text}"
        )
    if len(order) > SHOWN:
        print(f"  and {len(order) - SHOWN:,} more (see --json)")
    if found.best is not None:
        text = ", ".join(f"{key}={value}" for key, value in found.best.parameters.items())
        print(f"best: {text}")
    for fold in found.folds:
        print(
            f"  fold {fold.test.start} to {fold.test.end}: {metric} "
            f"{shown(fold.train_score, 'x')} before, {shown(fold.test_score, 'x')} there, "
            f"{fold.test_trades} trades, net {shown(fold.test_net_usd, 'usd')}"
        )
    print(f"walk-forward: {found.verdict}")
    for warning in found.warnings:
        print(f"warning: {warning}")


def _report(args: argparse.Namespace, job: Given, axes: Sequence[Axis], found: Search) -> Path:
    from vst_desktop.backtest.report import page
    from vst_desktop.backtest.search_report import search_sections

    said = [
        f"prices: {args.pricing}",
        f"walk-forward: {found.verdict}",
        *(f"warning: {warning}" for warning in found.warnings),
    ]
    span = job.bench.span
    title = f"Optimisation {span.start} to {span.end}: {', '.join(job.names)}"
    sections = search_sections(found, axes, args.metric)
    return report_file(args.report, "optimize.html", page(title, sections, said))
