"""What every engine answers with, ``SignalRows``: made, and spread over the bars to be compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from vst_desktop.ports.market_data import BarColumns
from vst_desktop.ports.scanner import SignalRows
from vst_desktop.strategy.registry import BUILT_IN

Bits = NDArray[np.uint8]
"""Strategies: bit k stands for the k-th built-in one."""


def signal_rows(
    bars: Sequence[BarColumns],
    counts: Iterable[int] | NDArray[np.int64],
    day: NDArray[np.int32],
    strategies: Bits,
) -> SignalRows:
    """Rows of all symbols in their order, ``counts`` of each."""
    rows = np.fromiter(counts, dtype=np.uint32, count=len(bars))
    runs = np.flatnonzero(rows).astype(np.uint32)
    return SignalRows(
        symbols=tuple(one.symbol for one in bars),
        names=tuple(BUILT_IN),
        run_symbol=runs,
        run_rows=rows[runs],
        run_day=np.zeros(len(runs), dtype=np.int32),
        days_after=day,
        strategies=strategies,
    )


def picked(
    bars: Sequence[BarColumns], starts: NDArray[np.int64], time: NDArray[np.int32], found: Bits
) -> SignalRows:
    """Of all bars' strategies those of bars with any; a symbol's bars begin at its start."""
    rows = np.flatnonzero(found != 0)
    counts = np.diff(np.searchsorted(rows, starts))
    return signal_rows(bars, counts, time.take(rows), found.take(rows))


def by_bar(rows: SignalRows, bars: Sequence[BarColumns]) -> Bits:
    """The strategies of every bar of every symbol, one symbol's bars behind another's."""
    rows = rows.ordered()
    starts = np.cumsum([0, *map(len, bars)])
    found = np.zeros(starts[-1], dtype=np.uint8)
    edges = np.searchsorted(rows.symbol, np.arange(len(bars) + 1))
    for index, one in enumerate(bars):
        part = slice(edges[index], edges[index + 1])
        where = np.searchsorted(one.time, rows.day[part])
        found[starts[index] + where] = rows.strategies[part]
    return found


def last_bars(found: Bits, bars: Sequence[BarColumns]) -> Bits:
    """Of all bars' strategies those of each symbol's last bar; the others' are cleared."""
    kept = np.zeros_like(found)
    ends = np.cumsum([len(one) for one in bars]) - 1
    kept[ends] = found[ends]
    return kept
