"""The universe that the broker's market scanner gives, kept for a while."""

from __future__ import annotations

from vst_desktop.domain.errors import UserError
from vst_desktop.marketdata.expiring import ExpiringCache
from vst_desktop.ports.broker import Broker, MarketScan
from vst_desktop.ports.universe import Universe


class ScannedUniverse:
    """Asks the market scanner when what it last gave has expired (``cache.universe_expiry``)."""

    def __init__(
        self, broker: Broker, cache: ExpiringCache[str, Universe], wanted: MarketScan
    ) -> None:
        self._broker = broker
        self._cache = cache
        self._wanted = wanted

    async def __call__(self) -> Universe:
        """The universe now.

        Raises:
            UserError: The broker refused, or finds nothing.
            TimeoutError: The broker did not answer.
        """
        return await self._cache.get("market scanner", self._ask)

    async def _ask(self) -> Universe:
        found = await self._broker.market_scan(self._wanted)
        if not found.symbols:
            raise UserError(
                "the broker's market scanner finds no stock",
                remedy="lower universe.min_market_cap, min_price or min_volume, "
                "or set universe.source to watchlist",
            )
        return Universe(symbols=found.symbols, unserved=found.excluded)
