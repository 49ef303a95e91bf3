"""What the exchange tells the sessions."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from vst_desktop.adapters.tws_sim.codes import Notice
from vst_desktop.adapters.tws_sim.orders import Execution, Order
from vst_desktop.adapters.tws_sim.world import Instrument


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChanged:
    """An order is new, modified, filled or done."""

    order: Order
    with_status: bool = True
    """Whether its status changed too; the commission alone changes only the open order."""
    with_open_order: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderNoted:
    """A remark about an order, which stays as it is."""

    order: Order
    notice: Notice


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """A trade."""

    execution: Execution


@dataclass(frozen=True, slots=True, kw_only=True)
class CommissionKnown:
    """The commission of a trade."""

    execution: Execution


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionChanged:
    """A holding after a trade; a quantity of 0 says that it is gone."""

    account: str
    instrument: Instrument
    quantity: Decimal
    average_cost: Decimal


type ExchangeEvent = OrderChanged | OrderNoted | Executed | CommissionKnown | PositionChanged
