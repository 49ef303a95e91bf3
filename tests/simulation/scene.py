"""The station's money path and TWS in one process: real desk, journal, adapter and wire."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import random
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

from tests.helpers.trades import APPROVAL, EXECUTION, EXITS, RISK, candidate, plan
from tests.simulation.loop import Inline, VirtualLoop
from tests.simulation.market import EXPIRATION, SimulationMarket
from tests.simulation.network import Network
from vst_desktop.adapters.ibkr.broker import IbkrBroker
from vst_desktop.adapters.sqlite import database
from vst_desktop.adapters.sqlite.journal import SqliteJournal
from vst_desktop.adapters.tws_sim.clock import SimClock
from vst_desktop.adapters.tws_sim.matching import Matching
from vst_desktop.adapters.tws_sim.server import TwsServer
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import Mode
from vst_desktop.domain.quotes import OptionContract, Right
from vst_desktop.domain.spreads import Candidate, VerticalSpread
from vst_desktop.execution.desk import Desk
from vst_desktop.execution.rules import ExecutionRules
from vst_desktop.execution.services import Recheck
from vst_desktop.ports.broker import BrokerEvent, ConnectionState
from vst_desktop.ports.store import IntentRecord
from vst_desktop.risk.sizing import RiskRules
from vst_desktop.runtime.calendar import EASTERN, Sessions
from vst_desktop.runtime.clock import RunningClock

START = datetime(2023, 11, 7, 15, 20, tzinfo=EASTERN)
ACCOUNT = "DU1"
CLIENT_ID = 7
CALENDAR = Sessions()
MATCHING = Matching(improvement=0.3, partial=0.3, race=0.4)


class Log:
    """What happened, in order; two runs of a seed have the same."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self.lines: list[str] = []

    def add(self, what: str) -> None:
        """At this virtual moment."""
        self.lines.append(f"{self._loop.time():.6f} {what}")

    def digest(self) -> str:
        """One number for all of it."""
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()


@dataclass
class Station:
    """The running half: gone after a crash."""

    clock: RunningClock
    journal: SqliteJournal
    broker: IbkrBroker
    desk: Desk


