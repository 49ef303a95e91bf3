"""American options with a rate, a dividend yield and cash dividends: price, Greeks, volatility.

The underlying's price falls by each cash dividend at its ex-date and is lognormal in between (the
spot model, as in QuantLib's finite-difference engine). Where early exercise cannot pay and no cash
dividend falls into the option's life, values are those of Black-Scholes. The measured errors and
times of both efforts stand in ``docs/adr/0012-american-options.md``.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from vst_desktop.options.early_exercise import CashDividends, Contracts, Effort, values
from vst_desktop.options.normal import Floats
from vst_desktop.options.pricing import (
    DAYS_A_YEAR,
    MAX_VOLATILITY,
    Fault,
    Greeks,
    Implied,
    implied_volatility,
)

NO_DIVIDENDS = CashDividends()
_BUMP = 0.01
_TOLERANCE_USD = {Effort.FAST: 2e-3, Effort.ACCURATE: 1e-7}
_ROUNDS = 60


def american_greeks(
    *,
    is_call: npt.ArrayLike,
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    years: npt.ArrayLike,
    volatility: npt.ArrayLike,
    rate: npt.ArrayLike = 0.0,
    dividend_yield: npt.ArrayLike = 0.0,
    dividends: CashDividends = NO_DIVIDENDS,
    effort: Effort = Effort.ACCURATE,
) -> Greeks:
    """Price and Greeks of American options in the units of ``Greeks``; NaN where an input is NaN.

    Where exercise at once is best: the exercise value, delta 1 or -1, the other Greeks 0. Vega of
    ``FAST`` is the European one: over weeks the premium's own share is below a hundredth of it.
    """
    contracts = Contracts.of(
        is_call, spot, strike, years, volatility, rate, dividend_yield, dividends
    )
    return _greeks(contracts, effort)


def american_price(
    *,
    is_call: npt.ArrayLike,
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    years: npt.ArrayLike,
    volatility: npt.ArrayLike,
    rate: npt.ArrayLike = 0.0,
    dividend_yield: npt.ArrayLike = 0.0,
    dividends: CashDividends = NO_DIVIDENDS,
    effort: Effort = Effort.ACCURATE,
) -> Floats:
    """American price in USD per share; NaN where an input is NaN."""
    contracts = Contracts.of(
        is_call, spot, strike, years, volatility, rate, dividend_yield, dividends
    )
    return values(contracts, effort).price


def american_implied_volatility(
    prices: npt.ArrayLike,
    *,
    is_call: npt.ArrayLike,
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    years: npt.ArrayLike,
    rate: npt.ArrayLike = 0.0,
    dividend_yield: npt.ArrayLike = 0.0,
    dividends: CashDividends = NO_DIVIDENDS,
    effort: Effort = Effort.ACCURATE,
) -> Implied:
    """The volatility at which the same model's American price equals ``prices``, or why none does.

    Secant steps from the European solution inside a bracket that only shrinks.
    """
    target = np.atleast_1d(np.asarray(prices, dtype=np.float64))
    contracts = Contracts.of(is_call, spot, strike, years, target, rate, dividend_yield, dividends)
    target = contracts.volatility
    contracts = replace(contracts, volatility=np.zeros(target.shape))
    floor = np.maximum(contracts.certain(), contracts.exercise)
    fault = np.full(target.shape, Fault.NONE, dtype=np.int8)
    dearest = np.where(
        contracts.call,
        contracts.spot * np.exp(np.maximum(-contracts.dividend_yield * contracts.years, 0.0)),
        contracts.strike * np.exp(np.maximum(-contracts.rate * contracts.years, 0.0)),
    )
    fault[target >= dearest] = Fault.ABOVE_BOUND
    fault[target <= floor + _TOLERANCE_USD[Effort.ACCURATE]] = Fault.BELOW_INTRINSIC
    fault[contracts.years <= 0] = Fault.NO_TIME
    fault[~(np.isfinite(target) & np.isfinite(floor))] = Fault.NOT_A_NUMBER
    result = np.full(target.shape, np.nan)
    index = np.flatnonzero(fault == Fault.NONE)
    if index.size:
        found = _solve(contracts.at(index), target[index], effort)
        result[index] = found
        fault[index[np.isnan(found)]] = Fault.ABOVE_BOUND
    return Implied(volatility=result, fault=fault)


def _solve(contracts: Contracts, target: Floats, effort: Effort) -> Floats:
    european = implied_volatility(
        target,
        is_call=contracts.call,
        spot=contracts.spot,
        strike=contracts.strike,
        years=contracts.years,
        rate=contracts.rate,
        dividend_yield=contracts.dividend_yield,
    ).volatility
    result = np.full(target.shape, np.nan)
    plain = ~contracts.special()
    result[plain] = european[plain]
    index = np.flatnonzero(~plain)
    sigma = np.clip(np.nan_to_num(european[index], nan=0.3), 1e-3, MAX_VOLATILITY)
    low, high = np.zeros(index.shape), np.full(index.shape, np.inf)
    last: tuple[Floats, Floats] | None = None
    slope = 100 * replace(contracts.at(index), volatility=sigma).european().vega
    for _ in range(_ROUNDS):
        if not index.size:
            break
        trial = replace(contracts.at(index), volatility=sigma)
        error = values(trial, effort).price - target[index]
        hit = np.abs(error) <= _TOLERANCE_USD[effort]
        result[index[hit]] = sigma[hit]
        low, high = np.where(error < 0, sigma, low), np.where(error < 0, high, sigma)
        if last is not None:
            slope = (error - last[1]) / np.where(sigma != last[0], sigma - last[0], np.nan)
        step = sigma - error / np.where(slope > 1e-9, slope, np.nan)
        middle = np.where(np.isinf(high), np.minimum(2 * sigma, MAX_VOLATILITY), (low + high) / 2)
        within = (step > low) & (step < np.minimum(high, MAX_VOLATILITY))
        following = np.where(within, step, middle)
        narrow = high - low < 1e-12
        result[index[narrow]] = sigma[narrow]
        left = ~(hit | narrow | ((sigma >= MAX_VOLATILITY) & (error < 0)))
        last = sigma[left], error[left]
        index, low, high, sigma = index[left], low[left], high[left], following[left]
    return result


def _greeks(contracts: Contracts, effort: Effort) -> Greeks:
    found = values(contracts, effort)
    european = contracts.european()
    spot, sigma = contracts.spot, contracts.volatility
    special = contracts.special()
    held = found.price > contracts.exercise
    moving = np.flatnonzero(special & held & contracts.uncertain())
    theta = np.where(special, 0.0, european.theta)
    vega = np.where(special, 0.0, european.vega)
    carry = contracts.rate - contracts.dividend_yield
    # The equation of Black and Scholes, which holds wherever the option is not exercised.
    decay = contracts.rate * found.price - carry * spot * found.delta
    decay -= 0.5 * (sigma * spot) ** 2 * found.gamma
    theta[moving] = decay[moving] / DAYS_A_YEAR
    if effort is Effort.FAST:
        vega[moving] = european.vega[moving]
    else:
        some = contracts.at(moving)
        width = _BUMP * some.volatility
        up, down = (
            values(replace(some, volatility=some.volatility + side * width), effort).price
            for side in (1, -1)
        )
        vega[moving] = (up - down) / (200 * width)
    unknown = np.isnan(found.price)
    return Greeks(
        price=found.price,
        delta=found.delta,
        gamma=found.gamma,
        vega=np.where(unknown, np.nan, vega),
        theta=np.where(unknown, np.nan, theta),
        approximate=effort is not Effort.ACCURATE,
    )
