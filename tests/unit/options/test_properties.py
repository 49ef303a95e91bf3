"""What holds of every spread and every ranking, over 2,000 random examples each.

One seed makes one chain or spread: thousands of them take seconds. ``test_selection`` has the
same rules against a slow judge, with examples that shrink.
"""

import itertools
from datetime import timedelta
from decimal import Decimal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.chains import EXPIRATION, NOW, TODAY, chain_of, listed, rules
from vst_desktop.domain.quotes import OptionContract, Right
from vst_desktop.domain.signals import Direction
from vst_desktop.domain.spreads import VerticalSpread
from vst_desktop.options.payoff import AT_EXPIRATION, payoff
from vst_desktop.options.selection import select

EXAMPLES = 2000
seeds = st.integers(0, 2**32 - 1)


def _random_chain(g):
    """Four to seven strikes, some quotes bad, old or thin; limits near which much fails."""
    right = (Right.CALL, Right.PUT)[g.integers(2)]
    sign = 1 if right is Right.CALL else -1
    strikes = np.sort(g.choice(np.arange(36, 45), g.integers(4, 8), replace=False)) * 2.5
    worth = np.sort(g.uniform(0.2, 9, len(strikes)))[::-sign]
    deltas = np.sort(g.integers(2, 19, len(strikes)))[::-sign] / 20
    quotes = []
    for strike, value, delta in zip(strikes, worth, deltas, strict=True):
        bid = round(float(value), 2)
        width = float(g.integers(-2, 30)) / 100
        quotes.append(
            listed(
                str(strike),
                None if g.random() < 0.04 else bid,
                round(bid + width, 2),
                right=right,
                delta=sign * float(delta),
                open_interest=int(g.choice([99, 100, 5000], p=[0.1, 0.2, 0.7])),
                age_secs=float(g.choice([0, 9.5, 10.5], p=[0.8, 0.15, 0.05])),
                expiration=EXPIRATION + timedelta(days=int(g.integers(2)) * 7),
                quoted=bool(g.random() > 0.03),
            )
        )
    changes = {
        "min_delta": float(g.choice([0.0, 0.1, 0.3])),
        "max_delta": float(g.choice([0.5, 0.8])),
        "delta_basis": str(g.choice(["net", "long_leg"])),
        "max_spread_cost": float(g.choice([120, 500, 2000])),
        "min_reward_risk": float(g.choice([0.0, 0.7, 1.5])),
        "max_strike_steps": int(g.choice([0, 1, 3])),
        "max_short_strike_em": float(g.choice([0.0, 1.0])),
        "max_leg_spread_pct": float(g.choice([0.1, 0.25])),
        "max_combo_spread_pct": float(g.choice([0.15, 0.5])),
        "check_surface": bool(g.integers(2)),
        "rank_by": str(g.choice(["reward_risk", "balanced"])),
    }
    direction = Direction.LONG if right is Right.CALL else Direction.SHORT
    return quotes, direction, rules(**changes)


def _key(ranked, limits):
    debit, profit = ranked.debit, ranked.spread.width - ranked.debit
    first = 10 * profit // debit if limits.rank_by == "balanced" else ranked.reward_risk
    return (
        -float(first),
        round(ranked.leg_cost, 4),
        -(ranked.open_interest or 0),
        ranked.debit,
        ranked.spread.expiration,
        ranked.spread.long.strike,
        ranked.spread.short.strike,
    )


@settings(max_examples=EXAMPLES)
@given(seeds)
def test_ranking_is_a_total_order_independent_of_input_order(seed):
    g = np.random.default_rng(seed)
    quotes, direction, limits = _random_chain(g)
    found = select(chain_of(quotes), direction, limits, now=NOW, today=TODAY)
    shuffled = [quotes[n] for n in g.permutation(len(quotes))]
    assert select(chain_of(shuffled), direction, limits, now=NOW, today=TODAY) == found
    assert found.considered == len(found.spreads) + sum(found.rejected.values())
    keys = [_key(ranked, limits) for ranked in found.spreads]
    assert all(a < b for a, b in itertools.pairwise(keys))


