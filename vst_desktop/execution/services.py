"""What every part of the desk works with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.events import SymbolEvents
from vst_desktop.domain.spreads import ExitPlan
from vst_desktop.execution.rules import ApprovalRules, ExecutionRules
from vst_desktop.execution.schedule import SessionCalendar
from vst_desktop.ports.broker import Broker
from vst_desktop.ports.clock import Clock, Timer
from vst_desktop.ports.store import IntentRecord, Journal
from vst_desktop.risk.limits import DenialCode
from vst_desktop.risk.sizing import RiskRules
from vst_desktop.runtime.tasks import TaskOwner
from vst_desktop.strategy.exit import ExitRules


class DeskJournal(Journal, Protocol):
    """The journal, and the executions it holds of an order: fills are always recomputed from
    them, so a crash between two commits loses nothing."""

    async def executions(self, order_ref: str) -> Sequence[dict[str, Any]]:
        """Data of the executions stored for an order, in the order they came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recheck:
    """Whether the signal of an approval still holds. ``plan``: the exit plan of now (a later
    session has another ATR and swing), None to keep the approved one."""

    holds: bool
    reason: str = ""
    code: DenialCode = DenialCode.SIGNAL
    """What it is denied with when it does not hold: the signal, or an event."""
    plan: ExitPlan | None = None


AlertCall = Callable[[Severity, str, str], None]
"""Tells the trader: severity, message, details."""


class _Owned:
    """A timer that its owner forgets when it was called or cancelled."""

    def __init__(self, owner: set[Timer]) -> None:
        self._owner = owner
        self.timer: Timer | None = None

    def done(self) -> None:
        self._owner.discard(self)

    def cancel(self) -> None:
        self.done()
        if self.timer is not None:
            self.timer.cancel()


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Dependencies of the desk's parts, injected once.

    ``entry_commission_usd``: commissions of opening one spread. ``settle_secs``: how long an
    order that nobody knows may still turn up before it is UNKNOWN.
    """

    broker: Broker
    journal: DeskJournal
    clock: Clock
    calendar: SessionCalendar
    execution: ExecutionRules
    approval: ApprovalRules
    risk: RiskRules
    exits: ExitRules
    allowed_accounts: tuple[str, ...]
    entry_commission_usd: Decimal
    settle_secs: float
    alert: AlertCall
    on_change: Callable[[], None]
    new_id: Callable[[], str]
    recheck: Callable[[IntentRecord], Awaitable[Recheck]]
    events: Callable[[str], SymbolEvents]
    tasks: TaskOwner
    timers: set[Timer] = field(default_factory=set)

    def run(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        """Start work in a task of the desk; it counts as in flight from this moment."""
        in_flight = self.clock.work(name)
        in_flight.__enter__()
        task = self.tasks.spawn(work, name)
        task.add_done_callback(lambda _: in_flight.__exit__(None, None, None))

    def at(self, when: datetime, call: Callable[[], None], name: str) -> Timer:
        """Call at that moment of the station's clock, unless the desk is stopped before."""
        owned = _Owned(self.timers)

        def due() -> None:
            owned.done()
            call()

        self.timers.add(owned)
        owned.timer = self.clock.call_at(when, due, name=name)
        return owned

    def after(self, secs: float, work: Callable[[], Coroutine[Any, Any, Any]], name: str) -> Timer:
        """Start the work in that many seconds of the station's clock."""
        when = self.clock.now() + timedelta(seconds=secs)
        return self.at(when, lambda: self.run(work(), name), name)

    async def close(self) -> None:
        """Forget all timers, end and join all tasks."""
        for timer in tuple(self.timers):
            timer.cancel()
        await self.tasks.close()
