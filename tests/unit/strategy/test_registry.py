"""Strategies by name; users' own come from entry points of real distributions."""

from __future__ import annotations

import numpy as np
import pytest

from tests.helpers.own_strategies import SLOW_RISE, Own
from tests.helpers.rising import rising
from vst_desktop.domain.errors import UserError
from vst_desktop.runtime.settings import StrategySettings, load_settings
from vst_desktop.strategy.indicators import indicators
from vst_desktop.strategy.parameters import BUILT_IN_NAMES, StrategyParameters
from vst_desktop.strategy.registry import (
    BUILT_IN,
    all_strategies,
    conditions,
    evaluate,
    get_strategy,
    own_strategies,
)

PARAMETERS = StrategyParameters.of(StrategySettings().model_dump())
DATA = indicators(rising("UP", 40))


def test_names_of_the_built_in_strategies_are_those_of_their_rules() -> None:
    assert tuple(BUILT_IN) == BUILT_IN_NAMES


def test_own_strategy_is_found_by_its_name_and_listed_after_the_built_in(own: Own) -> None:
    own.declare(SLOW_RISE=SLOW_RISE)
    rule = get_strategy("SLOW_RISE")
    assert [s.name for s in all_strategies()] == [*BUILT_IN_NAMES, "SLOW_RISE"]
    assert evaluate(rule, DATA, PARAMETERS)[-1]
    (condition,) = conditions(rule, DATA, PARAMETERS)
    assert (condition.text, condition.passed) == ("RSI > 50", True)


def test_bar_that_is_not_warmed_up_never_carries_an_own_signal(own: Own) -> None:
    own.declare(ALWAYS="import numpy as np; return np.ones(len(data.close), dtype=bool)")
    mask = evaluate(get_strategy("ALWAYS"), DATA, PARAMETERS)
    assert mask.tolist() == [False] * 13 + [True] * 27


@pytest.mark.parametrize(
    ("point", "module", "reason"),
    [
        ("A_RULE", "import no_such_module_here", "ModuleNotFoundError"),
        ("A_RULE", "RULE = 3", "has no name 'A_RULE'"),
        ("A_RULE", "class RULE: name = 'A_RULE'", "is a class: name an instance"),
        ("A_RULE", "class R: name = 'A_RULE'\nRULE = R()", "no direction of type Direction"),
        (
            "A_RULE",
            "from vst_desktop.domain.signals import Direction\n"
            "class R:\n  name = 'A_RULE'\n  direction = Direction.LONG\nRULE = R()",
            "has no method mask",
        ),
        ("HIGH_BASE", "RULE = 3", "this program has one of that name already"),
        ("a-rule", "RULE = 3", "is not of capitals"),
        ("A_RULE", "", "AttributeError"),
    ],
)
def test_broken_entry_point_is_a_fault_with_its_distribution_and_harms_no_other(
    own: Own, point: str, module: str, reason: str
) -> None:
    own.module("broken_rule", module)
    own.install("others-rules", {point: "broken_rule:RULE"})
    own.declare(SLOW_RISE=SLOW_RISE)
    (fault,) = own_strategies().faults
    assert f"strategy {point} of others-rules 1.2 cannot be used" in str(fault)
    assert reason in fault.error
    assert get_strategy("SLOW_RISE").name == "SLOW_RISE"
    if point not in BUILT_IN:
        with pytest.raises(UserError, match=r"others-rules 1\.2"):
            get_strategy(point)


def test_second_of_two_own_strategies_with_one_name_is_a_fault(own: Own) -> None:
    own.declare("a-rules", TWICE=SLOW_RISE)
    own.declare("b-rules", TWICE=SLOW_RISE)
    (fault,) = own_strategies().faults
    assert str(fault) == (
        "strategy TWICE of b-rules 1.2 cannot be used: a-rules 1.2 has one of that name already"
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("raise KeyError('x')", "KeyError"),
        ("return data.rsi", "float64 of shape"),
        ("return (data.rsi > 50)[1:]", r"bool of shape \(39,\), not bool of shape \(40,\)"),
        ("return True", "bool, not bool of shape"),
        ("data.close[:] = 0", "read-only"),
    ],
)
def test_mask_that_breaks_the_contract_is_a_sentence(own: Own, body: str, reason: str) -> None:
    own.declare(A_RULE=body)
    with pytest.raises(UserError, match=f"A_RULE failed: .*{reason}"):
        evaluate(get_strategy("A_RULE"), DATA, PARAMETERS)
    assert np.isfinite(DATA.close).all()


@pytest.mark.parametrize("body", ["raise ZeroDivisionError", "return ['no condition']", "return 1"])
def test_explanation_that_breaks_the_contract_is_a_sentence(own: Own, body: str) -> None:
    own.declare(A_RULE=SLOW_RISE)
    rule = get_strategy("A_RULE")

    def explain(self: object, data: object, parameters: object, bar: int) -> object:
        if body.startswith("raise"):
            raise ZeroDivisionError
        return 1 if body.endswith("1") else ["no condition"]

    type(rule).explain = explain  # type: ignore[method-assign, assignment]
    with pytest.raises(UserError, match="A_RULE cannot explain itself"):
        conditions(rule, DATA, PARAMETERS)


def test_enabled_strategies_are_known_to_the_registry(own: Own) -> None:
    own.declare(SLOW_RISE=SLOW_RISE)
    own.module("broken_rule", "import no_such_module_here")
    own.install("others-rules", {"BROKEN": "broken_rule:RULE"})
    assert load_settings(environment={}).strategy.enabled == BUILT_IN_NAMES
    named = load_settings(["enabled=SLOW_RISE, HIGH_BASE, BROKEN"], environment={})
    assert named.strategy.enabled == ("SLOW_RISE", "HIGH_BASE", "BROKEN")
    with pytest.raises(UserError, match=r"strategy.enabled = 'NOPE' is refused: unknown strategy"):
        load_settings(["enabled=NOPE"], environment={})
    with pytest.raises(UserError, match=r"strategy.enabled"):
        load_settings(["enabled="], environment={})
