"""The trader's answer to an UNKNOWN order. Whatever it is, nothing is sent again (SPEC 7)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import Execution, OrderState, Purpose
from vst_desktop.execution.decisions import TRADER
from vst_desktop.execution.fills import Fills
from vst_desktop.execution.ledger import Ledger, position_of
from vst_desktop.execution.reconcile import Reconciler
from vst_desktop.execution.services import Services
from vst_desktop.execution.states import Trigger
from vst_desktop.ports.broker import BrokerBook
from vst_desktop.ports.store import IntentRecord
from vst_desktop.risk.limits import leg_quantities


class Unknowns:
    """Two answers, each held against the broker's book of this moment.

    Args:
        services: Dependencies.
        ledger: The book.
        fills: Books what was adopted.
        reconciler: Reads the broker's book and applies it.
        ended: Called when an order has reached its end here.
    """

    def __init__(
        self,
        services: Services,
        ledger: Ledger,
        fills: Fills,
        reconciler: Reconciler,
        ended: Callable[[IntentRecord], None],
    ) -> None:
        self._services = services
        self._ledger = ledger
        self._fills = fills
        self._reconciler = reconciler
        self._ended = ended

    async def absent(self, intent_id: str) -> None:
        """The trader looked: the broker has no such order. It ends as cancelled.

        Raises:
            UserError: The order is not UNKNOWN, or the broker does know it.
        """
        intent, book = await self._looked(intent_id)
        held = min(leg_quantities(intent.spread, book.positions, intent.account))
        if intent.purpose is Purpose.ENTRY and held > self._owned(intent):
            raise UserError(
                f"{intent.spread.symbol} {intent.spread.label()} is held at the broker: {held}",
                remedy="adopt it, or close it in TWS first",
            )
        moved = await self._ledger.move(
            intent_id,
            Trigger.DISOWN,
            {"by": TRADER},
            reason="not at the broker, by the trader's word; not sent again",
        )
        self._ended(moved)

    async def adopt(self, intent_id: str, quantity: int, price: Decimal) -> None:
        """The trader looked: the order was filled, so many spreads at that price a share.

        Raises:
            UserError: The order is not UNKNOWN, the figures cannot be, or the broker's positions
                contradict them.
        """
        intent, book = await self._looked(intent_id)
        if not 1 <= quantity <= intent.quantity or not 0 < price < intent.spread.width:
            raise UserError(
                f"{quantity} spreads at {price} cannot be what {intent.order_ref} was filled with",
                remedy=f"up to {intent.quantity}, above 0 and below {intent.spread.width}",
            )
        held = min(leg_quantities(intent.spread, book.positions, intent.account))
        owned = self._owned(intent)
        entry = intent.purpose is Purpose.ENTRY
        if (held < owned + quantity) if entry else (held > owned - quantity):
            raise UserError(
                f"the broker holds {held} of {intent.spread.symbol} {intent.spread.label()}, "
                f"which {quantity} {'opened' if entry else 'closed'} do not explain",
                remedy="look at the legs in TWS",
            )
        await self._services.journal.record(
            "adopted", by=TRADER, intent_id=intent_id, quantity=quantity, price=price
        )
        await self._fills.on_execution(
            Execution(
                exec_id=f"status-{intent.order_ref}-trader.01",
                order_ref=intent.order_ref,
                order_id=intent.order_id,
                perm_id=intent.perm_id,
                account=intent.account,
                symbol=intent.spread.symbol,
                con_id=0,
                is_combo=True,
                side=intent.side,
                quantity=Decimal(quantity),
                price=price,
                time=self._services.clock.now(),
            )
        )
        if self._ledger.intent(intent_id).state is not OrderState.FILLED:
            moved = await self._ledger.move(
                intent_id,
                Trigger.DISOWN,
                {"by": TRADER},
                reason=f"{quantity} of {intent.quantity} adopted by the trader's word",
            )
            self._ended(moved)

    async def _looked(self, intent_id: str) -> tuple[IntentRecord, BrokerBook]:
        """The intent, still UNKNOWN after the broker's book was read and applied once more."""
        book = await self._reconciler.look(self._unknown(intent_id))
        intent = self._unknown(intent_id)
        return intent, book

    def _unknown(self, intent_id: str) -> IntentRecord:
        try:
            intent = self._ledger.intent(intent_id)
        except KeyError:
            raise UserError(f"there is no order {intent_id}") from None
        if intent.state is not OrderState.UNKNOWN:
            raise UserError(
                f"{intent.order_ref} is not unknown: {intent.state}",
                remedy="its row tells what became of it",
            )
        return intent

    def _owned(self, intent: IntentRecord) -> int:
        """Spreads on the same legs that the book holds; an exit's own position included."""
        own = None if intent.purpose is Purpose.EXIT else position_of(intent)
        return sum(
            p.quantity
            for p in self._ledger.positions()
            if p.spread == intent.spread and p.position_id != own
        )
