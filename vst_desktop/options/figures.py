"""What a trader wants to know of ranked spreads, all of them at once, a column a figure.

Formulas: Black and Scholes (1973) with Merton's yield, as in J. Hull, "Options, Futures, and Other
Derivatives"; where a figure has another source its docstring names it. ``_usd`` is for one spread,
its multiplier in it; NaN where a volatility is not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from vst_desktop.domain.signals import Direction
from vst_desktop.domain.spreads import RankedSpread
from vst_desktop.options.analytics import skewed_probability_beyond
from vst_desktop.options.commissions import TIERED, Commissions
from vst_desktop.options.normal import Floats
from vst_desktop.options.pricing import DAYS_A_YEAR, greeks


@dataclass(frozen=True, slots=True, kw_only=True)
class Legs:
    """The numbers of ranked spreads of one direction as columns, prices in USD per share."""

    direction: Direction
    multiplier: int
    long_strike: Floats
    short_strike: Floats
    long_iv: Floats
    short_iv: Floats
    debit: Floats
    close: Floats
    long_mid: Floats
    short_mid: Floats
    years: Floats
    dte: Floats
    expected_move: Floats

    @classmethod
    def of(cls, spreads: Sequence[RankedSpread]) -> Legs:
        """The columns of these, of which there is at least one."""
        rows = np.array(
            [
                (
                    r.spread.long.strike,
                    r.spread.short.strike,
                    r.long_iv,
                    r.short_iv,
                    r.market.natural,
                    r.market.close,
                    r.long_mid,
                    r.short_mid,
                    r.years,
                    r.dte,
                    r.expected_move,
                )
                for r in spreads
            ],
            dtype=np.float64,
        )
        first = spreads[0].spread
        names = [field.name for field in fields(cls)][2:]
        columns = dict(zip(names, rows.T, strict=True))
        return cls(direction=first.direction, multiplier=first.multiplier, **columns)

    @property
    def width(self) -> Floats:
        """Strike distance."""
        return np.abs(self.short_strike - self.long_strike)

    @property
    def mid(self) -> Floats:
        """Middle of the spread's market."""
        return (self.debit + self.close) / 2

    @property
    def crossing(self) -> Floats:
        """Width of the spread's own market."""
        return self.debit - self.close


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Columns of figures; see ``figures`` for what each is."""

    commission_usd: Floats
    """Both orders, entry and exit, at today's premiums; overridable (``commissions``)."""
    net_max_loss_usd: Floats
    """Debit and the entry's commission: a spread that expires worthless is not sold."""
    net_max_profit_usd: Floats
    """Width less debit and both commissions."""
    net_reward_risk: Floats
    breakeven: Floats
    """At expiration, both commissions in it."""
    breakeven_pct: Floats
    """How far from the spot, as a fraction, positive in the spread's direction."""
    breakeven_em: Floats
    """The same in expected moves."""
    break_even_win_rate: Floats
    """Debit over width: the win rate at which two outcomes, all or nothing, pay nothing."""
    implied_share: Floats
    """e^(rT) mid / width, between the chances of ending beyond the short and the long strike."""
    probability_of_profit: Floats
    """At expiration before costs, the skew in it; with the next two the three bars of the pay."""
    probability_max_profit: Floats
    probability_max_loss: Floats
    cost_implied_usd: Floats
    """e^(rT) mid - debit - commissions: the expected value under implied prices, never an edge."""
    short_strike_em: Floats
    """How many expected moves the short strike lies from the spot."""
    max_r: Floats
    """The most the spread can pay in multiples of its debit, at expiration."""
    liquidity_cost_usd: Floats
    """What buying and selling at natural loses at once: the width of the spread's market."""
    width_of_mid: Floats
    width_of_width: Floats
    """The market's width over the mid, and over the strike distance."""
    skew_points: Floats
    """Volatility bought less volatility sold, in points: negative sells the dearer one."""
    delta_usd: Floats
    """Change in USD when the underlying moves by 1 USD: the shares the spread stands for."""
    gamma_usd: Floats
    """Change of ``delta_usd`` for 1 USD."""
    theta_usd: Floats
    """A calendar day."""
    vega_usd: Floats
    """A volatility point in both legs."""
    annualised_if_max: Floats
    """Net reward/risk a year if the most were earned; not to be ranked by."""
    extrinsic_short: Floats
    """What the short leg's mid is worth beyond exercise."""


