"""A broker in memory that behaves: quotes, acknowledgements, fills, refusals, silence.

It follows the ports' contract with a clock of its own and no wire, so that the desk's behaviour
can be driven moment by moment. Market orders fill at natural, limits at or above it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from vst_desktop.domain.account import AccountSnapshot, BrokerPosition
from vst_desktop.domain.bars import BarSeries, SymbolError
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.events import CorporateEvent
from vst_desktop.domain.orders import (
    BrokerOrder,
    BrokerStatus,
    Execution,
    OrderPreview,
    OrderTicket,
    OrderType,
    Side,
)
from vst_desktop.domain.quotes import (
    DataType,
    OptionChain,
    OptionContract,
    OptionQuote,
    Quote,
    Right,
    StockQuote,
)
from vst_desktop.domain.spreads import VerticalSpread
from vst_desktop.ports.broker import (
    BrokerBook,
    BrokerEvent,
    ConnectionChanged,
    ConnectionState,
    MarketScan,
    MarketScanResult,
    OrderWithdrawnError,
    Placed,
)
from vst_desktop.ports.clock import Clock

CLIENT_ID = 17


@dataclass(slots=True)
class Behaviour:
    """What the broker does with the next orders.

    ``fill``: ``all``, ``none`` or a number of spreads; ``answer``: ``ack``, ``reject``,
    ``silent`` (takes the order and never acknowledges), ``lost`` (never got it) or ``queued``
    (waits to be sent until it is withdrawn).
    """

    fill: str | int = "all"
    answer: str = "ack"
    fill_before_ack: bool = False
    leg_executions: bool = True
    cancel_works: bool = True


class FakeBroker:
    """``ports.Broker`` in memory."""

    def __init__(self, clock: Clock, *, account: str = "DU1", nlv: str = "100000") -> None:
        self._clock = clock
        self.snapshot = AccountSnapshot(
            account=account,
            net_liquidation_usd=Decimal(nlv),
            available_funds_usd=Decimal(nlv),
            day_pnl_usd=Decimal(0),
            day_trades_remaining=None,
            time=clock.now(),
        )
        self.behaviour = Behaviour()
        self.stocks: dict[str, tuple[float, float]] = {}
        self.dividends: dict[str, CorporateEvent] = {}
        self.options: dict[int, tuple[float, float]] = {}
        self.halted: set[str] = set()
        self.prior_closes: dict[str, float] = {}
        self.data_type = DataType.LIVE
        self.quote_age_secs = 0.0
        self.placed: list[OrderTicket] = []
        self.modified: list[tuple[int, OrderTicket]] = []
        self.cancelled: list[int] = []
        self.waiting: dict[str, asyncio.Future[None]] = {}
        """Orders not sent yet, by reference."""
        self._one_waits = asyncio.Event()
        self.orders: dict[int, BrokerOrder] = {}
        self.tickets: dict[int, OrderTicket] = {}
        self.foreign_orders: list[BrokerOrder] = []
        self.executions: list[Execution] = []
        self.held: dict[int, BrokerPosition] = {}
        self.watched: dict[str, int] = {}
        self.tick = Decimal("0.01")
        self._listeners: list[Callable[[BrokerEvent], None]] = []
        self._state = ConnectionState.READY
        self._next_id = 1

    # --- the test's hand ---

    def quote_spread(self, spread: VerticalSpread, *, natural: str, close: str) -> None:
        """Quote both legs so that the spread's market is exactly this."""
        wide = Decimal(natural) - Decimal(close)
        long_bid, short_ask = Decimal(close) + 5, Decimal(5)
        self.options[spread.long.con_id] = (float(long_bid), float(long_bid + wide / 2))
        self.options[spread.short.con_id] = (float(short_ask - wide / 2), float(short_ask))

    def connection(self, state: ConnectionState) -> None:
        """Change the connection and tell."""
        self._state = state
        self._tell(ConnectionChanged(state=state, reason="test"))

    async def until_waiting(self, orders: int) -> None:
        """Until so many orders wait to be sent; TimeoutError after 10 s."""
        async with asyncio.timeout(10):
            while len(self.waiting) < orders:
                self._one_waits.clear()
                await self._one_waits.wait()

    def stock_moves(self, symbol: str, mid: float) -> None:
        """A new quote of the underlying, told to the listeners."""
        self.stocks[symbol] = (mid - 0.01, mid + 0.01)
        self._tell(self._stock(symbol))

    def fill(self, order_id: int, quantity: int, *, price: Decimal | None = None) -> None:
        """Fill (part of) a working order now."""
        order, ticket = self.orders[order_id], self.tickets[order_id]
        at = price if price is not None else self._price(ticket)
        filled = order.filled + quantity
        done = filled >= order.quantity
        status = order.status
        if done:
            status = BrokerStatus.FILLED
        self.orders[order_id] = replace(order, filled=filled, average_fill_price=at, status=status)
        number = len(self.executions) + 1
        sides = {Side.BUY: 1, Side.SELL: -1}[ticket.side]
        rows = [(28812380, True, at)]
        if self.behaviour.leg_executions:
            rows += [
                (ticket.spread.long.con_id, False, at + 5),
                (ticket.spread.short.con_id, False, Decimal(5)),
            ]
        for index, (con_id, is_combo, paid) in enumerate(rows):
            execution = Execution(
                exec_id=f"0000{number}.{index}.01",
                order_ref=ticket.order_ref,
                order_id=order_id,
                perm_id=order.perm_id,
                account=ticket.account,
                symbol=ticket.spread.symbol,
                con_id=con_id,
                is_combo=is_combo,
                side=ticket.side,
                quantity=Decimal(quantity),
                price=paid,
                time=self._clock.now(),
            )
            self.executions.append(execution)
            self._tell(execution)
        self.hold(ticket.spread.long, ticket.account, sides * quantity)
        self.hold(ticket.spread.short, ticket.account, -sides * quantity)
        self._tell(self.orders[order_id])

    def hold(self, option: OptionContract, account: str, change: int) -> None:
        """Change a leg's position at the broker, as a fill or a hand would."""
        known = self.held.get(option.con_id)
        quantity = (known.quantity if known else Decimal(0)) + change
        self.held[option.con_id] = BrokerPosition(
            account=account,
            symbol=option.symbol,
            con_id=option.con_id,
            option=option,
            quantity=quantity,
            average_cost_usd=Decimal(100),
        )

    def end(self, order_id: int, status: BrokerStatus) -> None:
        """End a working order now."""
        self.orders[order_id] = replace(self.orders[order_id], status=status)
        self._tell(self.orders[order_id])

    # --- ports.Broker ---

    @property
    def state(self) -> ConnectionState:
        return self._state

    @property
    def client_name(self) -> str:
        return "fake"

    @property
    def server_version(self) -> int | None:
        return None

    @property
    def clock_offset_secs(self) -> float | None:
        return 0.0

    def subscribe(self, listener: Callable[[BrokerEvent], None]) -> None:
        self._listeners.append(listener)

    async def connect(self) -> AccountSnapshot:
        self._state = ConnectionState.READY
        return self.snapshot

    async def close(self) -> None:
        self._state = ConnectionState.DISCONNECTED

    async def barrier(self) -> None:
        await asyncio.sleep(0)

    async def daily_bars(
        self, symbols: Sequence[str], *, sessions: int, on_bars: Callable[[BarSeries], None]
    ) -> list[SymbolError]:
        return [SymbolError(symbol=s, error="no bars here") for s in symbols]

    def next_dividend(self, symbol: str) -> CorporateEvent | None:
        return self.dividends.get(symbol)

    async def stock_quote(self, symbol: str) -> StockQuote:
        self._ready()
        return self._stock(symbol)

    async def option_chain(
        self,
        symbol: str,
        *,
        right: Right,
        dte: tuple[int, int],
        today: date,
        reach: float,
        max_contracts: int,
    ) -> OptionChain:
        raise UserError(f"no chain of {symbol} here")

    async def option_quotes(self, spread: VerticalSpread) -> tuple[OptionQuote, OptionQuote]:
        self._ready()
        await asyncio.sleep(0)
        return self._option(spread.long), self._option(spread.short)

    @property
    def farms_down(self) -> tuple[str, ...]:
        """Always up."""
        return ()

    async def preview(self, ticket: OrderTicket) -> OrderPreview:
        """Margin is the spread's cost, commission 1.30 a spread."""
        self._ready()
        cost = self._price(ticket) * 100 * ticket.quantity
        return OrderPreview(
            initial_margin_change=cost,
            maintenance_margin_change=cost,
            commission_usd=Decimal("1.30") * ticket.quantity,
            min_commission_usd=None,
            max_commission_usd=None,
        )

    async def market_scan(self, wanted: MarketScan) -> MarketScanResult:
        """All stocks that are quoted at such a price."""
        self._ready()
        found = [name for name, quoted in self.stocks.items() if quoted[0] >= wanted.min_price_usd]
        return MarketScanResult(symbols=tuple(found), excluded=())

    async def combo_tick(self, spread: VerticalSpread) -> Decimal:
        self._ready()
        return self.tick

    async def place(self, ticket: OrderTicket) -> Placed:
        self._ready()
        self.placed.append(ticket)
        behaviour = self.behaviour
        if behaviour.answer == "queued":
            self.waiting[ticket.order_ref] = asyncio.get_running_loop().create_future()
            self._one_waits.set()
            await self.waiting[ticket.order_ref]
        if behaviour.answer == "lost":
            raise TimeoutError
        if behaviour.answer == "reject":
            raise UserError("201 Order rejected - reason: no margin")
        order_id = self._accept(ticket)
        if behaviour.fill_before_ack:
            self._fill_by_behaviour(order_id)
        await asyncio.sleep(0)
        if behaviour.answer == "silent":
            raise TimeoutError
        self.acknowledge(order_id)
        if not behaviour.fill_before_ack:
            self._fill_by_behaviour(order_id)
        return Placed(order_id=order_id, perm_id=self.orders[order_id].perm_id)

    async def modify(self, order_id: int, ticket: OrderTicket) -> None:
        self._ready()
        self.modified.append((order_id, ticket))
        self.tickets[order_id] = ticket
        self.orders[order_id] = replace(self.orders[order_id], limit_price=ticket.limit_price)
        if self._marketable(ticket):
            self._fill_by_behaviour(order_id)

    def withdraw(self, order_ref: str, reason: str) -> None:
        waiting = self.waiting.pop(order_ref, None)
        if waiting is not None:
            waiting.set_exception(OrderWithdrawnError(f"{order_ref} was taken back: {reason}"))

    async def cancel(self, order_id: int) -> None:
        self._ready()
        self.cancelled.append(order_id)
        if self.behaviour.cancel_works and self._open(self.orders[order_id]):
            self.end(order_id, BrokerStatus.CANCELLED)

    async def book(self) -> BrokerBook:
        self._ready()
        await asyncio.sleep(0)
        every = list(self.orders.values())
        return BrokerBook(
            open_orders=(*(o for o in every if self._open(o)), *self.foreign_orders),
            # Completed orders are thin: no order id, no filled quantity.
            completed_orders=tuple(
                replace(o, order_id=0, filled=Decimal(0)) for o in every if not self._open(o)
            ),
            executions=tuple(self.executions),
            positions=tuple(p for p in self.held.values() if p.quantity),
            own_client_id=CLIENT_ID,
        )

    async def account(self) -> AccountSnapshot:
        self._ready()
        return self.snapshot

    async def watch_stock(self, symbol: str) -> None:
        self.watched[symbol] = self.watched.get(symbol, 0) + 1

    async def watch_spread(self, spread: VerticalSpread) -> None:
        await self.watch_stock(spread.label())

    async def unwatch_stock(self, symbol: str) -> None:
        self.watched[symbol] -= 1

    async def unwatch_spread(self, spread: VerticalSpread) -> None:
        await self.unwatch_stock(spread.label())

    # --- inside ---

    def acknowledge(self, order_id: int) -> None:
        """Report the order as working, with its permanent id."""
        order = self.orders[order_id]
        if order.status is BrokerStatus.PENDING_SUBMIT:
            order = replace(order, status=BrokerStatus.SUBMITTED)
            self.orders[order_id] = order
        self._tell(order)

    def _accept(self, ticket: OrderTicket) -> int:
        order_id, self._next_id = self._next_id, self._next_id + 1
        spread = ticket.spread
        self.tickets[order_id] = ticket
        self.orders[order_id] = BrokerOrder(
            order_ref=ticket.order_ref,
            order_id=order_id,
            perm_id=900_000 + order_id,
            client_id=CLIENT_ID,
            account=ticket.account,
            symbol=spread.symbol,
            side=ticket.side,
            order_type=ticket.order_type.value,
            limit_price=ticket.limit_price,
            quantity=Decimal(ticket.quantity),
            filled=Decimal(0),
            average_fill_price=None,
            status=BrokerStatus.PENDING_SUBMIT,
            legs=((spread.long.con_id, 1, Side.BUY), (spread.short.con_id, 1, Side.SELL)),
        )
        return order_id

    def _fill_by_behaviour(self, order_id: int) -> None:
        ticket = self.tickets[order_id]
        if self.behaviour.fill == "none" or not self._marketable(ticket):
            return
        wanted = ticket.quantity if self.behaviour.fill == "all" else int(self.behaviour.fill)
        left = ticket.quantity - int(self.orders[order_id].filled)
        self.fill(order_id, min(wanted, left))

    def _market(self, spread: VerticalSpread) -> tuple[Decimal, Decimal]:
        long, short = self.options[spread.long.con_id], self.options[spread.short.con_id]
        natural = Decimal(str(long[1])) - Decimal(str(short[0]))
        return natural, Decimal(str(long[0])) - Decimal(str(short[1]))

    def _price(self, ticket: OrderTicket) -> Decimal:
        natural, close = self._market(ticket.spread)
        return natural if ticket.side is Side.BUY else close

    def _marketable(self, ticket: OrderTicket) -> bool:
        if ticket.order_type is OrderType.MARKET or ticket.limit_price is None:
            return True
        natural, close = self._market(ticket.spread)
        if ticket.side is Side.BUY:
            return ticket.limit_price >= natural
        return ticket.limit_price <= close

    def _open(self, order: BrokerOrder) -> bool:
        return order.status in (
            BrokerStatus.PENDING_SUBMIT,
            BrokerStatus.PRE_SUBMITTED,
            BrokerStatus.SUBMITTED,
        )

    def _quote(self, bid: float, ask: float) -> Quote:
        return Quote(
            bid=bid,
            ask=ask,
            bid_size=10,
            ask_size=10,
            last=(bid + ask) / 2,
            time=self._quote_time(),
            data_type=self.data_type,
        )

    def _quote_time(self) -> datetime:
        now = self._clock.now()
        return datetime.fromtimestamp(now.timestamp() - self.quote_age_secs, tz=now.tzinfo)

    def _stock(self, symbol: str) -> StockQuote:
        bid, ask = self.stocks[symbol]
        return StockQuote(
            symbol=symbol,
            quote=self._quote(bid, ask),
            prior_close=self.prior_closes.get(symbol),
            halted=symbol in self.halted,
        )

    def _option(self, contract: OptionContract) -> OptionQuote:
        return OptionQuote(contract=contract, quote=self._quote(*self.options[contract.con_id]))

    def _ready(self) -> None:
        if self._state is not ConnectionState.READY:
            raise UserError("the broker is not connected")

    def _tell(self, event: BrokerEvent) -> None:
        for listener in self._listeners:
            listener(event)
