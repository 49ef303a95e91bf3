"""Errors of the station's parts, and what is done about them (SPEC 12)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ErrorKind(StrEnum):
    """What went wrong."""

    CONNECTION = "CONNECTION"
    AUTHENTICATION = "AUTHENTICATION"
    ORDER_EXECUTION = "ORDER_EXECUTION"
    DATA_INTEGRITY = "DATA_INTEGRITY"
    DATA_MISSING = "DATA_MISSING"
    INDICATOR = "INDICATOR"
    SCANNER = "SCANNER"
    DATABASE = "DATABASE"
    DISK = "DISK"
    CLOCK = "CLOCK"
    ALERTS = "ALERTS"
    INTERNAL = "INTERNAL"


CRITICAL_KINDS = frozenset(
    (
        ErrorKind.CONNECTION,
        ErrorKind.AUTHENTICATION,
        ErrorKind.ORDER_EXECUTION,
        ErrorKind.DATA_INTEGRITY,
    )
)
"""These are told at their first occurrence."""


class Recovery(StrEnum):
    """How far the recovery of an error is."""

    FAILING = "failing"
    TRYING = "recovering"
    GAVE_UP = "attempts used up"
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What is known of one component's errors of one kind.

    ``count``: in this run. ``streak``: since the last recovery. ``attempts``, ``failed``: of
    recovery, since then. ``tried``: what was tried last. ``remedy``: what the trader can do.
    """

    component: str
    kind: ErrorKind
    count: int = 0
    streak: int = 0
    attempts: int = 0
    failed: int = 0
    recoveries: int = 0
    state: Recovery = Recovery.FAILING
    details: str = ""
    tried: str = ""
    remedy: str = ""
    last: datetime | None = None
    """When it last happened."""
