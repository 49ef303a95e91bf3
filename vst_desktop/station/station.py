"""The station: one object that the window and the command line talk to.

It wires the engines together and turns commands into their calls; what is shown is made in
``present``. It never sees a concrete broker, store or engine process: those are given.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

from vst_desktop.domain.account import AccountSnapshot, BrokerPosition
from vst_desktop.domain.alerts import Alert
from vst_desktop.domain.bars import BarSeries
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import ClosePace, Mode
from vst_desktop.domain.quotes import OptionQuote, StockQuote
from vst_desktop.domain.spreads import Candidate
from vst_desktop.execution.decisions import TRADER, proposal
from vst_desktop.ports.broker import AccountChanged, BrokerEvent
from vst_desktop.ports.store import IntentRecord
from vst_desktop.ports.universe import UniverseSource
from vst_desktop.runtime.paths import find_paths
from vst_desktop.runtime.settings import Settings
from vst_desktop.runtime.tasks import TaskOwner
from vst_desktop.station.auto_approve import AutoApprove
from vst_desktop.station.bounds import BoundsBook
from vst_desktop.station.chains import Chains
from vst_desktop.station.desks import make_desk
from vst_desktop.station.drill import FaultDrill
from vst_desktop.station.engines import Engines
from vst_desktop.station.foreign import ForeignHoldings
from vst_desktop.station.holdings_watch import HoldingsWatch
from vst_desktop.station.journal_pages import JournalPages
from vst_desktop.station.plans import Planner
from vst_desktop.station.preferences import Preferences
from vst_desktop.station.present import Presenter
from vst_desktop.station.requotes import Requotes
from vst_desktop.station.research import Research
from vst_desktop.station.scan_schedule import ScanSchedule
from vst_desktop.station.sizing import Sizer
from vst_desktop.station.supply import Supply
from vst_desktop.station.trading import Trading
from vst_desktop.station.view import StationView
from vst_desktop.station.watch import Watch

log = logging.getLogger(__name__)


class Station:
    """Implements :class:`vst_desktop.station.api.StationApi`; all calls on the loop's thread."""

    def __init__(
        self,
        *,
        settings: Settings,
        mode: Mode,
        universe: UniverseSource,
        engines: Engines,
        clock_speed: float = 1.0,
        market_note: str | None = None,
    ) -> None:
        self.settings = settings
        self.mode = mode
        self.engines = engines
        self.clock_speed = clock_speed
        self.market_note = market_note
        self.account: AccountSnapshot | None = None
        self.stocks: dict[str, StockQuote] = {}
        self.options: dict[int, OptionQuote] = {}
        self.selected_symbol: str | None = None
        self.selected_candidate: str | None = None
        self._changed: list[Callable[[], None]] = []
        self.watch = Watch(self)
        self._tasks = TaskOwner("station", self.watch.task_failed)
        self._scan_task: asyncio.Task[None] | None = None
        bars: dict[str, BarSeries] = {}
        self._planner = Planner(settings, engines.sessions, engines.market_data, bars)
        self.desk = make_desk(settings, engines, self._planner.recheck, self._desk_changed)
        self._sizer = Sizer(self)
        self.research = Research(
            settings=settings,
            universe=universe,
            chains=Chains(
                settings=settings,
                broker=engines.broker,
                market_data=engines.market_data,
                clock=engines.clock,
            ),
            supply=Supply(
                market_data=engines.market_data,
                scanner=engines.scanner,
                bars=bars,
                keep=engines.keeps_bars,
            ),
            scanner=engines.scanner,
            journal=engines.journal,
            clock=engines.clock,
            sessions=engines.sessions,
            size=self._sizer.size,
            plan=self._planner.plan,
            held=lambda: {p.spread.symbol for p in self.desk.positions()},
            alert=engines.alerts.raise_alert,
            on_change=self.changed,
        )
        auto = AutoApprove(
            journal=engines.journal,
            candidates=self.research.candidates,
            approve=self._approve,
            alert=engines.alerts.raise_alert,
        )
        self.bounds = BoundsBook(self)
        self.foreign = ForeignHoldings()
        self.trading = Trading(self, auto)
        self.preferences = Preferences(settings, find_paths().settings_file, engines.journal)
        self.journal = JournalPages(engines.past, self._symbols)
        self.drill = (
            None
            if engines.faults is None
            else FaultDrill(engines.faults, self._tasks, self.changed)
        )
        self._holdings = HoldingsWatch(engines.broker, self.desk.positions, self._tasks)
        self.requotes = Requotes(self, self._tasks)
        self.schedule = ScanSchedule(self, self._tasks)
        self._presenter = Presenter(self, self._tasks)
        engines.alerts.on_alert(lambda _: self.changed())
        engines.alerts.on_delivery(self.changed)
        engines.broker.subscribe(self._on_broker_event)

    async def start(self) -> None:
        """Connect to the broker, start the scanner, reconcile; then the station is usable.

        Raises:
            UserError: The broker cannot be reached or refuses.
        """
        broker, scanner = self.engines.broker, self.engines.scanner
        with self.engines.clock.work("start"):
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(scanner.start(), name="station:scanner")
                    connected = group.create_task(broker.connect(), name="station:broker")
            except ExceptionGroup as failed:
                # One sentence for the trader; what went wrong besides is the same start's.
                raise failed.exceptions[0] from None
            self.account = connected.result()
            await self.desk.start()
            if self.drill is not None:
                await self.drill.load()
        self._tasks.spawn(self.engines.market_data.keep_swept(), "sweep")
        self._holdings.follow()
        await self.watch.start(self._tasks)
        self.schedule.use(_minutes(self.settings.universe.scan_every_minutes))
        self.changed()

    async def close(self) -> None:
        """Stop everything in order; idempotent."""
        await self.watch.leave()
        await self._tasks.close()
        await self.desk.stop()
        await self.engines.broker.close()
        await self.engines.scanner.close()
        await self.engines.alerts.close()
        await self.engines.journal.close()

    # -- what is

    @property
    def account_id(self) -> str | None:
        """The account, once connected."""
        return self.account.account if self.account else None

    def window(self) -> tuple[datetime | None, datetime | None]:
        """Opening and end of the entry window that an approval given now is for."""
        try:
            window = self.desk.window()
        except UserError:  # past the end of the exchange calendar
            return None, None
        return window.opens, window.closes

    def intent(self, intent_id: str) -> IntentRecord:
        """One order by its id; KeyError when there is none."""
        return next(i for i in self.desk.intents() if i.intent_id == intent_id)

    def _symbols(self) -> dict[str, str]:
        return {i.intent_id: i.spread.symbol for i in self.desk.intents()} | {
            i.order_ref: i.spread.symbol for i in self.desk.intents()
        }

    def selected(self) -> Candidate | None:
        """The selected candidate, None when it is gone."""
        found = self.research.findings.candidates
        return found.get(self.selected_candidate or "")

    def block_reason(self, candidate: Candidate) -> str | None:
        """Why the candidate cannot be approved now, None when it can."""
        spread = candidate.ranked.spread
        if any(p.spread == spread for p in self.desk.positions()):
            return "OPEN: this spread is held, see Positions"
        if self.desk.killed is not None:
            return f"KILLED: {self.desk.killed}"
        if (halt := self.desk.day_halt) is not None:
            return f"{halt.code}: {halt.text}"
        if self.mode is Mode.LIVE and self.desk.armed_account != self.account_id:
            return "DISARMED: arm LIVE by typing the account id"
        return candidate.denied or self.requotes.stale(candidate)

    def _account(self) -> str:
        if self.account is None:
            raise UserError("the broker is not connected", remedy="wait for the connection")
        return self.account.account

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
        self.research.opened(symbol)
        self._show(symbol, candidate_id)

    def _show(self, symbol: str, candidate_id: str | None) -> None:
        self.selected_symbol = symbol
        if candidate_id is None:
            own = [c for c in self.research.candidates() if c.signal.symbol == symbol]
            candidate_id = own[0].candidate_id if own else None
        self.selected_candidate = candidate_id
        self._presenter.previews.look(self.selected())
        self.changed()

    async def scan(self) -> None:
        """Fetch bars, scan, load chains, propose."""
        self._refuse_second_scan()
        self._scan_task = self._tasks.spawn(self.research.scan(), "scan")
        await asyncio.wait({self._scan_task})
        if self._scan_task.cancelled():
            return
        if (error := self._scan_task.exception()) is not None:
            raise error
        self.watch.scanned()
        if self.selected_candidate is None and (candidates := self.research.candidates()):
            best = candidates[0]
            self._show(best.signal.symbol, best.candidate_id)
        await self.trading.auto_approve()

    async def use_ratio_base(self, base: Literal["zero", "range_low"]) -> None:
        """Measure the ATR ratio from this base until the program ends, and scan again."""
        self._refuse_second_scan()
        strategy = self.settings.strategy.model_copy(update={"atr_ratio_base": base})
        self.settings = self.settings.model_copy(update={"strategy": strategy})
        self._planner.settings = self.settings
        self.research.use(self.settings)
        await self.engines.journal.record(
            "SETTING", by=TRADER, key="strategy.atr_ratio_base", value=base
        )
        await self.scan()

    def _refuse_second_scan(self) -> None:
        if self._scan_task is not None and not self._scan_task.done():
            raise UserError("a scan is running", remedy="wait for it or cancel it")

    def scan_soon(self) -> None:
        """Start a scan in the background; what it finds is shown as it comes."""
        self._tasks.spawn(self.schedule.scan(), "first scan")

    async def schedule_scans(self, every_minutes: float) -> None:
        """Scan every so often while a session lasts, 0 = only when asked; kept for next time."""
        await self.preferences.change({"universe.scan_every_minutes": every_minutes or None})
        self.schedule.use(_minutes(every_minutes))
        self.changed()

    def cancel_scan(self) -> None:
        """Stop a running scan."""
        if self._scan_task is not None:
            self._scan_task.cancel()

    async def load_chain(self, symbol: str) -> None:
        """Load one symbol's chain."""
        await self.research.load_chain(symbol)
        await self.trading.auto_approve()

    async def approve(self, candidate_id: str, revision: int) -> str:
        """Approve the shown revision; returns the intent id."""
        candidate = self.research.candidate(candidate_id, revision)
        if (stale := self.requotes.stale(candidate)) is not None:
            raise UserError(stale)
        return (await self._approve(candidate, TRADER)).intent_id

    async def _approve(self, candidate: Candidate, by: str) -> IntentRecord:
        with self.engines.clock.work("approve"):
            intent = await self.desk.approve(
                candidate,
                mode=self.mode,
                account=self._account(),
                by=by,
                bounds=self.bounds.of(candidate),
            )
        self.changed()
        return intent

    async def reject(self, candidate_id: str) -> None:
        """Take the candidate off the list, recorded."""
        candidate = self.research.reject(candidate_id)
        await self.engines.journal.record("REJECT", by=TRADER, **proposal(candidate))

    async def choose_alternative(self, candidate_id: str, index: int) -> None:
        """Make the index-th alternative the candidate's spread."""
        self.research.choose(candidate_id, index)
        self._presenter.previews.look(self.selected())

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
        await self.trading.kill(reason)

    async def clear_kill(self, reason: str) -> None:
        """Allow entries again."""
        await self.desk.clear_kill(reason)

    async def arm(self, typed_account: str) -> None:
        """Arm LIVE entries for this run."""
        await self.desk.arm(typed_account)

    async def close_position(self, position_id: str, pace: ClosePace | None = None) -> None:
        """Close one position by hand."""
        await self.desk.close_position(position_id, pace=pace)

    async def flatten(self, typed: str) -> None:
        """Close everything."""
        if typed != "FLATTEN":
            raise UserError("type FLATTEN to close every position")
        await self.desk.flatten()

    def acknowledge_alerts(self, number: int | None = None) -> None:
        """Mark one alert read, or all."""
        self.engines.alerts.mark_read(number)
        self.changed()

    def test_alerts(self) -> None:
        """Send a test message to every channel; its deliveries stand in the history."""
        self.engines.alerts.test()
        self.changed()

    def _on_broker_event(self, event: BrokerEvent) -> None:
        if isinstance(event, AccountChanged):
            self.account = event.account
        elif isinstance(event, BrokerPosition):
            self.foreign.hear(event)
        elif isinstance(event, StockQuote):
            self.stocks[event.symbol] = event
        elif isinstance(event, OptionQuote):
            self.options[event.contract.con_id] = event
        self.watch.hear(event)
        self.desk.on_broker_event(event)
        self.changed()

    def _desk_changed(self) -> None:
        self.watch.look()
        self.research.resize()
        self._holdings.follow()
        self.changed()


def _minutes(every: float) -> timedelta | None:
    return timedelta(minutes=every) if every else None
