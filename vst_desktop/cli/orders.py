"""``vst orders``: what stands open, and answers to what the station asks, without a window.

It starts a station on the broker as the window does, disarmed, so that books are compared first;
the window must be closed meanwhile, since TWS takes one client of an id.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from vst_desktop.cli.common import add_json_option, add_settings_option, write_json
from vst_desktop.domain.errors import UserError

if TYPE_CHECKING:
    from vst_desktop.domain.exit_edits import ExitEdit
    from vst_desktop.domain.spreads import ExitPlan
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
        "exits": "change stop, target or day of a position",
    }
    for name, told in known.items():
        action = actions.add_parser(name, help=told)
        if name != "list":
            action.add_argument("ref", metavar="REF", help="the order's reference")
        if name == "adopt":
            action.add_argument("--quantity", type=int, required=True, metavar="N")
            action.add_argument("--price", required=True, metavar="USD", help="per share")
        if name == "exits":
            action.add_argument("--stop", metavar="USD", help="of the underlying")
            action.add_argument("--target", metavar="USD", help="of the underlying, or none")
            action.add_argument("--exit-by", metavar="DAY", help="as 2023-12-01")
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
        case "exits":
            position = _position(station, args.ref)
            await trading.edit_exits(position.position_id, _edit(position.plan, args))


def _intent_id(station: Station, ref: str) -> str:
    for intent in station.desk.intents():
        if ref in (intent.order_ref, intent.intent_id):
            return intent.intent_id
    raise UserError(f"there is no order {ref!r}", remedy="vst orders list names them")


def _position(station: Station, ref: str) -> PositionRecord:
    for position in station.desk.positions():
        if position.position_id == ref or station.intent(position.intent_id).order_ref == ref:
            return position
    raise UserError(f"there is no open position {ref!r}", remedy="vst orders list names them")


def _edit(plan: ExitPlan, args: argparse.Namespace) -> ExitEdit:
    from vst_desktop.domain.exit_edits import ExitEdit

    def level(name: str, text: str | None, now: float | None) -> float | None:
        if text is None:
            return now
        try:
            return float(text)
        except ValueError:
            raise UserError(f"{name} {text!r} is no price", exit_code=2) from None

    stop = level("--stop", args.stop, plan.stop)
    assert stop is not None
    wants_none = (args.target or "").lower() == "none"
    try:
        day = date.fromisoformat(args.exit_by) if args.exit_by else plan.exit_by
    except ValueError:
        raise UserError(
            f"--exit-by {args.exit_by!r} is no day", remedy="write it as 2023-12-01", exit_code=2
        ) from None
    return ExitEdit(
        stop=stop,
        target=None if wants_none else level("--target", args.target, plan.target),
        exit_by=day,
    )


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
            "stop": p.plan.stop,
            "target": p.plan.target,
            "exit_by": p.plan.exit_by.isoformat(),
            "frozen": p.frozen,
        }
        for p in positions
    ]
