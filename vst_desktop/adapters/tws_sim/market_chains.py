"""Listed options and their modelled quotes, shared by both markets.

Prices are Black-Scholes with a volatility smile; widths, sizes and open interest are what such a
stock's chain shows. All of it is a pure function of symbol, moment and price.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from vst_desktop.adapters.tws_sim.timing import EASTERN
from vst_desktop.adapters.tws_sim.world import Instrument, MarketQuote, Right
from vst_desktop.runtime.calendar import Sessions

RATE = 0.04
WEEKLIES = 8
MONTHS = 6
STRIKE_REACH = 0.35
"""Strikes are listed this far around the price, as a fraction of it."""
_FIRST_OPTION_ID = 700_000_000
_OPTION_IDS = 1_000_000_000


@lru_cache(maxsize=4096)
def listed_expirations(day: date) -> tuple[date, ...]:
    """Weekly and monthly expirations listed on that day: Fridays, or the session before."""
    sessions = Sessions()
    friday = day + timedelta(days=(4 - day.weekday()) % 7)
    weeklies = [friday + timedelta(weeks=week) for week in range(WEEKLIES)]
    monthlies = []
    year, month = day.year, day.month
    for _ in range(MONTHS + 1):
        first = date(year, month, 1)
        third = first + timedelta(days=(4 - first.weekday()) % 7 + 14)
        if third >= day:
            monthlies.append(third)
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    found = {
        each if sessions.is_session(each) else sessions.previous_session(each)
        for each in (*weeklies, *monthlies)
    }
    return tuple(sorted(each for each in found if each > day))


def strike_step(price: float) -> float:
    """Distance of strikes for a stock of that price, USD."""
    if price < 25:
        return 0.5
    if price < 110:
        return 1.0
    if price < 200:
        return 2.5
    return 5.0


def listed_strikes(anchor: float) -> tuple[float, ...]:
    """The strikes around a price."""
    step = strike_step(anchor)
    low = math.ceil(anchor * (1 - STRIKE_REACH) / step)
    high = math.floor(anchor * (1 + STRIKE_REACH) / step)
    return tuple(round(index * step, 2) for index in range(max(low, 1), high + 1))


def occ_symbol(symbol: str, expiration: date, right: Right, strike: float) -> str:
    """The local symbol, as ``AAPL  261218C00100000``."""
    return f"{symbol:<6}{expiration:%y%m%d}{right}{round(strike * 1000):08d}"


class OptionRegister:
    """Makes option instruments and finds them again by contract id."""

    def __init__(self) -> None:
        self._by_symbol: dict[str, Instrument] = {}
        self._by_id: dict[int, Instrument] = {}

    def option(
        self, stock: Instrument, expiration: date, right: Right, strike: float
    ) -> Instrument:
        """The instrument of one listed option; the same one each time."""
        trading_class = stock.symbol.replace(".", "")
        local = occ_symbol(trading_class, expiration, right, strike)
        known = self._by_symbol.get(local)
        if known is not None:
            return known
        con_id = _FIRST_OPTION_ID + zlib.crc32(local.encode()) % _OPTION_IDS
        while con_id in self._by_id:
            con_id += 1
        made = Instrument(
            con_id=con_id,
            symbol=stock.symbol,
            sec_type="OPT",
            local_symbol=local,
            trading_class=trading_class,
            long_name=stock.long_name,
            under_con_id=stock.con_id,
            expiration=expiration,
            strike=strike,
            right=right,
            multiplier=100,
        )
        self._by_symbol[local] = self._by_id[con_id] = made
        return made

    def by_id(self, con_id: int) -> Instrument | None:
        """The option of that contract id, None when it was never listed."""
        return self._by_id.get(con_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Smile:
    """Volatility by strike: ``level`` at the money; ``skew`` and ``curve`` per standard deviation.

    ``liquidity`` is the stock's average volume in millions of shares.
    """

    level: float
    skew: float = -0.035
    curve: float = 0.012
    liquidity: float = 10.0

    def at(self, strike: float, spot: float, years: float) -> float:
        """Volatility of one strike."""
        deviations = math.log(strike / spot) / (self.level * math.sqrt(max(years, 1 / 365)))
        bent = 1 + self.skew * deviations + self.curve * deviations * deviations
        return self.level * min(max(bent, 0.7), 1.6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Black-Scholes price and Greeks of one option, per share; theta a day, vega a point.

    Written here with ``math`` alone: the simulator's figures are a second opinion on the
    station's own, and one scalar costs microseconds.
    """

    price: float
    delta: float
    gamma: float
    vega: float
    theta: float


