"""What ``vst backtest`` and ``vst optimize`` share: bars, span, pricing and signals."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vst_desktop.cli.common import (
    add_json_option,
    add_settings_option,
    parse_date,
    print_symbols,
    split_names,
)
from vst_desktop.domain.errors import UserError

if TYPE_CHECKING:
    from vst_desktop.backtest.rules import Span
    from vst_desktop.backtest.workbench import Workbench
    from vst_desktop.domain.bars import SymbolError
    from vst_desktop.domain.quotes import OptionChain
    from vst_desktop.ports.market_data import BarColumns
    from vst_desktop.ports.scanner import SignalRows
    from vst_desktop.runtime.settings import Settings


def add_lab_options(parser: argparse.ArgumentParser) -> None:
    """Add what names the bars, the span and the pricing."""
    parser.add_argument(
        "--bars", metavar="FILE", required=True, help="Parquet or CSV, or a bar store's folder"
    )
    parser.add_argument("--symbols", metavar="A,B", help="only these symbols")
    parser.add_argument("--strategies", metavar="A,B", help="only these strategies")
    parser.add_argument("--start", metavar="DATE", required=True, help="first day of entries")
    parser.add_argument("--end", metavar="DATE", required=True, help="last day")
    parser.add_argument(
        "--pricing",
        choices=("modelled", "recorded", "fixed"),
        default="modelled",
        help="where option prices come from (default: modelled)",
    )
    parser.add_argument(
        "--chains", metavar="DIR", help="recorded chains: to trade on, or to hold the model against"
    )
    parser.add_argument(
        "--events",
        metavar="FILE",
        help="earnings and ex-dividend dates (default: the setting events.file)",
    )
    parser.add_argument("--report", metavar="DIR", help="write an HTML report into this folder")
    add_json_option(parser)
    add_settings_option(parser)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a run is made on."""

    bench: Workbench
    names: tuple[str, ...]
    settings: Settings
    errors: Sequence[SymbolError]


def given(args: argparse.Namespace) -> Given:
    """The bars, the span and the strategies of the arguments.

    Raises:
        UserError: One of them cannot be used.
    """
    from vst_desktop.backtest.workbench import Workbench
    from vst_desktop.cli.events import event_book
    from vst_desktop.runtime.settings import load_settings
    from vst_desktop.strategy.registry import get_strategy

    settings = load_settings(args.overrides)
    span = _span(args)
    names = tuple(split_names(args.strategies)) or settings.strategy.enabled
    for name in names:
        get_strategy(name)
    chains = _chains(args)
    bars, errors = read_all_bars(args.bars, split_names(args.symbols), settings)
    kept = [one for one in bars if len(one) and one.day(0) <= span.end]
    if not any(len(one.between(span.start, span.end)) for one in kept):
        first, last = min(one.day(0) for one in bars), max(one.day(-1) for one in bars)
        raise UserError(
            f"no bars from {span.start} to {span.end}",
            where=args.bars,
            remedy=f"the bars go from {first} to {last}",
        )
    bench = Workbench(
        bars=kept,
        span=span,
        pricing=args.pricing,
        book=event_book(args.events or settings.events.file),
        chains=chains,
    )
    if errors:
        print(f"{len(errors)} symbols are left out:")
        print_symbols(errors)
    return Given(bench=bench, names=names, settings=settings, errors=errors)


def _span(args: argparse.Namespace) -> Span:
    from vst_desktop.backtest.rules import Span

    span = Span(start=parse_date(args.start), end=parse_date(args.end))
    if span.start > span.end:
        raise UserError(
            f"--start {span.start} lies after --end {span.end}", remedy="swap them", exit_code=2
        )
    return span


