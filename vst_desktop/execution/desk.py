"""The trading desk: approvals in, orders out, positions watched to their exit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal

from vst_desktop.domain.account import AccountSnapshot
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.bounds import Bounds
from vst_desktop.domain.events import SymbolEvents
from vst_desktop.domain.orders import ClosePace, Mode, Purpose
from vst_desktop.domain.spreads import Candidate
from vst_desktop.execution.answers import Answers
from vst_desktop.execution.approvals import Approvals
from vst_desktop.execution.checks import ReleaseChecks
from vst_desktop.execution.counts import OrderCounts, order_counts
from vst_desktop.execution.daily_loss import DailyLoss
from vst_desktop.execution.decisions import TRADER
from vst_desktop.execution.emergency import Emergency
from vst_desktop.execution.entry import Entries
from vst_desktop.execution.exits import Exits
from vst_desktop.execution.fills import Fills
from vst_desktop.execution.forecast import Forecast, forecast
from vst_desktop.execution.freeze import Freezer
from vst_desktop.execution.halts import Halts
from vst_desktop.execution.hearing import Hearing
from vst_desktop.execution.ladder import Ladders
from vst_desktop.execution.ledger import Ledger, position_of
from vst_desktop.execution.monitor import ExitMonitor
from vst_desktop.execution.orphans import Orphan, Orphans
from vst_desktop.execution.plan_edits import PlanEdits
from vst_desktop.execution.protection import Protection
from vst_desktop.execution.reconcile import RETRY_SECS, Reconciler
from vst_desktop.execution.rehearsal import Rehearsal, Rehearsed
from vst_desktop.execution.repairs import Repair
from vst_desktop.execution.rules import ApprovalRules, ExecutionRules
from vst_desktop.execution.schedule import EntryWindow, SessionCalendar, window_for
from vst_desktop.execution.services import AlertCall, DeskJournal, Recheck, Services
from vst_desktop.execution.switches import Switches
from vst_desktop.execution.transmit import Transmitter
from vst_desktop.execution.unknown import Unknowns
from vst_desktop.ports.broker import Broker, BrokerEvent
from vst_desktop.ports.clock import Clock
from vst_desktop.ports.store import IntentRecord, PositionRecord
from vst_desktop.risk.limits import Denial
from vst_desktop.risk.sizing import RiskRules
from vst_desktop.runtime.calendar import trading_day
from vst_desktop.runtime.tasks import TaskOwner
from vst_desktop.strategy.exit import ExitReason, ExitRules


class Desk:
    """Everything between an approval and the end of its position.

    All calls are made on the loop. Broker events are applied one after the other in their order.

    Args:
        broker: The broker.
        journal: Where everything is committed before it is done.
        clock: The station's time.
        calendar: Sessions of the exchange.
        execution: Settings of orders and windows.
        approval: Bounds of approvals.
        risk: Limits.
        exits: Exit levels.
        allowed_accounts: The allow-list.
        entry_commission_usd: Commissions of opening one spread.
        alert: Tells the trader: severity, message, details.
        on_change: Called when records may have changed.
        new_id: Makes ids that are unique for ever, at most 30 characters, without ``.``.
        recheck: Whether an approval's signal still holds.
        events: What is known of a symbol's earnings and dividends.
        settle_secs: How long an order that nobody knows may still turn up.
    """

    def __init__(
        self,
        *,
        broker: Broker,
        journal: DeskJournal,
        clock: Clock,
        calendar: SessionCalendar,
        execution: ExecutionRules,
        approval: ApprovalRules,
        risk: RiskRules,
        exits: ExitRules,
        allowed_accounts: tuple[str, ...],
        entry_commission_usd: Decimal,
        alert: AlertCall,
        on_change: Callable[[], None],
        new_id: Callable[[], str],
        recheck: Callable[[IntentRecord], Awaitable[Recheck]],
        events: Callable[[str], SymbolEvents] = lambda symbol: SymbolEvents(symbol=symbol),
        settle_secs: float = 10.0,
    ) -> None:
        tasks = TaskOwner("desk", self._task_failed)
        self._services = services = Services(
            broker=broker,
            journal=journal,
            clock=clock,
            calendar=calendar,
            execution=execution,
            approval=approval,
            risk=risk,
            exits=exits,
            allowed_accounts=allowed_accounts,
            entry_commission_usd=entry_commission_usd,
            settle_secs=settle_secs,
            alert=alert,
            on_change=on_change,
            new_id=new_id,
            recheck=recheck,
            events=events,
            tasks=tasks,
        )
        self._ledger = ledger = Ledger(services)
        self._daily_loss = DailyLoss(services)

        def protect() -> None:
            self._protection.look()

        self._switches = switches = Switches(services, self._daily_loss, protect)
        halts = Halts(services)
        self._freezer = Freezer(services, ledger, protect)
        self._ladders = Ladders(services, ledger)
        transmitter = Transmitter(services, ledger, ended=self._ended, lost=self._lost)
        checks = ReleaseChecks(services, ledger, switches, halts)
        self._entries = Entries(services, ledger, switches, checks, transmitter, self._ladders)
        self._rehearsal = Rehearsal(services, ledger, checks, self._entries)
        self._approvals = Approvals(services, ledger, switches, self._entries, self._rehearsal)
        self._exits = Exits(
            services, ledger, self._entries, transmitter, self._ladders, self._position_closed
        )
        self._monitor = ExitMonitor(
            services, ledger, self._exits.trigger, halts, self._freezer, protect
        )
        self.plans = PlanEdits(services, ledger, self._exits.is_closing, self._monitor.replanned)
        self._fills = Fills(
            services,
            ledger,
            spot=self._entries.spot_at_fill,
            ended=self._ended,
            opened=self._monitor.watch,
            revived=self._adopt,
            broken=lambda: self._reconciler.look_soon(),
        )
        self._orphans = Orphans(services)
        self._reconciler = Reconciler(
            services,
            ledger,
            self._fills,
            self._approvals,
            switches,
            self._exits,
            self._orphans,
            self._freezer,
            self._reconciled,
        )
        unknowns = Unknowns(services, ledger, self._fills, self._reconciler, self._ended)
        self.answers = Answers(services, unknowns, self._orphans, self._freezer)
        self._emergency = Emergency(
            services, ledger, switches, self._approvals, self._entries, self._exits
        )
        self._protection = Protection(services, ledger, switches, self._monitor.blind)
        self._hearing = Hearing(
            services,
            switches,
            self._fills,
            self._monitor,
            self._reconciler,
            self._approvals,
            self._protection,
            self._daily_loss,
            self._task_failed,
        )

    # --- life ---

    async def start(self) -> None:
        """Read the journal, hold what waited, and reconcile when the broker is there."""
        with self._services.clock.work("desk start"):
            await self._ledger.load()
            await self._switches.load()
            await self._fills.load()
            self._protection.look()
            await self._reconciler.after_restart()
            self._approvals.resume()
            await self._hearing.start()

    async def stop(self) -> None:
        """End and join every task; orders at the broker stay as they are."""
        self._hearing.stop()
        await self._services.close()
        self._hearing.forget()

    def on_broker_event(self, event: BrokerEvent) -> None:
        """Take an event; it is applied after those before it."""
        self._hearing.on_event(event)

    # --- commands ---

    async def approve(
        self,
        candidate: Candidate,
        *,
        mode: Mode,
        account: str,
        by: str = TRADER,
        bounds: Bounds | None = None,
    ) -> IntentRecord:
        """Approve a candidate as shown: queued outside its entry window, else sent at once. ``by``
        names who approves: the trader, or a rule that the trader armed; ``bounds`` are tighter.

        Raises:
            EntryDeniedError: A limit or a switch refuses it.
            UserError: Broker or journal did not answer.
        """
        with self._services.clock.work("approve"):
            return await self._approvals.approve(
                candidate, mode=mode, account=account, by=by, bounds=bounds
            )

    async def withdraw(self, intent_id: str) -> None:
        """Take back a waiting approval; UserError when it does not wait any more."""
        with self._services.clock.work("withdraw"):
            await self._approvals.withdraw(intent_id)

    async def hold(self) -> None:
        """Hold every waiting approval until it is released."""
        with self._services.clock.work("hold"):
            await self._approvals.hold_all("held by the trader", by=TRADER)

    async def release(self, intent_id: str) -> None:
        """Release a HELD approval; UserError when it is not held or entries are refused."""
        with self._services.clock.work("release"):
            await self._approvals.release(intent_id)

    async def reorder(self, intent_ids: list[str]) -> None:
        """Put waiting approvals into this order."""
        with self._services.clock.work("reorder"):
            await self._approvals.reorder(intent_ids)

    async def kill(self, reason: str) -> None:
        """Halt entries, void the queue, cancel own working entries. Exits are untouched.

        Raises:
            UserError: The journal did not keep it; it is done until the program ends.
        """
        with self._services.clock.work("kill"):
            await self._emergency.kill(reason)

    async def clear_kill(self, reason: str) -> None:
        """Allow entries again, with a reason."""
        with self._services.clock.work("clear kill"):
            await self._switches.clear(reason)
            self._services.alert(Severity.INFO, "System: KILL SWITCH CLEARED", reason)

    async def arm(self, account: str) -> None:
        """Arm LIVE entries for this run; UserError when the account is not on the allow-list."""
        with self._services.clock.work("arm"):
            await self._switches.arm(account)

    async def close_position(
        self,
        position_id: str,
        reason: ExitReason = ExitReason.MANUAL,
        pace: ClosePace | None = None,
    ) -> None:
        """Close one position, by default in its mode's way; UserError says why it cannot be."""
        with self._services.clock.work("close position"):
            await self._exits.close(position_id, reason, pace=pace)

    async def flatten(self) -> None:
        """Take back, cancel and close everything; UserError names what could not be closed."""
        with self._services.clock.work("flatten"):
            await self._emergency.flatten()

    # --- what is ---

    def intents(self) -> tuple[IntentRecord, ...]:
        """All intents, oldest first."""
        return self._ledger.intents()

    def positions(self, *, open_only: bool = True) -> tuple[PositionRecord, ...]:
        """Positions, oldest first."""
        return self._ledger.positions(open_only=open_only)

    def reserved_usd(self) -> Decimal:
        """Risk of approvals and orders not filled yet, USD."""
        return self._ledger.reserved_usd()

    def at_risk_usd(self) -> Decimal:
        """Open and reserved risk together, USD."""
        return self._ledger.open_risk_usd() + self._ledger.reserved_usd()

    def orphans(self) -> tuple[Orphan, ...]:
        """Orders with our mark that the journal does not know."""
        return self._orphans.all()

    def counts(self) -> OrderCounts:
        """Messages that today's orders took."""
        return order_counts(self._ledger.intents(), trading_day(self._services.clock.now()))

    def repairs(self, position_id: str) -> tuple[Repair, ...]:
        """The ways out of a broken or assigned spread, empty when it is whole."""
        return self._freezer.repairs(position_id)

    def forecast(self, account: AccountSnapshot) -> tuple[Forecast, ...]:
        """What will become of the queue with this account, as things stand."""
        return forecast(self._services, self._ledger, self._switches, self._rehearsal, account)

    async def rehearse(self) -> None:
        """Rehearse everything that waits, now."""
        await self._rehearsal.run_all()

    def rehearsed(self, intent_id: str) -> Rehearsed | None:
        """What the last rehearsal of a waiting order found, None before there was one."""
        return self._rehearsal.found(intent_id)

    def trades_today(self) -> int:
        """Entries of the session that approvals given now are for."""
        return self._ledger.trades(self.window().session.isoformat())

    def window(self) -> EntryWindow:
        """The entry window that an approval given now is for."""
        services = self._services
        return window_for(services.clock.now(), services.calendar, services.execution)

    @property
    def killed(self) -> str | None:
        """Why the kill switch is on, None when it is off."""
        return self._switches.killed

    @property
    def day_halt(self) -> Denial | None:
        """Why the day's loss halts entries, None when it does not."""
        return self._daily_loss.denial

    @property
    def armed_account(self) -> str | None:
        """The account LIVE entries are armed for in this run."""
        return self._switches.armed_account

    @property
    def reconciled(self) -> bool:
        """Whether the book has been compared with the broker's since the last connect."""
        return self._switches.reconciled

    def unprotected(self) -> int:
        """How many open positions could not be closed now."""
        return self._protection.unprotected()

    def unprotected_why(self, position: PositionRecord) -> str | None:
        """Why an open position's exits cannot run now, None when they can."""
        return self._protection.why(position)

    # --- between the parts ---

    def _reconciled(self) -> None:
        for position in self._ledger.positions():
            self._monitor.watch(position)
        for intent in self._ledger.at_broker():
            self._adopt(intent)
        self._protection.look()
        self._services.run(self._approvals.look_at_held(), "prices of held approvals")

    def _adopt(self, intent: IntentRecord) -> None:
        parts = self._entries if intent.purpose is Purpose.ENTRY else self._exits
        parts.adopt(intent)

    def _ended(self, intent: IntentRecord) -> None:
        if intent.purpose is Purpose.EXIT:
            self._exits.exit_ended(intent, position_of(intent))
            self._services.run(self._forget_closed(position_of(intent)), "position closed")
        else:
            self._entries.ended(intent)
            self._exits.entry_ended(intent)

    async def _forget_closed(self, position_id: str) -> None:
        position = self._ledger.position(position_id)
        if position is not None and position.closed_at is not None:
            self._position_closed(position)

    def _position_closed(self, position: PositionRecord) -> None:
        self._monitor.unwatch(position)

    def _lost(self, intent: IntentRecord) -> None:
        self._protection.look()
        self._services.after(
            RETRY_SECS,
            lambda: self._reconciler.look_for(intent.intent_id),
            f"look for {intent.order_ref}",
        )

    def _task_failed(self, name: str, error: BaseException) -> None:
        self._services.alert(
            Severity.CRITICAL, f"System: DESK ERROR in {name}", f"{type(error).__name__}: {error}"
        )
