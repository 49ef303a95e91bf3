"""The simulator's time, over its control line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineNow:
    """The simulator's clock: what it shows, its speed (0 = held) and its next timer."""

    now: datetime
    speed: float
    next_timer: datetime | None


class Timeline(Protocol):
    """Asks for and moves the simulator's clock."""

    async def read(self) -> TimelineNow:
        """The clock now."""

    async def advance(self, to: datetime) -> None:
        """Move a held clock; returns when all its timers up to then have fired and the frames
        they caused were written to the clients' sockets."""
