"""The adapter's end of the wire against what no TWS would send."""

from __future__ import annotations

import asyncio
import random
import struct
import tracemalloc
from collections.abc import Awaitable, Callable

import pytest

from tests.helpers.tiny_market import IN_SESSION, TinyClock, TinyMarket
from tests.helpers.wire_proxy import WireProxy, frame
from vst_desktop.adapters.ibkr import connection
from vst_desktop.adapters.ibkr.broker import IbkrBroker
from vst_desktop.adapters.ibkr.library import Decoder, Wrapper
from vst_desktop.adapters.tws_sim.server import TwsServer
from vst_desktop.domain.account import BrokerPosition
from vst_desktop.ports.broker import ConnectionState
from vst_desktop.runtime.clock import HeldClock

MOST_GROWTH_BYTES = 64 * 1024 * 1024
KNOWN = sorted(Decoder(Wrapper(None), 176).handlers)
SESSION_STARTS = {9, 15}
"""They tell ids and accounts; a TWS that lies about those is believed."""
VALUES = (
    "", "0", "1", "-1", "17", "2.5", "nan", "inf", "-inf", "1e999", "1.7976931348623157E308", "x",
    "AAPL", "BAG", "OPT", "20220701", "20220701 10:00:00 Nowhere/Zone", "\ufffd", "9" * 40,
    "A" * 999,
)  # fmt: skip


def run(job: Callable[[IbkrBroker, WireProxy], Awaitable[None]]) -> None:
    async def main() -> None:
        server = TwsServer(TinyMarket(), TinyClock())
        wire = WireProxy(await server.start())
        broker = IbkrBroker(
            host="127.0.0.1",
            port=await wire.start(),
            client_id=17,
            account=None,
            allowed_accounts=(),
            messages_per_second=400,
            clock=HeldClock(IN_SESSION),
        )
        try:
            await broker.connect()
            await job(broker, wire)
        finally:
            await broker.close()
            await wire.stop()
            await server.stop()

    asyncio.run(main())


def scrambled(chance: random.Random) -> bytes:
    """One message, well framed, of any id and any fields."""
    message = chance.choice([one for one in KNOWN if one not in SESSION_STARTS] + [-1, 0, 999])
    fields = [chance.choice(VALUES) for _ in range(chance.randrange(40))]
    return frame(message, *fields)


@pytest.mark.parametrize("seed", range(8))
def test_messages_of_any_id_and_any_fields_are_counted_and_the_session_lives(seed: int) -> None:
    chance = random.Random(seed)

    async def job(broker: IbkrBroker, wire: WireProxy) -> None:
        await broker.watch_stock("AAPL")
        wire.raw(b"".join(scrambled(chance) for _ in range(300)))
        await broker.barrier()
        assert sum(broker.unreadable.values()) > 50
        assert (await broker.stock_quote("AAPL")).quote.bid == 99.99

    run(job)


@pytest.mark.parametrize("seed", range(4))
def test_bytes_without_sense_cost_the_connection_and_no_more(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEARTBEAT_SECS", 0.05)
    monkeypatch.setattr(connection, "FIRST_BACKOFF_SECS", 0.02)
    chance = random.Random(seed)

    async def job(broker: IbkrBroker, wire: WireProxy) -> None:
        lost = asyncio.Event()
        broker.subscribe(
            lambda event: lost.set() if broker.state is ConnectionState.DISCONNECTED else None
        )
        whole = frame(1, 6, 1, 1, 100.0, 5, 0)
        wire.raw(whole[: chance.randrange(1, len(whole))] + chance.randbytes(5000))
        async with asyncio.timeout(20):
            await lost.wait()
            while broker.state is not ConnectionState.READY:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert (await broker.stock_quote("AAPL")).quote.bid == 99.99

    run(job)


def test_a_message_that_claims_to_be_endless_is_not_waited_for() -> None:
    async def job(broker: IbkrBroker, wire: WireProxy) -> None:
        tracemalloc.start()
        try:
            wire.raw(struct.pack(">I", 2**31) + bytes(40 * 1024 * 1024))
            async with asyncio.timeout(20):
                while broker.state is ConnectionState.READY:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            # the sender's own copies are in it, too
            assert tracemalloc.get_traced_memory()[1] < 2 * MOST_GROWTH_BYTES
        finally:
            tracemalloc.stop()
        assert broker.unreadable[-1] == 1

    run(job)


def test_a_position_of_a_contract_that_makes_no_sense_is_counted() -> None:
    async def job(broker: IbkrBroker, wire: WireProxy) -> None:
        told: list[BrokerPosition] = []
        broker.subscribe(lambda e: told.append(e) if isinstance(e, BrokerPosition) else None)
        option = (5, "AAPL", "OPT", "soon", 100.0, "C", 100, "", "USD", "AAPL", "AAPL")
        wire.say(61, 3, "DU1234567", *option, 1.0, 2.5)
        wire.say(61, 3, "DU1234567", *option[:3], "20220701", *option[4:], 1.0, 2.5)
        await broker.barrier()
        assert broker.unreadable == {61: 1} and len(told) == 1

    run(job)
