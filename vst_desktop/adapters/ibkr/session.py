"""One connection to TWS, from its handshake to its end. A new one is made for each."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vst_desktop.adapters.ibkr.client import Listener, PacedClient, make_client
from vst_desktop.adapters.ibkr.codes import in_words, remedy_of
from vst_desktop.adapters.ibkr.library import IB, RequestError
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.quotes import DataType

CONNECT_SECS = 15.0
ANSWER_SECS = 20.0
SYNCHRONISE_SECS = 15.0
"""Longest wait for what the start must know: a start without it is none."""

_CLIENT_ID_IN_USE = 326
_NOT_ALLOWED = 321
_CLOSED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where and as whom to connect.

    ``account`` None: the broker has exactly one. ``allowed_accounts`` empty allows any.
    """

    host: str
    port: int
    client_id: int
    account: str | None
    allowed_accounts: tuple[str, ...]
    messages_per_second: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Refused(UserError):
    """TWS refused a request; ``code`` and ``text`` are its own."""

    def __init__(self, error: RequestError, where: str) -> None:
        self.code = error.code
        self.text = error.message
        super().__init__(
            f"IBKR refused {in_words(error.code, error.message)}",
            where=where,
            remedy=remedy_of(error.code),
        )


class Session:
    """A connected client. Requests that TWS answers without an id go one at a time.

    ``read_only``: TWS's API takes no orders of programs, and does not tell of them either.
    """

    def __init__(self, ib: IB, account: str) -> None:
        self.ib = ib
        self.account = account
        self.read_only = False
        self._read_only_told = asyncio.Event()
        ib.errorEvent += self._on_error
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @property
    def connected(self) -> bool:
        """Whether the socket is open and the handshake done."""
        return bool(self.ib.client.isReady())

    async def alone[T](
        self, make: Callable[[], Awaitable[T]], what: str, secs: float = ANSWER_SECS
    ) -> T:
        """Make a request of which only one may be under way, and wait for its answer.

        The time runs from the call: waiting for its turn counts.

        Raises:
            UserError: TWS refused it, or the connection was lost.
            TimeoutError: No answer in time.
        """

        async def turn() -> T:
            async with self._turns[what]:
                return await make()

        return await self.answer(turn, what, secs)

    async def answer[T](
        self, make: Callable[[], Awaitable[T]], what: str, secs: float = ANSWER_SECS
    ) -> T:
        """Make a request and wait for its answer; errors as for :meth:`alone`."""
        try:
            return await asyncio.wait_for(make(), secs)
        except RequestError as error:
            raise Refused(error, what) from None
        except TimeoutError:
            raise TimeoutError(f"the broker did not answer: {what}") from None
        except OSError:
            raise UserError(f"the connection was lost while asking for {what}") from None

    async def synchronise_orders(self) -> None:
        """Ask for the open orders, which also tells whether the API is read-only.

        Raises:
            UserError: The connection was lost.
            TimeoutError: Neither the orders nor a refusal came.
        """
        self._read_only_told.clear()
        asking = asyncio.ensure_future(
            self.alone(self.ib.reqOpenOrdersAsync, "open orders", SYNCHRONISE_SECS)
        )
        refused = asyncio.ensure_future(self._read_only_told.wait())
        both: list[asyncio.Future[Any]] = [asking, refused]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            self.read_only = refused.done()
            if asking.done():
                asking.result()
        finally:
            for one in both:
                one.cancel()
            await asyncio.gather(*both, return_exceptions=True)

    def _on_error(self, request_id: int, code: int, *_: object) -> None:
        if code == _NOT_ALLOWED and request_id <= 0:
            self._read_only_told.set()

    def withdraw(self, order_id: int) -> bool:
        """Drop what still waits to be sent about the order; whether there was anything."""
        client = self.ib.client
        return isinstance(client, PacedClient) and client.withdraw(order_id)

    def close(self) -> None:
        """Close the socket."""
        self.ib.disconnect()  # type: ignore[no-untyped-call]


