"""Which of a symbol's bars go into the bar store, and which stay in memory; pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vst_desktop.domain.bars import BarSeries
from vst_desktop.ports.market_data import BarColumns, join, whole_columns
from vst_desktop.scanning.inprocess import Bars

_COLUMNS = ("time", "open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """What is done with the bars of one symbol.

    Either ``replace`` (whole bars, in place of what the store has) or ``append`` (whole bars,
    behind what it has) is written, or nothing; ``forming`` then follows in memory. Or all of it
    is held in memory only, and nothing is written (``memory``), for ``reason`` if that is one the
    trader should know.
    """

    replace: BarColumns | None = None
    append: BarColumns | None = None
    forming: BarColumns | None = None
    memory: bool = False
    reason: str | None = None

    @property
    def writes(self) -> bool:
        """Whether something is written."""
        return self.replace is not None or self.append is not None


def divide(stored: BarColumns | None, held: Bars | None, bars: Bars) -> Division:
    """Divide bars into what the store lacks and what is not for it.

    What reaches further back in the store is never lost: bars that begin later and do not
    continue it stay in memory.

    Args:
        stored: What the store has of the symbol; None for nothing.
        held: What the scanner was given last; None for nothing.
        bars: The bars as they are now.
    """
    whole, forming = _split(bars)
    if not len(whole) or (held is not None and _last(held) > _last(bars)):
        return Division(memory=True)
    if stored is None:
        return Division(replace=whole, forming=forming)
    if whole.time[-1] < stored.time[-1]:
        return Division(memory=True)
    start = int(np.searchsorted(stored.time, whole.time[0]))
    common = len(stored) - start
    if common and _same(stored.cut(start, len(stored) - 1), whole.cut(0, common - 1)):
        again = _same(stored.cut(len(stored) - 1, len(stored)), whole.cut(common - 1, common))
        news = whole.cut(common if again else common - 1, len(whole))
        # A bar that is told again must be of the store's last day.
        if again or whole.time[common - 1] == stored.time[-1]:
            return Division(append=news if len(news) else None, forming=forming)
    if whole.time[0] <= stored.time[0]:
        return Division(replace=whole, forming=forming)
    return Division(
        memory=True,
        reason=f"the bar store goes back to {stored.day(0)} with other prices: it is left as it "
        "is; import its bars again, split-adjusted",
    )


def behind(stored: BarColumns, news: BarColumns) -> BarColumns:
    """What the store has once these bars stand behind what it had."""
    return join([stored.cut(0, int(np.searchsorted(stored.time, news.time[0]))), news])


def _split(bars: Bars) -> tuple[BarColumns, BarColumns | None]:
    if isinstance(bars, BarColumns):
        return bars, None
    whole = whole_columns(bars)
    if not bars.forming:
        return whole, None
    last = BarSeries(
        symbol=bars.symbol,
        dates=bars.dates[-1:],
        open=bars.open[-1:],
        high=bars.high[-1:],
        low=bars.low[-1:],
        close=bars.close[-1:],
        volume=bars.volume[-1:],
    )
    return whole, whole_columns(last)


def _last(bars: Bars) -> int:
    """The last bar's day, as an ordinal."""
    if not len(bars):
        return 0
    day = bars.day(-1) if isinstance(bars, BarColumns) else bars.dates[-1]
    return day.toordinal()


def _same(one: BarColumns, other: BarColumns) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in _COLUMNS)
