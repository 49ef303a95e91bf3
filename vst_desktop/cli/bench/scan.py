"""``vst bench scan``: the scanner beside TA-Lib, pandas-ta, polars, vectorbt and numba, one run."""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vst_desktop.cli.common import add_json_option, print_symbols, progress_line, write_json
from vst_desktop.domain.errors import UserError

if TYPE_CHECKING:
    from vst_desktop.cli.bench.scanner import Opened
    from vst_desktop.domain.bars import SymbolError
    from vst_desktop.ports.market_data import BarColumns

MADE = 10_000
STAND_IN = 400
"""How many symbols are made where no file is named."""
COLD_SCANS = 3
KERNEL_SCANS = 20


def add_parser(names: Any) -> None:
    """Add the benchmark's arguments."""
    parser = names.add_parser("scan", help="the scanner beside other libraries")
    parser.add_argument(
        "--bars",
        metavar="FILE",
        help=f"Parquet or CSV, long form; without one, {STAND_IN} made symbols of ten years",
    )
    parser.add_argument(
        "--kernel", choices=("auto", "scalar"), default="auto", help="which code passes over bars"
    )
    parser.add_argument(
        "--cores",
        type=int,
        choices=(1, 2),
        default=min(2, os.cpu_count() or 1),
        help="how many the scanner uses; with 2 it is measured on 1 as well",
    )
    parser.add_argument(
        "--made",
        type=int,
        default=MADE,
        metavar="N",
        help=f"also scan so many made symbols of ten years (default {MADE}; 0: none)",
    )
    add_json_option(parser)


def run(args: argparse.Namespace) -> int:
    """Measure; 0 when it could, 1 when the scanner's signals are not the reference's."""
    if args.made < 0:
        raise UserError(f"--made {args.made} is below 0", exit_code=2)
    bars, errors = _bars(args.bars)
    with tempfile.TemporaryDirectory(prefix="vst-bench-") as scratch:
        report = asyncio.run(_measure(args, bars, errors, Path(scratch)))
    write_json(args.json, report)
    if report["verified"]["holds"]:
        return 0
    raise UserError("the scanner's signals are not the reference's: no ratio is reported")


def _bars(name: str | None) -> tuple[list[BarColumns], list[SymbolError]]:
    if name is None:
        from vst_desktop.cli.bench.made import batches

        return next(batches(STAND_IN)), []
    from vst_desktop.adapters.files.bars import read_bars

    file = read_bars(name)
    return [file.series.packed(symbol) for symbol in file.series], list(file.errors)


async def _measure(
    args: argparse.Namespace, bars: list[BarColumns], errors: list[SymbolError], scratch: Path
) -> dict[str, Any]:
    from vst_desktop.adapters.scanner.binary import verified_binary
    from vst_desktop.cli.bench import report
    from vst_desktop.cli.bench.machine import describe
    from vst_desktop.cli.bench.made import measure_made
    from vst_desktop.cli.bench.race import find_peers, measure_all, verify
    from vst_desktop.cli.bench.scanner import opened
    from vst_desktop.runtime.settings import StrategySettings
    from vst_desktop.strategy.parameters import StrategyParameters

    machine = describe(verified_binary())
    parameters = StrategyParameters.of(StrategySettings().model_dump())
    store, made_store = scratch / "bars", scratch / "made"
    store.mkdir()
    made_store.mkdir()
    bars, cold = await _import(store, bars, errors, args)
    async with AsyncExitStack() as stack:
        scanners = {
            cores: await stack.enter_async_context(opened(store, kernel=args.kernel, cores=cores))
            for cores in range(args.cores, 0, -1)
        }
        instruction_set = await scanners[args.cores].instruction_set()
        print(report.machine_line(machine))
        print(
            f"{len(bars)} symbols, {sum(map(len, bars)):,} bars; "
            f"the scanner's code: {instruction_set}"
        )
        print_symbols(errors)
        peers = await asyncio.to_thread(find_peers, bars, parameters)
        verified = await verify(scanners[args.cores], peers, bars, parameters)
        print(report.verified_line(verified))
        with progress_line("timing", "rounds") as tell:
            measured = await measure_all(scanners, peers, bars, scratch, tell)
        kernel_ns = await _kernel_ns(scanners[1], bars)
    made = None
    if args.made:
        with progress_line("made bars", "symbols") as tell:
            made = await measure_made(
                args.made, made_store, kernel=args.kernel, cores=args.cores, tell=tell
            )
    ratios = report.ratios(measured) if verified.holds else dict.fromkeys(report.RATIOS)
    found = report.targets(ratios, instruction_set, kernel_ns, made)
    for line in report.lines(measured, peers.missing, cold, made, found):
        print(line)
    return {
        "engines": [report.engine_row(one) for one in measured],
        **ratios,
        "instruction_set": instruction_set,
        "kernel": args.kernel,
        "cores": args.cores,
        "kernel_ns_per_bar": kernel_ns,
        "cold": cold,
        "made": made,
        "targets": [report.target_row(one) for one in found],
        "verified": report.verified_row(verified),
        "not_installed": [{"name": n, "install": how} for n, how in peers.missing.items()],
        "errors": [{"symbol": e.symbol, "error": e.error} for e in errors],
        "machine": machine,
    }


async def _import(
    store: Path, bars: list[BarColumns], errors: list[SymbolError], args: argparse.Namespace
) -> tuple[list[BarColumns], dict[str, float]]:
    """Put the bars into the store; the symbols that were taken, and what a first scan costs.

    Adds to ``errors`` the symbols that the scanner refuses.
    """
    from vst_desktop.cli.bench.scanner import opened

    async with opened(store, kernel=args.kernel, cores=args.cores) as scanner:
        errors += await scanner.put(bars) if bars else []
    refused = {error.symbol for error in errors}
    taken = [one for one in bars if one.symbol not in refused]
    if not taken:
        raise UserError(
            f"no symbol can be scanned; {errors[0].symbol}: {errors[0].error}", where=args.bars
        )
    firsts = []
    for _ in range(COLD_SCANS):
        async with opened(store, kernel=args.kernel, cores=args.cores) as scanner:
            start = time.perf_counter()
            await scanner.as_of(one.symbol for one in taken)
            firsts.append((scanner.start_secs, time.perf_counter() - start))
    start_secs, scan_secs = min(firsts, key=sum)
    return taken, {"start": start_secs, "first_scan": scan_secs}


async def _kernel_ns(scanner: Opened, bars: Sequence[BarColumns]) -> float:
    """What the scanner itself takes a bar on one core, ns."""
    symbols = [one.symbol for one in bars]
    results = [(await scanner.as_of(symbols))[0] for _ in range(KERNEL_SCANS)]
    return min(1e9 * result.seconds / result.bars for result in results)
