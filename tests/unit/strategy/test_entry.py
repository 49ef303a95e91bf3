"""The four rules on columns made by hand, their explanations, and the registry."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vst_desktop.domain.errors import UserError
from vst_desktop.domain.signals import Direction
from vst_desktop.runtime.settings import StrategySettings
from vst_desktop.strategy.indicators import Indicators
from vst_desktop.strategy.parameters import StrategyParameters
from vst_desktop.strategy.registry import BUILT_IN, get_strategy

DEFAULTS = StrategyParameters.of(StrategySettings().model_dump())
NAN = float("nan")


def columns(**values: list[float]) -> Indicators:
    count = max(len(v) for v in values.values())
    filled = {
        name: np.array(values.get(name, [NAN] * count)) for name in Indicators.__dataclass_fields__
    }
    return Indicators(**filled)


def test_high_base_needs_ratio_and_rsi_strictly_above() -> None:
    data = columns(close=[10, 10, 10, 10], atr=[4, 5, 4, 4], rsi=[61, 61, 60, 60.01])
    assert BUILT_IN["HIGH_BASE"].mask(data, DEFAULTS).tolist() == [True, False, False, True]


def test_low_base_to_the_letter_needs_an_atr_above_twice_the_close() -> None:
    data = columns(close=[10, 10, 10], atr=[19, 20, 21], rsi=[30, 30, 30])
    assert BUILT_IN["LOW_BASE"].mask(data, DEFAULTS).tolist() == [False, False, True]


def test_range_low_measures_from_the_lowest_low() -> None:
    parameters = replace(DEFAULTS, atr_ratio_base="range_low", base_lookback=2)
    data = columns(close=[10, 10, 10], low=[9, 9.8, 9.9], atr=[1, 1, 1], rsi=[30, 30, 30])
    assert BUILT_IN["LOW_BASE"].mask(data, parameters).tolist() == [False, False, True]


def test_pullback_takes_the_trend_and_first_rsi_from_the_bar_before() -> None:
    data = columns(
        close=[1, 1, 1, 1], sma50=[2, 2, 1, 1], sma200=[1, 1, 2, 2], rsi=[44, 46, 44, 46]
    )
    assert BUILT_IN["BULL_PULLBACK"].mask(data, DEFAULTS).tolist() == [False, True, False, False]


def test_rally_is_the_pullback_mirrored() -> None:
    data = columns(close=[1, 1, 1], sma50=[1, 1, 1], sma200=[2, 2, 2], rsi=[56, 55, 54])
    assert BUILT_IN["BEAR_RALLY"].mask(data, DEFAULTS).tolist() == [False, False, False]
    data = columns(close=[1, 1], sma50=[1, 1], sma200=[2, 2], rsi=[56, 54])
    assert BUILT_IN["BEAR_RALLY"].mask(data, DEFAULTS).tolist() == [False, True]


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_value_not_warmed_up_is_no_signal(name: str) -> None:
    data = columns(close=[10.0] * 3)
    assert not BUILT_IN[name].mask(data, DEFAULTS).any()
    assert not all(c.passed for c in BUILT_IN[name].explain(data, DEFAULTS, 2))


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_explanation_passes_whole_exactly_where_the_rule_holds(name: str) -> None:
    random = np.random.default_rng(7)
    data = columns(
        close=list(random.uniform(5, 15, 400)),
        low=list(random.uniform(4, 5, 400)),
        atr=list(random.uniform(1, 30, 400)),
        rsi=list(random.uniform(20, 80, 400)),
        sma50=list(random.uniform(9, 11, 400)),
        sma200=list(random.uniform(9, 11, 400)),
    )
    mask = BUILT_IN[name].mask(data, DEFAULTS)
    assert mask.any()
    for bar in range(1, 400):
        explained = BUILT_IN[name].explain(data, DEFAULTS, bar)
        assert all(c.passed for c in explained) == mask[bar]


def test_strategies_are_found_by_name() -> None:
    assert get_strategy("HIGH_BASE").direction is Direction.LONG
    with pytest.raises(UserError, match=r"unknown strategy 'NOPE'.*BEAR_RALLY"):
        get_strategy("NOPE")
