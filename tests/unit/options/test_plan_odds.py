"""What the ends of a plan pay, and how the plan's value reads."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.chains import NOW, TODAY, model_chain, rules
from vst_desktop.domain.odds import Distribution, PlanEnd, PlanOdds
from vst_desktop.domain.quotes import Right
from vst_desktop.domain.signals import Direction
from vst_desktop.options.commissions import Commissions
from vst_desktop.options.exits import End, Exits, Levels, simulated_exits
from vst_desktop.options.plan_odds import (
    Pricing,
    plan_odds,
    profits_usd,
    spot_volatility,
    value_per_risk,
    wilson,
)
from vst_desktop.options.selection import select

PRICING = Pricing(rate=0.04, dividend_yield=0.0)
FREE = Pricing(
    rate=0.0,
    dividend_yield=0.0,
    commissions=Commissions(
        per_contract_usd=0,
        per_contract_below_010_usd=0,
        per_contract_below_005_usd=0,
        minimum_order_usd=0,
    ),
)


def _spreads(direction=Direction.LONG, **changes):
    right = Right.CALL if direction is Direction.LONG else Right.PUT
    found = select(model_chain(right=right), direction, rules(**changes), now=NOW, today=TODAY)
    assert found.spreads
    return found.spreads


def _exits(*ends: tuple[End, float, float, float], plays: int = 20_480) -> Exits:
    end, days, price, weight = zip(*ends, strict=True)
    return Exits(
        end=np.array(end, dtype=np.int8),
        days=np.array(days, dtype=float),
        price=np.array(price, dtype=float),
        weight=np.array(weight, dtype=float),
        plays=plays,
    )


@pytest.mark.parametrize("direction", list(Direction))
def test_at_expiration_the_profit_is_the_payoff_less_costs(direction):
    ranked = _spreads(direction)[0]
    far = 200.0 if direction is Direction.LONG else 20.0
    lost = 20.0 if direction is Direction.LONG else 200.0
    exits = _exits((End.TARGET, ranked.dte, far, 0.4), (End.STOP, ranked.dte, lost, 0.6))
    most, least = profits_usd([ranked], exits, PRICING, quantity=3)[0]
    crossing = 300 * ranked.leg_cost / 2
    assert most == pytest.approx(3 * float(ranked.max_profit_usd) - crossing - 2 * 3.90, abs=0.91)
    assert least == pytest.approx(-3 * float(ranked.max_loss_usd) - 3.90)


def test_a_spread_bought_and_left_at_once_loses_its_market_and_the_commissions():
    ranked = _spreads()[0]
    here = _exits((End.TIME, 0.0, 100.0, 1.0))
    (lost,) = profits_usd([ranked], here, replace(PRICING))[0]
    assert lost == pytest.approx(-100 * ranked.leg_cost - 2.60, abs=1.0)


def test_odds_add_up_and_read_as_a_trader_says_them():
    ranked = _spreads()[0]
    exits = simulated_exits(
        Levels(spot=100, target=106, stop=96, days=23),
        volatility=spot_volatility(ranked, 100),
        rate=0.04,
        dividend_yield=0,
    )
    odds = plan_odds(ranked, exits, Distribution.IMPLIED, PRICING, quantity=2)
    ends = (odds.target, odds.stop, odds.time)
    assert sum(end.chance for end in ends) == pytest.approx(1)
    assert sum(end.chance * end.usd for end in ends) == pytest.approx(odds.mean_usd)
    assert all(end.low <= end.chance <= end.high for end in ends)
    assert odds.worst_usd < odds.stop.usd < 0 < odds.target.usd
    assert odds.mean_low_usd < odds.mean_usd < odds.mean_high_usd
    assert odds.target.days < 23 and odds.time.days == 23
    told = PlanOdds(
        distribution=Distribution.IMPLIED,
        plays=20_480,
        target=PlanEnd(chance=0.41, low=0.4, high=0.42, usd=186.2, days=6),
        stop=PlanEnd(chance=0.56, low=0.55, high=0.57, usd=-201.0, days=7),
        time=PlanEnd(chance=0.03, low=0.02, high=0.04, usd=-50.0, days=23),
        mean_usd=-37.0,
        mean_low_usd=-40.0,
        mean_high_usd=-34.0,
        median_days=7.2,
        worst_usd=-1176.0,
    )
    assert told.text() == (
        "target +$186 41 %, stop -$201 56 %, time 3 %, median 7 days, worst -$1,176"
    )
    assert told.mean_text() == "cost -$37 (-$40 to -$34)"
    assert (told.mean_name, told.sample()) == ("cost", "implied, 20,480 paths")
    past = replace(told, distribution=Distribution.HISTORY, plays=31)
    assert (past.mean_name, past.sample()) == ("mean", "history, n = 31")


@pytest.mark.parametrize("direction", list(Direction))
def test_under_implied_prices_a_plan_costs_what_trading_costs_and_never_pays(direction):
    sign = direction.sign
    for ranked in _spreads(direction, max_delta=0.6, min_delta=0.2):
        exits = simulated_exits(
            Levels(spot=100, target=100 + 5 * sign, stop=100 - 4 * sign, days=23),
            volatility=spot_volatility(ranked, 100),
            rate=0.04,
            dividend_yield=0,
        )
        odds = plan_odds(ranked, exits, Distribution.IMPLIED, PRICING)
        trading = 100 * ranked.leg_cost + 2.60
        assert odds.mean_usd == pytest.approx(-trading, abs=3.5)
        assert odds.mean_usd < 0


def test_value_per_risk_is_that_of_each_spread_alone():
    spreads = _spreads()
    exits = simulated_exits(
        Levels(spot=100, target=106, stop=96, days=23), volatility=0.25, rate=0.04, dividend_yield=0
    )
    together = value_per_risk(spreads, exits, PRICING)
    for ranked, value in zip(spreads, together, strict=True):
        alone = plan_odds(ranked, exits, Distribution.IMPLIED, PRICING)
        assert value == pytest.approx(alone.mean_per_risk)


def test_without_volatilities_there_are_no_odds():
    ranked = replace(_spreads()[0], long_iv=None)
    assert plan_odds(ranked, _exits((End.TIME, 1, 100, 1)), Distribution.IMPLIED, PRICING) is None


@given(st.floats(0, 1), st.integers(1, 5000))
def test_wilsons_interval_holds_the_share_and_stays_within_0_and_1(share, count):
    low, high = wilson(share, count)
    assert 0 <= low <= share + 1e-12 and share - 1e-12 <= high <= 1
    assert high - low <= 2 / np.sqrt(count) + 1e-9 or count < 4


def test_commissions_by_premium_with_a_minimum_and_the_traders_own_figures():
    table = Commissions()
    assert table.leg_usd([0.04, 0.05, 0.09, 0.10]).tolist() == [0.25, 0.5, 0.5, 0.65]
    assert table.order_usd(1, 2.0, 1.0) == pytest.approx(1.30)
    assert table.order_usd(1, 0.04, 0.01) == pytest.approx(1.00)
    assert table.order_usd(7, 2.0, 0.01) == pytest.approx(7 * 0.90)
    assert table.order_usd(0, 2.0, 1.0) == 0
    own = Commissions(per_contract_usd=1.0, fees_per_contract_usd=0.05)
    assert own.order_usd(2, 2.0, 1.0) == pytest.approx(4.2)
    assert str(own.usual_order_usd(2)) == "4.20"
    assert str(table.usual_order_usd(0)) == "1.00"
