"""Daily bars from the broker: whole ones once, later only what is missing, today's always new."""

from __future__ import annotations

import logging
from datetime import date, datetime, timedelta
from functools import lru_cache

import numpy as np

from vst_desktop.domain.bars import BarSeries
from vst_desktop.domain.errors import UserError
from vst_desktop.marketdata import history
from vst_desktop.marketdata.expiring import ExpiringCache
from vst_desktop.marketdata.flights import Flights
from vst_desktop.ports.broker import Broker
from vst_desktop.ports.clock import Clock
from vst_desktop.ports.market_data import BarColumns, day_number, whole_columns
from vst_desktop.runtime.calendar import Sessions, trading_day

log = logging.getLogger(__name__)

SESSIONS_FETCHED = 504
"""Two years."""
SHORTEST_BASE = 480
"""Bars; fewer from another source than the broker may not be all there is."""
MOST_MISSING = 60
"""Sessions; when more are missing all are asked for."""
GRACE = timedelta(days=7)
"""Expired bars stay so long, because only what came after them has to be asked for."""


class DailyBars:
    """The daily bars of a symbol as they are now.

    Whole bars are kept until the next session close. While a session runs, its forming bar is
    asked for with each request and never kept; the answer tells the last whole bar again, and
    when that one differs as by a split, all bars are fetched anew.
    """

    def __init__(self, broker: Broker, clock: Clock, sessions: Sessions) -> None:
        self._broker = broker
        self._clock = clock
        self._sessions = sessions
        self._flights: Flights[str, BarSeries] = Flights("daily bars")
        # The calendar is slow, and a scan asks the same of it for each symbol.
        self._sessions_after = lru_cache(maxsize=256)(self._count_sessions)
        self._last_closed = lru_cache(maxsize=1)(self._find_last_closed)
        next_change = lru_cache(maxsize=1)(lambda now: history.next_change(now, sessions))
        self._formed: dict[str, int] = {}
        self._short: set[str] = set()
        self.whole: ExpiringCache[str, BarColumns] = ExpiringCache(
            "daily bars", clock, next_change, GRACE
        )

    async def get(self, symbol: str) -> BarSeries:
        """The symbol's bars, the forming one last while a session runs.

        No call is made when the whole bars are kept and no session runs.

        Raises:
            UserError: The broker gave no bars, with its reason.
            TimeoutError: It did not answer.
        """
        kept = self.whole.serve(symbol)
        if kept is not None and self._sessions.session_at(self._clock.now()) is None:
            return kept.value.series()
        return await self._flights.join(symbol, lambda: self._ask(symbol))

    async def _ask(self, symbol: str) -> BarSeries:
        now = self._clock.now()
        held = self.whole.held(symbol)
        if held is not None and (missing := self._missing(held.value, now)) is not None:
            newest = await self._from_broker(symbol, missing + 1)
            joined = history.continued(held.value, whole_columns(newest))
            if not isinstance(joined, str):
                self.whole.put(symbol, joined, asked_at=now)
                return self._given(history.forming_after(joined, newest))
            log.info("all bars of %s are fetched anew: %s", symbol, joined)
        series = await self._from_broker(symbol, SESSIONS_FETCHED)
        self._short.discard(symbol)
        fetched = whole_columns(series)
        whole = fetched if held is None else history.with_past(held.value, fetched)
        self.whole.put(symbol, whole, asked_at=now)
        return self._given(series if whole is fetched else history.forming_after(whole, series))

    def _missing(self, held: BarColumns, now: datetime) -> int | None:
        """How many sessions began after the held bars; None when all have to be fetched."""
        if not len(held) or held.symbol in self._short:
            return None
        return self._sessions_after(held.day(-1), trading_day(now))

    def _count_sessions(self, last: date, today: date) -> int | None:
        for count in range(MOST_MISSING + 1):
            last = self._sessions.next_session(last)
            if last > today:
                return count
        return None

    async def _from_broker(self, symbol: str, sessions: int) -> BarSeries:
        got: list[BarSeries] = []
        failed = await self._broker.daily_bars([symbol], sessions=sessions, on_bars=got.append)
        if not got:
            raise UserError(failed[0].error if failed else f"the broker gave no bars of {symbol}")
        return got[0]

    def _given(self, series: BarSeries) -> BarSeries:
        if series.forming:
            self._formed[series.symbol] = day_number(series.dates[-1])
        return series

    def keep(self, bars: BarColumns, asked_at: datetime) -> bool:
        """Keep bars of another source, unless those held reach further.

        Bars whose session has not closed are left out, and so is one that was given out while it
        formed: it may come back as it was then from a source that was told it.

        Returns:
            Whether they reach to the last session that closed. Only then are they served as they
            are; else they are there for what is missing to be joined to them.
        """
        last = self._last_closed(asked_at)
        end = len(bars)
        if end and bars.time[-1] > last:
            end = int(np.searchsorted(bars.time, last, side="right"))
        if end and bars.time[end - 1] == self._formed.get(bars.symbol):
            end -= 1
        whole = bars if end == len(bars) else bars.cut(0, end)
        held = self.whole.held(bars.symbol)
        if held is not None and _reaches_as_far(held.value, whole):
            return held.fresh(asked_at)
        current = end > 0 and bool(whole.time[-1] == last)
        if end < SHORTEST_BASE:
            self._short.add(bars.symbol)
        self.whole.put(
            bars.symbol, whole, asked_at=asked_at, expires_at=None if current else asked_at
        )
        return current

    def _find_last_closed(self, now: datetime) -> int:
        """The last session that has closed, as a day number."""
        day = trading_day(now)
        hours = self._sessions.session(day)
        if hours is None or hours[1] > now:
            day = self._sessions.previous_session(day)
        return day_number(day)


def _reaches_as_far(bars: BarColumns, other: BarColumns) -> bool:
    return not len(other) or (len(bars) > 0 and bool(bars.time[-1] >= other.time[-1]))
