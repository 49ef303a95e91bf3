"""Composition root: a profile becomes adapters, adapters become a station.

The only module that names concrete classes.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vst_desktop.adapters.demo.control import SimControl
from vst_desktop.adapters.demo.process import SimProcess
from vst_desktop.adapters.files.events import event_source
from vst_desktop.adapters.files.universe import store_universe, watchlist_universe
from vst_desktop.adapters.scanner.config import ScannerConfig
from vst_desktop.adapters.scanner.reconnect import ReconnectingScanner
from vst_desktop.adapters.scanner.remote import DEFAULT_PORT, RemoteScanner, ScannerService
from vst_desktop.adapters.scanner.supervisor import ScannerChild
from vst_desktop.adapters.sqlite.journal import SqliteJournal
from vst_desktop.alerts.center import AlertCenter
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import Mode
from vst_desktop.marketdata.data import Expiries, MarketData
from vst_desktop.marketdata.universe import ScannedUniverse
from vst_desktop.ports.broker import Broker, MarketScan
from vst_desktop.ports.universe import Universe, UniverseSource
from vst_desktop.runtime.calendar import Sessions
from vst_desktop.runtime.clock import HeldClock, RunningClock, SystemClock
from vst_desktop.runtime.heap import keep_for_life
from vst_desktop.runtime.logs import configure_logs
from vst_desktop.runtime.paths import Paths, find_paths
from vst_desktop.runtime.secrets import find_secret
from vst_desktop.runtime.settings import Settings, load_settings
from vst_desktop.scanning.resilient import ResilientScanner
from vst_desktop.station.api import StationApi
from vst_desktop.station.heldtime import HeldTime
from vst_desktop.station.station import Engines, Station

MODES = {"demo": Mode.DEMO, "paper": Mode.PAPER, "live": Mode.LIVE}
DEMO_MESSAGES_PER_SECOND = 400
MESSAGES_PER_SECOND = 45
SCANNER_TOKEN = "scanner_token"
TWS_PORTS = {Mode.PAPER: 7497, Mode.LIVE: 7496}


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


def profile_settings(profile: str | None, overrides: Sequence[str]) -> Settings:
    """The settings of a run: file, environment, command line, and the profile's mode."""
    settings = load_settings(overrides, file=find_paths().settings_file)
    if profile is None:
        return settings
    execution = settings.execution.model_copy(update={"trading_mode": MODES[profile]})
    return settings.model_copy(update={"execution": execution})


def bar_store(settings: Settings) -> Path:
    """The folder of the bar store."""
    given = settings.bars.store
    return Path(given).expanduser() if given else find_paths().data / "bars"


def universe_source(settings: Settings) -> UniverseSource:
    """The file that the settings name for symbols, read anew each time."""
    universe = settings.universe

    async def read() -> Universe:
        if universe.source == "bar_store":
            return await asyncio.to_thread(store_universe, bar_store(settings))
        return await asyncio.to_thread(watchlist_universe, universe.watchlist)

    return read


def scanner_config(
    settings: Settings,
    *,
    store: Path | None = None,
    providers: Mapping[str, Mapping[str, Any]] | None = None,
) -> ScannerConfig:
    """What the settings tell a scanner child.

    Args:
        settings: Their group ``scanner`` counts.
        store: Folder of the bar store; None for a scanner that keeps nothing.
        providers: Settings of bar providers by name, keys included.
    """
    scanner = settings.scanner
    return ScannerConfig(
        max_concurrency=scanner.max_concurrency,
        store=store,
        kernel=scanner.kernel,
        providers=providers or {},
        metrics_port=scanner.metrics_port,
        pprof=scanner.pprof,
    )


def scanner_child(config: ScannerConfig | None = None) -> ScannerChild:
    """The scanner child alone."""
    return ScannerChild(config=config)


