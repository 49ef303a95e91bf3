"""The bars of a scan: out of the bar store, completed by the broker, handed to the scanner."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vst_desktop.domain.bars import BarSeries, SymbolError
from vst_desktop.domain.errors import UserError
from vst_desktop.marketdata.data import MarketData
from vst_desktop.ports.scanner import DoorPolicy, PutResult, Scanner

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """Gets the bars that are scanned.

    Args:
        market_data: Gives them.
        scanner: Takes them.
        bars: Filled with each symbol's bars as they come.
        keep: Start from the scanner's bar store, and write into it what it lacks. Not for
            invented prices.
    """

    market_data: MarketData
    scanner: Scanner
    bars: dict[str, BarSeries]
    keep: bool

    async def fetch(
        self, symbols: Sequence[str], on_progress: Callable[[int, int], None]
    ) -> tuple[list[BarSeries], list[SymbolError]]:
        """The bars of these symbols as they are now, and the symbols that gave none."""
        fetched: dict[str, BarSeries] = {}
        if self.keep:
            await self._start_from_store(symbols)

        def take(series: BarSeries) -> None:
            fetched[series.symbol] = self.bars[series.symbol] = series
            on_progress(len(fetched), len(symbols))

        errors = await self.market_data.daily_bars(symbols, take)
        return list(fetched.values()), errors

    def held_for(
        self, failed: Sequence[SymbolError]
    ) -> tuple[list[BarSeries], list[SymbolError], list[SymbolError]]:
        """Whole bars that are held of symbols that gave none now, what is said of each, and the
        symbols of which nothing is held."""
        found, told, lost = [], [], []
        for error in failed:
            series = self.bars.get(error.symbol)
            series = series.whole() if series is not None else None
            if not series:
                lost.append(error)
                continue
            self.bars[error.symbol] = series
            found.append(series)
            text = f"{error.error}; scanned on the bars held, up to {series.dates[-1]}"
            told.append(SymbolError(symbol=error.symbol, error=text))
        return found, told, lost

    async def _start_from_store(self, symbols: Sequence[str]) -> None:
        """Let the broker be asked only for what the store does not have."""
        held = self.market_data.daily.whole.held
        new = [symbol for symbol in symbols if held(symbol) is None]
        if not new:
            return
        try:
            found = await self.market_data.prefetch(new)
        except UserError as error:
            log.info("no bars are taken from the bar store: %s", error)
        else:
            log.info("%d of %d symbols start from the bar store", found.cached, len(new))

    async def hand_over(self, fetched: Sequence[BarSeries], policy: DoorPolicy) -> PutResult:
        """Give the scanner the bars; whole ones go into its store, the forming one never."""
        return await self.scanner.put_bars(fetched, keep=self.keep, door_policy=policy)
