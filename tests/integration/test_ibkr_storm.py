"""Connections lost again and again, at any moment; ``STORM_SEEDS=500`` for a long storm."""

from __future__ import annotations

import asyncio
import os
import random
from decimal import Decimal
from itertools import pairwise

import pytest

from tests.helpers.tiny_market import EXPIRATIONS, IN_SESSION, TinyClock, TinyMarket
from tests.helpers.wire_proxy import WireProxy
from vst_desktop.adapters.ibkr import connection, session
from vst_desktop.adapters.ibkr.broker import IbkrBroker
from vst_desktop.adapters.tws_sim.server import TwsServer
from vst_desktop.domain.quotes import OptionContract, Right
from vst_desktop.domain.spreads import VerticalSpread
from vst_desktop.ports.broker import ConnectionChanged, ConnectionState
from vst_desktop.runtime.clock import HeldClock

SEEDS = int(os.environ.get("STORM_SEEDS", "12"))
DROPS = 4
LINES = 3


class StormyWire(WireProxy):
    """Counts how many connections stand at once."""

    most = 0

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await super()._accept(reader, writer)
        self._clients[:] = [one for one in self._clients if not one.is_closing()]
        self.most = max(self.most, len(self._clients))


def spread(market: TinyMarket) -> VerticalSpread:
    long, short = (
        OptionContract(
            symbol="AAPL",
            expiration=EXPIRATIONS[0],
            strike=Decimal(strike),
            right=Right.CALL,
            con_id=market.option(strike).con_id,
            trading_class="AAPL",
        )
        for strike in (100, 105)
    )
    return VerticalSpread(long=long, short=short)


async def lose(chance: random.Random, wire: StormyWire, server: TwsServer) -> None:
    """One of the ways a connection ends, at any turn of the loop."""
    for _ in range(chance.randrange(200)):
        await asyncio.sleep(0)
    match chance.randrange(4):
        case 0:
            wire.cut()
        case 1:
            # a socket that says nothing any more
            wire.silent = True
            await asyncio.sleep(0.15)
            wire.cut()
            wire.silent = False
        case 2:
            for one in server.sessions:
                wire.error(-1, chance.choice((1100, 1101, 1102, 326, 504)), "storm")
                one.refresh()
            wire.cut()
        case _:
            wire.cut()
            await asyncio.sleep(chance.random() * 0.02)
            wire.cut()


async def ready(broker: IbkrBroker, server: TwsServer) -> None:
    """Connected, and everything that was watched has its line."""
    async with asyncio.timeout(20):
        while (  # noqa: ASYNC110
            broker.state is not ConnectionState.READY
            or broker._lines is None
            or len(broker._lines._watched) != LINES
            or [one.market_data_lines for one in server.sessions] != [LINES]
        ):
            await asyncio.sleep(0.005)


def be_impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fractions of the seconds that a real TWS is given."""
    monkeypatch.setattr(connection, "HEARTBEAT_SECS", 0.1)
    monkeypatch.setattr(connection, "FIRST_BACKOFF_SECS", 0.01)
    monkeypatch.setattr(connection, "MAX_BACKOFF_SECS", 0.05)
    monkeypatch.setattr(session, "CONNECT_SECS", 1.0)
    monkeypatch.setattr(session, "SYNCHRONISE_SECS", 1.0)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_after_a_storm_there_is_one_connection_with_every_line_once(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)

    async def main() -> None:
        market = TinyMarket()
        server = TwsServer(market, TinyClock())
        wire = StormyWire(await server.start())
        port = await wire.start()
        before = asyncio.all_tasks()
        broker = IbkrBroker(
            host="127.0.0.1",
            port=port,
            client_id=17,
            account=None,
            allowed_accounts=(),
            messages_per_second=400,
            clock=HeldClock(IN_SESSION),
            rng=chance,
        )
        states: list[ConnectionState] = []
        broker.subscribe(
            lambda told: states.append(told.state) if isinstance(told, ConnectionChanged) else None
        )
        try:
            await broker.connect()
            be_impatient(monkeypatch)
            await broker.watch_stock("AAPL")
            await broker.watch_spread(spread(market))
            for _ in range(DROPS):
                await lose(chance, wire, server)
            await ready(broker, server)
            assert wire.most <= 1
            assert all(one != two for one, two in pairwise(states))
        finally:
            await broker.close()
        async with asyncio.timeout(10):
            while server.sessions:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        ours = asyncio.all_tasks() - before - set(wire.tasks)
        assert not ours, ours
        await wire.stop()
        await server.stop()

    asyncio.run(main())
