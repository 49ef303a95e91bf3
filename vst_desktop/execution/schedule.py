"""When entries may go (SPEC 6, 7): windows of sessions and the order of the queue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from vst_desktop.execution.rules import ExecutionRules
from vst_desktop.ports.store import IntentRecord
from vst_desktop.runtime.calendar import trading_day

LATE_DAY_MINUTES = 15
CLOSES_BEFORE_CLOSE = timedelta(minutes=5)
CANCEL_BEFORE_CLOSE = timedelta(minutes=2)


class SessionCalendar(Protocol):
    """Regular sessions of the exchange."""

    def session(self, day: date) -> tuple[datetime, datetime] | None:
        """Open and close, aware UTC; None when the exchange is closed on that day."""

    def next_session(self, day: date) -> date:
        """The first session day after ``day``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryWindow:
    """Entries of one session go from ``opens`` until ``closes``; those still working are
    cancelled at ``cancel_at``. Aware UTC."""

    session: date
    opens: datetime
    closes: datetime
    cancel_at: datetime

    def is_open(self, now: datetime) -> bool:
        """Whether entries may go now."""
        return self.opens <= now < self.closes


def entry_window(
    session: date, opens: datetime, closes: datetime, rules: ExecutionRules
) -> EntryWindow:
    """The window of a session with these regular hours: half days move it with the close."""
    minutes = rules.entry_window_minutes
    if rules.allow_late_day_entry:
        minutes += LATE_DAY_MINUTES
    return EntryWindow(
        session=session,
        opens=max(opens, closes - timedelta(minutes=minutes)),
        closes=closes - CLOSES_BEFORE_CLOSE,
        cancel_at=closes - CANCEL_BEFORE_CLOSE,
    )


def window_for(now: datetime, calendar: SessionCalendar, rules: ExecutionRules) -> EntryWindow:
    """The window an approval given now is for: today's if its end is still ahead, else the next
    session's."""
    today = trading_day(now)
    window = session_window(today, calendar, rules)
    if window is not None and now < window.closes:
        return window
    following = session_window(calendar.next_session(today), calendar, rules)
    assert following is not None, "the next session has hours"
    return following


def session_window(
    day: date, calendar: SessionCalendar, rules: ExecutionRules
) -> EntryWindow | None:
    """The window of that day, None when the exchange is closed."""
    hours = calendar.session(day)
    return entry_window(day, *hours, rules) if hours else None


def queue_order(waiting: Iterable[IntentRecord]) -> list[IntentRecord]:
    """Approvals in the order they go: by session, rank, then time of the click."""
    return sorted(waiting, key=lambda i: (i.session, i.rank, i.approved_at, i.intent_id))


def merit(intent: IntentRecord) -> tuple[float, float]:
    """What a new approval is ranked by: higher reward/risk first, then the lower debit."""
    debit = float(intent.debit_seen)
    return -(float(intent.spread.width) - debit) / debit, debit


def place(
    intent: IntentRecord, others: Sequence[IntentRecord]
) -> tuple[int, list[tuple[str, int]]]:
    """The rank of a new approval among those waiting, better ones first, and the other ranks that
    change with it, by intent id."""
    before = next((n for n, i in enumerate(others) if merit(intent) < merit(i)), len(others))
    ranked = [*others[:before], intent, *others[before:]]
    moved = [
        (other.intent_id, rank)
        for rank, other in enumerate(ranked, start=1)
        if other is not intent and other.rank != rank
    ]
    return before + 1, moved
