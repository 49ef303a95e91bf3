"""The trader's own list of symbols: a text or CSV file, one symbol a line."""

from __future__ import annotations

import re
from pathlib import Path

from vst_desktop.domain.errors import UserError

_SYMBOL = re.compile(r"[A-Z][A-Z0-9]*([.\- ][A-Z0-9]+)?")
_HEADERS = frozenset({"SYMBOL", "TICKER"})


def read_watchlist(path: str | Path) -> tuple[str, ...]:
    """The symbols in file order, each once; blank lines and ``#`` comments are passed over.

    Of a CSV line the first column counts; a header ``symbol`` is passed over.

    Raises:
        UserError: The file cannot be read, holds no symbol, or a line is none.
    """
    where = str(path)
    try:
        text = Path(path).expanduser().read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise UserError(
            f"watchlist cannot be read ({reason})",
            where=where,
            remedy="name a text file with one symbol a line in universe.watchlist",
        ) from None
    found: dict[str, None] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        word = line.partition("#")[0].split(",")[0].strip().strip('"').upper()
        if not word or (not found and word in _HEADERS):
            continue
        if not _SYMBOL.fullmatch(word):
            raise UserError(
                f"{word!r} on line {number} is no symbol",
                where=where,
                remedy="write one symbol a line",
            )
        found[word] = None
    if not found:
        raise UserError("watchlist holds no symbol", where=where, remedy="write one symbol a line")
    return tuple(found)
