"""Profit by price, at expiration and before it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vst_desktop.domain.quotes import OptionContract, Right
from vst_desktop.domain.spreads import VerticalSpread
from vst_desktop.options.analytics import breakeven
from vst_desktop.options.early_exercise import CashDividends
from vst_desktop.options.payoff import AT_EXPIRATION, Payoff, Scenario, payoff

DEBIT = Decimal("2.08")
MARKET: dict[str, Any] = {
    "spot": 100.0,
    "ivs": (0.30, 0.29),
    "days_to_expiration": 38,
    "rate": 0.04,
    "dividend_yield": 0.0,
}


def spread(long: str, short: str, right: Right = Right.CALL) -> VerticalSpread:
    first, second = (
        OptionContract(
            symbol="XYZ", expiration=date(2024, 4, 19), strike=Decimal(strike), right=right
        )
        for strike in (long, short)
    )
    return VerticalSpread(long=first, short=second)


BULL_CALL, BEAR_PUT = spread("100", "105"), spread("100", "95", Right.PUT)


def curve(
    of: VerticalSpread,
    *scenarios: Scenario,
    prices: Any = None,
    debit: Decimal = DEBIT,
    **changed: Any,
) -> Payoff:
    terms = {**MARKET, **changed}
    return payoff(of, debit=debit, quantity=2, scenarios=scenarios, prices=prices, **terms)


@pytest.mark.parametrize(
    ("of", "prices", "worth"),
    [
        (BULL_CALL, [90, 100, 102, 105, 120], [0, 0, 2, 5, 5]),
        (BEAR_PUT, [80, 95, 98, 100, 110], [5, 5, 2, 0, 0]),
    ],
)
def test_at_expiration_profit_is_what_the_legs_pay_less_the_debit(
    of: VerticalSpread, prices: list[float], worth: list[float]
) -> None:
    found = curve(of, AT_EXPIRATION, prices=prices)
    assert found.profits_usd[0] == pytest.approx([200 * (w - 2.08) for w in worth])


def test_today_a_spread_at_its_model_price_neither_wins_nor_loses() -> None:
    """The domain reference's worked check prices it at 2.08 with a yield of 1 %."""
    found = curve(BULL_CALL, Scenario(days_ahead=0), prices=[100], dividend_yield=0.01)
    assert abs(found.profits_usd[0, 0]) < 200 * 0.005


def test_prices_span_both_strikes_with_sharp_corners_and_the_breakeven() -> None:
    found = curve(BULL_CALL, AT_EXPIRATION)
    assert (np.diff(found.prices) > 0).all()
    assert {100.0, 105.0, 102.08} <= set(found.prices.tolist())
    assert found.prices[0] < 85 and found.prices[-1] > 115
    assert np.interp(102.08, found.prices, found.profits_usd[0]) == pytest.approx(0, abs=1e-9)


def test_each_scenario_has_its_row() -> None:
    scenarios = (
        AT_EXPIRATION,
        Scenario(days_ahead=10),
        Scenario(days_ahead=10, volatility_shift=1),
    )
    found = curve(BULL_CALL, *scenarios)
    assert found.scenarios == scenarios
    assert found.profits_usd.shape == (3, len(found.prices))


def test_profit_nears_that_of_expiration_as_days_pass() -> None:
    days = [0, 10, 20, 30, 37]
    found = curve(BULL_CALL, AT_EXPIRATION, *(Scenario(days_ahead=d) for d in days))
    away = np.abs(found.profits_usd[1:] - found.profits_usd[0]).max(axis=1)
    assert (np.diff(away) < 0).all()
    assert curve(BULL_CALL, Scenario(days_ahead=38)).profits_usd[0] == pytest.approx(
        found.profits_usd[0]
    )


def test_days_beyond_expiration_are_expiration() -> None:
    late = curve(BULL_CALL, Scenario(days_ahead=400)).profits_usd
    assert late == pytest.approx(curve(BULL_CALL, AT_EXPIRATION).profits_usd)


def test_more_volatility_helps_a_spread_that_is_out_of_the_money_and_hurts_one_in_it() -> None:
    up = Scenario(days_ahead=10, volatility_shift=0.10)
    found = curve(BULL_CALL, Scenario(days_ahead=10), up, prices=[90, 115])
    assert found.profits_usd[1, 0] > found.profits_usd[0, 0]
    assert found.profits_usd[1, 1] < found.profits_usd[0, 1]


def test_a_volatility_shifted_below_zero_counts_as_one_percent() -> None:
    found = curve(BULL_CALL, Scenario(days_ahead=10, volatility_shift=-5), prices=[90, 115])
    assert np.isfinite(found.profits_usd).all()


def test_an_ex_date_matters_only_until_it_is_past() -> None:
    paid = CashDividends(years=np.array([10 / 365]), usd=np.array([2.0]))
    before, after = Scenario(days_ahead=5), Scenario(days_ahead=15)
    plain = curve(BULL_CALL, before, after, prices=[102]).profits_usd
    with_cash = curve(BULL_CALL, before, after, prices=[102], dividends=paid).profits_usd
    assert with_cash[0, 0] < plain[0, 0] - 10
    assert with_cash[1, 0] == pytest.approx(plain[1, 0])


def test_puts_deep_in_the_money_are_worth_their_exercise_value_at_least() -> None:
    """European ones are worth less; the market's are American."""
    found = curve(BEAR_PUT, Scenario(days_ahead=0), prices=[50])
    assert found.profits_usd[0, 0] == pytest.approx(200 * (5 - 2.08))


@given(
    debit=st.decimals("0.05", "4.95", places=2),
    ahead=st.floats(0, 60),
    shift=st.floats(-0.2, 0.5),
    bear=st.booleans(),
)
def test_no_payoff_loses_more_than_the_debit_or_wins_more_than_the_rest_of_the_width(
    debit: Decimal, ahead: float, shift: float, bear: bool
) -> None:
    of = BEAR_PUT if bear else BULL_CALL
    scenarios = (AT_EXPIRATION, Scenario(days_ahead=ahead, volatility_shift=shift))
    found = curve(of, *scenarios, debit=debit)
    lost, won = -float(debit) * 200, float(5 - debit) * 200
    assert found.profits_usd[0].min() == pytest.approx(lost)
    assert found.profits_usd[0].max() == pytest.approx(won)
    assert found.profits_usd[1].min() >= lost - 1e-6
    assert found.profits_usd[1].max() <= won + 1e-6
    at_breakeven = np.interp(float(breakeven(of, debit)), found.prices, found.profits_usd[0])
    assert at_breakeven == pytest.approx(0, abs=1e-6)
