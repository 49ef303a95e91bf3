"""All market data the station keeps, and the filling of it for a whole universe."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from vst_desktop.domain.bars import BarSeries, SymbolError, Timeframe
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.quotes import OptionChain, Right
from vst_desktop.marketdata.daily import DailyBars
from vst_desktop.marketdata.events import Events, no_file
from vst_desktop.marketdata.expiring import CacheFigures, ExpiringCache
from vst_desktop.ports.broker import Broker
from vst_desktop.ports.clock import Clock
from vst_desktop.ports.events import EventSource
from vst_desktop.ports.market_data import BarColumns, BulkSource
from vst_desktop.ports.universe import Universe
from vst_desktop.runtime.calendar import Sessions

log = logging.getLogger(__name__)

MAX_FORMING_AGE_SECS = 60.0
SWEEP_SECS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiries:
    """How long data is served, in seconds: the settings group ``cache``."""

    minute_data_expiry: float
    universe_expiry: float
    options_expiry: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefetched:
    """What a prefetch came to: every symbol is ``cached`` or among the ``errors``.

    ``behind`` of the cached ones end before the last session that closed: they are not served
    until what is missing was asked for.
    """

    cached: int
    behind: tuple[str, ...]
    errors: tuple[SymbolError, ...]
    seconds: float

    @property
    def symbols_per_second(self) -> float:
        """Cached symbols over real seconds."""
        return self.cached / self.seconds if self.seconds > 0 else 0.0


class MarketData:
    """Daily and minute bars, universes, and option chains for browsing.

    A request that is answered from here makes no outside call. A decision never rests on a chain
    from here: who decides asks the broker and puts the answer.

    Args:
        broker: Gives daily bars, and tells dividends.
        bulk: Gives minute bars, and daily bars of a whole universe.
        events: Earnings and dividends that the trader keeps.
    """

    def __init__(
        self,
        *,
        broker: Broker,
        bulk: BulkSource,
        clock: Clock,
        sessions: Sessions,
        expiries: Expiries,
        events: EventSource = no_file,
    ) -> None:
        def after(seconds: float) -> Callable[[datetime], datetime]:
            return lambda asked_at: asked_at + timedelta(seconds=seconds)

        self._bulk = bulk
        self._clock = clock
        self.events = Events(events, broker.next_dividend, clock)
        self.daily = DailyBars(broker, clock, sessions)
        self.minutes: ExpiringCache[str, BarColumns] = ExpiringCache(
            "minute bars", clock, after(expiries.minute_data_expiry)
        )
        self.universes: ExpiringCache[str, Universe] = ExpiringCache(
            "universe", clock, after(expiries.universe_expiry)
        )
        self.chains: ExpiringCache[tuple[str, Right], OptionChain] = ExpiringCache(
            "option chain", clock, after(expiries.options_expiry)
        )

    async def daily_bars(
        self, symbols: Sequence[str], on_bars: Callable[[BarSeries], None]
    ) -> list[SymbolError]:
        """Daily bars of each symbol to ``on_bars`` as they come; the symbols that gave none.

        Forming bars that are older than a minute when the last one has come are asked for once
        more, and ``on_bars`` is called again with them.
        """
        came: dict[str, float] = {}

        def take(series: BarSeries) -> None:
            if series.forming:
                came[series.symbol] = self._clock.monotonic()
            on_bars(series)

        failed = await self._daily_round(symbols, take)
        oldest = self._clock.monotonic() - MAX_FORMING_AGE_SECS
        late = [symbol for symbol, at in came.items() if at < oldest]
        return failed + await self._daily_round(late, take)

    async def _daily_round(
        self, symbols: Sequence[str], take: Callable[[BarSeries], None]
    ) -> list[SymbolError]:
        failed: list[SymbolError] = []

        async def fetch(symbol: str) -> None:
            try:
                series = await self.daily.get(symbol)
            except (UserError, TimeoutError) as error:
                reason = str(error) or "no answer in time"
                failed.append(SymbolError(symbol=symbol, error=reason))
            else:
                take(series)

        async with asyncio.TaskGroup() as group:
            for symbol in symbols:
                group.create_task(fetch(symbol), name=f"daily bars:{symbol}")
        return failed

    async def minute_bars(self, symbol: str) -> BarColumns:
        """Minute bars of one symbol.

        Raises:
            FetchFailed: None could be had; expired ones are held.
            UserError: None could be had.
        """

        async def fetch() -> BarColumns:
            got: list[BarColumns] = []
            answer = await self._bulk.fetch_bars(
                [symbol], timeframe=Timeframe.MINUTE, on_bars=got.append
            )
            if not got:
                raise UserError(answer.errors[0].error if answer.errors else "there are none")
            return got[0]

        return await self.minutes.get(symbol, fetch)

    async def prefetch(
        self, symbols: Sequence[str], on_progress: Callable[[int, int], None] | None = None
    ) -> Prefetched:
        """Fill the cache with the daily bars of a whole universe from the bulk source.

        Symbols whose bars are kept already are not asked for. Cancelling keeps what came.

        Raises:
            UserError: The source is down or failed in mid-answer; what came is kept.
        """
        started, asked_at = self._clock.monotonic(), self._clock.now()
        wanted = list(dict.fromkeys(symbols))
        missing = {symbol for symbol in wanted if self.daily.whole.serve(symbol) is None}
        kept = len(wanted) - len(missing)
        behind: list[str] = []

        def keep(bars: BarColumns) -> None:
            nonlocal kept
            missing.discard(bars.symbol)
            kept += 1
            if not self.daily.keep(bars, asked_at):
                behind.append(bars.symbol)
            if on_progress is not None:
                on_progress(kept, len(wanted))

        errors: list[SymbolError] = []
        if missing:
            answer = await self._bulk.stream_bars(
                sorted(missing), timeframe=Timeframe.DAILY, on_bars=keep
            )
            errors += answer.errors
        told = {error.symbol for error in errors}
        errors += [
            SymbolError(symbol=symbol, error="the source gave neither bars nor a reason")
            for symbol in sorted(missing - told)
        ]
        return Prefetched(
            cached=kept,
            behind=tuple(behind),
            errors=tuple(errors),
            seconds=self._clock.monotonic() - started,
        )

    @property
    def figures(self) -> dict[str, CacheFigures]:
        """Hits, misses and entries by what is kept."""
        return {
            "daily": self.daily.whole.figures,
            "minute": self.minutes.figures,
            "universe": self.universes.figures,
            "options": self.chains.figures,
        }

    def sweep(self) -> int:
        """Remove what has expired; how many entries that were."""
        caches = (self.daily.whole, self.minutes, self.universes, self.chains)
        return sum(cache.sweep() for cache in caches)

    async def keep_swept(self, every_secs: float = SWEEP_SECS) -> None:
        """Sweep now and then, until cancelled. In real seconds: a held clock is left alone."""
        while True:
            await asyncio.sleep(every_secs)
            removed = self.sweep()
            if removed:
                log.info("%d expired entries removed from the cache", removed)
