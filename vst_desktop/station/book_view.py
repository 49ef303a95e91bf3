"""Rows of the book: orders and positions as the window shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from vst_desktop.domain.orders import OrderState, Side
from vst_desktop.domain.spreads import SpreadType
from vst_desktop.station.desk_view import PositionDetail


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A state chip: the verb and its figure, and what it means (``info``, ``gain``, ``loss``,
    ``warn``, ``muted``)."""

    text: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """One order or waiting approval."""

    intent_id: str
    order_ref: str
    symbol: str
    side: Side
    label: str
    """``BULL CALL 104 / 112 C  29 Dec``."""
    quantity: int
    order_type: str
    limit_price: Decimal | None
    max_debit: Decimal | None
    state: OrderState
    chip: Chip
    filled: int
    average_fill_price: Decimal | None
    order_id: int
    perm_id: int
    approved_at: datetime | None
    sent_at: datetime | None
    filled_at: datetime | None
    ack_latency_secs: float | None
    reason: str | None
    can_withdraw: bool
    can_release: bool
    can_cancel: bool = False
    """An order at the broker with our mark that the journal does not know: cancel it, or not."""
    forecast: str = ""
    """What will become of a waiting approval: ``1st: goes at 14:45``, ``4th: daily trades …``."""
    bounds: str = ""
    """Of an approval that waits: ``at most 2.60, DIS 103.10 – 104.30, until 15:55 17 Nov``."""
    rehearsed: str = ""
    """What its rehearsal found: how prices moved, size, margin and commission."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionRow:
    """One spread held. ``spot`` is where the underlying stands between stop and target."""

    position_id: str
    symbol: str
    spread_type: SpreadType
    long_strike: Decimal
    short_strike: Decimal
    right: str
    expiration: date
    dte: int
    quantity: int
    average_debit: Decimal
    close_at: Decimal | None
    """What closing now would give per share: best close."""
    open_pnl_usd: Decimal | None
    entry: float
    stop: float
    target: float | None
    target_reason: str | None
    spot: float | None
    exit_by: date
    at_risk_usd: Decimal
    assignment: Chip
    protection: Chip
    multiplier: int = 100
    """Shares that one spread stands for."""
    detail: PositionDetail | None = None
