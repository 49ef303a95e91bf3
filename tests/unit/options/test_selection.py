"""Selection against a slow, independent judgement of every single pair in exact arithmetic."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.chains import (
    EXPIRATION,
    NOW,
    TODAY,
    chain_of,
    listed,
    model_chain,
    rules,
)
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.quotes import OptionQuote, Right
from vst_desktop.domain.signals import Direction
from vst_desktop.options.exits import Levels, simulated_exits
from vst_desktop.options.plan_odds import PlanRanking, Pricing
from vst_desktop.options.rules import RULES
from vst_desktop.options.selection import select


def _select(chain, direction=Direction.LONG, *, check_age=True, **changes):
    return select(chain, direction, rules(**changes), now=NOW, today=TODAY, check_age=check_age)


def _exact(value) -> Decimal:
    return Decimal(str(value))


def _leg_verdict(quote: OptionQuote, limits, interest_known: bool) -> str | None:
    q = quote.quote
    if q is None:
        return "not_quoted"
    if q.bid is None or q.ask is None or q.bid <= 0 or q.ask < q.bid:
        return "quote"
    if (NOW - q.time).total_seconds() > limits.max_quote_age:
        return "stale"
    bid, ask = _exact(q.bid), _exact(q.ask)
    if (ask - bid) > _exact(limits.max_leg_spread_pct) * (ask + bid) / 2:
        return "leg_spread"
    if interest_known and (quote.open_interest or 0) < limits.min_open_interest:
        return "open_interest"
    return None


LEG_ORDER = ("not_quoted", "quote", "stale", "leg_spread", "open_interest")


def _slow_verdict(long, short, limits, spot, move, interest_known) -> str | None:
    """First failing rule of one pair, in Decimal, surface aside."""
    found = {_leg_verdict(leg, limits, interest_known) for leg in (long, short)}
    for name in LEG_ORDER:
        if name in found:
            return name
    debit = _exact(long.quote.ask) - _exact(short.quote.bid)
    close = _exact(long.quote.bid) - _exact(short.quote.ask)
    width = abs(long.contract.strike - short.contract.strike)
    if not 0 < debit < width:
        return "debit_width"
    if debit - close > _exact(limits.max_combo_spread_pct) * (debit + close) / 2:
        return "combo_spread"
    if debit * 100 > _exact(limits.max_spread_cost):
        return "cost"
    if width - debit < _exact(limits.min_reward_risk) * debit:
        return "reward_risk"
    net = long.delta - (0 if limits.delta_basis == "long_leg" else short.delta)
    if not limits.min_delta <= round(abs(net), 10) <= limits.max_delta:
        return "delta"
    if limits.max_short_strike_em and not (
        abs(float(short.contract.strike) - spot) <= limits.max_short_strike_em * move
    ):
        return "expected_move"
    return None


def _slow(chain, direction, limits):
    """Counts and passing pairs (long, short strike by expiration), pair by pair."""
    right = Right.CALL if direction is Direction.LONG else Right.PUT
    interest_known = any(q.open_interest is not None for q in chain.quotes)
    counts: dict[str, int] = {}
    passed, considered = set(), 0
    expirations = {q.contract.expiration for q in chain.quotes}
    for expiration in sorted(expirations):
        dte = (expiration - TODAY).days
        if not limits.min_dte <= dte <= limits.max_dte:
            continue
        legs = sorted(
            (
                q
                for q in chain.quotes
                if q.contract.expiration == expiration and q.contract.right is right
            ),
            key=lambda q: q.contract.strike,
        )
        # Every contract of these chains has the same volatility, so there is nothing to
        # interpolate; without a clean quote nothing is known.
        volatilities = [
            q.implied_volatility
            for q in legs
            if _leg_verdict(q, limits, interest_known) in (None, "leg_spread", "open_interest")
        ]
        move = volatilities[0] * chain.underlying * (dte / 365) ** 0.5 if volatilities else np.nan
        for (i, low), (j, high) in combinations(enumerate(legs), 2):
            if limits.max_strike_steps and j - i > limits.max_strike_steps:
                continue
            considered += 1
            long, short = (low, high) if direction is Direction.LONG else (high, low)
            verdict = _slow_verdict(long, short, limits, chain.underlying, move, interest_known)
            if verdict is None:
                passed.add((expiration, long.contract.strike, short.contract.strike))
            else:
                counts[verdict] = counts.get(verdict, 0) + 1
    return considered, counts, passed


def _key(ranked):
    return (ranked.spread.expiration, ranked.spread.long.strike, ranked.spread.short.strike)


def _rank_key(ranked):
    return (
        -ranked.reward_risk,
        ranked.leg_cost,
        -(ranked.open_interest or 0),
        ranked.debit,
        *_key(ranked),
    )


cents = st.integers(-100, 1500).map(lambda n: n / 100)


@st.composite
def chains(draw):
    right = draw(st.sampled_from(Right))
    quotes = []
    for days in draw(st.sets(st.sampled_from([29, 30, 37, 45, 46]), min_size=1, max_size=3)):
        for strike in sorted(draw(st.sets(st.integers(36, 44), min_size=1, max_size=9))):
            bid = draw(st.none() | cents)
            ask = draw(
                st.none()
                | (cents if bid is None else st.integers(-5, 60).map(lambda w, b=bid: b + w / 100))
            )
            quotes.append(
                listed(
                    str(strike * 2.5),
                    bid,
                    None if ask is None else round(ask, 2),
                    right=right,
                    delta=draw(st.integers(0, 20)) / 20 * (1 if right is Right.CALL else -1),
                    open_interest=draw(st.none() | st.sampled_from([0, 99, 100, 5000])),
                    expiration=TODAY + timedelta(days=days),
                    age_secs=draw(st.sampled_from([0, 9.5, 10, 10.5, 60])),
                    quoted=draw(st.integers(0, 9)) > 0,
                )
            )
    return right, chain_of(quotes, underlying=draw(st.sampled_from([95.0, 100.0, 101.25])))


limits = st.fixed_dictionaries(
    {
        "min_delta": st.sampled_from([0.0, 0.1, 0.3]),
        "max_delta": st.sampled_from([0.5, 1.0]),
        "delta_basis": st.sampled_from(["net", "long_leg"]),
        "max_spread_cost": st.sampled_from([120.0, 500.0, 100_000.0]),
        "min_reward_risk": st.sampled_from([0.0, 0.7, 1.5]),
        "max_strike_steps": st.sampled_from([0, 1, 3]),
        "max_short_strike_em": st.sampled_from([0.0, 0.5, 1.0]),
        "max_leg_spread_pct": st.sampled_from([0.1, 0.25, 2.0]),
        "max_combo_spread_pct": st.sampled_from([0.15, 2.0]),
        "min_open_interest": st.sampled_from([0, 100]),
    }
)


@settings(max_examples=120)
@given(chains(), limits)
def test_every_pair_is_judged_as_a_slow_exact_judge_does(made, changes):
    right, chain = made
    direction = Direction.LONG if right is Right.CALL else Direction.SHORT
    found = _select(chain, direction, check_surface=False, **changes)
    considered, counts, passed = _slow(chain, direction, rules(check_surface=False, **changes))
    assert found.considered == considered
    assert found.rejected == counts
    assert {_key(s) for s in found.spreads} == passed
    assert found.considered == len(found.spreads) + sum(found.rejected.values())


@settings(max_examples=60)
@given(chains(), limits, st.randoms(use_true_random=False), st.booleans())
def test_ranking_is_a_total_order_whatever_the_order_of_the_input(made, changes, shuffle, surface):
    right, chain = made
    direction = Direction.LONG if right is Right.CALL else Direction.SHORT
    found = _select(chain, direction, check_surface=surface, **changes)
    quotes = list(chain.quotes)
    shuffle.shuffle(quotes)
    again = _select(chain_of(quotes, chain.underlying), direction, check_surface=surface, **changes)
    assert again == found
    assert found.considered == len(found.spreads) + sum(found.rejected.values())
    keys = [_rank_key(s) for s in found.spreads]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)


def test_reject_counts_stand_in_the_order_of_the_rules():
    found = _select(model_chain(half_width=0.2))
    order = [RULES.index(name) for name in found.rejected]
    assert order == sorted(order) and len(order) > 2


def _pair(long_ask, short_bid, *, width=5, long_delta=0.6, short_delta=0.25, **leg):
    """Two calls with tight quotes and a debit of ``long_ask - short_bid``."""
    return chain_of(
        [
            listed("100", round(long_ask - 0.05, 2), long_ask, delta=long_delta, **leg),
            listed(
                str(100 + width), short_bid, round(short_bid + 0.05, 2), delta=short_delta, **leg
            ),
        ]
    )


@pytest.mark.parametrize(
    ("chain", "changes", "rule"),
    [
        (_pair(3.10, 1.10), {}, None),  # reward/risk exactly 1.5
        (_pair(3.11, 1.10), {}, "reward_risk"),
        (_pair(7.30, 2.30, width=14), {"max_short_strike_em": 0}, None),  # cost exactly 500
        (_pair(7.31, 2.30, width=14), {"max_short_strike_em": 0}, "cost"),
        (_pair(3.10, 1.10, long_delta=0.7, short_delta=0.4), {}, None),  # 0.2999... in binary
        (_pair(3.10, 1.10, long_delta=0.7, short_delta=0.2), {}, None),  # 0.49999... in binary
        (_pair(3.10, 1.10, long_delta=0.69, short_delta=0.4), {}, "delta"),
        (_pair(3.10, 1.10, long_delta=0.71, short_delta=0.2), {}, "delta"),
        (_pair(3.10, 1.10, age_secs=10), {}, None),
        (_pair(3.10, 1.10, age_secs=10.001), {}, "stale"),
        (_pair(3.10, 1.10, open_interest=100), {}, None),
        (_pair(3.10, 1.10, open_interest=99), {}, "open_interest"),
        (_pair(3.10, 1.10, quoted=False), {}, "not_quoted"),
        (_pair(1.10, 1.10), {}, "debit_width"),
        (_pair(6.10, 1.10), {}, "debit_width"),
        (_pair(3.10, 1.10), {"max_combo_spread_pct": 0.05}, "combo_spread"),
        (_pair(3.10, 1.10), {"max_leg_spread_pct": 0.04}, "leg_spread"),
        (_pair(3.10, 1.10), {"max_short_strike_em": 0.5}, "expected_move"),
    ],
)
def test_a_pair_at_or_over_a_limit(chain, changes, rule):
    found = _select(chain, **changes)
    assert found.considered == 1
    assert found.rejected == ({} if rule is None else {rule: 1})


def test_a_recorded_snapshot_is_its_own_moment():
    old = _pair(3.10, 1.10, age_secs=86_400)
    assert _select(old).rejected == {"stale": 1}
    assert len(_select(old, check_age=False).spreads) == 1


def test_a_lying_quote_is_refused_under_surface_and_the_others_stay():
    chain = model_chain()
    quotes = list(chain.quotes)
    at = next(n for n, q in enumerate(quotes) if q.contract.strike == 104)
    quotes[at] = listed("104.0", 0.40, 0.46, delta=0.3)
    found = _select(chain_of(quotes))
    assert found.rejected["surface"] == len(quotes) - 1
    assert found.spreads
    assert all(104 not in (s.spread.long.strike, s.spread.short.strike) for s in found.spreads)
    assert "surface" not in _select(chain_of(quotes), check_surface=False).rejected


def test_a_stale_quote_does_not_condemn_its_fresh_neighbours():
    chain = model_chain()
    quotes = list(chain.quotes)
    at = next(n for n, q in enumerate(quotes) if q.contract.strike == 104)
    quotes[at] = listed("104.0", 0.40, 0.46, delta=0.3, age_secs=60)
    found = _select(chain_of(quotes))
    assert found.rejected["stale"] == len(quotes) - 1
    assert "surface" not in found.rejected


def test_missing_open_interest_of_one_contract_is_zero_of_all_is_not_checked():
    one = chain_of(
        [
            listed("100", 3.05, 3.10, delta=0.6, open_interest=None),
            listed("105", 1.10, 1.15, delta=0.25),
        ]
    )
    assert _select(one).rejected == {"open_interest": 1}
    none = _select(_pair(3.10, 1.10, open_interest=None))
    assert len(none.spreads) == 1
    assert none.spreads[0].open_interest is None
    assert any("open_interest not checked" in note for note in none.notes)


@pytest.mark.parametrize(
    ("contract", "pairs"),
    [
        ({"trading_class": "XYZ"}, 1),
        ({"trading_class": "XYZ1"}, 0),
        ({"multiplier": 150}, 0),
        ({"trading_class": ""}, 1),
    ],
)
def test_only_standard_contracts_are_spreads(contract, pairs):
    found = _select(_pair(3.10, 1.10, **contract))
    assert found.considered == pairs
    assert any("non-standard" in note for note in found.notes) == (pairs == 0)


def test_trading_class_is_compared_without_punctuation():
    chain = _pair(3.10, 1.10, trading_class="BRKB")
    chain = chain_of(chain.quotes)
    assert _select(replace(chain, symbol="BRK.B")).considered == 1
    assert _select(replace(chain, symbol="BRK.A")).considered == 0


def test_no_expiration_in_range_is_a_normal_answer_that_says_so():
    found = _select(_pair(3.10, 1.10, expiration=TODAY + timedelta(days=60)))
    assert found.considered == 0 and found.rejected == {} and found.spreads == ()
    assert "no expiration 30 to 45 days away" in found.notes


def test_broker_greeks_are_used_and_missing_ones_are_computed():
    given_, own = model_chain(), model_chain(with_greeks=False)
    ours, theirs = _select(own), _select(given_)
    assert any("computed" in note for note in ours.notes)
    assert not any("computed" in note for note in theirs.notes)
    assert {_key(s) for s in ours.spreads} & {_key(s) for s in theirs.spreads}
    by_key = {_key(s): s for s in theirs.spreads}
    for spread in ours.spreads:
        if _key(spread) in by_key:
            assert spread.delta == pytest.approx(by_key[_key(spread)].delta, abs=0.02)
            assert spread.long_iv == pytest.approx(0.25, abs=0.02)


def test_figures_of_a_spread():
    found = _select(_pair(3.10, 1.10)).spreads[0]
    assert found.debit == Decimal("2")
    assert found.market.close == Decimal("1.9")
    assert found.market.size == 10
    assert found.market.live
    assert (found.max_loss_usd, found.max_profit_usd) == (Decimal(200), Decimal(300))
    assert found.reward_risk == 1.5
    assert found.breakeven == 102
    assert found.leg_cost == pytest.approx(0.10)
    assert found.expected_move == pytest.approx(100 * 0.25 * (37 / 365) ** 0.5)
    assert 0.3 < found.probability_of_profit < 0.5
    assert found.spread.expiration == EXPIRATION


def test_bear_puts_mirror_bull_calls():
    chain = chain_of(
        [
            listed("100", 3.05, 3.10, right=Right.PUT, delta=-0.6),
            listed("95", 1.10, 1.15, right=Right.PUT, delta=-0.25),
        ]
    )
    found = _select(chain, Direction.SHORT).spreads[0]
    assert (found.spread.long.strike, found.spread.short.strike) == (100, 95)
    assert found.breakeven == 98
    assert found.delta == pytest.approx(0.35)


def test_balanced_ranks_steps_of_a_tenth_by_the_cost_of_crossing():
    found = _select(model_chain(half_width=0.02), rank_by="balanced").spreads
    keys = [(-int(s.reward_risk * 10 + 1e-9), s.leg_cost) for s in found]
    assert len(found) > 3
    assert keys == sorted(keys)


def test_ranking_by_plan_value_is_refused_without_a_plan():
    with pytest.raises(UserError, match="rank_by"):
        _select(model_chain(), rank_by="plan_value")


def test_ranking_by_plan_value_puts_the_best_value_per_dollar_at_risk_first():
    def exits(expiration, volatility):
        levels = Levels(spot=100.0, target=106.0, stop=96.0, days=(expiration - TODAY).days - 14)
        return simulated_exits(levels, volatility=volatility, rate=0.04, dividend_yield=0.0)

    plan = PlanRanking(
        exits=exits, pricing=Pricing(rate=0.04, dividend_yield=0.0), of="implied prices"
    )
    chain = model_chain(days=(31, 38))
    found = select(
        chain, Direction.LONG, rules(rank_by="plan_value"), now=NOW, today=TODAY, plan=plan
    )
    values = [plan.values([ranked], 100.0)[0] for ranked in found.spreads]
    assert values == pytest.approx(sorted(values, reverse=True)) and len(values) > 5
    assert {_key(s) for s in found.spreads} == {_key(s) for s in _select(chain).spreads}
    assert any("implied prices" in note for note in found.notes)
    unknown = [replace(found.spreads[0], expected_move=None)]
    assert plan.values(unknown, 100.0) == [None]
