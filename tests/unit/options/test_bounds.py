"""Chances the quotes allow: by hand, over a model's chain, and on the recorded ones."""

from dataclasses import replace

import numpy as np
import pytest

from tests.helpers.chains import NOW, TODAY, chain_of, listed, model_chain, rules
from vst_desktop.adapters.files.chains import read_chain
from vst_desktop.domain.quotes import Right
from vst_desktop.domain.signals import Direction
from vst_desktop.options.analytics import probability_beyond
from vst_desktop.options.bounds import chance_bounds
from vst_desktop.options.figures import figures
from vst_desktop.options.intake import intake
from vst_desktop.options.selection import select
from vst_desktop.runtime.calendar import trading_day

WIDE = {
    "min_delta": 0.0,
    "max_delta": 1.0,
    "min_reward_risk": 0.0,
    "max_spread_cost": 1e9,
    "max_short_strike_em": 0.0,
}


def _bounds(chain, right):
    side = intake(chain, right, rules(), now=NOW, today=TODAY, check_age=True)
    return side.ladders[0], *chance_bounds(side.ladders[0], 0.0)


def test_bounds_of_two_calls_are_the_spreads_market_over_its_width():
    chain = chain_of([listed("100", 3.0, 3.2), listed("105", 1.0, 1.1)])
    _, low, high = _bounds(chain, Right.CALL)
    assert low.tolist() == pytest.approx([(3.0 - 1.1) / 5, 0.0])
    assert high.tolist() == pytest.approx([1.0, (3.2 - 1.0) / 5])


@pytest.mark.parametrize("right", list(Right))
def test_a_models_own_chances_lie_within_the_bounds_of_its_chain(right):
    ladder, low, high = _bounds(model_chain(right=right), right)
    chance = probability_beyond(
        ladder.strike / 10_000,
        direction=Direction.LONG if right is Right.CALL else Direction.SHORT,
        spot=100,
        years=37 / 365,
        volatility=0.25,
        rate=0.04,
        dividend_yield=0,
    )
    assert (chance >= low - 0.01).all() and (chance <= high + 0.01).all()
    assert np.median(high - low) < 0.5


def test_a_ladder_with_one_clean_quote_bounds_nothing():
    chain = chain_of([listed("100", 3.0, 3.2), listed("105", None, 1.1)])
    _, low, high = _bounds(chain, Right.CALL)
    assert (low.tolist(), high.tolist()) == ([0, 0], [1, 1])


def test_odds_that_contradict_quotes_of_a_cent_give_way_to_them(data_dir):
    chain = read_chain(data_dir / "chains" / "AAPL_20140609.parquet")
    junk = WIDE | {"max_leg_spread_pct": 5.0, "max_combo_spread_pct": 5.0, "min_dte": 1}
    today = trading_day(chain.time)
    limits = replace(rules(), **junk)
    found = select(
        chain, Direction.SHORT, limits, now=chain.time, today=today, check_age=False
    ).spreads
    odds = np.array([s.probability_of_profit for s in found], dtype=float)
    low, high = ([getattr(s, f"probability_{end}") for s in found] for end in ("low", "high"))
    assert ((odds >= low) & (odds <= high)).all() and (odds == high).any()
    told = figures(found, spot=chain.underlying, rate=0.04, dividend_yield=0.0)
    assert told.probability_of_profit == pytest.approx(odds)


@pytest.mark.parametrize("day", ["20140606", "20140609"])
@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize("changes", [{}, WIDE])
def test_odds_of_every_listed_spread_obey_the_bounds_on_recorded_chains(
    data_dir, day, direction, changes
):
    chain = read_chain(data_dir / "chains" / f"AAPL_{day}.parquet")
    limits = replace(rules(), **changes)
    found = select(
        chain,
        direction,
        limits,
        now=chain.time,
        today=trading_day(chain.time),
        check_age=False,
    )
    if not found.spreads:
        assert day == "20140606" and not changes
        return
    odds = np.array([s.probability_of_profit for s in found.spreads], dtype=float)
    assert (odds >= [s.probability_low for s in found.spreads]).all()
    assert (odds <= [s.probability_high for s in found.spreads]).all()
    told = figures(found.spreads, spot=chain.underlying, rate=0.04, dividend_yield=0.0)
    assert told.probability_of_profit == pytest.approx(odds)
    assert (told.probability_max_profit <= odds).all()
    assert (odds <= 1 - told.probability_max_loss).all()
    assert (told.probability_max_profit <= told.implied_share).all()
    assert (told.implied_share <= 1 - told.probability_max_loss).all()
    assert (told.cost_implied_usd < 0).all()
