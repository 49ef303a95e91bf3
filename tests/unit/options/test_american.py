import math

import numpy as np
import pytest

from vst_desktop.options.american import american_greeks, american_implied_volatility
from vst_desktop.options.pricing import greeks

STRIKES = np.arange(80.0, 121.0, 2.0)


def _arguments(call: bool, rate: float, dividend_yield: float, years: float = 40 / 365):
    return {
        "is_call": np.full(len(STRIKES), call),
        "spot": 100.0,
        "strike": STRIKES,
        "years": np.full(len(STRIKES), years),
        "rate": rate,
        "dividend_yield": dividend_yield,
    }


def _cox_ross_rubinstein(call, k, years, sigma, rate, dividend_yield, steps=600):
    """A slow tree of another kind, one option at a time."""
    dt = years / steps
    up = math.exp(sigma * math.sqrt(dt))
    p = (math.exp((rate - dividend_yield) * dt) - 1 / up) / (up - 1 / up)
    sign = 1 if call else -1
    values = np.maximum(sign * (100 * up ** np.arange(-steps, steps + 1, 2.0) - k), 0)
    for level in range(steps - 1, -1, -1):
        values = math.exp(-rate * dt) * (p * values[1:] + (1 - p) * values[:-1])
        exercise = sign * (100 * up ** np.arange(-level, level + 1, 2.0) - k)
        values = np.maximum(values, exercise)
    return float(values[0])


@pytest.mark.parametrize(("call", "rate", "q"), [(False, 0.04, 0.0), (True, 0.02, 0.06)])
def test_prices_agree_with_a_fine_tree_to_two_cents(call, rate, q):
    arguments = _arguments(call, rate, q)
    mine = american_greeks(volatility=np.full(len(STRIKES), 0.3), **arguments).price
    slow = [_cox_ross_rubinstein(call, k, 40 / 365, 0.3, rate, q) for k in STRIKES]
    assert np.abs(mine - slow).max() < 0.02


def test_calls_without_dividends_are_european():
    arguments = _arguments(True, 0.05, 0.0)
    sigma = np.full(len(STRIKES), 0.3)
    american, european = (
        american_greeks(volatility=sigma, **arguments),
        greeks(volatility=sigma, **arguments),
    )
    assert np.array_equal(american.price, european.price)
    assert np.array_equal(american.delta, european.delta)


def test_puts_are_worth_at_least_the_european_and_nearly_the_exercise_value():
    arguments = _arguments(False, 0.05, 0.0)
    sigma = np.full(len(STRIKES), 0.25)
    price = american_greeks(volatility=sigma, **arguments).price
    assert (price >= greeks(volatility=sigma, **arguments).price).all()
    assert (price >= STRIKES - 100 - 0.02).all()


def test_delta_is_the_slope_of_the_price():
    arguments = _arguments(False, 0.05, 0.0)
    sigma = np.full(len(STRIKES), 0.3)
    slow = [
        (
            _cox_ross_rubinstein(False, k / 1.001, 40 / 365, 0.3, 0.05, 0) * 1.001
            - _cox_ross_rubinstein(False, k / 0.999, 40 / 365, 0.3, 0.05, 0) * 0.999
        )
        / 0.2
        for k in STRIKES
    ]
    mine = american_greeks(volatility=sigma, **arguments).delta
    assert np.abs(mine - slow).max() < 0.01


def test_implied_volatility_of_puts_returns_within_half_a_point_up_to_a_move_in_the_money():
    arguments = _arguments(False, 0.04, 0.0)
    sigma = np.full(len(STRIKES), 0.3)
    prices = american_greeks(volatility=sigma, **arguments).price
    found = american_implied_volatility(prices, **arguments).volatility
    near = STRIKES <= 110
    assert np.abs(found - 0.3)[near].max() < 0.005


def test_a_put_at_its_exercise_value_has_no_volatility():
    arguments = _arguments(False, 0.04, 0.0)
    found = american_implied_volatility(np.maximum(STRIKES - 100, 0.0), **arguments).volatility
    assert np.isnan(found).all()
