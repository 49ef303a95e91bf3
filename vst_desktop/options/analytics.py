"""How likely a debit vertical pays, and where: breakeven and chances, vectorised.

Volatilities per year, one per leg (the skew); prices per share in USD unless named otherwise.
Time to expiration is calendar days or years of 365 days.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import numpy.typing as npt

from vst_desktop.domain.signals import Direction
from vst_desktop.domain.spreads import VerticalSpread
from vst_desktop.options.commissions import TIERED
from vst_desktop.options.normal import Floats, cdf, pdf


def commission_usd(contracts: int) -> Decimal:
    """Commission of one order by the broker's table, both legs at 0.10 USD or more."""
    return TIERED.usual_order_usd(contracts)


def breakeven(spread: VerticalSpread, debit: Decimal) -> Decimal:
    """The underlying's price at which the spread is worth its debit at expiration."""
    return spread.long.strike + spread.direction.sign * debit


def interpolated_volatility(
    at: npt.ArrayLike,
    long_strike: npt.ArrayLike,
    short_strike: npt.ArrayLike,
    long_iv: npt.ArrayLike,
    short_iv: npt.ArrayLike,
) -> Floats:
    """Volatility at a price between the legs' strikes, on the line between theirs."""
    x, a, b = (np.asarray(v, dtype=np.float64) for v in (at, long_strike, short_strike))
    left, right = (np.asarray(v, dtype=np.float64) for v in (long_iv, short_iv))
    share = np.clip((x - a) / (b - a), 0.0, 1.0)
    return left + share * (right - left)


def probability_beyond(
    level: npt.ArrayLike,
    *,
    direction: Direction,
    spot: float,
    years: npt.ArrayLike,
    volatility: npt.ArrayLike,
    rate: float,
    dividend_yield: float,
) -> Floats:
    """Implied chance that the underlying ends above (LONG) or below (SHORT) ``level``.

    Phi(d2) and Phi(-d2) of Black-Scholes; at the breakeven with its interpolated volatility it is
    the probability of profit. A statement about prices paid, not a forecast.
    """
    target = np.asarray(level, dtype=np.float64)
    sigma = np.asarray(volatility, dtype=np.float64)
    left = np.maximum(np.asarray(years, dtype=np.float64), 0.0)
    ends = np.where((spot - target) * direction.sign > 0, 1.0, 0.0)
    root = sigma * np.sqrt(left)
    drift = (rate - dividend_yield - 0.5 * sigma * sigma) * left
    d2 = (np.log(spot / target) + drift) / np.where(root > 0, root, 1.0)
    odds = np.where(root > 0, cdf(direction.sign * d2), ends)
    return np.where(np.isnan(sigma), np.nan, odds)


def skewed_probability_beyond(
    level: npt.ArrayLike,
    *,
    direction: Direction,
    spot: float,
    years: npt.ArrayLike,
    strikes: tuple[npt.ArrayLike, npt.ArrayLike],
    ivs: tuple[npt.ArrayLike, npt.ArrayLike],
    rate: float,
    dividend_yield: float,
) -> Floats:
    """``probability_beyond`` with the skew in it: -e^(rT) dC/dK (e^(rT) dP/dK for puts).

    The derivative of the option's price along the line between the legs' volatilities (D. Breeden
    and R. Litzenberger, "Prices of state-contingent claims implicit in option prices", 1978). What
    Phi(d2) leaves out is vega times the line's slope; on recorded chains Phi(d2) lies outside what
    the quotes allow for one spread in ten, this for none.

    Args:
        strikes: Of the long and of the short leg; ``ivs`` likewise.
    """
    target = np.asarray(level, dtype=np.float64)
    left = np.asarray(years, dtype=np.float64)
    long, short = (np.asarray(k, dtype=np.float64) for k in strikes)
    bought, sold = (np.asarray(v, dtype=np.float64) for v in ivs)
    sigma = interpolated_volatility(target, long, short, bought, sold)
    flat = probability_beyond(
        target,
        direction=direction,
        spot=spot,
        years=left,
        volatility=sigma,
        rate=rate,
        dividend_yield=dividend_yield,
    )
    root = sigma * np.sqrt(np.maximum(left, 0.0))
    carry = (rate - dividend_yield) * left
    d1 = (np.log(spot / target) + carry) / np.where(root > 0, root, 1.0) + 0.5 * root
    vega = np.where(root > 0, spot * np.exp(carry) * pdf(d1) * np.sqrt(np.maximum(left, 0.0)), 0.0)
    slope = (sold - bought) / (short - long)
    return np.clip(flat - direction.sign * vega * slope, 0.0, 1.0)


def probability_of_touch(
    level: npt.ArrayLike,
    *,
    spot: float,
    years: float,
    volatility: npt.ArrayLike,
    rate: float,
    dividend_yield: float,
) -> Floats:
    """Implied chance that the underlying trades at ``level`` at least once before the end.

    First passage of geometric Brownian motion by the reflection principle (A. Borodin and
    P. Salminen, "Handbook of Brownian Motion"); 1 at the spot itself.
    """
    sigma = np.asarray(volatility, dtype=np.float64)
    away = np.log(np.asarray(level, dtype=np.float64) / spot)
    root = sigma * np.sqrt(max(years, 0.0))
    safe = np.where(root > 0, root, 1.0)
    drift = (rate - dividend_yield - 0.5 * sigma * sigma) * max(years, 0.0)
    side = np.where(away >= 0, 1.0, -1.0)
    through = cdf(side * (drift - away) / safe)
    reflected = np.exp(2 * drift * away / safe**2) * cdf(side * (-away - drift) / safe)
    chance = np.where(root > 0, np.minimum(through + reflected, 1.0), 0.0)
    return np.where(np.isnan(sigma), np.nan, np.where(away == 0, 1.0, chance))
