"""Orders as the simulator keeps them. Immutable: a change is a new object."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from vst_desktop.adapters.tws_sim.contracts import ComboLeg, ContractSpec, Leg, Traded
from vst_desktop.adapters.tws_sim.world import Instrument


class Status(StrEnum):
    """Order states as TWS names them."""

    PRE_SUBMITTED = "PreSubmitted"
    SUBMITTED = "Submitted"
    FILLED = "Filled"
    CANCELLED = "Cancelled"

    @property
    def is_done(self) -> bool:
        """Whether the order can no longer trade."""
        return self in (Status.FILLED, Status.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What a client asked for in one placeOrder message.

    Prices are USD a share; ``None`` is unset, NaN is what some clients send for no price.
    ``unsupported`` names attributes that were set and that the simulator does not honour.
    """

    order_id: int
    spec: ContractSpec
    action: str
    quantity: Decimal | None
    order_type: str
    limit_price: Decimal | None
    aux_price: Decimal | None = None
    tif: str = "DAY"
    account: str = ""
    open_close: str = ""
    origin: int = 0
    order_ref: str = ""
    outside_rth: bool = False
    hidden: bool = False
    legs: tuple[Leg, ...] = ()
    leg_prices: tuple[str, ...] = ()
    routing: tuple[tuple[str, str], ...] = ()
    algo: str = ""
    algo_params: tuple[tuple[str, str], ...] = ()
    what_if: bool = False
    unsupported: tuple[str, ...] = ()
    outdated: tuple[str, ...] = ()
    """Attributes that old clients set on every order, and that TWS takes no more."""
    manual: bool = False
    """Placed in TWS's own window. Its order id, below 0, is client 0's name for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order of the book. Quantities in contracts, combinations or shares."""

    client_id: int
    perm_id: int
    ticket: Ticket
    account: str
    contract: Traded
    instrument: Instrument | None
    """The stock or option; None for a combination."""
    legs: tuple[ComboLeg, ...]
    quantity: Decimal
    status: Status
    placed_at: datetime
    filled: Decimal = Decimal(0)
    average_price: Decimal = Decimal(0)
    last_price: Decimal = Decimal(0)
    commission_usd: Decimal | None = None
    completed_at: datetime | None = None

    @property
    def order_id(self) -> int:
        """The client's number for it."""
        return self.ticket.order_id

    @property
    def key(self) -> tuple[int, int]:
        """What names it: order ids are only unique for one client id."""
        return self.client_id, self.ticket.order_id

    @property
    def buys(self) -> bool:
        """Whether it buys the contract as written."""
        return self.ticket.action == "BUY"

    @property
    def parts(self) -> tuple[ComboLeg, ...]:
        """What is traded, one or more instruments, as if the whole were bought."""
        if self.instrument is None:
            return self.legs
        return (ComboLeg(instrument=self.instrument, ratio=1, sign=1),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One trade of a contract, or the trade of a combination as a whole."""

    exec_id: str
    order: Order
    contract: Traded
    at: datetime
    bought: bool
    shares: Decimal
    price: Decimal
    cumulative: Decimal
    """Shares of this contract that the order has traded so far."""
    commission_usd: Decimal | None = None
    """None for a combination as a whole: its legs carry the commission."""
    realized_usd: Decimal | None = None
    """Profit of what the trade closed, after commission; None when it opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What-if figures of an order, USD."""

    order: Order
    init_before: Decimal
    init_after: Decimal
    equity_before: Decimal
    equity_after: Decimal
    commission: Decimal
