from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.chains import EXPIRATION, NOW, TODAY, chain_of, listed, model_chain, rules
from vst_desktop.domain.quotes import Right
from vst_desktop.domain.signals import Direction
from vst_desktop.options.explain import explain_pair
from vst_desktop.options.selection import select


def _explain(
    chain, long="100", short="105", direction=Direction.LONG, expiration=EXPIRATION, **changes
):
    return explain_pair(
        chain,
        direction,
        rules(**changes),
        expiration=expiration,
        long_strike=Decimal(long),
        short_strike=Decimal(short),
        now=NOW,
        today=TODAY,
    )


def _pair(long_ask=3.10, short_bid=1.10, **leg):
    return chain_of(
        [
            listed("100", round(long_ask - 0.05, 2), long_ask, delta=0.6, **leg),
            listed("105", short_bid, round(short_bid + 0.05, 2), delta=0.25, **leg),
        ]
    )


@pytest.mark.parametrize(
    ("chain", "changes", "rule", "text"),
    [
        (_pair(), {}, None, "passes every rule"),
        (_pair(3.17, 1.10), {}, "reward_risk", "reward/risk 1.42 < 1.50"),
        (_pair(3.1001, 1.10), {}, "reward_risk", "reward/risk 1.4999 < 1.5000"),
        (_pair(quoted=False), {}, "not_quoted", "100 C was not asked for"),
        (_pair(age_secs=14), {}, "stale", "100 C quote age 14.0 > 10.0 s"),
        (_pair(open_interest=12), {}, "open_interest", "100 C open interest 12 < 100"),
        (_pair(6.20, 1.10), {}, "debit_width", "debit 5.10 >= width 5.00"),
        (_pair(1.00, 1.10), {"check_surface": False}, "debit_width", "debit -0.10 <= 0.00"),
        (_pair(), {"max_spread_cost": 199}, "cost", "cost 200.00 > 199.00 USD"),
        (_pair(), {"min_delta": 0.4}, "delta", "delta 0.35 < 0.40"),
        (_pair(), {"min_delta": 0.1, "max_delta": 0.3}, "delta", "delta 0.35 > 0.30"),
        (_pair(), {"max_leg_spread_pct": 0.01}, "leg_spread", "100 C leg spread 2 > 1 %"),
        (_pair(), {"max_combo_spread_pct": 0.04}, "combo_spread", "combo spread 5 > 4 %"),
        (
            _pair(),
            {"max_short_strike_em": 0.5},
            "expected_move",
            "short strike 0.63 > 0.50 expected moves away",
        ),
    ],
)
def test_first_failing_rule_with_value_and_limit(chain, changes, rule, text):
    verdict = _explain(chain, **changes)
    assert (verdict.considered, verdict.rule, verdict.text) == (True, rule, text)
    assert verdict.passed == (rule is None)


def test_a_one_sided_quote_shows_its_sides():
    chain = chain_of([listed("100", 3.05, 3.10), listed("105", None, 0.04)])
    verdict = _explain(chain)
    assert (verdict.rule, verdict.text) == (
        "quote",
        "105 C has no valid quote: bid none, ask 0.04",
    )


def test_a_quote_that_contradicts_its_neighbours_is_named():
    chain = model_chain()
    quotes = tuple(
        listed("105.0", 4.0, 4.06) if q.contract.strike == 105 else q for q in chain.quotes
    )
    verdict = _explain(replace(chain, quotes=quotes))
    assert (verdict.rule, verdict.text) == (
        "surface",
        "105 C at 4/4.06 contradicts its neighbours",
    )


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"expiration": TODAY + timedelta(days=60)}, "60 days to expiration, allowed 30 to 45"),
        (
            {"expiration": TODAY + timedelta(days=40)},
            "no standard contract expires on 2024-04-13; within the days allowed: 2024-04-10",
        ),
        ({"short": "107"}, "strike 107 is not listed for 2024-04-10; nearest: 100, 105"),
        ({"long": "105", "short": "100"}, "the short strike must lie above the long one"),
    ],
)
def test_a_pair_that_is_no_candidate_says_why(arguments, text):
    verdict = _explain(_pair(), **arguments)
    assert (verdict.considered, verdict.passed, verdict.text) == (False, False, text)


def test_strikes_too_many_steps_apart_are_not_considered():
    verdict = _explain(model_chain(), "100", "105", max_strike_steps=2)
    assert (verdict.considered, verdict.text) == (False, "5 strikes apart, allowed 2")


@settings(max_examples=30)
@given(
    half_width=st.sampled_from([0.01, 0.05, 0.2]),
    spot=st.sampled_from([97.0, 100.0, 103.0]),
    volatility=st.sampled_from([0.15, 0.3, 0.5]),
)
def test_explaining_every_pair_adds_up_to_the_counts_of_selection(half_width, spot, volatility):
    chain = model_chain(
        right=Right.PUT,
        spot=spot,
        volatility=volatility,
        half_width=half_width,
        strikes=range(88, 113, 3),
    )
    found = select(chain, Direction.SHORT, rules(), now=NOW, today=TODAY)
    strikes = [q.contract.strike for q in chain.quotes]
    counts: dict[str, int] = {}
    for long in strikes:
        for short in strikes:
            if short < long:
                verdict = _explain(chain, str(long), str(short), Direction.SHORT)
                if not verdict.passed:
                    assert verdict.rule is not None
                    counts[verdict.rule] = counts.get(verdict.rule, 0) + 1
    assert counts == found.rejected
