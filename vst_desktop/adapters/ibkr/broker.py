"""The ``Broker`` port over ib_insync: one account at one TWS, reconnected by itself."""

from __future__ import annotations

import asyncio
import itertools
import logging
import math
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import ib_insync
from ib_insync import Contract, Fill, Order, Ticker, Trade
from ib_insync.objects import CommissionReport
from ib_insync.wrapper import RequestError

from vst_desktop.adapters.ibkr import convert
from vst_desktop.adapters.ibkr.chains import GENERIC_TICKS, Chains
from vst_desktop.adapters.ibkr.codes import Kind, kind_of, remedy_of
from vst_desktop.adapters.ibkr.lines import Line, Lines
from vst_desktop.adapters.ibkr.session import Session, broker_error, open_session
from vst_desktop.domain.account import AccountSnapshot
from vst_desktop.domain.bars import BarSeries, SymbolError
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.money import price
from vst_desktop.domain.orders import (
    BrokerOrder,
    BrokerStatus,
    Commission,
    OrderRejected,
    OrderTicket,
)
from vst_desktop.domain.quotes import OptionChain, OptionContract, OptionQuote, Right, StockQuote
from vst_desktop.domain.spreads import VerticalSpread
from vst_desktop.ports.broker import (
    AccountChanged,
    BrokerBook,
    BrokerEvent,
    ConnectionChanged,
    ConnectionState,
    Placed,
)
from vst_desktop.ports.clock import Clock
from vst_desktop.runtime.calendar import Sessions
from vst_desktop.runtime.tasks import TaskOwner

log = logging.getLogger(__name__)

ACKNOWLEDGE_SECS = 5.0
STOCK_SECS = 3.0
TICK_SECS = 2.0
HISTORY_AT_ONCE = 50
SESSIONS_A_YEAR = 252
HEARTBEAT_SECS = 10.0
HEARTBEATS_MISSED = 2
FIRST_BACKOFF_SECS = 1.0
MAX_BACKOFF_SECS = 60.0
UNKNOWN_COMBO_TICK = Decimal("0.05")
UNDERLYING_TICKS = "106"


