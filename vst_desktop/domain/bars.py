"""Bars of one symbol, column by column."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Timeframe(StrEnum):
    """How long a bar lasts."""

    DAILY = "daily"
    MINUTE = "minute"


@dataclass(frozen=True, slots=True, kw_only=True)
class BarSeries:
    """Daily bars of one symbol in date order; all columns have the same length.

    Prices in USD, split-adjusted to the last bar; volume in shares.
    ``forming`` says that the last bar's session has not closed yet.
    """

    symbol: str
    dates: tuple[date, ...]
    open: tuple[float, ...]
    high: tuple[float, ...]
    low: tuple[float, ...]
    close: tuple[float, ...]
    volume: tuple[float, ...]
    forming: bool = False

    def __len__(self) -> int:
        return len(self.dates)

    def whole(self) -> BarSeries:
        """The bars of closed sessions only."""
        if not self.forming:
            return self
        return BarSeries(
            symbol=self.symbol,
            dates=self.dates[:-1],
            open=self.open[:-1],
            high=self.high[:-1],
            low=self.low[:-1],
            close=self.close[:-1],
            volume=self.volume[:-1],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolError:
    """Why one symbol of a request gave no answer. Never dropped silently."""

    symbol: str
    error: str
