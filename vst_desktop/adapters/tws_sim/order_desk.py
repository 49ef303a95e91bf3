"""Orders of one session: placing, cancelling, lists, and the live events of its own orders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from vst_desktop.adapters.tws_sim import codes
from vst_desktop.adapters.tws_sim.codes import Refusal
from vst_desktop.adapters.tws_sim.conditions import WhatIf
from vst_desktop.adapters.tws_sim.events import (
    CommissionKnown,
    ExchangeEvent,
    Executed,
    OrderChanged,
    OrderNoted,
    PositionChanged,
)
from vst_desktop.adapters.tws_sim.link import Handler, Link, World, error, refuse
from vst_desktop.adapters.tws_sim.messages import account as account_messages
from vst_desktop.adapters.tws_sim.messages import order_in, order_out, requests
from vst_desktop.adapters.tws_sim.orders import Execution, Order
from vst_desktop.adapters.tws_sim.timing import day_of, parse_moment
from vst_desktop.adapters.tws_sim.wire import Fields, encode

_LIVE = -1
_ORDER_BOUND = 144
_SIDES = {"BUY": True, "BOT": True, "SELL": False, "SLD": False}


class OrderDesk:
    """Order messages of one session.

    Live updates go to the client that placed the order and to the master client; of orders placed
    in TWS's own window to client 0 once it has asked for them.
    """

    def __init__(self, link: Link, world: World) -> None:
        self._link = link
        self._world = world
        self._exchange = world.exchange
        self._binds = False
        self._previewed = False
        self._bound: set[int] = set()
        self._told: set[int] = set()

    @property
    def handlers(self) -> Mapping[int, Handler]:
        """Requests answered here, by message id."""
        return {
            3: self._place,
            4: self._cancel,
            5: self._own_open_orders,
            7: self._executions,
            8: self._next_id,
            15: self._bind_automatically,
            16: self._all_open_orders,
            58: self._cancel_all,
            99: self._completed_orders,
        }

    def on_event(self, event: ExchangeEvent) -> None:
        """Tell the client what happened to its orders."""
        version = self._link.server_version
        match event:
            case OrderChanged(order=order) if self._hears(order):
                order = self._numbered(self._named(order))
                if event.with_open_order:
                    self._link.send(order_out.open_order(order, version))
                if event.with_status:
                    self._link.send(order_out.order_status(order, version))
            case OrderNoted(order=order, notice=notice) if self._hears(order):
                error(self._link, self._named(order).order_id, notice.code, notice.text)
            case Executed(execution=execution) if self._hears(execution.order):
                execution = replace(execution, order=self._named(execution.order))
                self._link.send(order_out.execution(_LIVE, execution, version))
            case CommissionKnown(execution=execution) if self._hears(execution.order):
                self._link.send(order_out.commission_report(execution))
            case OrderChanged() | OrderNoted() | Executed() | CommissionKnown() | PositionChanged():
                pass

    def _owns(self, order: Order) -> bool:
        return order.client_id == self._link.client_id

    def _hears(self, order: Order) -> bool:
        """Whether live updates of an order go to this client."""
        if self._link.client_id == self._world.master_client_id:
            return True
        return self._owns(order) and (not order.ticket.manual or self._binds)

    def _numbered(self, order: Order) -> Order:
        """An order whose permanent id is told late has none in its first news."""
        if not self._world.conditions.perm_id_late or order.perm_id in self._told:
            return order
        self._told.add(order.perm_id)
        return replace(order, perm_id=0)

    def _named(self, order: Order) -> Order:
        """An order as this client knows it: one that was placed by hand has id 0 but for client 0,
        which is told of the id once."""
        if not order.ticket.manual:
            return order
        if self._link.client_id != 0:
            return replace(order, ticket=replace(order.ticket, order_id=0))
        if order.perm_id not in self._bound:
            self._bound.add(order.perm_id)
            if self._link.server_version >= _ORDER_BOUND:
                self._link.send(encode((100, order.perm_id, 0, order.order_id)))
        return order

    def _place(self, fields: Fields) -> None:
        version = self._link.server_version
        ticket = order_in.place_order(fields, version)
        kind = self._world.conditions.what_if
        try:
            if ticket.what_if and kind is WhatIf.ERROR:
                raise Refusal(codes.ORDER_REJECTED, codes.rejected("Margin cannot be computed."))
            preview = self._exchange.submit(self._link.client_id, ticket)
        except Refusal as refusal:
            refuse(self._link, ticket.order_id, refusal)
            return
        if preview is None or kind is WhatIf.NEVER:
            return
        if kind is WhatIf.EARLY and not self._previewed:
            self._previewed = True
            self._link.send(order_out.early_preview(preview, version))
            return
        self._previewed = False
        self._link.send(order_out.preview(preview, version))

    def _cancel(self, fields: Fields) -> None:
        fields.integer()
        order_id = fields.integer()
        try:
            self._exchange.cancel(self._link.client_id, order_id)
        except Refusal as refusal:
            refuse(self._link, order_id, refusal)

    def _cancel_all(self, _fields: Fields) -> None:
        self._exchange.cancel_all()

    def _next_id(self, _fields: Fields) -> None:
        self._link.send(account_messages.next_valid_id(self._exchange.next_order_id()))

    def _own_open_orders(self, _fields: Fields) -> None:
        self._binds = True
        self._list([order for order in self._exchange.working if self._owns(order)])

    def _all_open_orders(self, _fields: Fields) -> None:
        self._list(self._exchange.working)

    def _bind_automatically(self, fields: Fields) -> None:
        fields.integer()
        wanted = fields.flag()
        if self._link.client_id == 0:
            self._binds = wanted
        else:
            error(
                self._link,
                codes.NO_ID,
                codes.VALIDATION,
                codes.invalid("only client 0 can bind orders automatically"),
            )

    def _list(self, orders: list[Order]) -> None:
        for order in map(self._named, orders):
            self._link.send(order_out.open_order(order, self._link.server_version))
            self._link.send(order_out.order_status(order, self._link.server_version))
        self._link.send(encode((53, 1)))

    def _completed_orders(self, _fields: Fields) -> None:
        today = day_of(self._world.clock.now())
        for order in self._exchange.orders:
            if order.completed_at is not None and day_of(order.completed_at) == today:
                self._link.send(order_out.completed_order(order, self._link.server_version))
        self._link.send(encode((102,)))

    def _executions(self, fields: Fields) -> None:
        wanted = requests.executions(fields)
        try:
            found = [
                replace(one, order=self._named(one.order))
                for one in self._exchange.executions
                if self._fits(one, wanted)
            ]
        except ValueError as wrong:
            error(self._link, wanted.req_id, codes.VALIDATION, codes.invalid(str(wrong)))
            return
        for one in found:
            self._link.send(order_out.execution(wanted.req_id, one, self._link.server_version))
        self._link.send(encode((55, 1, wanted.req_id)))
        for one in found:
            if one.commission_usd is not None:
                self._link.send(order_out.commission_report(one))

    def _fits(self, one: Execution, wanted: requests.ExecutionFilter) -> bool:
        """Whether an execution of today is asked for."""
        return (
            day_of(one.at) == day_of(self._world.clock.now())
            and wanted.client_id in (0, one.order.client_id)
            and wanted.account in ("", one.order.account)
            and wanted.symbol in ("", one.contract.symbol)
            and wanted.sec_type in ("", one.contract.sec_type)
            and wanted.exchange in ("", one.contract.exchange)
            and (not wanted.side or _SIDES.get(wanted.side.upper()) == one.bought)
            and (not wanted.time or one.at >= parse_moment(wanted.time))
        )