@settings(max_examples=EXAMPLES)
@given(seeds)
def test_filters_never_pass_what_violates_them_and_profit_and_loss_make_the_width(seed):
    quotes, direction, limits = _random_chain(np.random.default_rng(seed))
    by_contract = {q.contract: q for q in quotes}
    for ranked in select(chain_of(quotes), direction, limits, now=NOW, today=TODAY).spreads:
        spread = ranked.spread
        legs = (by_contract[spread.long], by_contract[spread.short])
        for leg in legs:
            bid, ask = (Decimal(str(side)) for side in (leg.quote.bid, leg.quote.ask))
            assert 0 < bid <= ask
            assert ask - bid <= Decimal(str(limits.max_leg_spread_pct)) * (ask + bid) / 2
            assert leg.open_interest >= limits.min_open_interest
            assert (NOW - leg.quote.time).total_seconds() <= limits.max_quote_age
        debit = Decimal(str(legs[0].quote.ask)) - Decimal(str(legs[1].quote.bid))
        close = Decimal(str(legs[0].quote.bid)) - Decimal(str(legs[1].quote.ask))
        assert debit == ranked.debit and close == ranked.market.close
        assert 0 < debit < spread.width
        assert ranked.max_profit_usd + ranked.max_loss_usd == spread.width * spread.multiplier
        assert debit - close <= Decimal(str(limits.max_combo_spread_pct)) * (debit + close) / 2
        assert debit * 100 <= Decimal(str(limits.max_spread_cost))
        assert (spread.width - debit) / debit >= Decimal(str(limits.min_reward_risk))
        sold = legs[1].delta if limits.delta_basis == "net" else 0.0
        assert limits.min_delta <= round(abs(legs[0].delta - sold), 10) <= limits.max_delta
        assert limits.min_dte <= ranked.dte <= limits.max_dte
        assert (spread.short.strike - spread.long.strike) * direction.sign > 0
        if limits.max_short_strike_em:
            away = abs(float(spread.short.strike) - 100.0)
            assert away <= limits.max_short_strike_em * ranked.expected_move
        if limits.max_strike_steps:
            listed_ones = sorted(
                q.contract.strike for q in quotes if q.contract.expiration == spread.expiration
            )
            steps = listed_ones.index(spread.short.strike) - listed_ones.index(spread.long.strike)
            assert abs(steps) <= limits.max_strike_steps


def _random_spread(g):
    right = (Right.CALL, Right.PUT)[g.integers(2)]
    low = Decimal(int(g.integers(60, 140)))
    high = low + Decimal(int(g.integers(1, 20))) / 2
    long, short = (low, high) if right is Right.CALL else (high, low)
    legs = [
        OptionContract(symbol="XYZ", expiration=EXPIRATION, strike=strike, right=right)
        for strike in (long, short)
    ]
    return VerticalSpread(long=legs[0], short=legs[1])


@settings(max_examples=EXAMPLES)
@given(seeds)
def test_buying_and_selling_the_same_spread_sums_to_zero(seed):
    g = np.random.default_rng(seed)
    spread = _random_spread(g)
    quantity = int(g.integers(1, 20))
    terms = {
        "debit": Decimal(int(g.integers(5, 400))) / 100,
        "spot": 100.0,
        "ivs": (0.3, 0.28),
        "days_to_expiration": 38,
        "scenarios": (AT_EXPIRATION,),
        "rate": 0.04,
        "dividend_yield": 0.0,
        "prices": g.uniform(40, 180, 20),
    }
    bought = payoff(spread, quantity=quantity, **terms)
    sold = payoff(spread, quantity=-quantity, **terms)
    assert (bought.profits_usd + sold.profits_usd == 0).all()
    width_usd = float(spread.width) * 100 * quantity
    most, least = bought.profits_usd.max(), bought.profits_usd.min()
    assert most - least <= width_usd * (1 + 1e-12)
