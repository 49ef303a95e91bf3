"""The station's eye on itself: errors, recoveries, speed, the sign of life, the last cards."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from vst_desktop.alerts.heartbeat import Heartbeat
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.incidents import ErrorKind
from vst_desktop.domain.orders import OrderRejected
from vst_desktop.execution.decisions import STATION
from vst_desktop.monitoring.performance import Acknowledged, Performance, Thresholds
from vst_desktop.monitoring.report import Facts, report
from vst_desktop.ports.broker import (
    AccountChanged,
    BrokerEvent,
    BrokerNotice,
    ConnectionChanged,
    ConnectionState,
)
from vst_desktop.ports.store import FAULT_FLAG
from vst_desktop.runtime.tasks import TaskOwner
from vst_desktop.station.cards import Card, leave_behind

if TYPE_CHECKING:
    from vst_desktop.station.station import Station

IBKR, SCANNER, DATA = "IBKR_API", "SCANNER", "MARKET_DATA"
INDICATORS, DATABASE, CLOCK, ALERTS = "INDICATORS", "DATABASE", "CLOCK", "ALERTS"
CLOCK_LIMIT_SECS = 2.0
MOST_NAMED = 5


class Watch:
    """Turns what the station's parts say into incidents, and measures them.

    Args:
        station: The station; its parts are asked for when something happens.
    """

    def __init__(self, station: Station) -> None:
        settings, engines = station.settings, station.engines
        self._station = station
        self._alert = engines.alerts.raise_alert
        self._incidents = engines.incidents
        self._was = ConnectionState.DISCONNECTED
        self._trouble: str | None = None
        self._disk_fails = False
        self._skewed = False
        self._short_told: set[str] = set()
        self._started = False
        self.performance = Performance(
            Thresholds(
                max_scan_time=settings.performance.max_scan_time,
                min_symbols_per_second=settings.performance.min_symbols_per_second,
                max_order_latency=settings.execution.max_order_latency,
                critical_order_latency=settings.execution.critical_order_latency,
            ),
            engines.clock.now,
            self._alert,
        )

    async def start(self, tasks: TaskOwner) -> None:
        """The station stands: say so, and send signs of life if somebody listens."""
        self._started = True
        mode = str(self._station.mode)
        with suppress(UserError):  # a journal that takes nothing is told in its own way
            await self._station.engines.journal.record("START", by=STATION, mode=mode)
        await self._judge_journal()
        beacon, settings = self._station.engines.beacon, self._station.settings.alerts
        if beacon is None:
            return
        heart = Heartbeat(beacon, settings.heartbeat_secs, self._sign_of_life, self._heart_fails)
        tasks.spawn(heart.run(), "heartbeat")

    async def leave(self) -> None:
        """The station closes: a card for each position that goes on without it."""
        if not self._started:
            return
        self._started = False
        for card in self.cards():
            self._alert(Severity.WARNING, card.title, card.text)
        with suppress(UserError):
            await self._station.engines.journal.record("STOP", by=STATION)

    def cards(self) -> tuple[Card, ...]:
        """What must be known of each position when the station is gone."""
        return leave_behind(self._station)

    def acknowledged(self) -> list[Acknowledged]:
        """Latencies of all orders that this journal knows."""
        return [
            Acknowledged(at=intent.acknowledged_at, secs=intent.ack_latency_secs)
            for intent in self._station.desk.intents()
            if intent.acknowledged_at is not None and intent.ack_latency_secs is not None
        ]

    # -- what is heard

    def hear(self, event: BrokerEvent) -> None:
        """News of the broker."""
        if isinstance(event, ConnectionChanged):
            self._connection(event)
        elif isinstance(event, BrokerNotice):
            self._alert(Severity.WARNING, f"System: IBKR WARNING: {event.text}", event.remedy)
        elif isinstance(event, OrderRejected):
            # The desk tells what became of the order.
            self._incidents.report(IBKR, ErrorKind.ORDER_EXECUTION, event.text, tell=False)
        elif isinstance(event, AccountChanged):
            self._clock()

    def scanned(self) -> None:
        """A scan ended."""
        findings, universe = self._station.research.findings, self._station.research.universe
        result = findings.result
        if result is None:
            return
        self.performance.scanned(result.seconds, result.scanned)
        self._indicators()
        missing = [
            error.symbol for error in findings.errors if error.symbol in set(universe.symbols)
        ]
        short = {*missing, *findings.from_cache}
        if short:
            names = ", ".join((missing or list(findings.from_cache))[:MOST_NAMED])
            count = len(missing) + len(findings.from_cache)
            told = self._incidents.report(
                DATA,
                ErrorKind.DATA_MISSING,
                f"{count} of {universe.size} symbols gave no bars that can be scanned ({names})",
                remedy="each is named with its reason in the scanner pane",
                tell=not short <= self._short_told,  # those the trader knows of are only counted
            )
            if told:
                self._short_told = short
            self._incidents.trying(DATA, ErrorKind.DATA_MISSING, "bars that are held")
            if missing:
                self._incidents.failed(
                    DATA, ErrorKind.DATA_MISSING, f"nothing is held of {len(missing)} of them"
                )
            else:
                how = f"{count} symbols were scanned on bars that are held"
                self._incidents.recovered(DATA, ErrorKind.DATA_MISSING, how)
        else:
            self._short_told = set()
            self._incidents.recovered(DATA, ErrorKind.DATA_MISSING, "every symbol gave bars")

    def look(self) -> None:
        """Something changed at the desk: does the journal still take what is written?"""
        trouble = self._station.engines.journal.trouble
        if trouble == self._trouble:
            return
        self._trouble = trouble
        if trouble is None:
            self._incidents.recovered(DATABASE, self._disk_kind(), "it takes writing again")
            return
        self._disk_fails = "full" in trouble
        remedy = "free some space; entries are refused, exits go on"
        # The desk tells it CRITICAL.
        self._incidents.report(DATABASE, self._disk_kind(), trouble, remedy=remedy, tell=False)
        self._incidents.trying(DATABASE, self._disk_kind(), "the reserve is written on")

    def task_failed(self, name: str, error: BaseException) -> None:
        """A task of the station ended with a bug."""
        if isinstance(error, UserError):
            return
        told = f"{type(error).__name__}: {error}"
        self._incidents.report(name, ErrorKind.INTERNAL, told, tell=False)
        self._alert(Severity.HIGH, f"System: {name} FAILED", told)

    # -- what is made of it

    async def _judge_journal(self) -> None:
        """A journal that was found damaged halts entries until the trader has looked."""
        desk = self._station.desk
        fault = await self._station.engines.journal.get_flag(FAULT_FLAG)
        if fault is not None and desk.killed == fault:
            remedy = "look at what it says, then clear the kill switch with a reason"
            self._incidents.report(DATABASE, ErrorKind.DATA_INTEGRITY, fault, remedy=remedy)

    def _connection(self, event: ConnectionChanged) -> None:
        was, self._was = self._was, event.state
        incidents, kind = self._incidents, ErrorKind.CONNECTION
        if event.state is ConnectionState.READY:
            incidents.recovered(IBKR, kind, "connected, subscribed anew, reconciled")
        elif event.state is ConnectionState.CONNECTING:
            if incidents.of(IBKR, kind).streak:
                incidents.trying(IBKR, kind, f"reconnect, {event.reason}")
        elif was is ConnectionState.CONNECTING and event.state is ConnectionState.DISCONNECTED:
            if incidents.of(IBKR, kind).streak:
                incidents.failed(IBKR, kind, event.reason, tell=not event.planned)
        elif self._started:
            # IBKR's nightly reset is no reason to wake anybody.
            incidents.report(
                IBKR,
                kind,
                event.reason,
                remedy="see that TWS runs and is logged in; the station reconnects by itself",
                tell=not event.planned,
            )

    def _indicators(self) -> None:
        result = self._station.research.findings.result
        assert result is not None
        if not result.indicator_failures:
            self._incidents.recovered(INDICATORS, ErrorKind.INDICATOR, "no computation failed")
            return
        for way, count in result.indicator_failures.items():
            told = f"{way} failed for {count} symbols"
            self._incidents.report(
                INDICATORS, ErrorKind.INDICATOR, told, remedy="see the log for its error"
            )
        self._incidents.trying(INDICATORS, ErrorKind.INDICATOR, "the alternative computation")
        if result.scanned:
            self._incidents.recovered(INDICATORS, ErrorKind.INDICATOR, f"by {result.engine}")
        else:
            self._incidents.failed(INDICATORS, ErrorKind.INDICATOR, "no way left")

    def _clock(self) -> None:
        offset = self._station.engines.broker.clock_offset_secs
        skewed = offset is not None and abs(offset) >= CLOCK_LIMIT_SECS
        if skewed and not self._skewed:
            self._incidents.report(
                CLOCK,
                ErrorKind.CLOCK,
                f"this computer's clock is {abs(offset or 0):.1f} s off the broker's",
                remedy="switch network time on",
            )
        elif not skewed:
            self._incidents.recovered(CLOCK, ErrorKind.CLOCK, "it agrees with the broker's")
        self._skewed = skewed

    def _disk_kind(self) -> ErrorKind:
        return ErrorKind.DISK if self._disk_fails else ErrorKind.DATABASE

    def _heart_fails(self, why: str | None) -> None:
        if why is None:
            self._incidents.recovered(ALERTS, ErrorKind.ALERTS, "heartbeats arrive again")
            return
        self._incidents.report(ALERTS, ErrorKind.ALERTS, f"heartbeat: {why}")
        self._alert(Severity.WARNING, "System: HEARTBEAT WARNING", why)

    def _sign_of_life(self) -> str:
        station = self._station
        lines = [f"Vertical Spread Trader Station, {station.mode}, {station.account_id or '-'}"]
        lines += [f"{card.title}\n{card.text}" for card in self.cards()]
        return "\n\n".join(lines)


async def performance_report(station: Station) -> dict[str, object]:
    """The report of SPEC 14 of a running station, with its scanner's own figures."""
    watch, now = station.watch, station.engines.clock.now()
    return report(
        Facts(
            started=watch.performance.started,
            now=now,
            scans=tuple(watch.performance.scans),
            orders=tuple(watch.acknowledged()),
            incidents=station.engines.incidents.rows,
            engine=await station.engines.scanner.figures(),
        ),
        watch.performance.thresholds,
    )
