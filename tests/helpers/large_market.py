"""A market of one stock with 2,000 listed calls, and a simulator on it that ticks as asked."""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import count

from tests.helpers.tiny_market import IN_SESSION, TinyClock, TinyMarket
from vst_desktop.adapters.tws_sim.link import Pace
from vst_desktop.adapters.tws_sim.server import TwsServer
from vst_desktop.adapters.tws_sim.world import Instrument, MarketQuote, Right

_DAYS = (0, 3, 5, 7, 10, 12, 13, 14)
EXPIRATIONS = tuple(date(2022, 7, 1) + timedelta(days=step) for step in _DAYS)
STRIKES = tuple(60 + step / 3 for step in range(250))
VOLATILITY, RATE = 0.36, 0.04
REALISTIC = Pace(details_secs=0.2, quote_secs=0.15, greeks_secs=0.3)
"""The simulator's own ``--pace realistic``."""


class LargeMarket(TinyMarket):
    """AAPL at 100 with eight expirations of 250 calls, priced by Black and Scholes."""

    def __init__(self) -> None:
        super().__init__()
        ids = count(700001)
        self._calls = {
            day: [_call(next(ids), day, round(strike, 2)) for strike in STRIKES]
            for day in EXPIRATIONS
        }
        self._by_id |= {one.con_id: one for calls in self._calls.values() for one in calls}

    def expirations(self, symbol: str, at: datetime) -> Sequence[date]:
        return EXPIRATIONS if symbol == "AAPL" else ()

    def options(
        self, symbol: str, expiration: date, at: datetime, right: Right | None = None
    ) -> Sequence[Instrument]:
        return self._calls.get(expiration, []) if symbol == "AAPL" and right != "P" else []

    def quote(self, instrument: Instrument, at: datetime) -> MarketQuote | None:
        if instrument.sec_type == "STK":
            return super().quote(instrument, at)
        assert instrument.expiration is not None and instrument.strike is not None
        spot, years = self.spots["AAPL"], (instrument.expiration - at.date()).days / 365
        deviation = VOLATILITY * math.sqrt(years)
        d1 = (math.log(spot / instrument.strike) + (RATE + VOLATILITY**2 / 2) * years) / deviation
        discount = math.exp(-RATE * years)
        delta = _cdf(d1)
        middle = spot * delta - instrument.strike * discount * _cdf(d1 - deviation)
        density = math.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi)
        return MarketQuote(
            bid=round(max(middle - 0.02, 0.01), 2),
            ask=round(middle + 0.02, 2) + 0.01,
            bid_size=11,
            ask_size=12,
            last=round(middle, 2) or None,
            last_size=1,
            volume=345,
            close=round(middle, 2) or None,
            open_interest=1234,
            implied_volatility=VOLATILITY,
            delta=delta,
            gamma=density / (spot * deviation),
            vega=spot * density * math.sqrt(years) / 100,
            theta=-0.04,
            model_price=middle,
            underlying_price=spot,
        )


def _cdf(x: float) -> float:
    return (1 + math.erf(x / math.sqrt(2))) / 2


def _call(con_id: int, expiration: date, strike: float) -> Instrument:
    return Instrument(
        con_id=con_id,
        symbol="AAPL",
        sec_type="OPT",
        local_symbol=f"AAPL  {expiration:%y%m%d}C{round(strike * 1000):08d}",
        trading_class="AAPL",
        under_con_id=265598,
        expiration=expiration,
        strike=strike,
        right="C",
        multiplier=100,
    )


async def serve(hertz: float) -> None:
    """Print the port; all lines change so often a second, until the standard input ends."""
    market = LargeMarket()
    server = TwsServer(market, TinyClock(IN_SESSION))
    print(await server.start(), flush=True)
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), ended.set)
    due, turn = loop.time(), 0
    while not ended.is_set():
        turn += 1
        market.spots["AAPL"] = 100 + 2 * math.sin(turn / 7)
        server.refresh()
        due = max(due + 1 / hertz, loop.time())
        await asyncio.sleep(due - loop.time())
    await server.stop()
