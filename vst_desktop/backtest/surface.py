"""The lab's option model: a volatility for every strike and term, and a quote's width.

From the underlying's own history alone: nothing is random, and nothing looks ahead. How well it
meets recorded chains is said in docs/backtest.md and in every report.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vst_desktop.options.normal import Floats, cdf
from vst_desktop.options.pricing import DAYS_A_YEAR

REVERSION = 4.0
"""Speed, per year, at which variance goes back from the last month's to the last year's."""
FARTHEST = 3.0
"""Standard deviations from the spot beyond which the volatility stays."""
LEAST_VOLATILITY = 0.05
LEAST_SHAPE = 0.3
_UNIT = 10_000
_TICK = 100
"""A cent, in 1/10000 USD."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """Keys of the settings group ``backtest`` and the rates of ``options``.

    Volatility at the spot: historical variances of the last month and the last year, the first
    fading into the second with the term, times ``volatility_premium``. By strike: times
    1 + skew x + smile x squared, x in standard deviations from the spot.
    """

    volatility_premium: float
    skew: float
    smile: float
    leg_width_pct: float
    least_leg_width_usd: float
    rate: float
    dividend_yield: float

    def at_spot(self, short: Floats, long: Floats, years: Floats) -> Floats:
        """Volatility per year at the spot for this term."""
        reach = REVERSION * np.maximum(years, 1 / DAYS_A_YEAR)
        fading = -np.expm1(-reach) / reach
        variance = long + (short - long) * fading
        return np.maximum(self.volatility_premium * np.sqrt(variance), LEAST_VOLATILITY)

    def at_strike(self, at_spot: Floats, moneyness: Floats, years: Floats) -> Floats:
        """Volatility per year at the strike whose logarithm lies ``moneyness`` above the spot's."""
        away = moneyness / (at_spot * np.sqrt(np.maximum(years, 1 / DAYS_A_YEAR)))
        away = np.minimum(np.maximum(away, -FARTHEST), FARTHEST)
        shape = 1 + away * (self.skew + self.smile * away)
        return np.asarray(at_spot * np.maximum(shape, LEAST_SHAPE))

    def value(
        self,
        sign: Floats,
        spot: Floats,
        strike: Floats,
        moneyness: Floats,
        years: Floats,
        volatility: Floats,
    ) -> tuple[Floats, Floats]:
        """Price per share and delta; calls where ``sign`` is 1, puts where it is -1.

        Black-Scholes, never below what exercise brings: near enough to the American price.
        """
        root = volatility * np.sqrt(np.maximum(years, 1e-6))
        carry, discount = np.exp(-self.dividend_yield * years), np.exp(-self.rate * years)
        middle = ((self.rate - self.dividend_yield) * years - moneyness) / root
        half = 0.5 * root
        n1, n2 = cdf(np.stack((sign * (middle + half), sign * (middle - half))))
        delta = sign * carry * n1
        price = spot * delta - sign * discount * strike * n2
        return np.maximum(price, np.maximum(sign * (spot - strike), 0.0)), delta

    def quotes(self, price: Floats, scale: Floats | float = 1.0) -> tuple[Floats, Floats]:
        """Bid and ask in 1/10000 USD on the cent around model prices; a bid of 0 is none.

        The width is a share of the price, at least ``least_leg_width_usd``: what lies far in the
        money is dear, and wide. ``scale``: USD of the contract's own basis in one of the price's.
        """
        width = np.maximum(self.leg_width_pct * price * scale, self.least_leg_width_usd)
        middle = price * scale
        bid = np.floor((middle - width / 2) * _UNIT / _TICK + 1e-6) * _TICK
        ask = np.ceil((middle + width / 2) * _UNIT / _TICK - 1e-6) * _TICK
        return np.maximum(bid, 0.0), ask
