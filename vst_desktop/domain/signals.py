"""Signals of strategies on daily bars."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Direction(StrEnum):
    """Which way the underlying is expected to move."""

    LONG = "LONG"
    SHORT = "SHORT"

    @property
    def sign(self) -> int:
        """+1 for LONG, -1 for SHORT."""
        return 1 if self is Direction.LONG else -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One strategy's rule held on one bar.

    Values are those of the signal bar: ``close``, ``atr`` and the averages in USD, ``rsi`` 0..100.
    ``forming`` says the bar's session had not closed when it was evaluated.
    """

    symbol: str
    strategy: str
    direction: Direction
    date: date
    close: float
    atr: float
    rsi: float
    sma50: float | None = None
    sma200: float | None = None
    forming: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition of a rule as evaluated: shown as ``text  value`` with a pass or fail mark."""

    text: str
    value: float | None
    threshold: float | None
    passed: bool
