"""Closes bull calls before an ex-date when their short call is likely to be exercised (SPEC 9)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.events import CorporateEvent
from vst_desktop.domain.quotes import DataType, Right
from vst_desktop.execution.checks import spot_of, spread_market
from vst_desktop.execution.decisions import market_seen
from vst_desktop.execution.last_hour import LastHour
from vst_desktop.execution.services import Services
from vst_desktop.options.events import assignment_looms, next_dividend
from vst_desktop.ports.store import PositionRecord
from vst_desktop.runtime.calendar import trading_day
from vst_desktop.strategy.exit import ExitReason

log = logging.getLogger(__name__)


class ExDividends:
    """Looks at each held bull call on the session before an ex-date, from an hour before the close.

    Args:
        services: Dependencies; their ``events`` tell the next ex-date of a symbol.
        exit_now: Starts the exit; called again while the reason holds and nothing closes.
    """

    def __init__(
        self, services: Services, exit_now: Callable[[str, ExitReason, dict[str, Any]], None]
    ) -> None:
        self._services = services
        self._exit_now = exit_now
        self._hour = LastHour(services, "ex-dividend", self._is_due, self._look)
        self._told: set[tuple[str, CorporateEvent]] = set()

    def watch(self, position: PositionRecord) -> None:
        """Look at the position until ``unwatch``; puts need none."""
        if position.spread.right is Right.CALL and self._services.exits.close_before_ex_dividend:
            self._hour.watch(position)

    def unwatch(self, position: PositionRecord) -> None:
        """Look no more; harmless when it was not watched."""
        self._hour.unwatch(position)

    def _next(self, position: PositionRecord, today: date) -> CorporateEvent | None:
        return next_dividend(self._services.events(position.spread.symbol), today)

    def _is_due(self, position: PositionRecord, now: datetime) -> bool:
        """Whether the next session is an ex-date."""
        today = trading_day(now)
        dividend = self._next(position, today)
        if dividend is None:
            return False
        return today < dividend.day <= self._services.calendar.next_session(today)

    async def _look(self, position: PositionRecord) -> None:
        now = self._services.clock.now()
        dividend = self._next(position, trading_day(now))
        if dividend is not None and self._is_due(position, now):
            try:
                await self._judge(position, dividend)
            except (UserError, TimeoutError) as error:
                symbol = position.spread.symbol
                log.info("%s cannot be looked at before its ex-date: %s", symbol, error)

    async def _judge(self, position: PositionRecord, dividend: CorporateEvent) -> None:
        spread, broker = position.spread, self._services.broker
        if dividend.amount_usd is None:
            self._tell(position, dividend)
            return
        stock, legs = await asyncio.gather(
            broker.stock_quote(spread.symbol), broker.option_quotes(spread)
        )
        spot, short = spot_of(stock.quote), legs[1].quote
        market = spread_market(*legs)
        live = stock.quote.data_type is DataType.LIVE and market is not None and market.live
        if spot is None or short is None or short.mid is None or not live or stock.halted:
            return
        if assignment_looms(
            spot=spot,
            strike=float(spread.short.strike),
            call_price=short.mid,
            dividend_usd=float(dividend.amount_usd),
        ):
            self._exit_now(position.position_id, ExitReason.EX_DIV, market_seen(market, spot))

    def _tell(self, position: PositionRecord, dividend: CorporateEvent) -> None:
        key = (position.position_id, dividend)
        if key not in self._told:
            self._told.add(key)
            symbol = position.spread.symbol
            self._services.alert(
                Severity.HIGH,
                f"{symbol}: {dividend}",
                "the short call may be exercised, and without the amount the station cannot "
                "tell; write it into the events file, or close the position by hand",
            )
