"""Steps that several features share."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time
from pathlib import Path

import pytest
from pytest_bdd import given, parsers, then, when

from tests.bdd.world import World
from tests.helpers import scenario_days as days
from vst_desktop.runtime.calendar import EASTERN


def pytest_configure(config: pytest.Config) -> None:
    """Make the owner's scenario ids known as marks: ``-m S7`` runs one."""
    for number in range(1, 27):
        config.addinivalue_line("markers", f"S{number}: scenario of the owner's list")


@pytest.fixture
def world(tmp_path: Path, vst_home: Path) -> Iterator[World]:
    """The scenario's world."""
    world = World(tmp_path / "journal.sqlite")
    yield world
    world.close()


@given(parsers.parse("the station stands at {clock} on a normal day with a candidate for {symbol}"))
def a_candidate(world: World, clock: str, symbol: str) -> None:
    found = days.candidate_at(symbol, time.fromisoformat(clock))
    world.at, world.symbols = found.at, list(found.strategies)


@when("the station scans")
def scan(world: World) -> None:
    world.scan()


@when(parsers.re(r"the trader approves (?P<symbol>[A-Z]+)"))
def approve(world: World, symbol: str) -> None:
    world.approve(symbol)


@when(parsers.parse("the clock reaches {clock}"))
def clock_reaches(world: World, clock: str) -> None:
    now = world.station.engines.clock.now().astimezone(EASTERN)
    moment = datetime.combine(now.date(), time.fromisoformat(clock), tzinfo=EASTERN)
    world.run(world.time.run_to(moment))


@then("nothing was sent to the broker")
def nothing_sent(world: World) -> None:
    assert world.orders_at_the_broker() == []
    assert [i.spread.symbol for i in world.station.desk.intents() if i.sent_at is not None] == []
