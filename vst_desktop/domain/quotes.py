"""Contracts, quotes and option chains."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum, StrEnum


class Right(StrEnum):
    """Call or put."""

    CALL = "C"
    PUT = "P"


class DataType(IntEnum):
    """Market data types as the broker numbers them."""

    LIVE = 1
    FROZEN = 2
    DELAYED = 3
    DELAYED_FROZEN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Underlying:
    """A stock at the broker."""

    symbol: str
    con_id: int
    primary_exchange: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionContract:
    """A listed option. ``con_id`` 0 means not known to a broker (a chain file)."""

    symbol: str
    expiration: date
    strike: Decimal
    right: Right
    con_id: int = 0
    multiplier: int = 100
    trading_class: str = ""
    last_trade: date | None = None
    """Last trading day, where it differs from the expiration (Saturday expirations, AM settled)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Best bid and ask in USD per share; None where there is none.

    ``time`` is when the quote was last known to hold (its last tick or answered re-request).
    """

    bid: float | None
    ask: float | None
    bid_size: float | None
    ask_size: float | None
    last: float | None
    time: datetime
    data_type: DataType = DataType.LIVE

    @property
    def mid(self) -> float | None:
        """Mean of bid and ask, None unless both are positive and uncrossed."""
        if self.bid is None or self.ask is None or self.bid <= 0 or self.ask < self.bid:
            return None
        return (self.bid + self.ask) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class StockQuote:
    """A stock's quote with the day's bar so far; prices in USD, volume in shares."""

    symbol: str
    quote: Quote
    day_open: float | None = None
    day_high: float | None = None
    day_low: float | None = None
    day_volume: float | None = None
    prior_close: float | None = None
    halted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionQuote:
    """A listed option with its quote and Greeks.

    Greeks per share; ``theta`` per calendar day, ``vega`` per volatility point. ``quote`` None:
    the contract is listed but was not asked for.
    """

    contract: OptionContract
    quote: Quote | None
    open_interest: int | None = None
    volume: int | None = None
    implied_volatility: float | None = None
    delta: float | None = None
    gamma: float | None = None
    vega: float | None = None
    theta: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionChain:
    """All listed contracts of one symbol in a range of expirations, quoted or not.

    ``underlying`` is the underlying's price in USD on the chain's own split basis; ``time`` when
    the chain was taken; ``source`` what is shown (``IBKR``, a file's name).
    """

    symbol: str
    underlying: float
    time: datetime
    quotes: tuple[OptionQuote, ...]
    source: str
