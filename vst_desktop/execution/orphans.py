"""Orders at the broker with this station's mark that its journal does not know (SPEC 7)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import BrokerOrder, BrokerStatus, OrderState, Side
from vst_desktop.execution import states
from vst_desktop.execution.approvals import REF_PREFIX
from vst_desktop.execution.decisions import BROKER, TRADER
from vst_desktop.execution.services import Services
from vst_desktop.execution.states import Trigger

_TRIGGERS = {
    BrokerStatus.FILLED: Trigger.FILL,
    BrokerStatus.CANCELLED: Trigger.CANCEL,
    BrokerStatus.API_CANCELLED: Trigger.CANCEL,
    BrokerStatus.INACTIVE: Trigger.REJECT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphan:
    """One such order as the broker tells of it; ``order_id`` 0 where it does not tell."""

    order_ref: str
    order_id: int
    perm_id: int
    symbol: str
    side: Side
    quantity: Decimal
    filled: Decimal
    state: OrderState


class Orphans:
    """Found, journalled, told once, followed to their end; cancelled only by the trader.

    Args:
        services: Dependencies.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._found: dict[str, Orphan] = {}

    def all(self) -> tuple[Orphan, ...]:
        """Those found in this run, in the order they were found."""
        return tuple(self._found.values())

    def knows(self, order_ref: str) -> bool:
        """Whether an order by this reference was found."""
        return order_ref in self._found

    async def see(self, order: BrokerOrder) -> None:
        """Take news of an order that no record of ours stands behind."""
        if not order.order_ref.startswith(REF_PREFIX):
            return
        known = self._found.get(order.order_ref)
        if known is None:
            known = await self._find(order)
        trigger = _TRIGGERS.get(order.status)
        if trigger is None or not states.legal(known.state, trigger):
            return
        ended = replace(known, state=states.after(known.state, trigger), filled=order.filled)
        if ended.state is not known.state:
            await self._keep(ended, trigger, BROKER)

    async def cancel(self, order_ref: str) -> None:
        """Ask the broker to cancel one; the outcome comes as its news.

        Raises:
            UserError: There is none, it is over, or the broker refuses.
        """
        orphan = self._found.get(order_ref)
        if orphan is None or orphan.state is not OrderState.ORPHAN or not orphan.order_id:
            raise UserError(
                f"there is no orphan order {order_ref} that could be cancelled",
                remedy="look for it in TWS",
            )
        await self._services.journal.record("orphan cancel asked", by=TRADER, order_ref=order_ref)
        try:
            await self._services.broker.cancel(orphan.order_id)
        except TimeoutError:
            raise UserError(
                f"the broker did not answer the cancel of {order_ref}", remedy="cancel it in TWS"
            ) from None

    async def _find(self, order: BrokerOrder) -> Orphan:
        state = states.after(OrderState.DRAFT, Trigger.FIND)
        orphan = Orphan(
            order_ref=order.order_ref,
            order_id=order.order_id,
            perm_id=order.perm_id,
            symbol=order.symbol,
            side=order.side,
            quantity=order.quantity,
            filled=order.filled,
            state=state,
        )
        self._services.alert(
            Severity.CRITICAL,
            f"ORPHAN order {order.order_ref} at the broker",
            f"{order.side} {order.quantity} {order.symbol}, permId {order.perm_id}: it carries "
            "this station's mark and is not in the journal; cancel it here, or look at it in TWS",
        )
        await self._keep(orphan, Trigger.FIND, BROKER)
        return orphan

    async def _keep(self, orphan: Orphan, trigger: Trigger, by: str) -> None:
        self._found[orphan.order_ref] = orphan
        self._services.on_change()
        await self._services.journal.record(
            f"orphan {trigger.value}",
            by=by,
            order_ref=orphan.order_ref,
            perm_id=orphan.perm_id,
            symbol=orphan.symbol,
            state=orphan.state,
        )
