"""Where the symbols of a scan come from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Universe:
    """The symbols to scan.

    ``unserved`` are symbols of the source that cannot be scanned, each with the reason: they are
    reported with every scan, never dropped. ``recorded`` are symbols whose option chain was
    recorded from a real market (replay): their candidates go before modelled ones.
    """

    symbols: tuple[str, ...]
    unserved: tuple[tuple[str, str], ...] = ()
    recorded: frozenset[str] = frozenset()
    note: str | None = None
