"""What a plan's ends pay: chances, dollars, days; and the value by which plans are ranked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from vst_desktop.domain.odds import Distribution, PlanEnd, PlanOdds
from vst_desktop.domain.quotes import Right
from vst_desktop.domain.spreads import RankedSpread
from vst_desktop.options.commissions import TIERED, Commissions
from vst_desktop.options.exits import End, Exits
from vst_desktop.options.normal import Floats
from vst_desktop.options.pricing import DAYS_A_YEAR, price

ExitsOf = Callable[[date, float], Exits]
"""Ends of the plan of a spread with this expiration, at this volatility at the spot."""
NORMAL_95 = 1.959964


@dataclass(frozen=True, slots=True, kw_only=True)
class Pricing:
    """Rates per year, and what orders cost."""

    rate: float
    dividend_yield: float
    commissions: Commissions = TIERED


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRanking:
    """What ranking by the plan's value needs; ``of`` names the distribution and its sample."""

    exits: ExitsOf
    pricing: Pricing
    of: str

    def values(self, spreads: Sequence[RankedSpread], spot: float) -> list[float | None]:
        """The plan's value per dollar at risk of each, None where a volatility is not known."""
        found: list[float | None] = [None] * len(spreads)
        together: dict[date, list[int]] = {}
        for place, ranked in enumerate(spreads):
            if None not in (spot_volatility(ranked, spot), ranked.long_iv, ranked.short_iv):
                together.setdefault(ranked.spread.expiration, []).append(place)
        for expiration, places in together.items():
            some = [spreads[place] for place in places]
            volatility = spot_volatility(some[0], spot)
            assert volatility is not None
            values = value_per_risk(some, self.exits(expiration, volatility), self.pricing)
            for place, value in zip(places, values.tolist(), strict=True):
                found[place] = value
        return found


def spot_volatility(ranked: RankedSpread, spot: float) -> float | None:
    """Volatility at the spot, from the expected move; None where that is not known."""
    if ranked.expected_move is None or ranked.dte <= 0:
        return None
    return ranked.expected_move / spot / float(np.sqrt(ranked.dte / DAYS_A_YEAR))


def plan_odds(
    ranked: RankedSpread,
    exits: Exits,
    distribution: Distribution,
    pricing: Pricing,
    *,
    quantity: int = 1,
) -> PlanOdds | None:
    """The plan of one spread played out; None where its legs' volatilities are not known."""
    if ranked.long_iv is None or ranked.short_iv is None:
        return None
    usd = profits_usd([ranked], exits, pricing, quantity=quantity)[0]
    ends = [_end(exits, end, usd) for end in End]
    mean = float(exits.weight @ usd)
    spread = float(np.sqrt(max(exits.weight @ (usd - mean) ** 2, 0.0)))
    half = NORMAL_95 * spread / np.sqrt(max(exits.plays - 1, 1))
    return PlanOdds(
        distribution=distribution,
        plays=exits.plays,
        target=ends[End.TARGET],
        stop=ends[End.STOP],
        time=ends[End.TIME],
        mean_usd=mean,
        mean_low_usd=mean - float(half),
        mean_high_usd=mean + float(half),
        median_days=_median(exits.days, exits.weight),
        worst_usd=-float(_risk_usd([ranked], pricing, quantity)[0]),
    )


def value_per_risk(ranked: Sequence[RankedSpread], exits: Exits, pricing: Pricing) -> Floats:
    """The plan's mean profit of each spread per dollar at risk; NaN without volatilities."""
    found: Floats = profits_usd(ranked, exits, pricing) @ exits.weight
    return found / _risk_usd(ranked, pricing, 1)


def profits_usd(
    ranked: Sequence[RankedSpread], exits: Exits, pricing: Pricing, *, quantity: int = 1
) -> Floats:
    """Profit of each spread (rows, all of one expiration's right) at each end (columns), USD.

    The value of the legs at the end's price and day, volatilities staying with the strikes, less
    half of what crossing both legs' markets costs now, less the debit and both commissions. A
    spread not worth its exit commission is left to expire.
    """
    first = ranked[0]
    legs = [(r.spread.long.strike, r.long_iv, r.spread.short.strike, r.short_iv) for r in ranked]
    long_strike, long_iv, short_strike, short_iv = np.array(legs, dtype=np.float64).T[:, :, None]
    left = np.maximum(first.dte - exits.days, 0.0) / DAYS_A_YEAR
    call = first.spread.right is Right.CALL

    def leg(strike: Floats, volatility: Floats) -> Floats:
        value = price(
            is_call=call,
            spot=exits.price,
            strike=strike,
            years=left,
            volatility=volatility,
            rate=pricing.rate,
            dividend_yield=pricing.dividend_yield,
        )
        # The European price, but never below exercise: near enough to the American one.
        return np.maximum(value, (1 if call else -1) * (exits.price - strike))

    long, short = leg(long_strike, long_iv), leg(short_strike, short_iv)
    crossing = np.array([r.leg_cost / 2 for r in ranked])[:, None]
    value = np.clip(long - short, 0.0, np.abs(short_strike - long_strike)) - crossing
    size = first.spread.multiplier * quantity
    leaving = pricing.commissions.order_usd(quantity, long, short)
    proceeds = np.maximum(value * size - leaving, 0.0)
    profits: Floats = proceeds - _risk_usd(ranked, pricing, quantity)[:, None]
    return profits


def _risk_usd(ranked: Sequence[RankedSpread], pricing: Pricing, quantity: int) -> Floats:
    """What is lost when nothing comes back: debit and entry commission."""
    debit, long, short = np.array(
        [(r.debit, r.long_mid, r.short_mid) for r in ranked], dtype=np.float64
    ).T
    entering = pricing.commissions.order_usd(quantity, long, short)
    lost: Floats = debit * ranked[0].spread.multiplier * quantity + entering
    return lost


def _end(exits: Exits, end: End, usd: Floats) -> PlanEnd:
    here = exits.end == end
    weight = exits.weight[here]
    chance = float(weight.sum())
    low, high = wilson(chance, exits.plays)
    return PlanEnd(
        chance=chance,
        low=low,
        high=high,
        usd=float(weight @ usd[here] / chance) if chance > 0 else None,
        days=_median(exits.days[here], weight) if chance > 0 else None,
    )


def wilson(share: float, count: int) -> tuple[float, float]:
    """95 % interval of a proportion (E. B. Wilson, "Probable inference", 1927)."""
    z2 = NORMAL_95**2 / count
    middle = (share + z2 / 2) / (1 + z2)
    half = float(np.sqrt(max(share * (1 - share), 0.0) * z2 + z2 * z2 / 4)) / (1 + z2)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def _median(values: Floats, weight: Floats) -> float:
    order = np.argsort(values)
    total = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])
