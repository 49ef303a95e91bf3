"""The simulator's sockets: ports, bad peers, slow readers, and quotes while time runs."""

from __future__ import annotations

import asyncio
import socket
import tracemalloc

import pytest

from tests.helpers.raw_client import RawClient
from tests.helpers.tiny_market import IN_SESSION, TinyClock, TinyMarket
from vst_desktop.adapters.tws_sim import wire
from vst_desktop.adapters.tws_sim.clock import SimClock
from vst_desktop.adapters.tws_sim.server import TwsServer
from vst_desktop.domain.errors import UserError

STOCK = (265598, "", "STK", "", 0, "", "", "SMART", "", "USD", "", "")


def test_a_port_in_use_is_said_with_its_remedy() -> None:
    async def main() -> None:
        first = TwsServer(TinyMarket(), TinyClock())
        port = await first.start()
        with pytest.raises(UserError, match=f"port {port} is in use .*--port"):
            await TwsServer(TinyMarket(), TinyClock()).start(port=port)
        await first.stop()

    asyncio.run(main())


@pytest.mark.allow_log("closing the connection")
def test_a_bad_peer_loses_its_own_connection_only() -> None:
    async def main() -> None:
        server = TwsServer(TinyMarket(), TinyClock())
        port = await server.start()
        good = await RawClient.connect(port, 1)
        bad = await RawClient.connect(port, 2)
        bad.writer.write(b"\xff\xff\xff\xffrubbish")
        assert (await bad.until("4"))[1] == "2"
        http = await asyncio.open_connection("127.0.0.1", port)
        http[1].write(b"GET / HTTP/1.1\r\n\r\n")
        assert await http[0].read() == b""
        http[1].close()
        good.say(49, 1)
        assert await good.until("49")
        assert len(server.sessions) == 1
        await bad.close()
        await good.close()
        await server.stop()

    asyncio.run(main())


def test_stop_closes_every_connection_and_frees_the_port() -> None:
    async def main() -> None:
        server = TwsServer(TinyMarket(), TinyClock())
        port = await server.start()
        client = await RawClient.connect(port, 1)
        await server.stop()
        with pytest.raises(asyncio.IncompleteReadError):
            await client.until("never")
        await client.close()
        again = TwsServer(TinyMarket(), TinyClock())
        assert await again.start(port=port) == port
        await again.stop()

    asyncio.run(main())


def test_while_time_runs_and_somebody_watches_quotes_come_by_themselves() -> None:
    async def main() -> None:
        market = TinyMarket()
        server = TwsServer(market, SimClock(IN_SESSION, speed=100.0))
        client = await RawClient.connect(await server.start(), 1)
        client.say(1, 11, 5, *STOCK, 0, "", 0, 0, "")
        while (await client.until("1"))[3:5] != ["4", "100"]:
            pass
        market.spots["AAPL"] = 102.0
        while (await client.until("1"))[3:5] != ["4", "102"]:
            pass
        await client.close()
        await server.stop()

    asyncio.run(asyncio.wait_for(main(), 10))


def test_a_held_clock_gets_no_refresh_timers() -> None:
    async def main() -> None:
        clock = TinyClock()
        server = TwsServer(TinyMarket(), clock)
        client = await RawClient.connect(await server.start(), 1)
        client.say(1, 11, 5, *STOCK, 0, "", 0, 0, "")
        await client.until("1")
        assert clock.timers == []
        await client.close()
        await server.stop()

    asyncio.run(main())


def test_a_clock_that_is_set_running_and_held_again_starts_and_ends_the_refresh() -> None:
    async def main() -> None:
        clock = SimClock(IN_SESSION, speed=0)
        server = TwsServer(TinyMarket(), clock)
        client = await RawClient.connect(await server.start(), 1)
        client.say(1, 11, 5, *STOCK, 0, "", 0, 0, "")
        await client.until("1")
        clock.set_speed(2.0)
        server.refresh()
        assert clock.next_timer() is not None
        clock.set_speed(0)
        server.refresh()
        assert clock.next_timer() is None
        await client.close()
        await server.stop()

    asyncio.run(main())


def test_flush_returns_when_everything_is_handed_over() -> None:
    async def main() -> None:
        market, clock = TinyMarket(), TinyClock()
        server = TwsServer(market, clock)
        client = await RawClient.connect(await server.start(), 1)
        client.say(1, 11, 5, *STOCK, 0, "", 0, 0, "")
        await client.until("1")
        market.spots["AAPL"] = 103.0
        server.refresh()
        await server.flush()
        while (await client.until("1"))[3:5] != ["4", "103"]:
            pass
        await client.close()
        await server.stop()

    asyncio.run(main())


@pytest.mark.allow_log("it does not read")
def test_a_client_that_does_not_read_is_cut_off_before_much_is_queued_for_it() -> None:
    """One turn of the loop may also bring more than fits: what is queued then stays bounded."""

    async def turn(client: RawClient) -> None:
        client.say(49, 1)
        await client.until("49")

    async def main() -> None:
        server = TwsServer(TinyMarket(), TinyClock())
        port = await server.start()
        other = await RawClient.connect(port, 1)
        with socket.create_connection(("127.0.0.1", port)) as lazy:
            lazy.sendall(b"API\0" + wire.pack(b"v100..176") + wire.encode((71, 2, 2, "")))
            while not (behind := [one for one in server.sessions if one.client_id == 2]):
                await turn(other)
            tracemalloc.start()
            frame = wire.pack(b"x" * 10_000)
            for _ in range(20_000):
                behind[0].send(frame)
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert most < 64 * 1024 * 1024
            while len(server.sessions) > 1:
                await turn(other)
        await turn(other)
        await other.close()
        await server.stop()

    asyncio.run(asyncio.wait_for(main(), 20))
