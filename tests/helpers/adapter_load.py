"""Loads on the IBKR adapter, each with what it measured."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.helpers.large_market import EXPIRATIONS, REALISTIC, LargeMarket
from tests.helpers.tiny_market import IN_SESSION, TinyClock
from tests.helpers.wire_proxy import WireProxy
from vst_desktop.adapters.ibkr.broker import IbkrBroker
from vst_desktop.adapters.tws_sim.server import TwsServer
from vst_desktop.domain.quotes import OptionContract, OptionQuote, Right
from vst_desktop.domain.signals import Direction
from vst_desktop.domain.spreads import VerticalSpread
from vst_desktop.options.rules import SelectionRules
from vst_desktop.options.selection import select
from vst_desktop.ports.broker import BrokerEvent
from vst_desktop.runtime.calendar import trading_day
from vst_desktop.runtime.clock import HeldClock
from vst_desktop.runtime.settings import Settings

REPOSITORY = Path(__file__).resolve().parents[2]
MESSAGES_PER_SECOND = 45
SPREADS = 45
_CHILD = """
import asyncio, sys, types
# a dependency installs a package of the same name
sys.modules["tests"] = types.ModuleType("tests")
sys.modules["tests"].__path__ = ["tests"]
from tests.helpers.large_market import serve
asyncio.run(serve(float(sys.argv[1])))
"""
HERTZ = 14.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainLoad:
    """From the request to ranked spreads."""

    listed: int
    quoted: int
    ranked: int
    secs: float
    most_lines: int
    most_messages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TickLoad:
    """``share`` of one core's time; ``lag_ms`` a round trip at the end took, ``unread`` bytes."""

    lines: int
    per_second: float
    events_per_second: float
    share: float
    lag_ms: float
    unread: int


class Departures:
    """Counts the messages that leave a client, and the most in any second.

    Counted where they leave: who reads the socket may wake up late and see two seconds as one.
    """

    def __init__(self, broker: IbkrBroker) -> None:
        self._recent: deque[float] = deque()
        self.most = 0
        wire: Any = broker._connection.ready().ib.client.conn
        self._write, wire.sendMsg = wire.sendMsg, self._send

    def _send(self, message: bytes) -> None:
        now = time.monotonic()
        self._recent.append(now)
        while now - self._recent[0] >= 1:
            self._recent.popleft()
        self.most = max(self.most, len(self._recent))
        self._write(message)


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[IbkrBroker]:
    """A broker on the simulator at that port, paced as for TWS."""
    broker = IbkrBroker(
        host="127.0.0.1",
        port=port,
        client_id=17,
        account=None,
        allowed_accounts=(),
        messages_per_second=MESSAGES_PER_SECOND,
        clock=HeldClock(IN_SESSION),
    )
    try:
        await broker.connect()
        yield broker
    finally:
        await broker.close()


async def load_chain() -> ChainLoad:
    """Load the large chain at the simulator's realistic pace, and rank its spreads."""
    rules = SelectionRules.of(Settings().options.model_dump())
    market = LargeMarket()
    server = TwsServer(market, TinyClock(IN_SESSION), pace=REALISTIC)
    wire = WireProxy(await server.start())
    most_lines = 0

    def look(fields: list[str]) -> bool:
        nonlocal most_lines
        most_lines = max(most_lines, *(one.market_data_lines for one in server.sessions))
        return False

    wire.swallow = look
    try:
        async with connected(await wire.start()) as broker:
            departures = Departures(broker)
            start = time.perf_counter()
            chain = await broker.option_chain(
                "AAPL",
                right=Right.CALL,
                dte=(30, 45),
                today=trading_day(IN_SESSION),
                reach=1.5,
                max_contracts=60,
            )
            found = select(
                chain,
                Direction.LONG,
                rules,
                now=IN_SESSION,
                today=trading_day(IN_SESSION),
            )
            secs = time.perf_counter() - start
    finally:
        await wire.stop()
        await server.stop()
    return ChainLoad(
        listed=len(chain.quotes),
        quoted=sum(one.quote is not None for one in chain.quotes),
        ranked=len(found.spreads),
        secs=secs,
        most_lines=most_lines,
        most_messages=departures.most,
    )


async def stream(secs: float) -> TickLoad:
    """Watch spreads on a simulator process that ticks as fast as asked for."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _CHILD,
        str(HERTZ),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=REPOSITORY,
    )
    assert child.stdout is not None and child.stdin is not None
    try:
        async with connected(int(await child.stdout.readline())) as broker:
            return await _measure(broker, secs)
    finally:
        child.stdin.close()
        try:
            await asyncio.wait_for(child.wait(), 5)
        except TimeoutError:
            child.kill()
            await child.wait()


async def _measure(broker: IbkrBroker, secs: float) -> TickLoad:
    told = 0
    seen: set[int] = set()

    def hear(event: BrokerEvent) -> None:
        nonlocal told
        if isinstance(event, OptionQuote):
            told += 1
            seen.add(event.contract.con_id)

    broker.subscribe(hear)
    for spread in _spreads():
        await broker.watch_spread(spread)
    await _until(lambda: len(seen) == 2 * SPREADS)
    client = broker._connection.ready().ib.client
    before, told = client._numMsgRecv, 0
    wall, busy = time.perf_counter(), time.process_time()
    await asyncio.sleep(secs)
    wall, busy = time.perf_counter() - wall, time.process_time() - busy
    messages, events = client._numMsgRecv - before, told
    asked = time.perf_counter()
    await broker.barrier()
    return TickLoad(
        lines=2 * SPREADS,
        per_second=messages / wall,
        events_per_second=events / wall,
        share=busy / wall,
        lag_ms=1_000 * (time.perf_counter() - asked),
        unread=len(client._data),
    )


def _spreads() -> list[VerticalSpread]:
    market = LargeMarket()
    calls = market.options("AAPL", EXPIRATIONS[0], IN_SESSION)[60 : 60 + 2 * SPREADS]
    legs = [
        OptionContract(
            symbol="AAPL",
            expiration=EXPIRATIONS[0],
            strike=Decimal(str(one.strike)),
            right=Right.CALL,
            con_id=one.con_id,
            trading_class="AAPL",
        )
        for one in calls
    ]
    return [
        VerticalSpread(long=long, short=short)
        for long, short in zip(legs[::2], legs[1::2], strict=True)
    ]


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
