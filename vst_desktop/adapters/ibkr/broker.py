"""The ``Broker`` port over ib_insync: one account at one TWS, reconnected by itself."""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from vst_desktop.adapters.ibkr import convert, library, values
from vst_desktop.adapters.ibkr.chains import GREEKS_SECS, Chains
from vst_desktop.adapters.ibkr.client import Listener
from vst_desktop.adapters.ibkr.codes import CODES, Kind, kind_of, remedy_of
from vst_desktop.adapters.ibkr.connection import Connection
from vst_desktop.adapters.ibkr.dividends import Dividends
from vst_desktop.adapters.ibkr.farms import Farms
from vst_desktop.adapters.ibkr.history import History
from vst_desktop.adapters.ibkr.library import AccountValue, Position
from vst_desktop.adapters.ibkr.lines import Lines
from vst_desktop.adapters.ibkr.market_data import UNKNOWN_COMBO_TICK, Watches, combo_tick
from vst_desktop.adapters.ibkr.market_scanner import market_scan
from vst_desktop.adapters.ibkr.orders import Orders
from vst_desktop.adapters.ibkr.session import Address, Session, open_session
from vst_desktop.domain.account import AccountSnapshot
from vst_desktop.domain.bars import BarSeries, SymbolError
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.events import CorporateEvent
from vst_desktop.domain.orders import OrderPreview, OrderTicket
from vst_desktop.domain.quotes import OptionChain, OptionQuote, Right, StockQuote
from vst_desktop.domain.spreads import VerticalSpread
from vst_desktop.ports.broker import (
    AccountChanged,
    BrokerBook,
    BrokerEvent,
    BrokerNotice,
    ConnectionState,
    MarketScan,
    MarketScanResult,
    Placed,
)
from vst_desktop.ports.clock import Clock

log = logging.getLogger(__name__)

