"""``vst scan``: signals of a bars file or a bar store through the Go scanner."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Iterator, Sequence
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
from vst_desktop.cli.explain import (
    explained,
    explained_keys,
    print_explained,
    print_rates,
    print_strategy_errors,
)
from vst_desktop.domain.errors import UserError

if TYPE_CHECKING:
    from vst_desktop.domain.bars import BarSeries, SymbolError
    from vst_desktop.domain.signals import FireRate
    from vst_desktop.ports.market_data import BarColumns
    from vst_desktop.ports.scanner import (
        DoorPolicy,
        PutResult,
        ScanRequest,
        ScanResult,
        SignalRows,
    )
    from vst_desktop.runtime.settings import Settings
    from vst_desktop.scanning.resilient import ResilientScanner


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
    parser.add_argument(
        "--explain",
        metavar="A,B",
        help="also each strategy's conditions on the last bar of these symbols",
    )
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
    from vst_desktop.strategy.parameters import StrategyParameters
    from vst_desktop.strategy.registry import check_known

    settings = load_settings(args.overrides)
    parameters = StrategyParameters.of(settings.strategy.model_dump())
    names = tuple(split_names(args.strategies)) or settings.strategy.enabled
    for name in names:
        check_known(name)
    given = _open(args.bars, split_names(args.symbols), settings.bars.door_policy)
    _check_range(given, start, end)
    why = explained(_to_explain(given, split_names(args.explain), end), names, parameters)
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
    rates = _rates(result, given, names, start, end)
    _print(result, errors)
    print_rates(rates, parameters)
    print_strategy_errors(result.strategy_errors)
    print_symbols(errors)
    if warnings:
        print(f"{len(warnings)} warnings; the bars are scanned all the same")
        print_symbols(warnings)
    print_explained(why)
    total = len(given.symbols) + len(given.errors)
    write_json(
        args.json,
        _report(result, rows, total, errors, warnings) | {"explained": list(explained_keys(why))},
    )
    return 0 if result.scanned else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """What to scan: bars to be put, or those of a bar store, which the scanner maps itself."""

    symbols: tuple[str, ...]
    first: date | None
    last: date | None
    read: Callable[[str], BarColumns]
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
        read=file.series.packed,
        bars=bars,
        errors=file.errors,
        warnings=file.warnings,
    )


def _open_store(folder: Path, wanted: Sequence[str]) -> _Given:
    from vst_desktop.adapters.files.barstore import BarStore

    store = BarStore(folder)
    spans, errors = store.spans(wanted or None)
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
        read=store.packed,
        store=folder,
        errors=errors,
    )


async def _scan(
    given: _Given, request: ScanRequest, settings: Settings
) -> tuple[ScanResult, SignalRows, PutResult]:
    from vst_desktop.bootstrap import resilient_scanner
    from vst_desktop.strategy.registry import BUILT_IN

    scanner, _ = await resilient_scanner(
        settings, lambda text: print(text, file=sys.stderr), store=given.store
    )
    await scanner.start()
    try:
        bars = given.bars
        if given.store and settings.scanner.host:  # which knows nothing of our store
            bars = [given.read(symbol) for symbol in given.symbols]
        elif given.store and not (scanner.healthy and BUILT_IN.keys() >= set(request.strategies)):
            scanner.hold([given.read(symbol) for symbol in given.symbols])
        put = await scanner.put_bars(bars, door_policy=settings.bars.door_policy)
        if given.store and not bars:
            put = replace(put, warnings=await _doubts(scanner, given))
        bad = {error.symbol for error in put.errors}
        request = replace(request, symbols=tuple(s for s in request.symbols if s not in bad))
        result, rows = await scanner.scan_rows(request)
        return result, rows.ordered(), put
    finally:
        await scanner.close()


async def _doubts(scanner: ResilientScanner, given: _Given) -> tuple[SymbolError, ...]:
    """Of the store's bars, which came through the door long ago."""
    from vst_desktop.domain.bars import SymbolError
    from vst_desktop.runtime.doubts import doubts

    if scanner.healthy:
        return tuple(await scanner.doubts(given.symbols))
    return tuple(
        SymbolError(symbol=symbol, error=doubt)
        for symbol in given.symbols
        for doubt in doubts(given.read(symbol))
    )


def _check_range(given: _Given, start: date | None, end: date | None) -> None:
    first, last = given.first, given.last
    if first is None or last is None:
        return
    if (start is not None and start > last) or (end is not None and end < first):
        raise UserError(
            f"no bars from {start or first} to {end or last}",
            remedy=f"the bars go from {first} to {last}",
        )


def _to_explain(given: _Given, wanted: Sequence[str], end: date | None) -> dict[str, BarSeries]:
    if strangers := [symbol for symbol in wanted if symbol not in given.symbols]:
        raise UserError(
            f"no bars of {', '.join(strangers)} to explain",
            remedy="name symbols of the scan",
            exit_code=2,
        )
    return {symbol: given.read(symbol).between(None, end).series() for symbol in wanted}


def _rates(
    result: ScanResult,
    given: _Given,
    names: Sequence[str],
    start: date | None,
    end: date | None,
) -> list[FireRate]:
    """By strategy, of the scanned bars in the range; how many those are is not known of a store."""
    from vst_desktop.domain.signals import FireRate

    bars = result.bars
    if start or end:
        refused = {error.symbol for error in result.errors}
        bars = sum(len(b.between(start, end)) for b in given.bars if b.symbol not in refused)
    failed = {error.strategy for error in result.strategy_errors}
    return [
        FireRate(strategy=name, fired=result.counts.get(name, 0), bars=bars)
        for name in names
        if name not in failed
    ]


def _print(result: ScanResult, errors: Sequence[SymbolError]) -> None:
    print(
        f"{result.scanned} symbols, {result.bars:,} bars in {result.seconds * 1000:.1f} ms "
        f"({result.symbols_per_second:,.0f} symbols/s, {result.engine}), "
        f"{len(errors)} symbols reported"
    )


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
        "engine": result.engine,
        "counts": result.counts,
        "signals": list(_signals(rows)),
        "errors": [{"symbol": e.symbol, "error": e.error} for e in errors],
        "warnings": [{"symbol": w.symbol, "warning": w.error} for w in warnings],
        "strategy_errors": [
            {"strategy": e.strategy, "symbol": e.symbol, "error": e.error}
            for e in result.strategy_errors
        ],
    }


def _signals(rows: SignalRows) -> Iterator[dict[str, str]]:
    """The signals one by one: by symbol, then by day, then as the strategies stand."""
    from vst_desktop.strategy.registry import get_strategy

    kinds = {
        bits: [
            (name, str(get_strategy(name).direction))
            for k, name in enumerate(rows.names)
            if bits >> k & 1
        ]
        for bits in set(rows.strategies.tolist())
    }
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
