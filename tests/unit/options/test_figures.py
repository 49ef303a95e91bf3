"""The figures of ranked spreads: the worked check of the domain reference, and identities."""

from dataclasses import fields
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from tests.helpers.chains import NOW, TODAY, model_chain, rules
from vst_desktop.domain.quotes import OptionContract, Right
from vst_desktop.domain.signals import Direction
from vst_desktop.domain.spreads import RankedSpread, SpreadMarket, VerticalSpread
from vst_desktop.options.analytics import interpolated_volatility
from vst_desktop.options.commissions import Commissions
from vst_desktop.options.figures import figures
from vst_desktop.options.pricing import price
from vst_desktop.options.selection import select

FREE = Commissions(
    per_contract_usd=0,
    per_contract_below_010_usd=0,
    per_contract_below_005_usd=0,
    minimum_order_usd=0,
)
TERMS = {"spot": 100.0, "rate": 0.04, "dividend_yield": 0.01}
YEARS = 38 / 365
STRIKES, IVS = np.array([100.0, 105.0]), np.array([0.30, 0.29])


def _bull_call(debit: float, ivs: tuple[float, float], mids: tuple[float, float]) -> RankedSpread:
    """100/105 calls with 38 days left on a market without width."""
    legs = [
        OptionContract(
            symbol="XYZ", expiration=date(2024, 4, 19), strike=Decimal(strike), right=Right.CALL
        )
        for strike in ("100", "105")
    ]
    exact = Decimal(repr(debit))
    return RankedSpread(
        spread=VerticalSpread(long=legs[0], short=legs[1]),
        market=SpreadMarket(natural=exact, close=exact, time=NOW),
        dte=38,
        years=YEARS,
        delta=0.2,
        reward_risk=(5 - debit) / debit,
        breakeven=100 + debit,
        probability_of_profit=None,
        probability_low=0.0,
        probability_high=1.0,
        expected_move=9.55,
        long_iv=ivs[0],
        short_iv=ivs[1],
        net_theta=None,
        net_vega=None,
        net_gamma=None,
        leg_cost=0.0,
        open_interest=None,
        long_mid=mids[0],
        short_mid=mids[1],
        long_leg_spread_pct=0.0,
        short_leg_spread_pct=0.0,
    )


def test_the_worked_check_of_the_domain_reference_in_columns():
    """S=100, 38 days, 30/29 %, r 4 %, q 1 %; the chances at the breakeven's volatility alone."""
    mids = price(is_call=True, strike=STRIKES, years=YEARS, volatility=IVS, **TERMS)
    debit = float(mids[0] - mids[1])
    sigma = float(interpolated_volatility(100 + debit, 100, 105, *IVS))
    flat, skewed = (
        figures([_bull_call(debit, ivs, tuple(mids))], commissions=FREE, **TERMS)
        for ivs in ((sigma, sigma), (0.30, 0.29))
    )
    assert f"{flat.breakeven[0]:.2f}" == "102.08"
    assert f"{flat.net_reward_risk[0]:.2f}" == "1.40"
    assert f"{100 * flat.probability_of_profit[0]:.1f}" == "40.9"
    assert f"{100 * flat.probability_max_profit[0]:.1f}" == "29.9"
    assert f"{100 * flat.probability_max_loss[0]:.1f}" == "50.6"
    assert f"{flat.delta_usd[0] / 100:.3f}" == "0.199"
    assert f"{flat.theta_usd[0] / 100:.3f}" == "-0.006"
    assert f"{flat.cost_implied_usd[0] / 100:+.3f}" == "+0.009"
    # The bought volatility is the higher one: the skew makes an end above likelier.
    assert skewed.skew_points[0] == pytest.approx(1.0)
    assert skewed.probability_of_profit[0] == pytest.approx(0.434, abs=0.001)


def test_chances_with_the_skew_are_slopes_of_the_prices():
    """-e^(rT) dC/dK by differences of prices along the line between the volatilities."""
    step = 1e-4

    def worth(strike):
        sigma = float(interpolated_volatility(strike, 100, 105, *IVS))
        return price(is_call=True, strike=strike, years=YEARS, volatility=sigma, **TERMS)[0]

    ranked = _bull_call(2.5, (0.30, 0.29), (4.0, 1.5))
    found = figures([ranked], commissions=FREE, **TERMS).probability_of_profit[0]
    slope = (worth(102.5 + step) - worth(102.5 - step)) / (2 * step)
    assert found == pytest.approx(-np.exp(0.04 * YEARS) * slope, abs=1e-6)


@pytest.mark.parametrize("direction", list(Direction))
def test_columns_agree_with_each_spread_alone_and_with_each_other(direction):
    right = Right.CALL if direction is Direction.LONG else Right.PUT
    spreads = select(
        model_chain(right=right), direction, rules(min_reward_risk=0.5), now=NOW, today=TODAY
    ).spreads
    terms = {"spot": 100.0, "rate": 0.04, "dividend_yield": 0.0}
    found = figures(spreads, **terms)
    for n, ranked in enumerate(spreads):
        alone = figures([ranked], **terms)
        for field in fields(found):
            assert getattr(found, field.name)[n] == getattr(alone, field.name)[0]
    width = np.array([float(r.spread.width) for r in spreads])
    debit = np.array([float(r.debit) for r in spreads])
    assert found.net_max_profit_usd + found.net_max_loss_usd == pytest.approx(
        100 * width - found.commission_usd / 2
    )
    assert found.max_r == pytest.approx([r.reward_risk for r in spreads])
    assert found.break_even_win_rate == pytest.approx(debit / width)
    assert found.liquidity_cost_usd == pytest.approx([100 * r.leg_cost for r in spreads])
    assert found.delta_usd * direction.sign == pytest.approx(
        [100 * r.delta for r in spreads], rel=0.05
    )
    assert (found.extrinsic_short > 0).all()
    three = found.probability_max_loss + found.probability_max_profit
    assert (three < 1).all() and (found.net_reward_risk < found.max_r).all()


def test_breakeven_carries_the_costs_away_from_the_long_strike():
    ranked = _bull_call(2.08, (0.3, 0.29), (4.0, 1.92))
    with_costs = figures([ranked], **TERMS)
    assert with_costs.commission_usd[0] == pytest.approx(2.60)
    assert with_costs.breakeven[0] == pytest.approx(102.08 + 0.026)
    assert with_costs.breakeven_em[0] == pytest.approx(2.106 / 9.55)
