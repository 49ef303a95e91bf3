"""Profit of a spread by price of the underlying: at expiration, and at other days and volatilities.

Before expiration legs are worth what the American model of this package says (its fast
approximation), at volatilities that stay with the strikes. Commissions are not in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from vst_desktop.domain.quotes import Right
from vst_desktop.domain.spreads import VerticalSpread
from vst_desktop.options.american import NO_DIVIDENDS, american_price
from vst_desktop.options.analytics import breakeven
from vst_desktop.options.early_exercise import CashDividends, Effort
from vst_desktop.options.normal import Floats
from vst_desktop.options.pricing import DAYS_A_YEAR

POINTS = 161
_REACH = 2.5
"""Prices reach this many expected moves to each side of the spot."""
_LEAST_VOLATILITY = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A moment and what volatility does until then.

    ``days_ahead`` None: at expiration. ``volatility_shift`` is added to both legs' volatility per
    year (0.05: five points).
    """

    days_ahead: float | None = None
    volatility_shift: float = 0.0


AT_EXPIRATION = Scenario()


@dataclass(frozen=True, slots=True, kw_only=True)
class Payoff:
    """Profits in USD of the whole position: one row a scenario, one column a price."""

    prices: Floats
    scenarios: tuple[Scenario, ...]
    profits_usd: Floats


def payoff(
    spread: VerticalSpread,
    *,
    debit: Decimal,
    quantity: int,
    spot: float,
    ivs: tuple[float, float],
    days_to_expiration: float,
    scenarios: Sequence[Scenario],
    rate: float,
    dividend_yield: float,
    dividends: CashDividends = NO_DIVIDENDS,
    prices: npt.ArrayLike | None = None,
) -> Payoff:
    """Profits of ``quantity`` spreads bought at ``debit`` USD a share.

    Args:
        spread: What was bought.
        debit: What it cost, USD per share.
        quantity: How many.
        spot: The underlying's price now.
        ivs: Volatility of the long and of the short leg.
        days_to_expiration: Calendar days from now; may be a fraction.
        scenarios: One row of profits each.
        rate: Per year.
        dividend_yield: Per year.
        dividends: Ex-dates in years from now; those before a scenario's moment are past then.
        prices: None for 161 prices that span both strikes and 2.5 expected moves around the
            spot, with both strikes and the breakeven among them, so that the corners are sharp.
    """
    at = (
        price_range(spread, debit=debit, spot=spot, ivs=ivs, days=days_to_expiration)
        if prices is None
        else np.atleast_1d(np.asarray(prices, dtype=np.float64))
    )
    rows = []
    for scenario in scenarios:
        ahead = days_to_expiration if scenario.days_ahead is None else scenario.days_ahead
        left = np.asarray(dividends.years, dtype=np.float64) - ahead / DAYS_A_YEAR
        rows.append(
            spread_values(
                spread,
                at,
                years=max(days_to_expiration - ahead, 0.0) / DAYS_A_YEAR,
                ivs=(ivs[0] + scenario.volatility_shift, ivs[1] + scenario.volatility_shift),
                rate=rate,
                dividend_yield=dividend_yield,
                dividends=CashDividends(years=left, usd=dividends.usd),
            )
        )
    size = spread.multiplier * quantity
    return Payoff(
        prices=at,
        scenarios=tuple(scenarios),
        profits_usd=(np.array(rows).reshape(len(rows), len(at)) - float(debit)) * size,
    )


def price_range(
    spread: VerticalSpread, *, debit: Decimal, spot: float, ivs: tuple[float, float], days: float
) -> Floats:
    """The prices a picture shows, ascending; strikes and breakeven are among them."""
    move = spot * max(ivs) * float(np.sqrt(max(days, 1.0) / DAYS_A_YEAR))
    corners = [float(spread.long.strike), float(spread.short.strike)]
    low = max(min(spot - _REACH * move, min(corners) - 0.5 * move), 0.01)
    high = max(spot + _REACH * move, max(corners) + 0.5 * move)
    corners.append(float(breakeven(spread, debit)))
    prices: Floats = np.unique(np.concatenate([np.linspace(low, high, POINTS), corners]))
    return prices


def spread_values(
    spread: VerticalSpread,
    spot: Floats,
    *,
    years: float,
    ivs: tuple[float, float],
    rate: float,
    dividend_yield: float,
    dividends: CashDividends = NO_DIVIDENDS,
) -> Floats:
    """Value per share of the spread at these prices, between 0 and its width."""
    long, short = (
        american_price(
            is_call=spread.right is Right.CALL,
            spot=spot,
            strike=float(leg.strike),
            years=years,
            volatility=max(volatility, _LEAST_VOLATILITY),
            rate=rate,
            dividend_yield=dividend_yield,
            dividends=dividends,
            effort=Effort.FAST,
        )
        for leg, volatility in zip((spread.long, spread.short), ivs, strict=True)
    )
    values: Floats = np.clip(long - short, 0.0, float(spread.width))
    return values
