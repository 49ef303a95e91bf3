"""The one way an order takes to the broker: committed, committed as being sent, gated, placed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import OrderState, OrderTicket
from vst_desktop.execution import states
from vst_desktop.execution.ledger import Ledger, trade_text
from vst_desktop.execution.services import Services
from vst_desktop.execution.states import Trigger
from vst_desktop.execution.ticket import WireGateError, check_ticket
from vst_desktop.ports.broker import OrderWithdrawnError, Placed
from vst_desktop.ports.store import IntentRecord

log = logging.getLogger(__name__)


class Transmitter:
    """Sends tickets. Never twice: what may have left is UNKNOWN until the broker tells.

    Args:
        services: Dependencies.
        ledger: The book.
        ended: Called after an order reached an end here.
        lost: Called after an order became UNKNOWN.
    """

    def __init__(
        self,
        services: Services,
        ledger: Ledger,
        *,
        ended: Callable[[IntentRecord], None],
        lost: Callable[[IntentRecord], None],
    ) -> None:
        self._services = services
        self._ledger = ledger
        self._ended = ended
        self._lost = lost

    async def send(
        self,
        intent_id: str,
        ticket: OrderTicket,
        *,
        connected_account: str,
        may_go: Callable[[], str | None],
        placing: Callable[[], None],
        quotes: dict[str, Any],
        stored: asyncio.Future[None] | None = None,
        **changes: Any,
    ) -> bool:
        """Commit and send; True when the broker has acknowledged it.

        Args:
            intent_id: The intent the ticket is for.
            ticket: The order.
            connected_account: The account the broker's connection trades.
            may_go: Asked after the last commit: a reason not to send, or None.
            placing: Called just before the order goes (and when it does not).
            quotes: What the decision to send was taken by, for the journal.
            stored: Done when the approval is durable, None when it long is.
            changes: Fields of the intent that are committed with it.
        """
        try:
            started = self._services.clock.monotonic()
            intent = await self._commit(intent_id, ticket, quotes, stored, changes)
            if intent is None:
                return False
            stop = may_go()
            if stop is not None:
                await self._stopped(intent_id, Trigger.ABORT, stop)
                return False
            try:
                check_ticket(
                    ticket, intent.mode, connected_account, self._services.allowed_accounts
                )
            except WireGateError as error:
                self._services.alert(Severity.CRITICAL, str(error), ticket.order_ref)
                await self._stopped(intent_id, Trigger.DENY, str(error))
                return False
            placing()
            placed = await self._place(intent_id, ticket)
            if placed is None:
                return False
            await self._acknowledged(intent_id, placed, self._services.clock.monotonic() - started)
            return True
        finally:
            placing()

    async def _commit(
        self,
        intent_id: str,
        ticket: OrderTicket,
        quotes: dict[str, Any],
        stored: asyncio.Future[None] | None,
        changes: dict[str, Any],
    ) -> IntentRecord | None:
        try:
            committed = await self._ledger.commit(
                intent_id,
                {"side": ticket.side, "quotes": quotes},
                sent_at=self._services.clock.now(),
                order_type=ticket.order_type,
                limit_price=ticket.limit_price,
                quantity=ticket.quantity,
                **changes,
            )
            if stored is not None:
                await asyncio.shield(stored)
            return committed
        except UserError as error:
            self._services.alert(
                Severity.CRITICAL, f"{ticket.spread.symbol} was not sent: {error}", ticket.order_ref
            )
            try:
                await self._stopped(intent_id, Trigger.ABORT, f"not sent: {error}")
            except UserError:
                log.exception("the end of %s could not be journalled either", intent_id)
            return None

    async def _place(self, intent_id: str, ticket: OrderTicket) -> Placed | None:
        try:
            return await self._services.broker.place(ticket)
        except OrderWithdrawnError as error:
            if self._ledger.intent(intent_id).state is OrderState.SENDING:
                await self._stopped(intent_id, Trigger.ABORT, str(error))
        except UserError as error:
            state = self._ledger.intent(intent_id).state
            if states.legal(state, Trigger.REJECT) and state not in states.TERMINAL:
                await self._stopped(intent_id, Trigger.REJECT, str(error))
        except (TimeoutError, OSError) as error:
            state = self._ledger.intent(intent_id).state
            if state is OrderState.SENDING:
                reason = f"the broker did not answer ({error or 'time-out'}): fate unknown"
                lost = await self._ledger.move(intent_id, Trigger.LOSE, reason=reason)
                self._services.alert(
                    Severity.CRITICAL, trade_text("UNKNOWN", lost), f"{reason}; not sent again"
                )
                self._lost(lost)
        return None

    async def _acknowledged(self, intent_id: str, placed: Placed, latency: float) -> None:
        state = self._ledger.intent(intent_id).state
        changes: dict[str, Any] = {
            "order_id": placed.order_id,
            "perm_id": placed.perm_id,
            "acknowledged_at": self._services.clock.now(),
            "ack_latency_secs": latency,
        }
        if states.legal(state, Trigger.ACK):
            await self._ledger.move(intent_id, Trigger.ACK, **changes)
        rules = self._services.execution
        if latency > rules.critical_order_latency:
            self._services.alert(
                Severity.HIGH,
                f"Order latency {latency:.2f} s",
                f"above critical_order_latency {rules.critical_order_latency:g} s",
            )
        elif latency > rules.max_order_latency:
            log.warning(
                "order latency %.2f s is above max_order_latency %g s",
                latency,
                rules.max_order_latency,
            )

    async def _stopped(self, intent_id: str, trigger: Trigger, reason: str) -> None:
        moved = await self._ledger.move(intent_id, trigger, reason=reason)
        self._ended(moved)
