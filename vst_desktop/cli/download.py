"""``vst bars import --provider``: daily bars of a service into the bar store, by the scanner."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vst_desktop.cli.common import parse_date, progress_line, split_names
from vst_desktop.domain.errors import UserError

if TYPE_CHECKING:
    from vst_desktop.domain.bars import SymbolError
    from vst_desktop.ports.market_data import Downloaded
    from vst_desktop.runtime.settings import Settings


def add_arguments(take: argparse.ArgumentParser) -> None:
    """Add what tells a download apart from files."""
    from vst_desktop.runtime.providers import KEYS

    take.add_argument(
        "--provider", choices=tuple(KEYS), help="a service instead of files (docs/providers.md)"
    )
    take.add_argument("--watchlist", metavar="FILE", help="symbols to ask the service for")
    take.add_argument("--start", metavar="DATE", help="first day to ask the service for")
    take.add_argument("--end", metavar="DATE", help="last day to ask the service for")


def check_arguments(args: argparse.Namespace) -> None:
    """Refuse what does not go together."""
    only = {"--watchlist": args.watchlist, "--start": args.start, "--end": args.end}
    if args.provider is None:
        if extra := [name for name, given in only.items() if given]:
            raise UserError(f"{extra[0]} goes with --provider", exit_code=2)
        if not args.files:
            raise UserError("name the files, or a service with --provider", exit_code=2)
    elif args.files:
        raise UserError(
            f"--provider {args.provider} takes no files", where=args.files[0], exit_code=2
        )
    elif args.append:
        raise UserError("--append goes with files", exit_code=2)


def asked_symbols(args: argparse.Namespace) -> tuple[list[str], list[SymbolError]]:
    """Those of ``--symbols`` and ``--watchlist``, and the list's lines that hold none."""
    from vst_desktop.adapters.files.watchlist import read_watchlist

    symbols = split_names(args.symbols)
    errors: list[SymbolError] = []
    if args.watchlist:
        named = read_watchlist(args.watchlist)
        symbols += named.symbols
        errors += named.errors
    if not symbols:
        raise UserError(
            "no symbol is asked for", remedy="name some with --symbols or --watchlist", exit_code=2
        )
    return list(dict.fromkeys(symbols)), errors


async def download(
    args: argparse.Namespace, symbols: list[str], folder: Path, settings: Settings
) -> Downloaded:
    """Let a scanner fetch the bars and keep them."""
    from vst_desktop.bootstrap import scanner_child, scanner_config
    from vst_desktop.runtime.providers import provider_config

    start, end = _bounds(args)
    providers: dict[str, dict[str, Any]] = {
        args.provider: provider_config(args.provider, settings.bars)
    }
    scanner = scanner_child(scanner_config(settings, store=folder, providers=providers))
    await scanner.start()
    try:
        with progress_line(args.provider, "symbols") as tell:
            return await scanner.download(
                symbols,
                provider=args.provider,
                first=start,
                last=end,
                door_policy=settings.bars.door_policy,
                on_progress=tell,
            )
    finally:
        await scanner.close()


def _bounds(args: argparse.Namespace) -> tuple[date | None, date | None]:
    start = parse_date(args.start) if args.start else None
    end = parse_date(args.end) if args.end else None
    if start and end and start > end:
        raise UserError(f"--start {start} lies after --end {end}", remedy="swap them", exit_code=2)
    return start, end
