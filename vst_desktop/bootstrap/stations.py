"""A station of a run: its adapters, its engines, started and closed."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from vst_desktop.adapters.demo.control import SimControl
from vst_desktop.adapters.demo.process import SimProcess
from vst_desktop.adapters.files.events import event_source
from vst_desktop.adapters.sqlite.journal import SqliteJournal
from vst_desktop.adapters.sqlite.reading import read_back
from vst_desktop.alerts.center import AlertCenter
from vst_desktop.bootstrap.channels import alert_channels, alert_rules
from vst_desktop.bootstrap.metrics import metrics_of
from vst_desktop.bootstrap.profiles import TWS_PORTS, bar_store
from vst_desktop.bootstrap.scanners import resilient_scanner
from vst_desktop.bootstrap.universes import chosen_universe
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.incidents import ErrorKind
from vst_desktop.domain.orders import Mode
from vst_desktop.marketdata.data import Expiries, MarketData
from vst_desktop.monitoring.incidents import Incidents
from vst_desktop.ports.faults import FaultControl
from vst_desktop.ports.universe import Universe, UniverseSource
from vst_desktop.runtime.calendar import Sessions
from vst_desktop.runtime.clock import HeldClock, RunningClock, SystemClock
from vst_desktop.runtime.heap import keep_for_life
from vst_desktop.runtime.logs import configure_logs
from vst_desktop.runtime.paths import Paths, find_paths
from vst_desktop.runtime.settings import Settings
from vst_desktop.station.engines import Engines
from vst_desktop.station.heldtime import HeldTime
from vst_desktop.station.station import Station
from vst_desktop.station.watch import SCANNER

DEMO_MESSAGES_PER_SECOND = 400
MESSAGES_PER_SECOND = 45


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """What the bundled simulator plays. ``held``: its clock jumps instead of running."""

    bars: str | None = None
    chains: str | None = None
    at: datetime | None = None
    seed: int = 0
    held: bool = False
    speed: float = 1.0
    accounts: Sequence[str] = ("DU1234567",)

    def arguments(self) -> list[str]:
        """Arguments of the simulator child."""
        given = {"--bars": self.bars, "--chains": self.chains, "--seed": str(self.seed)}
        found = [part for key, value in given.items() if value for part in (key, value)]
        if self.at is not None:
            found += ["--at", self.at.isoformat()]
        speed = 0.0 if self.held else self.speed
        return [*found, "--speed", f"{speed:g}", "--accounts", ",".join(self.accounts)]


def tell_crash(station: Station, crash: Path | None) -> None:
    """Alert the trader to the stacks that the profile's last run left, if it did."""
    if crash is not None:
        station.engines.alerts.raise_alert(
            Severity.HIGH,
            "System: STATION FAILED",
            f"the last run crashed; what it was doing stands in {crash}. Compare orders and "
            "positions with TWS, and report it with `vst report diagnostics`",
        )


@asynccontextmanager
async def demo_station(
    settings: Settings,
    options: DemoOptions,
    *,
    mode: Mode = Mode.DEMO,
    journal: Path | None = None,
    universe: UniverseSource | None = None,
    store: Path | None = None,
) -> AsyncIterator[tuple[Station, HeldTime | None]]:
    """A started station on a simulator of its own.

    Args:
        settings: Settings; the broker's address is the simulator's.
        options: What the simulator plays.
        mode: Another mode than DEMO is for tests: LIVE's orders against the simulator.
        journal: Where the journal is; None for a new one of this run in the data folder.
        universe: Another than the simulator's market is for tests.
        store: A bar store is for tests: what the simulator plays never goes into the user's.

    Yields:
        The station, and what moves its held clock (None when the clock runs).
    """
    paths = find_paths().make()
    configure_logs(paths.logs)
    async with AsyncExitStack() as stack:
        process = SimProcess(options.arguments())
        stack.push_async_callback(process.stop)
        await asyncio.gather(process.start(), asyncio.to_thread(Sessions().load))
        control = await SimControl.connect(process.control_port)
        stack.push_async_callback(control.close)
        market, timeline = await control.market(), await control.read()
        clock: HeldClock | RunningClock
        if options.held:
            clock = HeldClock(timeline.now)
        else:
            clock = RunningClock(timeline.now, timeline.speed)
        file = journal or _new_demo_journal(paths)

        async def played() -> Universe:
            return Universe(
                symbols=market.symbols, unserved=market.unserved, recorded=market.recorded
            )

        station = await _station(
            settings,
            mode,
            clock,
            universe or played,
            file,
            market_note=market.name,
            host="127.0.0.1",
            port=process.port,
            messages_per_second=settings.broker.messages_per_second or DEMO_MESSAGES_PER_SECOND,
            allowed=tuple(options.accounts),
            speed=0.0 if options.held else options.speed,
            store=store,
            faults=control,
        )
        stack.push_async_callback(station.close)
        await station.start()
        await stack.enter_async_context(metrics_of(station))
        keep_for_life()
        held = (
            HeldTime(clock, station.engines.broker, control)
            if isinstance(clock, HeldClock)
            else None
        )
        yield station, held


