from datetime import date
from decimal import Decimal

import pytest

from vst_desktop.domain.quotes import OptionContract, Right
from vst_desktop.domain.signals import Direction
from vst_desktop.domain.spreads import VerticalSpread
from vst_desktop.options.analytics import (
    breakeven,
    commission_usd,
    interpolated_volatility,
    probability_beyond,
    spread_value,
)

MARKET = {"ivs": (0.30, 0.29), "rate": 0.04, "dividend_yield": 0.01}


def _spread(long: str, short: str, right: Right = Right.CALL) -> VerticalSpread:
    def leg(strike: str) -> OptionContract:
        return OptionContract(
            symbol="XYZ", expiration=date(2024, 4, 19), strike=Decimal(strike), right=right
        )

    return VerticalSpread(long=leg(long), short=leg(short))


BULL_CALL, BEAR_PUT = _spread("100", "105"), _spread("100", "95", Right.PUT)


def test_breakeven_lies_a_debit_beyond_the_long_strike():
    assert breakeven(BULL_CALL, Decimal("2.08")) == Decimal("102.08")
    assert breakeven(BEAR_PUT, Decimal("2.08")) == Decimal("97.92")


def test_probability_of_profit_of_the_domain_references_worked_check():
    sigma = interpolated_volatility(102.08, 100, 105, 0.30, 0.29)
    odds = probability_beyond(
        102.08,
        direction=Direction.LONG,
        spot=100,
        years=38 / 365,
        volatility=sigma,
        rate=0.04,
        dividend_yield=0.01,
    )
    assert round(100 * float(odds), 1) == 40.9


def test_above_and_below_are_all_there_is():
    args = {"spot": 100, "years": 0.2, "volatility": 0.3, "rate": 0.02, "dividend_yield": 0}
    above = probability_beyond(103, direction=Direction.LONG, **args)
    below = probability_beyond(103, direction=Direction.SHORT, **args)
    assert float(above + below) == pytest.approx(1)


def test_at_expiration_the_odds_are_certain():
    args = {"spot": 100, "years": 0, "volatility": 0.3, "rate": 0.02, "dividend_yield": 0}
    assert probability_beyond([99, 101], direction=Direction.LONG, **args).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("spread", "spots", "worth"),
    [
        (BULL_CALL, [90, 100, 102, 105, 120], [0, 0, 2, 5, 5]),
        (BEAR_PUT, [80, 95, 98, 100, 110], [5, 5, 2, 0, 0]),
    ],
)
def test_value_at_expiration_is_the_payoff(spread, spots, worth):
    value = spread_value(spread, spots, days_left=0, **MARKET)
    assert value.tolist() == pytest.approx(worth)


def test_value_now_is_the_price_of_the_worked_check():
    assert round(float(spread_value(BULL_CALL, 100, days_left=38, **MARKET)[0]), 2) == 2.08


def test_commission_counts_two_legs_and_has_a_minimum():
    assert commission_usd(1) == Decimal("1.30")
    assert commission_usd(7) == Decimal("9.10")
    assert commission_usd(0) == Decimal("1.00")
