"""features/recovery.feature, features/performance.feature and features/alerts.feature."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from tests.bdd.world import World
from tests.helpers.alert_servers import HttpService, Mails, http_service, mail_server
from vst_desktop.adapters.ibkr import connection
from vst_desktop.adapters.scanner.supervisor import ScannerChild
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.incidents import ErrorKind, Incident, Recovery
from vst_desktop.domain.orders import OrderTicket
from vst_desktop.ports.broker import ConnectionState, Placed
from vst_desktop.ports.universe import Universe
from vst_desktop.runtime.logs import LOG_NAME
from vst_desktop.scanning import computations
from vst_desktop.station.watch import DATA, IBKR, INDICATORS, performance_report

scenarios("recovery.feature", "performance.feature", "alerts.feature")

LONGEST_SECS, STEP_SECS = 30.0, 0.02


@dataclass
class Told:
    """The servers that the channels reach."""

    mails: Mails
    http: HttpService

    def said(self, channel: str) -> list[str]:
        """Everything a channel was told."""
        if channel == "email":
            return [f"{subject}\n{body}" for subject, body in self.mails.mails]
        if channel == "Slack":
            return [p.slack_text for p in self.http.posts if p.path.startswith("/services")]
        return [p.form["Body"][0] for p in self.http.posts if p.path.startswith("/2010")]


@pytest.fixture
def told(
    monkeypatch: pytest.MonkeyPatch, caplog_allowed: pytest.LogCaptureFixture
) -> Iterator[Told]:
    from apprise.plugins.slack import NotifySlack
    from apprise.plugins.twilio import NotifyTwilio

    with mail_server() as mails, http_service() as http:
        monkeypatch.setattr(NotifySlack, "webhook_url", f"{http.url}/services")
        monkeypatch.setattr(
            NotifyTwilio, "notify_sms_url", http.url + "/2010/Accounts/{sid}/Messages.json"
        )
        monkeypatch.setenv("VST_ALERTS_EMAIL", mails.url)
        monkeypatch.setenv("VST_ALERTS_SLACK", "slack://T1JJ3T3L2/A1BRTD4JD/" + "x" * 24)
        monkeypatch.setenv(
            "VST_ALERTS_SMS", "twilio://AC0123456789:fedcba98765@15551234567/15557654321"
        )
        yield Told(mails, http)


def until(world: World, holds: Callable[[], Any], what: str) -> None:
    """Channels and connections live in real seconds: wait for what they bring about."""

    async def look() -> bool:
        for _ in range(int(LONGEST_SECS / STEP_SECS)):
            if holds():
                return True
            await asyncio.sleep(STEP_SECS)
        return False

    assert world.run(look()), f"never: {what}; {world.station.engines.incidents.rows}"


def incident(world: World, component: str, kind: ErrorKind) -> Incident:
    return world.station.engines.incidents.of(component, kind)


def logged(vst_home: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (vst_home / "logs" / LOG_NAME).read_text().splitlines()]


def fault(world: World, name: str) -> None:
    assert world.station.drill is not None
    world.run(world.station.drill.toggle(name))


# -- what is


@given("email, Slack and SMS are configured")
def configured(told: Told) -> None:
    assert told.mails.port and told.http.port


@given("the scanner cannot be started")
def no_scanner(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(self: ScannerChild) -> None:
        self.breaker_open = True
        raise UserError("the scanner's program is missing")

    monkeypatch.setattr(ScannerChild, "start", refuse)


@given("pandas-ta fails while it computes RSI")
def rsi_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    real = computations._pandas_ta()

    def rsi(*args: Any, **more: Any) -> None:
        raise ArithmeticError("RSI went wrong")

    broken = SimpleNamespace(atr=real.atr, sma=real.sma, rsi=rsi)
    monkeypatch.setattr(computations, "_pandas_ta", lambda: broken)


@given(parsers.parse("error_threshold is {count:d}"))
def threshold(world: World, count: int) -> None:
    world.overrides.append(f"error_threshold={count}")


@given("the universe names NOSUCH beside AAPL")
def odd_universe(world: World) -> None:
    async def source() -> Universe:
        return Universe(symbols=("AAPL", "NOSUCH"), unserved=(), recorded=frozenset())

    world.universe = source


@given(parsers.parse("at most {count:d} contracts are traded"))
def at_most(world: World, count: int) -> None:
    world.overrides += [f"max_contracts_per_trade={count}", "risk_per_trade=0.2"]
    world.overrides += ["max_total_risk=0.5"]


@given("Slack refuses everything")
def slack_refuses(told: Told) -> None:
    told.http.script = [(403, {})] * 50


@given("the station has run, and its journal was changed since")
def changed_journal(world: World, tmp_path: Path) -> None:
    assert world.station.account_id
    world.stop()
    with closing(sqlite3.connect(tmp_path / "journal.sqlite")) as journal, journal:
        journal.execute("DROP TRIGGER events_are_never_changed")
        journal.execute("UPDATE events SET data = '{}' WHERE seq = 1")


# -- what happens


@when("the station comes up on it")
def comes_up(world: World) -> None:
    world.run(world.station.engines.alerts.sent())


@when("the connection to IBKR is lost and cannot be made again")
def connection_lost(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "FIRST_BACKOFF_SECS", 0.05)
    monkeypatch.setattr(connection, "MAX_BACKOFF_SECS", 0.2)
    world.candidate("AAPL")
    fault(world, "port_closed")
    fault(world, "flap")
    until(world, lambda: incident(world, IBKR, ErrorKind.CONNECTION).failed >= 2, "two attempts")


@when("TWS takes connections again")
def back_again(world: World) -> None:
    assert world.station.drill is not None
    world.run(world.station.drill.clear())


@when(parsers.re(r"the station scans (?P<count>\d+) times?"))
def scans(world: World, count: str) -> None:
    for _ in range(int(count)):
        world.scan()


@when("bars of AAPL do not come any more")
def no_bars(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    data = world.station.engines.market_data
    real = data.daily_bars

    async def some(symbols: Any, take: Any) -> Any:
        from vst_desktop.domain.bars import SymbolError

        errors = await real([symbol for symbol in symbols if symbol != "AAPL"], take)
        return [*errors, SymbolError(symbol="AAPL", error="no answer")]

    monkeypatch.setattr(data, "daily_bars", some)


@when(parsers.parse("a scan of {symbols:d} symbols took {secs:d} seconds"))
def scan_took(world: World, symbols: int, secs: int) -> None:
    async def scanned() -> None:
        world.station.watch.performance.scanned(secs, symbols)
        await world.station.engines.alerts.sent()

    assert world.station.account_id
    world.run(scanned())


@when(parsers.parse("the broker takes {secs:g} seconds to acknowledge an order of {symbol}"))
def slow_order(world: World, secs: float, symbol: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broker, clock = world.station.engines.broker, world.station.engines.clock
    place, now = broker.place, clock.monotonic
    late = 0.0

    async def slowly(ticket: OrderTicket) -> Placed:
        nonlocal late
        placed = await place(ticket)
        late += secs
        return placed

    monkeypatch.setattr(broker, "place", slowly)
    monkeypatch.setattr(clock, "monotonic", lambda: now() + late)
    world.approve(symbol)
    world.run(world.time.run_to(clock.now() + timedelta(minutes=1)))


@when("it has run for 24 hours")
def a_day(world: World) -> None:
    started = world.station.watch.performance.started
    world.run(world.time.run_to(started + timedelta(hours=24)))


@when("the station is closed")
def closed(world: World) -> None:
    world.stop()


# -- what is told


def channels_of(names: str) -> list[str]:
    return names.replace(" and ", ", ").split(", ")


@then(parsers.re(r'(?P<names>email[\w, ]*?) says? "(?P<one>[^"]+)" and "(?P<other>[^"]+)"'))
def say(world: World, told: Told, names: str, one: str, other: str) -> None:
    for name in channels_of(names):

        def heard(name: str = name) -> bool:
            return any(one in text and other in text for text in told.said(name))

        if not heard():
            until(world, heard, f"{name} says {one} and {other}: {told.said(name)}")


@then(parsers.parse('no channel has said "{text}"'))
def not_said(world: World, told: Told, text: str) -> None:
    world.run(world.station.engines.alerts.sent())
    for name in ("email", "Slack", "SMS"):
        assert not [one for one in told.said(name) if text in one]


@then("a reconnect is attempted, and the attempt is logged")
def attempted(world: World, vst_home: Path) -> None:
    found = incident(world, IBKR, ErrorKind.CONNECTION)
    assert found.attempts >= 2 and found.tried.startswith("reconnect, attempt")
    told = [line for line in logged(vst_home) if line.get("component") == IBKR]
    assert [line for line in told if str(line["event"]).startswith("recovery attempt")]


@then(parsers.parse('the performance pane shows "{name}" with what was tried and what to do'))
def shown(world: World, name: str) -> None:
    [row] = [one for one in world.station.view().performance if one.name == name]
    assert "reconnect" in row.value and "logged in" in row.threshold and row.met is False


@then(parsers.parse('the station is connected again, and email says "{text}"'))
def connected_again(world: World, told: Told, text: str) -> None:
    ready = ConnectionState.READY
    until(world, lambda: world.station.engines.broker.state is ready, "connected")
    until(world, lambda: any(text in one for one in told.said("email")), text)
    assert incident(world, IBKR, ErrorKind.CONNECTION).state is Recovery.RECOVERED


@then("the alternative computation gave the signals")
def by_numpy(world: World) -> None:
    result = world.station.research.findings.result
    assert result is not None and result.fallback
    assert "numpy" in result.engine and result.scanned > 0
    assert world.station.research.findings.signals


@then("the failure and the attempt are logged and counted")
def counted(world: World, vst_home: Path) -> None:
    found = incident(world, INDICATORS, ErrorKind.INDICATOR)
    assert (found.count, found.state) == (1, Recovery.RECOVERED)
    told = [str(line["event"]) for line in logged(vst_home)]
    assert [line for line in told if "ArithmeticError: RSI went wrong" in line]
    assert [line for line in told if "the alternative computation" in line]


@then("AAPL was scanned on the bars held, and it says so")
def on_held_bars(world: World) -> None:
    findings = world.station.research.findings
    assert findings.from_cache == ("AAPL",)
    assert findings.result is not None and findings.result.scanned == len(
        world.station.research.universe.symbols
    )
    [said] = [one.error for one in findings.warnings if one.symbol == "AAPL"]
    assert "no answer; scanned on the bars held" in said
    assert incident(world, DATA, ErrorKind.DATA_MISSING).state is Recovery.RECOVERED


@then("the log warns that the order latency is above max_order_latency")
def latency_warned(caplog_allowed: pytest.LogCaptureFixture) -> None:
    [said] = [
        record.getMessage()
        for record in caplog_allowed.records
        if "max_order_latency" in record.getMessage() and record.levelno == logging.WARNING
    ]
    assert "is above max_order_latency 0.5 s" in said


@then(parsers.parse("the mean order latency is {secs:g} seconds, beside its threshold"))
def mean_latency(world: World, secs: float) -> None:
    told = world.run(performance_report(world.station))
    [mean] = [
        one
        for one in told["measures"]  # type: ignore[attr-defined]
        if one["name"] == "order latency, mean of 1 h"
    ]
    assert mean["value"] == pytest.approx(secs, abs=0.3)
    assert (mean["threshold"], mean["met"]) == (0.5, False)


@then("its report has the up-time, and scanner and execution figures beside their thresholds")
def day_report(world: World) -> None:
    told: Any = world.run(performance_report(world.station))
    assert told["up_secs"] == pytest.approx(86_400, abs=60)
    assert told["scanner"]["scans"] == 1
    assert told["scanner"]["engine"]["scans"] >= 1
    assert told["scanner"]["engine"]["memory_mb"] > 0
    assert {one["name"] for one in told["measures"] if one["threshold"] > 0} >= {
        *("last scan", "scan, mean of 1 h", "symbols a second, mean of 1 h"),
        *("order latency, mean of 1 h", "order latency, worst of 1 h"),
    }


@then("the alert names the direction and x2")
def names_all(world: World) -> None:
    history = world.station.engines.alerts.history
    [message] = [e.alert.message for e in history if "Trade EXECUTED" in e.alert.message]
    assert message in ("Trade EXECUTED: AAPL LONG x2", "Trade EXECUTED: AAPL SHORT x2")


@then(parsers.parse('the alert of the scan is "{one}" and "{other}"'))
def fates(world: World, one: str, other: str) -> None:
    history = world.station.engines.alerts.history
    entry = next(e for e in history if "scan of 500" in e.alert.message)
    assert {delivery.text() for delivery in entry.deliveries.values()} == {one, other}
