"""Universes out of files: the trader's watchlist, and all symbols of the bar store."""

from __future__ import annotations

from pathlib import Path

from vst_desktop.adapters.files.barstore import BarStore
from vst_desktop.adapters.files.watchlist import read_watchlist
from vst_desktop.domain.errors import UserError
from vst_desktop.ports.universe import Universe


def watchlist_universe(path: str) -> Universe:
    """The symbols of a watchlist as it is now.

    Raises:
        UserError: No file is named, or it cannot be read, or holds no symbol.
    """
    if not path:
        raise UserError(
            "there are no symbols to scan",
            remedy="name a file of symbols in the setting universe.watchlist, "
            "or set universe.source to bar_store",
        )
    listed = read_watchlist(path)
    return Universe(
        symbols=listed.symbols, unserved=tuple((e.symbol, e.error) for e in listed.errors)
    )


def store_universe(folder: Path) -> Universe:
    """All symbols of the bar store, those whose bars are lost included: the broker has them too.

    Raises:
        UserError: There is no bar store, or it is empty.
    """
    store = BarStore(folder)
    symbols = {*store.symbols, *(error.symbol for error in store.errors)}
    if not symbols:
        raise UserError(
            "the bar store holds no symbol to scan",
            where=str(folder),
            remedy="fill it with vst bars import, or set universe.source to watchlist",
        )
    return Universe(symbols=tuple(sorted(symbols)))
