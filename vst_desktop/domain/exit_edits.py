"""What the trader wants of the exits of one position."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitEdit:
    """Levels on the underlying, USD; ``target`` None: none. ``exit_by``: the day of the time
    exit."""

    stop: float
    target: float | None
    exit_by: date
