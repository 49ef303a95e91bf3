"""The broker: account, contracts, quotes, orders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from vst_desktop.domain.account import AccountSnapshot, BrokerPosition
from vst_desktop.domain.bars import BarSeries, SymbolError
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.events import CorporateEvent
from vst_desktop.domain.orders import (
    BrokerOrder,
    Commission,
    Execution,
    OrderPreview,
    OrderRejected,
    OrderTicket,
)
from vst_desktop.domain.quotes import OptionChain, OptionQuote, Right, StockQuote
from vst_desktop.domain.spreads import VerticalSpread


class ConnectionState(StrEnum):
    """Where the connection stands. Only READY accepts orders; quotes and bars need READY or
    READ_ONLY, in which the broker's program takes no orders from other programs."""

    DISCONNECTED = "DISCONNECTED"
    CONNECTING = "CONNECTING"
    READY = "READY"
    READ_ONLY = "READ_ONLY"
    UPSTREAM_LOST = "UPSTREAM_LOST"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionChanged:
    """The connection's state changed; ``reason`` is shown to the user.

    ``planned``: inside the broker's nightly reset, when a loss is no reason to alert anybody.
    """

    state: ConnectionState
    reason: str
    planned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerNotice:
    """Something about the broker that the user should know, and what to do about it."""

    text: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChanged:
    """New account values."""

    account: AccountSnapshot


BrokerEvent = (
    ConnectionChanged
    | BrokerNotice
    | AccountChanged
    | BrokerOrder
    | Execution
    | Commission
    | OrderRejected
    | BrokerPosition
    | StockQuote
    | OptionQuote
)
"""What a broker pushes. Quotes come only for subscribed lines (``watch_*``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerBook:
    """Everything reconciliation needs, asked for afresh: all clients' open orders, today's
    executions, completed orders, positions. ``own_client_id`` tells own orders from foreign."""

    open_orders: tuple[BrokerOrder, ...]
    completed_orders: tuple[BrokerOrder, ...]
    executions: tuple[Execution, ...]
    positions: tuple[BrokerPosition, ...]
    own_client_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketScan:
    """What to look for: USD, USD, shares a day on average."""

    min_market_cap_usd: float
    min_price_usd: float
    min_volume: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketScanResult:
    """Symbols found, and those that trade enough and are left out, each with the reason."""

    symbols: tuple[str, ...]
    excluded: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Ids of an order handed to the broker; ``perm_id`` 0 until the broker acknowledges."""

    order_id: int
    perm_id: int


class OrderWithdrawnError(UserError):
    """An order, or a change of one, that was taken back before anything of it was sent."""


class Broker(Protocol):
    """One account at one broker, over one connection.

    All methods run on the station's loop and never block it. Every await is bounded by a
    time-out and raises ``UserError`` (what, remedy) when the broker refuses or ``TimeoutError``
    when it does not answer: unknown is not an answer. Events are delivered in the broker's
    order, on the loop, through the callback given to ``subscribe``.
    """

    @property
    def state(self) -> ConnectionState:
        """The connection's state now."""

    @property
    def client_name(self) -> str:
        """Client library and version, for reports."""

    @property
    def server_version(self) -> int | None:
        """Protocol version of the connected server."""

    @property
    def clock_offset_secs(self) -> float | None:
        """Broker's clock less ours, at the last heartbeat."""

    @property
    def farms_down(self) -> tuple[str, ...]:
        """Names of the broker's data farms that are lost just now; others may serve."""

    def subscribe(self, listener: Callable[[BrokerEvent], None]) -> None:
        """Deliver events to the listener from now on."""

    async def connect(self) -> AccountSnapshot:
        """Connect, synchronise positions, orders and account; afterwards reconnects by itself."""

    async def close(self) -> None:
        """Disconnect for good; idempotent."""

    async def barrier(self) -> None:
        """Return when everything the broker sent before this call has been delivered."""

    async def daily_bars(
        self, symbols: Sequence[str], *, sessions: int, on_bars: Callable[[BarSeries], None]
    ) -> list[SymbolError]:
        """Ask for about ``sessions`` daily bars of each symbol, the forming one included.

        Paced; at most 50 in flight. ``on_bars`` is called per symbol as answers come; symbols
        that gave none are returned with the reason.
        """

    async def stock_quote(self, symbol: str) -> StockQuote:
        """One fresh quote of a stock with the day's bar so far."""

    def next_dividend(self, symbol: str) -> CorporateEvent | None:
        """The next dividend of a symbol, as the broker told it with the symbol's last quotes.

        None when it told none, which does not mean that there is none. Does not ask.
        """

    async def option_chain(
        self,
        symbol: str,
        *,
        right: Right,
        dte: tuple[int, int],
        today: date,
        reach: float,
        max_contracts: int,
    ) -> OptionChain:
        """The chain of one right within a range of days to expiration.

        One details request per expiration; quotes and Greeks only within ``reach`` expected
        moves of the price, at most ``max_contracts``; the other listed contracts come with
        ``quote`` None.
        """

    async def option_quotes(self, spread: VerticalSpread) -> tuple[OptionQuote, OptionQuote]:
        """Fresh quotes of both legs (long, short)."""

    async def combo_tick(self, spread: VerticalSpread) -> Decimal:
        """Price increment of the spread as a combo, USD, at the price it has now.

        As the broker tells it for the combo, else the coarser of its legs' increments in the
        combo's price band, else 0.05.
        """

    async def market_scan(self, wanted: MarketScan) -> MarketScanResult:
        """Stocks that the broker's market scanner finds, the most traded first."""

    async def place(self, ticket: OrderTicket) -> Placed:
        """Send the order and wait for the broker's acknowledgement (a permId).

        Raises TimeoutError when none came in time: the order's fate is then unknown.
        Refused orders raise UserError with the broker's code and sentence, those taken back
        before they were sent OrderWithdrawnError.
        """

    async def preview(self, ticket: OrderTicket) -> OrderPreview:
        """Margin and commission of the order as the broker reckons them; nothing is sent to an
        exchange. Raises as ``place``."""

    async def modify(self, order_id: int, ticket: OrderTicket) -> None:
        """Change the limit price of a working order of this client in place."""

    def withdraw(self, order_ref: str, reason: str) -> None:
        """Take back an order that ``place`` has not sent yet; nothing when it may have left."""

    async def cancel(self, order_id: int) -> None:
        """Ask to cancel; the outcome comes as an event."""

    async def book(self) -> BrokerBook:
        """Read orders, executions and positions of all clients afresh."""

    async def account(self) -> AccountSnapshot:
        """Read the account afresh."""

    async def watch_stock(self, symbol: str) -> None:
        """Stream the stock's quotes as events until ``unwatch``; counted per caller."""

    async def watch_spread(self, spread: VerticalSpread) -> None:
        """Stream both legs' quotes as events until ``unwatch_spread``."""

    async def unwatch_stock(self, symbol: str) -> None:
        """End one ``watch_stock``."""

    async def unwatch_spread(self, spread: VerticalSpread) -> None:
        """End one ``watch_spread``."""
