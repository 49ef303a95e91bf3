"""features/execution_timing.feature."""

from __future__ import annotations

from datetime import time

import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from tests.bdd.world import World
from tests.helpers import scenario_days as days
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import OrderState
from vst_desktop.ports.store import IntentRecord

scenarios("execution_timing.feature")


@given(parsers.parse("the station stands at {clock} on a normal day with three candidates"))
def three_candidates(world: World, clock: str) -> None:
    found = days.candidates_at(3, time.fromisoformat(clock), time(14, 45))
    world.at, world.symbols = found.at, list(found.strategies)


@given(parsers.parse("the station stands at {clock} on a half day with a candidate"))
def half_day(world: World, clock: str) -> None:
    found = days.candidates_at(1, time.fromisoformat(clock), time(11, 45), days=days.HALF_DAYS)
    world.at, world.symbols = found.at, list(found.strategies)


@given(parsers.parse("the station stands at {clock} on a day whose signal is gone at 14:45"))
def fading(world: World, clock: str) -> None:
    found = days.fading_at(time.fromisoformat(clock), time(14, 45))
    world.at, world.symbols = found.at, list(found.strategies)


@given(parsers.parse("at most {count:d} trades a day are allowed"))
def daily_trades(world: World, count: int) -> None:
    world.overrides.append(f"max_daily_trades={count}")


@when("the trader approves the first two")
def approve_two(world: World) -> None:
    for symbol in world.symbols[:2]:
        world.approve(symbol)
        assert world.intent(symbol).state is OrderState.QUEUED


@when("the trader approves all three")
@when("the trader approves it")
def approve_all(world: World) -> None:
    for symbol in world.symbols:
        world.approve(symbol)
        assert world.refusal is None
        assert world.intent(symbol).state is OrderState.QUEUED


@when(parsers.parse("the trader approves a revision of {symbol} that is no longer shown"))
def approve_old(world: World, symbol: str) -> None:
    seen = world.candidate(symbol)
    world.load_chain(symbol)
    assert world.candidate(symbol).revision > seen.revision
    world.approve_shown(seen.candidate_id, seen.revision)


@when("the trader withdraws the first")
def withdraw(world: World) -> None:
    world.run(world.station.withdraw(world.approved[world.symbols[0]]))


@when("the trader presses the kill switch")
def kill(world: World) -> None:
    world.run(world.station.kill("something is wrong"))


@when("the station is restarted")
def restart(world: World) -> None:
    world.stop()
    assert world.station.desk.reconciled


@then(parsers.parse("the order for {symbol} is executed with a broker order id"))
def executed(world: World, symbol: str) -> None:
    _assert_executed(world, world.wait_for_fill(symbol))


@then("its order is executed")
@then("all three orders are executed")
def all_executed(world: World) -> None:
    for symbol in world.symbols:
        _assert_executed(world, world.intent(symbol))


def _assert_executed(world: World, intent: IntentRecord) -> None:
    assert intent.state is OrderState.FILLED, intent.reason
    assert intent.order_id and intent.perm_id
    assert intent.sent_at is not None and intent.approved_at <= intent.sent_at
    history = world.station.engines.alerts.history
    told = [e.alert.message for e in history if e.alert.message.startswith("Trade EXECUTED")]
    assert any(intent.spread.symbol in message for message in told), told


@then(parsers.parse("a position in {symbol} stands with its stop and its exit day"))
def position_stands(world: World, symbol: str) -> None:
    position, intent = world.position(symbol), world.intent(symbol)
    assert position.quantity == intent.filled == intent.quantity
    assert position.average_debit == intent.average_fill_price
    plan, sign = position.plan, position.spread.direction.sign
    assert sign * plan.stop < sign * plan.entry
    assert plan.exit_by < position.spread.expiration


@then(parsers.parse("the approval of {symbol} is queued"))
def queued(world: World, symbol: str) -> None:
    assert world.intent(symbol).state is OrderState.QUEUED
    told = [entry.alert.message for entry in world.station.engines.alerts.history]
    assert any(m.startswith(f"Trade QUEUED: {symbol}") for m in told), told


@then("the queue is empty")
def queue_empty(world: World) -> None:
    waiting = (OrderState.APPROVED, OrderState.QUEUED, OrderState.HELD)
    assert [i for i in world.station.desk.intents() if i.state in waiting] == []


@then("the station refuses and says that it changed")
def refused_changed(world: World) -> None:
    assert world.refusal is not None
    assert "changed since it was shown" in str(world.refusal)
    assert world.station.desk.intents() == ()


@then("the first was never sent")
def first_never_sent(world: World) -> None:
    first, *others = world.symbols
    assert world.intent(first).state is OrderState.CANCELLED
    assert world.intent(first).sent_at is None
    assert first not in world.orders_at_the_broker()
    for symbol in others:
        _assert_executed(world, world.intent(symbol))


@then("no approval can be given until the kill switch is cleared with a reason")
def killed_until_cleared(world: World) -> None:
    symbol = world.symbols[0]
    voided = world.approved[symbol]
    world.approve(symbol)
    assert world.refusal is not None
    assert "kill switch" in str(world.refusal)
    with pytest.raises(UserError, match="reason"):
        world.run(world.station.clear_kill(" "))
    world.run(world.station.clear_kill("looked at it"))
    world.approve(symbol)
    assert world.refusal is None
    assert world.approved[symbol] != voided


@then(parsers.parse("the approval of {symbol} is held until the trader releases it"))
def held(world: World, symbol: str) -> None:
    assert world.intent(symbol).state is OrderState.HELD
    world.run(world.station.release(world.approved[symbol]))
    assert world.intent(symbol).state is OrderState.QUEUED


@then("its approval has failed because the signal no longer holds")
def faded(world: World) -> None:
    (symbol,) = world.symbols
    intent = world.intent(symbol)
    assert intent.state is OrderState.DENIED
    assert intent.reason is not None and "signal" in intent.reason
    failed = [
        entry.alert
        for entry in world.station.engines.alerts.history
        if entry.alert.message.startswith(f"Trade FAILED: {symbol}")
    ]
    assert [alert.severity for alert in failed] == ["HIGH"]
    assert world.station.desk.reserved_usd() == 0


@then("the third is refused with the limit")
def third_refused(world: World) -> None:
    third = world.symbols[2]
    denied = world.candidate(third).denied
    assert denied is not None and "daily" in denied.lower()
    world.approve(third)
    assert world.refusal is not None
    assert third not in world.approved