_TO_BE_KNOWN = (100, 101, 10197)
"""Codes that no caller waits for, and that the user can mend."""
_NEWS_AFTER = timedelta(minutes=10)
"""So long a code was silent when it is told again: TWS repeats it at each retry."""
_POSITION = 61
_ACCOUNT_TAGS = (
    "NetLiquidation",
    "AvailableFunds",
    "DayTradesRemaining",
    "PostExpirationExcess",
)


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
        rng: Spreads the attempts to reconnect; None for one that nobody can foretell.
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
        rng: random.Random | None = None,
    ) -> None:
        self._address = Address(
            host=host,
            port=port,
            client_id=client_id,
            account=account,
            allowed_accounts=tuple(allowed_accounts),
            messages_per_second=messages_per_second,
        )
        self._clock = clock
        self._listeners: list[Callable[[BrokerEvent], None]] = []
        self._dividends = Dividends()
        self._watches = Watches(self._emit, self._dividends)
        self._connection = Connection(
            dial=self._dial,
            adopt=self._adopt,
            dropped=self._dropped,
            resume=self._resume,
            mend=self._watches.complete,
            tell=self._emit,
            now=clock.now,
            rng=rng or random.Random(),
        )
        self._farms = Farms()
        self.unreadable: Counter[int] = Counter()
        self._heard: dict[int, datetime] = {}
        self._orders = Orders(client_id, self._emit)
        self._history = History(clock.now)
        self._lines: Lines | None = None
        self._chains: Chains | None = None
        self._ticks: dict[str, Decimal] = {}

    # -- state

    @property
    def state(self) -> ConnectionState:
        """The connection's state now."""
        return self._connection.state

    @property
    def client_name(self) -> str:
        """Client library and version."""
        return f"{library.NAME} {library.VERSION}"

    @property
    def server_version(self) -> int | None:
        """Protocol version of the connected server."""
        session = self._connection.session
        if session is None or not session.connected:
            return None
        return int(session.ib.client.serverVersion())

    @property
    def clock_offset_secs(self) -> float | None:
        """Broker's clock less ours, at the last heartbeat; the broker tells whole seconds."""
        return self._connection.offset_secs

    @property
    def messages_received(self) -> int:
        """Messages of TWS on this connection so far."""
        return int(self._connection.ready().ib.client._numMsgRecv)

    @property
    def farms_down(self) -> tuple[str, ...]:
        """Data farms that TWS lost."""
        return self._farms.down

    def subscribe(self, listener: Callable[[BrokerEvent], None]) -> None:
        """Deliver events to the listener from now on."""
        self._listeners.append(listener)

    def _emit(self, event: BrokerEvent) -> None:
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:
                # ib_insync would swallow it, and the other listeners must hear of the event
                log.exception("a listener failed on %s", type(event).__name__)

    # -- connection

    async def connect(self) -> AccountSnapshot:
        """Connect; afterwards the connection is watched and made again by itself."""
        return self._snapshot(await self._connection.start())

    async def close(self) -> None:
        """Disconnect for good."""
        await self._connection.close()

    async def barrier(self) -> None:
        """A round trip: TWS answers in order, so everything before has been delivered."""
        session = self._connection.ready()
        await session.alone(session.ib.reqCurrentTimeAsync, "time")

    async def _dial(self) -> Session:
        return await open_session(
            self._address,
            Listener(
                order=self._orders.on_order,
                execution=self._orders.on_execution,
                commission=self._orders.on_commission,
                error=self._on_error,
                unreadable=self._on_unreadable,
            ),
        )

    async def _adopt(self, session: Session) -> None:
        ib = session.ib
        ib.positionEvent += self._on_position
        ib.accountValueEvent += self._on_account_value
        ib.pnlEvent += lambda _: self._account_changed()
        self._lines = Lines(ib, self._clock.now)
        self._chains = Chains(session, self._lines, self._clock.now, self._dividends)
        await self._watches.attach(self._lines, self._chains)
        self._account_changed()

    def _dropped(self) -> None:
        self._watches.detach()
        self._lines = self._chains = None
        self._orders.connection_lost()
        self._farms.clear()

    async def _resume(self) -> None:
        if self._lines is not None and self._chains is not None:
            await self._watches.attach(self._lines, self._chains)

    def _on_error(self, request_id: int, code: int, text: str) -> None:
        log.info("IBKR %d (%d): %s", code, request_id, text)
        if self._orders.on_error(request_id, code, text):
            return
        self._farms.on_code(code, text)
        self._connection.on_code(code, text)
        if code in _TO_BE_KNOWN and self._is_news(code):
            self._emit(BrokerNotice(text=CODES[code].sentence, remedy=CODES[code].remedy or ""))
        if self._lines is not None and kind_of(code) is not Kind.NOTE:
            self._lines.refused(request_id, code, text)

    def _is_news(self, code: int) -> bool:
        now, before = self._clock.now(), self._heard.get(code)
        self._heard[code] = now
        return before is None or now - before >= _NEWS_AFTER

    def _on_unreadable(self, message: int, why: str) -> None:
        self.unreadable[message] += 1
        log.info("message %d of TWS cannot be read: %s", message, why)
        if self.unreadable[message] == 1:
            self._emit(
                BrokerNotice(
                    text=f"a message of TWS ({message}) cannot be read as it stands: {why}",
                    remedy="log in to TWS with the time zone US/Eastern; the log has more",
                )
            )

    # -- account and book

    async def account(self) -> AccountSnapshot:
        """Read the account afresh."""
        session = self._connection.ready()
        await session.alone(
            lambda: session.ib.reqAccountUpdatesAsync(session.account), "account values"
        )
        return self._snapshot(session)

    def _snapshot(self, session: Session) -> AccountSnapshot:
        pnl = next((one.dailyPnL for one in session.ib.pnl(session.account)), None)
        return convert.account_snapshot(
            session.account,
            session.ib.accountValues(session.account),
            values.number(pnl),
            self._clock.now(),
        )

    def _on_position(self, position: Position) -> None:
        try:
            told = convert.broker_position(position)
        except (ValueError, ArithmeticError) as error:
            # the library would log it as its own and go on
            self._on_unreadable(_POSITION, f"{position}: {error}")
        else:
            self._emit(told)

    def _on_account_value(self, value: AccountValue) -> None:
        if value.tag in _ACCOUNT_TAGS:
            self._account_changed()

    def _account_changed(self) -> None:
        if self._connection.session is not None:
            self._emit(AccountChanged(account=self._snapshot(self._connection.session)))

    async def book(self) -> BrokerBook:
        """Orders, executions and positions of all clients, afresh."""
        session = self._connection.ready()
        ib = session.ib
        if session.read_only:
            raise UserError("TWS's API is read-only: it tells no orders", remedy=remedy_of(321))
        opened = await session.alone(ib.reqAllOpenOrdersAsync, "open orders")
        done = await session.alone(lambda: ib.reqCompletedOrdersAsync(False), "completed orders")
        fills = await session.answer(ib.reqExecutionsAsync, "executions")
        positions = await session.alone(ib.reqPositionsAsync, "positions")
        return BrokerBook(
            open_orders=tuple(convert.trade_order(trade) for trade in opened),
            completed_orders=tuple(convert.trade_order(trade) for trade in done),
            executions=tuple(convert.execution(one.contract, one.execution) for one in fills),
            positions=tuple(convert.broker_position(one) for one in positions if one.position),
            own_client_id=self._address.client_id,
        )

    # -- bars and quotes

    def _market(self) -> tuple[Lines, Chains]:
        self._connection.ready()
        if self._lines is None or self._chains is None:
            raise RuntimeError("a session without its market data")
        return self._lines, self._chains

    async def daily_bars(
        self, symbols: Sequence[str], *, sessions: int, on_bars: Callable[[BarSeries], None]
    ) -> list[SymbolError]:
        """Daily bars of each symbol, at most 50 requests in flight."""
        return await self._history.daily_bars(
            self._connection.ready(), symbols, sessions=sessions, on_bars=on_bars
        )

    async def stock_quote(self, symbol: str) -> StockQuote:
        """One fresh quote of a stock."""
        quote, _ = await self._market()[1].look(symbol)
        return quote

    def next_dividend(self, symbol: str) -> CorporateEvent | None:
        """What TWS told of the symbol's next dividend with its quotes, None when nothing."""
        return self._dividends.next(symbol)

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
        return await self._market()[1].chain(
            symbol, right=right, dte=dte, today=today, reach=reach, max_contracts=max_contracts
        )

    async def option_quotes(self, spread: VerticalSpread) -> tuple[OptionQuote, OptionQuote]:
        """Fresh quotes of both legs."""
        long, short = await self._market()[1].quotes(
            [spread.long, spread.short], greeks_secs=GREEKS_SECS
        )
        return long, short

    async def combo_tick(self, spread: VerticalSpread) -> Decimal:
        """Price increment of the combo: as told for it, else by its legs' rules, else 0.05."""
        known = self._ticks.get(spread.symbol)
        if known is None:
            lines, chains = self._market()
            known = await combo_tick(lines, spread)
            if known is None:
                return await chains.tick(spread) or UNKNOWN_COMBO_TICK
            self._ticks[spread.symbol] = known
        return known

    async def market_scan(self, wanted: MarketScan) -> MarketScanResult:
        """Stocks by TWS's market scanner."""
        return await market_scan(self._connection.ready(), wanted)

    async def watch_stock(self, symbol: str) -> None:
        """Stream the stock until ``unwatch_stock``; also across connections."""
        await self._watches.watch_stock(symbol)

    async def watch_spread(self, spread: VerticalSpread) -> None:
        """Stream both legs until ``unwatch_spread``; also across connections."""
        self._watches.watch_spread(spread)

    async def unwatch_stock(self, symbol: str) -> None:
        """End one ``watch_stock``."""
        self._watches.unwatch_stock(symbol)

    async def unwatch_spread(self, spread: VerticalSpread) -> None:
        """End one ``watch_spread``."""
        self._watches.unwatch_spread(spread)

    # -- orders

    async def place(self, ticket: OrderTicket) -> Placed:
        """Send an order and wait for its permId."""
        return await self._orders.place(self._connection.ready_for_orders(), ticket)

    async def preview(self, ticket: OrderTicket) -> OrderPreview:
        """Margin and commission by a what-if order."""
        return await self._orders.preview(self._connection.ready_for_orders(), ticket)

    async def modify(self, order_id: int, ticket: OrderTicket) -> None:
        """Change the limit of a working order in place; waits until TWS shows it."""
        await self._orders.modify(self._connection.ready_for_orders(), order_id, ticket)

    def withdraw(self, order_ref: str, reason: str) -> None:
        """Take back an order that still waits to be sent."""
        if self._connection.session is not None:
            self._orders.withdraw(self._connection.session, order_ref, reason)

    async def cancel(self, order_id: int) -> None:
        """Ask to cancel."""
        self._orders.cancel(self._connection.ready(), order_id)
