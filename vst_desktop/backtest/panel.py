"""Bars of all symbols end to end, with what the lab derives from each symbol's own past.

Every derived value of a bar rests on that bar and those before it. A bar is named by its row;
a symbol's rows lie in a run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from vst_desktop.domain.events import EventBook, EventKind
from vst_desktop.ports.market_data import BarColumns, day_number
from vst_desktop.strategy.exit import SWING_BARS
from vst_desktop.strategy.indicators import ATR_LENGTH

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SHORT_SESSIONS = 21
LONG_SESSIONS = 252
FEWEST_RETURNS = 21
SESSIONS_A_YEAR = 252
SPLIT_LIKE = 0.4
"""A session's log return beyond this is a split or an error, not volatility."""
TURNOVER_SESSIONS = 20
NO_EVENTS = EventBook()


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """Rows of all symbols. Prices in USD on the bars' split basis, days since 1970-01-01.

    ``variance_short`` and ``variance_long`` are mean squared log returns a year over the last 21
    and 252 sessions, NaN with fewer than 21 returns; ``shares`` and ``dollars`` 20-day averages
    of what was traded.
    """

    symbols: tuple[str, ...]
    start: Ints
    """The first row of each symbol; one more value than symbols, the last the number of rows."""
    owner: npt.NDArray[np.int32]
    """The symbol of each row."""
    day: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    atr: Floats
    variance_short: Floats
    variance_long: Floats
    shares: Floats
    dollars: Floats
    dividend: Floats
    """USD a share that goes ex on the symbol's next bar; 0 where none is known."""

    @cached_property
    def swing_low(self) -> Floats:
        """The lowest low of the 20 rows to each row; only of a symbol's 20th row on its own."""
        return trailing(self.low, SWING_BARS, np.minimum)

    @cached_property
    def swing_high(self) -> Floats:
        """The highest high of the 20 rows to each row; only of a symbol's 20th row on its own."""
        return trailing(self.high, SWING_BARS, np.maximum)

    def rows_of(self, symbol: int) -> slice:
        """The run of one symbol."""
        return slice(int(self.start[symbol]), int(self.start[symbol + 1]))

    def end_of(self, rows: Ints) -> Ints:
        """One past the last row of each row's symbol."""
        return self.start[self.owner[rows] + 1]


def panel(bars: Sequence[BarColumns], dividends: EventBook = NO_EVENTS) -> Panel:
    """The panel of these daily bars, symbols in their order, with the dividends that are known."""
    counts = np.array([len(one) for one in bars], dtype=np.int64)

    def joined(name: str) -> Floats:
        parts = [np.asarray(getattr(one, name), dtype=np.float64) for one in bars]
        return np.concatenate(parts) if parts else np.empty(0)

    derived = [_derived(one) for one in bars]
    columns = [np.concatenate(column) for column in zip(*derived, strict=True)]
    if not columns:
        columns = [np.empty(0)] * 4
    return Panel(
        symbols=tuple(one.symbol for one in bars),
        start=np.concatenate(([0], np.cumsum(counts))),
        owner=np.repeat(np.arange(len(bars), dtype=np.int32), counts),
        day=joined("time").astype(np.int64),
        open=joined("open"),
        high=joined("high"),
        low=joined("low"),
        close=joined("close"),
        atr=np.concatenate([np.empty(0), *atrs(bars)]),
        variance_short=columns[0],
        variance_long=columns[1],
        shares=columns[2],
        dollars=columns[3],
        dividend=np.concatenate([np.empty(0), *(_ex_next(one, dividends) for one in bars)]),
    )


def _derived(bars: BarColumns) -> tuple[Floats, ...]:
    close, volume = np.asarray(bars.close), np.asarray(bars.volume, dtype=np.float64)
    returns = np.diff(np.log(close))
    squares = np.where(np.abs(returns) < SPLIT_LIKE, returns, 0.0) ** 2
    known = np.arange(len(close)) >= FEWEST_RETURNS
    variances = [
        np.where(known, SESSIONS_A_YEAR * trailing_mean(squares, length, len(close)), np.nan)
        for length in (SHORT_SESSIONS, LONG_SESSIONS)
    ]
    return (
        *variances,
        trailing_mean(volume, TURNOVER_SESSIONS, len(close)),
        trailing_mean(volume * close, TURNOVER_SESSIONS, len(close)),
    )


def atrs(bars: Sequence[BarColumns]) -> list[Floats]:
    """``strategy.indicators.atr`` of each symbol, all stepping together: to the bit the same."""
    longest = max((len(one) for one in bars), default=0)
    ranges = np.zeros((longest, len(bars)))
    for column, one in enumerate(bars):
        high, low, close = (np.asarray(x) for x in (one.high, one.low, one.close))
        true_range = high - low
        true_range[1:] = np.maximum.reduce(
            (high[1:] - low[1:], np.abs(high[1:] - close[:-1]), np.abs(low[1:] - close[:-1]))
        )
        ranges[: len(one), column] = true_range
    found = np.full(ranges.shape, np.nan)
    if longest >= ATR_LENGTH:
        alpha = 1 / ATR_LENGTH
        # Column by column, because the order of a sum shows in its last bits.
        mean = np.array([column[:ATR_LENGTH].mean() for column in ranges.T.copy()])
        found[ATR_LENGTH - 1] = mean
        for row in range(ATR_LENGTH, longest):
            mean = (1.0 - alpha) * mean + alpha * ranges[row]
            found[row] = mean
    return [
        found[: len(one), column].copy() if len(one) >= ATR_LENGTH else np.full(len(one), np.nan)
        for column, one in enumerate(bars)
    ]


def _ex_next(bars: BarColumns, book: EventBook) -> Floats:
    """Dividends that go ex after a bar's session and not after the next bar's."""
    found = np.zeros(len(bars))
    for event in book.of(bars.symbol).of(EventKind.EX_DIVIDEND):
        place = int(np.searchsorted(bars.time, day_number(event.day))) - 1
        if event.amount_usd is not None and 0 <= place < len(found):
            found[place] += float(event.amount_usd)
    return found


def trailing_mean(values: Floats, length: int, rows: int) -> Floats:
    """Mean of the last ``length`` values at each row, of all there are when they are fewer.

    Values may begin later than rows; rows before the first value are 0. The sum runs from the
    first value on, so that no later one can change it.
    """
    total = np.concatenate((np.zeros(1 + rows - len(values)), np.cumsum(values)))[: rows + 1]
    count = np.maximum(np.arange(1 - (rows - len(values)), len(values) + 1), 0)
    first = np.maximum(np.arange(1, rows + 1) - length, 0)
    mean: Floats = (total[1:] - total[first]) / np.maximum(np.minimum(count, length), 1)
    return np.maximum(mean, 0.0)


def trailing(values: Floats, length: int, of: np.ufunc) -> Floats:
    """``of`` (minimum or maximum) over the last ``length`` rows, of all there are at the begin."""
    found, width = values.copy(), 1
    while width < length:
        step = min(width, length - width)
        found[step:] = of(found[step:], found[:-step])
        width += step
    return found