def figures(
    spreads: Sequence[RankedSpread],
    *,
    spot: float,
    rate: float,
    dividend_yield: float,
    commissions: Commissions = TIERED,
) -> Figures:
    """All figures of these spreads, which are of one direction; at least one.

    Args:
        spot: The underlying's price, USD.
        rate: Per year, continuous, as ``dividend_yield``.
        commissions: What an order costs.
    """
    legs = Legs.of(spreads)
    sign, m = legs.direction.sign, legs.multiplier
    width, debit = legs.width, legs.debit
    entry = commissions.order_usd(1, legs.long_mid, legs.short_mid)
    fee = 2 * entry
    gross_breakeven = legs.long_strike + sign * debit
    breakeven = gross_breakeven + sign * fee / m

    def beyond(level: Floats) -> Floats:
        return skewed_probability_beyond(
            level,
            direction=legs.direction,
            spot=spot,
            years=legs.years,
            strikes=(legs.long_strike, legs.short_strike),
            ivs=(legs.long_iv, legs.short_iv),
            rate=rate,
            dividend_yield=dividend_yield,
        )

    growth = np.exp(rate * legs.years)
    loss, profit = debit * m + entry, (width - debit) * m - fee
    intrinsic = np.maximum(sign * (spot - legs.short_strike), 0.0)
    long, short = (
        _greeks(legs, strike, volatility, spot, rate, dividend_yield)
        for strike, volatility in (
            (legs.long_strike, legs.long_iv),
            (legs.short_strike, legs.short_iv),
        )
    )
    delta, gamma, theta, vega = ((a - b) * m for a, b in zip(long, short, strict=True))
    return Figures(
        commission_usd=fee,
        net_max_loss_usd=loss,
        net_max_profit_usd=profit,
        net_reward_risk=profit / loss,
        breakeven=breakeven,
        breakeven_pct=sign * (breakeven - spot) / spot,
        breakeven_em=sign * (breakeven - spot) / legs.expected_move,
        break_even_win_rate=debit / width,
        implied_share=growth * legs.mid / width,
        probability_of_profit=np.clip(
            beyond(gross_breakeven),
            [one.probability_low for one in spreads],
            [one.probability_high for one in spreads],
        ),
        probability_max_profit=beyond(legs.short_strike),
        probability_max_loss=1.0 - beyond(legs.long_strike),
        cost_implied_usd=(growth * legs.mid - debit) * m - fee,
        short_strike_em=np.abs(legs.short_strike - spot) / legs.expected_move,
        max_r=width / debit - 1.0,
        liquidity_cost_usd=legs.crossing * m,
        width_of_mid=legs.crossing / legs.mid,
        width_of_width=legs.crossing / width,
        skew_points=100 * (legs.long_iv - legs.short_iv),
        delta_usd=delta,
        gamma_usd=gamma,
        theta_usd=theta,
        vega_usd=vega,
        annualised_if_max=profit / loss * DAYS_A_YEAR / np.maximum(legs.dte, 1.0),
        extrinsic_short=legs.short_mid - intrinsic,
    )


def _greeks(
    legs: Legs, strike: Floats, volatility: Floats, spot: float, rate: float, dividend_yield: float
) -> tuple[Floats, Floats, Floats, Floats]:
    found = greeks(
        is_call=legs.direction is Direction.LONG,
        spot=spot,
        strike=strike,
        years=legs.years,
        volatility=volatility,
        rate=rate,
        dividend_yield=dividend_yield,
    )
    return found.delta, found.gamma, found.theta, found.vega
