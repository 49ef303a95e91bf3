"""Stocks with chains whose prices walk by the seed: the same moment has the same price."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from itertools import count

from tests.helpers.tiny_market import TinyMarket
from vst_desktop.adapters.tws_sim.world import Instrument, MarketQuote, Right

SYMBOLS = ("AAPL", "MSFT", "NFLX")
SESSION = date(2023, 11, 7)
EXPIRATION = date(2023, 12, 15)
STRIKES = tuple(float(s) for s in range(80, 125, 5))
STEP_SECS = 5
_MOVE = 0.0009
"""Standard deviation of a step: a stop of half a percent is met within minutes."""


class SimulationMarket(TinyMarket):
    """All stocks begin near 100; options are worth intrinsic value and up to 4."""

    name = "simulation"

    def __init__(self, seed: int, start: datetime, symbols: Sequence[str] = SYMBOLS) -> None:
        super().__init__()
        self._seed = seed
        self._start = start
        known = list(self._stocks.values())
        self._stocks = {
            symbol: replace(known[0], con_id=1000 + n, symbol=symbol, local_symbol=symbol)
            for n, symbol in enumerate(symbols)
        }
        ids = count(500_001)
        self._chains: dict[tuple[str, str], list[Instrument]] = {}
        for symbol, stock in self._stocks.items():
            for right in ("C", "P"):
                self._chains[symbol, right] = [
                    Instrument(
                        con_id=next(ids),
                        symbol=symbol,
                        sec_type="OPT",
                        local_symbol=f"{symbol:<6}{EXPIRATION:%y%m%d}{right}{round(k * 1000):08d}",
                        trading_class=symbol,
                        under_con_id=stock.con_id,
                        expiration=EXPIRATION,
                        strike=k,
                        right=right,
                        multiplier=100,
                    )
                    for k in STRIKES
                ]
        every = [*self._stocks.values(), *(o for some in self._chains.values() for o in some)]
        self._by_id = {one.con_id: one for one in every}
        self._walk = cache(self._walked)

    def _walked(self, symbol: str) -> list[float]:
        rng = random.Random(f"{self._seed} {symbol}")
        steps, level = [], math.log(100 + 2 * rng.random())
        for _ in range(2 * 3600 // STEP_SECS):
            steps.append(round(math.exp(level), 2))
            level += rng.gauss(0, _MOVE)
        return steps

    def spot(self, symbol: str, at: datetime) -> float:
        """The stock's price."""
        steps = self._walk(symbol)
        index = int((at - self._start).total_seconds() // STEP_SECS)
        return steps[min(max(index, 0), len(steps) - 1)]

    def quote(self, instrument: Instrument, at: datetime) -> MarketQuote | None:
        """Quotes of that moment."""
        self.spots = {instrument.symbol: self.spot(instrument.symbol, at)}
        return super().quote(instrument, at)

    def expirations(self, symbol: str, at: datetime) -> Sequence[date]:
        """One."""
        return (EXPIRATION,)

    def options(
        self, symbol: str, expiration: date, at: datetime, right: Right | None = None
    ) -> Sequence[Instrument]:
        """All strikes."""
        rights = (right,) if right else ("C", "P")
        return [one for side in rights for one in self._chains.get((symbol, side), [])]

    def chosen(self, symbol: str, strike: float, right: Right = "C") -> Instrument:
        """One option."""
        return next(o for o in self._chains[symbol, right] if o.strike == strike)


def minutes(start: datetime, count: float) -> datetime:
    """So many minutes later."""
    return start + timedelta(minutes=count)
