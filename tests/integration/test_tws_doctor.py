"""The TWS Doctor against the simulator, a wire that changes what it says, and raw sockets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.helpers.raw_client import RawClient
from tests.helpers.tiny_market import IN_SESSION, TinyClock, TinyMarket
from tests.helpers.wire_proxy import WireProxy
from vst_desktop.adapters.ibkr import doctor
from vst_desktop.adapters.ibkr.doctor import Wanted, examine, examine_all
from vst_desktop.adapters.ibkr.remedies import PROGRAMS
from vst_desktop.adapters.tws_sim.link import Feed
from vst_desktop.adapters.tws_sim.server import TwsServer
from vst_desktop.domain.diagnosis import PortReport, Trouble

HOST = "127.0.0.1"
WANTED = Wanted(client_id=17, symbol="AAPL")
OPEN_ORDERS_END, DATA_TYPE = "53", "58"
TICKS = frozenset({"1", "2", "21", "45", "46"})
STOCK, OPTION = "9004", "9005"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """For what is silent on purpose."""
    monkeypatch.setattr(doctor, "PROBE_SECS", 0.8)


def now() -> datetime:
    return IN_SESSION + timedelta(seconds=0.5)


@asynccontextmanager
async def simulator(**options: Any) -> AsyncIterator[int]:
    server = TwsServer(TinyMarket(), TinyClock(), **options)
    port = await server.start()
    try:
        yield port
    finally:
        await server.stop()


@asynccontextmanager
async def wire() -> AsyncIterator[tuple[WireProxy, int]]:
    async with simulator() as port:
        proxy = WireProxy(port)
        try:
            yield proxy, await proxy.start()
        finally:
            await proxy.stop()


@asynccontextmanager
async def raw(serve: Serve) -> AsyncIterator[int]:
    server = await asyncio.start_server(serve, HOST, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def report(
    work: Callable[[], Coroutine[Any, Any, PortReport]],
) -> PortReport:
    return asyncio.run(work())


async def look(port: int, wanted: Wanted = WANTED) -> PortReport:
    return await examine(wanted, HOST, port, now)


def troubles(found: PortReport) -> list[Trouble]:
    return [finding.trouble for finding in found.findings]


def test_a_sound_tws_has_no_findings() -> None:
    async def main() -> PortReport:
        async with simulator() as port:
            return await look(port)

    found = report(main)
    assert found.findings == ()
    assert found.notes == ()
    assert found.listening
    assert found.server_version == 176
    assert found.accounts == ("DU1234567",)
    assert found.clock_offset_secs == pytest.approx(0.0)


def test_nothing_is_left_behind_at_the_broker() -> None:
    async def main() -> list[int]:
        server = TwsServer(TinyMarket(), TinyClock())
        port = await server.start()
        try:
            await look(port)
            # the same id is free again at once
            client = await RawClient.connect(port, 17)
            lines = [session.open_lines for session in server.sessions]
            await client.close()
            return lines
        finally:
            await server.stop()

    assert asyncio.run(main()) == [0]


def test_a_closed_port_is_not_running_with_the_menu_of_the_program_that_should_be_there() -> None:
    found = asyncio.run(look(_unused_port()))
    assert troubles(found) == [Trouble.NOT_RUNNING]
    assert not found.listening
    assert "File > Global Configuration > API > Settings" in found.findings[0].remedy
    assert "Enable ActiveX and Socket Clients" in found.findings[0].remedy


@pytest.mark.usefixtures("short_waits")
def test_a_port_that_closes_before_the_handshake_is_told_from_one_that_is_silent() -> None:
    async def close(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def main() -> list[PortReport]:
        async with raw(close) as closing, raw(silent) as mute:
            return list(await examine_all(WANTED, ports=(closing, mute), now=now))

    closed, mute = asyncio.run(main())
    assert troubles(closed) == [Trouble.API_DISABLED]
    assert "Trusted IPs" in closed.findings[0].remedy
    assert troubles(mute) == [Trouble.API_SILENT]
    assert "accept the connection" in mute.findings[0].remedy


@pytest.mark.usefixtures("short_waits")
def test_another_program_on_the_port_is_told() -> None:
    async def web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await reader.read()
        writer.close()

    async def main() -> PortReport:
        async with raw(web) as port:
            return await look(port)

    assert troubles(report(main)) == [Trouble.OTHER_PROGRAM]


@pytest.mark.usefixtures("short_waits")
def test_a_login_that_does_not_end_is_told() -> None:
    async def main() -> PortReport:
        async with wire() as (proxy, port):
            proxy.swallow = lambda fields: fields[0] in ("9", "15")
            return await look(port)

    assert troubles(report(main)) == [Trouble.NO_LOGIN]


@pytest.mark.parametrize(("version", "old"), [(100, True), (156, True), (157, False)])
def test_a_version_too_old_for_the_station_is_told(version: int, old: bool) -> None:
    async def main() -> PortReport:
        async with simulator(max_server_version=version) as port:
            return await look(port)

    found = report(main)
    assert found.server_version == version
    assert troubles(found) == ([Trouble.OLD_VERSION] if old else [])


def test_a_client_id_that_is_taken_is_told_at_once() -> None:
    async def main() -> tuple[PortReport, float]:
        async with simulator() as port:
            other = await RawClient.connect(port, 17)
            started = time.perf_counter()
            found = await look(port)
            took = time.perf_counter() - started
            await other.close()
            return found, took

    found, took = asyncio.run(main())
    assert troubles(found) == [Trouble.CLIENT_ID_TAKEN]
    assert "17" in found.findings[0].detail
    assert "broker.client_id" in found.findings[0].remedy
    assert took < doctor.PROBE_SECS


def test_a_read_only_api_is_told_with_the_box_to_untick() -> None:
    async def main() -> PortReport:
        async with wire() as (proxy, port):

            def refuse(fields: list[str]) -> bool:
                if fields[0] != OPEN_ORDERS_END:
                    return False
                proxy.error(-1, 321, "The API interface is currently in Read-Only mode.")
                return True

            proxy.swallow = refuse
            return await look(port)

    found = report(main)
    assert troubles(found) == [Trouble.READ_ONLY]
    assert "File > Global Configuration > API > Settings" in found.findings[0].remedy
    assert "'Read-Only API'" in found.findings[0].remedy


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (replace(WANTED, account="DU9"), "account DU9 is not at the broker"),
        (WANTED, "manages the accounts DU1, DU2"),
        (replace(WANTED, account="DU1", allowed_accounts=("DU2",)), "not on the allow-list"),
        (replace(WANTED, account="DU1", paper=False), "DU1 is a paper account"),
    ],
)
def test_a_wrong_account_is_told(wanted: Wanted, says: str) -> None:
    async def main() -> PortReport:
        async with simulator(accounts=("DU1", "DU2")) as port:
            return await look(port, wanted)

    found = report(main)
    assert troubles(found) == [Trouble.WRONG_ACCOUNT]
    assert says in found.findings[0].detail


@pytest.mark.parametrize("account", ["U1", "DU1"])
def test_the_kind_of_account_must_be_that_of_the_mode(account: str) -> None:
    async def main() -> PortReport:
        async with simulator(accounts=(account,)) as port:
            return await look(port, replace(WANTED, paper=True))

    assert troubles(report(main)) == ([Trouble.WRONG_ACCOUNT] if account == "U1" else [])


def _denying(proxy: WireProxy, line: str, code: int) -> Callable[[list[str]], bool]:
    """In place of a line's data: an error."""

    def swallow(fields: list[str]) -> bool:
        about = fields[2] if fields[0] in TICKS | {DATA_TYPE} else ""
        if fields[0] in {"21"}:
            about = fields[1]
        if about != line:
            return False
        if fields[0] == DATA_TYPE:
            proxy.error(int(line), code, "Requested market data is not subscribed.")
        return True

    return swallow