class IbkrBroker:
    """Implements ``ports.broker.Broker``.

    Args:
        host: Where TWS, IB Gateway or the simulator listens.
        port: Its API port.
        client_id: Fixed, never 0: tomorrow's run may then change today's orders.
        account: The account to trade in; None when the broker has exactly one.
        allowed_accounts: The allow-list; empty allows any.
        messages_per_second: Most messages sent a second.
        clock: The station's time.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        client_id: int,
        account: str | None,
        allowed_accounts: Sequence[str],
        messages_per_second: int,
        clock: Clock,
    ) -> None:
        self._address: dict[str, Any] = {
            "host": host,
            "port": port,
            "client_id": client_id,
            "account": account,
            "allowed_accounts": tuple(allowed_accounts),
            "messages_per_second": messages_per_second,
        }
        self._client_id = client_id
        self._clock = clock
        self._calendar = Sessions()
        self._listeners: list[Callable[[BrokerEvent], None]] = []
        self._state = ConnectionState.DISCONNECTED
        self._offset: float | None = None
        self._session: Session | None = None
        self._lines: Lines | None = None
        self._chains: Chains | None = None
        self._history = asyncio.Semaphore(HISTORY_AT_ONCE)
        self._acknowledging: dict[int, asyncio.Future[int]] = {}
        self._refs: dict[int, str] = {}
        self._watched_stocks: Counter[str] = Counter()
        self._watched_options: Counter[OptionContract] = Counter()
        self._ticks: dict[str, Decimal] = {}
        self._tasks = TaskOwner("ibkr")
        self._closing = False
        self._generation = itertools.count(1)

    # -- state

    @property
    def state(self) -> ConnectionState:
        """The connection's state now."""
        return self._state

    @property
    def client_name(self) -> str:
        """Client library and version."""
        return f"ib_insync {ib_insync.__version__}"

    @property
    def server_version(self) -> int | None:
        """Protocol version of the connected server."""
        if self._session is None or not self._session.ib.isConnected():
            return None
        return int(self._session.ib.client.serverVersion())

    @property
    def clock_offset_secs(self) -> float | None:
        """Broker's clock less ours, at the last heartbeat; the broker tells whole seconds."""
        return self._offset

    def subscribe(self, listener: Callable[[BrokerEvent], None]) -> None:
        """Deliver events to the listener from now on."""
        self._listeners.append(listener)

    def _emit(self, event: BrokerEvent) -> None:
        for listener in self._listeners:
            listener(event)

    def _become(self, state: ConnectionState, reason: str) -> None:
        if state is not self._state:
            self._state = state
            log.info("connection %s: %s", state, reason)
            self._emit(ConnectionChanged(state=state, reason=reason))

    # -- connection

    async def connect(self) -> AccountSnapshot:
        """Connect; afterwards the connection is watched and made again by itself."""
        snapshot = await self._open()
        self._tasks.spawn(self._supervise(), "supervise")
        return snapshot

    async def _open(self) -> AccountSnapshot:
        self._become(ConnectionState.CONNECTING, f"to {self._address['host']}")
        try:
            session = await open_session(
                **self._address, on_order=self._on_order, on_error=self._on_error
            )
        except UserError:
            self._become(ConnectionState.DISCONNECTED, "not connected")
            raise
        generation = next(self._generation)
        ib = session.ib
        ib.execDetailsEvent += self._on_execution
        ib.commissionReportEvent += self._on_commission
        ib.positionEvent += lambda p: self._emit(convert.broker_position(p))
        ib.accountValueEvent += lambda value: self._on_account_value(value.tag)
        ib.reqPnL(session.account)
        self._session = session
        self._lines = Lines(ib, self._clock.now)
        self._chains = Chains(ib, self._lines, self._clock.now, self._look_at_stock, 20.0)
        for symbol in self._watched_stocks:
            await self._stream_stock(symbol)
        for contract in self._watched_options:
            self._stream_option(contract)
        snapshot = self._snapshot(session)
        await self._beat(session)
        self._become(ConnectionState.READY, f"connection {generation}, account {session.account}")
        return snapshot

    async def _supervise(self) -> None:
        """Watch the connection; make it again with back-off when it is gone."""
        backoff, missed = FIRST_BACKOFF_SECS, 0
        while True:
            session = self._session
            if session is not None and session.ib.isConnected():
                gone = asyncio.ensure_future(session.ib.disconnectedEvent)
                await asyncio.wait({gone}, timeout=HEARTBEAT_SECS)
                gone.cancel()
                if session.ib.isConnected():
                    missed = 0 if await self._beats(session) else missed + 1
                    if missed < HEARTBEATS_MISSED:
                        continue
                    session.ib.disconnect()  # type: ignore[no-untyped-call]
            self._dropped("the connection was lost")
            await asyncio.sleep(backoff * random.uniform(0.8, 1.2))
            try:
                self._emit(AccountChanged(account=await self._open()))
                backoff, missed = FIRST_BACKOFF_SECS, 0
            except (UserError, TimeoutError) as error:
                log.info("not reconnected: %s", error)
                backoff = min(2 * backoff, MAX_BACKOFF_SECS)

    def _dropped(self, reason: str) -> None:
        self._session = None
        self._lines = self._chains = None
        for waiting in self._acknowledging.values():
            if not waiting.done():
                waiting.set_exception(TimeoutError("the connection was lost"))
        self._become(ConnectionState.DISCONNECTED, reason)

    async def _beats(self, session: Session) -> bool:
        try:
            await self._beat(session)
        except (UserError, TimeoutError):
            return False
        return True

    async def _beat(self, session: Session) -> None:
        told = await session.alone(session.ib.reqCurrentTimeAsync, "the time")
        self._offset = (told - self._clock.now().replace(microsecond=0)).total_seconds()

    async def close(self) -> None:
        """Disconnect for good."""
        self._closing = True
        await self._tasks.close()
        if self._session is not None:
            self._session.ib.disconnect()  # type: ignore[no-untyped-call]
            self._dropped("closed")

    def _ready(self) -> Session:
        if self._session is None or not self._session.ib.isConnected():
            raise UserError("the broker is not connected", remedy="it reconnects by itself")
        return self._session

    async def barrier(self) -> None:
        """A round trip: TWS answers in order, so everything before has been delivered."""
        session = self._ready()
        await session.alone(session.ib.reqCurrentTimeAsync, "the time")

    # -- account and book

    async def account(self) -> AccountSnapshot:
        """Read the account afresh."""
        session = self._ready()
        await session.alone(
            lambda: session.ib.reqAccountUpdatesAsync(session.account), "account values"
        )
        return self._snapshot(session)

    def _snapshot(self, session: Session) -> AccountSnapshot:
        pnl = next((p.dailyPnL for p in session.ib.pnl(session.account)), None)
        return convert.account_snapshot(
            session.account,
            session.ib.accountValues(session.account),
            convert.number(pnl),
            self._clock.now(),
        )

    def _on_account_value(self, tag: str) -> None:
        if tag in ("NetLiquidation", "AvailableFunds") and self._session is not None:
            self._emit(AccountChanged(account=self._snapshot(self._session)))

    async def book(self) -> BrokerBook:
        """Orders, executions and positions of all clients, afresh."""
        session = self._ready()
        ib = session.ib
        opened = await session.alone(ib.reqAllOpenOrdersAsync, "open orders")
        completed = await session.alone(lambda: ib.reqCompletedOrdersAsync(False), "orders done")
        fills = await session.answer(ib.reqExecutionsAsync(), "executions")
        positions = await session.alone(ib.reqPositionsAsync, "positions")
        return BrokerBook(
            open_orders=tuple(_trade_order(trade) for trade in opened),
            completed_orders=tuple(_trade_order(trade) for trade in completed),
            executions=tuple(convert.execution(fill) for fill in fills),
            positions=tuple(convert.broker_position(each) for each in positions if each.position),
            own_client_id=self._client_id,
        )

    # -- bars and quotes

    async def daily_bars(
        self, symbols: Sequence[str], *, sessions: int, on_bars: Callable[[BarSeries], None]
    ) -> list[SymbolError]:
        """Daily bars of each symbol, at most 50 requests in flight."""
        failed: list[SymbolError] = []
        now = self._clock.now()
        running = self._calendar.session_at(now)

        async def fetch(symbol: str) -> None:
            async with self._history:
                try:
                    on_bars(await self._bars(symbol, sessions, running))
                except (UserError, TimeoutError) as error:
                    failed.append(SymbolError(symbol=symbol, error=str(error)))

        self._ready()
        async with asyncio.TaskGroup() as group:
            for symbol in symbols:
                group.create_task(fetch(symbol), name=f"bars:{symbol}")
        return failed

    async def _bars(self, symbol: str, sessions: int, running: date | None) -> BarSeries:
        session = self._ready()
        bars = await session.answer(
            session.ib.reqHistoricalDataAsync(
                convert.stock(symbol),
                endDateTime="",
                durationStr=f"{math.ceil(sessions / SESSIONS_A_YEAR)} Y",
                barSizeSetting="1 day",
                whatToShow="TRADES",
                useRTH=True,
                formatDate=1,
                timeout=0,
            ),
            f"bars of {symbol}",
        )
        if not bars:
            raise UserError(f"the broker gave no bars of {symbol}")
        series = convert.bar_series(symbol, bars, forming=False)
        if running is not None and series.dates[-1] == running:
            return convert.bar_series(symbol, bars, forming=True)
        return series

    async def stock_quote(self, symbol: str) -> StockQuote:
        """One fresh quote of a stock."""
        quote, _ = await self._look_at_stock(symbol)
        return quote

    async def _look_at_stock(self, symbol: str) -> tuple[StockQuote, float | None]:
        lines, contract = self._open_lines(), await self._contract(symbol)
        async with lines.look(contract, UNDERLYING_TICKS) as line:
            await line.until(_has_market, STOCK_SECS)
            volatility = convert.positive(line.ticker.impliedVolatility)
            return convert.stock_quote(symbol, line.ticker, line.time), volatility

    async def _contract(self, symbol: str) -> Contract:
        self._ready()
        assert self._chains is not None
        return await self._guarded(self._chains.stock(symbol))

    def _open_lines(self) -> Lines:
        self._ready()
        assert self._lines is not None
        return self._lines

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
        """The chain of one right within a range of days to expiration."""
        self._ready()
        assert self._chains is not None
        return await self._guarded(
            self._chains.chain(
                symbol,
                right=right,
                dte=dte,
                today=today,
                reach=reach,
                max_contracts=max_contracts,
            )
        )

    async def option_quotes(self, spread: VerticalSpread) -> tuple[OptionQuote, OptionQuote]:
        """Fresh quotes of both legs."""
        self._ready()
        assert self._chains is not None
        quotes = await self._guarded(self._chains.quotes([spread.long, spread.short]))
        return quotes[0], quotes[1]

    async def combo_tick(self, spread: VerticalSpread) -> Decimal:
        """Price increment of the combo, as the broker tells it; 0.05 when it does not."""
        if spread.symbol not in self._ticks:
            async with self._open_lines().look(convert.bag(spread)) as line:
                told = await line.until(lambda t: bool(convert.positive(t.minTick)), TICK_SECS)
                if not told:
                    return UNKNOWN_COMBO_TICK
                self._ticks[spread.symbol] = price(line.ticker.minTick)
        return self._ticks[spread.symbol]

    async def _guarded[T](self, work: Awaitable[T]) -> T:
        try:
            return await work
        except RequestError as error:
            raise broker_error(error) from None

    # -- watching

    async def watch_stock(self, symbol: str) -> None:
        """Stream the stock until ``unwatch_stock``."""
        self._watched_stocks[symbol] += 1
        if self._watched_stocks[symbol] == 1:
            await self._stream_stock(symbol)

    async def _stream_stock(self, symbol: str) -> None:
        contract = await self._contract(symbol)

        def tell(line: Line) -> None:
            self._emit(convert.stock_quote(symbol, line.ticker, line.time))

        self._open_lines().watch(symbol, contract, "", tell)

    async def watch_spread(self, spread: VerticalSpread) -> None:
        """Stream both legs until ``unwatch_spread``."""
        for leg in (spread.long, spread.short):
            self._watched_options[leg] += 1
            if self._watched_options[leg] == 1:
                self._stream_option(leg)

    def _stream_option(self, contract: OptionContract) -> None:
        def tell(line: Line) -> None:
            self._emit(convert.option_quote(contract, line.ticker, line.time))

        key = str(contract.con_id)
        self._open_lines().watch(key, convert.option(contract), GENERIC_TICKS, tell)

    async def unwatch_stock(self, symbol: str) -> None:
        """End one ``watch_stock``."""
        self._watched_stocks[symbol] -= 1
        if self._watched_stocks[symbol] <= 0:
            del self._watched_stocks[symbol]
            if self._lines is not None:
                self._lines.unwatch(symbol)

    async def unwatch_spread(self, spread: VerticalSpread) -> None:
        """End one ``watch_spread``."""
        for leg in (spread.long, spread.short):
            self._watched_options[leg] -= 1
            if self._watched_options[leg] <= 0:
                del self._watched_options[leg]
                if self._lines is not None:
                    self._lines.unwatch(str(leg.con_id))

    # -- orders

    async def place(self, ticket: OrderTicket) -> Placed:
        """Send an order and wait for its permId."""
        session = self._ready()
        if ticket.limit_price is not None and not ticket.limit_price.is_finite():
            raise UserError(f"limit price {ticket.limit_price} is no number")
        order_id = session.ib.client.getReqId()
        self._refs[order_id] = ticket.order_ref
        waiting: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._acknowledging[order_id] = waiting
        try:
            session.ib.placeOrder(
                convert.bag(ticket.spread), convert.order(ticket, order_id, self._client_id)
            )
            perm_id = await asyncio.wait_for(waiting, ACKNOWLEDGE_SECS)
        except TimeoutError:
            raise TimeoutError(f"no acknowledgement of order {ticket.order_ref}") from None
        finally:
            self._acknowledging.pop(order_id, None)
        return Placed(order_id=order_id, perm_id=perm_id)

    async def modify(self, order_id: int, ticket: OrderTicket) -> None:
        """Change the limit of a working order in place."""
        session = self._ready()
        session.ib.placeOrder(
            convert.bag(ticket.spread), convert.order(ticket, order_id, self._client_id)
        )

    async def cancel(self, order_id: int) -> None:
        """Ask to cancel."""
        session = self._ready()
        session.ib.cancelOrder(Order(orderId=order_id, clientId=self._client_id))

    def _on_order(
        self, contract: Contract, order: Order, status: str, filled: float, average: float
    ) -> None:
        try:
            told = convert.broker_order(contract, order, status, filled, average)
        except (ValueError, KeyError):
            log.error("order %s has an unknown status %r", order.orderId, status)
            return
        if order.permId and order.clientId == self._client_id:
            self._acknowledge(order.orderId, order.permId)
        self._emit(told)

    def _acknowledge(self, order_id: int, perm_id: int) -> None:
        waiting = self._acknowledging.get(order_id)
        if waiting is not None and not waiting.done():
            waiting.set_result(perm_id)

    def _on_execution(self, trade: Trade, fill: Fill) -> None:
        self._emit(convert.execution(fill))

    def _on_commission(self, trade: Trade, fill: Fill, report: CommissionReport) -> None:
        paid = convert.number(report.commission)
        if report.execId and paid is not None:
            self._emit(Commission(exec_id=report.execId, commission_usd=Decimal(str(paid))))

    def _on_error(self, request_id: int, code: int, text: str, contract: Contract | None) -> None:
        kind = kind_of(code)
        log.info("IBKR %d (%d): %s", code, request_id, text)
        if kind is Kind.LOST:
            self._become(ConnectionState.UPSTREAM_LOST, text)
        elif kind is Kind.RESTORED:
            self._tasks.spawn(self._restored(code), "restored")
        elif kind is Kind.REJECTED and request_id in self._refs:
            self._refuse(request_id, code, text)

    def _refuse(self, order_id: int, code: int, text: str) -> None:
        waiting = self._acknowledging.get(order_id)
        if waiting is not None and not waiting.done():
            waiting.set_exception(
                UserError(f"IBKR refused the order ({code}): {text}", remedy=remedy_of(code))
            )
        self._emit(
            OrderRejected(order_ref=self._refs[order_id], order_id=order_id, code=code, text=text)
        )

    async def _restored(self, code: int) -> None:
        """TWS has its servers again; 1101 says that it lost our lines."""
        if code == 1101 and self._lines is not None:
            for symbol in self._watched_stocks:
                self._lines.unwatch(symbol)
                await self._stream_stock(symbol)
            for contract in self._watched_options:
                self._lines.unwatch(str(contract.con_id))
                self._stream_option(contract)
        self._become(ConnectionState.READY, f"restored ({code})")


def _has_market(ticker: Ticker) -> bool:
    return not any(math.isnan(v) for v in (ticker.bid, ticker.ask, ticker.last, ticker.close))


def _trade_order(trade: Trade) -> BrokerOrder:
    status = trade.orderStatus
    told = status.status if status.status in BrokerStatus else BrokerStatus.INACTIVE
    return convert.broker_order(
        trade.contract, trade.order, told, status.filled, status.avgFillPrice
    )
