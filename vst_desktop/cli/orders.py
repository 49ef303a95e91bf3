"""``vst orders``: what stands open, and answers to what the station asks, without a window.

It starts a station on the broker as the window does, disarmed, so that books are compared first;
the window must be closed meanwhile, since TWS takes one client of an id.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from vst_desktop.cli.common import add_json_option, add_settings_option, write_json
from vst_desktop.domain.errors import UserError

if TYPE_CHECKING:
    from vst_desktop.ports.store import IntentRecord, PositionRecord
    from vst_desktop.station.station import Station


def add_parser(subparsers: Any) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser("orders", help="open orders, and answers to UNKNOWN ones")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    known = {
        "list": "what waits, works, is UNKNOWN or held",
        "disown": "the broker has no such UNKNOWN order",
        "adopt": "the UNKNOWN order was filled",
        "cancel-orphan": "cancel an order that the journal does not know",
        "thaw": "let the exits of a frozen position run again",
    }
    for name, told in known.items():
        action = actions.add_parser(name, help=told)
        if name != "list":
            action.add_argument("ref", metavar="REF", help="the order's reference")
        if name == "adopt":
            action.add_argument("--quantity", type=int, required=True, metavar="N")
            action.add_argument("--price", required=True, metavar="USD", help="per share")
        action.add_argument("--profile", choices=("paper", "live"), required=True)
        add_settings_option(action)
        add_json_option(action)


def run(args: argparse.Namespace) -> int:
    """Start a station, do it, and tell what stands open then."""
    import asyncio

    from vst_desktop.bootstrap import broker_station, profile_settings

    settings = profile_settings(args.profile, args.overrides)

    async def answered() -> dict[str, Any]:
        async with broker_station(settings) as station:
            await _answer(station, args)
            return _open_book(station)

    told = asyncio.run(answered())
    for line in [*told["orders"], *told["orphans"], *told["positions"]]:
        print("  ".join(str(value) for value in line.values() if value not in (None, "")))
    write_json(args.json, told)
    return 0


async def _answer(station: Station, args: argparse.Namespace) -> None:
    trading = station.trading
    match args.action:
        case "disown":
            await trading.disown(_intent_id(station, args.ref))
        case "adopt":
            price = _price(args.price)
            await trading.adopt(_intent_id(station, args.ref), args.quantity, price)
        case "cancel-orphan":
            await trading.cancel_orphan(args.ref)
        case "thaw":
            await trading.thaw(_intent_id(station, args.ref))


def _intent_id(station: Station, ref: str) -> str:
    for intent in station.desk.intents():
        if ref in (intent.order_ref, intent.intent_id):
            return intent.intent_id
    raise UserError(f"there is no order {ref!r}", remedy="vst orders list names them")


def _price(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise UserError(f"--price {text!r} is no amount", exit_code=2) from None


def _open_book(station: Station) -> dict[str, Any]:
    from vst_desktop.execution.states import TERMINAL

    desk = station.desk
    return {
        "account": station.account_id,
        "orders": [_order(i) for i in desk.intents() if i.state not in TERMINAL],
        "orphans": [
            {"ref": o.order_ref, "symbol": o.symbol, "state": o.state, "quantity": o.quantity}
            for o in desk.orphans()
        ],
        "positions": _positions(desk.positions()),
    }


def _order(intent: IntentRecord) -> dict[str, Any]:
    return {
        "ref": intent.order_ref,
        "symbol": intent.spread.symbol,
        "side": intent.side,
        "spread": intent.spread.label(),
        "state": intent.state,
        "quantity": intent.quantity,
        "filled": intent.filled,
        "reason": intent.reason,
    }


def _positions(positions: Sequence[PositionRecord]) -> list[dict[str, Any]]:
    return [
        {
            "ref": p.position_id,
            "symbol": p.spread.symbol,
            "spread": p.spread.label(),
            "quantity": p.quantity,
            "frozen": p.frozen,
        }
        for p in positions
    ]
