"""Decoders of the requests whose layout is shared or long. Others read their fields in place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vst_desktop.adapters.tws_sim.contracts import ContractSpec, Leg, respelt
from vst_desktop.adapters.tws_sim.wire import Fields

LIVE_BARS = 124
"""From this version on bars can be kept up to date."""
_REGULATORY = 114
_LONGEST_NUMBER = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketDataRequest:
    """A subscription to quotes, or one snapshot of them."""

    req_id: int
    spec: ContractSpec
    legs: tuple[Leg, ...]
    generic_ticks: frozenset[int]
    unread_generic: tuple[str, ...]
    """Words of the generic tick list that are neither a number nor ``mdoff``."""
    snapshot: bool
    regulatory: bool
    """A paid snapshot of a US stock, which needs no subscription."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRequest:
    """A request for bars, as the client wrote it."""

    req_id: int
    spec: ContractSpec
    end: str
    bar_size: str
    duration: str
    what_to_show: str
    format_date: int
    keep_up_to_date: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionFilter:
    """Which executions are asked for; empty or 0 means all."""

    req_id: int
    client_id: int
    account: str
    time: str
    symbol: str
    sec_type: str
    exchange: str
    side: str


def contract(fields: Fields) -> ContractSpec:
    """The twelve contract fields of almost every request."""
    con_id, symbol, sec_type, expiry = fields.integer(), *fields.strings(3)
    strike = fields.number()
    right, multiplier, exchange, primary, currency, local, trading_class = fields.strings(7)
    return ContractSpec(
        con_id=con_id,
        symbol=respelt(symbol),
        sec_type=sec_type,
        expiry=expiry,
        strike=strike or None,
        right=right_of(right),
        multiplier=_whole(multiplier),
        exchange=exchange,
        primary_exchange=primary,
        currency=currency,
        local_symbol=local,
        trading_class=trading_class,
    )


def short_legs(fields: Fields) -> tuple[Leg, ...]:
    """Combination legs as market data and history requests write them."""
    return tuple(
        Leg(
            con_id=fields.integer(),
            ratio=fields.integer(),
            action=fields.string(),
            exchange=fields.string(),
        )
        for _ in range(fields.count())
    )


def long_legs(fields: Fields) -> tuple[Leg, ...]:
    """Combination legs as orders write them."""
    return tuple(
        Leg(
            con_id=fields.integer(),
            ratio=fields.integer(),
            action=fields.string(),
            exchange=fields.string(),
            open_close=fields.integer(),
            short_sale_slot=fields.integer(),
            designated_location=fields.string(),
            exempt_code=fields.integer(),
        )
        for _ in range(fields.count())
    )


def market_data(fields: Fields, server_version: int) -> MarketDataRequest:
    """Request 1, after its id."""
    fields.integer()
    req_id = fields.integer()
    spec = contract(fields)
    legs = short_legs(fields) if spec.sec_type == "BAG" else ()
    if fields.flag():
        fields.strings(3)  # delta-neutral contract
    words = [word for word in fields.string().replace(" ", "").split(",") if word]
    generic = [word.partition(":")[0] for word in words]  # as in 292:BRFG
    snapshot = fields.flag()
    return MarketDataRequest(
        req_id=req_id,
        spec=spec,
        legs=legs,
        generic_ticks=frozenset(int(word) for word in generic if _is_number(word)),
        unread_generic=tuple(word for word in generic if not _is_number(word) and word != "mdoff"),
        snapshot=snapshot,
        regulatory=server_version >= _REGULATORY and fields.flag(),
    )


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= _LONGEST_NUMBER


def history(fields: Fields, server_version: int) -> HistoryRequest:
    """Request 20, after its id."""
    if server_version < LIVE_BARS:
        fields.integer()
    req_id = fields.integer()
    spec = contract(fields)
    fields.flag()  # include expired
    end, bar_size, duration = fields.strings(3)
    fields.flag()  # regular hours only: there are no others
    what = fields.string()
    format_date = fields.integer()
    if spec.sec_type == "BAG":
        short_legs(fields)
    return HistoryRequest(
        req_id=req_id,
        spec=spec,
        end=end,
        bar_size=bar_size,
        duration=duration,
        what_to_show=what,
        format_date=format_date,
        keep_up_to_date=server_version >= LIVE_BARS and fields.flag(),
    )


def executions(fields: Fields) -> ExecutionFilter:
    """Request 7, after its id."""
    fields.integer()
    req_id, client_id = fields.integer(), fields.integer()
    account, time, symbol, sec_type, exchange, side = fields.strings(6)
    return ExecutionFilter(
        req_id=req_id,
        client_id=client_id,
        account=account,
        time=time,
        symbol=symbol,
        sec_type=sec_type,
        exchange=exchange,
        side=side,
    )


def right_of(value: str) -> Literal["C", "P", ""]:
    """Call or put in any spelling that clients use; empty when neither is said."""
    match value.upper():
        case "C" | "CALL":
            return "C"
        case "P" | "PUT":
            return "P"
        case _:
            return ""


def _whole(value: str) -> str:
    return value.removesuffix(".0")
