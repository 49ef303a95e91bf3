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


NEAR_SHARE = 0.05
"""How far a failed condition of a near miss may lie from its threshold, as a share of that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition of a rule as evaluated: shown as ``text  value`` with a pass or fail mark."""

    text: str
    value: float | None
    threshold: float | None
    passed: bool

    @property
    def near(self) -> bool:
        """Whether it failed by at most 5 % of its threshold; never without a value."""
        if self.passed or self.value is None or self.threshold is None:
            return False
        return abs(self.value - self.threshold) <= NEAR_SHARE * abs(self.threshold)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One rule on one bar, condition by condition."""

    symbol: str
    strategy: str
    direction: Direction | None
    """None: the strategy cannot be used."""
    date: date
    conditions: tuple[Condition, ...]

    @property
    def holds(self) -> bool:
        """Whether every condition passed."""
        return bool(self.conditions) and all(c.passed for c in self.conditions)

    @property
    def missed(self) -> Condition | None:
        """The one failed condition of a near miss: all others passed, and it is near."""
        failed = [c for c in self.conditions if not c.passed]
        return failed[0] if len(failed) == 1 and failed[0].near else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FireRate:
    """On how many of the loaded bars a strategy held."""

    strategy: str
    fired: int
    bars: int

    @property
    def share(self) -> float | None:
        """Fraction of the bars; None without bars."""
        return self.fired / self.bars if self.bars else None


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyError:
    """What a user's own strategy could not do; ``symbol`` None: it cannot be used at all."""

    strategy: str
    error: str
    symbol: str | None = None