async def open_session(address: Address, listener: Listener) -> Session:
    """Connect and synchronise account, positions, orders and executions.

    Raises:
        UserError: Nothing listens, the client id is taken, the account is wrong or not one.
        TimeoutError: TWS took the connection and then did not tell all that a start must know.
    """
    refused: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()

    def refuse(code: int, text: str) -> None:
        if not refused.done():
            refused.set_result((code, text))

    def listen(request_id: int, code: int, text: str) -> None:
        if code == _CLIENT_ID_IN_USE:
            refuse(code, text)
        listener.error(request_id, code, text)

    def closed(text: str) -> None:
        refuse(_CLOSED, text)

    ib = make_client(replace(listener, error=listen), address.messages_per_second)
    ib.client.apiError += closed
    opening = asyncio.ensure_future(_synchronise(ib, address))
    both: list[asyncio.Future[Any]] = [opening, refused]
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if opening.done():
            return opening.result()
        raise _why(address, *refused.result())
    except BaseException as error:
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        ib.disconnect()  # type: ignore[no-untyped-call]
        if isinstance(error, UserError) or not isinstance(error, OSError):
            raise
        if isinstance(error, TimeoutError):
            raise TimeoutError(
                f"{address}: TWS did not answer in time ({str(error) or 'handshake'}); see "
                "whether it waits for a login or shows a dialog"
            ) from None
        if refused.done() and refused.result()[0]:
            raise _why(address, *refused.result()) from None
        raise UserError(
            "nothing accepts the connection",
            where=str(address),
            remedy="start TWS or IB Gateway and enable Configure > API > Settings > 'Enable "
            "ActiveX and Socket Clients' on this port",
        ) from None
    finally:
        ib.client.apiError -= closed
        refused.cancel()


async def _synchronise(ib: IB, address: Address) -> Session:
    ib.wrapper.clientId = address.client_id
    await ib.client.connectAsync(  # type: ignore[no-untyped-call]
        address.host, address.port, address.client_id, CONNECT_SECS
    )
    account = choose_account(
        ib.client.getAccounts(), address.account, address.allowed_accounts, str(address)
    )
    session = Session(ib, account)
    await asyncio.gather(
        session.alone(ib.reqPositionsAsync, "positions", SYNCHRONISE_SECS),
        session.synchronise_orders(),
        session.alone(
            lambda: ib.reqAccountUpdatesAsync(account), "account values", SYNCHRONISE_SECS
        ),
    )
    # after the orders, or ib_insync would not know whose the executions are
    await session.answer(ib.reqExecutionsAsync, "executions", SYNCHRONISE_SECS)
    ib.reqPnL(account)
    # live where the user has it; every line tells what it is
    ib.reqMarketDataType(DataType.DELAYED)
    await session.alone(ib.reqCurrentTimeAsync, "time")
    return session


def choose_account(
    accounts: Sequence[str], wanted: str | None, allowed: Sequence[str], where: str
) -> str:
    """The account to trade in.

    Raises:
        UserError: None, several without a choice, an unknown one, or one that is not allowed.
    """
    listed = ", ".join(accounts) or "none"
    if wanted is not None and wanted not in accounts:
        raise UserError(
            f"account {wanted} is not at the broker, which has {listed}",
            where=where,
            remedy="correct broker.account",
        )
    if wanted is None and len(accounts) != 1:
        raise UserError(
            f"the broker manages the accounts {listed}",
            where=where,
            remedy="choose one with broker.account",
        )
    chosen = wanted or accounts[0]
    if allowed and chosen not in allowed:
        raise UserError(
            f"account {chosen} is not on the allow-list",
            where=where,
            remedy="add it to broker.allowed_accounts if you mean to trade in it",
        )
    return chosen


def _why(address: Address, code: int, text: str) -> UserError:
    if code == _CLIENT_ID_IN_USE:
        return UserError(
            f"client id {address.client_id} is in use",
            where=str(address),
            remedy=remedy_of(code),
        )
    return UserError(
        f"TWS closed the connection while it was being made ({text})",
        where=str(address),
        remedy="see whether it waits for you to accept the connection, and whether 'Trusted IPs' "
        "of Configure > API > Settings has this machine",
    )
