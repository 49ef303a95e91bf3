"""Bounds, slopes and the corners of the American model."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vst_desktop.options.american import (
    NO_DIVIDENDS,
    american_greeks,
    american_implied_volatility,
    american_price,
)
from vst_desktop.options.early_exercise import CashDividends, Effort
from vst_desktop.options.pricing import Fault, greeks

NOISE_USD = 5e-3
STRIKES = np.arange(70.0, 131.0, 5.0)
terms = st.fixed_dictionaries(
    {
        "years": st.floats(1 / 365, 1.5),
        "volatility": st.floats(0.08, 0.9),
        "rate": st.floats(-0.02, 0.1),
        "dividend_yield": st.floats(0, 0.08),
    }
)
cash = st.sampled_from(
    [
        NO_DIVIDENDS,
        CashDividends(years=[0.04], usd=[0.7]),
        CashDividends(years=[0.1, 0.35], usd=1.0),
    ]
)


def _price(call, paid=NO_DIVIDENDS, **changes):
    terms = {"spot": 100.0, "strike": STRIKES, "rate": 0.04, "years": 0.2, "volatility": 0.3}
    return american_price(is_call=call, dividends=paid, **{**terms, **changes})


@settings(max_examples=30)
@given(terms=terms, paid=cash, call=st.booleans())
def test_prices_lie_within_their_bounds_and_are_monotone_and_convex_in_the_strike(
    terms, paid, call
):
    price = _price(call, paid, **terms)
    exercise = np.maximum((100 - STRIKES) if call else (STRIKES - 100), 0)
    assert (price >= exercise).all()
    most = 100.0 if call else STRIKES * np.exp(max(0.0, -terms["rate"]) * terms["years"])
    assert (price <= most + NOISE_USD).all()
    slopes = np.diff(price) * (-1 if call else 1)
    assert (slopes >= -NOISE_USD).all() and (slopes <= 5 * np.exp(0.04) + NOISE_USD).all()
    assert (np.diff(price, 2) >= -NOISE_USD).all()


@settings(max_examples=30)
@given(terms=terms, call=st.booleans())
def test_worth_at_least_the_european(terms, call):
    european = greeks(is_call=call, spot=100.0, strike=STRIKES, **terms).price
    assert (_price(call, **terms) >= european).all()


@settings(max_examples=30)
@given(terms=terms, paid=cash, call=st.booleans())
def test_more_time_and_more_volatility_are_worth_more(terms, paid, call):
    price = _price(call, paid, **terms)
    longer = _price(call, paid, **{**terms, "years": terms["years"] * 1.3})
    wilder = _price(call, paid, **{**terms, "volatility": terms["volatility"] * 1.2})
    assert (longer >= price - NOISE_USD).all()
    assert (wilder >= price - NOISE_USD).all()


@settings(max_examples=30)
@given(terms=terms)
def test_put_call_parity_bounds(terms):
    apart = _price(True, **terms) - _price(False, **terms)
    forward, strike = (
        100 * np.exp(-terms["dividend_yield"] * terms["years"]),
        STRIKES * np.exp(-terms["rate"] * terms["years"]),
    )
    assert (apart >= np.minimum(forward, 100) - np.maximum(STRIKES, strike) - NOISE_USD).all()
    assert (apart <= np.maximum(forward, 100) - np.minimum(STRIKES, strike) + NOISE_USD).all()


@pytest.mark.parametrize("paid", [NO_DIVIDENDS, CashDividends(years=[0.08], usd=[1.0])])
@pytest.mark.parametrize("call", [True, False])
def test_greeks_are_the_slopes_of_the_price_in_their_units(call, paid):
    terms = {"years": 0.2, "volatility": 0.3, "rate": 0.05, "dividend_yield": 0.02}
    found = american_greeks(is_call=call, spot=100.0, strike=STRIKES, dividends=paid, **terms)
    h = 0.25
    up, down = (_price(call, paid, spot=100 + side * h, **terms) for side in (1, -1))
    held = found.price > np.maximum((100 - STRIKES) if call else (STRIKES - 100), 0) + 0.05
    assert np.abs(found.delta - (up - down) / (2 * h))[held].max() < 5e-3
    assert np.abs(found.gamma - (up - 2 * found.price + down) / h**2)[held].max() < 5e-3
    point = _price(call, paid, **{**terms, "volatility": 0.31}) - _price(
        call, paid, **{**terms, "volatility": 0.29}
    )
    assert np.abs(found.vega - point / 2)[held].max() < 2e-3
    day = 1 / 365
    soon = CashDividends(years=np.asarray(paid.years) - day, usd=paid.usd)
    later = _price(call, soon, **{**terms, "years": 0.2 - day})
    assert np.abs(found.theta - (later - found.price))[held].max() < 5e-3


def test_where_exercise_at_once_is_best_the_price_moves_with_the_stock_alone():
    found = american_greeks(
        is_call=False, spot=100.0, strike=[140.0, 200.0], years=0.3, volatility=0.2, rate=0.08
    )
    assert found.price.tolist() == [40.0, 100.0]
    assert found.delta.tolist() == [-1.0, -1.0]
    assert not (found.gamma.any() or found.vega.any() or found.theta.any())


def test_a_call_is_exercised_the_day_before_a_large_dividend():
    paid = CashDividends(years=[0.1], usd=[5.0])
    call = _price(True, paid, strike=[80.0, 100.0], years=0.12)
    until_then = greeks(
        is_call=True, spot=100.0, strike=[80.0, 100.0], years=0.1, volatility=0.3, rate=0.04
    ).price
    assert (call >= until_then - NOISE_USD).all()
    assert call[0] == pytest.approx(until_then[0], abs=0.02)


@pytest.mark.parametrize("call", [True, False])
def test_a_dividend_at_now_or_at_the_expiration_and_none_are_the_same(call):
    none = _price(call)
    for at in (0.0, -0.1, 0.2, 0.5):
        assert np.array_equal(_price(call, CashDividends(years=[at], usd=[2.0])), none)
    assert np.array_equal(_price(call, CashDividends(years=[0.1], usd=[0.0])), none)


@pytest.mark.parametrize("at", [1e-9, 0.1, 0.2 - 1e-9])
@pytest.mark.parametrize("usd", [0.01, 20.0, 99.0, 150.0])
@pytest.mark.parametrize("call", [True, False])
def test_dividends_of_any_size_and_date_give_prices_within_the_bounds(call, usd, at):
    price = _price(call, CashDividends(years=[at], usd=[usd]))
    exercise = np.maximum((100 - STRIKES) if call else (STRIKES - 100), 0)
    assert (price >= exercise - 1e-9).all()
    assert (price <= (100.0 if call else STRIKES) + NOISE_USD).all()


def test_after_a_dividend_of_the_whole_price_a_put_brings_its_strike():
    put = _price(False, CashDividends(years=[0.1], usd=[150.0]))
    assert put == pytest.approx(STRIKES * np.exp(-0.04 * 0.1), abs=0.05)


@pytest.mark.parametrize("effort", list(Effort))
@pytest.mark.parametrize("years", [0.0, -0.1])
def test_without_time_only_the_exercise_value_is_left(years, effort):
    found = american_greeks(
        is_call=[True, False], spot=100.0, strike=110.0, years=years, volatility=0.3,
        rate=0.05, dividend_yield=0.02, effort=effort,
    )  # fmt: skip
    assert found.price.tolist() == [0.0, 10.0]
    assert found.delta.tolist() == [0.0, -1.0]
    assert not (found.gamma.any() or found.vega.any() or found.theta.any())


def test_minutes_before_expiration_prices_are_the_exercise_value_but_at_the_money():
    price = _price(False, strike=[95.0, 100.0, 105.0], years=10 / 525_600)
    assert price[0] == pytest.approx(0, abs=1e-6)
    assert 0.03 < price[1] < 0.08
    assert price[2] == pytest.approx(5, abs=1e-6)


def test_without_volatility_the_option_is_exercised_when_it_is_worth_most():
    put, call = (_price(c, strike=[110.0], volatility=0.0)[0] for c in (False, True))
    assert put == 10.0
    assert call == 0.0
    rich = _price(True, strike=[90.0], volatility=0.0)[0]
    assert rich == pytest.approx(100 - 90 * np.exp(-0.04 * 0.2))
    after = _price(False, CashDividends(years=[0.1], usd=[8.0]), strike=[100.0], volatility=0.0)
    held = 100 * np.exp(0.04 * 0.1) - 8
    assert after[0] == pytest.approx(np.exp(-0.04 * 0.1) * (100 - held))


def test_a_volatility_that_vanishes_comes_to_none_at_all():
    for call in (True, False):
        tiny = _price(call, CashDividends(years=[0.1], usd=[1.0]), volatility=1e-6)
        none = _price(call, CashDividends(years=[0.1], usd=[1.0]), volatility=0.0)
        assert tiny == pytest.approx(none, abs=1e-3)


@pytest.mark.parametrize("rate", [-0.03, 0.0])
def test_puts_at_no_or_negative_rates_are_european(rate):
    european = greeks(
        is_call=False, spot=100.0, strike=STRIKES, years=0.2, volatility=0.3, rate=rate
    ).price
    assert np.array_equal(_price(False, rate=rate), european)


def test_what_is_no_number_stays_with_its_own_contract():
    price = american_price(
        is_call=False,
        spot=[100.0, np.nan, 100.0, -5.0, 100.0],
        strike=[100.0, 100.0, 0.0, 100.0, 100.0],
        years=0.2,
        volatility=[0.3, 0.3, 0.3, 0.3, np.nan],
        rate=0.04,
    )
    assert np.isnan(price).tolist() == [False, True, True, True, True]


def test_approximate_results_say_so():
    terms = {"is_call": False, "spot": 100.0, "strike": 100.0, "years": 0.1, "volatility": 0.3}
    assert american_greeks(**terms, effort=Effort.FAST).approximate
    assert not american_greeks(**terms).approximate


@pytest.mark.parametrize(
    ("price", "years", "why"),
    [
        (np.nan, 0.2, Fault.NOT_A_NUMBER),
        (12.0, 0.0, Fault.NO_TIME),
        (10.0, 0.2, Fault.BELOW_INTRINSIC),
        (9.0, 0.2, Fault.BELOW_INTRINSIC),
        (110.0, 0.2, Fault.ABOVE_BOUND),
        (109.9999, 0.2, Fault.ABOVE_BOUND),
    ],
)
def test_no_american_volatility_says_why(price, years, why):
    found = american_implied_volatility(
        price, is_call=False, spot=100.0, strike=110.0, years=years, rate=0.05
    )
    assert np.isnan(found.volatility[0]) and Fault(found.fault[0]) is why


def test_american_volatility_of_a_price_hardly_above_the_exercise_value():
    terms = {"is_call": False, "spot": 100.0, "strike": 110.0, "years": 0.2, "rate": 0.05}
    found = american_implied_volatility(10.002, **terms)
    assert found.fault[0] == Fault.NONE
    assert american_price(**terms, volatility=found.volatility) == pytest.approx(10.002, abs=1e-6)
