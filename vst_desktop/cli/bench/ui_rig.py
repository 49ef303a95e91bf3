"""The rig of ``vst bench ui``: the real window and adapter, the simulator in its own process.

The simulator lets its quotes quiver at the wanted rate (``vst sim --ticks``) beside what its
market does by itself. Each row of the window is a spread of streamed legs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import cast

from vst_desktop.adapters.demo.control import SimControl
from vst_desktop.adapters.demo.process import SimProcess
from vst_desktop.adapters.ibkr.broker import IbkrBroker
from vst_desktop.cli.bench.ui_station import BenchStation, Legs
from vst_desktop.domain.quotes import OptionContract, OptionQuote, Right, StockQuote
from vst_desktop.domain.spreads import VerticalSpread
from vst_desktop.gui.pulse import Pulse, under_load
from vst_desktop.ports.broker import BrokerEvent
from vst_desktop.runtime.calendar import Sessions, trading_day
from vst_desktop.runtime.clock import RunningClock
from vst_desktop.runtime.heap import keep_for_life
from vst_desktop.station.api import StationApi

AT = datetime.fromisoformat("2024-01-17T10:00-05:00")
SYMBOLS = ("AAPL", "MSFT", "AMZN", "JPM", "XOM", "DIS")
LEGS_EACH = 14
"""Six stocks with fourteen legs each are the 90 lines that a user may watch, and 546 spreads."""
ROWS = 500
MESSAGES_PER_SECOND = 400
WARM_SECS = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames:
    """What was measured while it ran; what a frame is, :class:`Pulse` says. ``paints`` are those
    of the table."""

    ticks_per_second: float
    gaps_ms: list[float]
    paints_per_second: float
    cpu_pct: float
    rows: int
    candles: int
    lines: int
    seconds: float


async def measure(seconds: float, wanted: float) -> Frames:
    """Open the window on the stream and watch its frames.

    Raises:
        UserError: The simulator does not work.
    """
    async with _streaming(wanted) as (broker, legs, clock):
        station = BenchStation(legs, clock.now, ROWS)
        broker.subscribe(station.hear)
        messages = _Messages(broker)

        @asynccontextmanager
        async def load() -> AsyncIterator[StationApi]:
            yield cast(StationApi, station)  # it is only looked at

        async def watch(pulse: Pulse) -> Frames:
            await asyncio.sleep(WARM_SECS)
            keep_for_life()
            before, began, busy = messages.count, time.perf_counter(), time.process_time()
            pulse.start()
            await asyncio.sleep(seconds)
            pulse.stop()
            wall = time.perf_counter() - began
            return Frames(
                ticks_per_second=(messages.count - before) / wall,
                gaps_ms=pulse.gaps_ms,
                paints_per_second=pulse.paints / wall,
                cpu_pct=100 * (time.process_time() - busy) / wall,
                rows=len(station.view().candidates.rows),
                candles=station.candles,
                lines=len(legs.contracts) + len(SYMBOLS),
                seconds=wall,
            )

        return await under_load(load, station.candles, watch)


class _Messages:
    """Messages that the client has received; all but a few are ticks."""

    def __init__(self, broker: IbkrBroker) -> None:
        self._broker = broker

    @property
    def count(self) -> int:
        """Since the connection."""
        return self._broker.messages_received


@asynccontextmanager
async def _streaming(
    wanted: float,
) -> AsyncIterator[tuple[IbkrBroker, Legs, RunningClock]]:
    async with AsyncExitStack() as stack:
        process = SimProcess(["--at", AT.isoformat(), "--speed", "1", "--ticks", f"{wanted:g}"])
        stack.push_async_callback(process.stop)
        await asyncio.gather(process.start(), asyncio.to_thread(Sessions().load))
        control = await SimControl.connect(process.control_port)
        clock = RunningClock((await control.read()).now, 1.0)
        await control.close()
        broker = IbkrBroker(
            host="127.0.0.1",
            port=process.port,
            client_id=17,
            account=None,
            allowed_accounts=(),
            messages_per_second=MESSAGES_PER_SECOND,
            clock=clock,
        )
        stack.push_async_callback(broker.close)
        await broker.connect()
        yield broker, await _watch(broker, clock), clock


async def _watch(broker: IbkrBroker, clock: RunningClock) -> Legs:
    """Stream the stocks and the legs around their prices."""
    contracts: list[OptionContract] = []
    today = trading_day(clock.now())
    for symbol in SYMBOLS:
        chain = await broker.option_chain(
            symbol, right=Right.CALL, dte=(25, 45), today=today, reach=1.0, max_contracts=60
        )
        day = min(one.contract.expiration for one in chain.quotes)
        listed = [one.contract for one in chain.quotes if one.contract.expiration == day]
        listed.sort(key=lambda one: abs(float(one.strike) - chain.underlying))
        contracts += sorted(listed[:LEGS_EACH], key=lambda one: one.strike)
    heard: set[int | str] = set()

    def hear(event: BrokerEvent) -> None:
        if isinstance(event, OptionQuote):
            heard.add(event.contract.con_id)
        elif isinstance(event, StockQuote):
            heard.add(event.symbol)

    broker.subscribe(hear)
    for symbol in SYMBOLS:
        await broker.watch_stock(symbol)
    for long, short in zip(contracts[::2], contracts[1::2], strict=True):
        await broker.watch_spread(VerticalSpread(long=long, short=short))
    spreads = [
        VerticalSpread(long=long, short=short)
        for symbol in SYMBOLS
        for long, short in combinations([c for c in contracts if c.symbol == symbol], 2)
    ]
    return Legs(contracts=tuple(contracts), spreads=tuple(spreads[:ROWS]))