@asynccontextmanager
async def broker_station(settings: Settings) -> AsyncIterator[Station]:
    """A started station on IBKR: PAPER or LIVE, by the settings."""
    paths = find_paths().make()
    configure_logs(paths.logs)
    mode, broker = settings.execution.trading_mode, settings.broker
    station = await _station(
        settings,
        mode,
        SystemClock(),
        None,
        paths.journal_file(mode.value.lower()),
        host=broker.host,
        port=broker.port or TWS_PORTS[mode],
        messages_per_second=broker.messages_per_second or MESSAGES_PER_SECOND,
        allowed=broker.allowed_accounts,
        speed=1.0,
        # A service that runs elsewhere has a store of its own.
        store=None if settings.scanner.host else bar_store(settings),
    )
    try:
        await asyncio.to_thread(Sessions().load)
        await station.start()
        keep_for_life()
        async with metrics_of(station):
            yield station
    finally:
        await station.close()


async def _station(
    settings: Settings,
    mode: Mode,
    clock: HeldClock | RunningClock,
    universe: UniverseSource | None,
    journal_file: Path,
    *,
    market_note: str | None = None,
    host: str,
    port: int,
    messages_per_second: int,
    allowed: tuple[str, ...],
    speed: float,
    store: Path | None,
    faults: FaultControl | None = None,
) -> Station:
    # ib_insync binds the event loop at its import: only now is the right one set.
    from vst_desktop.adapters.ibkr.broker import IbkrBroker

    def scanner_told(text: str) -> None:
        alerts.raise_alert(Severity.WARNING, "System: SCANNER WARNING", text)
        if not behind.healthy:
            incidents.failed(SCANNER, ErrorKind.SCANNER, text)

    def scanner_heard(serving: bool) -> None:
        if serving:
            incidents.recovered(SCANNER, ErrorKind.SCANNER, "a new one serves")
            return
        incidents.report(
            SCANNER, ErrorKind.SCANNER, behind.last_failure, remedy="scans run here, slower"
        )
        incidents.trying(SCANNER, ErrorKind.SCANNER, "started or connected anew, with back-off")

    scanner, behind = await resilient_scanner(
        settings, scanner_told, store=store, on_state=scanner_heard
    )
    journal = await SqliteJournal.open(journal_file, clock.now)
    channels, beacon = await alert_channels(settings.alerts)
    alerts = AlertCenter(
        clock,
        journal,
        channels,
        alert_rules(settings.alerts, mode),
    )
    if mode is not Mode.DEMO:  # whose days come again
        await alerts.restore()
    incidents = Incidents(
        threshold=settings.errors.error_threshold,
        attempts=settings.errors.max_recovery_attempts,
        now=clock.now,
        alert=alerts.raise_alert,
    )
    broker = IbkrBroker(
        host=host,
        port=port,
        client_id=settings.broker.client_id,
        account=settings.broker.account,
        allowed_accounts=allowed,
        messages_per_second=messages_per_second,
        clock=clock,
    )

    data = MarketData(
        broker=broker,
        bulk=scanner,
        clock=clock,
        sessions=Sessions(),
        expiries=Expiries(**settings.cache.model_dump()),
        events=event_source(settings.events.file),
    )
    broker_settings = settings.broker.model_copy(update={"allowed_accounts": allowed})
    return Station(
        settings=settings.model_copy(update={"broker": broker_settings}),
        mode=mode,
        universe=universe or chosen_universe(settings, broker, data),
        engines=Engines(
            broker=broker,
            scanner=scanner,
            market_data=data,
            journal=journal,
            clock=clock,
            sessions=Sessions(),
            alerts=alerts,
            new_id=lambda: uuid.uuid4().hex[:26],
            incidents=incidents,
            beacon=beacon,
            faults=faults,
            past=partial(read_back, journal_file),
            keeps_bars=store is not None,
        ),
        clock_speed=speed,
        market_note=market_note,
    )


def _new_demo_journal(paths: Paths) -> Path:
    """A demo plays on invented days: each run has a journal of its own, the last ones are kept."""
    folder = paths.data / "demo"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in sorted(folder.glob("journal-*.sqlite*"))[:-20]:
        old.unlink(missing_ok=True)
    return folder / f"journal-{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}.sqlite"
