"""Orders that carry a reference of ours under a second permanent id.

A change that was lost and sent again by TWS, or half taken, can leave the old order working beside
a new one (field guide E8). One approval is one order: the one that was acknowledged first stays,
every other is cancelled and told.
"""

from __future__ import annotations

import logging

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import BrokerOrder, BrokerStatus
from vst_desktop.execution.services import Services
from vst_desktop.ports.store import IntentRecord

log = logging.getLogger(__name__)

_OVER = (
    BrokerStatus.FILLED,
    BrokerStatus.CANCELLED,
    BrokerStatus.API_CANCELLED,
    BrokerStatus.INACTIVE,
)


class Twins:
    """Finds and ends them."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._told: set[int] = set()

    async def takes(self, intent: IntentRecord, order: BrokerOrder) -> bool:
        """Whether this is news of a twin, which is dealt with here and changes no record.

        Its executions carry our reference and count wherever executions do.
        """
        if not intent.perm_id or order.perm_id in (0, intent.perm_id):
            return False
        if order.perm_id in self._told:
            return True
        self._told.add(order.perm_id)
        is_over = order.status in _OVER
        self._services.alert(
            Severity.CRITICAL,
            f"Trade ERROR: {intent.spread.symbol} has two orders at the broker",
            f"permId {order.perm_id} has the reference of permId {intent.perm_id}; "
            + ("it is over" if is_over else "it is being cancelled: look in TWS that it is gone"),
        )
        if not is_over:
            try:
                await self._services.broker.cancel(order.order_id)
            except (UserError, TimeoutError) as error:
                log.warning("the twin with permId %s is not cancelled: %s", order.perm_id, error)
        return True
