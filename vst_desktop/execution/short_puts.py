"""Warns of short puts whose holder gains by exercising now (SPEC 9)."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.quotes import Right
from vst_desktop.execution.checks import spot_of
from vst_desktop.execution.services import Services
from vst_desktop.ports.clock import Timer
from vst_desktop.ports.store import PositionRecord
from vst_desktop.runtime.calendar import trading_day
from vst_desktop.strategy.exit import early_put_pays

log = logging.getLogger(__name__)

LOOK_BEFORE_CLOSE = timedelta(minutes=60)


class ShortPuts:
    """Looks at each held bear put once a session, an hour before its close.

    Args:
        services: Dependencies.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._timers: dict[str, Timer] = {}

    def watch(self, position: PositionRecord) -> None:
        """Look at the position until ``unwatch``; calls need none."""
        if position.spread.right is Right.PUT:
            self._arm(position)

    def unwatch(self, position: PositionRecord) -> None:
        """Look no more; harmless when it was not watched."""
        timer = self._timers.pop(position.position_id, None)
        if timer is not None:
            timer.cancel()

    def _arm(self, position: PositionRecord) -> None:
        now, calendar = self._services.clock.now(), self._services.calendar
        day = trading_day(now)
        hours = calendar.session(day)
        if hours is None or now >= hours[1] - LOOK_BEFORE_CLOSE:
            hours = calendar.session(calendar.next_session(day))
        assert hours is not None
        name = f"short put {position.spread.symbol}"
        self._timers[position.position_id] = self._services.at(
            hours[1] - LOOK_BEFORE_CLOSE,
            lambda: self._services.run(self._look(position), name),
            name,
        )

    async def _look(self, position: PositionRecord) -> None:
        self._arm(position)
        spread, broker = position.spread, self._services.broker
        try:
            stock, legs = await asyncio.gather(
                broker.stock_quote(spread.symbol), broker.option_quotes(spread)
            )
        except (UserError, TimeoutError) as error:
            log.info("the short put of %s cannot be looked at: %s", spread.symbol, error)
            return
        spot, short = spot_of(stock.quote), legs[1].quote
        if spot is None or short is None or short.mid is None:
            return
        days = (spread.expiration - trading_day(self._services.clock.now())).days
        if early_put_pays(
            spot=spot,
            strike=float(spread.short.strike),
            put_price=short.mid,
            rate=self._services.exits.risk_free_rate,
            years=days / 365,
        ):
            self._services.alert(
                Severity.WARNING,
                f"{spread.symbol}: the short {spread.short.strike} put may be exercised any day",
                "its extrinsic value is less than the interest on its strike; assigned, the spread "
                "becomes shares, and the station tells the ways out",
            )
