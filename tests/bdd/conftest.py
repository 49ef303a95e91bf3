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
from vst_desktop.domain.orders import OrderState
from vst_desktop.execution.switches import EntryDeniedError
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
    money.hand("AAPL", "SELL", money.held(money.spreads["AAPL"].long))


@when(parsers.re(r"(?P<symbol>[A-Z]+) is halted"))
def halted(money: DeskWorld, symbol: str) -> None:
    money.market.halted.add(symbol)


@then(parsers.parse("the position in {symbol} is open"))
def still_open(money: DeskWorld, symbol: str) -> None:
    assert money.position(symbol).closed_at is None


@then(parsers.parse('the trader is told {severity} that "{text}"'))
def told(money: DeskWorld, severity: str, text: str) -> None:
    assert severity in money.told(text), money.scene.alerts


@given(parsers.parse("limit orders that rest in AAPL, MSFT and NFLX"))
def three_rest(money: DeskWorld) -> None:
    money.rest("AAPL", "MSFT", "NFLX")


@given("approvals of AAPL and MSFT that wait")
def two_wait(money: DeskWorld) -> None:
    money.approve("AAPL")
    money.approve("MSFT")
    assert {i.state for i in money.desk.intents()} == {OrderState.QUEUED}


@given("an approval of AAPL that waits")
def one_waits(money: DeskWorld) -> None:
    money.approve("AAPL")
    assert money.intent("AAPL").state is OrderState.QUEUED


@given("nobody takes more than 1 at a time")
def one_at_a_time(money: DeskWorld) -> None:
    money.market.size = 1


@when(parsers.re(r"the trader approves (?P<symbol>[A-Z]+) on the desk"))
def approves(money: DeskWorld, symbol: str) -> None:
    money.approve(symbol)


@when(parsers.parse("the trader approves {count:d} of {symbol} on the desk"))
def approves_some(money: DeskWorld, count: int, symbol: str) -> None:
    money.approve(symbol, count)


@when("the trader asks for the close of AAPL")
def asks_close(money: DeskWorld) -> None:
    money.run(money.desk.close_position(money.position("AAPL").position_id))


@when("the station crashes")
def crashes(money: DeskWorld) -> None:
    money.run(money.scene.crash())


@when("the station comes up")
def comes_up(money: DeskWorld) -> None:
    money.run(money.scene.boot())
    money.wait_until(money.scene.ready, "reconciled")
    money.wait(2.0)


@when("the station crashes and comes up again")
def crash_and_up(money: DeskWorld) -> None:
    crashes(money)
    comes_up(money)


@when("the trader presses the kill switch on the desk")
def press_kill(money: DeskWorld) -> None:
    money.run(money.desk.kill("something is wrong"))


@then(parsers.re(r"the (three )?approvals are (?P<state>[A-Z]+)( and nothing was sent)?"))
def approvals_are(money: DeskWorld, state: str) -> None:
    money.wait_until(lambda: {i.state for i in money.desk.intents()} == {OrderState(state)}, state)
    if state in ("QUEUED", "HELD"):
        assert money.sent() == 0


@then(parsers.parse("the approval of AAPL on the desk is {state}"))
def approval_is(money: DeskWorld, state: str) -> None:
    money.wait_until(lambda: money.intent("AAPL").state == state, f"AAPL {state}")


@then(parsers.parse("it is refused with {code}"))
def refused_with(money: DeskWorld, code: str) -> None:
    assert isinstance(money.refusal, EntryDeniedError), money.refusal
    denial = money.refusal.denial
    assert denial.code == code and denial.text
    assert denial.limit and denial.value


@then("it is not refused")
def not_refused(money: DeskWorld) -> None:
    assert money.refusal is None


@then("the position in AAPL is closed in the end")
def closed_in_the_end(money: DeskWorld) -> None:
    money.wait_until(lambda: money.position("AAPL").closed_at, "AAPL closed")
    assert all(money.held(leg) == 0 for leg in money.legs("AAPL"))


@then(parsers.parse("{count:d} of {symbol} are held by the station and by TWS"))
def held_by_both(money: DeskWorld, count: int, symbol: str) -> None:
    def agree() -> bool:
        own = sum(p.quantity for p in money.desk.positions() if p.spread.symbol == symbol)
        long, short = (money.held(leg) for leg in money.legs(symbol))
        return own == long == -short == count

    money.wait_until(agree, f"{count} of {symbol}")


@then(parsers.parse("TWS has seen {count:d} orders of the station"))
def tws_has_seen(money: DeskWorld, count: int) -> None:
    assert money.sent() == count


@when("the resting orders are cancelled in TWS")
def cancelled_by_hand(money: DeskWorld) -> None:
    for order in money.working():
        money.scene.server.hands.cancel(order.perm_id)
    money.wait(1.0)
