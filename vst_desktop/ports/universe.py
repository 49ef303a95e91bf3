"""Where the symbols of a scan come from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Universe:
    """The symbols to scan.

    ``unserved`` are entries of the source that cannot be scanned, each with the reason: they are
    reported with every scan, never dropped. ``recorded`` are symbols whose option chain was
    recorded from a real market (replay): their candidates go before modelled ones.
    """

    symbols: tuple[str, ...] = ()
    unserved: tuple[tuple[str, str], ...] = ()
    recorded: frozenset[str] = frozenset()

    @property
    def size(self) -> int:
        """Entries of the source, those that cannot be scanned included."""
        return len(self.symbols) + len(self.unserved)


UniverseSource = Callable[[], Awaitable[Universe]]
"""Gives the universe as it is now: it is asked before every scan. A source whose answer costs a
call outside keeps it for ``cache.universe_expiry`` (``MarketData.universes``).

Raises ``UserError``, with the remedy, when there is nothing to scan.
"""
