"""The broker behind the wire: takes orders, matches them, and keeps executions and holdings."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from vst_desktop.adapters.tws_sim import checks, codes, pricing
from vst_desktop.adapters.tws_sim.accounts import Accounts
from vst_desktop.adapters.tws_sim.codes import Notice, Refusal
from vst_desktop.adapters.tws_sim.conditions import Conditions
from vst_desktop.adapters.tws_sim.contracts import ContractBook, combo, traded
from vst_desktop.adapters.tws_sim.events import (
    CommissionKnown,
    ExchangeEvent,
    Executed,
    OrderChanged,
    OrderNoted,
    PositionChanged,
)
from vst_desktop.adapters.tws_sim.funds import Funds
from vst_desktop.adapters.tws_sim.ledger import Trade
from vst_desktop.adapters.tws_sim.matching import Matcher, Matching, at_net
from vst_desktop.adapters.tws_sim.orders import Execution, Order, Preview, Status, Ticket
from vst_desktop.adapters.tws_sim.timing import EASTERN, Hours, SimTime, TimerHandle
from vst_desktop.adapters.tws_sim.trades import Trades
from vst_desktop.adapters.tws_sim.world import Instrument, Market


class Exchange:
    """Orders, executions and accounts of one simulator. Everything happens on one thread.

    Whoever wants to know what happens adds a function with :meth:`listen`; events come in the
    order TWS gives them.
    """

    def __init__(
        self,
        market: Market,
        clock: SimTime,
        hours: Hours,
        book: ContractBook,
        accounts: Accounts,
        *,
        first_perm_id: int,
        seed: int,
        matching: Matching | None = None,
        strict: bool = False,
        conditions: Conditions | None = None,
    ) -> None:
        self._market = market
        self._clock = clock
        self._hours = hours
        self._book = book
        self.accounts = accounts
        self._orders: dict[tuple[int, int], Order] = {}
        self._perm_ids = itertools.count(first_perm_id)
        self._strict = strict
        self._conditions = conditions or Conditions()
        self.after_fill: Callable[[], None] | None = None
        """Called after each trade."""
        self._funds = Funds(market, accounts, clock)
        self._matcher = Matcher(matching or Matching(), seed)
        self._trades = Trades(accounts, first=first_perm_id, seed=seed)
        self._highest_id: dict[int, int] = {}
        self._listeners: list[Callable[[ExchangeEvent], None]] = []
        self._bell: TimerHandle | None = None

    def listen(self, listener: Callable[[ExchangeEvent], None]) -> Callable[[], None]:
        """Call ``listener`` with every event; the answer ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @property
    def orders(self) -> list[Order]:
        """Every order of this run, oldest first."""
        return list(self._orders.values())

    @property
    def working(self) -> list[Order]:
        """Orders that can still trade."""
        return [order for order in self._orders.values() if not order.status.is_done]

    @property
    def executions(self) -> list[Execution]:
        """Every execution of this run, oldest first."""
        return self._trades.executions

    def next_order_id(self) -> int:
        """An order id that no client has used."""
        if self._conditions.stale_next_id:
            return 1
        return max(self._highest_id.values(), default=0) + 1

    def submit(self, client_id: int, ticket: Ticket) -> Preview | None:
        """Take, modify or preview an order; the figures when it was a preview.

        Raises:
            Refusal: The order is not taken, or not modified, or cannot be previewed.
        """
        order = self._read(client_id, ticket)
        old = self._orders.get(order.key)
        if ticket.what_if:
            return self._funds.preview(order)
        if old is not None:
            checks.modification(old, order)
            if not self._conditions.change_twins:
                self._modify(old, order)
                return None
            ticket = replace(ticket, order_id=self.next_order_id())
            order = replace(order, ticket=replace(order.ticket, order_id=ticket.order_id))
        if not ticket.manual and ticket.order_id <= self._highest_id.get(client_id, 0):
            raise Refusal(codes.DUPLICATE_ORDER_ID, "Duplicate order id")
        self._funds.check(order)
        if not ticket.manual:
            self._highest_id[client_id] = ticket.order_id
        self._accept(replace(order, perm_id=next(self._perm_ids)), checks.remarks(ticket))
        return None

    def cancel(self, client_id: int, order_id: int) -> None:
        """Cancel an order of this client.

        Raises:
            Refusal: It is unknown (10147) or done (10148), perhaps just now.
        """
        order = self._orders.get((client_id, order_id))
        if order is None:
            raise Refusal(
                codes.CANCEL_UNKNOWN, f"OrderId {order_id} that needs to be cancelled is not found."
            )
        if order.status.is_done:
            raise checks.cannot_cancel(order)
        late = self._conditions.cancels_late or self._matcher.races()
        after = self._conditions.fills_after_cancel
        if not (late or after) or not self._hours.is_open(self._clock.now()):
            self._end(order, "")
            return
        if after:
            self._end(order, "")
        self._fill_late(order)
        if not after:
            raise checks.cannot_cancel(self._orders[order.key])

    def cancel_all(self) -> None:
        """Cancel every working order, whoever placed it."""
        for order in self.working:
            self._end(order, "")

    def rematch(self) -> None:
        """Try every working order against the quotes of now, and end those of a past session."""
        now = self._clock.now()
        for order in self.working:
            if order.ticket.tif == "DAY" and self._day_is_over(order, now):
                self._end(order, "The order has expired.")
            elif self._hours.is_open(now):
                self._work(order)
            elif order.status is Status.SUBMITTED:
                self._store(replace(order, status=Status.PRE_SUBMITTED))
        self._set_bell()

    def _read(self, client_id: int, ticket: Ticket) -> Order:
        account = checks.account_named(ticket.account, self.accounts.names)
        quantity = checks.form(ticket)
        if self._strict:
            checks.strict_form(ticket)
        spec = ticket.spec
        if spec.sec_type == "BAG":
            legs = self._book.legs(spec, ticket.legs)
            instrument, contract = None, combo(spec.symbol, spec.exchange)
        else:
            legs, instrument = (), self._book.one(spec)
            contract = traded(instrument, spec.exchange or "SMART")
        order = Order(
            client_id=client_id,
            perm_id=0,
            ticket=replace(ticket, outside_rth=False, algo="", algo_params=()),
            account=account,
            contract=contract,
            instrument=instrument,
            legs=legs,
            quantity=quantity,
            status=Status.PRE_SUBMITTED,
            placed_at=self._clock.now(),
        )
        checks.price(order, self._conditions.combo_tick)
        return order

    def _accept(self, order: Order, remarks: Sequence[Notice]) -> None:
        self._store(order)
        for notice in remarks:
            self._tell(OrderNoted(order=order, notice=notice))
        now = self._clock.now()
        if self._hours.is_open(now):
            self._work(order)
        else:
            opens = self._hours.next_open(now)
            summary = f"{order.ticket.action} {order.quantity} {order.contract.symbol}"
            text = codes.waits_for_open(summary, opens.astimezone(EASTERN) if opens else None)
            self._tell(OrderNoted(order=order, notice=Notice(code=codes.ORDER_MESSAGE, text=text)))
        self._set_bell()

    def _modify(self, old: Order, new: Order) -> None:
        order = replace(old, ticket=new.ticket, quantity=new.quantity)
        self._funds.check(order)
        self._store(order)
        if self._hours.is_open(self._clock.now()):
            self._work(order)

    def _work(self, order: Order) -> None:
        """Fill an order whose price is there; else it stands at the exchange."""
        net = self._net_quote(order)
        limit = order.ticket.limit_price if order.ticket.order_type == "LMT" else None
        price = self._matcher.price(net, buys=order.buys, limit=limit)
        market_order_fills_at_once = order.ticket.order_type == "MKT" and price is not None
        if order.status is Status.PRE_SUBMITTED and not market_order_fills_at_once:
            order = self._store(replace(order, status=Status.SUBMITTED))
        if price is not None:
            left = order.quantity - order.filled
            quoted = net.ask_size if order.buys else net.bid_size
            if self._conditions.first_part and not order.filled:
                left = min(left, Decimal(self._conditions.first_part))
            order = self._fill(order, price, self._matcher.quantity(left, quoted))
        if order.ticket.tif == "IOC" and not order.status.is_done:
            self._end(order, "")

    def _fill_late(self, order: Order) -> None:
        """Fill an order whose cancel is under way, at its limit or the natural price."""
        net = self._net_quote(order)
        natural = net.ask if order.buys else net.bid
        limit = order.ticket.limit_price if order.ticket.order_type == "LMT" else None
        price = natural if limit is None else limit
        if natural is None or price is None:
            self._end(order, "")
            return
        self._fill(order, price, order.quantity - order.filled)

    def _net_quote(self, order: Order) -> pricing.NetQuote:
        net = pricing.net_quote(self._market, order.parts, self._clock.now())
        return net if order.instrument is not None else self._conditions.traded(net)

    def _fill(self, order: Order, price: Decimal, quantity: Decimal) -> Order:
        if not quantity:
            return order
        now = self._clock.now()
        legs = order.parts
        if self._conditions.legs_alone and ("NonGuaranteed", "1") in order.ticket.routing:
            legs = legs[:1]
        natural = pricing.part_fills(self._market, legs, quantity, order.buys, now)
        parts = at_net(natural, quantity, price, order.buys) if legs == order.parts else natural
        paid = order.commission_usd or Decimal(0)
        fees = pricing.commissions(parts, paid)
        filled = order.filled + quantity
        is_whole = filled == order.quantity
        done = replace(
            order,
            status=Status.FILLED if is_whole else Status.SUBMITTED,
            filled=filled,
            average_price=(order.average_price * order.filled + price * quantity) / filled,
            last_price=price,
            completed_at=now if is_whole else None,
        )
        trades = self._trades.enter(done, price, quantity, parts, fees, now)
        for execution in trades:
            self._tell(Executed(execution=execution))
        self._store(done)
        charged = self._store(replace(done, commission_usd=sum(fees, paid)), with_status=False)
        for execution in trades:
            if execution.commission_usd is not None:
                self._tell(CommissionKnown(execution=execution))
        for part in parts:
            self._tell_position(order.account, part.instrument)
        if self.after_fill is not None:
            self.after_fill()
        return charged

    def correct_newest(self, change: Decimal) -> None:
        """Correct the price of the newest trade by so much, USD a share."""
        corrected = self._trades.correct_newest(change)
        if corrected is not None:
            self._tell(Executed(execution=corrected))

    def book(self, account: str, trade: Trade) -> None:
        """Enter what no order did: a holding moved in, an assignment."""
        self.accounts.book(account, trade)
        self._tell_position(account, trade.instrument)

    def _tell_position(self, account: str, instrument: Instrument) -> None:
        position = self.accounts.ledger(account).position(instrument)
        self._tell(
            PositionChanged(
                account=account,
                instrument=instrument,
                quantity=position.quantity,
                average_cost=position.average_cost,
            )
        )

    def _end(self, order: Order, reason: str) -> None:
        ended = replace(order, status=Status.CANCELLED, completed_at=self._clock.now())
        self._store(ended, with_open_order=False)
        notice = Notice(code=codes.ORDER_CANCELLED, text=f"Order Canceled - reason:{reason}")
        self._tell(OrderNoted(order=ended, notice=notice))

    def _store(
        self, order: Order, *, with_status: bool = True, with_open_order: bool = True
    ) -> Order:
        self._orders[order.key] = order
        self._tell(
            OrderChanged(order=order, with_status=with_status, with_open_order=with_open_order)
        )
        return order

    def _tell(self, event: ExchangeEvent) -> None:
        for listener in tuple(self._listeners):
            listener(event)

    def _day_is_over(self, order: Order, now: datetime) -> bool:
        close = self._hours.close_of(order.placed_at)
        return close is not None and now >= close

    def _set_bell(self) -> None:
        """While orders work, look at them again at the next open or close."""
        if self._bell is not None:
            self._bell.cancel()
            self._bell = None
        if not self.working:
            return
        now = self._clock.now()
        bells = [
            moment
            for moment in (self._hours.next_open(now), self._hours.close_of(now))
            if moment is not None
        ]
        if bells:
            self._bell = self._clock.call_at(min(bells), self.rematch)
