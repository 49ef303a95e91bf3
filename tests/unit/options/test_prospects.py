"""The symbol's past and the spread's value along its plan."""

import numpy as np
import pytest

from tests.helpers.chains import NOW, TODAY, model_chain, rules
from vst_desktop.domain.signals import Direction
from vst_desktop.options.plan_odds import Pricing, value_per_risk
from vst_desktop.options.prospects import (
    at_expiration,
    history_value,
    implied_over_realised,
    level_profits_usd,
    realised_rank,
    realised_volatility,
    volatility_rank,
)
from vst_desktop.options.selection import select

PRICING = Pricing(rate=0.04, dividend_yield=0.0)


def _spread():
    return select(model_chain(), Direction.LONG, rules(), now=NOW, today=TODAY).spreads[0]


def _walk(count, volatility=0.25, seed=1):
    g = np.random.default_rng(seed)
    steps = g.standard_normal(count) * volatility / np.sqrt(252)
    return 50 * np.exp(np.cumsum(steps))


def test_rank_and_percentile_are_two_figures():
    past = [0.10] * 50 + [0.20] * 49 + [0.60]
    found = volatility_rank(0.30, past, "implied")
    assert (found.rank, found.percentile, found.days) == (pytest.approx(0.4), 0.99, 100)
    assert volatility_rank(0.9, past, "implied").rank == 1


@pytest.mark.parametrize("past", [[0.2] * 59, [0.2] * 100, [float("nan")] * 300])
def test_too_few_or_equal_days_have_no_rank(past):
    assert volatility_rank(0.3, past, "implied") is None


def test_only_the_last_year_counts():
    past = np.concatenate([np.full(500, 5.0), np.linspace(0.1, 0.3, 252)])
    assert volatility_rank(0.2, past, "implied").rank == pytest.approx(0.5)


def test_realised_volatility_of_a_walk_is_its_own_and_ranks_say_what_they_are_of():
    close = _walk(2000)
    past = realised_volatility(close)
    assert np.isnan(past[:20]).all() and np.nanmean(past) == pytest.approx(0.25, rel=0.05)
    rank = realised_rank(close)
    assert rank.of == "realised, 20 sessions" and 0 <= rank.rank <= 1
    assert implied_over_realised(0.5, close) == pytest.approx(0.5 / past[-1])
    assert implied_over_realised(0.5, close[:10]) is None and realised_rank([]) is None


def test_history_counts_windows_and_only_those_apart_for_its_interval():
    ranked = _spread()
    found = history_value(ranked, _walk(2600), spot=100.0, pricing=PRICING)
    assert found.windows == 2600 - 26 and found.apart == found.windows // 26
    assert found.low_usd < found.mean_usd < found.high_usd
    # A fair walk with the volatility of the prices: about what crossing and commissions cost.
    assert found.low_usd < -100 * ranked.leg_cost / 2 - 2.60 < found.high_usd
    assert history_value(ranked, _walk(60), spot=100.0, pricing=PRICING) is None


def test_a_past_that_only_rises_pays_the_most_there_is():
    ranked = _spread()
    rising = 50 * np.exp(np.arange(800) * 0.02)
    found = history_value(ranked, rising, spot=100.0, pricing=PRICING)
    most = float(ranked.max_profit_usd) - 100 * ranked.leg_cost / 2 - 2.60
    assert found.mean_usd == pytest.approx(most, abs=0.2)


def test_values_at_levels_fall_with_time_above_the_strikes_mirrored_below():
    ranked = _spread()
    profits = level_profits_usd(ranked, [94.0, 112.0], [0, 10, 20, 37], PRICING)
    assert (np.diff(profits[0]) <= 1e-9).all() and (np.diff(profits[1]) >= -1e-9).all()
    end = value_per_risk([ranked], at_expiration(ranked, np.array([112.0])), PRICING)
    risk = float(ranked.max_loss_usd) + 1.30
    assert end[0] == pytest.approx(profits[1, -1] / risk)
