"""Requests of the control line about what happens at TWS itself: orders by hand, holdings, data."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from vst_desktop.adapters.tws_sim.codes import Refusal
from vst_desktop.adapters.tws_sim.contracts import ContractSpec, respelt
from vst_desktop.adapters.tws_sim.link import Feed
from vst_desktop.adapters.tws_sim.manual import HandLeg
from vst_desktop.adapters.tws_sim.messages.requests import right_of
from vst_desktop.adapters.tws_sim.server import TwsServer

OPERATIONS = frozenset({"order", "cancel", "position", "assign", "data"})


def serve(server: TwsServer, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """Do one of :data:`OPERATIONS`.

    Raises:
        ValueError: It cannot be read, or TWS would not take it.
    """
    try:
        match operation:
            case "order":
                return _order(server, request)
            case "cancel":
                server.hands.cancel(int(_number(request, "perm_id")))
            case "position":
                server.hands.position(
                    _contract(request),
                    _number(request, "quantity"),
                    _number(request, "price"),
                    account=str(request.get("account", "")),
                )
            case "assign":
                server.hands.assign(
                    _contract(request),
                    int(_number(request, "quantity")),
                    account=str(request.get("account", "")),
                )
            case "data":
                server.subscription.feed = Feed(str(request.get("value")))
    except Refusal as refusal:
        raise ValueError(
            f"{refusal.code} {refusal.text}" if refusal.code else refusal.text
        ) from None
    return {"ok": True}


def _order(server: TwsServer, request: Mapping[str, Any]) -> dict[str, Any]:
    legs = request.get("legs", [])
    if not isinstance(legs, list) or not all(isinstance(one, dict) for one in legs):
        raise ValueError("'legs' is no list of contracts")
    order = server.hands.order(
        _contract(request),
        str(request.get("action", "")),
        _number(request, "quantity"),
        limit_price=_number(request, "limit") if "limit" in request else None,
        legs=[HandLeg(spec=_contract(one), action=str(one.get("action", ""))) for one in legs],
        account=str(request.get("account", "")),
        tif=str(request.get("tif", "DAY")),
    )
    return {"perm_id": order.perm_id, "status": order.status.value}


def _contract(fields: Mapping[str, Any]) -> ContractSpec:
    """A contract by its id, or by symbol and, for an option, expiration, strike and right."""
    if "con_id" in fields:
        return ContractSpec(con_id=int(_number(fields, "con_id")))
    strike = float(_number(fields, "strike")) if "strike" in fields else None
    return ContractSpec(
        symbol=respelt(str(fields.get("symbol", ""))),
        sec_type="STK" if strike is None else "OPT",
        expiry=str(fields.get("expiration", "")),
        strike=strike,
        right=right_of(str(fields.get("right", ""))),
        exchange="SMART",
        currency="USD",
    )


def _number(fields: Mapping[str, Any], name: str) -> Decimal:
    value = fields.get(name)
    try:
        number = None if isinstance(value, bool) else Decimal(str(value))
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite():
        raise ValueError(f"'{name}' is {value!r}, not a number")
    return number
