"""How contracts are spelt on the wire, and the layout of every version from 100 to 176."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from tests.helpers.raw_client import RawClient
from tests.helpers.tiny_market import IN_SESSION, TinyClock, TinyMarket
from vst_desktop.adapters.tws_sim.clock import SimClock
from vst_desktop.adapters.tws_sim.market_replay import ReplayMarket
from vst_desktop.adapters.tws_sim.server import TwsServer


@dataclass
class _Columns:
    dates: npt.NDArray[np.datetime64]
    values: dict[str, npt.NDArray[np.float64]]


def _columns() -> _Columns:
    last = np.datetime64(IN_SESSION.date())
    days = np.busday_offset(last, range(-99, 1), roll="backward")
    values = {name: np.full(100, 300.0) for name in ("open", "high", "low", "close")}
    return _Columns(days, values | {"volume": np.full(100, 4e6)})


def test_a_share_class_is_written_with_a_space_and_a_dot_names_nothing() -> None:
    async def main() -> None:
        market = ReplayMarket({"BRK.B": _columns()}, {}, {}, IN_SESSION)
        server = TwsServer(market, SimClock(IN_SESSION, speed=0))
        client = await RawClient.connect(await server.start(), 1)
        rest = ("", 0, "", "", "SMART", "", "USD", "", "", 0, "", "", "")
        client.say(9, 8, 1, 0, "BRK.B", "STK", *rest)
        while (answer := await client.until("4"))[2] != "1":
            pass
        assert answer[3] == "200"
        client.say(9, 8, 2, 0, "BRK B", "STK", *rest)
        found = await client.until("10")
        assert (found[2], found[9], found[11]) == ("BRK B", "BRK B", "BRK B")
        con_id = found[12]
        client.say(78, 3, "BRK B", "", "STK", con_id)
        chain = await client.until("75")
        assert chain[4] == "BRKB"
        options = (chain[7], 0, "C", "", "SMART", "", "USD", "", "BRKB", 0, "", "", "")
        client.say(9, 8, 4, 0, "BRK B", "OPT", *options)
        option = await client.until("10")
        assert option[2] == "BRK B" and option[9].startswith("BRKB  ") and option[11] == "BRKB"
        client.say(81, 5, "BRK B")
        assert (await client.until("79"))[4] == "BRK B"
        await client.close()
        await server.stop()

    asyncio.run(asyncio.wait_for(main(), 30))


LAYOUTS = {
    # version: fields of the contract details of a stock, of profit and loss, of bars
    100: (32, 3, 15),
    110: (33, 3, 15),
    121: (34, 3, 15),
    122: (36, 3, 15),
    124: (36, 3, 13),
    126: (37, 3, 13),
    130: (37, 4, 13),
    134: (38, 4, 13),
    136: (38, 5, 13),
    152: (39, 5, 13),
    163: (40, 5, 13),
    164: (40, 5, 13),
    173: (40, 5, 13),
}


@pytest.mark.parametrize("version", LAYOUTS)
def test_each_version_gets_exactly_its_own_fields(version: int) -> None:
    async def main() -> None:
        server = TwsServer(TinyMarket(), TinyClock())
        client = await RawClient.connect(await server.start(), 1, f"v100..{version}")
        assert client.server_version == version
        stock = (265598, "AAPL", "STK", "", 0, "", "", "SMART", "", "USD", "", "")
        client.say(9, 8, 1, *stock, 0, "", "")
        details = await client.until("10")
        client.say(92, 9, "DU1234567", "")
        profit = await client.until("94")
        head, tail = ((), (0,)) if version >= 124 else ((6,), ())
        client.say(20, *head, 2, *stock, 0, "", "1 day", "1 D", 1, "TRADES", 1, *tail, "")
        bars = await client.until("17")
        assert (len(details), len(profit), len(bars)) == LAYOUTS[version]
        await client.close()
        await server.stop()

    asyncio.run(asyncio.wait_for(main(), 30))
