"""Daily bars of many symbols, paced."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from datetime import date, datetime

from vst_desktop.adapters.ibkr import convert
from vst_desktop.adapters.ibkr.session import Refused, Session
from vst_desktop.domain.bars import BarSeries, SymbolError
from vst_desktop.domain.errors import UserError
from vst_desktop.runtime.calendar import Sessions

AT_ONCE = 50
"""More requests in flight than this and TWS drops some without a word."""
ANSWER_SECS = 30.0
PACING_SECS = (15.0, 30.0)
"""Waits before a request that TWS found too fast is made again."""
_NOT_SERVED = 162
_SESSIONS_A_YEAR = 252
_SESSIONS_A_MONTH = 19


class History:
    """Asks for bars, at most fifty requests in flight over all callers."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._calendar = Sessions()
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def daily_bars(
        self,
        session: Session,
        symbols: Sequence[str],
        *,
        sessions: int,
        on_bars: Callable[[BarSeries], None],
    ) -> list[SymbolError]:
        """Bars of each symbol to ``on_bars`` as they come; the symbols that gave none."""
        # in a thread, because the first look loads the calendar
        running = await asyncio.to_thread(self._calendar.session_at, self._now())
        failed: list[SymbolError] = []

        async def fetch(symbol: str) -> None:
            try:
                async with self._turn:
                    series = await _patient_bars(session, symbol, sessions, running)
            except (UserError, TimeoutError) as error:
                failed.append(SymbolError(symbol=symbol, error=str(error)))
            else:
                on_bars(series)

        async with asyncio.TaskGroup() as group:
            for symbol in symbols:
                group.create_task(fetch(symbol), name=f"bars:{symbol}")
        return failed


def duration(sessions: int) -> str:
    """How far back to ask for that many sessions, in TWS's words."""
    if sessions <= _SESSIONS_A_YEAR // 2:
        return f"{math.ceil(sessions / _SESSIONS_A_MONTH)} M"
    return f"{math.ceil(sessions / _SESSIONS_A_YEAR)} Y"


async def _patient_bars(
    session: Session, symbol: str, sessions: int, running: date | None
) -> BarSeries:
    for wait in PACING_SECS:
        try:
            return await _bars(session, symbol, sessions, running)
        except Refused as error:
            # one code for many reasons: here its text has to tell
            if error.code != _NOT_SERVED or "pacing" not in error.text.lower():
                raise
        await asyncio.sleep(wait)
    return await _bars(session, symbol, sessions, running)


async def _bars(session: Session, symbol: str, sessions: int, running: date | None) -> BarSeries:
    bars = await session.answer(
        lambda: session.ib.reqHistoricalDataAsync(
            convert.stock(symbol),
            endDateTime="",
            durationStr=duration(sessions),
            barSizeSetting="1 day",
            whatToShow="TRADES",
            useRTH=True,
            formatDate=1,
            timeout=0,
        ),
        f"bars of {symbol}",
        ANSWER_SECS,
    )
    if not bars:
        raise UserError(f"the broker gave no bars of {symbol}")
    return convert.bar_series(symbol, bars, running)
