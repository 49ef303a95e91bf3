"""What the station asks of the trader, answered; none of it sends an order again."""

from __future__ import annotations

from decimal import Decimal

from vst_desktop.execution.freeze import Freezer
from vst_desktop.execution.orphans import Orphans
from vst_desktop.execution.repairs import Repair
from vst_desktop.execution.services import Services
from vst_desktop.execution.unknown import Unknowns


class Answers:
    """Answers to UNKNOWN orders, orphans and frozen positions; each raises ``UserError`` when it
    cannot be.

    Args:
        services: Dependencies.
        unknowns: Orders whose fate is not known.
        orphans: Orders that the journal does not know.
        freezer: Positions whose exits are frozen.
    """

    def __init__(
        self, services: Services, unknowns: Unknowns, orphans: Orphans, freezer: Freezer
    ) -> None:
        self._services = services
        self._unknowns = unknowns
        self._orphans = orphans
        self._freezer = freezer

    async def disown(self, intent_id: str) -> None:
        """The broker has no such UNKNOWN order."""
        with self._services.clock.work("disown"):
            await self._unknowns.absent(intent_id)

    async def adopt(self, intent_id: str, quantity: int, price: Decimal) -> None:
        """The UNKNOWN order was filled, so many spreads at that price a share."""
        with self._services.clock.work("adopt"):
            await self._unknowns.adopt(intent_id, quantity, price)

    async def cancel_orphan(self, order_ref: str) -> None:
        """Cancel an order with our mark that the journal does not know."""
        with self._services.clock.work("cancel orphan"):
            await self._orphans.cancel(order_ref)

    async def repairs(self, position_id: str) -> tuple[Repair, ...]:
        """The ways out of a broken spread, priced now; empty when its legs match."""
        with self._services.clock.work("repairs"):
            return await self._freezer.look(position_id)

    async def thaw(self, position_id: str) -> None:
        """Exits of a frozen position go again, by its restated plan where there is one."""
        with self._services.clock.work("thaw"):
            await self._freezer.thaw(position_id)
