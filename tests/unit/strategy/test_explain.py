"""Near misses, and what is said of rules that never fire."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.helpers.own_strategies import SLOW_RISE, Own
from tests.helpers.rising import rising
from vst_desktop.domain.signals import Condition, Explanation, FireRate
from vst_desktop.runtime.settings import StrategySettings
from vst_desktop.strategy.explain import explain, fire_note, near_misses, switch_helps
from vst_desktop.strategy.parameters import BUILT_IN_NAMES, StrategyParameters

PARAMETERS = StrategyParameters.of(StrategySettings().model_dump())
FROM_RANGE = replace(PARAMETERS, atr_ratio_base="range_low")
UP = rising("UP")


def condition(value: float | None, threshold: float | None, *, passed: bool = False) -> Condition:
    return Condition(text="", value=value, threshold=threshold, passed=passed)


@pytest.mark.parametrize(
    ("value", "threshold", "near"),
    [
        (57.0, 60.0, True),
        (56.99, 60.0, False),
        (63.0, 60.0, True),
        (-9.6, -10.0, True),
        (None, 60.0, False),
        (60.0, None, False),
        (0.1, 0.0, False),
    ],
)
def test_failed_condition_is_near_within_five_percent_of_its_threshold(
    value: float | None, threshold: float | None, near: bool
) -> None:
    assert condition(value, threshold).near is near
    assert not condition(value, threshold, passed=True).near


def test_near_miss_has_exactly_one_failed_condition() -> None:
    passed, near, far = condition(1, 0, passed=True), condition(59, 60), condition(1, 60)

    def missed(*conditions: Condition) -> Condition | None:
        return Explanation(
            symbol="A", strategy="R", direction=None, date=UP.dates[0], conditions=conditions
        ).missed

    assert missed(passed, near) is near
    assert missed(passed, far) is None
    assert missed(near, near) is None
    assert missed(passed) is None


def test_explanations_say_which_rules_hold_on_the_last_bar() -> None:
    found = {e.strategy: e for e in explain(UP, BUILT_IN_NAMES, PARAMETERS)}
    assert [name for name, e in found.items() if e.holds] == ["HIGH_BASE"]
    assert {e.date for e in found.values()} == {UP.dates[-1]}
    (only,) = explain(rising("UP", 1), ("BULL_PULLBACK",), PARAMETERS)
    assert not only.holds
    assert only.conditions == ()


def test_near_misses_are_found_where_a_threshold_is_nearly_reached() -> None:
    strict = replace(PARAMETERS, high_base_min_rsi=100.0, high_base_max_atr_ratio=1.0)
    (miss,) = near_misses([UP, rising("NONE", 0)], ("HIGH_BASE", "LOW_BASE"), strict)
    assert miss.missed is not None
    assert (miss.strategy, miss.missed.text, miss.missed.value) == ("HIGH_BASE", "RSI > 100", 100.0)


def test_own_rule_that_cannot_explain_itself_says_so(own: Own) -> None:
    own.declare(SLOW_RISE=SLOW_RISE)
    own.module("broken_rule", "import no_such_module_here")
    own.install("others-rules", {"BROKEN": "broken_rule:RULE"})
    good, broken = explain(UP, ("SLOW_RISE", "BROKEN"), PARAMETERS)
    assert good.holds
    assert broken.direction is None
    assert "others-rules 1.2" in broken.conditions[0].text


def test_silent_rule_is_said_and_the_switch_offered_only_where_it_helps() -> None:
    silent = FireRate(strategy="LOW_BASE", fired=0, bars=484_000)
    assert fire_note(silent, PARAMETERS) == (
        "LOW_BASE fired on 0 of 484,000 bars: with atr_ratio_base = zero it cannot; "
        "switch to range_low"
    )
    assert fire_note(silent, FROM_RANGE) == "LOW_BASE fired on 0 of 484,000 bars"
    assert fire_note(replace(silent, strategy="HIGH_BASE"), PARAMETERS) == (
        "HIGH_BASE fired on 0 of 484,000 bars"
    )
    assert fire_note(replace(silent, fired=1), PARAMETERS) is None
    assert fire_note(replace(silent, bars=0), PARAMETERS) is None
    assert not switch_helps(silent, FROM_RANGE)
    assert silent.share == 0
    assert replace(silent, bars=0).share is None
