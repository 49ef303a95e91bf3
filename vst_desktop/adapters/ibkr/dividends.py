"""Dividends that TWS tells with a stock's quote (generic tick 456, tick type 59)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from vst_desktop.adapters.ibkr.library import Ticker
from vst_desktop.domain.events import CorporateEvent, EventKind

GENERIC_TICK = "456"
_PLACES = Decimal("0.000001")


class Dividends:
    """The next dividend of each symbol, as last told; connections come and go."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[object, CorporateEvent]] = {}

    def take(self, symbol: str, ticker: Ticker) -> None:
        """Remember what the ticker was told; nothing told changes nothing."""
        told = ticker.dividends
        known = self._told.get(symbol)
        if told is None or (known is not None and known[0] is told):
            return
        event = next_dividend(ticker)
        if event is not None:
            self._told[symbol] = (told, event)

    def next(self, symbol: str) -> CorporateEvent | None:
        """The symbol's next dividend as last told; it may have passed meanwhile."""
        known = self._told.get(symbol)
        return None if known is None else known[1]


def next_dividend(ticker: Ticker) -> CorporateEvent | None:
    """The ex-date and amount that TWS told, None without a date."""
    told = ticker.dividends
    if told is None or told.nextDate is None:
        return None
    amount = told.nextAmount
    known = amount is not None and 0 < amount < float("inf")
    return CorporateEvent(
        kind=EventKind.EX_DIVIDEND,
        day=date(told.nextDate.year, told.nextDate.month, told.nextDate.day),
        amount_usd=Decimal(str(amount)).quantize(_PLACES).normalize() if known else None,
        source="IBKR",
    )
