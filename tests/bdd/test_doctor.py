"""features/doctor.feature."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from tests.helpers.raw_client import RawClient
from tests.helpers.tiny_market import IN_SESSION, TinyClock, TinyMarket
from tests.helpers.wire_proxy import WireProxy
from vst_desktop.adapters.ibkr.doctor import Wanted, examine
from vst_desktop.adapters.tws_sim.server import TwsServer
from vst_desktop.domain.diagnosis import PortReport

HOST, CLIENT_ID = "127.0.0.1", 17
WANTED = Wanted(client_id=CLIENT_ID, symbol="AAPL", paper=True)
OPEN_ORDERS_END, DATA_TYPE, OPTION_LINE = "53", "58", "9005"


class Bench:
    """A TWS as the scenario wants it, and what the doctor found there."""

    def __init__(self) -> None:
        self.port = 0
        self.slow = timedelta()
        self.report: PortReport | None = None
        self.runner = asyncio.Runner()
        self._stack = AsyncExitStack()

    async def serve(self, account: str = "DU1234567") -> WireProxy:
        server = TwsServer(TinyMarket(), TinyClock(), accounts=(account,))
        proxy = WireProxy(await server.start())
        self._stack.push_async_callback(server.stop)
        self.port = await proxy.start()
        self._stack.push_async_callback(proxy.stop)
        return proxy

    async def close_all(self) -> None:
        def accept(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()

        server = await asyncio.start_server(accept, HOST, 0)
        self._stack.callback(server.close)
        self.port = server.sockets[0].getsockname()[1]

    async def free_port(self) -> None:
        await self.close_all()
        await self._stack.aclose()

    async def connect(self) -> None:
        other = await RawClient.connect(self.port, CLIENT_ID)
        self._stack.push_async_callback(other.close)

    async def look(self) -> PortReport:
        return await examine(WANTED, HOST, self.port, lambda: IN_SESSION - self.slow)

    def close(self) -> None:
        self.runner.run(self._stack.aclose())
        self.runner.close()

    @property
    def found(self) -> PortReport:
        assert self.report is not None
        return self.report


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


scenarios("doctor.feature")


@given("a TWS that is ready")
def ready(bench: Bench) -> None:
    bench.runner.run(bench.serve())


@given("no TWS")
def none(bench: Bench) -> None:
    bench.runner.run(bench.free_port())


@given("a TWS that closes every connection before the handshake")
def closing(bench: Bench) -> None:
    bench.runner.run(bench.close_all())


@given("a TWS whose API is read-only")
def read_only(bench: Bench) -> None:
    proxy = bench.runner.run(bench.serve())

    def refuse(fields: list[str]) -> bool:
        if fields[0] == OPEN_ORDERS_END:
            proxy.error(-1, 321, "The API interface is currently in Read-Only mode.")
        return fields[0] == OPEN_ORDERS_END

    proxy.swallow = refuse


@given("a TWS to which another program is connected with the station's client id")
def taken(bench: Bench) -> None:
    bench.runner.run(bench.serve())
    bench.runner.run(bench.connect())


@given("a TWS whose user has no option data")
def no_options(bench: Bench) -> None:
    proxy = bench.runner.run(bench.serve())

    def deny(fields: list[str]) -> bool:
        if OPTION_LINE not in fields[1:3] or fields[0] == "4":
            return False
        if fields[0] == DATA_TYPE:
            proxy.error(int(OPTION_LINE), 354, "Requested market data is not subscribed.")
        return True

    proxy.swallow = deny


@given(parsers.parse("a TWS that is logged in to {account}"))
def logged_in(bench: Bench, account: str) -> None:
    bench.runner.run(bench.serve(account))


@given(parsers.parse("a computer whose clock is {secs:d} s slow"))
def slow(bench: Bench, secs: int) -> None:
    bench.slow = timedelta(seconds=secs)


@when("the doctor looks")
def look(bench: Bench) -> None:
    bench.report = bench.runner.run(bench.look())


@then("it finds nothing wrong")
def nothing(bench: Bench) -> None:
    assert bench.found.findings == ()
    assert bench.found.notes == ()


@then(parsers.re(r"it finds (?P<trouble>[A-Z_]+)"))
def finds(bench: Bench, trouble: str) -> None:
    assert [finding.trouble for finding in bench.found.findings] == [trouble]


@then(parsers.parse('it says to go to "{way}" for {what}'))
def says(bench: Bench, way: str, what: str) -> None:
    (finding,) = bench.found.findings
    assert way in finding.remedy
    assert what in finding.remedy
