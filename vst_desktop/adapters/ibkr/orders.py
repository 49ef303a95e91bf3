"""Orders of this client: sending, acknowledgement, refusal."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from vst_desktop.adapters.ibkr import convert, values
from vst_desktop.adapters.ibkr.codes import Kind, in_words, kind_of, remedy_of
from vst_desktop.adapters.ibkr.library import CommissionReport, Contract, Order
from vst_desktop.adapters.ibkr.library import Execution as IbExecution
from vst_desktop.adapters.ibkr.session import Session
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import (
    BrokerOrder,
    BrokerStatus,
    Commission,
    Execution,
    OrderPreview,
    OrderRejected,
    OrderTicket,
)
from vst_desktop.ports.broker import OrderWithdrawnError, Placed

log = logging.getLogger(__name__)

ACKNOWLEDGE_SECS = 5.0
REASON_SECS = 1.0
"""An order that is dead when first heard of is refused; its reason comes beside it."""

_NO_SUCH_CONTRACT = 200
_KILLED = 201
_ALIVE = (BrokerStatus.PRE_SUBMITTED, BrokerStatus.SUBMITTED)
_DEAD = (BrokerStatus.INACTIVE, BrokerStatus.CANCELLED, BrokerStatus.API_CANCELLED)
_OVER = (*_DEAD, BrokerStatus.FILLED)


def _not_sent(order_ref: str, reason: str, *, change: bool) -> OrderWithdrawnError:
    what = "the change of order" if change else "order"
    return OrderWithdrawnError(f"{what} {order_ref} was taken back before it was sent: {reason}")


OrderEvent = BrokerOrder | Execution | Commission | OrderRejected


@dataclass(slots=True)
class _Waiting:
    """Somebody waits for the answer to an order or a change of it."""

    limit: Decimal | None
    answer: asyncio.Future[int]
    change: bool
    note: str = ""

    def take(self, perm_id: int) -> None:
        if not self.answer.done():
            self.answer.set_result(perm_id)

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class Orders:
    """Sends orders and turns what TWS says of them into events.

    Args:
        client_id: Orders of other clients are told of, but never waited for.
        tell: Takes the events.
    """

    def __init__(self, client_id: int, tell: Callable[[OrderEvent], None]) -> None:
        self._client_id = client_id
        self._tell = tell
        self._refs: dict[int, str] = {}
        self._waiting: dict[int, _Waiting] = {}
        self._working: set[int] = set()

    async def place(self, session: Session, ticket: OrderTicket) -> Placed:
        """Send a new order and wait for its permId."""
        order_id = session.ib.client.getReqId()
        self._refs[order_id] = ticket.order_ref
        perm_id = await self._send(session, order_id, ticket, change=False)
        return Placed(order_id=order_id, perm_id=perm_id)

    async def modify(self, session: Session, order_id: int, ticket: OrderTicket) -> None:
        """Change the limit in place and wait until TWS shows the new one.

        Raises:
            UserError: TWS refused the change; the order is as it was unless an event says more.
            TimeoutError: No answer in time.
        """
        if order_id in self._waiting:
            raise UserError(f"order {ticket.order_ref} is being changed already")
        await self._send(session, order_id, ticket, change=True)

    async def preview(self, session: Session, ticket: OrderTicket) -> OrderPreview:
        """Ask what the order would cost; twice, because TWS may answer before it has reckoned.

        Raises:
            UserError: TWS refuses such an order.
            TimeoutError: No answer in time.
        """
        try:
            told = await self._preview(session, ticket)
        except TimeoutError:
            told = None
        if told is None or told.initial_margin_change is None:
            told = await self._preview(session, ticket)
        return told

    async def _preview(self, session: Session, ticket: OrderTicket) -> OrderPreview:
        order = convert.order(ticket, 0, self._client_id)
        state = await session.answer(
            lambda: session.ib.whatIfOrderAsync(convert.bag(ticket.spread), order),
            f"preview of order {ticket.order_ref}",
            ACKNOWLEDGE_SECS,
        )
        return convert.preview(state)

    def withdraw(self, session: Session, order_ref: str, reason: str) -> None:
        """Take back an order that still waits to be sent; nothing otherwise."""
        for order_id, waiting in self._waiting.items():
            mine = self._refs.get(order_id) == order_ref and not waiting.change
            if mine and session.withdraw(order_id):
                waiting.fail(_not_sent(order_ref, reason, change=False))

    def cancel(self, session: Session, order_id: int) -> None:
        """Ask to cancel; changes that still wait to be sent are dropped."""
        ref, waiting = self._refs.get(order_id, str(order_id)), self._waiting.get(order_id)
        if session.withdraw(order_id) and waiting is not None:
            waiting.fail(_not_sent(ref, "it is being cancelled", change=waiting.change))
            if not waiting.change:
                return
        # past ib_insync's own bookkeeping, which believes in cancels before TWS does
        session.ib.client.cancelOrder(order_id)  # type: ignore[no-untyped-call]

    def connection_lost(self) -> None:
        """Nobody will answer any more.

        The next connection tells its open orders anew; ids of the others may come again, as ids
        of requests, when TWS was reset.
        """
        self._refs.clear()
        self._working.clear()
        for waiting in self._waiting.values():
            waiting.fail(TimeoutError("the connection was lost"))

    async def _send(
        self, session: Session, order_id: int, ticket: OrderTicket, *, change: bool
    ) -> int:
        limit = ticket.limit_price
        if limit is not None and not limit.is_finite():
            raise UserError(f"limit price {limit} of order {ticket.order_ref} is no number")
        contract = convert.bag(ticket.spread)
        order = convert.order(ticket, order_id, self._client_id)
        waiting = _Waiting(limit, asyncio.get_running_loop().create_future(), change)
        self._waiting[order_id] = waiting
        try:
            if change:
                # ib_insync would refuse a change of what it wrongly believes to be done
                session.ib.client.placeOrder(order_id, contract, order)  # type: ignore[no-untyped-call]
            else:
                session.ib.placeOrder(contract, order)
            return await asyncio.wait_for(waiting.answer, ACKNOWLEDGE_SECS)
        except TimeoutError as error:
            if session.withdraw(order_id):
                why = str(error) or f"{ACKNOWLEDGE_SECS:g} s behind other messages"
                raise _not_sent(ticket.order_ref, why, change=change) from None
            why = str(error) or waiting.note
            raise TimeoutError(
                f"no acknowledgement of order {ticket.order_ref}" + (f": {why}" if why else "")
            ) from None
        except ConnectionError:
            raise UserError(
                f"order {ticket.order_ref} was not sent: the connection is lost"
            ) from None
        finally:
            self._waiting.pop(order_id, None)

    # -- what TWS says

    def on_order(
        self, contract: Contract, order: Order, status: str, filled: float, average: float
    ) -> None:
        """An order as it stands."""
        if status not in BrokerStatus:
            log.info("order %s has the status %r, which is none of TWS's", order.orderId, status)
            return
        told = convert.broker_order(contract, order, status, filled, average)
        if told.client_id == self._client_id and told.order_id > 0:
            if told.order_ref:
                self._refs[told.order_id] = told.order_ref
            if told.status in _ALIVE:
                self._working.add(told.order_id)
            self._acknowledge(told)
        self._tell(told)

    def _acknowledge(self, told: BrokerOrder) -> None:
        waiting = self._waiting.get(told.order_id)
        if waiting is None or not told.perm_id:
            return
        if told.status in _DEAD and not told.filled and not waiting.change:
            asyncio.get_running_loop().call_later(REASON_SECS, waiting.take, told.perm_id)
        elif not waiting.change or told.limit_price == waiting.limit or told.status in _OVER:
            waiting.take(told.perm_id)

    def on_execution(self, contract: Contract, execution: IbExecution) -> None:
        """A fill, of the combo or of one leg."""
        self._tell(convert.execution(contract, execution))

    def on_commission(self, report: CommissionReport) -> None:
        """Commission of one execution; may come again with the same id."""
        paid = values.number(report.commission)
        if report.execId and paid is not None:
            self._tell(Commission(exec_id=report.execId, commission_usd=Decimal(str(paid))))

    def on_error(self, order_id: int, code: int, text: str) -> bool:
        """Take what concerns an order of ours; False when it is something else."""
        ref = self._refs.get(order_id)
        if ref is None:
            return False
        waiting, kind = self._waiting.get(order_id), kind_of(code)
        if waiting is not None:
            waiting.note = f"{text} ({code})"
        refused = kind is Kind.REJECTED or code == _NO_SUCH_CONTRACT
        if refused or (kind is Kind.UNCHANGED and waiting is not None):
            if waiting is not None:
                waiting.fail(
                    UserError(
                        f"IBKR refused the {'change' if waiting.change else 'order'} "
                        f"{in_words(code, text)}",
                        where=f"order {ref}",
                        remedy=remedy_of(code),
                    )
                )
            # an order that works survives the refusal of a change or a cancel, however late
            working = order_id in self._working and code != _KILLED
            if not working and (waiting is None or not waiting.change):
                self._tell(OrderRejected(order_ref=ref, order_id=order_id, code=code, text=text))
        return True
