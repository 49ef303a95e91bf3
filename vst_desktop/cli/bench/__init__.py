"""``vst bench``: how fast the station is, beside what else there is. One module a benchmark."""

from __future__ import annotations

import argparse
from typing import Any

from vst_desktop.cli.bench import backtest, endurance, orders, scan, select, ui

BENCHMARKS = {
    "scan": scan,
    "select": select,
    "backtest": backtest,
    "orders": orders,
    "ui": ui,
    "endurance": endurance,
}


def add_parser(subparsers: Any) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser("bench", help="the benchmarks, peers side by side")
    names = parser.add_subparsers(dest="benchmark", metavar="NAME", required=True)
    for module in BENCHMARKS.values():
        module.add_parser(names)


def run(args: argparse.Namespace) -> int:
    """Run one benchmark; 0 when it could measure, whether or not the targets were met."""
    code: int = BENCHMARKS[args.benchmark].run(args)
    return code
