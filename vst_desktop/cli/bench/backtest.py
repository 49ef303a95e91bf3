"""``vst bench backtest``: a portfolio over decades, and trades per second beside peers."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vst_desktop.cli.common import add_json_option, add_settings_option, progress_line, write_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vst_desktop.backtest.workbench import Workbench
    from vst_desktop.ports.market_data import BarColumns
    from vst_desktop.ports.scanner import SignalRows
    from vst_desktop.runtime.settings import Settings

PORTFOLIO_LIMIT_SECS, MEMORY_LIMIT_MB = 8.0, 1_500.0
LOOP_LEAST, ENGINE_LEAST = 10.0, 100.0
PEER_SECS = 300
PEERS = ("to_vectorbt_loop", "to_vectorbt_loop_by_hand", "to_backtesting_py")
OPEN_TO_ALL = ("min_price=1", "min_volume=0", "max_spread_cost=1000000")


def add_parser(names: Any) -> None:
    """Add the benchmark's arguments."""
    parser = names.add_parser("backtest", help="a portfolio over decades, and trades per second")
    parser.add_argument("--bars", metavar="FILE", required=True, help="Parquet or CSV, long form")
    add_json_option(parser)
    add_settings_option(parser)


def run(args: argparse.Namespace) -> int:
    """Measure; 0 when it could, whether or not the targets were met."""
    from vst_desktop.adapters.files.bars import read_bars
    from vst_desktop.backtest.rules import Span
    from vst_desktop.backtest.workbench import Workbench
    from vst_desktop.cli.lab import scanned
    from vst_desktop.runtime.settings import load_settings

    settings = load_settings(args.overrides)
    file = read_bars(args.bars, door_policy=settings.bars.door_policy)
    bars = [file.series.packed(symbol) for symbol in file.series]
    span = Span(
        start=min((one.day(0) for one in bars), default=date.min),
        end=max((one.day(-1) for one in bars), default=date.max),
    )
    bench = Workbench(bars=bars, span=span)
    (rows,) = scanned(bench, settings.strategy.enabled, [settings])
    portfolio = _portfolio(bench, settings, rows)
    peak_mb = _peak_mb()
    print(
        f"{len(bars)} symbols, {span.start} to {span.end}, {len(settings.strategy.enabled)} "
        f"strategies: {portfolio['trades']:,} trades, {portfolio['chains']:,} chains in "
        f"{portfolio['seconds']:.2f} s, {peak_mb:,.0f} MB at most"
    )
    engines = [_every_signal(bench, args.overrides, rows), *_peers(bars)]
    for one in engines:
        print(
            f"{one['name']:<50}{one['trades']:>9,} trades {one['seconds']:>8.2f} s "
            f"{one['trades_per_second']:>12,.0f} a second"
        )
    ratios = {
        name: engines[0]["trades_per_second"] / one["trades_per_second"]
        for name, one in zip(PEERS, engines[1:], strict=False)
    }
    targets = [
        _target("portfolio_seconds", portfolio["seconds"], PORTFOLIO_LIMIT_SECS, at_most=True),
        _target("peak_mb", peak_mb, MEMORY_LIMIT_MB, at_most=True),
        *(
            _target(name, ratios[name], least, at_most=False)
            for name, least in (
                ("to_vectorbt_loop", LOOP_LEAST),
                ("to_backtesting_py", ENGINE_LEAST),
            )
            if name in ratios
        ),
    ]
    for target in targets:
        word = "at most" if target["at_most"] else "at least"
        met = "holds" if target["met"] else "missed"
        print(f"  {target['name']:<20}{target['value']:>10.2f}  {word} {target['limit']:g}: {met}")
    if len(engines) == 1:
        print("peers are not installed: packaging/peers.sh makes their environment")
    write_json(
        args.json,
        {
            "symbols": len(bars),
            "bars": sum(len(one) for one in bars),
            "portfolio_seconds": portfolio["seconds"],
            "portfolio": portfolio,
            "peak_mb": peak_mb,
            "engines": engines,
            "ratios": ratios,
            "targets": targets,
        },
    )
    return 0


def _portfolio(bench: Workbench, settings: Settings, rows: SignalRows) -> dict[str, Any]:
    """From bars, signals and calendar in memory to the finished account, all limits on."""
    from vst_desktop.runtime.calendar import session_days

    session_days()
    with progress_line("bench backtest", "sessions") as tell:
        start = time.perf_counter()
        run = bench.run(settings, rows, progress=tell)
        seconds = time.perf_counter() - start
    return {
        "seconds": seconds,
        "trades": len(run.trades),
        "chains": run.chains,
        "signals": run.signals,
        "sessions": len(run.days),
        "final_equity": round(float(run.equity[-1]), 2),
    }


def _every_signal(bench: Workbench, overrides: Sequence[str], rows: SignalRows) -> dict[str, Any]:
    """Every signal a trade, no limits; from the panel and the signals on."""
    from vst_desktop.backtest.rules import LabRules
    from vst_desktop.backtest.signals import signals
    from vst_desktop.backtest.study import study
    from vst_desktop.runtime.settings import load_settings

    rules = LabRules.of(load_settings([*overrides, *OPEN_TO_ALL]))
    best = None
    for _ in range(2):  # the first one meets cold caches
        start = time.perf_counter()
        found = study(bench.panel, signals(bench.panel, rows, rules, bench.span), rules)
        seconds = time.perf_counter() - start
        best = seconds if best is None else min(best, seconds)
    assert best is not None
    return _engine("this lab, every signal", len(found), best)


def _peers(bars: Sequence[BarColumns]) -> list[dict[str, Any]]:
    """The peers, in their own environment; none when it is not there or does not answer."""
    import numpy as np

    from vst_desktop.cli.bench.by_vectorbt import interpreter

    python = interpreter()
    if python is None:
        return []
    with tempfile.TemporaryDirectory() as folder:
        rows = max(len(one) for one in bars)
        for name in ("open", "high", "low", "close"):
            table = np.full((rows, len(bars)), np.nan, order="F")
            for index, one in enumerate(bars):
                table[rows - len(one) :, index] = getattr(one, name)
            np.save(Path(folder) / f"{name}.npy", table)
        script = Path(__file__).with_name("backtest_peer.py")
        try:
            done = subprocess.run(
                [str(python), "-P", str(script), folder],
                capture_output=True,
                timeout=PEER_SECS,
                check=False,
                text=True,
            )
        except subprocess.TimeoutExpired:
            print(f"peers gave no answer in {PEER_SECS} s", file=sys.stderr)
            return []
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        print(f"peers failed: {last[0]}", file=sys.stderr)
        return []
    return [
        _engine(one["name"], one["trades"], one["seconds"])
        for one in json.loads(done.stdout.strip().splitlines()[-1])
    ]


def _engine(name: str, trades: int, seconds: float) -> dict[str, Any]:
    return {
        "name": name,
        "trades": trades,
        "seconds": seconds,
        "trades_per_second": trades / seconds if seconds > 0 else 0.0,
    }


def _target(name: str, value: float, limit: float, *, at_most: bool) -> dict[str, Any]:
    met = value <= limit if at_most else value >= limit
    return {"name": name, "value": value, "limit": limit, "at_most": at_most, "met": met}


def _peak_mb() -> float:
    """The most memory this process has held; Linux counts it in KiB, macOS in bytes."""
    import resource  # which Windows does not have

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20) if sys.platform == "darwin" else peak / 1024
