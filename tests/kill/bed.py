"""A station and a TWS on real sockets and real time, on two sides of a fork."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable
from dataclasses import replace

from tests.helpers.trades import EXECUTION
from tests.kill.points import Point
from tests.simulation.market import SimulationMarket
from tests.simulation.scene import ACCOUNT, CLIENT_ID, START, Scene, Station
from vst_desktop.adapters.ibkr.broker import IbkrBroker
from vst_desktop.adapters.sqlite.journal import SqliteJournal
from vst_desktop.adapters.tws_sim.clock import SimClock
from vst_desktop.adapters.tws_sim.matching import Matching
from vst_desktop.adapters.tws_sim.server import TwsServer
from vst_desktop.domain.orders import Mode, OrderState
from vst_desktop.runtime.clock import RunningClock

SETTLE_SECS = 0.5
LADDER_SECS = 0.2
AT_BROKER = (OrderState.ACKNOWLEDGED, OrderState.WORKING, OrderState.PARTIALLY_FILLED)


class Bed(Scene):
    """A scene without virtual time: the journal writes in its thread, the wire is TCP."""

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.market = SimulationMarket(self.seed, START)
        self.time = SimClock(START, 1.0, self.loop.time)
        self.lines: list[str] = []
        self.execution = replace(EXECUTION, reprice_step_seconds=LADDER_SECS)
        self.settle_secs = SETTLE_SECS
        self.log = _NoLog()  # type: ignore[assignment]

    async def serve(self) -> None:
        """Start TWS."""
        improvement = 1.0 if self.mode is Mode.LIVE else 0.0
        self.server = TwsServer(
            self.market,
            self.time,
            accounts=(ACCOUNT,),
            seed=self.seed,
            matching=Matching(improvement=improvement),
        )
        self.port = await self.server.start()

    async def boot(self) -> None:
        """Start the station on the journal that is there."""
        clock = RunningClock(self.time.now(), 1.0, self.loop.time)
        journal = await SqliteJournal.open(self.folder / "journal.sqlite", clock.now)
        broker = IbkrBroker(
            host="127.0.0.1",
            port=self.port,
            client_id=CLIENT_ID,
            account=None,
            allowed_accounts=(ACCOUNT,),
            messages_per_second=400,
            clock=clock,
        )
        desk = self._desk(clock, journal, broker)
        broker.subscribe(desk.on_broker_event)
        await broker.connect()
        await desk.start()
        self.station = Station(clock, journal, broker, desk)
        if self.mode is Mode.LIVE:
            await desk.arm(ACCOUNT)

    async def until(self, holds: Callable[[], bool], secs: float) -> bool:
        """Whether it came true in time."""
        for _ in range(int(secs / 0.01)):
            if holds():
                return True
            await asyncio.sleep(0.01)
        return False


class _NoLog:
    lines: tuple[str, ...] = ()

    def add(self, what: str) -> None:
        """Nobody reads it."""


def live_and_die(bed: Bed, point: Point, told: int) -> None:
    """The station that is killed: it approves one candidate and goes on until the point comes.

    Args:
        bed: Where TWS listens.
        point: Where it dies.
        told: What the trader was told is written there, a line each.
    """

    async def live() -> None:
        bed.loop = asyncio.get_running_loop()  # type: ignore[assignment]
        asyncio.set_event_loop(bed.loop)
        begun = False
        point.arm(lambda: begun)
        await bed.boot()
        station = bed.station
        assert station is not None
        begun = point.then != "cut"
        made = replace(bed.candidate("AAPL"), contracts=3)
        intent = await station.desk.approve(made, mode=bed.mode or Mode.DEMO, account=ACCOUNT)
        os.write(told, f"approved {intent.order_ref}\n".encode())
        if point.then:
            await bed.until(lambda: _stands(bed, point), 30)
            begun = True
            await _then(bed, point, told)
        await asyncio.sleep(30)

    asyncio.run(live())


def _stands(bed: Bed, point: Point) -> bool:
    assert bed.station is not None
    if point.then == "close":
        return bool(bed.station.desk.positions())
    if point.then == "kill":
        return any(i.state in AT_BROKER and i.order_id for i in bed.station.desk.intents())
    return any(i.perm_id for i in bed.station.desk.intents())


async def _then(bed: Bed, point: Point, told: int) -> None:
    assert bed.station is not None
    desk = bed.station.desk
    match point.then:
        case "close":
            (position,) = desk.positions()
            await desk.close_position(position.position_id)
        case "kill":
            await desk.kill("the trader")
        case _:
            os.write(told, b"cut\n")
