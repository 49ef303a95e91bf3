"""Against QuantLib and vollib, over seeded random contracts.

QuantLib takes 20 ms for one of its accurate prices: a sample here, all 10 000 in
tests/benchmarks/bench_pricing.py, whose figures stand in docs/adr/0012-american-options.md.
"""

import numpy as np
import pytest
import vollib.black_scholes_merton as vollib
from vollib.black_scholes_merton.greeks import analytical

from tests.benchmarks.option_oracles import exercise_price, grid_price, random_contracts
from vst_desktop.options.american import (
    NO_DIVIDENDS,
    american_implied_volatility,
    american_price,
)
from vst_desktop.options.early_exercise import CashDividends, Effort
from vst_desktop.options.pricing import Fault, greeks, implied_volatility

MEDIAN_USD, LARGEST_USD = 1e-3, 2e-2


def test_black_scholes_agrees_with_vollib_in_price_and_every_greek_of_ten_thousand():
    contracts = random_contracts(10_000, cash=False)
    mine = greeks(**contracts.terms())
    check = {"price": vollib.black_scholes_merton} | {
        name: getattr(analytical, name) for name in ("delta", "gamma", "vega", "theta")
    }
    for name, oracle in check.items():
        theirs = [
            oracle(
                "c" if contracts.call[n] else "p",
                100.0,
                contracts.strike[n],
                contracts.days[n] / 365,
                contracts.rate[n],
                contracts.volatility[n],
                contracts.dividend_yield[n],
            )
            for n in range(10_000)
        ]
        assert np.abs(getattr(mine, name) - theirs).max() < 1e-9, name


def test_implied_volatility_returns_the_volatility_of_ten_thousand_or_says_why_not():
    contracts = random_contracts(10_000, cash=False)
    terms = contracts.terms()
    made = greeks(**terms)
    volatility = terms.pop("volatility")
    found = implied_volatility(made.price, **terms)
    assert (np.isnan(found.volatility) == (found.fault != 0)).all()
    clear = made.vega > 1e-4
    assert clear.sum() > 9_000
    assert np.abs(found.volatility - volatility)[clear].max() < 1e-8


@pytest.mark.parametrize(
    ("count", "cash", "oracle"), [(100, False, exercise_price), (60, True, grid_price)]
)
def test_american_prices_agree_with_quantlib(count, cash, oracle):
    contracts = random_contracts(count, cash=cash)
    dividends = {"dividends": contracts.dividends()} if cash else {}
    theirs = np.array([oracle(contracts, n) for n in range(count)])
    mine = american_price(**contracts.terms(), **dividends)
    error = np.abs(mine - theirs)
    assert np.median(error) <= MEDIAN_USD
    assert error.max() <= LARGEST_USD
    fast = american_price(**contracts.terms(), **dividends, effort=Effort.FAST)
    assert np.median(np.abs(fast - theirs)) <= 5 * MEDIAN_USD


@pytest.mark.parametrize("paid", [NO_DIVIDENDS, CashDividends(years=[0.05, 0.3], usd=[0.8, 0.8])])
@pytest.mark.parametrize("call", [True, False])
def test_american_implied_volatility_gives_the_price_back(call, paid):
    g = np.random.default_rng(3)
    terms = {
        "is_call": call,
        "spot": 100.0,
        "strike": g.uniform(75, 130, 60),
        "years": 0.4,
        "rate": 0.05,
        "dividend_yield": 0.02,
        "dividends": paid,
    }
    volatility = g.uniform(0.1, 0.8, 60)
    prices = american_price(**terms, volatility=volatility)
    found = american_implied_volatility(prices, **terms)
    solved = found.fault == Fault.NONE
    assert (np.isnan(found.volatility) == ~solved).all()
    assert solved.mean() > 0.8
    known = {k: v[solved] if isinstance(v, np.ndarray) else v for k, v in terms.items()}
    again = american_price(**known, volatility=found.volatility[solved])
    assert np.abs(again - prices[solved]).max() < 1e-6
    assert np.median(np.abs(found.volatility - volatility)[solved]) < 1e-6
