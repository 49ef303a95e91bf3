"""Commands about single orders and positions, beside those of every day."""

from __future__ import annotations

from decimal import Decimal

from vst_desktop.execution.desk import Desk


class Trading:
    """Implements :class:`vst_desktop.station.api.TradingApi`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def reorder(self, intent_ids: list[str]) -> None:
        """Put waiting approvals into this order."""
        await self._desk.reorder(intent_ids)

    async def rehearse(self) -> None:
        """Rehearse the queue now."""
        await self._desk.rehearse()

    async def disown(self, intent_id: str) -> None:
        """The broker has no such UNKNOWN order, the trader says."""
        await self._desk.answers.disown(intent_id)

    async def adopt(self, intent_id: str, quantity: int, price: Decimal) -> None:
        """The UNKNOWN order was filled so, the trader says."""
        await self._desk.answers.adopt(intent_id, quantity, price)

    async def cancel_orphan(self, order_ref: str) -> None:
        """Cancel an order that the journal does not know."""
        await self._desk.answers.cancel_orphan(order_ref)

    async def thaw(self, position_id: str) -> None:
        """The trader has looked at a frozen position."""
        await self._desk.answers.thaw(position_id)
