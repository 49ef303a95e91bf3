from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from tests.helpers.chains import EXPIRATION, NOW, TODAY, chain_of, listed, model_chain, rules
from vst_desktop.domain.quotes import Right
from vst_desktop.domain.signals import Direction
from vst_desktop.options.explain import explain_pair
from vst_desktop.options.intake import intake
from vst_desktop.options.own_greeks import with_greeks
from vst_desktop.options.rules import LEG_RULES
from vst_desktop.options.selection import select


def _judged(quote):
    chain = chain_of([listed("95", 6.0, 6.2), quote, listed("105", 1.0, 1.1)])
    side = intake(chain, Right.CALL, rules(), now=NOW, today=TODAY, check_age=True)
    (ladder,) = side.ladders
    failed = int(ladder.first_failed[1])
    return LEG_RULES[failed] if failed < len(LEG_RULES) else None


def _sized(bid_size, ask_size):
    made = listed("100", 3.0, 3.1)
    return replace(made, quote=replace(made.quote, bid_size=bid_size, ask_size=ask_size))


@pytest.mark.parametrize(
    ("quote", "rule"),
    [
        (listed("100", 3.0, 3.1), None),
        (listed("100", None, 3.1), "quote"),
        (listed("100", 3.0, None), "quote"),
        (listed("100", -1.0, 3.1), "quote"),
        (listed("100", 3.0, -1.0), "quote"),
        (listed("100", -1.0, -1.0), "quote"),
        (listed("100", 0.0, 3.1), "quote"),
        (listed("100", 3.2, 3.1), "quote"),
        (listed("100", float("nan"), 3.1), "quote"),
        (listed("100", 3.0, float("inf")), "quote"),
        (listed("100", 3.1, 3.1), None),
        (_sized(0, 10), "quote"),
        (_sized(10, 0), "quote"),
        (_sized(-1, 10), "quote"),
        (_sized(None, None), None),
        (listed("100", 3.0, 3.1, age_secs=11), "stale"),
        (listed("100", -1.0, 3.1, age_secs=11), "quote"),
        (listed("100", 3.0, 3.1, quoted=False), "not_quoted"),
        (listed("100", 2.0, 3.1), "leg_spread"),
        (listed("100", 3.0, 3.1, open_interest=99), "open_interest"),
    ],
)
def test_every_side_must_be_there_positive_uncrossed_fresh_and_of_some_size(quote, rule):
    assert _judged(quote) == rule


def test_an_empty_side_is_named_when_the_pair_is_explained():
    verdict = explain_pair(
        chain_of([_sized(0, 10), listed("105", 1.0, 1.1)]),
        Direction.LONG,
        rules(),
        expiration=EXPIRATION,
        long_strike=_sized(0, 10).contract.strike,
        short_strike=listed("105", 1, 2).contract.strike,
        now=NOW,
        today=TODAY,
    )
    assert verdict.text == "100 C has no valid quote: bid 3 of size 0, ask 3.1"


def test_a_saturday_expiration_counts_to_friday_and_over_good_friday_to_thursday():
    now = NOW.replace(year=2014, month=3, day=10)
    today = now.date()
    lives = {}
    for day in (date(2014, 4, 12), date(2014, 4, 19)):
        chain = chain_of([listed("100", 3.0, 3.1, expiration=day)])
        side = intake(chain, Right.CALL, rules(), now=now, today=today, check_age=False)
        lives[day] = side.ladders[0].years * 365
        assert side.ladders[0].dte == (day - today).days
    assert lives[date(2014, 4, 12)] == pytest.approx((date(2014, 4, 11) - today).days, abs=0.1)
    assert lives[date(2014, 4, 19)] == pytest.approx((date(2014, 4, 17) - today).days, abs=0.1)


def test_legs_without_greeks_get_own_ones_and_say_so():
    chain = model_chain(with_greeks=False)
    side = intake(chain, Right.CALL, rules(), now=NOW, today=TODAY, check_age=True)
    legs = np.arange(5, 35)
    (ladder,) = with_greeks(side.ladders, [legs], side.spot, rules())
    assert np.flatnonzero(ladder.computed).tolist() == legs.tolist()
    assert ladder.volatility[legs] == pytest.approx(np.full(len(legs), 0.25), abs=0.02)
    for column in (ladder.delta, ladder.gamma, ladder.vega, ladder.theta):
        assert np.isfinite(column[legs]).all()


def test_greeks_of_the_broker_stay_and_are_not_called_computed():
    selection = select(model_chain(), Direction.LONG, rules(), now=NOW, today=TODAY)
    assert selection.spreads and not any(s.computed for s in selection.spreads)
    own = select(model_chain(with_greeks=False), Direction.LONG, rules(), now=NOW, today=TODAY)
    assert own.spreads and all(s.computed for s in own.spreads)


def test_expirations_of_different_length_are_valued_together_as_alone():
    chain = model_chain(right=Right.PUT, days=(31, 38, 45), with_greeks=False)
    side = intake(chain, Right.PUT, rules(), now=NOW, today=TODAY, check_age=True)
    legs = [np.arange(10, 30)] * 3
    together = with_greeks(side.ladders, legs, side.spot, rules())
    for ladder, wanted, found in zip(side.ladders, legs, together, strict=True):
        (alone,) = with_greeks([ladder], [wanted], side.spot, rules())
        assert found.delta == pytest.approx(alone.delta, abs=1e-9, nan_ok=True)
        assert found.expected_move == pytest.approx(alone.expected_move)
    assert side.ladders[0].expiration == TODAY + timedelta(days=31)