def model(*, is_call: bool, spot: float, strike: float, years: float, sigma: float) -> Model:
    """Price and Greeks at the market's rate, without dividends."""
    root = sigma * math.sqrt(years)
    d1 = (math.log(spot / strike) + RATE * years) / root + root / 2
    d2 = d1 - root
    density = math.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi)
    present = strike * math.exp(-RATE * years)
    sign = 1.0 if is_call else -1.0
    n1, n2 = _cdf(sign * d1), _cdf(sign * d2)
    return Model(
        price=sign * (spot * n1 - present * n2),
        delta=sign * n1,
        gamma=density / (spot * root),
        vega=spot * density * math.sqrt(years) / 100,
        theta=(-spot * density * sigma / (2 * math.sqrt(years)) - sign * RATE * present * n2) / 365,
    )


def _cdf(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


def implied_sigma(
    *, is_call: bool, spot: float, strike: float, years: float, price: float
) -> float | None:
    """The volatility at which the model gives that price, by bisection; None when none does."""
    low, high = 0.01, 5.0
    for _ in range(60):
        middle = (low + high) / 2
        value = model(is_call=is_call, spot=spot, strike=strike, years=years, sigma=middle).price
        low, high = (middle, high) if value < price else (low, middle)
    at_edge = low > 4.99 or high < 0.0101
    return None if at_edge else (low + high) / 2


def years_between(at: datetime, expiration: date) -> float:
    """Calendar years until 16:00 Eastern on the expiration, at least a minute."""
    end = datetime.combine(expiration, time(16), tzinfo=EASTERN)
    return max((end - at).total_seconds(), 60.0) / (365 * 86400)


def modelled_quote(option: Instrument, spot: float, smile: Smile, at: datetime) -> MarketQuote:
    """The quote of an option while its stock stands at ``spot``."""
    assert option.strike is not None and option.expiration is not None
    years = years_between(at, option.expiration)
    sigma = smile.at(option.strike, spot, years)
    is_call = option.right == "C"
    greeks = model(is_call=is_call, spot=spot, strike=option.strike, years=years, sigma=sigma)
    intrinsic = max((spot - option.strike) * (1 if is_call else -1), 0.0)
    middle = max(greeks.price, intrinsic)
    half = 0.008 + 0.011 * middle + 0.02 / math.sqrt(smile.liquidity)
    tick = 0.01 if middle < 3 else 0.05
    bid = round(math.floor((middle - half) / tick + 1e-9) * tick, 2)
    ask = round(max(math.ceil((middle + half) / tick - 1e-9) * tick, tick), 2)
    noise = zlib.crc32(option.local_symbol.encode())
    move = spot * smile.level * math.sqrt(years)
    near = math.exp(-0.5 * ((option.strike - spot) / move) ** 2)
    even = 2.0 if option.strike % 5 == 0 else 1.0
    interest = int(near * even * 400 * math.sqrt(smile.liquidity) * (0.6 + noise % 97 / 97))
    return MarketQuote(
        bid=bid if bid > 0 else None,
        ask=ask,
        bid_size=5 + noise % 60,
        ask_size=5 + noise // 64 % 60,
        last=round(middle, 2) if middle >= 0.01 else None,
        last_size=1 + noise % 9,
        volume=interest // 9,
        open_interest=interest,
        implied_volatility=sigma,
        delta=greeks.delta,
        gamma=greeks.gamma,
        vega=greeks.vega,
        theta=greeks.theta,
        model_price=middle,
        underlying_price=spot,
    )
