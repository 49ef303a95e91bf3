"""Underlyings whose trading is halted (SPEC 9): exits wait, entries until 5 minutes after."""

from __future__ import annotations

from datetime import datetime, timedelta

from vst_desktop.domain.quotes import StockQuote
from vst_desktop.execution.services import Services
from vst_desktop.risk.limits import Denial, DenialCode, deny

CALM_AFTER = timedelta(minutes=5)
LOOK_AGAIN_SECS = 30.0
"""Between looks of an entry that waits for the end of a halt."""


class Halts:
    """What the last quotes of each underlying told of halts.

    Args:
        services: Dependencies.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._halted: set[str] = set()
        self._last_seen: dict[str, datetime] = {}

    def see(self, stock: StockQuote) -> bool:
        """Take a quote; True when it tells a change."""
        before = stock.symbol in self._halted
        if stock.halted:
            self._halted.add(stock.symbol)
            self._last_seen[stock.symbol] = self._services.clock.now()
        else:
            self._halted.discard(stock.symbol)
        return before != stock.halted

    def halted(self, symbol: str) -> bool:
        """Whether the underlying is halted now, as far as is known."""
        return symbol in self._halted

    def denial(self, symbol: str) -> Denial | None:
        """Why no entry on the underlying may go now: halted, or until a moment ago."""
        seen = self._last_seen.get(symbol)
        if symbol in self._halted:
            return deny(DenialCode.HALTED, "trading", "halted", f"{symbol} is halted")
        if seen is not None and self._services.clock.now() - seen < CALM_AFTER:
            minutes = CALM_AFTER.total_seconds() / 60
            return deny(
                DenialCode.HALTED,
                f"{minutes:g} minutes of trading",
                "less",
                f"{symbol} was halted a moment ago",
            )
        return None
