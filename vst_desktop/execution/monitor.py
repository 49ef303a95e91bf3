"""Watches held positions for their exits: stop, targets, time, take profit, dividends."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.quotes import DataType, OptionQuote, StockQuote
from vst_desktop.domain.spreads import VerticalSpread
from vst_desktop.execution.checks import spread_market
from vst_desktop.execution.decisions import market_seen, underlying_seen
from vst_desktop.execution.earnings import Earnings
from vst_desktop.execution.ex_dividend import ExDividends
from vst_desktop.execution.freeze import Freezer
from vst_desktop.execution.halts import Halts
from vst_desktop.execution.ledger import Ledger
from vst_desktop.execution.services import Services
from vst_desktop.execution.short_puts import ShortPuts
from vst_desktop.ports.clock import Timer
from vst_desktop.ports.store import PositionRecord
from vst_desktop.runtime.calendar import trading_day
from vst_desktop.strategy.exit import (
    CONFIRM_AFTER,
    TIME_EXIT_AFTER_OPEN,
    ExitReason,
    Observation,
    Pending,
    confirm,
    expiry_exit_day,
    price_trigger,
    take_profit_trigger,
    time_trigger,
)

log = logging.getLogger(__name__)

RETRY_SECS = 60.0
LOOK_BEFORE_CLOSE = timedelta(seconds=5)
"""The last prices of a session, while they are still traded."""


@dataclass(slots=True, kw_only=True)
class _Watch:
    position_id: str
    expiry: date
    price: Pending | None = None
    profit: Pending | None = None
    timer: Timer | None = None
    close: Timer | None = None


class ExitMonitor:
    """Asks ``exit_now(position_id, reason, quotes)`` when a trigger has been confirmed.

    Args:
        services: Dependencies.
        ledger: The book.
        exit_now: Starts the exit; called again while the reason holds and nothing closes.
        halts: Knows what is halted.
        freezer: Holds prior closes against those that were seen.
        on_blind: Called when ``blind`` changes.
    """

    def __init__(
        self,
        services: Services,
        ledger: Ledger,
        exit_now: Callable[[str, ExitReason, dict[str, Any]], None],
        halts: Halts,
        freezer: Freezer,
        on_blind: Callable[[], None],
    ) -> None:
        self._services = services
        self._ledger = ledger
        self._exit_now = exit_now
        self._halts = halts
        self._freezer = freezer
        self._on_blind = on_blind
        self._blind: set[str] = set()
        self._looks = (
            ExDividends(services, exit_now),
            Earnings(services, exit_now),
            ShortPuts(services),
        )
        self._watches: dict[str, _Watch] = {}
        self._quotes: dict[int, OptionQuote] = {}

    def watch(self, position: PositionRecord) -> None:
        """Watch an open position; idempotent."""
        if position.position_id in self._watches:
            return
        long = position.spread.long
        watch = _Watch(
            position_id=position.position_id,
            expiry=expiry_exit_day(long.expiration, long.last_trade, self._is_session),
        )
        self._watches[position.position_id] = watch
        self._arm_clock(watch, position)
        for look in self._looks:
            look.watch(position)
        self._arm_close(watch)
        self._services.run(self._subscribe(position), f"watch {position.spread.symbol}")

    def replanned(self, position: PositionRecord) -> None:
        """The plan is another: its day counts from now on, its levels with the next quote."""
        watch = self._watches.get(position.position_id)
        if watch is not None:
            if watch.timer is not None:
                watch.timer.cancel()
            self._arm_clock(watch, position)

    def unwatch(self, position: PositionRecord) -> None:
        """Stop watching; harmless when it was not watched."""
        watch = self._watches.pop(position.position_id, None)
        if watch is None:
            return
        for timer in (watch.timer, watch.close):
            if timer is not None:
                timer.cancel()
        for look in self._looks:
            look.unwatch(position)
        self._blind.discard(position.spread.symbol)
        self._services.run(self._unsubscribe(position), f"unwatch {position.spread.symbol}")

    def on_stock(self, stock: StockQuote) -> None:
        """Judge every position on this underlying by the quote."""
        self._see(stock)
        for watch, position in self._watched():
            if position.spread.symbol != stock.symbol:
                continue
            self._freezer.see_stock(position, stock)
            seen = self._observation(stock)
            reason = price_trigger(position.plan, position.spread.direction, seen)
            waited = watch.price
            watch.price, confirmed = confirm(waited, reason, seen.time)
            if confirmed is not None:
                self._exit_now(watch.position_id, confirmed, underlying_seen(seen))
            elif watch.price is not None and watch.price is not waited:
                self._look_again(stock.symbol, partial(self._ask, stock.symbol))

    def blind(self) -> frozenset[str]:
        """Underlyings whose exits cannot be judged: their data are not live."""
        return frozenset(self._blind)

    def _see(self, stock: StockQuote) -> None:
        symbol = stock.symbol
        held = any(position.spread.symbol == symbol for _, position in self._watched())
        if self._halts.see(stock) and held:
            if stock.halted:
                self._services.alert(
                    Severity.CRITICAL, f"{symbol} is HALTED", "its exits wait until it trades again"
                )
            else:
                self._services.alert(
                    Severity.WARNING, f"{symbol} trades again", "its exits are watched"
                )
        blind = held and stock.quote.data_type is not DataType.LIVE
        if blind != (symbol in self._blind):
            (self._blind.add if blind else self._blind.discard)(symbol)
            self._on_blind()

    def on_option(self, quote: OptionQuote) -> None:
        """Judge the take-profit of positions with this leg."""
        if self._services.exits.take_profit_pct_of_max is None:
            return
        self._quotes[quote.contract.con_id] = quote
        for watch, position in self._watched():
            spread = position.spread
            if quote.contract.con_id not in (spread.long.con_id, spread.short.con_id):
                continue
            long = self._quotes.get(spread.long.con_id)
            short = self._quotes.get(spread.short.con_id)
            market = spread_market(long, short) if long and short else None
            if market is None or not market.live or self._since_open() is None:
                watch.profit = None
                continue
            reason = take_profit_trigger(
                close_value=float(market.close),
                average_debit=float(position.average_debit),
                width=float(spread.width),
                rules=self._services.exits,
            )
            waited, now = watch.profit, self._services.clock.now()
            watch.profit, confirmed = confirm(waited, reason, now)
            if confirmed is not None:
                self._exit_now(watch.position_id, confirmed, market_seen(market, None))
            elif watch.profit is not None and watch.profit is not waited:
                self._look_again(spread.label(), partial(self._ask_legs, spread))

    async def resubscribe(self) -> None:
        """Ask for the lines again after a reconnect."""
        for _, position in self._watched():
            await self._subscribe(position)

    def _watched(self) -> list[tuple[_Watch, PositionRecord]]:
        pairs = ((w, self._ledger.position(w.position_id)) for w in self._watches.values())
        return [(w, p) for w, p in pairs if p is not None and p.closed_at is None]

    def _observation(self, stock: StockQuote) -> Observation:
        return Observation(
            time=self._services.clock.now(),
            last=stock.quote.last,
            mid=stock.quote.mid,
            live=stock.quote.data_type is DataType.LIVE,
            halted=stock.halted,
            since_open=self._since_open(),
        )

    def _since_open(self) -> timedelta | None:
        now = self._services.clock.now()
        hours = self._services.calendar.session(trading_day(now))
        if hours is None or not hours[0] <= now < hours[1]:
            return None
        return now - hours[0]

    def _look_again(self, what: str, ask: Callable[[], Coroutine[Any, Any, None]]) -> None:
        # What is quiet sends no second quote by itself.
        self._services.after(CONFIRM_AFTER.total_seconds(), ask, f"confirm {what}")

    async def _ask(self, symbol: str) -> None:
        try:
            self.on_stock(await self._services.broker.stock_quote(symbol))
        except (UserError, TimeoutError) as error:
            log.warning("%s could not be asked for again: %s", symbol, error)

    async def _ask_legs(self, spread: VerticalSpread) -> None:
        try:
            for quote in await self._services.broker.option_quotes(spread):
                self.on_option(quote)
        except (UserError, TimeoutError) as error:
            log.warning("%s could not be asked for again: %s", spread.label(), error)

    def _arm_clock(self, watch: _Watch, position: PositionRecord) -> None:
        now, calendar = self._services.clock.now(), self._services.calendar
        today = trading_day(now)
        day = max(min(position.plan.exit_by, watch.expiry), today)
        hours = calendar.session(day)
        if hours is None or now >= hours[1]:
            day = calendar.next_session(day)
            hours = calendar.session(day)
        assert hours is not None
        when = hours[0] + TIME_EXIT_AFTER_OPEN
        if when <= now:
            when = now + timedelta(seconds=1)
        watch.timer = self._services.at(
            when,
            lambda: self._time_up(watch),
            f"time exit {position.spread.symbol}",
        )

    def _arm_close(self, watch: _Watch) -> None:
        """Look at the underlying once at the end of the session."""
        now, calendar = self._services.clock.now(), self._services.calendar
        day = trading_day(now)
        hours = calendar.session(day)
        if hours is None or now >= hours[1] - LOOK_BEFORE_CLOSE:
            hours = calendar.session(calendar.next_session(day))
        assert hours is not None
        watch.close = self._services.at(
            hours[1] - LOOK_BEFORE_CLOSE,
            lambda: self._services.run(self._remember_close(watch), "session's close"),
            "session's close",
        )

    async def _remember_close(self, watch: _Watch) -> None:
        position = self._ledger.position(watch.position_id)
        if position is None or position.closed_at is not None:
            return
        self._arm_close(watch)
        try:
            stock = await self._services.broker.stock_quote(position.spread.symbol)
        except (UserError, TimeoutError) as error:
            log.info("the close of %s was not seen: %s", position.spread.symbol, error)
            return
        await self._freezer.remember_close(watch.position_id, stock)

    def _time_up(self, watch: _Watch) -> None:
        position = self._ledger.position(watch.position_id)
        if position is None or position.closed_at is not None:
            return
        now, calendar = self._services.clock.now(), self._services.calendar
        today = trading_day(now)
        hours = calendar.session(today)
        reason = hours and time_trigger(
            position.plan,
            now=now,
            today=today,
            opens=hours[0],
            closes=hours[1],
            expiry=watch.expiry,
        )
        if not reason:
            self._arm_clock_later(watch, position, today)
            return
        if not self._halts.halted(position.spread.symbol):
            self._exit_now(watch.position_id, reason, {})
        watch.timer = self._services.at(
            now + timedelta(seconds=RETRY_SECS),
            lambda: self._time_up(watch),
            f"time exit again {position.spread.symbol}",
        )

    def _arm_clock_later(self, watch: _Watch, position: PositionRecord, today: date) -> None:
        calendar = self._services.calendar
        hours = calendar.session(calendar.next_session(today))
        assert hours is not None
        watch.timer = self._services.at(
            hours[0] + TIME_EXIT_AFTER_OPEN,
            lambda: self._time_up(watch),
            f"time exit {position.spread.symbol}",
        )

    def _is_session(self, day: date) -> bool:
        return self._services.calendar.session(day) is not None

    async def _subscribe(self, position: PositionRecord) -> None:
        try:
            await self._services.broker.watch_stock(position.spread.symbol)
            if self._services.exits.take_profit_pct_of_max is not None:
                await self._services.broker.watch_spread(position.spread)
        except (UserError, TimeoutError) as error:
            log.warning("%s is not watched yet: %s", position.spread.symbol, error)

    async def _unsubscribe(self, position: PositionRecord) -> None:
        try:
            await self._services.broker.unwatch_stock(position.spread.symbol)
            if self._services.exits.take_profit_pct_of_max is not None:
                await self._services.broker.unwatch_spread(position.spread)
        except (UserError, TimeoutError) as error:
            log.warning("%s is still watched: %s", position.spread.symbol, error)
