"""``vst scan``: signals of a bars file or a bar store through the Go scanner."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vst_desktop.cli.common import (
    add_json_option,
    add_settings_option,
    parse_date,
    print_symbols,
    split_names,
    write_json,
)
from vst_desktop.domain.errors import UserError

if TYPE_CHECKING:
    from vst_desktop.domain.bars import SymbolError
    from vst_desktop.ports.market_data import BarColumns
    from vst_desktop.ports.scanner import (
        DoorPolicy,
        PutResult,
        ScanRequest,
        ScanResult,
        SignalRows,
    )
    from vst_desktop.runtime.settings import Settings


def add_parser(subparsers: Any) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser(
        "scan", help="signals of a bars file or store through the Go scanner"
    )
    parser.add_argument(
        "--bars",
        metavar="FILE",
        required=True,
        help="Parquet or CSV, long form, or a bar store's folder",
    )
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
    from vst_desktop.ports.scanner import ScanRequest
    from vst_desktop.runtime.settings import load_settings
    from vst_desktop.strategy.registry import BUILT_IN, get_strategy

    settings = load_settings(args.overrides)
    names = tuple(split_names(args.strategies)) or tuple(BUILT_IN)
    for name in names:
        get_strategy(name)
    given = _open(args.bars, split_names(args.symbols), settings.bars.door_policy)
    _check_range(given, start, end)
    request = ScanRequest(
        symbols=given.symbols,
        strategies=names,
        parameters=settings.strategy.model_dump(),
        start=start or date(1, 1, 1),
        end=end or date(9999, 12, 31),
    )
    result, rows, put = asyncio.run(_scan(given, request, settings))
    errors = sorted([*given.errors, *put.errors, *result.errors], key=lambda e: e.symbol)
    warnings = sorted([*given.warnings, *put.warnings], key=lambda w: w.symbol)
    _print(result, errors, warnings)
    total = len(given.symbols) + len(given.errors)
    write_json(args.json, _report(result, rows, total, errors, warnings))
    return 0 if result.scanned else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """What to scan: bars to be put, or those of a bar store, which the scanner maps itself."""

    symbols: tuple[str, ...]
    first: date | None
    last: date | None
    bars: Sequence[BarColumns] = ()
    store: Path | None = None
    errors: Sequence[SymbolError] = ()
    warnings: Sequence[SymbolError] = ()


def _open(place: str, wanted: Sequence[str], policy: DoorPolicy) -> _Given:
    if Path(place).is_dir():
        return _open_store(Path(place), wanted)
    from vst_desktop.adapters.files.bars import read_bars

    file = read_bars(place, symbols=wanted or None, door_policy=policy)
    bars = [file.series.packed(symbol) for symbol in file.series]
    return _Given(
        symbols=tuple(file.series),
        first=min((one.day(0) for one in bars), default=None),
        last=max((one.day(-1) for one in bars), default=None),
        bars=bars,
        errors=file.errors,
        warnings=file.warnings,
    )


def _open_store(folder: Path, wanted: Sequence[str]) -> _Given:
    from vst_desktop.adapters.files.barstore import BarStore

    spans, errors = BarStore(folder).spans(wanted or None)
    if not spans:
        raise UserError(
            f"no bars of {', '.join(wanted[:10])} can be read" if wanted else "holds no bars",
            where=str(folder),
            remedy="see vst bars list",
        )
    return _Given(
        symbols=tuple(spans),
        first=min(span.first for span in spans.values()),
        last=max(span.last for span in spans.values()),
        store=folder,
        errors=errors,
    )


async def _scan(
    given: _Given, request: ScanRequest, settings: Settings
) -> tuple[ScanResult, SignalRows, PutResult]:
    from vst_desktop.bootstrap import scanner_child, scanner_config

    scanner = scanner_child(scanner_config(settings, store=given.store))
    await scanner.start()
    try:
        put = await scanner.put_bars(given.bars, door_policy=settings.bars.door_policy)
        bad = {error.symbol for error in put.errors}
        request = replace(request, symbols=tuple(s for s in request.symbols if s not in bad))
        result, rows = await scanner.scan_rows(request)
        return result, rows, put
    finally:
        await scanner.close()


def _check_range(given: _Given, start: date | None, end: date | None) -> None:
    first, last = given.first, given.last
    if first is None or last is None:
        return
    if (start is not None and start > last) or (end is not None and end < first):
        raise UserError(
            f"no bars from {start or first} to {end or last}",
            remedy=f"the bars go from {first} to {last}",
        )


def _print(
    result: ScanResult, errors: Sequence[SymbolError], warnings: Sequence[SymbolError]
) -> None:
    print(
        f"{result.scanned} symbols, {result.bars:,} bars in {result.seconds * 1000:.1f} ms "
        f"({result.symbols_per_second:,.0f} symbols/s, {result.engine}), "
        f"{len(errors)} symbols reported"
    )
    for name, count in sorted(result.counts.items()):
        if count:
            print(f"  {name:<14} {count:>9,}  ({count / result.bars:.2%} of bars)")
    if not any(result.counts.values()):
        print("  no signal")
    print_symbols(errors)
    if warnings:
        print(f"{len(warnings)} warnings; the bars are scanned all the same")
        print_symbols(warnings)


def _report(
    result: ScanResult,
    rows: SignalRows,
    symbols: int,
    errors: Sequence[SymbolError],
    warnings: Sequence[SymbolError],
) -> dict[str, Any]:
    return {
        "symbols": symbols,
        "scanned": result.scanned,
        "scan_seconds": result.seconds,
        "symbols_per_second": result.symbols_per_second,
        "signals": list(_signals(rows)),
        "errors": [{"symbol": e.symbol, "error": e.error} for e in errors],
        "warnings": [{"symbol": w.symbol, "warning": w.error} for w in warnings],
    }


def _signals(rows: SignalRows) -> Iterator[dict[str, str]]:
    """The signals one by one: by symbol, then by day, then as the strategies stand."""
    from vst_desktop.strategy.registry import BUILT_IN

    kinds = [
        [
            (name, str(BUILT_IN[name].direction))
            for k, name in enumerate(rows.names)
            if bits >> k & 1
        ]
        for bits in range(1 << len(rows.names))
    ]
    days = rows.day.astype("datetime64[D]").astype(str).tolist()
    columns = zip(rows.symbol.tolist(), days, rows.strategies.tolist(), strict=True)
    for symbol, day, bits in columns:
        for name, direction in kinds[bits]:
            yield {
                "symbol": rows.symbols[symbol],
                "strategy": name,
                "direction": direction,
                "date": day,
            }
