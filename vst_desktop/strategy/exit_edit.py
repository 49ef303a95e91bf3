"""An exit plan as the trader changed it: checked against the price and the calendar."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

from vst_desktop.domain.errors import UserError
from vst_desktop.domain.exit_edits import ExitEdit
from vst_desktop.domain.signals import Direction
from vst_desktop.domain.spreads import ExitPlan
from vst_desktop.strategy.exit import ExitReason, IsSession

FARTHEST = 10.0
"""A level at more than so many times the price, or less than its part, is a slip of the hand."""


def edited(
    plan: ExitPlan,
    direction: Direction,
    edit: ExitEdit,
    *,
    spot: float,
    today: date,
    last_day: date,
    is_session: IsSession,
) -> ExitPlan:
    """The plan with the trader's stop, target and day; entry and ATR stay as frozen.

    A target that is one of the plan's own keeps its reason, any other is the trader's.

    Args:
        plan: The plan in force.
        direction: Which way the position profits.
        edit: What is wanted.
        spot: The underlying's price now, USD.
        today: The trading day.
        last_day: The day of the EXPIRY rule, which no time exit may pass.
        is_session: Whether the exchange opens on a day.

    Raises:
        UserError: A level is no price, lies on the wrong side of the price, or the day is none.
    """
    _check_level("the stop", edit.stop, spot)
    sign, below, above = direction.sign, "below", "above"
    if sign < 0:
        below, above = above, below
    if sign * (spot - edit.stop) <= 0:
        raise UserError(
            f"the stop {edit.stop:.2f} would close the position at once",
            where=f"the price is {spot:.2f}",
            remedy=f"set it {below} the price, or close the position",
        )
    if edit.target is not None:
        _check_level("the target", edit.target, spot)
        if sign * (edit.target - spot) <= 0:
            raise UserError(
                f"the target {edit.target:.2f} would close the position at once",
                where=f"the price is {spot:.2f}",
                remedy=f"set it {above} the price, or close the position",
            )
    _check_day(edit.exit_by, today, last_day, is_session)
    return replace(
        plan,
        stop=edit.stop,
        target=edit.target,
        target_reason=_reason(plan, edit.target),
        exit_by=edit.exit_by,
    )


def _check_level(name: str, level: float, spot: float) -> None:
    if not math.isfinite(level) or not spot / FARTHEST <= level <= spot * FARTHEST:
        raise UserError(
            f"{name} {level:g} is no price of the underlying",
            where=f"the price is {spot:.2f}",
            remedy="give it in USD a share of the underlying",
        )


def _check_day(day: date, today: date, last_day: date, is_session: IsSession) -> None:
    if day < today:
        raise UserError(f"the day {day} is past", remedy=f"choose one from {today} to {last_day}")
    if day > last_day:
        raise UserError(
            f"{day} is after {last_day}, when the expiration closes the position anyway",
            remedy=f"choose a day up to {last_day}",
        )
    if not is_session(day):
        raise UserError(f"the exchange is closed on {day}", remedy="choose a trading day")


def _reason(plan: ExitPlan, target: float | None) -> str | None:
    if target is None:
        return None
    known = (
        (plan.target, plan.target_reason),
        (plan.fibo_target, ExitReason.TARGET_FIBO.value),
        (plan.r_target, ExitReason.TARGET_R.value),
        (plan.atr_target, ExitReason.TARGET_ATR.value),
    )
    return next((why for level, why in known if level == target), ExitReason.TARGET_OWN.value)
