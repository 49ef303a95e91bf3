"""American options with a dividend yield: early exercise by a Leisen-Reimer tree, vectorised.

D. Leisen and M. Reimer, "Binomial models for option valuation" (1996), with Peizer-Pratt
inversion 2. The tree's own European price serves as control variate, so few steps suffice for the
options selection looks at (weeks to months).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vst_desktop.options.normal import Floats
from vst_desktop.options.pricing import DAYS_A_YEAR, Greeks, greeks, implied_volatility

STEPS = 25
"""Odd, as the inversion asks."""
_ROUNDS = 2
_MIN_VEGA = 1e-4


def exercised_early(
    is_call: npt.NDArray[np.bool_], rate: float, dividend_yield: float
) -> npt.NDArray[np.bool_]:
    """Where early exercise can pay: puts at a positive rate, calls at a positive yield."""
    return np.where(is_call, dividend_yield > 0, rate > 0)


def american_greeks(
    *,
    is_call: npt.NDArray[np.bool_],
    spot: float,
    strike: Floats,
    years: Floats,
    volatility: Floats,
    rate: float,
    dividend_yield: float,
) -> Greeks:
    """Price and Greeks of American options; European where early exercise cannot pay.

    Vega is the European one: over weeks the premium's own share is below a hundredth of it.
    """
    base = greeks(
        is_call=is_call,
        spot=spot,
        strike=strike,
        years=years,
        volatility=volatility,
        rate=rate,
        dividend_yield=dividend_yield,
    )
    at = np.flatnonzero(
        exercised_early(is_call, rate, dividend_yield) & (volatility > 0) & (years > 0)
    )
    if not at.size:
        return base
    extra = _premium(is_call[at], spot, strike[at], years[at], volatility[at], rate, dividend_yield)
    columns = {}
    for name in ("price", "delta", "gamma", "theta"):
        column = getattr(base, name).copy()
        column[at] += getattr(extra, name)
        columns[name] = column
    return Greeks(vega=base.vega, **columns)


def american_implied_volatility(
    prices: Floats,
    *,
    is_call: npt.NDArray[np.bool_],
    spot: float,
    strike: Floats,
    years: Floats,
    rate: float,
    dividend_yield: float,
) -> Floats:
    """Implied volatility of American prices; NaN where there is none.

    Starts at the European solution, which is never below the American one, and takes Newton steps
    on the tree with the European vega. A price that is no more than the exercise value has none.
    """
    sigma = implied_volatility(
        prices,
        is_call=is_call,
        spot=spot,
        strike=strike,
        years=years,
        rate=rate,
        dividend_yield=dividend_yield,
    )
    early = exercised_early(is_call, rate, dividend_yield)
    exercise = np.where(is_call, spot - strike, strike - spot)
    sigma[early & (prices <= exercise)] = np.nan
    at = np.flatnonzero(early & (sigma > 0))
    if not at.size:
        return sigma
    highest = sigma[at]
    for _ in range(_ROUNDS):
        now = american_greeks(
            is_call=is_call[at],
            spot=spot,
            strike=strike[at],
            years=years[at],
            volatility=sigma[at],
            rate=rate,
            dividend_yield=dividend_yield,
        )
        step = (now.price - prices[at]) / np.maximum(now.vega * 100, _MIN_VEGA)
        sigma[at] = np.clip(sigma[at] - step, 0.25 * highest, highest)
    return sigma


def _premium(
    call: npt.NDArray[np.bool_],
    spot: float,
    strike: Floats,
    years: Floats,
    sigma: Floats,
    rate: float,
    dividend_yield: float,
) -> Greeks:
    """American less European price and Greeks on one tree; vega is zero."""
    step = years / STEPS
    root = sigma * np.sqrt(years)
    d1 = (np.log(spot / strike) + (rate - dividend_yield + 0.5 * sigma * sigma) * years) / root
    growth = np.exp((rate - dividend_yield) * step)
    up_share, up_shifted = _peizer_pratt(d1 - root), _peizer_pratt(d1)
    up = (growth * up_shifted / up_share)[:, None]
    down = (growth * (1 - up_shifted) / (1 - up_share))[:, None]
    discount = np.exp(-rate * step)
    share_up = (discount * up_share)[:, None]
    share_down = (discount * (1 - up_share))[:, None]
    sign = np.where(call, 1.0, -1.0)[:, None]
    k = strike[:, None]

    nodes = np.arange(STEPS + 1)
    prices = spot * up**nodes * down ** (STEPS - nodes)
    european = american = np.maximum(sign * (prices - k), 0.0)
    kept: dict[int, tuple[Floats, Floats]] = {}
    for level in range(STEPS - 1, -1, -1):
        prices = prices[:, :-1] / down
        european = share_up * european[:, 1:] + share_down * european[:, :-1]
        american = share_up * american[:, 1:] + share_down * american[:, :-1]
        np.maximum(american, sign * (prices - k), out=american)
        if level <= 2:
            kept[level] = (prices, american - european)
    (_, now), (s1, v1), (s2, v2) = kept[0], kept[1], kept[2]
    slope_up = (v2[:, 2] - v2[:, 1]) / (s2[:, 2] - s2[:, 1])
    slope_down = (v2[:, 1] - v2[:, 0]) / (s2[:, 1] - s2[:, 0])
    return Greeks(
        price=now[:, 0],
        delta=(v1[:, 1] - v1[:, 0]) / (s1[:, 1] - s1[:, 0]),
        gamma=(slope_up - slope_down) / (0.5 * (s2[:, 2] - s2[:, 0])),
        vega=np.zeros_like(sigma),
        theta=(v2[:, 1] - now[:, 0]) / (2 * step) / DAYS_A_YEAR,
    )


def _peizer_pratt(x: Floats) -> Floats:
    inner = x / (STEPS + 1 / 3 + 0.1 / (STEPS + 1))
    half = np.sqrt(0.25 - 0.25 * np.exp(-inner * inner * (STEPS + 1 / 6)))
    # Kept off 0 and 1, where a node far from the money would divide by zero.
    share: Floats = np.clip(0.5 + np.sign(x) * half, 1e-12, 1 - 1e-12)
    return share
