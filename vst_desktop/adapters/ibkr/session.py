"""One connection to TWS, from its handshake to its end. A new one is made for each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from ib_insync import IB, Contract
from ib_insync.wrapper import RequestError

from vst_desktop.adapters.ibkr.client import OrderListener, make_client
from vst_desktop.adapters.ibkr.codes import remedy_of
from vst_desktop.domain.errors import UserError

CONNECT_SECS = 15.0
ANSWER_SECS = 20.0

ErrorListener = Callable[[int, int, str, Contract | None], None]


def broker_error(error: RequestError) -> UserError:
    """TWS's refusal of a request as a sentence."""
    return UserError(f"IBKR refused ({error.code}): {error.message}", remedy=remedy_of(error.code))


class Session:
    """A connected client. Requests that TWS answers without an id go one at a time."""

    def __init__(self, ib: IB, account: str) -> None:
        self.ib = ib
        self.account = account
        self._turn = asyncio.Lock()

    async def alone[T](self, make: Callable[[], Awaitable[T]], what: str) -> T:
        """Make a request of which only one may be under way, and wait for its answer.

        Raises:
            UserError: TWS refused it.
            TimeoutError: No answer in time.
        """
        async with self._turn:
            return await self.answer(make(), what)

    async def answer[T](self, request: Awaitable[T], what: str) -> T:
        """Wait for an answer, bounded."""
        try:
            return await asyncio.wait_for(request, ANSWER_SECS)
        except RequestError as error:
            raise broker_error(error) from None
        except ConnectionError:
            raise UserError(
                f"the connection to the broker was lost while asking for {what}"
            ) from None
        except TimeoutError:
            raise TimeoutError(f"the broker did not answer: {what}") from None


async def open_session(
    *,
    host: str,
    port: int,
    client_id: int,
    account: str | None,
    allowed_accounts: Sequence[str],
    messages_per_second: int,
    on_order: OrderListener,
    on_error: ErrorListener,
) -> Session:
    """Connect and synchronise positions, orders and account.

    Raises:
        UserError: Nothing listens, the client id is taken, the account is wrong or not one.
    """
    where = f"{host}:{port}"
    ib = make_client(on_order, messages_per_second)
    refused: list[tuple[int, str]] = []

    def listen(request_id: int, code: int, text: str, contract: Contract | None) -> None:
        if code in (326, 321, 502, 504):
            refused.append((code, text))
        on_error(request_id, code, text, contract)

    ib.errorEvent += listen
    try:
        await ib.connectAsync(
            host, port, clientId=client_id, timeout=CONNECT_SECS, account=account or ""
        )
    except (OSError, TimeoutError) as error:
        ib.disconnect()  # type: ignore[no-untyped-call]
        raise _why(error, where, client_id, refused) from None
    accounts = [name for name in ib.managedAccounts() if name]
    try:
        chosen = choose_account(accounts, account, allowed_accounts, where)
    except UserError:
        ib.disconnect()  # type: ignore[no-untyped-call]
        raise
    return Session(ib, chosen)


def choose_account(
    accounts: Sequence[str], wanted: str | None, allowed: Sequence[str], where: str
) -> str:
    """The account to trade in.

    Raises:
        UserError: None, several without a choice, an unknown one, or one that is not allowed.
    """
    listed = ", ".join(accounts) or "none"
    if wanted is not None and wanted not in accounts:
        raise UserError(f"account {wanted} is not at the broker ({listed})", where=where)
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


def _why(
    error: Exception, where: str, client_id: int, refused: Sequence[tuple[int, str]]
) -> UserError:
    codes = {code for code, _ in refused}
    if 326 in codes:
        return UserError(f"client id {client_id} is in use", where=where, remedy=remedy_of(326))
    if isinstance(error, TimeoutError):
        return UserError(
            "TWS did not answer in time",
            where=where,
            remedy="see whether it waits for a login or a dialog",
        )
    return UserError(
        "nothing accepts the connection",
        where=where,
        remedy="start TWS or IB Gateway and enable Configure > API > Settings > 'Enable ActiveX "
        "and Socket Clients' on this port",
    )
