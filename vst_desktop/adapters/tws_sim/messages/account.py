"""Encoders of accounts, positions, profit and loss, and of the session's own messages."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from vst_desktop.adapters.tws_sim.contracts import Traded
from vst_desktop.adapters.tws_sim.messages.order_out import contract11
from vst_desktop.adapters.tws_sim.wire import UNSET_DOUBLE, Field, encode


def error(req_id: int, code: int, sentence: str, server_version: int) -> bytes:
    """Message 4."""
    fields: list[Field] = [4, 2, req_id, code, sentence]
    if server_version >= 166:
        fields.append("")  # advanced order reject
    return encode(fields)


def managed_accounts(accounts: Sequence[str]) -> bytes:
    """Message 15."""
    return encode((15, 1, "".join(f"{account}," for account in accounts)))


def next_valid_id(order_id: int) -> bytes:
    """Message 9."""
    return encode((9, 1, order_id))


def current_time(epoch_secs: int) -> bytes:
    """Message 49."""
    return encode((49, 1, epoch_secs))


def user_info(req_id: int) -> bytes:
    """Message 107: no white brand."""
    return encode((107, req_id, ""))


def account_value(account: str, tag: str, value: str, currency: str) -> bytes:
    """Message 6."""
    return encode((6, 2, tag, value, currency, account))


def portfolio_value(
    account: str,
    contract: Traded,
    quantity: Decimal,
    price: float,
    value: Decimal,
    average_cost: Decimal,
    unrealized: Decimal,
    realized: Decimal,
) -> bytes:
    """Message 7. ``average_cost`` is for one contract, multiplier and commission included."""
    fields: list[Field] = [7, 8, contract.con_id, contract.symbol, contract.sec_type]
    fields += [contract.expiry, contract.strike, contract.right, contract.multiplier]
    fields += [contract.primary_exchange, contract.currency, contract.local_symbol]
    fields += [contract.trading_class, quantity, price, value, average_cost, unrealized]
    fields += [realized, account]
    return encode(fields)


def account_time(clock: str) -> bytes:
    """Message 8, ``HH:MM``."""
    return encode((8, 1, clock))


def account_download_end(account: str) -> bytes:
    """Message 54."""
    return encode((54, 1, account))


def position(account: str, contract: Traded, quantity: Decimal, average_cost: Decimal) -> bytes:
    """Message 61; a quantity of 0 says that the position is gone."""
    return encode((61, 3, account, *contract11(contract), quantity, average_cost))


def position_end() -> bytes:
    """Message 62."""
    return encode((62, 1))


def position_multi(
    req_id: int, account: str, contract: Traded, quantity: Decimal, average_cost: Decimal
) -> bytes:
    """Message 71."""
    return encode((71, 1, req_id, account, *contract11(contract), quantity, average_cost, ""))


def position_multi_end(req_id: int) -> bytes:
    """Message 72."""
    return encode((72, 1, req_id))


def account_multi(
    req_id: int, account: str, model: str, tag: str, value: str, currency: str
) -> bytes:
    """Message 73."""
    return encode((73, 1, req_id, account, model, tag, value, currency))


def account_multi_end(req_id: int) -> bytes:
    """Message 74."""
    return encode((74, 1, req_id))


def summary(req_id: int, account: str, tag: str, value: str, currency: str) -> bytes:
    """Message 63."""
    return encode((63, 1, req_id, account, tag, value, currency))


def summary_end(req_id: int) -> bytes:
    """Message 64."""
    return encode((64, 1, req_id))


def pnl(
    req_id: int, daily: Decimal, unrealized: Decimal, realized: Decimal, server_version: int
) -> bytes:
    """Message 94."""
    return encode((94, req_id, *_profits((daily, unrealized, realized), server_version)))


def pnl_single(
    req_id: int,
    quantity: Decimal,
    daily: Decimal | None,
    unrealized: Decimal | None,
    realized: Decimal | None,
    value: Decimal | None,
    server_version: int,
) -> bytes:
    """Message 95; what is not known goes out as unset."""
    known = _profits((daily, unrealized, realized), server_version)
    parts = (UNSET_DOUBLE if part is None else part for part in (*known, value))
    return encode((95, req_id, quantity, *parts))


def _profits(
    all_three: tuple[Decimal | None, ...], server_version: int
) -> tuple[Decimal | None, ...]:
    """Daily, unrealised, realised: as many of them as the version knows."""
    return all_three[: 1 + (server_version >= 129) + (server_version >= 135)]
