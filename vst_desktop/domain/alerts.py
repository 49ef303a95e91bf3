"""Alerts and their format (SPEC 13)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Severity(StrEnum):
    """How loud an alert is."""

    INFO = "INFO"
    WARNING = "WARNING"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Something the trader is told. ``time`` aware."""

    time: datetime
    severity: Severity
    message: str
    details: str = ""
    symbol: str | None = None

    def text(self, zone_time: datetime) -> str:
        """The line of SPEC 13; ``zone_time`` is ``time`` in the zone it is shown in."""
        return f"[{self.severity}] {zone_time:%Y-%m-%d %H:%M:%S} - {self.message}"
