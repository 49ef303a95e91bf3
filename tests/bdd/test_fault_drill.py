"""features/fault_drill.feature."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pytest_bdd import parsers, scenarios, then, when

from tests.bdd.world import World
from vst_desktop.domain.errors import UserError
from vst_desktop.station.drill import FaultDrill
from vst_desktop.station.view import Light

scenarios("fault_drill.feature")

LONGEST_SECS, STEP_SECS = 20.0, 0.02


def drill(world: World) -> FaultDrill:
    found = world.station.drill
    assert found is not None
    return found


def until(world: World, holds: Callable[[], bool], what: str) -> None:
    """Faults live in real seconds: wait for what they bring about."""

    async def look() -> bool:
        for _ in range(int(LONGEST_SECS / STEP_SECS)):
            if holds():
                return True
            await asyncio.sleep(STEP_SECS)
        return False

    assert world.run(look()), f"never: {what}"


def light(world: World) -> Light:
    return next(one.state for one in world.station.view().strip.lights if one.name == "IBKR")


@when(parsers.parse('the fault "{name}" is drilled'))
def drilled(world: World, name: str) -> None:
    if world.station.research.findings.result is None:
        world.candidate("AAPL")
    try:
        world.run(drill(world).toggle(name))
    except UserError as refused:
        world.refusal = refused


@when("all faults end")
def all_end(world: World) -> None:
    world.run(drill(world).clear())


@then(parsers.parse('the strip says that "{name}" is on'))
def is_on(world: World, name: str) -> None:
    assert world.station.view().strip.faults_on == (name,)


@then("the strip says that no fault is on")
def none_on(world: World) -> None:
    until(world, lambda: world.station.view().strip.faults_on == (), "no fault")


@then("the light of IBKR is not green")
def not_green(world: World) -> None:
    until(world, lambda: light(world) is not Light.OK, "not green")


@then("the light of IBKR is green again")
def green(world: World) -> None:
    until(world, lambda: light(world) is Light.OK, "green")


@then(parsers.parse("no order of {symbol} has reached the broker"))
def no_order(world: World, symbol: str) -> None:
    assert all(i.sent_at is None for i in world.station.desk.intents())


@then(parsers.parse('the trader reads "{text}"'))
def reads(world: World, text: str) -> None:
    assert world.refusal is not None and text in str(world.refusal)
