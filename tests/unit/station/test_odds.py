"""Plan odds of a candidate as the station asks for them."""

import time
from datetime import date, timedelta

import numpy as np
import pytest

from tests.helpers.chains import NOW, TODAY, model_chain, rules
from vst_desktop.domain.bars import BarSeries
from vst_desktop.domain.odds import Distribution
from vst_desktop.domain.signals import Direction
from vst_desktop.domain.spreads import ExitPlan
from vst_desktop.options.selection import select
from vst_desktop.runtime.settings import Settings
from vst_desktop.station.odds import FEWEST_PLAYS, Odds

SPOT = 100.0


def _plan(expiration: date = TODAY + timedelta(days=37)) -> ExitPlan:
    return ExitPlan(
        entry=SPOT,
        atr=2.0,
        stop=96.0,
        fibo_target=None,
        r_target=108.0,
        atr_target=106.0,
        target=106.0,
        target_reason="TARGET_ATR",
        exit_by=expiration - timedelta(days=14),
    )


def _bars(count: int = 3000, forming: bool = False) -> BarSeries:
    g = np.random.default_rng(5)
    close = 40 * np.exp(np.cumsum(g.standard_normal(count) * 0.015 + 0.0003))
    high, low = close * 1.01, close * 0.99
    days = tuple(date(2010, 1, 1) + timedelta(days=n) for n in range(count))
    return BarSeries(
        symbol="XYZ",
        dates=days,
        open=tuple(close.tolist()),
        high=tuple(high.tolist()),
        low=tuple(low.tolist()),
        close=tuple(close.tolist()),
        volume=(1e6,) * count,
        forming=forming,
    )


def _spread():
    return select(model_chain(), Direction.LONG, rules(), now=NOW, today=TODAY).spreads[0]


def _of(**changes):
    arguments = {
        "spot": SPOT,
        "quantity": 2,
        "today": TODAY,
        "bars": _bars(),
        "strategy": "HIGH_BASE",
    }
    return Odds(Settings()).of(_spread(), _plan(), **(arguments | changes))


def test_a_candidate_has_odds_under_both_distributions_each_with_its_sample():
    implied, history = _of()
    assert implied.distribution is Distribution.IMPLIED and implied.plays >= 20_000
    assert history.distribution is Distribution.HISTORY and 30 < history.plays < 300
    assert history.target.low < history.target.chance < history.target.high
    assert history.worst_usd == implied.worst_usd


def test_without_a_strategy_or_bars_there_is_no_history():
    assert [odds.distribution for odds in _of(strategy=None)] == [Distribution.IMPLIED]
    assert [odds.distribution for odds in _of(bars=None)] == [Distribution.IMPLIED]
    assert [odds.distribution for odds in _of(bars=_bars(10))] == [Distribution.IMPLIED]


def test_a_forming_bar_is_no_history():
    whole = _bars()
    forming = BarSeries(
        **{
            name: (*getattr(whole, name), 900.0)
            for name in ("open", "high", "low", "close", "volume")
        },
        symbol="XYZ",
        dates=(*whole.dates, whole.dates[-1] + timedelta(days=1)),
        forming=True,
    )
    assert _of(bars=forming) == _of(bars=whole)


def test_no_contracts_show_the_odds_of_one():
    assert _of(quantity=0) == _of(quantity=1)


@pytest.mark.parametrize(("count", "word"), [(3000, "history"), (300, "implied")])
def test_a_ranking_rests_on_the_past_only_when_there_is_enough_of_it(count, word):
    ranking = Odds(Settings()).ranking(
        {_spread().spread.expiration: _plan()},
        spot=SPOT,
        today=TODAY,
        bars=_bars(count),
        strategy="HIGH_BASE",
    )
    assert word in ranking.of
    (value,) = ranking.values([_spread()], SPOT)
    assert -1 <= value < 1 and FEWEST_PLAYS == 30


def test_one_candidate_takes_less_than_fifteen_milliseconds_of_a_processor():
    odds, ranked, bars = Odds(Settings()), _spread(), _bars()
    times = []
    for cents in range(8):
        start = time.process_time()
        odds.of(
            ranked,
            _plan(),
            spot=SPOT + cents / 100,
            quantity=2,
            today=TODAY,
            bars=bars,
            strategy="HIGH_BASE",
        )
        times.append(time.process_time() - start)
    assert min(times[1:]) < 0.015, times
