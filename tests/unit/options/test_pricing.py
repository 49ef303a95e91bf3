import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vst_desktop.domain.signals import Direction
from vst_desktop.options.analytics import (
    interpolated_volatility,
    probability_beyond,
    probability_of_touch,
)
from vst_desktop.options.pricing import Fault, greeks, implied_volatility, price

spots = st.floats(5, 900)
moneyness = st.floats(0.6, 1.6)
times = st.floats(2 / 365, 2.0)
volatilities = st.floats(0.05, 1.5)
rates = st.floats(-0.01, 0.10)


def test_the_worked_check_of_the_domain_reference():
    """S = 100, 38 days, 100/105 calls at 30/29 %, rate 4 %, yield 1 %, to the printed digits."""
    years, rate, dividend_yield = 38 / 365, 0.04, 0.01
    shared = {"spot": 100.0, "years": years, "rate": rate, "dividend_yield": dividend_yield}

    def legs(volatility):
        return greeks(
            is_call=True, strike=np.array([100.0, 105.0]), volatility=np.array(volatility), **shared
        )

    def ends_above(level, volatility):
        return probability_beyond(
            level,
            direction=Direction.LONG,
            spot=100.0,
            years=years,
            volatility=volatility,
            rate=rate,
            dividend_yield=dividend_yield,
        )

    own = legs([0.30, 0.29])
    debit = own.price[0] - own.price[1]
    assert f"{debit:.2f}" == "2.08"
    assert f"{100 + debit:.2f}" == "102.08"
    assert f"{(5 - debit) / debit:.2f}" == "1.40"
    # All that follows is at one volatility: that of the breakeven, between the legs'.
    sigma = float(interpolated_volatility(100 + debit, 100.0, 105.0, 0.30, 0.29))
    one = legs([sigma, sigma])
    assert f"{100 * ends_above(100 + debit, sigma):.1f}" == "40.9"
    assert f"{100 * ends_above(105.0, sigma):.1f}" == "29.9"
    assert f"{100 * (1 - ends_above(100.0, sigma)):.1f}" == "50.6"
    assert f"{one.delta[0] - one.delta[1]:.3f}" == "0.199"
    assert f"{one.theta[0] - one.theta[1]:.3f}" == "-0.006"
    assert f"{100 * sigma * np.sqrt(years):.2f}" == "9.55"
    touch = probability_of_touch(
        105.0, spot=100.0, years=years, volatility=sigma, rate=rate, dividend_yield=dividend_yield
    )
    assert f"{touch:.3f}" == "0.605"
    assert f"{2 * ends_above(105.0, sigma):.3f}" == "0.599"
    growth = np.exp(rate * years)
    assert f"{growth * (one.price[0] - one.price[1]) - debit:.3f}" == "-0.113"
    assert f"{growth * debit - debit:.3f}" == "0.009"


@settings(max_examples=150, deadline=None)
@given(s=spots, m=moneyness, t=times, v=volatilities, r=rates, q=rates)
def test_put_call_parity(s, m, t, v, r, q):
    k = s * m
    args = {"spot": s, "strike": k, "years": t, "volatility": v, "rate": r, "dividend_yield": q}
    call, put = price(is_call=True, **args)[0], price(is_call=False, **args)[0]
    parity = s * np.exp(-q * t) - k * np.exp(-r * t)
    assert call - put == pytest.approx(parity, abs=1e-9 * s)


