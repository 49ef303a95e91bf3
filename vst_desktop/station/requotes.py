"""Keeps the prices of proposed spreads fresh while a window shows them."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from vst_desktop.domain.errors import UserError
from vst_desktop.domain.quotes import OptionChain, OptionQuote
from vst_desktop.domain.spreads import Candidate, VerticalSpread
from vst_desktop.execution.checks import spot_of, spread_market
from vst_desktop.options.selection import select
from vst_desktop.ports.broker import ConnectionState
from vst_desktop.runtime.calendar import trading_day
from vst_desktop.runtime.tasks import TaskOwner
from vst_desktop.station.charts import age_secs

if TYPE_CHECKING:
    from vst_desktop.station.station import Station

log = logging.getLogger(__name__)

FOLLOWED = 12
"""Spreads on the stream beside the selected one; each takes two lines, its stock a third."""
TURN_SECS = 1.0
ASK_AGAIN_SECS = 5
"""A quiet option does not tick: from this age on its quote is asked for again."""
ASKED_A_TURN = 2
STEADY = timedelta(seconds=5)
"""Figures stay put so long, that they can be read and approved, unless the debit moves by"""
JUMP = Decimal("0.05")


class Requotes:
    """Streams what is looked at, and prices candidates anew when their market has moved.

    It runs only once ``start`` was called: a station without a window decides on fresh quotes
    anyway, and has nobody to show prices to.
    """

    def __init__(self, station: Station, tasks: TaskOwner) -> None:
        self._station = station
        self._tasks = tasks
        self._running = False
        self._followed: dict[str, VerticalSpread] = {}

    def start(self) -> None:
        """Keep prices fresh from now on."""
        if not self._running:
            self._running = True
            self._tasks.spawn(self._run(), "requotes")

    def stale(self, candidate: Candidate) -> str | None:
        """Why the candidate's quotes are too old to be approved; None when they are not."""
        limit = self._station.settings.options.max_quote_age
        age = age_secs(candidate.ranked.market.time, self._station.engines.clock.now())
        if not self._running or age <= limit:
            return None
        return (
            f"STALE {age} s: quotes older than {limit:g} s cannot be approved; they are asked for"
        )

    async def _run(self) -> None:
        while True:
            try:
                await self._follow()
                await self._ask_again()
                self._price_anew()
            except (UserError, TimeoutError) as error:
                log.info("prices are not fresh: %s", error)
            await asyncio.sleep(TURN_SECS)

    def _wanted(self) -> list[Candidate]:
        """The selected candidate first, then from the top of the list."""
        station = self._station
        selected = station.selected()
        found = [selected] if selected is not None else []
        held = {p.spread for p in station.desk.positions()}
        others = (c for c in station.research.candidates() if c is not selected)
        found += [c for c in others if c.ranked.spread not in held][:FOLLOWED]
        return found

    async def _follow(self) -> None:
        broker = self._station.engines.broker
        if broker.state is not ConnectionState.READY:
            return
        wanted = {c.candidate_id: c.ranked.spread for c in self._wanted()}
        for key, spread in tuple(self._followed.items()):
            if wanted.get(key) != spread:
                del self._followed[key]
                await broker.unwatch_spread(spread)
                await broker.unwatch_stock(spread.symbol)
        for key, spread in wanted.items():
            if key not in self._followed:
                await broker.watch_spread(spread)
                self._followed[key] = spread
                await broker.watch_stock(spread.symbol)

    async def _ask_again(self) -> None:
        station = self._station
        if station.engines.broker.state is not ConnectionState.READY:
            return
        old = [c for c in self._wanted() if self._age(c) >= ASK_AGAIN_SECS]
        selected = station.selected()
        old.sort(key=lambda c: (c is not selected, -self._age(c)))
        for candidate in old[:ASKED_A_TURN]:
            legs = await station.engines.broker.option_quotes(candidate.ranked.spread)
            for leg in legs:
                station.options[leg.contract.con_id] = leg

    def _age(self, candidate: Candidate) -> int:
        legs = self._legs(candidate)
        times = [leg.quote.time for leg in legs or () if leg.quote is not None]
        oldest = min(times) if len(times) == 2 else candidate.ranked.market.time
        return age_secs(oldest, self._station.engines.clock.now())

    def _legs(self, candidate: Candidate) -> tuple[OptionQuote, OptionQuote] | None:
        options, spread = self._station.options, candidate.ranked.spread
        long, short = options.get(spread.long.con_id), options.get(spread.short.con_id)
        return None if long is None or short is None else (long, short)

    def _price_anew(self) -> None:
        changed = False
        for candidate in self._wanted():
            legs = self._legs(candidate)
            if legs is not None:
                changed |= self._reprice(candidate, *legs)
        if changed:
            self._station.changed()

    def _reprice(self, candidate: Candidate, long: OptionQuote, short: OptionQuote) -> bool:
        station, ranked = self._station, candidate.ranked
        market = spread_market(long, short)
        if market is None or market.time <= ranked.market.time:
            return False
        stock = station.stocks.get(candidate.signal.symbol)
        spot = (spot_of(stock.quote) if stock is not None else None) or candidate.spot
        same = (market.natural, market.close) == (ranked.market.natural, ranked.market.close)
        if same:
            confirmed = replace(ranked, market=market)
            station.research.confirm(replace(candidate, ranked=confirmed))
            return True
        moved = abs(market.natural - ranked.market.natural)
        if market.time - ranked.market.time < STEADY and moved < JUMP:
            return False
        now = station.engines.clock.now()
        found = select(
            OptionChain(
                symbol=candidate.signal.symbol,
                underlying=spot,
                time=market.time,
                quotes=(long, short),
                source="stream",
            ),
            candidate.signal.direction,
            station.research.rules,
            now=now,
            today=trading_day(now),
            dividends=station.engines.market_data.events.dividends(candidate.signal.symbol),
        )
        fresh = [one for one in found.spreads if one.spread == ranked.spread]
        if fresh:
            station.research.put(
                candidate.signal, candidate.selection, fresh[0], candidate.alternatives, spot
            )
            return True
        failed = next(iter(found.rejected), "no market").replace("_", " ")
        told = f"{failed}: the quotes have moved"
        if candidate.denied != told:
            revision = candidate.revision + 1
            station.research.confirm(replace(candidate, denied=told, spot=spot, revision=revision))
        return True
