"""ib_insync's client with the raw order messages passed on as they come.

ib_insync flips its own trade status on many harmless codes, so its status is a hint only: what
counts here are the ``orderStatus`` and ``openOrder`` messages themselves.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from ib_insync import IB, Contract, Order
from ib_insync.client import Client
from ib_insync.order import OrderState
from ib_insync.wrapper import Wrapper

OrderListener = Callable[[Contract, Order, str, float, float], None]

# Farm notices and order notes arrive here as warnings; ours is the judge of what is one.
logging.getLogger("ib_insync").setLevel(logging.CRITICAL)
logging.getLogger("eventkit").setLevel(logging.CRITICAL)


class RawWrapper(Wrapper):
    """Tells every order message to a listener, after ib_insync took it."""

    def __init__(self, ib: IB, listener: OrderListener) -> None:
        super().__init__(ib)  # type: ignore[no-untyped-call]
        self._listener = listener

    def openOrder(  # noqa: N802
        self,
        orderId: int,  # noqa: N803
        contract: Contract,
        order: Order,
        orderState: OrderState,  # noqa: N803
    ) -> None:
        """An order as it stands."""
        super().openOrder(orderId, contract, order, orderState)
        if not order.whatIf:
            known = self.trades.get(self.orderKey(order.clientId, orderId, order.permId))
            filled = known.orderStatus.filled if known else 0.0
            average = known.orderStatus.avgFillPrice if known else 0.0
            order.orderId = orderId
            self._listener(contract, order, orderState.status, filled, average)

    def orderStatus(  # noqa: N802
        self,
        orderId: int,  # noqa: N803
        status: str,
        filled: float,
        remaining: float,
        avgFillPrice: float,  # noqa: N803
        permId: int,  # noqa: N803
        *rest: Any,
    ) -> None:
        """An order's status."""
        super().orderStatus(orderId, status, filled, remaining, avgFillPrice, permId, *rest)
        client_id = rest[2]
        trade = self.trades.get(self.orderKey(client_id, orderId, permId))
        if trade is not None:
            trade.order.permId = trade.order.permId or permId
            self._listener(trade.contract, trade.order, status, filled, avgFillPrice)


def make_client(listener: OrderListener, messages_per_second: int) -> IB:
    """A client for one connection; made anew for each."""
    ib = IB()  # type: ignore[no-untyped-call]
    ib.client.apiEnd -= ib.disconnectedEvent
    ib.wrapper = RawWrapper(ib, listener)
    ib.client = Client(ib.wrapper)  # type: ignore[no-untyped-call]
    ib.client.apiEnd += ib.disconnectedEvent
    ib.client.MaxRequests = messages_per_second
    ib.RaiseRequestErrors = True
    return ib
