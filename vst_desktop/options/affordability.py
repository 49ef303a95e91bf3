"""What the cheapest spread of a symbol would cost, estimated before any chain is asked for."""

from __future__ import annotations

import math

import numpy as np

from vst_desktop.domain.bars import BarSeries
from vst_desktop.options.contracts import STANDARD_MULTIPLIER
from vst_desktop.options.pricing import DAYS_A_YEAR, greeks
from vst_desktop.options.rules import SelectionRules

VOLATILITY_SESSIONS = 60
SESSIONS_A_YEAR = 252
_FEWEST_RETURNS = 10
_SPLIT_LIKE = 0.4
"""A session's log return beyond this is a split or an error, not volatility."""
_GRID = ((25.0, 0.5), (50.0, 1.0), (200.0, 2.5), (math.inf, 5.0))
"""Listed strike distance in USD by price below, as exchanges list equity options weekly to
monthly; finer grids exist on the busiest names."""
_GRID_REACH = 40
_ROUNDED_TO_USD = 10
_USUAL_DELAY_DAYS = 3
"""With an expiration every week, the first allowed one lies on average this much later."""
_CROSSING = 0.025
"""What natural costs over mid, as a share of the debit of a liquid spread."""


def own_volatility(bars: BarSeries) -> float | None:
    """Standard deviation of the last 60 daily log returns, per year; None with too few bars."""
    closes = np.asarray(bars.close[-(VOLATILITY_SESSIONS + 1) :], dtype=np.float64)
    if len(closes) <= _FEWEST_RETURNS or not (closes > 0).all():
        return None
    returns = np.diff(np.log(closes))
    returns = returns[np.abs(returns) < _SPLIT_LIKE]
    if len(returns) < _FEWEST_RETURNS:
        return None
    spread = float(np.std(returns, ddof=1)) * math.sqrt(SESSIONS_A_YEAR)
    return spread if spread > 0 else None


def cheapest_spread_usd(bars: BarSeries, rules: SelectionRules) -> float | None:
    """About what the cheapest spread inside the limits needs, in USD; None when it is affordable.

    Model prices at the symbol's own volatility on a usual strike grid. A symbol is ruled out only
    when it is plainly too dear: at the shortest allowed expiration, without the cost of crossing,
    a spread above the limit. The figure is then that of a usual expiration, crossing included.
    Also None when the other limits, and not the cost, leave nothing, or the bars are too few to
    say: then only the chain can tell.
    """
    sigma = own_volatility(bars)
    if sigma is None:
        return None
    spot = bars.close[-1]
    least = _cheapest_usd(spot, sigma, rules.min_dte, rules)
    if least is None or least <= rules.max_spread_cost:
        return None
    usual = min(rules.min_dte + _USUAL_DELAY_DAYS, max(rules.max_dte, rules.min_dte))
    likely = _cheapest_usd(spot, sigma, usual, rules) or least
    cost = max(likely * (1 + _CROSSING), least)
    return float(math.ceil(cost / _ROUNDED_TO_USD) * _ROUNDED_TO_USD)


def _cheapest_usd(spot: float, sigma: float, days: int, rules: SelectionRules) -> float | None:
    """The least model value of a spread within all limits but the cost; None when none is."""
    step = next(step for below, step in _GRID if spot < below)
    count = min(_GRID_REACH, int(spot / step) - 1)
    strikes = (round(spot / step) + np.arange(-count, count + 1)) * step
    years = max(days, 1) / DAYS_A_YEAR
    found = greeks(
        is_call=True,
        spot=spot,
        strike=strikes,
        years=years,
        volatility=sigma,
        rate=rules.risk_free_rate,
        dividend_yield=rules.dividend_yield,
    )
    low, high = np.triu_indices(len(strikes), k=1)
    if rules.max_strike_steps:
        near = high - low <= rules.max_strike_steps
        low, high = low[near], high[near]
    debit, width = found.price[low] - found.price[high], strikes[high] - strikes[low]
    delta = found.delta[low] - (0.0 if rules.delta_basis == "long_leg" else found.delta[high])
    fits = (delta >= rules.min_delta) & (delta <= rules.max_delta)
    fits &= width - debit >= rules.min_reward_risk * debit
    if rules.max_short_strike_em:
        move = spot * sigma * math.sqrt(years)
        fits &= np.abs(strikes[high] - spot) <= rules.max_short_strike_em * move
    return float(debit[fits].min()) * STANDARD_MULTIPLIER if fits.any() else None
