"""``vst bars``: what the bar store holds, and how it comes in and out."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vst_desktop.cli import download
from vst_desktop.cli.common import (
    add_json_option,
    add_settings_option,
    parse_date,
    print_symbols,
    progress_line,
    split_names,
    write_json,
)
from vst_desktop.domain.errors import UserError

if TYPE_CHECKING:
    from vst_desktop.adapters.files.barstore import Finding
    from vst_desktop.domain.bars import SymbolError
    from vst_desktop.ports.market_data import BarColumns, Downloaded
    from vst_desktop.ports.scanner import PutResult
    from vst_desktop.runtime.settings import Settings


def add_parser(subparsers: Any) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser("bars", help="the bar store: import, list, verify, export")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    take = actions.add_parser("import", help="bars of files or of a service into the store")
    take.add_argument("files", nargs="*", metavar="FILE", help="Parquet or CSV, long form")
    take.add_argument("--symbols", metavar="A,B", help="only these symbols")
    take.add_argument(
        "--append", action="store_true", help="behind the bars held, instead of in their place"
    )

    download.add_arguments(take)

    actions.add_parser("list", help="symbols with how many bars from when to when")
    actions.add_parser("verify", help="read everything and compare every checksum")

    give = actions.add_parser("export", help="bars into a file that import and scan read")
    give.add_argument("file", metavar="FILE", help="named .csv or .parquet")
    give.add_argument("--symbols", metavar="A,B", help="only these symbols")
    give.add_argument("--start", metavar="DATE", help="first day")
    give.add_argument("--end", metavar="DATE", help="last day")
    give.add_argument("--force", action="store_true", help="write over a file that is there")

    for action in actions.choices.values():
        action.add_argument(
            "--store", metavar="DIR", help="the store's folder (default: setting bars.store)"
        )
        add_json_option(action)
        add_settings_option(action)


def run(args: argparse.Namespace) -> int:
    """Do one action; see each."""
    from vst_desktop.bootstrap import bar_store, profile_settings

    settings = profile_settings(None, args.overrides)
    folder = Path(args.store).expanduser() if args.store else bar_store(settings)
    actions: dict[str, Callable[[argparse.Namespace, Path, Settings], int]] = {
        "import": _import,
        "list": _list,
        "verify": _verify,
        "export": _export,
    }
    return actions[args.action](args, folder, settings)


# -- import


def _import(args: argparse.Namespace, folder: Path, settings: Settings) -> int:
    """Write all symbols together, or none; 0 when at least one was taken."""
    download.check_arguments(args)
    bars: list[BarColumns] = []
    asked: list[str] = []
    warnings: list[SymbolError] = []
    if args.provider:
        asked, refused = download.asked_symbols(args)
    else:
        bars, refused, warnings = _from_files(args.files, split_names(args.symbols), settings)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"the bar store's folder cannot be made ({error.strerror})",
            where=str(folder),
            remedy="name another with --store or the setting bars.store",
        ) from None
    put: PutResult | Downloaded
    if args.provider:
        put = asyncio.run(download.download(args, asked, folder, settings))
    else:
        put = asyncio.run(_put(bars, folder, settings, append=args.append))
    given = set(asked).union(one.symbol for one in bars)
    _check_kept(folder, given - {error.symbol for error in put.errors})
    errors = sorted([*refused, *put.errors], key=lambda e: e.symbol)
    warnings = sorted([*warnings, *put.warnings], key=lambda w: w.symbol)
    print(f"{put.symbols} symbols, {put.bars:,} bars kept in {folder}")
    if errors:
        print(f"{len(errors)} symbols refused")
        print_symbols(errors)
    if warnings:
        print(f"{len(warnings)} warnings; the bars are kept all the same")
        print_symbols(warnings)
    report = {
        "store": str(folder),
        "symbols": put.symbols,
        "bars": put.bars,
        "errors": _rows(errors, "error"),
        "warnings": _rows(warnings, "warning"),
    }
    write_json(args.json, report)
    return 0 if put.symbols else 1


def _from_files(
    files: Sequence[str], wanted: Sequence[str], settings: Settings
) -> tuple[list[BarColumns], list[SymbolError], list[SymbolError]]:
    """Bars, refused symbols and warnings; a wanted symbol may be in any of the files."""
    from vst_desktop.adapters.files.bars import read_bars
    from vst_desktop.domain.bars import SymbolError

    bars: dict[str, BarColumns] = {}
    errors: list[SymbolError] = []
    warnings: list[SymbolError] = []
    place: dict[str, str] = {}
    for file in files:
        read = read_bars(file, door_policy=settings.bars.door_policy)
        named = [*read.series, *(error.symbol for error in read.errors)]
        for symbol in named:
            if wanted and symbol not in wanted:
                continue
            if symbol in place:
                raise UserError(
                    f"{symbol} stands in {place[symbol]} too",
                    where=file,
                    remedy="import one file, then the later bars with --append",
                )
            place[symbol] = file
            if symbol in read.series:
                bars[symbol] = read.series.packed(symbol)
        errors += [e for e in read.errors if place.get(e.symbol) == file]
        warnings += [w for w in read.warnings if place.get(w.symbol) == file]
    if wanted and not place:
        raise UserError(
            f"no bars of {', '.join(wanted[:10])}",
            where=", ".join(files),
            remedy="check --symbols against the symbol columns",
        )
    missing = [symbol for symbol in wanted if symbol not in place]
    errors += [SymbolError(symbol=symbol, error="no bars in the files") for symbol in missing]
    return list(bars.values()), errors, warnings


async def _put(
    bars: Sequence[BarColumns], folder: Path, settings: Settings, *, append: bool
) -> PutResult:
    from vst_desktop.bootstrap import scanner_child, scanner_config

    scanner = scanner_child(scanner_config(settings, store=folder))
    await scanner.start()
    try:
        return await scanner.put_bars(
            _counted(bars), keep=True, append=append, door_policy=settings.bars.door_policy
        )
    finally:
        await scanner.close()


def _check_kept(folder: Path, symbols: set[str]) -> None:
    from vst_desktop.adapters.files.barstore import BarStore

    if missing := sorted(symbols.difference(BarStore(folder).symbols if symbols else ())):
        raise UserError(
            f"{', '.join(missing[:10])} cannot be found there after the import",
            where=str(folder),
            remedy="see vst bars verify",
        )


def _counted(bars: Sequence[BarColumns]) -> Iterator[BarColumns]:
    with progress_line("import", "symbols") as tell:
        for done, one in enumerate(bars, 1):
            yield one
            tell(done, len(bars))


# -- list and verify


def _list(args: argparse.Namespace, folder: Path, settings: Settings) -> int:
    """Print what is held; 1 when something of it is lost."""
    from vst_desktop.adapters.files.barstore import BarStore

    store = BarStore(folder)
    spans, errors = store.spans()
    findings = store.findings
    width = max(map(len, spans), default=0)
    for symbol, span in spans.items():
        print(f"{symbol:<{width}}  {span.bars:>7,}  {span.first}  {span.last}")
    print(f"{len(spans)} symbols, {sum(s.bars for s in spans.values()):,} bars in {folder}")
    print_symbols(errors)
    _print_findings(findings)
    write_json(
        args.json,
        {
            "store": str(folder),
            "generation": store.generation,
            "symbols": [
                {"symbol": symbol, "bars": s.bars, "first": s.first, "last": s.last}
                for symbol, s in spans.items()
            ],
            "errors": _rows(errors, "error"),
            "findings": _finding_rows(findings),
        },
    )
    return 1 if errors or findings else 0


def _verify(args: argparse.Namespace, folder: Path, settings: Settings) -> int:
    """Read everything; 1 when something is wrong."""
    from vst_desktop.adapters.files.barstore import BarStore

    store = BarStore(folder)
    with progress_line("verify", "blocks") as tell:
        findings = store.verify(tell)
    if findings:
        _print_findings(findings)
    else:
        print(f"{len(store.symbols)} symbols in {folder}: every checksum holds")
    report = {
        "ok": not findings,
        "store": str(folder),
        "generation": store.generation,
        "symbols": len(store.symbols),
        "findings": _finding_rows(findings),
    }
    write_json(args.json, report)
    return 1 if findings else 0


def _print_findings(findings: Sequence[Finding]) -> None:
    for finding in findings:
        some = ", ".join(finding.symbols[:8])
        more = f" and {len(finding.symbols) - 8} more" if len(finding.symbols) > 8 else ""
        whose = f"of {some}{more}" if some else "that it held"
        print(
            f"{finding.segment}: {finding.error}; import the bars {whose} again"
            + (", then delete the file and its note" if "/" in finding.segment else "")
        )


def _finding_rows(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    return [{"segment": f.segment, "error": f.error, "symbols": list(f.symbols)} for f in findings]


# -- export


def _export(args: argparse.Namespace, folder: Path, settings: Settings) -> int:
    """Write the bars; 1 when those of some symbol could not be had."""
    start = parse_date(args.start) if args.start else None
    end = parse_date(args.end) if args.end else None
    if start and end and start > end:
        raise UserError(f"--start {start} lies after --end {end}", remedy="swap them", exit_code=2)
    from vst_desktop.adapters.files.barstore import BarStore
    from vst_desktop.adapters.files.export import check_export, write_bars
    from vst_desktop.domain.bars import SymbolError

    check_export(args.file, overwrite=args.force)
    store = BarStore(folder)
    spans, errors = store.spans(split_names(args.symbols) or None)
    if not spans and not errors:
        raise UserError("holds no bars", where=str(folder), remedy="vst bars import FILE")
    written: list[int] = []

    def parts() -> Iterator[BarColumns]:
        for done, symbol in enumerate(spans, 1):
            tell(done, len(spans))
            try:
                part = store.packed(symbol).between(start, end)
            except UserError as error:
                errors.append(SymbolError(symbol=symbol, error=str(error)))
                continue
            if len(part):
                written.append(len(part))
                yield part
        if not written and errors:
            raise UserError(f"none of the bars can be read: {errors[0].error}", where=str(folder))
        if not written:
            raise UserError(
                f"no bars from {start or 'the first'} to {end or 'the last'}",
                where=str(folder),
                remedy=f"the bars go from {min(span.first for span in spans.values())} "
                f"to {max(span.last for span in spans.values())}",
            )

    with progress_line("export", "symbols") as tell:
        write_bars(args.file, parts(), overwrite=args.force)
    print(f"{len(written)} symbols, {sum(written):,} bars written to {args.file}")
    print_symbols(errors)
    report = {
        "file": args.file,
        "symbols": len(written),
        "bars": sum(written),
        "errors": _rows(errors, "error"),
    }
    write_json(args.json, report)
    return 1 if errors else 0


def _rows(found: Sequence[SymbolError], key: str) -> list[dict[str, str]]:
    return [{"symbol": one.symbol, key: one.error} for one in found]