@pytest.mark.parametrize("code", [354, 10089, 10090, 10091, 10168, 10186])
@pytest.mark.parametrize(
    ("line", "trouble", "says"),
    [(STOCK, Trouble.NO_STOCK_DATA, "stock"), (OPTION, Trouble.NO_OPTION_DATA, "OPRA")],
)
def test_missing_permissions_are_told_for_stocks_and_options_apart(
    line: str, trouble: Trouble, says: str, code: int
) -> None:
    async def main() -> PortReport:
        async with wire() as (proxy, port):
            proxy.swallow = _denying(proxy, line, code)
            return await look(port)

    found = report(main)
    assert troubles(found) == [trouble]
    assert str(code) in found.findings[0].detail
    assert "Market Data Subscriptions" in found.findings[0].remedy
    assert says in found.findings[0].remedy


def test_delayed_data_is_told_by_its_note_and_by_its_type() -> None:
    async def by_type() -> PortReport:
        async with wire() as (proxy, port):

            def late(fields: list[str]) -> bool:
                if fields[0] == DATA_TYPE and fields[3] == "1":
                    proxy.say(58, 1, fields[2], 3)
                    return True
                return False

            proxy.swallow = late
            return await look(port)

    async def by_note() -> PortReport:
        async with wire() as (proxy, port):
            proxy.swallow = _denying(proxy, OPTION, 10167)
            return await look(port)

    (both,), (one,) = report(by_type).findings, report(by_note).findings
    assert both.trouble is one.trouble is Trouble.DELAYED_DATA
    assert both.detail == "quotes of stock and option are delayed"
    assert one.detail == "quotes of option are delayed"


