"""What the window shows of the journal: rows, pages, which rows are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class JournalGroup(StrEnum):
    """What an event is about."""

    APPROVALS = "approvals"
    ORDERS = "orders"
    POSITIONS = "positions"
    RESEARCH = "research"
    STATION = "station"


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalRow:
    """One event in words. ``ref`` is the entry's order whose story it belongs to, None where it
    belongs to none."""

    seq: int
    time: datetime
    kind: str
    group: JournalGroup
    symbol: str | None
    who: str | None
    text: str
    ref: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalQuery:
    """Which events: of one group (None: all), and holding every word of a text."""

    group: JournalGroup | None = None
    text: str = ""

    def admits(self, row: JournalRow) -> bool:
        """Whether the row is asked for."""
        if self.group not in (None, row.group):
            return False
        told = " ".join(
            part for part in (row.kind, row.symbol, row.who, row.text, row.ref) if part
        ).casefold()
        return all(word in told for word in self.text.casefold().split())


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalPage:
    """Rows newest first; the next older page goes on ``before`` this number, None at the end.
    ``head``: the number of the newest event that was read, asked for or not."""

    rows: tuple[JournalRow, ...]
    head: int
    before: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryLine:
    """One event of an order's life; ``order`` is the entry's or an exit's reference."""

    time: datetime
    order: str
    text: str
