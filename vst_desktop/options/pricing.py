"""Black-Scholes prices, Greeks and implied volatility of European options, vectorised.

``is_call`` is a boolean array (True for calls); spot, strike and prices in USD per share, time in
years, rates and volatility per year. All arguments broadcast. Formulas: Black and Scholes (1973)
with Merton's continuous dividend yield, as in J. Hull, "Options, Futures, and Other Derivatives".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from vst_desktop.options.normal import Floats, cdf, cdf_and_pdf, pdf

DAYS_A_YEAR = 365.0
MAX_VOLATILITY = 5.0
_PRICE_TOLERANCE = 1e-10
_STEP_TOLERANCE = 1e-5
"""Relative; a step of third order this small leaves no error that counts."""
_START = 0.1
_TINY = 1e-300
_MAX_STEPS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeks:
    """Price and Greeks per share: theta per calendar day, vega per volatility point (1 %).

    ``approximate``: good enough to rank by, from a model at less than its full effort.
    """

    price: Floats
    delta: Floats
    gamma: Floats
    vega: Floats
    theta: Floats
    approximate: bool = False


class Fault(IntEnum):
    """Why no volatility gives a price."""

    NONE = 0
    NOT_A_NUMBER = 1
    NO_TIME = 2
    BELOW_INTRINSIC = 3
    ABOVE_BOUND = 4

    def text(self) -> str:
        """In words, for a trader."""
        return _FAULTS[self]


_FAULTS = {
    Fault.NONE: "has a volatility",
    Fault.NOT_A_NUMBER: "a price or another input is missing",
    Fault.NO_TIME: "no time is left",
    Fault.BELOW_INTRINSIC: "the price is not above what exercise would bring",
    Fault.ABOVE_BOUND: "the price is above what any volatility up to 500 % gives",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Implied:
    """Volatilities per year, NaN exactly where ``fault`` is not ``NONE``."""

    volatility: Floats
    fault: npt.NDArray[np.int8]


def greeks(
    *,
    is_call: npt.ArrayLike,
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    years: npt.ArrayLike,
    volatility: npt.ArrayLike,
    rate: npt.ArrayLike = 0.0,
    dividend_yield: npt.ArrayLike = 0.0,
) -> Greeks:
    """European price and Greeks; NaN where the volatility is NaN.

    At no time left or no volatility: the discounted intrinsic value of the forward, with gamma,
    vega and theta zero.
    """
    call, (s, k, t, sigma, r, q) = arrays(
        is_call, spot, strike, years, volatility, rate, dividend_yield
    )
    # Few arrays, and those used again: new pages cost as much as the arithmetic.
    t = np.maximum(t, 0.0)
    carry, discount = _discounted(s, q, t), _discounted(k, r, t)
    root_time = np.sqrt(t, out=t)
    root = sigma * root_time
    certain = root == 0
    d = np.empty((2, *root.shape))
    with np.errstate(divide="ignore", invalid="ignore"):
        moneyness = np.log(np.divide(carry, discount, out=d[1]), out=d[1])
        np.divide(moneyness, root, out=d[0])
        d[0] += 0.5 * root
    d[0][certain] = np.where(moneyness[certain] > 0, np.inf, -np.inf)
    np.subtract(d[0], root, out=d[1])
    probability, densities = cdf_and_pdf(d)
    probability[:, ~call] -= 1.0
    of_spot, of_strike = probability
    of_spot *= carry
    of_strike *= discount
    density = densities[0]
    density *= carry
    theta = densities[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        gamma = density / root
        gamma /= s
        gamma /= s
        np.divide(density, root_time, out=theta)
    theta *= sigma
    theta *= -0.5
    theta += q * of_spot
    theta -= r * of_strike
    theta /= DAYS_A_YEAR
    gamma[certain] = theta[certain] = 0.0
    vega = density * root_time
    vega /= 100
    price = of_spot - of_strike
    return Greeks(
        price=np.maximum(price, 0.0, out=price),
        delta=np.divide(of_spot, s, out=of_spot),
        gamma=gamma,
        vega=vega,
        theta=theta,
    )


def _discounted(value: Floats, rate: Floats, years: Floats) -> Floats:
    factor = np.exp(-rate * years)
    factor *= value
    return factor


def price(
    *,
    is_call: npt.ArrayLike,
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    years: npt.ArrayLike,
    volatility: npt.ArrayLike,
    rate: npt.ArrayLike = 0.0,
    dividend_yield: npt.ArrayLike = 0.0,
) -> Floats:
    """European price in USD per share."""
    return greeks(
        is_call=is_call,
        spot=spot,
        strike=strike,
        years=years,
        volatility=volatility,
        rate=rate,
        dividend_yield=dividend_yield,
    ).price


def implied_volatility(
    prices: npt.ArrayLike,
    *,
    is_call: npt.ArrayLike,
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    years: npt.ArrayLike,
    rate: npt.ArrayLike = 0.0,
    dividend_yield: npt.ArrayLike = 0.0,
) -> Implied:
    """The volatility at which the European price equals ``prices``, or why none does.

    Works on the out-of-the-money side through put-call parity, where the price resolves the
    volatility best. Third-order steps (Halley's), on the inverse of the price's logarithm
    below the volatility of largest vega and on the price above it, as in P. Jäckel, "By
    implication" (2006), inside a bracket that only shrinks. None exists for a price at or below
    the discounted intrinsic value, at or above the value at 500 % volatility, without time, or
    for a NaN.
    """
    call, (s, k, t, target, r, q) = arrays(
        is_call, spot, strike, years, prices, rate, dividend_yield
    )
    s, k = (np.where(x > 0, x, np.nan) for x in (s, k))
    forward, discounted = s * np.exp(-q * t), k * np.exp(-r * t)
    parity = np.maximum(np.where(call, forward - discounted, discounted - forward), 0.0)
    scale = np.sqrt(forward * discounted)
    value, x = (target - parity) / scale, -np.abs(np.log(forward / discounted))
    fault = np.full(target.shape, Fault.NONE, dtype=np.int8)
    root_time = np.sqrt(np.maximum(t, 0.0))
    fault[value >= _normalised(x, np.maximum(MAX_VOLATILITY * root_time, _TINY))[0]] = (
        Fault.ABOVE_BOUND
    )
    fault[value * scale <= _PRICE_TOLERANCE] = Fault.BELOW_INTRINSIC
    fault[t <= 0] = Fault.NO_TIME
    fault[~np.isfinite(target + x + scale)] = Fault.NOT_A_NUMBER
    result = np.full(target.shape, np.nan)
    index = np.flatnonzero(fault == Fault.NONE)
    result[index] = _solve(x[index], value[index], MAX_VOLATILITY * root_time[index])
    result[index] /= root_time[index]
    return Implied(volatility=result, fault=fault)


def _normalised(x: Floats, total: Floats) -> tuple[Floats, Floats]:
    """Price of the out-of-the-money option over sqrt(forward strike), undiscounted, and its slope.

    ``x`` is minus the distance of their logarithms, ``total`` the volatility to expiration.
    """
    middle = x / total
    upper, lower = cdf(np.stack([middle + total / 2, middle - total / 2]))
    value = np.exp(x / 2) * upper - np.exp(-x / 2) * lower
    return value, pdf(middle) * np.exp(-total * total / 8)


def _solve(x: Floats, value: Floats, most: Floats) -> Floats:
    """The total volatility that gives these normalised values."""
    total = np.minimum(np.maximum(np.sqrt(-2 * x), _START), most)
    at_start = _normalised(x, total)[0]
    below = value < at_start
    low = np.where(below, 0.0, total)
    high = np.where(below, total, most)
    index = np.arange(len(x))
    # Between the price's behaviour near no volatility and its logarithm's at the start.
    logs = np.log(np.where(below, value, at_start))
    near, far = -x / np.sqrt(-2 * logs), total * np.sqrt(np.log(at_start) / logs)
    result = np.where(below & (near > 0), np.sqrt(near * far), total)
    for _ in range(_MAX_STEPS):
        if not index.size:
            break
        total = result[index]
        now, slope = _normalised(x[index], total)
        now, slope = np.maximum(now, _TINY), np.maximum(slope, _TINY)
        wanted, small = value[index], below[index]
        over = now > wanted
        high[index] = np.where(over, total, high[index])
        low[index] = np.where(over, low[index], total)
        bend = x[index] ** 2 / total**3 - total / 4
        log, goal = np.log(now), np.log(wanted)
        newton = np.where(small, (1 / log - 1 / goal) * now * log * log, wanted - now) / slope
        bend = np.where(small, bend - slope / now * (1 + 2 / log), bend)
        # Halley's factor, kept from turning a step round.
        step = total + newton / np.clip(1 + newton * bend / 2, 0.5, 2.0)
        inside = (step >= low[index]) & (step <= high[index])
        result[index] = np.where(inside, step, 0.5 * (low[index] + high[index]))
        moved = np.abs(result[index] - total)
        index = index[(moved > _STEP_TOLERANCE * total) & (high[index] - low[index] > 0)]
    return result


def arrays(
    is_call: npt.ArrayLike, *numbers: npt.ArrayLike
) -> tuple[npt.NDArray[np.bool_], list[Floats]]:
    """All of one shape, at least one long."""
    call, *rest = np.broadcast_arrays(
        np.atleast_1d(np.asarray(is_call, dtype=np.bool_)),
        *(np.asarray(x, dtype=np.float64) for x in numbers),
    )
    return call, rest
