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


def severity_named(name: str) -> Severity:
    """The severity of that name; an unknown one counts as INFO."""
    try:
        return Severity(name.strip().upper())
    except ValueError:
        return Severity.INFO


class DeliveryState(StrEnum):
    """What became of an alert on one channel."""

    WAITING = "waiting"
    HELD = "held for quiet hours"
    SENT = "sent"
    FAILED = "failed"
    NOT_CONFIGURED = "not configured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One alert on one channel; ``detail`` says why it failed or when it is tried again."""

    channel: str
    state: DeliveryState
    detail: str = ""

    def text(self) -> str:
        """As ``email sent`` or ``sms failed (503)``."""
        return f"{self.channel} {self.state}" + (f" ({self.detail})" if self.detail else "")


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
