"""A short-lived client that asks TWS a few questions and remembers what came back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from vst_desktop.adapters.ibkr.client import PacedClient
from vst_desktop.adapters.ibkr.library import Contract, Option, Stock
from vst_desktop.domain.quotes import DataType

log = logging.getLogger(__name__)

OLDEST_ASKED = 100
MESSAGES_PER_SECOND = 20
_SOON_DAYS = 20
"""Options that expire at least so far away: their day is surely still to come."""
_DENIED = frozenset({354, 10089, 10090, 10091, 10168, 10186})
_DELAYED = 10167
_COMPETING = 10197
_READ_ONLY = 321
_NO_DEFINITION = 200
_STOCK_DETAILS, _CHAIN, _OPTION_DETAILS, _STOCK, _OPTION = range(9_001, 9_006)


class Probe:
    """What TWS said on one connection. Attributes fill while it speaks.

    ``errors`` holds request id (at most 0 for none), code and text.

    Args:
        now: This computer's time, to hold TWS's against.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.server_version: int | None = None
        self.answered = False
        self.closed = False
        """By TWS, not by us."""
        self._leaving = False
        self.accounts: tuple[str, ...] = ()
        self.time: datetime | None = None
        self.clock_offset_secs: float | None = None
        self.errors: list[tuple[int, int, str]] = []
        self.data_types: dict[int, DataType] = {}
        self._asked: set[int] = set()
        self._ticked: set[int] = set()
        self._ended: set[int] = set()
        self._contracts: dict[int, list[Contract]] = {}
        self._chains: dict[str, list[str]] = {}
        self._news = asyncio.Event()
        self._client = PacedClient(
            self._ear(),
            MESSAGES_PER_SECOND,
            lambda message, why: log.info("message %d cannot be read: %s", message, why),
        )
        self._client.MinClientVersion = OLDEST_ASKED
        self._client.conn.hasData += self._on_data

    async def connect(self, host: str, port: int, client_id: int, secs: float) -> None:
        """Connect, and wait for the account or for whatever stands in its way.

        Raises:
            OSError: Nothing took the connection.
        """
        opening = asyncio.ensure_future(
            # without a time limit of its own: that one would close the connection too
            self._client.connectAsync(host, port, client_id, 0)  # type: ignore[no-untyped-call]
        )
        opening.add_done_callback(lambda _: self._news.set())
        try:
            async with asyncio.timeout(secs):
                await self.until(lambda: opening.done() or self.code(326) is not None)
        except TimeoutError:
            if not self._client.conn.isConnected():  # type: ignore[no-untyped-call]
                raise
        else:
            if opening.done() and not self.closed:
                opening.result()
                self.accounts = tuple(self._client.getAccounts())
        finally:
            self._leaving = not opening.done()
            opening.cancel()
            await asyncio.gather(opening, return_exceptions=True)

    async def until(self, done: Callable[[], bool]) -> None:
        """Wait until that holds, or the connection is closed."""
        while not done() and not self.closed:
            self._news.clear()
            await self._news.wait()

    def close(self) -> None:
        """End the connection."""
        self._leaving = True
        if not self.closed:
            self._client.disconnect()  # type: ignore[no-untyped-call]

    def code(self, *codes: int, request: int | None = None) -> tuple[int, str] | None:
        """The first error with one of these codes (of that request), as code and text."""
        for about, code, text in self.errors:
            if code in codes and request in (None, about):
                return code, text
        return None

    @property
    def read_only(self) -> str | None:
        """What TWS says when orders are not for API clients."""
        said = [text for about, code, text in self.errors if code == _READ_ONLY and about <= 0]
        return said[0] if said else None

    @property
    def competing(self) -> tuple[int, str] | None:
        """Another session of the user has the market data."""
        return self.code(_COMPETING)

    # -- questions

    async def ask_session(self) -> None:
        """The clock, and the orders that a read-only API does not show.

        TWS answers in order, so after the clock the refusals are in.
        """
        self._client.reqOpenOrders()  # type: ignore[no-untyped-call]
        self._client.reqCompletedOrders(True)  # type: ignore[no-untyped-call]
        self._client.reqCurrentTime()  # type: ignore[no-untyped-call]
        await self.until(lambda: self.time is not None)

    async def ask_stock(self, symbol: str) -> bool:
        """A stock's quote; False when TWS does not know the stock."""
        stock = Stock(symbol, "SMART", "USD")
        self._client.reqMarketDataType(DataType.DELAYED)  # type: ignore[no-untyped-call]
        found = await self._details(_STOCK_DETAILS, stock)
        if found is None:
            return False
        self._line(_STOCK, found)
        return True

    async def ask_option(self, symbol: str) -> bool:
        """A quote of one of its listed calls; False when there is none."""
        stock = self._contracts[_STOCK_DETAILS][0]
        self._client.reqSecDefOptParams(_CHAIN, symbol, "", "STK", stock.conId)  # type: ignore[no-untyped-call]
        await self.until(lambda: _CHAIN in self._ended or self._failed(_CHAIN))
        assert self.time is not None, "the session was asked first"
        soon = (self.time + timedelta(days=_SOON_DAYS)).strftime("%Y%m%d")
        for trading_class, days in self._chains.items():
            later = sorted(day for day in days if day >= soon) or sorted(days)[-1:]
            if not later:
                continue
            wanted = Option(symbol, later[0], right="C", exchange="SMART", currency="USD")
            wanted.tradingClass = trading_class
            found = await self._details(_OPTION_DETAILS, wanted)
            if found is not None:
                self._line(_OPTION, found)
                return True
        return False

    async def quotes(self) -> None:
        """Wait for the first tick or the refusal of each line that was asked for."""
        await self.until(lambda: all(map(self._heard, self._asked)))

    @property
    def stock_denied(self) -> tuple[int, str] | None:
        """Why there is no quote of the stock."""
        return self.code(*_DENIED, request=_STOCK)

    @property
    def option_denied(self) -> tuple[int, str] | None:
        """Why there is no quote of the option."""
        return self.code(*_DENIED, request=_OPTION)

    @property
    def delayed(self) -> tuple[str, ...]:
        """Which of the quotes are delayed."""
        names = {_STOCK: "stock", _OPTION: "option"}
        late = (DataType.DELAYED, DataType.DELAYED_FROZEN)
        return tuple(
            name
            for line, name in names.items()
            if self.data_types.get(line) in late or self.code(_DELAYED, request=line)
        )

    def quoted(self, what: str) -> bool:
        """Whether TWS said anything of the line of that name (stock, option)."""
        line = {"stock": _STOCK, "option": _OPTION}[what]
        return self._heard(line) or line in self.data_types

    async def _details(self, request: int, contract: Contract) -> Contract | None:
        """The middle one of the contracts that fit."""
        self._contracts.pop(request, None)
        self._ended.discard(request)
        self._client.reqContractDetails(request, contract)  # type: ignore[no-untyped-call]
        await self.until(lambda: request in self._ended or self._failed(request))
        found = sorted(self._contracts.get(request, ()), key=lambda one: float(one.strike))
        return found[len(found) // 2] if found else None

    def _line(self, request: int, contract: Contract) -> None:
        contract.exchange = contract.exchange or "SMART"
        self._asked.add(request)
        self._client.reqMktData(request, contract, "", False, False, [])  # type: ignore[no-untyped-call]

    def _failed(self, request: int) -> bool:
        return any(about == request for about, _, _ in self.errors)

    def _heard(self, line: int) -> bool:
        refused = self.code(*_DENIED, _DELAYED, _NO_DEFINITION, _COMPETING, request=line)
        return line in self._ticked or refused is not None

    # -- answers

    def _ear(self) -> Any:
        return _Ear(
            connectAck=self._on_handshake,
            setEventsDone=self._on_closed,
            error=self._on_error,
            currentTime=self._on_time,
            marketDataType=self._on_data_type,
            contractDetails=self._on_details,
            contractDetailsEnd=self._on_end,
            securityDefinitionOptionParameter=self._on_chain,
            securityDefinitionOptionParameterEnd=self._on_end,
            priceSizeTick=self._on_tick,
            tickSize=self._on_tick,
            tickOptionComputation=self._on_tick,
            heard=self._news.set,
        )

    def _on_data(self, _data: bytes) -> None:
        self.answered = True

    def _on_handshake(self) -> None:
        self.server_version = self._client.serverVersion()

    def _on_closed(self) -> None:
        self.closed = not self._leaving

    def _on_error(self, request: int, code: int, text: str, _rejected: str = "") -> None:
        self.errors.append((request, code, text))

    def _on_time(self, told: int) -> None:
        # TWS tells whole seconds: the middle of that one is the best guess
        self.time = datetime.fromtimestamp(told, UTC)
        self.clock_offset_secs = told + 0.5 - self._now().timestamp()

    def _on_data_type(self, request: int, kind: int) -> None:
        if kind in set(DataType):
            self.data_types[request] = DataType(kind)

    def _on_details(self, request: int, details: Any) -> None:
        self._contracts.setdefault(request, []).append(details.contract)

    def _on_end(self, request: int) -> None:
        self._ended.add(request)

    def _on_chain(
        self,
        _request: int,
        exchange: str,
        _con_id: int,
        trading_class: str,
        _multiplier: str,
        days: list[str],
        _strikes: list[float],
    ) -> None:
        if exchange == "SMART" or trading_class not in self._chains:
            self._chains[trading_class] = days

    def _on_tick(self, request: int, *_values: Any) -> None:
        self._ticked.add(request)


class _Ear:
    """A wrapper that hears the messages it has a function for, and lets the others pass."""

    def __init__(self, *, heard: Callable[[], None], **functions: Callable[..., None]) -> None:
        self._heard = heard
        self._functions = functions

    def __getattr__(self, name: str) -> Callable[..., None]:
        def hear(*values: Any) -> None:
            if function := self._functions.get(name):
                function(*values)
            self._heard()

        return hear
