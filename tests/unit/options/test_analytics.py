from datetime import date
from decimal import Decimal

import pytest

from vst_desktop.domain.quotes import OptionContract, Right
from vst_desktop.domain.signals import Direction
from vst_desktop.domain.spreads import VerticalSpread
from vst_desktop.options.analytics import (
    breakeven,
    interpolated_volatility,
    probability_beyond,
)


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
