"""How a plan is likely to end, and what it then pays."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Distribution(StrEnum):
    """Where odds come from: prices of options, or what the symbol itself did."""

    IMPLIED = "implied"
    HISTORY = "history"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanEnd:
    """One way a plan ends.

    ``chance`` with its 95 % interval; ``usd`` the mean profit of the whole position there, after
    crossing the spread's market and both commissions, and ``days`` the median of calendar days,
    None when it never ends so.
    """

    chance: float
    low: float
    high: float
    usd: float | None
    days: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOdds:
    """A plan played out many times under one distribution.

    ``plays`` is the sample size: simulated paths, or entries after the same signal.
    ``mean_usd`` has a 95 % interval. Under implied prices it is what the plan costs, never an
    edge. ``worst_usd`` is the loss of the whole debit, ``median_days`` those of all plays.
    """

    distribution: Distribution
    plays: int
    target: PlanEnd
    stop: PlanEnd
    time: PlanEnd
    mean_usd: float
    mean_low_usd: float
    mean_high_usd: float
    median_days: float
    worst_usd: float

    @property
    def mean_per_risk(self) -> float:
        """Mean profit for each dollar at risk."""
        return self.mean_usd / -self.worst_usd

    @property
    def mean_name(self) -> str:
        """What the mean may be called."""
        return "cost" if self.distribution is Distribution.IMPLIED else "mean"

    def text(self) -> str:
        """``target +$186 41 %, stop -$201 56 %, time 3 %, median 7 days, worst -$1,176``."""
        parts = [
            _told("target", self.target),
            _told("stop", self.stop),
            f"time {100 * self.time.chance:.0f} %",
            f"median {self.median_days:.0f} days",
            f"worst {_usd(self.worst_usd)}",
        ]
        return ", ".join(parts)

    def mean_text(self) -> str:
        """``cost -$37 (-$40 to -$34)``: the mean with its 95 % interval."""
        low, high = _usd(self.mean_low_usd), _usd(self.mean_high_usd)
        return f"{self.mean_name} {_usd(self.mean_usd)} ({low} to {high})"

    def sample(self) -> str:
        """``implied, 20,000 paths`` or ``history, n = 31``."""
        if self.distribution is Distribution.IMPLIED:
            return f"{self.distribution}, {self.plays:,} paths"
        return f"{self.distribution}, n = {self.plays:,}"


def _told(name: str, end: PlanEnd) -> str:
    usd = "" if end.usd is None else f" {_usd(end.usd)}"
    return f"{name}{usd} {100 * end.chance:.0f} %"


def _usd(value: float) -> str:
    return f"{'-' if value < 0 else '+'}${abs(value):,.0f}"
