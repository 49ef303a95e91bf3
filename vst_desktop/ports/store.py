"""The journal: what was decided and sent, durable before it is done."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from vst_desktop.domain.alerts import Alert
from vst_desktop.domain.orders import ClosePace, Mode, OrderState, OrderType, Purpose, Side
from vst_desktop.domain.spreads import ExitPlan, VerticalSpread

KILL_FLAG = "killed"
"""The durable value that says why entries are halted."""
FAULT_FLAG = "fault"
"""The durable value that says what was wrong with the journal when it was opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentRecord:
    """One approved order from approval to its terminal state, as stored.

    ``max_debit`` is the approval's bound (entries), ``reserved_usd`` the risk it reserves while
    not terminal, ``expires_at`` the end of the approval, ``plan`` the exit plan committed with it.
    Times are None until they happened.
    """

    intent_id: str
    order_ref: str
    mode: Mode
    account: str
    purpose: Purpose
    side: Side
    strategy: str
    spread: VerticalSpread
    quantity: int
    max_debit: Decimal
    debit_seen: Decimal
    spot_seen: float
    atr: float
    reserved_usd: Decimal
    plan: ExitPlan
    state: OrderState
    rank: int
    approved_at: datetime
    expires_at: datetime
    session: str
    """ISO date of the session the approval is for."""
    order_type: OrderType | None = None
    limit_price: Decimal | None = None
    order_id: int = 0
    perm_id: int = 0
    filled: int = 0
    average_fill_price: Decimal | None = None
    reason: str | None = None
    exit_reason: str | None = None
    """Why a closing order was sent; ``reason`` then says what became of it."""
    max_drift_usd: float | None = None
    """How far the underlying may move since the approval; None is the settings' own bound."""
    pace: ClosePace | None = None
    """How the trader wants a closing order to go; None is its mode's own way."""
    revisions: int = 0
    cancels: int = 0
    """How often its price was changed, and how often its cancel was asked for."""
    queued_at: datetime | None = None
    sent_at: datetime | None = None
    acknowledged_at: datetime | None = None
    filled_at: datetime | None = None
    ack_latency_secs: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionRecord:
    """A spread held by the station, with its exit plan and the exits' permission (account)."""

    position_id: str
    intent_id: str
    account: str
    strategy: str
    spread: VerticalSpread
    quantity: int
    average_debit: Decimal
    plan: ExitPlan
    opened_at: datetime
    closed_at: datetime | None = None
    exit_reason: str | None = None
    frozen: str | None = None
    """Why its exits are frozen until the trader has looked, None while they run."""
    restate_ratio: float | None = None
    """What a split made of a share's price: confirming restates the plan by it."""
    close_seen: float | None = None
    close_day: str | None = None
    """The underlying's price at the last close that was seen, and its session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEvent:
    """One event as stored. ``data`` says who did it (``by``), why (``reason``), at what quotes
    (``quotes``), and what it was about."""

    seq: int
    time: datetime
    name: str
    data: Mapping[str, Any]
    hash: str


class PastEvents(Protocol):
    """Reads the journal's events while the station goes on writing. It blocks: for a worker
    thread. Raises UserError when the journal cannot be read."""

    def __call__(
        self, *, before: int | None = None, about: str | None = None
    ) -> Generator[JournalEvent, None, None]:
        """Events newest first, as they stood at the first one: those before a sequence number,
        and those whose data hold this text (an order's id)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAlert:
    """An alert as it is kept: its number there, and whether somebody acknowledged it."""

    number: int
    alert: Alert
    read: bool


class Journal(Protocol):
    """Durable, append-only events beside the current state of intents and positions.

    One writer; every method returns after the commit (WAL, synchronous FULL). A failed commit
    raises UserError and nothing may be sent then.
    """

    @property
    def trouble(self) -> str | None:
        """Why no entry should rest on this journal now (its disk is full), None when all is well.
        What must be written, exits and fills, still is as long as it can be."""

    def on_trouble(self, heard: Callable[[str | None], None]) -> None:
        """Call it, on the loop, when ``trouble`` changes."""

    async def save_intent(
        self, intent: IntentRecord, event: str, *, within_secs: float = 0.0, **data: Any
    ) -> None:
        """Store the intent's new state together with the event that led to it, atomically.

        ``within_secs``: how long the commit may wait for another one it can be made with.
        """

    async def save_steps(self, steps: Sequence[tuple[IntentRecord, str, dict[str, Any]]]) -> None:
        """Store several states of intents, each with its event and data, all or none."""

    async def save_position(self, position: PositionRecord, event: str, **data: Any) -> None:
        """Store a position's new state together with its event."""

    async def record(self, event: str, **data: Any) -> None:
        """Append an event that belongs to no order (signal, settings change, kill)."""

    async def save_execution(self, exec_id: str, order_ref: str, data: dict[str, Any]) -> bool:
        """Store an execution once; False when this exec id was stored before."""

    async def intents(self, *, open_only: bool = False) -> Sequence[IntentRecord]:
        """All intents, or those not in a terminal state, oldest first."""

    async def positions(self, *, open_only: bool = True) -> Sequence[PositionRecord]:
        """Positions, oldest first."""

    async def save_alert(self, alert: Alert) -> int:
        """Store an alert; its number there."""

    async def mark_alerts_read(self, numbers: Sequence[int]) -> None:
        """Keep that these alerts were acknowledged now."""

    async def alerts(self, since: datetime) -> Sequence[StoredAlert]:
        """The alerts raised since then, oldest first."""

    async def get_flag(self, name: str) -> str | None:
        """A small durable value (kill switch, halt), None when unset."""

    async def set_flag(self, name: str, value: str | None, *, reason: str, by: str) -> None:
        """Set or clear a durable value and record why and by whom."""

    async def close(self) -> None:
        """Finish pending writes and close; idempotent."""
