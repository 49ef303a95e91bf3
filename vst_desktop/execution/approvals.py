"""Approvals: bounded, reserved, queued until their window, held, withdrawn or expired."""

from __future__ import annotations

import asyncio
import logging
from datetime import date, datetime
from decimal import Decimal
from functools import partial

from vst_desktop.domain.account import AccountSnapshot
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.bounds import Bounds
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import Mode, OrderState, Purpose, Side
from vst_desktop.domain.spreads import Candidate
from vst_desktop.execution import decisions
from vst_desktop.execution.bounds import bounded, event_denial, max_drift_usd
from vst_desktop.execution.entry import Entries
from vst_desktop.execution.ledger import Ledger, market_orders, trade_text
from vst_desktop.execution.rehearsal import REHEARSED_BEFORE, Rehearsal
from vst_desktop.execution.schedule import (
    EntryWindow,
    place,
    queue_order,
    session_window,
    window_for,
)
from vst_desktop.execution.services import Services
from vst_desktop.execution.states import WAITING, Trigger
from vst_desktop.execution.switches import EntryDeniedError, Switches
from vst_desktop.execution.ticket import approval_bound
from vst_desktop.ports.clock import Timer
from vst_desktop.ports.store import IntentRecord
from vst_desktop.risk.limits import Denial, DenialCode, check_budget, check_own_overlap, deny
from vst_desktop.risk.sizing import size_position, worst_debit
from vst_desktop.runtime.calendar import EASTERN, trading_day

log = logging.getLogger(__name__)

REF_PREFIX = "VST-"
SHARED_COMMIT_SECS = 0.003
"""How long an approval that goes at once waits to be committed together with its intent."""
_BY_TRADER = {"by": decisions.TRADER}