@dataclass
class Scene:
    """Everything of one run."""

    seed: int
    folder: Path
    loop: VirtualLoop
    mode: Mode | None = None
    """None: the seed decides."""
    matching: Matching = MATCHING
    accounts: tuple[str, ...] = (ACCOUNT,)
    execution: ExecutionRules = EXECUTION
    risk: RiskRules = RISK
    settle_secs: float = 10.0
    rng: random.Random = field(init=False)
    network: Network = field(init=False)
    log: Log = field(init=False)
    market: SimulationMarket = field(init=False)
    time: SimClock = field(init=False)
    server: TwsServer = field(init=False)
    station: Station | None = None
    port: int = 0
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    alerts: list[tuple[Severity, str, str]] = field(default_factory=list)
    breaches: list[str] = field(default_factory=list)
    crashes: int = 0

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        drawn = self.rng.choice([Mode.DEMO, Mode.LIVE])
        self.mode = self.mode or drawn
        self.network = self.loop.network = Network(self.loop, random.Random(f"net {self.seed}"))
        self.log = Log(self.loop)

    async def open(self, *, boots: bool = True) -> None:
        """Start TWS and the station."""
        self.market = self.make_market()
        self.time = SimClock(START, 1.0, self.loop.time)
        self.server = TwsServer(
            self.market,
            self.time,
            accounts=self.accounts,
            seed=self.seed,
            matching=self.matching,
        )
        self.port = await self.server.start()
        if boots:
            await self.boot()

    def make_market(self) -> SimulationMarket:
        """The market of this seed."""
        return SimulationMarket(self.seed, START)

    async def boot(self) -> None:
        """Start the station on the journal that is there; it comes up when TWS is reached."""
        clock = RunningClock(self.time.now(), 1.0, self.loop.time)
        with patch.object(database, "ThreadPoolExecutor", lambda **_: Inline()):
            journal = await SqliteJournal.open(self.folder / "journal.sqlite", clock.now)
        broker = IbkrBroker(
            host="127.0.0.1",
            port=self.port,
            client_id=CLIENT_ID,
            account=ACCOUNT if len(self.accounts) > 1 else None,
            allowed_accounts=(ACCOUNT,),
            messages_per_second=45,
            clock=clock,
            rng=random.Random(f"backoff {self.seed} {self.crashes}"),
        )
        desk = self._desk(clock, journal, broker)
        broker.subscribe(self._heard)
        broker.subscribe(desk.on_broker_event)
        while True:
            try:
                await broker.connect()
                break
            except (UserError, OSError) as error:
                self.log.add(f"start fails: {error}")
                await asyncio.sleep(5)
        await desk.start()
        self.station = Station(clock, journal, broker, desk)
        if self.mode is Mode.LIVE:
            await desk.arm(ACCOUNT)
        self.log.add("station up")

    def _desk(self, clock: RunningClock, journal: SqliteJournal, broker: IbkrBroker) -> Desk:
        async def recheck(intent: IntentRecord) -> Recheck:
            return Recheck(holds=True)

        return Desk(
            broker=broker,
            journal=journal,
            clock=clock,
            calendar=CALENDAR,
            execution=self.execution,
            settle_secs=self.settle_secs,
            approval=APPROVAL,
            risk=self.risk,
            exits=EXITS,
            allowed_accounts=(ACCOUNT,),
            entry_commission_usd=Decimal("1.30"),
            alert=self._alert,
            on_change=self._look,
            new_id=lambda: f"{next(self.numbers):026d}",
            recheck=recheck,
        )

    def _alert(self, severity: Severity, message: str, details: str) -> None:
        self.alerts.append((severity, message, details))
        self.log.add(f"alert {severity}: {message}: {details}")

    def _heard(self, event: BrokerEvent) -> None:
        self.log.add(f"event {type(event).__name__}")

    def _look(self) -> None:
        """The limits hold at every change."""
        if self.station is None:
            return
        desk = self.station.desk
        held = len(desk.positions())
        if held > self.risk.max_positions:
            self.breaches.append(f"{held} positions")
        if (trades := desk.trades_today()) > self.risk.max_daily_trades:
            self.breaches.append(f"{trades} trades today")
        if desk.at_risk_usd() > Decimal(100_000) * Decimal(str(self.risk.max_total_risk)):
            self.breaches.append(f"{desk.at_risk_usd()} USD at risk")

    async def crash(self) -> None:
        """The station's process is gone between two callbacks; its sockets are reset."""
        station, self.station = self.station, None
        if station is None:
            return
        self.crashes += 1
        self.log.add("station killed")
        self.network.cut()
        mine = {task for task in asyncio.all_tasks() if _is_stations(task)}
        # Nothing that a dying process could not do: no commit, no callback.
        station.journal._database._closed = True
        station.desk._hearing.stop()
        for timer in tuple(station.desk._services.timers):
            timer.cancel()
        for task in mine:
            task.cancel()
        await asyncio.gather(*mine, return_exceptions=True)
        await station.broker.close()
        station.journal._database._connection.close()

    def ready(self) -> bool:
        """Whether the station stands and has reconciled."""
        if self.station is None:
            return False
        is_connected = self.station.broker.state is ConnectionState.READY
        return is_connected and self.station.desk.reconciled

    def candidate(self, symbol: str) -> Candidate:
        """A call spread around the price of now, as selection would propose it."""
        now = self.time.now()
        spot = self.market.spot(symbol, now)
        low = 5 * round(spot / 5)
        long, short = (self.market.chosen(symbol, float(k)) for k in (low, low + 10))
        spread = VerticalSpread(long=_contract(long), short=_contract(short))
        quotes = [self.market.quote(leg, now) for leg in (long, short)]
        assert quotes[0] is not None and quotes[1] is not None
        natural = Decimal(str(round((quotes[0].ask or 0) - (quotes[1].bid or 0), 2)))
        close = Decimal(str(round((quotes[0].bid or 0) - (quotes[1].ask or 0), 2)))
        made = candidate(
            symbol, natural=str(natural), close=str(close), spot=spot, spread=spread,
            contracts=self.rng.randint(1, 6),
        )  # fmt: skip
        # A stop that the walk may reach: two ATR are half a percent.
        return _with_plan(made, spot)

    async def shut(self) -> None:
        """End the station in order; TWS stays."""
        station, self.station = self.station, None
        if station is not None:
            await station.desk.stop()
            await station.broker.close()
            await station.journal.close()

    async def close(self) -> None:
        """End everything."""
        await self.shut()
        await self.server.stop()


def _with_plan(made: Candidate, spot: float) -> Candidate:
    from dataclasses import replace

    atr = spot * 0.0025
    return replace(
        made, signal=replace(made.signal, atr=atr, close=spot), plan=plan(entry=spot, atr=atr)
    )


def _contract(instrument: object) -> OptionContract:
    return OptionContract(
        symbol=instrument.symbol,  # type: ignore[attr-defined]
        expiration=EXPIRATION,
        strike=Decimal(str(instrument.strike)),  # type: ignore[attr-defined]
        right=Right.CALL,
        con_id=instrument.con_id,  # type: ignore[attr-defined]
        trading_class=instrument.symbol,  # type: ignore[attr-defined]
    )


def _is_stations(task: asyncio.Task[object]) -> bool:
    return task is not asyncio.current_task() and task.get_name().startswith("desk")
