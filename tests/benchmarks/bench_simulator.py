"""The simulator's ticks: how many a second it can send, and what 10 000 a second cost it."""

from __future__ import annotations

import asyncio
import math
import resource
import sys
import time
from pathlib import Path
from types import ModuleType

# a dependency installs a package of the same name
tests = ModuleType("tests")
tests.__path__ = [str(Path(__file__).resolve().parents[1])]
sys.modules["tests"] = tests

from tests.helpers.large_market import LargeMarket  # noqa: E402
from tests.helpers.tiny_market import IN_SESSION, TinyClock  # noqa: E402
from vst_desktop.adapters.tws_sim import wire  # noqa: E402
from vst_desktop.adapters.tws_sim.server import TwsServer  # noqa: E402

LINES = 100
WANTED = 10_000
SECS = 5.0
_TICKS = frozenset({b"1", b"2", b"21", b"45", b"46"})


class Reader(asyncio.Protocol):
    """A client that counts ticks and keeps nothing."""

    def __init__(self) -> None:
        self.ticks = 0
        self._frames = wire.FrameReader()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(b"API\0" + wire.pack(b"v100..176") + wire.encode((71, 2, 3, "")))

    def data_received(self, data: bytes) -> None:
        self._frames.feed(data)
        for payload in self._frames.payloads():
            self.ticks += payload.split(b"\0", 1)[0] in _TICKS


async def main() -> int:
    market = LargeMarket()
    server = TwsServer(market, TinyClock(IN_SESSION))
    port = await server.start()
    loop = asyncio.get_running_loop()
    _, reader = await loop.create_connection(Reader, "127.0.0.1", port)
    at = IN_SESSION
    options = [
        one for day in market.expirations("AAPL", at) for one in market.options("AAPL", day, at)
    ]
    for req_id, one in enumerate(options[:LINES], start=1):
        contract = (one.con_id, "", "OPT", "", 0, "", "", "SMART", "", "USD", "", "")
        reader.transport.write(wire.encode((1, 11, req_id, *contract, 0, "", 0, 0, "")))
    while sum(one.market_data_lines for one in server.sessions) < LINES:  # noqa: ASYNC110
        await asyncio.sleep(0.01)

    async def look(turn: int) -> None:
        market.spots["AAPL"] = 100 + 2 * math.sin(turn / 7)
        server.refresh()
        await server.flush()

    before, began, turn = reader.ticks, time.perf_counter(), 0
    while time.perf_counter() - began < SECS:
        turn += 1
        await look(turn)
        await asyncio.sleep(0)
    fastest = (reader.ticks - before) / (time.perf_counter() - began)
    a_look = (reader.ticks - before) / turn
    before, began, cpu = reader.ticks, time.perf_counter(), time.process_time()
    due = loop.time()
    while time.perf_counter() - began < SECS:
        turn += 1
        await look(turn)
        due = max(due + a_look / WANTED, loop.time())
        await asyncio.sleep(due - loop.time())
    secs = time.perf_counter() - began
    share = (time.process_time() - cpu) / secs
    rate = (reader.ticks - before) / secs
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{LINES} lines, {a_look:,.0f} ticks a look: at most {fastest:,.0f} a second; "
        f"{rate:,.0f} a second take {100 * share:.0f} % of a core with their reader, "
        f"{peak_mb:.0f} MB in all"
    )
    reader.transport.close()
    await server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
