"""Steps that several features share."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time
from pathlib import Path

import pytest
from pytest_bdd import given, parsers, then, when

from tests.bdd.desk_world import DeskWorld
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


@pytest.fixture
def money(tmp_path: Path) -> Iterator[DeskWorld]:
    """The money path of a scenario on virtual time."""
    money = DeskWorld(tmp_path)
    yield money
    money.close()


@given(parsers.re(r"the station stands at (?P<moment>\d{4}-\d\d-\d\d [\d:]+)"))
def stands(money: DeskWorld, moment: str) -> None:
    money.at = moment


@given(parsers.parse("a position in {symbol}, opened at 100 with an ATR of 2"))
def a_position(money: DeskWorld, symbol: str) -> None:
    position = money.hold(symbol)
    assert (round(position.plan.entry), position.plan.atr) == (100, 2.0)


@given("positions in AAPL and MSFT")
def two_positions(money: DeskWorld) -> None:
    money.hold("AAPL")
    money.hold("MSFT")


@when(parsers.re(r"(?P<symbol>[A-Z]+) trades at (?P<price>[\d.]+) for (?P<secs>\d+) seconds"))
def trades_at(money: DeskWorld, symbol: str, price: str, secs: str) -> None:
    money.market.hand[symbol] = float(price)
    money.wait(float(secs))


@when(parsers.parse("{secs:d} seconds pass"))
def pass_secs(money: DeskWorld, secs: int) -> None:
    money.wait(secs)


@when(parsers.re(r"time passes to (?P<moment>\d{4}-\d\d-\d\d [\d:]+)"))
def reaches(money: DeskWorld, moment: str) -> None:
    money.wait_to(moment)


@when("the spread is sold in TWS by hand")
def sold_by_hand(money: DeskWorld) -> None:
    money.hand("AAPL", "SELL", money.position("AAPL").quantity)


@when(parsers.re(r"(?P<symbol>[A-Z]+) is halted"))
def halted(money: DeskWorld, symbol: str) -> None:
    money.market.halted.add(symbol)


@then(parsers.parse("the position in {symbol} is open"))
def still_open(money: DeskWorld, symbol: str) -> None:
    assert money.position(symbol).closed_at is None


@then(parsers.parse('the trader is told {severity} that "{text}"'))
def told(money: DeskWorld, severity: str, text: str) -> None:
    assert severity in money.told(text), money.scene.alerts
