"""Where a run's symbols come from."""

from __future__ import annotations

import asyncio

from vst_desktop.adapters.files.universe import store_universe, watchlist_universe
from vst_desktop.bootstrap.profiles import bar_store
from vst_desktop.marketdata.data import MarketData
from vst_desktop.marketdata.universe import ScannedUniverse
from vst_desktop.ports.broker import Broker, MarketScan
from vst_desktop.ports.universe import Universe, UniverseSource
from vst_desktop.runtime.settings import Settings


def universe_source(settings: Settings) -> UniverseSource:
    """The file that the settings name for symbols, read anew each time."""
    universe = settings.universe

    async def read() -> Universe:
        if universe.source == "bar_store":
            return await asyncio.to_thread(store_universe, bar_store(settings))
        return await asyncio.to_thread(watchlist_universe, universe.watchlist)

    return read


def chosen_universe(settings: Settings, broker: Broker, data: MarketData) -> UniverseSource:
    """Where the settings say that symbols come from."""
    universe = settings.universe
    if universe.source != "market_scanner":
        return universe_source(settings)
    wanted = MarketScan(
        min_market_cap_usd=universe.min_market_cap,
        min_price_usd=universe.min_price,
        min_volume=universe.min_volume,
    )
    return ScannedUniverse(broker, data.universes, wanted)