def scanner_service(settings: Settings) -> ScannerService:
    """The service that the settings name. May block: its token may be in the keyring.

    Raises:
        UserError: A certificate file or the token is missing.
    """
    scanner = settings.scanner
    for name in ("ca_file", "cert_file", "key_file"):
        if not getattr(scanner, name):
            raise UserError(
                f"the scanner service at {scanner.host} needs scanner.{name}",
                remedy="see docs/scanner-service.md",
                exit_code=2,
            )
    token = find_secret(SCANNER_TOKEN)
    if not token:
        raise UserError(
            f"the scanner service at {scanner.host} needs its token",
            remedy="set VST_SCANNER_TOKEN_FILE, or store scanner_token in the keyring",
            exit_code=2,
        )
    return ScannerService(
        host=scanner.host,
        port=scanner.port or DEFAULT_PORT,
        ca_file=Path(scanner.ca_file).expanduser(),
        cert_file=Path(scanner.cert_file).expanduser(),
        key_file=Path(scanner.key_file).expanduser(),
        token=token,
    )


async def make_scanner(
    settings: Settings,
    *,
    store: Path | None = None,
    on_state: Callable[[bool], None] | None = None,
) -> ReconnectingScanner:
    """The scanner of these settings, not started: the service they name, else our own child.

    Raises:
        UserError: A service is named, but not all that it needs.
    """
    if settings.scanner.host:
        return RemoteScanner(await asyncio.to_thread(scanner_service, settings), on_state)
    return ScannerChild(on_state=on_state, config=scanner_config(settings, store=store))


async def resilient_scanner(
    settings: Settings, tell: Callable[[str], None], *, store: Path | None = None
) -> tuple[ResilientScanner, ReconnectingScanner]:
    """A scanner that answers in any case, and the one behind it.

    Args:
        settings: Where the one behind it is, or what our own child is told.
        tell: Called with a sentence when that died, and when scans run in this process.
        store: Folder of the bar store for our own child.
    """
    behind = await make_scanner(
        settings, store=store, on_state=lambda serving: scanner.child_serves(serving)
    )
    scanner = ResilientScanner(behind, tell)
    return scanner, behind


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
        )
        stack.push_async_callback(station.close)
        await station.start()
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
) -> Station:
    # ib_insync binds the event loop at its import: only now is the right one set.
    from vst_desktop.adapters.ibkr.broker import IbkrBroker

    def scanner_told(text: str) -> None:
        alerts.raise_alert(Severity.WARNING, "System: SCANNER WARNING", text)

    scanner, _ = await resilient_scanner(settings, scanner_told, store=store)
    journal = await SqliteJournal.open(journal_file, clock.now)
    alerts = AlertCenter(clock, journal, (), {})
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
        universe=universe or _universe(settings, broker, data),
        engines=Engines(
            broker=broker,
            scanner=scanner,
            market_data=data,
            journal=journal,
            clock=clock,
            sessions=Sessions(),
            alerts=alerts,
            new_id=lambda: uuid.uuid4().hex[:26],
            keeps_bars=store is not None,
        ),
        clock_speed=speed,
        market_note=market_note,
    )


def _universe(settings: Settings, broker: Broker, data: MarketData) -> UniverseSource:
    """Where the settings say that symbols come from."""
    universe = settings.universe
    if universe.source != "market_scanner":
        return universe_source(settings)
    wanted = MarketScan(
        min_market_cap_usd=universe.min_market_cap,
        min_price_usd=universe.min_price,
        min_volume=universe.min_volume,
    )
    return ScannedUniverse(broker, data.universes, wanted)


def _new_demo_journal(paths: Paths) -> Path:
    """A demo plays on invented days: each run has a journal of its own, the last ones are kept."""
    folder = paths.data / "demo"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in sorted(folder.glob("journal-*.sqlite*"))[:-20]:
        old.unlink(missing_ok=True)
    return folder / f"journal-{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}.sqlite"


def open_window(
    settings: Settings, demo: DemoOptions | None = None, *, screenshot: str | None = None
) -> int:
    """Open the window on the settings' mode and run until it is closed.

    A demo scans by itself once it stands, so that there is something to look at.
    """
    from vst_desktop.gui.app import run_window

    mode = settings.execution.trading_mode

    @asynccontextmanager
    async def opened() -> AsyncIterator[StationApi]:
        if mode is not Mode.DEMO:
            async with broker_station(settings) as station:
                yield station
            return
        async with demo_station(settings, demo or DemoOptions()) as (station, _):
            station.scan_soon()
            yield station

    return run_window(opened, picture=screenshot)
