"""The station: one object that the window and the command line talk to.

It wires the engines together and turns commands into their calls; what is shown is made in
``present``. It never sees a concrete broker, store or engine process: those are given.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from vst_desktop.alerts.center import AlertCenter
from vst_desktop.domain.account import AccountSnapshot
from vst_desktop.domain.alerts import Alert, Severity
from vst_desktop.domain.bars import BarSeries
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import Mode
from vst_desktop.domain.quotes import OptionQuote, StockQuote
from vst_desktop.domain.signals import Signal
from vst_desktop.domain.spreads import ExitPlan, RankedSpread
from vst_desktop.execution.desk import Desk
from vst_desktop.ports.broker import AccountChanged, Broker, BrokerEvent, ConnectionChanged
from vst_desktop.ports.clock import Clock
from vst_desktop.ports.scanner import Scanner
from vst_desktop.ports.store import Journal
from vst_desktop.runtime.calendar import Sessions
from vst_desktop.runtime.settings import Settings
from vst_desktop.runtime.tasks import TaskOwner
from vst_desktop.station.present import Presenter
from vst_desktop.station.research import Research
from vst_desktop.station.universe import Universe
from vst_desktop.station.view import StationView

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """What the composition root gives the station."""

    broker: Broker
    scanner: Scanner
    journal: Journal
    clock: Clock
    sessions: Sessions
    alerts: AlertCenter


class Station:
    """Implements :class:`vst_desktop.station.api.StationApi`; all calls on the loop's thread."""

    def __init__(
        self,
        *,
        settings: Settings,
        mode: Mode,
        universe: Universe,
        engines: Engines,
        desk: Desk,
        market_note: str | None = None,
    ) -> None:
        self.settings = settings
        self.mode = mode
        self.engines = engines
        self.desk = desk
        self.market_note = market_note
        self.account: AccountSnapshot | None = None
        self.stocks: dict[str, StockQuote] = {}
        self.options: dict[int, OptionQuote] = {}
        self.selected_symbol: str | None = None
        self.selected_candidate: str | None = None
        self.scanner_note = "starting"
        self._changed: list[Callable[[], None]] = []
        self._tasks = TaskOwner("station", self._task_failed)
        self._scan_task: asyncio.Task[None] | None = None
        self._watched: set[str] = set()
        self.research = Research(
            settings=settings,
            universe=universe,
            broker=engines.broker,
            scanner=engines.scanner,
            journal=engines.journal,
            clock=engines.clock,
            sessions=engines.sessions,
            size=self._size,
            plan=self._plan,
            alert=engines.alerts.raise_alert,
            on_change=self.changed,
        )
        self._presenter = Presenter(self)
        engines.alerts.on_alert(lambda alert: self.changed())
        engines.broker.subscribe(self._on_broker_event)
        desk.on_change(self._desk_changed)

    async def start(self) -> None:
        """Connect to the broker, start the scanner, reconcile; then the station is usable.

        Raises:
            UserError: The broker cannot be reached or refuses.
        """
        broker, scanner = self.engines.broker, self.engines.scanner
        with self.engines.clock.work("start"):
            started = self._tasks.spawn(scanner.start(), "scanner")
            try:
                self.account = await broker.connect()
            finally:
                await asyncio.wait({started})
            if (error := started.exception()) is not None:
                self.scanner_note = str(error)
            await self.desk.start(self.account)
        self._watch_positions()
        self.changed()

    async def close(self) -> None:
        """Stop everything in order; idempotent."""
        await self._tasks.close()
        await self.desk.stop()
        await self.engines.broker.close()
        await self.engines.scanner.close()
        await self.engines.alerts.close()
        await self.engines.journal.close()

    # -- what the window reads

    def view(self) -> StationView:
        """The current snapshot."""
        return self._presenter.view()

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call the listener when the snapshot may have changed."""
        self._changed.append(listener)

    def on_alert(self, listener: Callable[[Alert], None]) -> None:
        """Call the listener with each new alert."""
        self.engines.alerts.on_alert(listener)

    def changed(self) -> None:
        """Something that is shown may have changed."""
        for listener in self._changed:
            listener()

    # -- commands

    def select(self, symbol: str, candidate_id: str | None = None) -> None:
        """Make the symbol and candidate the selected ones."""
        self.selected_symbol = symbol
        if candidate_id is None:
            own = [c for c in self.research.candidates() if c.signal.symbol == symbol]
            candidate_id = own[0].candidate_id if own else None
        self.selected_candidate = candidate_id
        self.changed()

    async def scan(self) -> None:
        """Fetch bars, scan, load chains, propose."""
        if self._scan_task is not None and not self._scan_task.done():
            raise UserError("a scan is running", remedy="wait for it or cancel it")
        self._scan_task = self._tasks.spawn(self.research.scan(), "scan")
        await asyncio.wait({self._scan_task})
        if self._scan_task.cancelled():
            return
        if (error := self._scan_task.exception()) is not None:
            raise error
        if self.selected_candidate is None and (candidates := self.research.candidates()):
            best = candidates[0]
            self.select(best.signal.symbol, best.candidate_id)

    def cancel_scan(self) -> None:
        """Stop a running scan."""
        if self._scan_task is not None:
            self._scan_task.cancel()

    async def load_chain(self, symbol: str) -> None:
        """Load one symbol's chain."""
        await self.research.load_chain(symbol)

    async def approve(self, candidate_id: str, revision: int) -> str:
        """Approve the shown revision; returns the intent id."""
        candidate = self.research.candidate(candidate_id, revision)
        with self.engines.clock.work("approve"):
            intent = await self.desk.approve(candidate)
        self.changed()
        return intent.intent_id

    async def reject(self, candidate_id: str) -> None:
        """Take the candidate off the list, recorded."""
        candidate = self.research.reject(candidate_id)
        await self.engines.journal.record(
            "REJECT", candidate=candidate_id, spread=candidate.ranked.spread.label()
        )

    async def choose_alternative(self, candidate_id: str, index: int) -> None:
        """Make the index-th alternative the candidate's spread."""
        self.research.choose(candidate_id, index)

    async def withdraw(self, intent_id: str) -> None:
        """Take back a waiting approval."""
        await self.desk.withdraw(intent_id)

    async def withdraw_candidate(self, candidate_id: str) -> None:
        """Take back the waiting approval of this candidate."""
        intent = self._presenter.waiting_intent(candidate_id)
        if intent is None:
            raise UserError(f"{candidate_id} has no approval that waits")
        await self.desk.withdraw(intent.intent_id)

    async def release(self, intent_id: str) -> None:
        """Let a HELD approval wait for its window again."""
        await self.desk.release(intent_id)

    async def kill(self, reason: str) -> None:
        """Cancel working entries, void the queue, halt entries."""
        await self.desk.kill(reason)

    async def clear_kill(self, reason: str) -> None:
        """Allow entries again."""
        await self.desk.clear_kill(reason)

    async def arm(self, typed_account: str) -> None:
        """Arm LIVE entries for this run."""
        await self.desk.arm(typed_account)

    async def close_position(self, position_id: str) -> None:
        """Close one position now."""
        await self.desk.close_position(position_id)

    async def flatten(self, typed: str) -> None:
        """Close everything."""
        if typed != "FLATTEN":
            raise UserError("type FLATTEN to close every position")
        await self.desk.flatten()

    def acknowledge_alerts(self) -> None:
        """Mark all alerts read."""
        self.engines.alerts.mark_read()
        self.changed()

    # -- events

    def _on_broker_event(self, event: BrokerEvent) -> None:
        if isinstance(event, AccountChanged):
            self.account = event.account
        elif isinstance(event, StockQuote):
            self.stocks[event.symbol] = event
        elif isinstance(event, OptionQuote):
            self.options[event.contract.con_id] = event
        elif isinstance(event, ConnectionChanged):
            log.info("broker %s: %s", event.state, event.reason)
        self.desk.on_broker_event(event)
        self.changed()

    def _desk_changed(self) -> None:
        self.research.resize()
        self._watch_positions()
        self.changed()

    def _watch_positions(self) -> None:
        """Stream the quotes of what is held: the exits and the positions pane live on them."""
        for position in self.desk.positions():
            if position.position_id in self._watched:
                continue
            self._watched.add(position.position_id)
            self._tasks.spawn(self._watch(position.spread), f"watch:{position.spread.symbol}")

    def _task_failed(self, name: str, error: BaseException) -> None:
        if not isinstance(error, UserError):
            self.engines.alerts.raise_alert(
                Severity.HIGH, f"System: {name} FAILED", f"{type(error).__name__}: {error}"
            )
