"""Looks at single instruments, and watches that outlive connections."""

from __future__ import annotations

import asyncio
import logging
import math
from collections import Counter
from collections.abc import Callable
from decimal import Decimal

from vst_desktop.adapters.ibkr import convert
from vst_desktop.adapters.ibkr.chains import GENERIC_TICKS, Chains
from vst_desktop.adapters.ibkr.dividends import GENERIC_TICK, Dividends
from vst_desktop.adapters.ibkr.library import Ticker
from vst_desktop.adapters.ibkr.lines import Line, Lines
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.money import price
from vst_desktop.domain.quotes import OptionContract, OptionQuote, StockQuote
from vst_desktop.domain.spreads import VerticalSpread

log = logging.getLogger(__name__)

TICK_SECS = 2.0
UNKNOWN_COMBO_TICK = Decimal("0.05")
"""A multiple of every tick US combos have: a price on it is on the finer grid, too."""


class Watches:
    """What is streamed, counted per holder; subscribed afresh on every connection.

    Args:
        tell: Takes each new quote.
        dividends: Where dividends go that are told with the quotes.
    """

    def __init__(
        self, tell: Callable[[StockQuote | OptionQuote], None], dividends: Dividends
    ) -> None:
        self._tell = tell
        self._dividends = dividends
        self._stocks: Counter[str] = Counter()
        self._options: Counter[OptionContract] = Counter()
        self._lines: Lines | None = None
        self._chains: Chains | None = None

    async def attach(self, lines: Lines, chains: Chains) -> None:
        """Subscribe everything on a new connection, or again where TWS lost it."""
        self.detach()
        self._lines, self._chains = lines, chains
        await self.complete()

    async def complete(self) -> None:
        """Subscribe what is held and has no line yet.

        What fails is left for the next call: one instrument that TWS does not find just now must
        not keep the station from its broker.
        """
        await asyncio.gather(*(self._try_stock(symbol) for symbol in tuple(self._stocks)))
        for contract in tuple(self._options):
            try:
                self._stream_option(contract)
            except UserError as error:
                log.info("%s is not streamed yet: %s", contract.symbol, error)

    async def _try_stock(self, symbol: str) -> None:
        try:
            await self._stream_stock(symbol)
        except (UserError, TimeoutError) as error:
            log.info("%s is not streamed yet: %s", symbol, error)

    def detach(self) -> None:
        """End all lines; what is watched stays known."""
        if self._lines is not None:
            for key in (*self._stocks, *(str(one.con_id) for one in self._options)):
                self._lines.unwatch(key)
        self._lines = self._chains = None

    async def watch_stock(self, symbol: str) -> None:
        """Hold a stock; without a connection it is subscribed with the next one."""
        self._stocks[symbol] += 1
        try:
            await self._stream_stock(symbol)
        except BaseException:
            self.unwatch_stock(symbol)
            raise

    def unwatch_stock(self, symbol: str) -> None:
        """Let go of a stock."""
        if self._let_go(self._stocks, symbol) and self._lines is not None:
            self._lines.unwatch(symbol)

    def watch_spread(self, spread: VerticalSpread) -> None:
        """Hold both legs; as for a stock."""
        for leg in (spread.long, spread.short):
            self._options[leg] += 1
        try:
            for leg in (spread.long, spread.short):
                self._stream_option(leg)
        except BaseException:
            self.unwatch_spread(spread)
            raise

    def unwatch_spread(self, spread: VerticalSpread) -> None:
        """Let go of both legs."""
        for leg in (spread.long, spread.short):
            if self._let_go(self._options, leg) and self._lines is not None:
                self._lines.unwatch(str(leg.con_id))

    @staticmethod
    def _let_go[K](held: Counter[K], key: K) -> bool:
        held[key] -= 1
        if held[key] > 0:
            return False
        del held[key]
        return True

    async def _stream_stock(self, symbol: str) -> None:
        if self._chains is None:
            return
        contract = await self._chains.stock(symbol)

        def tell(line: Line) -> None:
            self._dividends.take(symbol, line.ticker)
            self._tell(convert.stock_quote(symbol, line.ticker, line.time))

        # by now the last holder may have let go, or the connection may be gone
        if self._lines is not None and symbol in self._stocks:
            self._lines.watch(symbol, contract, GENERIC_TICK, tell)

    def _stream_option(self, contract: OptionContract) -> None:
        def tell(line: Line) -> None:
            self._tell(convert.option_quote(contract, line.ticker, line.time))

        if self._lines is not None:
            self._lines.watch(str(contract.con_id), convert.option(contract), GENERIC_TICKS, tell)


async def combo_tick(lines: Lines, spread: VerticalSpread) -> Decimal | None:
    """Price increment of the spread as a combo, USD; None when the broker does not tell."""

    def told(ticker: Ticker) -> bool:
        return not math.isnan(ticker.minTick) and ticker.minTick > 0

    async with lines.look(convert.bag(spread)) as line:
        if await line.until(told, TICK_SECS):
            return price(line.ticker.minTick)
        return None
