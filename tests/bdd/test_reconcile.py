"""features/reconcile.feature."""

from __future__ import annotations

import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from tests.bdd.desk_world import DeskWorld
from tests.simulation.network import Faults
from tests.simulation.story import _thaw
from vst_desktop.domain.orders import OrderState

pytestmark = pytest.mark.allow_log("broker's book could not be read|could not be asked|watched yet")

scenarios("reconcile.feature")


@given("TWS is frozen")
def freezes(money: DeskWorld) -> None:
    money.scene.freezes_at_send = True


@when("TWS has forgotten all and answers again")
def thaws(money: DeskWorld) -> None:
    scene = money.scene
    scene.freezes_at_send = False
    scene.network.cut()
    scene.network.faults = Faults()
    _thaw(scene)
    money.wait(5.0)
    money.wait_until(scene.ready, "reconciled", secs=300)


@when("the resting orders are filled in TWS")
def fill(money: DeskWorld) -> None:
    for symbol in money.approved:
        money.market.hand[symbol] = 99.0
    money.scene.server.exchange.rematch()
    assert money.working() == []


@when("the trader releases them")
def release(money: DeskWorld) -> None:
    for intent in money.desk.intents():
        money.run(money.desk.release(intent.intent_id))


@when(parsers.parse("the trader answers that AAPL is not at the broker"))
def answers(money: DeskWorld) -> None:
    money.run(money.desk.answers.disown(money.approved["AAPL"]))


@then("positions stand in AAPL, MSFT and NFLX with their exit plans")
def positions_stand(money: DeskWorld) -> None:
    positions = money.desk.positions()
    assert sorted(p.spread.symbol for p in positions) == ["AAPL", "MSFT", "NFLX"]
    for position in positions:
        assert position.quantity == 2 and position.plan.stop < position.plan.entry
        assert position.plan.target is not None
    assert {i.state for i in money.desk.intents()} == {OrderState.FILLED}


@then("no position stands")
def no_position(money: DeskWorld) -> None:
    assert money.desk.positions(open_only=False) == ()


@then("the position in AAPL was closed outside, and no exit was sent")
def closed_outside(money: DeskWorld) -> None:
    money.wait_until(lambda: money.position("AAPL").closed_at, "closed")
    assert money.position("AAPL").exit_reason == "OUTSIDE"
    assert money.exits() == [] and "CRITICAL" in money.told("CHANGED OUTSIDE")
