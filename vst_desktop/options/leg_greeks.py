"""Greeks of streamed legs: the broker's, or the station's own where it gave none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vst_desktop.domain.quotes import OptionQuote, Right
from vst_desktop.options.american import american_greeks, american_implied_volatility
from vst_desktop.options.contracts import years_left
from vst_desktop.options.early_exercise import Effort


@dataclass(frozen=True, slots=True, kw_only=True)
class LegGreeks:
    """Per share: theta per calendar day, vega per volatility point; ``computed``: our own."""

    delta: float
    theta: float
    vega: float
    computed: bool


def told_greeks(leg: OptionQuote) -> LegGreeks | None:
    """The broker's, None unless it told all three."""
    if leg.delta is None or leg.theta is None or leg.vega is None:
        return None
    return LegGreeks(delta=leg.delta, theta=leg.theta, vega=leg.vega, computed=False)


def own_leg_greeks(
    legs: Sequence[OptionQuote], spots: Sequence[float], rate: float, dividend_yield: float
) -> list[LegGreeks | None]:
    """Those of American options at the volatility of each leg's mid, as of its quote.

    None for a leg without a mid, or with one that no volatility explains. All legs are valued
    together: twenty in some 12 ms. ``spots``: the underlying's price for each leg, USD; rates per
    year. The model: see ``american``.
    """
    if not legs:
        return []
    mids = [
        np.nan if leg.quote is None or leg.quote.mid is None else float(leg.quote.mid)
        for leg in legs
    ]
    call = np.array([leg.contract.right is Right.CALL for leg in legs])
    spot = np.array(spots, dtype=np.float64)
    strike = np.array([float(leg.contract.strike) for leg in legs])
    years = np.array(
        [0.0 if leg.quote is None else years_left(leg.contract, leg.quote.time) for leg in legs]
    )
    volatility = american_implied_volatility(
        mids,
        is_call=call,
        spot=spot,
        strike=strike,
        years=years,
        rate=rate,
        dividend_yield=dividend_yield,
        effort=Effort.FAST,
    ).volatility
    own = american_greeks(
        is_call=call,
        spot=spot,
        strike=strike,
        years=years,
        volatility=volatility,
        rate=rate,
        dividend_yield=dividend_yield,
        effort=Effort.FAST,
    )
    return [
        LegGreeks(delta=float(delta), theta=float(theta), vega=float(vega), computed=True)
        if np.isfinite([delta, theta, vega]).all()
        else None
        for delta, theta, vega in zip(own.delta, own.theta, own.vega, strict=True)
    ]
