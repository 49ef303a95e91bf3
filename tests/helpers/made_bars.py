"""Made bars on real session days."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from vst_desktop.domain.bars import Timeframe
from vst_desktop.ports.market_data import BarColumns
from vst_desktop.runtime.calendar import Sessions


def sessions_up_to(last: date, count: int) -> np.ndarray:
    """The last so many session days as days since 1970-01-01."""
    sessions, day, found = Sessions(), last + timedelta(days=1), []
    while len(found) < count:
        day = sessions.previous_session(day)
        found.append(day)
    return np.array(found[::-1], dtype="datetime64[D]").astype(np.int32)


def made(symbol: str, time: np.ndarray, timeframe: Timeframe = Timeframe.DAILY) -> BarColumns:
    """A random walk, the same for the same symbol."""
    random = np.random.default_rng(list(symbol.encode()))
    close = np.round(80 * np.exp(np.cumsum(random.normal(0, 0.01, len(time)))), 2)
    return BarColumns(
        symbol=symbol,
        timeframe=timeframe,
        time=time,
        open=close,
        high=np.round(close * 1.01, 2),
        low=np.round(close * 0.99, 2),
        close=close,
        volume=np.full(len(time), 1e6),
    )
