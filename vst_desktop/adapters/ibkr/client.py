"""ib_insync's client with our pacing, and the raw order messages passed on as they come.

ib_insync flips its own trade status on many harmless codes and drops executions of orders it
does not remember, so what counts here are the messages themselves.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vst_desktop.adapters.ibkr.decoder import CheckedDecoder
from vst_desktop.adapters.ibkr.library import (
    IB,
    NAME,
    Client,
    CommissionReport,
    Contract,
    Execution,
    Order,
    OrderState,
    Wrapper,
)
from vst_desktop.adapters.ibkr.pacing import Governor
from vst_desktop.domain.quotes import DataType

log = logging.getLogger(__name__)

_LENGTH_BYTES = 4
_DELAYED_PRICES = range(66, 77)
_MOST_UNREAD_BYTES = 16 * 1024 * 1024
"""No message of TWS comes near it: what claims to be longer is no message."""

# Its warnings are farm notices, and every refused request; ours is the judge of what is a fault.
for _quiet in ("client", "ib", "wrapper"):
    logging.getLogger(f"{NAME}.{_quiet}").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Who is told of the messages that TWS sends unasked, in their order."""

    order: Callable[[Contract, Order, str, float, float], None]
    """Contract, order, status, quantity filled and its average price."""
    execution: Callable[[Contract, Execution], None]
    commission: Callable[[CommissionReport], None]
    error: Callable[[int, int, str], None]
    """Id of the request or order (-1 for none), code and sentence."""
    unreadable: Callable[[int, str], None]
    """Id of a message that could not be read as it stands (-1 for none), and why."""


class RawWrapper(Wrapper):
    """Tells the listener of every order message, after ib_insync took it.

    Also marks a line as delayed that gets delayed ticks, whether or not TWS said so before.
    """

    def __init__(self, ib: IB, listener: Listener) -> None:
        super().__init__(ib)  # type: ignore[no-untyped-call]
        self._listener = listener

    def connectionClosed(self) -> None:  # noqa: N802
        """The socket is closed; who still waits is told, and who gave up is not missed."""
        waiting = tuple(self._futures.values())
        super().connectionClosed()  # type: ignore[no-untyped-call]
        for future in waiting:
            if future.done() and not future.cancelled():
                future.exception()

    def priceSizeTick(  # noqa: N802
        self,
        reqId: int,  # noqa: N803
        tickType: int,  # noqa: N803
        price: float,
        size: float,
    ) -> None:
        """A price with its size."""
        if tickType in _DELAYED_PRICES:
            line = self.reqId2Ticker.get(reqId)
            if line is not None and line.marketDataType == DataType.LIVE:
                line.marketDataType = DataType.DELAYED
        super().priceSizeTick(reqId, tickType, price, size)

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
            self._listener.order(contract, order, orderState.status, filled, average)

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
            self._listener.order(trade.contract, trade.order, status, filled, avgFillPrice)

    def execDetails(  # noqa: N802
        self,
        reqId: int,  # noqa: N803
        contract: Contract,
        execution: Execution,
    ) -> None:
        """An execution: told when it comes unasked; answers go to who asked."""
        asked = reqId in self._futures
        super().execDetails(reqId, contract, execution)
        if not asked:
            self._listener.execution(contract, execution)

    def commissionReport(self, commissionReport: CommissionReport) -> None:  # noqa: N802, N803
        """Commission of an execution."""
        super().commissionReport(commissionReport)
        self._listener.commission(commissionReport)

    def error(
        self,
        reqId: int,  # noqa: N803
        errorCode: int,  # noqa: N803
        errorString: str,  # noqa: N803
        advancedOrderRejectJson: str,  # noqa: N803
    ) -> None:
        """An error or a notice."""
        super().error(reqId, errorCode, errorString, advancedOrderRejectJson)
        self._listener.error(reqId, errorCode, errorString)


class PacedClient(Client):
    """Sends through a governor instead of ib_insync's own throttle, which knows no urgency."""

    def __init__(
        self, wrapper: Wrapper, messages_per_second: int, unreadable: Callable[[int, str], None]
    ) -> None:
        loop = asyncio.get_running_loop()
        self._governor = Governor(
            self._send_now, messages_per_second, now=loop.time, call_later=loop.call_later
        )
        super().__init__(wrapper)  # type: ignore[no-untyped-call]
        self.decoder: CheckedDecoder = CheckedDecoder(wrapper, unreadable)
        self._unreadable = unreadable
        self._placing: int | None = None

    def placeOrder(self, orderId: int, contract: Contract, order: Order) -> None:  # noqa: N802, N803
        """Queue a new order or a change of one."""
        self._placing = orderId
        try:
            super().placeOrder(orderId, contract, order)  # type: ignore[no-untyped-call]
        finally:
            self._placing = None

    def withdraw(self, order_id: int) -> bool:
        """Drop the order, or changes of it, that are not sent yet; whether there were any."""
        return self._governor.withdraw(order_id)

    def sendMsg(self, msg: str) -> None:  # noqa: N802
        """Queue one message."""
        self._governor.submit(msg, self._placing)

    def reset(self) -> None:
        """Back to the state before a connection."""
        self._governor.clear()
        super().reset()  # type: ignore[no-untyped-call]

    def _onSocketHasData(self, data: bytes) -> None:  # noqa: N802
        """Read what came: by ib_insync until the session stands, then without its copies."""
        if self._apiReady:
            self._read(data)
        else:
            try:
                super()._onSocketHasData(data)  # type: ignore[no-untyped-call]
            except Exception as error:
                self._unreadable(-1, f"handshake: {type(error).__name__}: {error}")
                self.conn.disconnect()  # type: ignore[no-untyped-call]
        if len(self._data) > _MOST_UNREAD_BYTES:
            self._unreadable(-1, f"a message of more than {_MOST_UNREAD_BYTES} bytes")
            self._data = b""
            self.conn.disconnect()  # type: ignore[no-untyped-call]

    def _read(self, data: bytes) -> None:
        self._numBytesRecv += len(data)
        self.wrapper.tcpDataArrived()
        buffer = self._data + data if self._data else data
        at, end = 0, len(buffer)
        while end - at > _LENGTH_BYTES:
            begin = at + _LENGTH_BYTES
            until = begin + int.from_bytes(buffer[at:begin])
            if until > end:
                break
            fields = buffer[begin:until].decode(errors="backslashreplace").split("\0")
            fields.pop()
            self._numMsgRecv += 1
            self.decoder.interpret(fields)
            at = until
        if self._apiReady:
            self._data = buffer[at:]
        self.wrapper.tcpDataProcessed()

    def _send_now(self, msg: str) -> None:
        self.conn.sendMsg(self._prefix(msg.encode()))  # type: ignore[no-untyped-call]


def make_client(listener: Listener, messages_per_second: int) -> IB:
    """A client for one connection; made anew for each."""
    ib = IB()  # type: ignore[no-untyped-call]
    ib.client.apiEnd -= ib.disconnectedEvent
    # it would subscribe to the account summary at each 1102, which nobody here reads
    ib.errorEvent -= ib._onError
    ib.wrapper = RawWrapper(ib, listener)
    ib.client = PacedClient(ib.wrapper, messages_per_second, listener.unreadable)
    ib.client.apiEnd += ib.disconnectedEvent
    ib.RaiseRequestErrors = True
    return ib
