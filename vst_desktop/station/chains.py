"""Option chains: fresh ones to decide on, kept ones to look at."""

from __future__ import annotations

from dataclasses import dataclass

from vst_desktop.domain.quotes import OptionChain, Right
from vst_desktop.domain.signals import Direction
from vst_desktop.marketdata.data import MarketData
from vst_desktop.ports.broker import Broker
from vst_desktop.ports.clock import Clock
from vst_desktop.runtime.calendar import trading_day
from vst_desktop.runtime.settings import Settings

MAX_CHAIN_CONTRACTS = 60
REACH_EM = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Chains:
    """Chains of one direction's right, within the settings' days to expiration, quoted in reach.

    Both raise ``UserError`` with the broker's reason, or ``TimeoutError``.
    """

    settings: Settings
    broker: Broker
    market_data: MarketData
    clock: Clock

    async def fresh(self, symbol: str, direction: Direction) -> OptionChain:
        """The chain asked for now: what proposals rest on."""
        right, asked_at = _right(direction), self.clock.now()
        chain = await self._ask(symbol, right)
        self.market_data.chains.put((symbol, right), chain, asked_at=asked_at)
        return chain

    async def browse(self, symbol: str, direction: Direction) -> OptionChain:
        """The chain to look at; it may be as old as ``cache.options_expiry``."""
        right = _right(direction)
        return await self.market_data.chains.get((symbol, right), lambda: self._ask(symbol, right))

    async def _ask(self, symbol: str, right: Right) -> OptionChain:
        options = self.settings.options
        return await self.broker.option_chain(
            symbol,
            right=right,
            dte=(options.min_dte, options.max_dte),
            today=trading_day(self.clock.now()),
            reach=REACH_EM,
            max_contracts=MAX_CHAIN_CONTRACTS,
        )


def _right(direction: Direction) -> Right:
    return Right.CALL if direction is Direction.LONG else Right.PUT
