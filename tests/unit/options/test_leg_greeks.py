"""Greeks of streamed legs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from vst_desktop.domain.quotes import OptionContract, OptionQuote, Quote, Right
from vst_desktop.options.american import american_greeks, american_price
from vst_desktop.options.contracts import years_left
from vst_desktop.options.leg_greeks import own_leg_greeks, told_greeks

NOW = datetime(2022, 6, 1, 18, 0, tzinfo=UTC)
RATE, SPOT, VOLATILITY = 0.04, 100.0, 0.3


def leg(right: Right, price: float) -> OptionQuote:
    contract = OptionContract(
        symbol="AAPL", expiration=date(2022, 7, 1), strike=Decimal(105), right=right
    )
    quote = Quote(bid=price - 0.05, ask=price + 0.05, bid_size=1, ask_size=1, last=None, time=NOW)
    return OptionQuote(contract=contract, quote=quote)


def terms(right: Right) -> dict[str, Any]:
    return {
        "is_call": right is Right.CALL,
        "spot": SPOT,
        "strike": 105.0,
        "years": years_left(leg(right, 1.0).contract, NOW),
        "volatility": VOLATILITY,
        "rate": RATE,
    }


def test_legs_without_greeks_are_valued_at_the_volatility_of_their_mids() -> None:
    legs = [leg(right, float(american_price(**terms(right)).item())) for right in Right]
    own = own_leg_greeks(legs, [SPOT, SPOT], RATE, 0.0)
    for right, found in zip(Right, own, strict=True):
        true = american_greeks(**terms(right))
        assert found is not None and found.computed
        assert found.delta == pytest.approx(true.delta[0], abs=0.01)
        assert found.theta == pytest.approx(true.theta[0], rel=0.05)
        assert found.vega == pytest.approx(true.vega[0], rel=0.05)


def test_what_the_broker_tells_is_taken_as_it_is_and_only_when_it_is_whole() -> None:
    told = told_greeks(replace(leg(Right.CALL, 2.0), delta=0.4, theta=-0.03, vega=0.1))
    assert told is not None
    assert (told.delta, told.theta, told.vega, told.computed) == (0.4, -0.03, 0.1, False)
    assert told_greeks(replace(leg(Right.CALL, 2.0), delta=0.9)) is None


def test_a_leg_without_a_market_or_with_an_impossible_price_has_none() -> None:
    good = leg(Right.CALL, 2.0)
    legs = [replace(good, quote=None), leg(Right.PUT, 1.0), good]
    assert [own is None for own in own_leg_greeks(legs, [SPOT] * 3, RATE, 0.0)] == [
        True,
        True,
        False,
    ]
    assert own_leg_greeks([], [], RATE, 0.0) == []