class Approvals:
    """Takes clicks and keeps what they approved until it may go."""

    def __init__(
        self,
        services: Services,
        ledger: Ledger,
        switches: Switches,
        entries: Entries,
        rehearsal: Rehearsal,
    ) -> None:
        self._services = services
        self._ledger = ledger
        self._switches = switches
        self._entries = entries
        self._rehearsal = rehearsal
        self._timers: dict[str, tuple[Timer, Timer]] = {}

    async def approve(
        self,
        candidate: Candidate,
        *,
        mode: Mode,
        account: str,
        by: str = decisions.TRADER,
        bounds: Bounds | None = None,
    ) -> IntentRecord:
        """Reserve the risk, commit the approval, and queue or release it. ``bounds`` tighten the
        settings'.

        Raises:
            EntryDeniedError: A limit refuses it; only the denial is stored.
            UserError: The broker or the journal did not answer, or the bounds cannot be.
        """
        try:
            return await self._approve(candidate, mode, account, by, bounds or Bounds())
        except EntryDeniedError as error:
            await self._record_denial(candidate, error.denial)
            raise

    async def _approve(
        self, candidate: Candidate, mode: Mode, account: str, by: str, bounds: Bounds
    ) -> IntentRecord:
        services, spread = self._services, candidate.ranked.spread
        denial = self._switches.denial(mode, account) or event_denial(candidate)
        if denial is not None:
            raise EntryDeniedError(denial)
        try:
            snapshot = await services.broker.account()
            tick = await services.broker.combo_tick(spread)
        except TimeoutError:
            raise UserError(
                f"{spread.symbol} was not approved: the broker did not answer",
                remedy="try again when the connection is well",
            ) from None
        window = window_for(services.clock.now(), services.calendar, services.execution)
        # Nothing is awaited between this check and the reservation: two clicks cannot both pass.
        intent = self._reserved(candidate, mode, account, snapshot, tick, window, bounds)
        going = window.is_open(services.clock.now())
        drift = max_drift_usd(intent, services.approval)
        others = self._make_room(intent, going)
        stored = asyncio.ensure_future(
            self._ledger.add(
                self._ledger.intent(intent.intent_id),
                "approved",
                within_secs=SHARED_COMMIT_SECS if going else 0.0,
                **decisions.approval(candidate, intent, drift, by),
            )
        )
        if going:
            self._schedule(window)
            self._schedule_end(intent)
            self._entries.release_all([self._ledger.intent(intent.intent_id)], stored)
        try:
            await asyncio.gather(
                asyncio.shield(stored),
                *(self._ledger.amend(other, "rank", rank=rank) for other, rank in others),
            )
        except UserError:
            # What was on its way already is ended by the release, which waits for this too.
            if self._ledger.intent(intent.intent_id).state is OrderState.APPROVED:
                self._ledger.forget(intent.intent_id)
            raise
        kept = self._ledger.intent(intent.intent_id)
        return kept if going else await self._queue(kept, window)

    async def _record_denial(self, candidate: Candidate, denial: Denial) -> None:
        told = decisions.proposal(candidate) | decisions.refusal(denial)
        try:
            await self._services.journal.record("denied", by=decisions.STATION, **told)
        except UserError as error:  # the denial itself is what the trader is told
            log.warning("a denial could not be journalled: %s", error)

    async def withdraw(self, intent_id: str, reason: str = "withdrawn") -> None:
        """Take back an approval that has not been sent.

        Raises:
            UserError: It is on its way already, or there is none.
        """
        intent = self._waiting(intent_id)
        await self._ledger.move(intent_id, Trigger.WITHDRAW, _BY_TRADER, reason=reason)
        self._services.alert(Severity.INFO, trade_text("WITHDRAWN", intent), reason)

    async def release(self, intent_id: str) -> None:
        """Let a HELD approval wait again, or go when its window is open.

        Raises:
            UserError: It is not held, or a switch refuses entries.
        """
        intent = self._waiting(intent_id)
        if intent.state is not OrderState.HELD:
            raise UserError(f"the approval of {intent.spread.symbol} is not held")
        denial = self._switches.denial(intent.mode, intent.account)
        if denial is not None:
            raise EntryDeniedError(denial)
        now = self._services.clock.now()
        queued = await self._ledger.move(
            intent_id, Trigger.QUEUE, _BY_TRADER, reason=None, queued_at=now
        )
        told = self._rehearsal.found(intent_id)
        self._services.alert(
            Severity.INFO,
            trade_text("RELEASED", queued),
            told.moved if told is not None and told.moved else "prices since are not known",
        )
        window = self._window(queued.session)
        self._schedule(window)
        if window.is_open(now):
            self._entries.release_all([queued])

    async def hold_all(self, reason: str, by: str = decisions.STATION) -> None:
        """Hold every waiting approval until the trader releases it."""
        for intent in queue_order(self._ledger.waiting()):
            if intent.state is not OrderState.HELD:
                await self._ledger.move(intent.intent_id, Trigger.HOLD, {"by": by}, reason=reason)
                self._services.alert(Severity.WARNING, trade_text("HELD", intent), reason)

    async def look_at_held(self) -> None:
        """See how prices moved while approvals were held, before the trader releases them."""
        for intent in queue_order(self._ledger.waiting()):
            if intent.state is OrderState.HELD:
                await self._rehearsal.rehearse(intent)

    async def void_all(self, reason: str) -> None:
        """Take every waiting approval off the queue."""
        waiting = queue_order(self._ledger.waiting())
        for intent in waiting:
            self._services.alert(Severity.HIGH, trade_text("FAILED", intent), reason)
        await asyncio.gather(
            *(
                self._ledger.move(intent.intent_id, Trigger.WITHDRAW, _BY_TRADER, reason=reason)
                for intent in waiting
            )
        )

    async def reorder(self, intent_ids: list[str]) -> None:
        """Give waiting approvals this order."""
        for rank, intent_id in enumerate(intent_ids, start=1):
            if self._waiting(intent_id).rank != rank:
                await self._ledger.amend(intent_id, "rank", by=decisions.TRADER, rank=rank)

    def resume(self) -> None:
        """Set the timers of what waits since before a restart; what is past its end expires."""
        for intent in self._ledger.waiting():
            self._schedule(self._window(intent.session))
            self._schedule_end(intent)

    def _reserved(
        self,
        candidate: Candidate,
        mode: Mode,
        account: str,
        snapshot: AccountSnapshot,
        tick: Decimal,
        window: EntryWindow,
        bounds: Bounds,
    ) -> IntentRecord:
        services, ranked = self._services, candidate.ranked
        spread, session = ranked.spread, window.session.isoformat()
        switched = self._switches.denial(mode, account)
        if switched is not None:
            raise EntryDeniedError(switched)
        bound = approval_bound(ranked.debit, spread, tick, services.approval)
        if bound < ranked.debit:
            raise EntryDeniedError(
                deny(DenialCode.DEBIT_BOUND, bound, ranked.debit, "the debit is above its bound")
            )
        if snapshot.account != account:
            raise EntryDeniedError(
                deny(DenialCode.ACCOUNT, account, snapshot.account, "another account is connected")
            )
        by_market = market_orders(mode, services.execution.paper_order_type)
        budget = self._ledger.budget(session, snapshot)
        size = size_position(
            worst=worst_debit(ranked.debit, bound, market_order=by_market),
            multiplier=spread.multiplier,
            entry_commission_usd=services.entry_commission_usd,
            net_liquidation_usd=budget.net_liquidation_usd,
            available_funds_usd=budget.available_funds_usd,
            reserved_usd=budget.reserved_usd,
            at_risk_usd=budget.at_risk_usd,
            rules=services.risk,
        )
        denial = check_own_overlap(spread, self._ledger.taken_spreads()) or check_budget(
            size.worst_usd_each, budget, services.risk
        )
        quantity = min(size.contracts, candidate.contracts)
        if denial is None and quantity < 1:
            denial = deny(DenialCode.SIZE, 1, 0, size.reason or "no size")
        if denial is not None:
            raise EntryDeniedError(denial)
        intent_id = services.new_id()
        intent = IntentRecord(
            intent_id=intent_id,
            order_ref=REF_PREFIX + intent_id,
            mode=mode,
            account=account,
            purpose=Purpose.ENTRY,
            side=Side.BUY,
            strategy=candidate.signal.strategy,
            spread=spread,
            quantity=quantity,
            max_debit=bound,
            debit_seen=ranked.debit,
            spot_seen=candidate.spot,
            atr=candidate.plan.atr,
            reserved_usd=quantity * size.worst_usd_each,
            plan=candidate.plan,
            state=OrderState.APPROVED,
            rank=0,
            approved_at=services.clock.now(),
            expires_at=window.closes,
            session=session,
        )
        intent = bounded(
            intent,
            bounds,
            tick=tick,
            max_drift_atr=services.approval.max_drift_atr,
            window=window,
            now=services.clock.now(),
        )
        self._ledger.reserve(intent)
        return intent

    def _make_room(self, intent: IntentRecord, going: bool) -> list[tuple[str, int]]:
        """Rank the approval among those waiting for the same session, better ones first; the
        others whose rank is another now. What goes at once goes after those already going."""
        others = [
            i
            for i in queue_order(self._ledger.waiting())
            if i.session == intent.session and i.intent_id != intent.intent_id
        ]
        if going:
            last = max((other.rank for other in others), default=0)
            self._ledger.rerank(intent.intent_id, last + 1)
            return []
        own, moved = place(intent, others)
        self._ledger.rerank(intent.intent_id, own)
        return moved

    async def _queue(self, intent: IntentRecord, window: EntryWindow) -> IntentRecord:
        if intent.state is not OrderState.APPROVED:  # voided or held while it was being stored
            return intent
        now = self._services.clock.now()
        queued = await self._ledger.move(intent.intent_id, Trigger.QUEUE, queued_at=now)
        self._schedule(window)
        self._schedule_end(queued)
        self._services.alert(
            Severity.INFO,
            trade_text("QUEUED", queued),
            f"goes when the entry window opens, {_eastern(window.opens)}",
        )
        if now >= window.opens - REHEARSED_BEFORE:
            run = self._services.run
            run(self._rehearsal.rehearse(queued), f"rehearse {queued.spread.symbol}")
        return queued

    def _schedule(self, window: EntryWindow) -> None:
        session = window.session.isoformat()
        if session in self._timers:
            return
        at, run = self._services.at, self._services.run
        rehearse_at = window.opens - REHEARSED_BEFORE
        if self._services.clock.now() < rehearse_at:
            name = f"rehearsal {session}"
            at(rehearse_at, lambda: run(self._rehearsal.run(session), name), name)
        self._timers[session] = (
            at(window.opens, lambda: self._open(session), f"entry window {session}"),
            at(
                window.closes,
                lambda: run(self._expire(session), f"expire {session}"),
                f"last entry {session}",
            ),
        )

    def _open(self, session: str) -> None:
        if not self._window(session).is_open(self._services.clock.now()):
            return
        self._entries.release_all(
            [
                i
                for i in queue_order(self._ledger.waiting())
                if i.session == session and i.state is OrderState.QUEUED
            ]
        )

    def _schedule_end(self, intent: IntentRecord) -> None:
        """An approval that ends before its session's last entry time ends by itself."""
        if intent.expires_at < self._window(intent.session).closes:
            name = f"end of {intent.order_ref}"
            work = partial(self._end, intent.intent_id)
            self._services.at(intent.expires_at, lambda: self._services.run(work(), name), name)

    async def _end(self, intent_id: str) -> None:
        for intent in self._ledger.waiting():
            if intent.intent_id == intent_id:
                await self._fail(intent, "expired: unsent at the end that the trader set")

    async def _expire(self, session: str) -> None:
        self._timers.pop(session, None)
        for intent in self._ledger.waiting():
            if intent.session == session:
                await self._fail(intent, "expired: unsent at the last entry time of its session")

    async def _fail(self, intent: IntentRecord, reason: str) -> None:
        await self._ledger.move(intent.intent_id, Trigger.EXPIRE, reason=reason)
        self._services.alert(Severity.HIGH, trade_text("FAILED", intent), reason)

    def _window(self, session: str) -> EntryWindow:
        window = session_window(
            date.fromisoformat(session), self._services.calendar, self._services.execution
        )
        if window is None:
            raise UserError(f"{session} is no session of the exchange")
        return window

    def _waiting(self, intent_id: str) -> IntentRecord:
        try:
            intent = self._ledger.intent(intent_id)
        except KeyError:
            raise UserError(f"there is no approval {intent_id}") from None
        if intent.state not in WAITING:
            raise UserError(
                f"the approval of {intent.spread.symbol} does not wait any more: {intent.state}"
            )
        return intent


def _eastern(moment: datetime) -> str:
    local = moment.astimezone(EASTERN)
    return f"{local:%H:%M} Eastern on {trading_day(moment):%d %b}"
