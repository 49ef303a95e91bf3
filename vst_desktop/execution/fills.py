"""What the broker tells of orders: acknowledgements, executions, ends.

Fills are recomputed from the stored executions, each counted once by its id (corrections replace
what they correct), so twice, late, out of order and after a cancel all end in the same position.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import (
    BrokerOrder,
    BrokerStatus,
    Execution,
    OrderRejected,
    OrderState,
    Purpose,
)
from vst_desktop.domain.spreads import ExitPlan
from vst_desktop.execution import states
from vst_desktop.execution.decisions import BROKER, STATION
from vst_desktop.execution.ledger import Ledger, position_of, price_text, trade_text
from vst_desktop.execution.services import Services
from vst_desktop.execution.states import TERMINAL, Trigger
from vst_desktop.execution.tally import Filled, filled_by
from vst_desktop.execution.twins import Twins
from vst_desktop.ports.store import IntentRecord, PositionRecord
from vst_desktop.strategy.exit import ExitReason, reframed

log = logging.getLogger(__name__)

MISSING_EXECUTIONS_SECS = 2.0
LEGS_SETTLE_SECS = 30.0

_STATUS_TRIGGERS = {
    BrokerStatus.PRE_SUBMITTED: Trigger.WORK,
    BrokerStatus.SUBMITTED: Trigger.WORK,
    BrokerStatus.CANCELLED: Trigger.CANCEL,
    BrokerStatus.API_CANCELLED: Trigger.CANCEL,
    BrokerStatus.INACTIVE: Trigger.REJECT,
}


def _closed_by(exits: Sequence[IntentRecord]) -> str:
    """Why a position has ended: its last close, or without one what others did to its entry."""
    return exits[-1].exit_reason or ExitReason.MANUAL if exits else ExitReason.OUTSIDE


class Fills:
    """Applies the broker's order news to the ledger, one piece at a time.

    Args:
        services: Dependencies.
        ledger: The book.
        spot: The underlying's mid now, for the exit plan's entry; None when unknown.
        ended: Called after an order reached an end.
        opened: Called after a position came to be or grew.
        revived: Called when an order that was unknown or thought dead turns out to work.
        broken: Called when the legs of an order stay filled unequally: the ways out are priced by
            what the broker holds.
    """

    def __init__(
        self,
        services: Services,
        ledger: Ledger,
        *,
        spot: Callable[[IntentRecord], Awaitable[float]],
        ended: Callable[[IntentRecord], None],
        opened: Callable[[PositionRecord], None],
        revived: Callable[[IntentRecord], None],
        broken: Callable[[], None],
    ) -> None:
        self._services = services
        self._ledger = ledger
        self._spot = spot
        self._ended = ended
        self._opened = opened
        self._revived = revived
        self._broken = broken
        self._twins = Twins(services)
        self._executions: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)

    async def load(self) -> None:
        """Read the executions of all known orders and bring records up to them."""
        for intent in self._ledger.intents():
            for data in await self._services.journal.executions(intent.order_ref):
                self._count(intent.order_ref, data)
        for intent in self._ledger.intents():
            if intent.order_ref in self._executions:
                await self._settle(intent)

    async def on_execution(self, execution: Execution) -> None:
        """Count an execution once; one that is not ours is left alone."""
        intent = self._ledger.by_ref(execution.order_ref)
        if intent is None:
            return
        data = {
            "exec_id": execution.exec_id,
            "con_id": execution.con_id,
            "is_combo": execution.is_combo,
            "quantity": str(execution.quantity),
            "price": str(execution.price),
            "time": execution.time,
        }
        await self._stored(
            self._services.journal.save_execution(execution.exec_id, intent.order_ref, data)
        )
        self._count(intent.order_ref, data)
        await self._settle(intent)

    async def on_order(self, order: BrokerOrder) -> None:
        """Apply an order's status."""
        intent = self._ledger.by_ref(order.order_ref)
        if intent is None or await self._twins.takes(intent, order):
            return
        ids: dict[str, Any] = {
            name: told
            for name, told in (("order_id", order.order_id), ("perm_id", order.perm_id))
            if told and told != getattr(intent, name)
        }
        trigger = _STATUS_TRIGGERS.get(order.status)
        if trigger is not None and states.legal(intent.state, trigger):
            await self._apply(intent, trigger, **ids)
        elif ids:
            await self._stored(self._ledger.amend(intent.intent_id, "ids", by=BROKER, **ids))
        if order.status is BrokerStatus.FILLED and intent.filled < intent.quantity:
            self._services.after(
                MISSING_EXECUTIONS_SECS,
                lambda: self._fetch_missing(order),
                f"executions of {order.order_ref}",
            )

    async def on_rejected(self, rejected: OrderRejected) -> None:
        """The broker refused the order. What already works is judged by its status alone: a
        refused modification leaves the original alive."""
        intent = self._ledger.by_ref(rejected.order_ref)
        if intent is None or intent.state not in (OrderState.SENDING, OrderState.ACKNOWLEDGED):
            return
        await self._apply(intent, Trigger.REJECT, reason=f"broker: {rejected.code} {rejected.text}")

    async def _apply(self, intent: IntentRecord, trigger: Trigger, **changes: Any) -> None:
        after = states.after(intent.state, trigger)
        if after is intent.state and not changes:
            return
        if trigger is Trigger.CANCEL and intent.reason is None:
            changes["reason"] = "cancelled at the broker"
        await self._stored(self._ledger.move(intent.intent_id, trigger, **changes))
        moved = self._ledger.intent(intent.intent_id)
        if moved.state in TERMINAL and intent.state not in TERMINAL:
            self._ended(moved)
        elif moved.state is OrderState.WORKING and (
            intent.state in TERMINAL or intent.state is OrderState.UNKNOWN
        ):
            self._revived(moved)

    async def _stored(self, saving: Awaitable[object]) -> None:
        """What the broker tells is true whether or not the journal can keep it: the book goes on
        with it, and a restart asks the broker again."""
        try:
            await saving
        except UserError as error:
            log.error("what the broker told could not be journalled: %s", error)
            self._services.alert(
                Severity.CRITICAL,
                "System: JOURNAL ERROR: the broker's news were not kept",
                str(error),
            )

    async def _fetch_missing(self, order: BrokerOrder) -> None:
        intent = self._ledger.by_ref(order.order_ref)
        if intent is None or intent.filled >= intent.quantity:
            return
        try:
            book = await self._services.broker.book()
        except (UserError, TimeoutError) as error:
            log.warning("executions of %s could not be read: %s", order.order_ref, error)
        else:
            for execution in book.executions:
                if execution.order_ref == order.order_ref:
                    await self.on_execution(execution)
        intent = self._ledger.intent(intent.intent_id)
        if intent.filled >= intent.quantity or order.average_fill_price is None:
            return
        # The broker says it is filled and has no execution to show: its own average stands in.
        await self.on_execution(
            Execution(
                exec_id=f"status-{order.order_ref}.01",
                order_ref=order.order_ref,
                order_id=order.order_id,
                perm_id=order.perm_id,
                account=order.account,
                symbol=order.symbol,
                con_id=0,
                is_combo=True,
                side=order.side,
                quantity=Decimal(intent.quantity - intent.filled),
                price=order.average_fill_price,
                time=self._services.clock.now(),
            )
        )

    def _count(self, order_ref: str, data: dict[str, Any]) -> None:
        stem, _, number = data["exec_id"].rpartition(".")
        known = self._executions[order_ref].get(stem)
        if known is None or known["exec_id"].rpartition(".")[2] <= number:
            self._executions[order_ref][stem] = data

    def _corrected(self, intent: IntentRecord) -> bool:
        """Whether the exchange changed its mind on an execution; some may be lost with a journal
        that was damaged, too."""
        told = self._executions[intent.order_ref].values()
        return any(not data["exec_id"].endswith(".01") for data in told)

    def _filled(self, intent: IntentRecord) -> Filled:
        stems = self._executions[intent.order_ref]
        real = [data for stem, data in stems.items() if not stem.startswith("status-")]
        filled = filled_by(real, intent.spread)
        if filled.quantity < intent.quantity:
            filled = filled_by(list(stems.values()), intent.spread)
        return filled

    async def _settle(self, intent: IntentRecord) -> None:
        intent = self._ledger.intent(intent.intent_id)
        filled = self._filled(intent)
        if filled.quantity < intent.filled and self._corrected(intent):
            intent = await self._bust(intent, filled)
        elif filled.quantity >= max(intent.filled, 1) and (filled.quantity, filled.average) != (
            intent.filled,
            intent.average_fill_price,
        ):
            intent = await self._fill(intent, filled)
        await self._settle_position(intent)
        if intent.filled and filled.long_leg != filled.short_leg:
            self._services.after(
                LEGS_SETTLE_SECS,
                lambda: self._check_legs(intent.intent_id),
                f"legs of {intent.order_ref}",
            )

    async def _fill(self, intent: IntentRecord, filled: Filled) -> IntentRecord:
        whole = filled.quantity >= intent.quantity
        changes: dict[str, Any] = {
            "filled": filled.quantity,
            "average_fill_price": filled.average,
        }
        if whole:
            changes["filled_at"] = intent.filled_at or self._services.clock.now()
            if intent.purpose is Purpose.ENTRY:
                changes["reason"] = None
        if not intent.filled and intent.purpose is Purpose.ENTRY:
            changes["plan"] = await self._frozen_plan(intent)
        was_over = intent.state in TERMINAL
        trigger = Trigger.FILL if whole else Trigger.PARTIAL
        await self._stored(self._ledger.move(intent.intent_id, trigger, **changes))
        moved = self._ledger.intent(intent.intent_id)
        if whole and (not was_over or intent.state is not OrderState.FILLED):
            self._tell_filled(moved)
            self._ended(moved)
        elif was_over:
            self._services.alert(
                Severity.WARNING,
                trade_text("FILLED LATE", moved, moved.filled),
                f"{price_text(moved)} after the order had ended as {intent.state}",
            )
            if moved.purpose is Purpose.ENTRY:
                self._ended(moved)
        return moved

    async def _bust(self, intent: IntentRecord, filled: Filled) -> IntentRecord:
        """A correction took fills back: the book follows, whatever had been closed or opened."""
        trigger = Trigger.PARTIAL if filled.quantity else Trigger.BUST
        reason = f"the exchange took back {intent.filled - filled.quantity} of {intent.filled}"
        changes: dict[str, Any] = {
            "filled": filled.quantity,
            "average_fill_price": filled.average,
            "filled_at": None,
            "reason": reason,
        }
        await self._stored(self._ledger.move(intent.intent_id, trigger, **changes))
        moved = self._ledger.intent(intent.intent_id)
        self._services.alert(
            Severity.CRITICAL,
            trade_text("BUSTED", moved),
            f"{reason}; order {moved.order_id}, compare with TWS",
        )
        return moved

    async def _frozen_plan(self, intent: IntentRecord) -> ExitPlan:
        entry = await self._spot(intent)
        return reframed(intent.plan, intent.spread.direction, entry, self._services.exits)

    def _tell_filled(self, intent: IntentRecord) -> None:
        action = "EXECUTED" if intent.purpose is Purpose.ENTRY else "CLOSED"
        reason = intent.strategy if intent.purpose is Purpose.ENTRY else intent.exit_reason
        self._services.alert(
            Severity.INFO,
            trade_text(action, intent),
            f"{price_text(intent)}, {reason}, order {intent.order_id}",
        )

    async def _settle_position(self, intent: IntentRecord) -> None:
        entry = self._ledger.intent(position_of(intent))
        exits = self._ledger.exits_of(entry.intent_id)
        held = max(entry.filled - sum(e.filled for e in exits), 0)
        known = self._ledger.position(entry.intent_id)
        if known is None:
            await self._open(entry, held)
            known = self._ledger.position(entry.intent_id)
        if known is None:
            return
        debit = entry.average_fill_price or known.average_debit
        if (known.quantity, known.average_debit) == (held, debit):
            return
        if known.closed_at is not None and known.exit_reason == ExitReason.OUTSIDE:
            return
        # Quantity grows after the close only by a late fill: the position is open again.
        closed = held == 0
        changed = replace(
            known,
            quantity=held,
            average_debit=debit,
            closed_at=self._services.clock.now() if closed else None,
            exit_reason=_closed_by(exits) if closed else None,
        )
        event = "position closed" if closed else "position"
        await self._stored(self._ledger.save_position(changed, event))
        if not closed:
            self._opened(changed)

    async def _open(self, entry: IntentRecord, held: int) -> None:
        if held == 0 or entry.average_fill_price is None:
            return
        position = PositionRecord(
            position_id=entry.intent_id,
            intent_id=entry.intent_id,
            account=entry.account,
            strategy=entry.strategy,
            spread=entry.spread,
            quantity=held,
            average_debit=entry.average_fill_price,
            plan=entry.plan,
            opened_at=self._services.clock.now(),
        )
        await self._stored(self._ledger.save_position(position, "position opened"))
        self._opened(position)

    async def _check_legs(self, intent_id: str) -> None:
        intent = self._ledger.intent(intent_id)
        filled = self._filled(intent)
        if filled.long_leg == filled.short_leg:
            return
        await self._services.journal.record(
            "broken",
            by=STATION,
            intent_id=intent_id,
            long_leg=filled.long_leg,
            short_leg=filled.short_leg,
        )
        self._services.alert(
            Severity.CRITICAL,
            f"{intent.spread.symbol} {intent.spread.label()} is BROKEN: the legs filled unequally",
            f"long {filled.long_leg}, short {filled.short_leg}; no order is sent by itself",
        )
        self._broken()
