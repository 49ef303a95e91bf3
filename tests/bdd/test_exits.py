"""features/exits.feature."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from tests.bdd.desk_world import DeskWorld
from tests.helpers.trades import EXITS
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.events import CorporateEvent, EventKind, EventTime

scenarios("exits.feature")


def change_exits(money: DeskWorld, **changes: Any) -> None:
    money.rules["exits"] = replace(money.rules.get("exits", EXITS), **changes)


@given(parsers.parse("the nearest target is {level}"))
def nearest(money: DeskWorld, level: str) -> None:
    change_exits(money, use_atr_target=level == "TARGET_ATR")
    if level == "TARGET_FIBO":
        money.plan_changes["fibo_target"] = 105.0


@given("targets are not used")
def no_targets(money: DeskWorld) -> None:
    change_exits(money, use_atr_target=False, use_r_multiple=False, use_fibo_targets=False)


@given("half of the maximum profit is taken")
def take_profit(money: DeskWorld) -> None:
    change_exits(money, take_profit_pct_of_max=0.5)


@given(parsers.parse("AAPL goes ex a dividend of {amount} on {day}"))
def dividend(money: DeskWorld, amount: str, day: str) -> None:
    money.known.append(
        CorporateEvent(
            kind=EventKind.EX_DIVIDEND,
            day=date.fromisoformat(day),
            amount_usd=Decimal(amount),
            source="the scenario",
        )
    )


@given(parsers.parse("AAPL tells its earnings on {day} {time}"))
def earnings(money: DeskWorld, day: str, time: str) -> None:
    money.known.append(
        CorporateEvent(
            kind=EventKind.EARNINGS,
            day=date.fromisoformat(day),
            time=EventTime(time.replace(" the ", "_")),
            source="the scenario",
        )
    )


@given(parsers.parse("the policy for earnings is {policy}"))
def earnings_policy(money: DeskWorld, policy: str) -> None:
    change_exits(money, earnings_policy=policy)


@given(parsers.parse("a position in {symbol} whose last day by plan is {day}"))
def planned(money: DeskWorld, symbol: str, day: str) -> None:
    money.plan_changes["exit_by"] = date.fromisoformat(day)
    money.hold(symbol)


@when(parsers.parse("the trader closes the position in {symbol}"))
def close(money: DeskWorld, symbol: str) -> None:
    money.run(money.desk.close_position(money.position(symbol).position_id))


@when("the trader flattens")
def flatten(money: DeskWorld) -> None:
    money.run(money.desk.flatten())


@then(parsers.parse("the position in {symbol} is closed with the reason {reason}"))
def closed(money: DeskWorld, symbol: str, reason: str) -> None:
    money.wait_until(lambda: money.position(symbol).closed_at, f"{symbol} closed", secs=30)
    position = money.position(symbol)
    assert position.exit_reason == reason
    for leg in (position.spread.long, position.spread.short):
        assert money.held(leg) == 0
    with pytest.raises(UserError, match="no open position"):
        money.run(money.desk.close_position(position.position_id))


@then("no exit was sent")
def no_exit(money: DeskWorld) -> None:
    assert money.exits() == [] and money.sent() == 1