@settings(max_examples=80, deadline=None)
@given(m=moneyness, t=st.floats(0.02, 2), v=st.floats(0.1, 1.0), call=st.booleans())
def test_greeks_are_the_slopes_of_the_price_in_their_units(m, t, v, call):
    def at(s=100.0, years=t, vol=v):
        return greeks(
            is_call=call,
            spot=s,
            strike=100 * m,
            years=years,
            volatility=vol,
            rate=0.03,
            dividend_yield=0.01,
        )

    g, h = at(), 1e-2
    assert g.delta[0] == pytest.approx(
        (at(s=100 + h).price - at(s=100 - h).price)[0] / (2 * h), abs=1e-5
    )
    assert g.gamma[0] == pytest.approx(
        (at(s=100 + h).delta - at(s=100 - h).delta)[0] / (2 * h), abs=1e-5
    )
    one_point = (at(vol=v + 1e-4).price - at(vol=v - 1e-4).price)[0] / 2e-4 / 100
    assert g.vega[0] == pytest.approx(one_point, abs=1e-5)
    a_day = -(at(years=t + 1e-5).price - at(years=t - 1e-5).price)[0] / 2e-5 / 365
    assert g.theta[0] == pytest.approx(a_day, abs=1e-5)


@settings(max_examples=150, deadline=None)
@given(s=spots, m=moneyness, t=times, v=volatilities, r=rates, q=rates, call=st.booleans())
def test_implied_volatility_finds_the_volatility_the_price_was_made_with(s, m, t, v, r, q, call):
    args = {"is_call": call, "spot": s, "strike": s * m, "years": t, "rate": r, "dividend_yield": q}
    made = greeks(volatility=v, **args)
    found = implied_volatility(made.price, **args).volatility[0]
    again = price(volatility=found, **args)[0] if np.isfinite(found) else np.nan
    if made.vega[0] > 1e-4 * s:
        assert found == pytest.approx(v, abs=1e-6)
    else:
        assert np.isnan(found) or again == pytest.approx(made.price[0], abs=1e-7 * s)


@pytest.mark.parametrize(
    ("quoted", "years", "why"),
    [
        (np.nan, 0.1, Fault.NOT_A_NUMBER),
        (0.0, 0.1, Fault.BELOW_INTRINSIC),
        (-1.0, 0.1, Fault.BELOW_INTRINSIC),
        (9.9, 0.1, Fault.BELOW_INTRINSIC),
        (100.0, 0.1, Fault.ABOVE_BOUND),
        (12.0, 0.0, Fault.NO_TIME),
        (12.0, -0.1, Fault.NO_TIME),
        (12.0, np.nan, Fault.NOT_A_NUMBER),
    ],
)
def test_no_volatility_where_none_gives_the_price_and_it_says_why(quoted, years, why):
    found = implied_volatility(quoted, is_call=True, spot=100, strike=90, years=years, rate=0.0)
    assert np.isnan(found.volatility[0])
    assert Fault(found.fault[0]) is why
    assert why.text()


def test_one_unsolvable_price_does_not_spoil_its_neighbours():
    found = implied_volatility(
        np.array([np.nan, 4.0, 500.0]), is_call=True, spot=100, strike=100, years=0.25, rate=0.02
    ).volatility
    assert np.isnan(found[[0, 2]]).all() and 0.1 < found[1] < 0.3


def test_at_expiration_only_the_intrinsic_value_is_left():
    g = greeks(
        is_call=[True, True, False], spot=100, strike=[90, 110, 110], years=0, volatility=0.3
    )
    assert g.price.tolist() == [10.0, 0.0, 10.0]
    assert g.delta.tolist() == [1.0, 0.0, -1.0]
    assert not (g.gamma.any() or g.vega.any() or g.theta.any())


def test_a_grid_of_prices_and_times_is_what_its_points_are() -> None:
    strikes, years = np.array([90.0, 100.0, 110.0]), np.array([[0.0], [0.1], [0.5]])
    grid = greeks(is_call=True, spot=100.0, strike=strikes, years=years, volatility=0.2, rate=0.04)
    assert grid.price.shape == grid.theta.shape == (3, 3)
    for row, left in enumerate(years[:, 0]):
        for column, strike in enumerate(strikes):
            one = greeks(
                is_call=True, spot=100.0, strike=strike, years=left, volatility=0.2, rate=0.04
            )
            for name in ("price", "delta", "gamma", "vega", "theta"):
                assert getattr(grid, name)[row, column] == getattr(one, name)[0]
