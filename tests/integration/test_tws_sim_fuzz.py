"""The simulator's end of the wire against what no client would send (R10)."""

from __future__ import annotations

import asyncio
import random
import struct
import tracemalloc
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.raw_client import RawClient
from tests.helpers.tiny_market import TinyClock, TinyMarket
from vst_desktop.adapters.tws_sim import wire
from vst_desktop.adapters.tws_sim.server import TwsServer

MOST_GROWTH_BYTES = 64 * 1024 * 1024
REQUESTS = (
    *(
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        8,
        9,
        10,
        11,
        14,
        15,
        16,
        17,
        18,
        20,
        22,
        23,
        24,
        25,
        49,
        50,
        51,
        52,
        53,
    ),
    *(54, 55, 56, 57, 58, 59, 61, 62, 63, 64, 65, 72, 74, 75, 76, 77, 78, 79, 80, 81, 87, 88, 89),
    *(90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100, 101, 102, 103, 104, -1, 0, 999),
)
VALUES = (
    "", "0", "1", "-1", "7", "2.5", "nan", "inf", "-inf", "1e999", "1.7976931348623157E308", "x",
    "AAPL", "BAG", "OPT", "STK", "SMART", "USD", "BUY", "LMT", "DAY", "20220701", "2147483647",
    "265598", "1 D", "5 mins", "TRADES", "20220701 10:00:00 Nowhere/Zone", "\ufffd", "9" * 40,
    "A" * 999, "9" * 6000,
)  # fmt: skip


def run(story: Callable[[TwsServer, int, RawClient], Awaitable[None]]) -> None:
    """A story beside a client that behaves and must be served all the time."""

    async def main() -> None:
        server = TwsServer(TinyMarket(), TinyClock())
        port = await server.start()
        witness = await RawClient.connect(port, 1)
        try:
            async with asyncio.timeout(60):
                await story(server, port, witness)
                witness.say(81, 5, "AAPL")
                assert (await witness.until("79"))[1] == "5"
        finally:
            await witness.close()
            await server.stop()

    asyncio.run(main())


def scrambled(chance: random.Random) -> bytes:
    """One request, well framed, of any id and any fields."""
    fields = [chance.choice(VALUES) for _ in range(chance.randrange(60))]
    return wire.encode((chance.choice(REQUESTS), *fields))


async def gone(server: TwsServer, left: int) -> None:
    for _ in range(2000):
        if len(server.sessions) <= left:
            return
        await asyncio.sleep(0.005)
    raise AssertionError(f"{len(server.sessions)} connections are still there")


@pytest.mark.allow_log("closing the connection")
@pytest.mark.parametrize("seed", range(6))
def test_requests_of_any_id_and_any_fields_hurt_nobody_else(seed: int) -> None:
    chance = random.Random(seed)

    async def story(server: TwsServer, port: int, witness: RawClient) -> None:
        for client_id in range(10, 210):
            rogue = await RawClient.connect(port, client_id)
            for _ in range(20):
                rogue.writer.write(scrambled(chance))
            rogue.writer.write_eof()
            await rogue.close()
        await gone(server, 1)
        counted = server.wire_state()
        assert counted["bad_frames"] + counted["unknown_messages"] > 150
        assert not server.exchange.executions

    run(story)


@pytest.mark.allow_log("closing the connection")
@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"API\0" + struct.pack(">I", 0xFFFFFFFF),
        b"API\0" + struct.pack(">I", 0),
        b"API\0" + wire.pack(b"v9..12"),
        b"API\0" + wire.pack(b"\xff\xfe\x00"),
        b"API\0" + wire.pack(b"v100..176") + wire.pack(b"no end of the field"),
        b"API\0" + wire.pack(b"v100..176") + wire.pack(b"\xc3\x28\0"),
        b"API\0" + wire.pack(b"v100..176") + wire.encode((3, 1)),
        random.Random(1).randbytes(100_000),
    ],
)
def test_bytes_without_sense_end_their_connection_and_are_counted(data: bytes) -> None:
    async def story(server: TwsServer, port: int, witness: RawClient) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(data)
        await gone(server, 1)
        writer.close()
        assert server.wire_state()["bad_frames"] == 1

    run(story)


@pytest.mark.allow_log("closing the connection")
def test_frames_cut_anywhere_leave_nothing_behind() -> None:
    whole = (
        b"API\0"
        + wire.pack(b"v100..176")
        + wire.encode((71, 2, 50, ""))
        + wire.encode((81, 1, "AAPL"))
    )

    async def story(server: TwsServer, port: int, witness: RawClient) -> None:
        for cut in range(len(whole)):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(whole[:cut])
            writer.close()
            await writer.wait_closed()
        await gone(server, 1)

    run(story)


@pytest.mark.allow_log("closing the connection")
def test_long_frames_and_slow_ones_do_not_fill_the_memory() -> None:
    async def story(server: TwsServer, port: int, witness: RawClient) -> None:
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        slow = []
        for client_id in range(100, 150):
            rogue = await RawClient.connect(port, client_id)
            rogue.writer.write(struct.pack(">I", 0xFFFFFF) + b"81\x00")  # and then nothing more
            slow.append(rogue)
        long = await RawClient.connect(port, 99)
        for _ in range(8):
            long.writer.write(wire.pack(b"81\0" + b"1\0" + b"A" * (4 * 1024 * 1024) + b"\0"))
            await long.writer.drain()
        await long.until("79")
        now, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert now - before < MOST_GROWTH_BYTES
        for one in (*slow, long):
            await one.close()
        await gone(server, 1)

    run(story)


@pytest.mark.allow_log("closing the connection")
@settings(max_examples=150, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=8), st.integers(0, 5))
def test_a_session_survives_any_bytes_in_any_pieces(pieces: list[bytes], start: int) -> None:
    from tests.helpers.sim_peer import SimPeer

    class Forgiving(SimPeer):
        def close(self) -> None:
            """It may be closed."""

        def later(self, secs: float, call: object) -> None:
            """Nothing waits."""

    peer = Forgiving(TwsServer(TinyMarket(), TinyClock()))
    begin = wire.encode((81, 1, "AAPL"))[: 4 + start] if start else b""
    for piece in (begin, *pieces):
        peer.session.feed(piece)
