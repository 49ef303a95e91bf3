"""``vst scan``: signals of a bars file through the Go scanner."""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from vst_desktop.cli.common import (
    add_json_option,
    add_settings_option,
    parse_date,
    write_json,
)
from vst_desktop.domain.errors import UserError

if TYPE_CHECKING:
    from vst_desktop.domain.bars import BarSeries, SymbolError
    from vst_desktop.ports.scanner import ScanRequest, ScanResult


def add_parser(subparsers: Any) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser("scan", help="signals of a bars file through the Go scanner")
    parser.add_argument("--bars", metavar="FILE", required=True, help="Parquet or CSV, long form")
    parser.add_argument("--symbols", metavar="A,B", help="only these symbols")
    parser.add_argument("--strategies", metavar="A,B", help="only these strategies")
    parser.add_argument(
        "--start", metavar="DATE", help="first signal date (default: the first bar)"
    )
    parser.add_argument("--end", metavar="DATE", help="last signal date (default: the last bar)")
    add_json_option(parser)
    add_settings_option(parser)


def run(args: argparse.Namespace) -> int:
    """Scan every bar in the range; 0 when at least one symbol was scanned."""
    start = parse_date(args.start) if args.start else None
    end = parse_date(args.end) if args.end else None
    if start and end and start > end:
        raise UserError(f"--start {start} lies after --end {end}", remedy="swap them", exit_code=2)
    from vst_desktop.adapters.files.bars import read_bars
    from vst_desktop.ports.scanner import ScanRequest
    from vst_desktop.runtime.settings import load_settings
    from vst_desktop.strategy.registry import BUILT_IN, get_strategy

    settings = load_settings(args.overrides)
    names = tuple(_split(args.strategies)) or tuple(BUILT_IN)
    for name in names:
        get_strategy(name)
    wanted = _split(args.symbols)
    bars = read_bars(args.bars, symbols=wanted or None)
    unknown = [
        s for s in wanted if s not in bars.series and s not in {e.symbol for e in bars.errors}
    ]
    if unknown:
        raise UserError(
            f"no bars of {', '.join(unknown)}",
            where=args.bars,
            remedy="check --symbols against the file's symbol column",
        )
    series = list(bars.series.values())
    _check_range(series, start, end)
    request = ScanRequest(
        symbols=tuple(s.symbol for s in series),
        strategies=names,
        parameters=settings.strategy.model_dump(),
        start=start or date(1, 1, 1),
        end=end or date(9999, 12, 31),
    )
    result, refused = asyncio.run(_scan(series, request))
    errors = sorted([*bars.errors, *refused, *result.errors], key=lambda e: e.symbol)
    _print(result, series, errors)
    write_json(args.json, _report(result, len(series) + len(bars.errors), errors))
    return 0 if result.scanned else 1


async def _scan(
    series: Sequence[BarSeries], request: ScanRequest
) -> tuple[ScanResult, list[SymbolError]]:
    from dataclasses import replace

    from vst_desktop.bootstrap import scanner_child

    scanner = scanner_child()
    await scanner.start()
    try:
        refused = await scanner.put_bars(series)
        bad = {error.symbol for error in refused}
        request = replace(request, symbols=tuple(s for s in request.symbols if s not in bad))
        return await scanner.scan(request), refused
    finally:
        await scanner.close()


def _split(text: str | None) -> list[str]:
    return [part.strip().upper() for part in text.split(",") if part.strip()] if text else []


def _check_range(series: Sequence[BarSeries], start: date | None, end: date | None) -> None:
    first = min((s.dates[0] for s in series if len(s)), default=None)
    last = max((s.dates[-1] for s in series if len(s)), default=None)
    if first is None or last is None:
        return
    if (start is not None and start > last) or (end is not None and end < first):
        raise UserError(
            f"no bars from {start or first} to {end or last}",
            remedy=f"the file holds {first} to {last}",
        )


def _print(result: ScanResult, series: Sequence[BarSeries], errors: list[SymbolError]) -> None:
    bars = sum(len(s) for s in series)
    print(
        f"{result.scanned} symbols, {bars:,} bars in {result.seconds * 1000:.1f} ms "
        f"({result.symbols_per_second:,.0f} symbols/s, {result.engine}), "
        f"{len(errors)} symbols reported"
    )
    counts = Counter(signal.strategy for signal in result.signals)
    for name, count in sorted(counts.items()):
        print(f"  {name:<14} {count:>9,}  ({count / bars:.2%} of bars)")
    if not counts:
        print("  no signal")
    for error in errors[:20]:
        print(f"  {error.symbol}: {error.error}")
    if len(errors) > 20:
        print(f"  and {len(errors) - 20} more (see --json)")


def _report(result: ScanResult, symbols: int, errors: list[SymbolError]) -> dict[str, Any]:
    return {
        "symbols": symbols,
        "scanned": result.scanned,
        "scan_seconds": result.seconds,
        "symbols_per_second": result.symbols_per_second,
        "signals": [
            {
                "symbol": s.symbol,
                "strategy": s.strategy,
                "direction": str(s.direction),
                "date": s.date.isoformat(),
            }
            for s in result.signals
        ],
        "errors": [{"symbol": e.symbol, "error": e.error} for e in errors],
    }
