"""``vst backtest``: strategies played over history by the code that trades."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vst_desktop.cli.common import progress_line, write_json
from vst_desktop.cli.lab import add_lab_options, given, keep_bars, report_file, scanned

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vst_desktop.backtest.compare import Contender


def add_parser(subparsers: Any) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser(
        "backtest", help="strategies over history, with every figure and a report"
    )
    add_lab_options(parser)
    parser.add_argument(
        "--charts", metavar="DIR", help="keep the bars of the traded symbols there, for charts"
    )


def run(args: argparse.Namespace) -> int:
    """Play, print and write; 0 whether or not anything was earned or traded."""
    from vst_desktop.backtest.compare import compare
    from vst_desktop.backtest.recorded import model_errors
    from vst_desktop.backtest.report import comparison_sections, page, run_sections
    from vst_desktop.backtest.result import comparison_keys, notes, result
    from vst_desktop.backtest.rules import LabRules
    from vst_desktop.backtest.shadow import ShadowBook, monthly

    job = given(args)
    bench, settings = job.bench, job.settings
    rules = LabRules.of(settings)
    (rows,) = scanned(bench, job.names, [settings])
    shadow = ShadowBook()
    with progress_line("backtest", "sessions") as tell:
        played = bench.run(settings, rows, progress=tell, refuse=shadow.refuse)
    refused = shadow.follow(bench.panel, bench.model(rules), rules, rows.names)
    contenders = compare(bench, settings, rows) if len(job.names) > 1 else ()
    said = notes(played, settings.options.model_dump())
    found = result(played, rules) | {
        "notes": said,
        "comparison": comparison_keys(contenders),
        "shadow": monthly(refused),
        "model_error": model_errors(bench.panel, rules, bench.chains),
        "errors": [{"symbol": e.symbol, "error": e.error} for e in job.errors],
    }
    _print(said, found, contenders)
    if args.report:
        sections = [
            *run_sections(played, found, rules.initial_equity),
            *comparison_sections(contenders),
        ]
        title = f"Backtest {bench.span.start} to {bench.span.end}: {', '.join(job.names)}"
        print(f"report: {report_file(args.report, 'index.html', page(title, sections, said))}")
    if args.charts:
        keep_bars(Path(args.charts), bench.bars, {trade["symbol"] for trade in found["trades"]})
    write_json(args.json, found)
    return 0


def _print(said: Sequence[str], found: Mapping[str, Any], contenders: Sequence[Contender]) -> None:
    from vst_desktop.backtest.report import shown

    metrics, counts = found["metrics"], found["signals"]
    for line in said:
        print(line)
    print(
        f"{counts['found']:,} signals, {counts['chains']:,} chains, {metrics['trades']:,} trades, "
        f"net {shown(metrics['net_profit'], 'usd')} USD, "
        f"win rate {shown(metrics['win_rate'], 'pct')}, "
        f"drawdown {shown(metrics['max_drawdown'], 'pct')}, "
        f"Sharpe {shown(metrics['sharpe'], 'x')}"
    )
    for name, gate in found["gates"].items():
        print(
            f"  {'pass' if gate['passed'] else 'fail'}  {name:<24}"
            f"{shown(gate['value'], 'x'):>10}  against {shown(gate['threshold'], 'x')}"
        )
    for kind in ("stopped", "denied"):
        for name, count in counts[kind].items():
            print(f"  {kind} by {name}: {count:,}")
    for rank, one in enumerate(contenders, start=1):
        print(
            f"{rank:>2} {one.name:<16}{one.figures.trades:>7,} trades  "
            f"net {shown(one.figures.net_profit, 'usd'):>12}  "
            f"win rate {shown(one.figures.win_rate, 'pct'):>7}  "
            f"Sharpe {shown(one.account.sharpe, 'x'):>6}  {one.passed} of 5 gates"
        )
    for line in found["shadow"]["lines"][-1:]:
        print(f"shadow book, {line}")
    for error in found["model_error"]:
        if error["days"] != "30 to 45" or error["moneyness"] != "within 1 sd":
            continue
        print(
            f"model beside {error['chain']}, {error['right']} {error['days']} days "
            f"{error['moneyness']}: {error['contracts']:,} contracts, mean error "
            f"{error['bias_usd']:+.2f} USD, size {error['mean_absolute_usd']:.2f}"
        )
