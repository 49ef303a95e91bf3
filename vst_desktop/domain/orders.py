"""Order tickets, states and what the broker reports of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from vst_desktop.domain.spreads import VerticalSpread


class Mode(StrEnum):
    """Trading mode."""

    DEMO = "DEMO"
    PAPER = "PAPER"
    LIVE = "LIVE"


class Side(StrEnum):
    """BUY opens the spread, SELL of the same legs closes it."""

    BUY = "BUY"
    SELL = "SELL"


class OrderType(StrEnum):
    """The two order types the station sends."""

    MARKET = "MKT"
    LIMIT = "LMT"


class ClosePace(StrEnum):
    """How a close by hand goes: by a ladder of limits, or now at what is paid now."""

    LADDER = "LADDER"
    NOW = "NOW"


class Purpose(StrEnum):
    """What an order is for."""

    ENTRY = "ENTRY"
    EXIT = "EXIT"


class OrderState(StrEnum):
    """States of an order's life; transitions stand in ``execution.states``."""

    DRAFT = "DRAFT"
    APPROVED = "APPROVED"
    QUEUED = "QUEUED"
    HELD = "HELD"
    INTENT = "INTENT"
    SENDING = "SENDING"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    WORKING = "WORKING"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    DENIED = "DENIED"
    EXPIRED = "EXPIRED"
    UNKNOWN = "UNKNOWN"
    ORPHAN = "ORPHAN"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTicket:
    """One combo order, complete: what the wire gate checks and the broker receives.

    ``limit_price`` in USD per share of the spread, None for a market order. ``order_ref`` is our
    reference, at most 40 characters, unique for ever.
    """

    order_ref: str
    account: str
    purpose: Purpose
    side: Side
    order_type: OrderType
    spread: VerticalSpread
    quantity: int
    limit_price: Decimal | None
    tick: Decimal
    tif: str = "DAY"
    outside_rth: bool = False
    non_guaranteed: bool = False


class BrokerStatus(StrEnum):
    """Order status words of TWS."""

    API_PENDING = "ApiPending"
    PENDING_SUBMIT = "PendingSubmit"
    PENDING_CANCEL = "PendingCancel"
    PRE_SUBMITTED = "PreSubmitted"
    SUBMITTED = "Submitted"
    API_CANCELLED = "ApiCancelled"
    CANCELLED = "Cancelled"
    FILLED = "Filled"
    INACTIVE = "Inactive"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerOrder:
    """An order as the broker reports it now (an open, completed or changed one).

    ``legs`` are (con_id, ratio, side) of a BAG, empty for others. ``order_id`` is 0 and
    ``filled`` may be 0 in completed orders: TWS leaves them out.
    """

    order_ref: str
    order_id: int
    perm_id: int
    client_id: int
    account: str
    symbol: str
    side: Side
    order_type: str
    limit_price: Decimal | None
    quantity: Decimal
    filled: Decimal
    average_fill_price: Decimal | None
    status: BrokerStatus
    legs: tuple[tuple[int, int, Side], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPreview:
    """What the broker reckons an order would cost; None where it does not tell.

    Margin changes in the account's base currency, commissions in USD. ``commission_usd`` None
    with bounds: the broker knows only a range. ``warning`` is its own sentence.
    """

    initial_margin_change: Decimal | None
    maintenance_margin_change: Decimal | None
    commission_usd: Decimal | None
    min_commission_usd: Decimal | None
    max_commission_usd: Decimal | None
    warning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One execution. For a combo there is one of the BAG (``con_id`` of no leg, ``is_combo``)
    and one per leg; ``exec_id``'s last dotted part is a correction number."""

    exec_id: str
    order_ref: str
    order_id: int
    perm_id: int
    account: str
    symbol: str
    con_id: int
    is_combo: bool
    side: Side
    quantity: Decimal
    price: Decimal
    time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRejected:
    """The broker refused or killed an order: its code and sentence."""

    order_ref: str
    order_id: int
    code: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Commission:
    """Commission of one execution, USD."""

    exec_id: str
    commission_usd: Decimal
