"""Exits as the trader changes them: what is allowed, and what is refused in words."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vst_desktop.domain.errors import UserError
from vst_desktop.domain.exit_edits import ExitEdit
from vst_desktop.domain.signals import Direction
from vst_desktop.domain.spreads import ExitPlan
from vst_desktop.strategy.exit_edit import edited

TODAY, LAST = date(2023, 11, 7), date(2023, 12, 14)
PLAN = ExitPlan(
    entry=104.0,
    atr=2.0,
    stop=100.0,
    fibo_target=None,
    r_target=112.0,
    atr_target=110.0,
    target=110.0,
    target_reason="TARGET_ATR",
    exit_by=date(2023, 12, 1),
)
MIRRORED = replace(PLAN, stop=108.0, r_target=96.0, atr_target=98.0, target=98.0)
EDIT = ExitEdit(stop=101.5, target=109.0, exit_by=date(2023, 11, 21))


def is_weekday(day: date) -> bool:
    return day.weekday() < 5


def made(edit: ExitEdit, *, direction: Direction = Direction.LONG, spot: float = 104.0) -> ExitPlan:
    plan = PLAN if direction is Direction.LONG else MIRRORED
    return edited(
        plan,
        direction,
        edit,
        spot=spot,
        today=TODAY,
        last_day=LAST,
        is_session=is_weekday,
    )


def test_the_trader_s_levels_and_day_are_the_plan() -> None:
    plan = made(EDIT)
    assert (plan.stop, plan.target, plan.exit_by) == (101.5, 109.0, date(2023, 11, 21))
    assert plan.target_reason == "TARGET_OWN"
    assert (plan.entry, plan.atr) == (PLAN.entry, PLAN.atr)


@pytest.mark.parametrize(
    ("target", "reason"),
    [(110.0, "TARGET_ATR"), (112.0, "TARGET_R"), (111.0, "TARGET_OWN"), (None, None)],
)
def test_one_of_the_plans_own_targets_keeps_its_name(
    target: float | None, reason: str | None
) -> None:
    assert made(replace(EDIT, target=target)).target_reason == reason


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"stop": 104.0}, "would close the position at once"),
        ({"stop": 120.0}, "set it below the price"),
        ({"target": 103.0}, "set it above the price"),
        ({"stop": -1.0}, "is no price"),
        ({"stop": math.nan}, "is no price"),
        ({"stop": 1.0}, "is no price"),
        ({"target": math.inf}, "is no price"),
        ({"exit_by": date(2023, 11, 6)}, "is past"),
        ({"exit_by": date(2023, 11, 11)}, "the exchange is closed"),
        ({"exit_by": date(2023, 12, 15)}, "closes the position anyway"),
    ],
)
def test_what_cannot_be_is_refused_in_words(change: dict[str, object], told: str) -> None:
    with pytest.raises(UserError) as refused:
        made(replace(EDIT, **change))  # type: ignore[arg-type]
    assert told in str(refused.value)


def test_a_short_position_is_mirrored() -> None:
    down = Direction.SHORT
    assert made(replace(EDIT, stop=106.0, target=99.0), direction=down).stop == 106.0
    with pytest.raises(UserError, match="set it above the price"):
        made(replace(EDIT, stop=103.0, target=99.0), direction=down)
    with pytest.raises(UserError, match="set it below the price"):
        made(replace(EDIT, stop=106.0, target=105.0), direction=down)


def test_the_same_exits_again_are_the_same_plan() -> None:
    assert made(ExitEdit(stop=PLAN.stop, target=PLAN.target, exit_by=PLAN.exit_by)) == PLAN


@given(
    stop=st.floats(),
    target=st.none() | st.floats(),
    day=st.dates(TODAY - timedelta(days=30), LAST + timedelta(days=30)),
    direction=st.sampled_from(Direction),
    spot=st.floats(50, 200),
)
def test_a_plan_that_passes_never_closes_at_once(
    stop: float, target: float | None, day: date, direction: Direction, spot: float
) -> None:
    edit = ExitEdit(stop=stop, target=target, exit_by=day)
    try:
        plan = made(edit, direction=direction, spot=spot)
    except UserError:
        return
    sign = direction.sign
    assert sign * plan.stop < sign * spot
    assert plan.target is None or sign * plan.target > sign * spot
    assert TODAY <= plan.exit_by <= LAST and is_weekday(plan.exit_by)
