"""Made bars as the scanner takes them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import date, timedelta

import numpy as np

from vst_desktop.adapters.scanner._pb import scanner_pb2 as pb
from vst_desktop.adapters.scanner.supervisor import ScannerChild
from vst_desktop.domain.bars import Timeframe
from vst_desktop.ports.market_data import BarColumns
from vst_desktop.runtime.calendar import Sessions

_TIMEFRAMES = {Timeframe.DAILY: 1, Timeframe.MINUTE: 2}


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


async def put(child: ScannerChild, bars: Iterable[BarColumns]) -> None:
    """Give the child these bars, daily or minute."""

    async def messages() -> AsyncIterator[pb.SymbolBars]:
        for one in bars:
            yield pb.SymbolBars(
                symbol=one.symbol,
                timeframe=_TIMEFRAMES[one.timeframe],
                time=one.time.astype("<i8").tobytes(),
                open=one.open.tobytes(),
                high=one.high.tobytes(),
                low=one.low.tobytes(),
                close=one.close.tobytes(),
                volume=one.volume.tobytes(),
            )

    client = child._serving()
    answer = await client._stub.PutBars(messages(), metadata=client._token, timeout=30)
    assert not answer.errors