def read_all_bars(
    place: str, wanted: Sequence[str], settings: Settings
) -> tuple[list[BarColumns], Sequence[SymbolError]]:
    """Daily bars of a file or a bar store, and what of them cannot be used.

    Raises:
        UserError: There are none.
    """
    if Path(place).is_dir():
        from vst_desktop.adapters.files.barstore import BarStore

        store = BarStore(place)
        spans, errors = store.spans(wanted or None)
        if not spans:
            raise UserError("holds no such bars", where=place, remedy="see vst bars list")
        return [store.packed(symbol) for symbol in spans], errors
    from vst_desktop.adapters.files.bars import read_bars

    file = read_bars(place, symbols=wanted or None, door_policy=settings.bars.door_policy)
    if not len(file.series):
        print_symbols(file.errors)
        raise UserError("no symbol has bars that can be used", where=place)
    return [file.series.packed(symbol) for symbol in file.series], file.errors


def _chains(args: argparse.Namespace) -> tuple[OptionChain, ...]:
    if args.pricing == "recorded" and not args.chains:
        raise UserError(
            "recorded pricing needs chain files", remedy="name their folder: --chains", exit_code=2
        )
    if not args.chains:
        return ()
    from vst_desktop.adapters.files.chains import chain_files, read_chain

    wanted = split_names(args.symbols)
    files = [f for f in chain_files(args.chains) if not wanted or f.symbol in wanted]
    if not files and args.pricing == "recorded":
        raise UserError(
            "holds no chains of these symbols",
            where=args.chains,
            remedy="files are named SYMBOL_YYYYMMDD.parquet or .csv",
        )
    return tuple(read_chain(file.path) for file in files)


def scanned(
    bench: Workbench, names: Sequence[str], all_settings: Sequence[Settings]
) -> list[SignalRows]:
    """The scanner's signals in the span by each of these settings; each rule set is scanned once.

    Raises:
        UserError: A user's own strategy failed.
    """
    return asyncio.run(_scanned(bench, names, all_settings))


async def _scanned(
    bench: Workbench, names: Sequence[str], all_settings: Sequence[Settings]
) -> list[SignalRows]:
    from vst_desktop.bootstrap import resilient_scanner
    from vst_desktop.ports.scanner import ScanRequest

    first = all_settings[0]
    scanner, _ = await resilient_scanner(first, lambda text: print(text, file=sys.stderr))
    await scanner.start()
    try:
        put = await scanner.put_bars(bench.bars, door_policy=first.bars.door_policy)
        if put.errors:
            print(f"{len(put.errors)} symbols are refused:")
            print_symbols(put.errors)
        bad = {error.symbol for error in put.errors}
        symbols = tuple(one.symbol for one in bench.bars if one.symbol not in bad)
        known: dict[str, SignalRows] = {}
        found = []
        for settings in all_settings:
            parameters: dict[str, Any] = settings.strategy.model_dump()
            key = repr(sorted(parameters.items(), key=lambda item: item[0]))
            if key not in known:
                request = ScanRequest(
                    symbols=symbols,
                    strategies=tuple(names),
                    parameters=parameters,
                    start=bench.span.start,
                    end=bench.span.end,
                )
                result, rows = await scanner.scan_rows(request)
                if result.strategy_errors:
                    error = result.strategy_errors[0]
                    raise UserError(f"strategy {error.strategy}: {error.error}")
                known[key] = rows.ordered()
            found.append(known[key])
        return found
    finally:
        await scanner.close()


def report_file(folder: str, name: str, text: str) -> Path:
    """Write a page into the folder, which is made when it is missing.

    Raises:
        UserError: It cannot be written.
    """
    path = Path(folder) / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(
            f"report cannot be written ({error.strerror})",
            where=str(path),
            remedy="name a folder you can write to",
        ) from None
    return path


def keep_bars(folder: Path, bars: Sequence[BarColumns], symbols: Collection[str]) -> None:
    """Write those symbols' bars as arrays of day, open, high, low and close.

    Raises:
        UserError: The folder cannot be written.
    """
    import numpy as np

    from vst_desktop.station.lab_trades import bars_file

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for one in bars:
            if one.symbol in symbols:
                columns = (one.time, one.open, one.high, one.low, one.close)
                np.save(bars_file(folder, one.symbol), np.column_stack(columns).astype(float))
    except OSError as error:
        raise UserError(
            f"bars cannot be written: {error.strerror}",
            where=str(folder),
            remedy="name a folder that you may write",
        ) from None
