"""Bars of many symbols at once, column by column, from whoever holds them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vst_desktop.domain.bars import BarSeries, SymbolError, Timeframe

Floats = NDArray[np.float64]
Times = NDArray[np.int32] | NDArray[np.int64]

_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BarColumns:
    """Bars of one symbol as arrays of equal length, in time order; nobody writes to them.

    ``time`` is when a bar begins: days since 1970-01-01 (int32) for daily bars, seconds since it
    in UTC (int64) for minute bars. Prices in USD, volume in shares.
    """

    symbol: str
    timeframe: Timeframe
    time: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        return len(self.time)

    def day(self, index: int) -> date:
        """The day of one daily bar."""
        return date.fromordinal(int(self.time[index]) + _EPOCH)

    def cut(self, start: int, stop: int) -> BarColumns:
        """The bars from ``start`` up to before ``stop``, as views."""
        part = slice(start, stop)
        return BarColumns(
            symbol=self.symbol,
            timeframe=self.timeframe,
            time=self.time[part],
            open=self.open[part],
            high=self.high[part],
            low=self.low[part],
            close=self.close[part],
            volume=self.volume[part],
        )

    def between(self, first: date | None, last: date | None) -> BarColumns:
        """The daily bars of these days, as views; None: no bound."""
        start = np.searchsorted(self.time, first.toordinal() - _EPOCH) if first else 0
        stop = (
            np.searchsorted(self.time, last.toordinal() - _EPOCH, side="right")
            if last
            else len(self)
        )
        return self.cut(int(start), int(stop))

    def series(self) -> BarSeries:
        """Daily bars as the domain's value."""
        return BarSeries(
            symbol=self.symbol,
            dates=tuple(self.time.astype("datetime64[D]").tolist()),
            open=tuple(self.open.tolist()),
            high=tuple(self.high.tolist()),
            low=tuple(self.low.tolist()),
            close=tuple(self.close.tolist()),
            volume=tuple(self.volume.tolist()),
        )


def day_number(day: date) -> int:
    """The day as ``BarColumns.time`` has it."""
    return day.toordinal() - _EPOCH


def whole_columns(series: BarSeries) -> BarColumns:
    """The bars of a series' closed sessions."""
    end = len(series) - 1 if series.forming else len(series)
    return BarColumns(
        symbol=series.symbol,
        timeframe=Timeframe.DAILY,
        time=np.array(series.dates[:end], dtype="datetime64[D]").astype(np.int32),
        open=np.array(series.open[:end], dtype=np.float64),
        high=np.array(series.high[:end], dtype=np.float64),
        low=np.array(series.low[:end], dtype=np.float64),
        close=np.array(series.close[:end], dtype=np.float64),
        volume=np.array(series.volume[:end], dtype=np.float64),
    )


def join(parts: Sequence[BarColumns]) -> BarColumns:
    """One symbol's bars that came in parts, in their order."""
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    return BarColumns(
        symbol=first.symbol,
        timeframe=first.timeframe,
        time=np.concatenate([p.time for p in parts]),
        open=np.concatenate([p.open for p in parts]),
        high=np.concatenate([p.high for p in parts]),
        low=np.concatenate([p.low for p in parts]),
        close=np.concatenate([p.close for p in parts]),
        volume=np.concatenate([p.volume for p in parts]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkAnswer:
    """What a bulk request gave besides bars.

    ``errors`` are the symbols without bars, each with its reason; ``warnings`` are symbols with
    bars and something to know about them. ``fetch_secs`` is the source's own time.
    """

    errors: tuple[SymbolError, ...]
    warnings: tuple[SymbolError, ...]
    fetch_secs: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloaded:
    """What came of a service's bars into the bar store, and what did not."""

    symbols: int
    bars: int
    errors: tuple[SymbolError, ...]
    warnings: tuple[SymbolError, ...]


class BulkSource(Protocol):
    """Gives bars of many symbols without a conversation for each.

    Bars are those that passed the source's door: finite, in time order, without duplicates.
    Whether the last one still forms is not said. Runs on the station's loop without blocking it;
    cancelling the await stops the source's work, and what was delivered stays delivered.
    """

    async def fetch_bars(
        self, symbols: Sequence[str], *, timeframe: Timeframe, on_bars: Callable[[BarColumns], None]
    ) -> BulkAnswer:
        """Ask for a few symbols; all bars come in one answer.

        Raises:
            UserError: The source is down, or the answer would pass its limit, which
                ``stream_bars`` does not have.
        """

    async def stream_bars(
        self,
        symbols: Sequence[str],
        *,
        timeframe: Timeframe,
        on_bars: Callable[[BarColumns], None],
        on_progress: Callable[[int, int], None] | None = None,
    ) -> BulkAnswer:
        """Ask for any number of symbols; each is given to ``on_bars`` once, whole, as it comes.

        ``on_progress(done, total)`` counts symbols.

        Raises:
            UserError: The source is down, or ended in mid-answer.
        """
