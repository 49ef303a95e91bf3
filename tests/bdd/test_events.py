"""features/events.feature."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from tests.bdd.world import World
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.orders import OrderState

scenarios("events.feature")

HEADER = "symbol,event,date\n"


@pytest.fixture
def file(world: World, tmp_path: Path) -> Path:
    """The trader's file, named in the settings; each step writes it anew."""
    path = tmp_path / "events.csv"
    world.overrides.append(f"events.file={path}")
    return path


@given(parsers.parse("the events file says that {symbol} tells its earnings in {days:d} days"))
@when(parsers.parse("the events file says that {symbol} tells its earnings in {days:d} days"))
def earnings(world: World, file: Path, symbol: str, days: int) -> None:
    assert world.at is not None
    day = (world.at + timedelta(days=days)).date()
    file.write_text(f"{HEADER}{symbol},earnings,{day}\n{symbol},ex_dividend,none\n")


@given(parsers.parse("an events file without {symbol}"))
def without(file: Path, symbol: str) -> None:
    file.write_text(f"{HEADER}OTHER,earnings,2023-02-01\n")


@given(parsers.parse('the events file has a line "{line}"'))
def bad_line(file: Path, line: str) -> None:
    file.write_text(f"{HEADER}{line}\n")


@given(parsers.parse("the earnings policy is {policy}"))
def policy(world: World, policy: str) -> None:
    world.overrides.append(f"earnings_policy={policy}")


@when(parsers.parse("{symbol} is looked at"))
def look(world: World, symbol: str) -> None:
    candidate = world.candidate(symbol)

    async def click() -> None:
        world.station.select(symbol, candidate.candidate_id)

    world.run(click())


@then("the station refuses and names the earnings")
def refused_for_earnings(world: World) -> None:
    assert world.refusal is not None
    assert "earnings on " in str(world.refusal)
    assert "before the time exit on " in str(world.refusal)


@then(parsers.parse("{symbol} stays in the list as denied by EVENT"))
def listed(world: World, symbol: str) -> None:
    rows = {row.symbol: row for row in world.station.view().candidates.rows}
    assert rows[symbol].chip.text == "EVENT"
    assert rows[symbol].dimmed
    assert not rows[symbol].can_approve


@then(parsers.parse("the order for {symbol} is sent"))
def sent(world: World, symbol: str) -> None:
    assert world.refusal is None
    assert world.wait_for_fill(symbol).state is OrderState.FILLED


@then("its ticket says that earnings and dividend are unknown")
def unknown(world: World) -> None:
    ticket = world.station.view().ticket
    assert ticket is not None
    figures = {figure.caption: figure.value for figure in ticket.figures}
    assert (figures["Earnings"], figures["Dividend"]) == ("unknown", "unknown")


@then(parsers.parse("{symbol} can be approved"))
def approvable(world: World, symbol: str) -> None:
    rows = {row.symbol: row for row in world.station.view().candidates.rows}
    assert rows[symbol].can_approve


@then(parsers.parse("the order for {symbol} failed because of the earnings"))
def failed(world: World, symbol: str) -> None:
    intent = world.intent(symbol)
    assert intent.state is OrderState.DENIED
    assert intent.sent_at is None
    assert "earnings on " in intent.reason
    assert world.orders_at_the_broker() == []


@then("an alert names the line")
def alerted(world: World) -> None:
    history = [entry.alert for entry in world.station.engines.alerts.history]
    (alert,) = [alert for alert in history if "events file" in alert.message]
    assert alert.severity is Severity.WARNING
    assert "line 2 of " in alert.details
    assert "'next week' is not a date" in alert.details
