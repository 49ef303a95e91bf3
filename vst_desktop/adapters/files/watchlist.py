"""The trader's own list of symbols: a text or CSV file, one symbol a line."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vst_desktop.domain.bars import SymbolError
from vst_desktop.domain.errors import UserError

_SYMBOL = re.compile(r"[A-Z][A-Z0-9]*([.\- ][A-Z0-9]+)?")
_MAX_SYMBOL = 12
_HEADERS = frozenset({"SYMBOL", "TICKER"})
_SEPARATORS = ",;\t"
_MOST_BYTES = 10_000_000
_REMEDY = "write one symbol a line"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watchlist:
    """The symbols in file order, each once, and what stands on other lines, each with its line."""

    symbols: tuple[str, ...]
    errors: tuple[SymbolError, ...] = ()


def read_watchlist(path: str | Path) -> Watchlist:
    """Read a watchlist; blank lines and what follows ``#`` are passed over.

    Of a CSV line (commas, semicolons or tabs) the column ``symbol`` or ``ticker`` of the header
    counts, the first one where there is no header. A line whose entry is no symbol is an error
    with its number; the others are read.

    Raises:
        UserError: The file cannot be read, or holds no symbol.
    """
    where = str(path)
    found: dict[str, None] = {}
    errors: list[SymbolError] = []
    for number, entry, line in _entries(_text(where)):
        if len(entry) <= _MAX_SYMBOL and _SYMBOL.fullmatch(entry):
            found[entry] = None
        else:
            shown = entry or line
            shown = f"{shown[:40]}…" if len(shown) > 40 else shown
            errors.append(
                SymbolError(symbol=shown, error=f"line {number} of {where}: this is no symbol")
            )
    if not found and errors:
        first = errors[0]
        raise UserError(
            f"watchlist holds no symbol ({first.symbol!r}: {first.error})", remedy=_REMEDY
        )
    if not found:
        raise UserError("watchlist holds no symbol", where=where, remedy=_REMEDY)
    return Watchlist(symbols=tuple(found), errors=tuple(errors))


def _text(where: str) -> str:
    try:
        file = Path(where).expanduser()
        if file.stat().st_size > _MOST_BYTES:
            raise UserError("is too long for a watchlist", where=where, remedy=_REMEDY)
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise UserError(
            f"watchlist cannot be read ({reason})",
            where=where,
            remedy="name a text file with one symbol a line",
        ) from None


def _entries(text: str) -> Iterator[tuple[int, str, str]]:
    """Number, entry in capitals, and text of each line that is not blank."""
    column, first = 0, True
    for number, line in enumerate(text.splitlines(), start=1):
        cells = _cells(line.partition("#")[0])
        if not any(cells):
            continue
        header = next((i for i, cell in enumerate(cells) if cell in _HEADERS), None)
        if first and header is not None:
            column = header
        else:
            yield number, cells[column] if column < len(cells) else "", line.strip()
        first = False


def _cells(line: str) -> list[str]:
    separator = next((s for s in _SEPARATORS if s in line), ",")
    try:
        row = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:
        row = [line]
    return [cell.strip().upper() for cell in row]
