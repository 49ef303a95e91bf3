"""Where candidates of different symbols stand, by each ranking."""

from dataclasses import replace

import pytest

from tests.helpers.trades import candidate
from vst_desktop.domain.odds import Distribution, PlanEnd, PlanOdds
from vst_desktop.station.ranking import standing

END = PlanEnd(chance=0.3, low=0.2, high=0.4, usd=10.0, days=5)


def _odds(mean_usd, plays, distribution=Distribution.HISTORY):
    return PlanOdds(
        distribution=distribution,
        plays=plays,
        target=END,
        stop=END,
        time=END,
        mean_usd=mean_usd,
        mean_low_usd=mean_usd,
        mean_high_usd=mean_usd,
        median_days=5,
        worst_usd=-200.0,
    )


def _made(symbol, natural="2.00", **changes):
    made = candidate(symbol=symbol, natural=natural, close="1.90")
    return replace(made, candidate_id=symbol, **changes)


def _order(rank_by, *candidates):
    ranked = sorted(candidates, key=lambda c: standing(c, rank_by))
    return [c.signal.symbol for c in ranked]


def test_by_reward_risk_and_recorded_chains_first():
    dear, cheap = _made("DEAR", "2.10"), _made("CHEAP", "2.00")
    modelled = replace(_made("MODEL", "1.00"), recorded=False)
    assert _order("reward_risk", dear, cheap) == ["CHEAP", "DEAR"]
    recorded = replace(dear, recorded=True)
    assert _order("reward_risk", modelled, recorded) == ["DEAR", "MODEL"]


def test_balanced_counts_reward_risk_in_steps_and_then_the_cost_of_crossing():
    narrow, dear = _made("NARROW", "2.03"), _made("WIDE", "2.02")
    wide = replace(dear, ranked=replace(dear.ranked, leg_cost=0.5))
    assert _order("reward_risk", wide, narrow) == ["WIDE", "NARROW"]
    assert _order("balanced", wide, narrow) == ["NARROW", "WIDE"]


@pytest.mark.parametrize(("plays", "first"), [(31, "GOOD"), (29, "OTHER")])
def test_plan_value_goes_by_the_past_when_there_is_enough_of_it(plays, first):
    implied = _odds(-20.0, 20_480, Distribution.IMPLIED)
    good = _made("GOOD", odds=(_odds(-30.0, 20_480, Distribution.IMPLIED), _odds(50.0, plays)))
    other = _made("OTHER", odds=(implied, _odds(10.0, plays)))
    none = _made("NONE")
    assert _order("plan_value", none, other, good)[0] == first
    assert _order("plan_value", none, other, good)[-1] == "NONE"
