"""Warns of short puts whose holder gains by exercising now (SPEC 9)."""

from __future__ import annotations

import asyncio
import logging

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.quotes import Right
from vst_desktop.execution.checks import spot_of
from vst_desktop.execution.last_hour import LastHour
from vst_desktop.execution.services import Services
from vst_desktop.ports.store import PositionRecord
from vst_desktop.runtime.calendar import trading_day
from vst_desktop.strategy.exit import early_put_pays

log = logging.getLogger(__name__)


class ShortPuts:
    """Looks at each held bear put once a session, an hour before its close.

    Args:
        services: Dependencies.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._hour = LastHour(services, "short put", lambda position, now: False, self._look)

    def watch(self, position: PositionRecord) -> None:
        """Look at the position until ``unwatch``; calls need none."""
        if position.spread.right is Right.PUT:
            self._hour.watch(position)

    def unwatch(self, position: PositionRecord) -> None:
        """Look no more; harmless when it was not watched."""
        self._hour.unwatch(position)

    async def _look(self, position: PositionRecord) -> None:
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
