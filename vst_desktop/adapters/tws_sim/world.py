"""What the exchange asks of a market: instruments, bars and quotes at a moment of virtual time.

Two markets implement :class:`Market`: the built-in one and the replay of recorded files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol

Right = Literal["C", "P"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """A stock or a listed option. ``con_id`` is unique and stable for the same market and seed."""

    con_id: int
    symbol: str
    sec_type: Literal["STK", "OPT"]
    primary_exchange: str = ""
    currency: str = "USD"
    local_symbol: str
    trading_class: str
    long_name: str = ""
    industry: str = ""
    category: str = ""
    stock_type: str = ""
    """COMMON or ETF for stocks, empty for options."""
    under_con_id: int = 0
    expiration: date | None = None
    strike: float | None = None
    right: Right | None = None
    multiplier: int | None = None
    min_tick: float = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar. ``start`` is the session's date for a daily bar, else aware UTC."""

    start: date | datetime
    open: float
    high: float
    low: float
    close: float
    volume: int
    wap: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketQuote:
    """All that is known of an instrument at a moment. ``None`` means there is no such value.

    ``close`` is the previous session's. Greeks are per share; ``theta`` per calendar day, ``vega``
    per volatility point (TWS units).
    """

    bid: float | None
    ask: float | None
    bid_size: int
    ask_size: int
    last: float | None
    last_size: int
    volume: int
    open: float | None = None
    high: float | None = None
    low: float | None = None
    close: float | None = None
    open_interest: int | None = None
    implied_volatility: float | None = None
    delta: float | None = None
    gamma: float | None = None
    vega: float | None = None
    theta: float | None = None
    model_price: float | None = None
    underlying_price: float | None = None
    halted: bool = False


class Market(Protocol):
    """A market at moments of virtual time. Pure: the same arguments give the same answers."""

    @property
    def name(self) -> str:
        """What is shown to the user, as ``built-in market, invented prices``."""

    @property
    def unserved(self) -> dict[str, str]:
        """Symbols of the input that this market cannot serve on its day, each with the reason."""

    def stocks(self) -> Sequence[Instrument]:
        """Every stock served."""

    def stock(self, symbol: str) -> Instrument | None:
        """The stock of that symbol."""

    def by_con_id(self, con_id: int) -> Instrument | None:
        """The instrument of that contract id, stock or option."""

    def expirations(self, symbol: str, at: datetime) -> Sequence[date]:
        """Expirations listed for the symbol at that moment, ascending; empty when none."""

    def options(
        self, symbol: str, expiration: date, at: datetime, right: Right | None = None
    ) -> Sequence[Instrument]:
        """Contracts listed for one expiration, by right then strike."""

    def quote(self, instrument: Instrument, at: datetime) -> MarketQuote | None:
        """The quote at that moment; None when the instrument does not trade then at all."""

    def daily_bars(self, symbol: str, start: date, end: datetime) -> Sequence[Bar]:
        """Daily bars of sessions from ``start`` up to the moment ``end``, ascending.

        Inside a session the last one is forming; in a replay it is the day's recorded bar.
        """

    def minute_bars(self, symbol: str, start: datetime, end: datetime) -> Sequence[Bar]:
        """One-minute bars of regular hours in [start, end], ascending."""

    def session(self, day: date) -> tuple[datetime, datetime] | None:
        """Open and close (aware UTC) of the regular session on that day; None when closed."""
