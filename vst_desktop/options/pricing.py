"""Black-Scholes prices, Greeks and implied volatility of European options, vectorised.

``is_call`` is a boolean array (True for calls); spot, strike and prices in USD per share, time in
years, rates and volatility per year. All arguments broadcast. Formulas: Black and Scholes (1973)
with Merton's continuous dividend yield, as in J. Hull, "Options, Futures, and Other Derivatives".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vst_desktop.options.normal import Floats, cdf, pdf

DAYS_A_YEAR = 365.0
MAX_VOLATILITY = 5.0
_MIN_VOLATILITY = 1e-4
_MIN_VEGA = 1e-10
_PRICE_TOLERANCE = 1e-10
_MAX_STEPS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeks:
    """Price and Greeks per share: theta per calendar day, vega per volatility point (1 %)."""

    price: Floats
    delta: Floats
    gamma: Floats
    vega: Floats
    theta: Floats


def greeks(
    *,
    is_call: npt.ArrayLike,
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    years: npt.ArrayLike,
    volatility: npt.ArrayLike,
    rate: float = 0.0,
    dividend_yield: float = 0.0,
) -> Greeks:
    """European price and Greeks; NaN where the volatility is NaN.

    At no time left or no volatility: the discounted intrinsic value of the forward, with gamma,
    vega and theta zero.
    """
    call, s, k, t, sigma = _arrays(is_call, spot, strike, years, volatility)
    root = sigma * np.sqrt(t)
    alive = root > 0
    safe_root = np.where(alive, root, 1.0)
    safe_t = np.where(t > 0, t, 1.0)
    carry, discount = np.exp(-dividend_yield * t), np.exp(-rate * t)
    moneyness = np.log(s / k) + (rate - dividend_yield) * t
    certain = np.where(moneyness > 0, np.inf, -np.inf)
    d1 = np.where(alive, moneyness / safe_root + 0.5 * root, certain)
    d1 = np.where(np.isnan(sigma), np.nan, d1)
    d2 = np.where(alive, d1 - root, d1)
    n1, n2 = cdf(d1), cdf(d2)
    side = np.where(call, 0.0, 1.0)
    price = np.maximum(s * carry * (n1 - side) - k * discount * (n2 - side), 0.0)
    density = np.where(alive, pdf(d1), 0.0) * carry
    decay = -s * density * sigma / (2 * np.sqrt(safe_t))
    holding = dividend_yield * s * carry * (n1 - side) - rate * k * discount * (n2 - side)
    return Greeks(
        price=price,
        delta=carry * (n1 - side),
        gamma=density / (s * safe_root),
        vega=s * density * np.sqrt(t) / 100,
        theta=np.where(alive, decay + holding, 0.0) / DAYS_A_YEAR,
    )


def price(
    *,
    is_call: npt.ArrayLike,
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    years: npt.ArrayLike,
    volatility: npt.ArrayLike,
    rate: float = 0.0,
    dividend_yield: float = 0.0,
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
    rate: float = 0.0,
    dividend_yield: float = 0.0,
) -> Floats:
    """The volatility at which the European price equals ``prices``; NaN where none does.

    Newton steps inside a bracket that only shrinks, bisection wherever Newton would leave it. No
    solution: a price at or below the discounted intrinsic value, at or above the value at 500 %
    volatility, no time left, or NaN. Works on the out-of-the-money side through put-call parity,
    where the price resolves the volatility best.
    """
    call, s, k, t, target = _arrays(is_call, spot, strike, years, prices)
    forward, discounted = s * np.exp(-dividend_yield * t), k * np.exp(-rate * t)
    otm_call = discounted >= forward
    parity = np.where(call, 1.0, -1.0) * (forward - discounted)
    target = np.where(call == otm_call, target, target - parity)
    result = np.full(target.shape, np.nan)

    def value(sigma: Floats, at: npt.NDArray[np.intp] | slice) -> Greeks:
        return greeks(
            is_call=otm_call[at],
            spot=s[at],
            strike=k[at],
            years=t[at],
            volatility=sigma,
            rate=rate,
            dividend_yield=dividend_yield,
        )

    everything = slice(None)
    highest = value(np.full(target.shape, MAX_VOLATILITY), everything).price
    lowest = value(np.full(target.shape, _MIN_VOLATILITY), everything).price
    with np.errstate(invalid="ignore"):
        solvable = (t > 0) & (target > lowest + _PRICE_TOLERANCE) & (target < highest)
    index = np.flatnonzero(solvable)
    low = np.full(index.shape, _MIN_VOLATILITY)
    high = np.full(index.shape, MAX_VOLATILITY)
    # Where vega is largest (Manaster and Koehler 1982): from there Newton does not overshoot.
    sigma = np.clip(np.sqrt(2 * np.abs(np.log(forward / discounted)[index]) / t[index]), 0.1, 3.0)
    for _ in range(_MAX_STEPS):
        if not index.size:
            break
        now = value(sigma, index)
        error = now.price - target[index]
        low, high = np.where(error < 0, sigma, low), np.where(error < 0, high, sigma)
        step = sigma - error / np.maximum(now.vega * 100, _MIN_VEGA)
        guess = np.where((step >= low) & (step <= high), step, 0.5 * (low + high))
        done = (np.abs(guess - sigma) < 1e-12) | (high - low < 1e-12)
        result[index[done]] = guess[done]
        left = ~done
        index, low, high, sigma = index[left], low[left], high[left], guess[left]
    result[index] = sigma
    return result


def _arrays(
    is_call: npt.ArrayLike, *numbers: npt.ArrayLike
) -> tuple[npt.NDArray[np.bool_], Floats, Floats, Floats, Floats]:
    floats = [np.asarray(x, dtype=np.float64) for x in numbers]
    call, s, k, t, last = np.broadcast_arrays(
        np.atleast_1d(np.asarray(is_call, dtype=np.bool_)), *floats
    )
    return call, s, k, t, last
