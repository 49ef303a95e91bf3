"""What the broker refuses of an order before it is taken, with the codes TWS uses."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from vst_desktop.adapters.tws_sim import codes
from vst_desktop.adapters.tws_sim.codes import Notice, Refusal
from vst_desktop.adapters.tws_sim.contracts import ComboLeg, tick_at
from vst_desktop.adapters.tws_sim.orders import Order, Ticket

_TYPES = frozenset({"MKT", "LMT"})
_TIFS = frozenset({"DAY", "GTC", "IOC"})


def account_named(name: str, accounts: Sequence[str]) -> str:
    """The account of that name, or the only one there is.

    Raises:
        Refusal: None is named though there are several (435), or it is not one of ours (321).
    """
    if not name:
        if len(accounts) > 1:
            raise Refusal(codes.ACCOUNT_REQUIRED, "You must specify an account.")
        return accounts[0]
    if name not in accounts:
        raise Refusal(codes.VALIDATION, codes.invalid(f"Invalid account code '{name}'"))
    return name


def form(ticket: Ticket) -> Decimal:
    """Check everything that needs no market; returns the quantity.

    Raises:
        Refusal: With the code of the first thing that is wrong.
    """
    if ticket.order_id <= 0 and not ticket.manual:
        raise Refusal(codes.VALIDATION, codes.invalid(f"invalid order id {ticket.order_id}"))
    if ticket.action not in ("BUY", "SELL"):
        raise Refusal(codes.VALIDATION, codes.invalid(f"invalid action '{ticket.action}'"))
    quantity = ticket.quantity
    if quantity is None or quantity.is_nan() or quantity <= 0:
        raise Refusal(codes.ZERO_SIZE, "The order size cannot be zero.")
    if quantity != quantity.to_integral_value():
        raise Refusal(codes.FRACTIONAL_SIZE, "Fractional-sized order cannot be placed via API.")
    if ticket.order_type not in _TYPES:
        raise Refusal(
            codes.UNSUPPORTED_ORDER_TYPE,
            f"Unsupported order type '{ticket.order_type}' for this exchange and security type.",
        )
    if ticket.tif not in _TIFS:
        raise Refusal(codes.VALIDATION, codes.invalid(f"time in force '{ticket.tif}'"))
    if any(ticket.leg_prices):
        raise Refusal(codes.LEG_PRICES, "Order combo leg prices are not supported.")
    if ticket.unsupported:
        names = ", ".join(ticket.unsupported)
        raise Refusal(codes.VALIDATION, codes.invalid(f"not supported by this simulator: {names}"))
    if ticket.order_type == "LMT" and (ticket.limit_price is None or ticket.limit_price.is_nan()):
        raise Refusal(codes.VALIDATION, codes.invalid("invalid limit price"))
    return quantity


def strict_form(ticket: Ticket) -> None:
    """Check for what TWS refuses of clients that are too old for it.

    Raises:
        Refusal: An attribute that is no longer taken is set (10268).
    """
    if ticket.outdated:
        text = f"The '{ticket.outdated[0]}' order attribute is not supported."
        raise Refusal(codes.OUTDATED_ATTRIBUTE, text)


def price(order: Order, combo_tick: Decimal) -> None:
    """Check the limit against the increments and against trades that cannot lose.

    Raises:
        Refusal: Off the price grid (110), not positive (321) or riskless (201).
    """
    limit = order.ticket.limit_price
    if order.ticket.order_type != "LMT" or limit is None:
        return
    if order.instrument is not None:
        if limit <= 0:
            raise Refusal(codes.VALIDATION, codes.invalid(f"invalid limit price {limit}"))
        tick = Decimal(repr(tick_at(order.instrument, float(limit))))
    else:
        tick = combo_tick
    if limit % tick != 0:
        raise Refusal(
            codes.BAD_TICK,
            "The price does not conform to the minimum price variation for this contract.",
        )
    if order.instrument is None and _riskless(order.legs, order.buys, limit):
        raise Refusal(
            codes.ORDER_REJECTED, codes.rejected("Riskless combination orders are not allowed.")
        )


def modification(old: Order, new: Order) -> None:
    """Check that a modify message changes only what can be changed.

    Raises:
        Refusal: The order is filled (104), done (103), or another order (105).
    """
    if old.status.is_done:
        if old.filled == old.quantity:
            raise Refusal(codes.MODIFY_FILLED, "Cannot modify a filled order.")
        raise Refusal(codes.DUPLICATE_ORDER_ID, "Duplicate order id")
    same = (
        old.contract.con_id == new.contract.con_id
        and old.legs == new.legs
        and old.ticket.action == new.ticket.action
        and old.account == new.account
    )
    if not same:
        raise Refusal(codes.MODIFY_MISMATCH, "Order being modified does not match original order")
    if new.quantity <= old.filled:
        raise Refusal(codes.VALIDATION, codes.invalid("order size below the quantity filled"))


def cannot_cancel(order: Order) -> Refusal:
    """The answer to a cancel of an order that is done."""
    return Refusal(
        codes.CANCEL_TERMINAL,
        f"OrderId {order.order_id} that needs to be cancelled cannot be cancelled, "
        f"state: {order.status.value}.",
    )


def remarks(ticket: Ticket) -> list[Notice]:
    """What TWS says of attributes it drops from an order that it takes."""
    found = []
    if ticket.outside_rth:
        found.append(
            Notice(
                code=codes.OUTSIDE_RTH_IGNORED,
                text="Order Event Warning: Attribute 'Outside Regular Trading Hours' is ignored "
                "based on the order type and destination. PlaceOrder is now being processed.",
            )
        )
    if ticket.algo:
        found.append(
            Notice(
                code=codes.ORDER_MESSAGE,
                text=f"Order Message:\nThe algorithm {ticket.algo} is not applied to this order.",
            )
        )
    return found


def _riskless(legs: Sequence[ComboLeg], buys: bool, limit: Decimal) -> bool:
    """Whether the order can only win whatever the spot at a common expiration."""
    if any(leg.instrument.sec_type != "OPT" for leg in legs):
        return False
    if len({leg.instrument.expiration for leg in legs}) > 1:
        return False
    side = 1 if buys else -1
    slope = sum(leg.ratio * leg.sign for leg in legs if leg.instrument.right == "C") * side
    spots = (0.0, *(leg.instrument.strike or 0.0 for leg in legs))
    worst = min(
        sum(side * leg.sign * leg.ratio * _intrinsic(leg, spot) for leg in legs) for spot in spots
    )
    return slope >= 0 and Decimal(repr(round(worst, 6))) - side * limit > 0


def _intrinsic(leg: ComboLeg, spot: float) -> float:
    strike = leg.instrument.strike or 0.0
    return max(0.0, spot - strike if leg.instrument.right == "C" else strike - spot)
