"""What several commands share: settings options, JSON output."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from vst_desktop.domain.bars import SymbolError
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.numbers import plain_number

PROGRESS_SECS = 0.1
FIRST_YEAR, LAST_YEAR = 1900, 2200
"""Beyond them moments cannot be moved to another zone, and no market has prices."""


def add_settings_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--set key=value``."""
    parser.add_argument(
        "--set",
        dest="overrides",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override a setting (group.key where a key stands in two groups)",
    )


def add_json_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--json FILE``."""
    parser.add_argument("--json", metavar="FILE", help="write a machine-readable result")


def write_json(path: str | None, value: Mapping[str, Any]) -> None:
    """Write the result, a line for each key and each item of a list.

    Decimals become JSON numbers, times ISO 8601 with offset.

    Raises:
        UserError: The file cannot be written.
    """
    if path is None:
        return
    lines = (f"{_JSON.encode(key)}: {_json_of(item)}" for key, item in value.items())
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(
            f"result cannot be written ({error.strerror})",
            where=path,
            remedy="name a file in a folder you can write",
        ) from None


def _encode(value: object) -> Any:
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


# Not indented: Python's encoder is some ten times slower then, and there may be 600 000 signals.
_JSON = json.JSONEncoder(default=_encode, allow_nan=False)


def _json_of(value: object) -> str:
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(map(_JSON.encode, value)) + "\n]"
    return _JSON.encode(value)


def parse_date(text: str) -> date:
    """An ISO date; a usage error otherwise."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UserError(
            f"{text!r} is not a date", remedy="write it as 2014-06-09", exit_code=2
        ) from None


def parse_moment(text: str) -> datetime:
    """An ISO 8601 moment with offset; a usage error otherwise."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UserError(
            f"{text!r} is not a time with offset",
            where="--at",
            remedy="write it as 2014-06-09T14:43-04:00",
            exit_code=2,
        )
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise UserError(
            f"{text!r} is not in the years {FIRST_YEAR} to {LAST_YEAR}",
            where="--at",
            remedy="choose a day that the market has",
            exit_code=2,
        )
    return moment


def print_symbols(found: Sequence[SymbolError], most: int = 20) -> None:
    """Print symbols with what is said of them, the first ``most``."""
    for one in found[:most]:
        print(f"  {one.symbol}: {one.error}")
    if len(found) > most:
        print(f"  and {len(found) - most} more (see --json)")


def split_names(text: str | None) -> list[str]:
    """Symbols or strategies given as ``A,B``, in capitals, each once."""
    parts = (part.strip().upper() for part in text.split(",")) if text else ()
    return list(dict.fromkeys(part for part in parts if part))


@contextmanager
def progress_line(what: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """A line on a terminal's stderr that is told how much is done; wiped at the end.

    ``VST_PROGRESS`` in the environment writes it for another program, too.
    """
    shown = 0.0
    on_terminal = sys.stderr.isatty() or "VST_PROGRESS" in os.environ

    def tell(done: int, total: int) -> None:
        nonlocal shown
        now = time.monotonic()
        if on_terminal and now - shown >= PROGRESS_SECS:
            shown = now
            print(f"\r{what}: {done:,} of {total:,} {unit}", end="", file=sys.stderr, flush=True)

    try:
        yield tell
    finally:
        if shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