@pytest.mark.parametrize(
    ("feed", "wanted"),
    [
        (Feed.LIVE, []),
        (Feed.DELAYED, [Trouble.DELAYED_DATA]),
        (Feed.NONE, [Trouble.NO_STOCK_DATA, Trouble.NO_OPTION_DATA]),
        (Feed.COMPETING, [Trouble.DATA_ELSEWHERE]),
    ],
)
def test_the_users_subscription_is_told_as_the_simulator_plays_it(
    feed: Feed, wanted: list[Trouble]
) -> None:
    async def main() -> PortReport:
        async with simulator(feed=feed) as port:
            return await look(port)

    found = report(main)
    assert troubles(found) == wanted
    assert found.notes == ()


def test_market_data_in_another_session_is_told() -> None:
    async def main() -> PortReport:
        async with wire() as (proxy, port):
            proxy.swallow = _denying(proxy, STOCK, 10197)
            return await look(port)

    assert troubles(report(main)) == [Trouble.DATA_ELSEWHERE]


@pytest.mark.parametrize(("secs", "side"), [(90, "behind"), (-90, "ahead of")])
def test_a_clock_that_is_off_is_told_with_its_side(secs: int, side: str) -> None:
    async def main() -> PortReport:
        async with simulator() as port:
            return await examine(WANTED, HOST, port, lambda: now() - timedelta(seconds=secs))

    found = report(main)
    assert troubles(found) == [Trouble.CLOCK_SKEW]
    assert found.findings[0].detail == f"this computer's clock is 90 s {side} TWS's"


def test_a_clock_that_is_days_off_is_told_with_its_date() -> None:
    async def main() -> PortReport:
        async with simulator() as port:
            return await examine(WANTED, HOST, port, lambda: now() + timedelta(days=500))

    (found,) = report(main).findings
    assert found.trouble is Trouble.CLOCK_SKEW
    assert found.detail.startswith("TWS's time is 2022-06-01 18:00 UTC")


@pytest.mark.usefixtures("short_waits")
def test_what_could_not_be_checked_is_said_not_guessed() -> None:
    async def main() -> tuple[PortReport, ...]:
        async with simulator() as port, wire() as (proxy, wired):
            proxy.swallow = lambda fields: fields[0] in TICKS | {DATA_TYPE}
            unknown, bare, mute = await asyncio.gather(
                look(port, replace(WANTED, client_id=1, symbol="XYZ")),
                look(port, replace(WANTED, client_id=2, symbol="MSFT")),
                look(wired),
            )
            return unknown, bare, mute

    unknown, bare, mute = asyncio.run(main())
    assert unknown.notes == ("market data not checked: TWS does not know XYZ",)
    assert bare.notes == ("option data not checked: MSFT has no listed calls",)
    assert mute.notes == (
        "stock data not checked: no answer within 0.8 s",
        "option data not checked: no answer within 0.8 s",
    )
    assert unknown.findings == bare.findings == mute.findings == ()


def test_several_troubles_at_once_are_all_told() -> None:
    async def main() -> PortReport:
        async with wire() as (proxy, port):
            proxy.swallow = _denying(proxy, OPTION, 354)
            wanted = replace(WANTED, paper=False)
            return await examine(wanted, HOST, port, lambda: now() + timedelta(hours=1))

    assert troubles(report(main)) == [
        Trouble.WRONG_ACCOUNT,
        Trouble.CLOCK_SKEW,
        Trouble.NO_OPTION_DATA,
    ]


@pytest.mark.usefixtures("short_waits")
def test_ports_are_asked_at_the_same_time() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def main() -> float:
        async with raw(silent) as a, raw(silent) as b, raw(silent) as c, raw(silent) as d:
            started = time.perf_counter()
            await examine_all(WANTED, ports=(a, b, c, d), now=now)
            return time.perf_counter() - started

    assert asyncio.run(main()) < 3 * doctor.PROBE_SECS


def test_each_program_has_its_own_menu() -> None:
    ways = {program.port: program.settings for program in PROGRAMS}
    tws = "File > Global Configuration > API > Settings"
    gateway = "Configure > Settings > API > Settings"
    assert ways == {7496: tws, 7497: tws, 4001: gateway, 4002: gateway}


def _unused_port() -> int:
    async def main() -> int:
        server = await asyncio.start_server(lambda _r, _w: None, HOST, 0)
        port: int = server.sockets[0].getsockname()[1]
        server.close()
        return port

    return asyncio.run(main())
