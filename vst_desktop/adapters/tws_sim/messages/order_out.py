"""Encoders of messages about orders: open and completed orders, their status, executions."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from vst_desktop.adapters.tws_sim.contracts import Traded
from vst_desktop.adapters.tws_sim.orders import Execution, Order, Preview, Status
from vst_desktop.adapters.tws_sim.timing import stamp
from vst_desktop.adapters.tws_sim.wire import UNSET_DOUBLE, UNSET_INT, Field, encode

_TAIL: tuple[tuple[int, tuple[Field, ...]], ...] = (
    (102, (0, "None", *(UNSET_DOUBLE,) * 6, 0)),  # conditions, adjusted order
    (106, ("", "", "")),  # soft dollar tier
    (111, (0,)),  # cashQty
    (141, (1,)),  # dontUseAutoPriceForHedge
    (145, (0,)),  # isOmsContainer
    (148, (0,)),  # discretionaryUpToLimitPrice
    (151, (0,)),  # usePriceMgmtAlgo
    (158, ("",)),  # duration
    (160, ("",)),  # postToAts
    (162, (0,)),  # autoCancelParent
    (170, ("", 100, 0.02, "", "")),  # minimum and peg sizes and offsets
)
"""Fields at the end of an open order: since which version, and their values."""
_OPEN_ORDER, _ORDER_STATUS, _EXECUTION = 34, 6, 10
"""Versions of messages that lost this field later."""
_NO_PARENT_PERM_ID = 9223372036854775807
_NO_MARGIN = (UNSET_DOUBLE,) * 9
_PRICED_BY_LIMIT = frozenset({"LMT"})


def contract11(contract: Traded) -> tuple[Field, ...]:
    """The eleven contract fields of messages about orders and positions."""
    return (
        contract.con_id,
        contract.symbol,
        contract.sec_type,
        contract.expiry,
        contract.strike,
        contract.right,
        contract.multiplier,
        contract.exchange,
        contract.currency,
        contract.local_symbol,
        contract.trading_class,
    )


def open_order(order: Order, server_version: int) -> bytes:
    """Message 5 for an order of the book."""
    commission = order.commission_usd
    margins = _NO_MARGIN if server_version >= 142 else _NO_MARGIN[:3]
    state: list[Field] = [order.status.value, *margins]
    state += [commission, None, None, "USD" if commission is not None else "", ""]
    return encode(_open_order(order, server_version, what_if=False, state=state))


def early_preview(answer: Preview, server_version: int) -> bytes:
    """A preview without figures, as it sometimes comes before the one that has them."""
    margins = _NO_MARGIN if server_version >= 142 else _NO_MARGIN[:3]
    state: list[Field] = [Status.PRE_SUBMITTED.value, *margins, None, None, None, "", ""]
    return encode(_open_order(answer.order, server_version, what_if=True, state=state))


def preview(answer: Preview, server_version: int) -> bytes:
    """Message 5 that answers a what-if order: no status follows and nothing was placed."""
    state: list[Field] = [Status.PRE_SUBMITTED.value]
    margins = [
        _money(answer.init_before),
        _money(answer.init_before),
        _money(answer.equity_before),
        _money(answer.init_after - answer.init_before),
        _money(answer.init_after - answer.init_before),
        _money(answer.equity_after - answer.equity_before),
        _money(answer.init_after),
        _money(answer.init_after),
        _money(answer.equity_after),
    ]
    state += margins if server_version >= 142 else margins[6:]
    state += [_money(answer.commission)] * 3
    state += ["USD", ""]
    return encode(_open_order(answer.order, server_version, what_if=True, state=state))


def _money(value: Decimal) -> str:
    return f"{value:.2f}"


def _open_order(
    order: Order, server_version: int, *, what_if: bool, state: Sequence[Field]
) -> list[Field]:
    ticket = order.ticket
    fields: list[Field] = [5] if server_version >= 145 else [5, _OPEN_ORDER]
    fields += [order.order_id, *_head(order, order.quantity)]
    fields += [order.client_id, order.perm_id, ticket.outside_rth, ticket.hidden]
    fields += [0, "", ""]  # discretionaryAmt, goodAfterTime, sharesAllocation
    fields += [""] * (3 if server_version >= 177 else 4)  # financial advisor fields
    if server_version >= 103:
        fields.append("")  # modelCode
    fields += ["", "", "", ""]  # goodTillDate, rule80A, percentOffset, settlingFirm
    fields += [0, "", -1, 0]  # short sale slot and location, exemptCode, auctionStrategy
    fields += ["", "", "", "", ""]  # startingPrice, stockRefPrice, delta, stock range
    fields += [UNSET_INT, 0, 0, 0, "", 3]  # displaySize, block, sweep, allOrNone, minQty, ocaType
    fields += [0, 0, "", 0, 0]  # eTradeOnly, firmQuoteOnly, nbboPriceCap, parentId, triggerMethod
    fields += ["", 0, "None", ""]  # volatility and its type, delta-neutral order type and price
    fields += [0, "", "", "?", 0, 0, 0, ""]  # follow because "None" is not empty
    fields += [0, 0, "", "", "", ""]  # continuousUpdate, referencePrice, trail x2, basisPoints x2
    fields += _combo(order)
    fields += [UNSET_INT, UNSET_INT, "", ""]  # scale sizes and increment, hedgeType
    fields += [0, "", "IB", 0, 0]  # optOutSmart, clearing account and intent, notHeld, dnc
    fields += ["", 0, what_if]  # algoStrategy, solicited, whatIf
    fields += state
    fields += [0, 0]  # randomizeSize, randomizePrice
    for since, more in _TAIL:
        if server_version >= since:
            fields += more
    return fields


def completed_order(order: Order, server_version: int) -> bytes:
    """Message 101: as thin as the real one, without order id and with a quantity of 0 if filled."""
    done = order.completed_at or order.placed_at
    is_filled = order.status is Status.FILLED
    fields: list[Field] = [101, *_head(order, Decimal(0) if is_filled else order.quantity)]
    fields += [order.perm_id, order.ticket.outside_rth, order.ticket.hidden, 0, ""]
    fields += [""] * (3 if server_version >= 177 else 4)  # financial advisor fields
    fields += ["", "", "", "", "", 0, "", -1]  # modelCode ... exemptCode
    fields += ["", "", "", "", ""]  # startingPrice, stockRefPrice, delta, stock range
    fields += [UNSET_INT, 0, 0, "", 3, 0]  # displaySize, sweep, allOrNone, minQty, ocaType, trigger
    fields += ["", 0, "None", "", 0, 0, 0, ""]  # volatility, delta-neutral
    fields += [0, 0, "", ""]  # continuousUpdate, referencePriceType, trailing
    fields += _combo(order)
    fields += [UNSET_INT, UNSET_INT, "", ""]  # scale sizes and increment, hedgeType
    fields += ["", "IB", 0, 0]  # clearing account and intent, notHeld, delta-neutral contract
    fields += ["", 0, order.status.value]  # algoStrategy, solicited
    fields += [0, 0, 0, UNSET_DOUBLE, UNSET_DOUBLE]  # randomize x2, conditions, trail, limit offset
    fields += [0, 1, 0, "", order.filled]  # cashQty, autoHedge, oms, autoCancelDate
    fields += [0, 0, "", 0, 0, _NO_PARENT_PERM_ID]  # refFutures ... routeMarketableToBbo
    fields += [stamp(done, 176)]  # always with its zone, as real ones are
    fields += [f"Filled Size: {order.filled}" if is_filled else "Cancelled by Trader"]
    if server_version >= 170:
        fields += ["", 100, 0.02, "", ""]
    return encode(fields)


def order_status(order: Order, server_version: int) -> bytes:
    """Message 3."""
    is_new = server_version >= 131
    head: tuple[Field, ...] = (3,) if is_new else (3, _ORDER_STATUS)
    cap_price: tuple[Field, ...] = (0,) if is_new else ()
    return encode(
        (
            *head,
            order.order_id,
            order.status.value,
            order.filled,
            order.quantity - order.filled,
            order.average_price,
            order.perm_id,
            0,  # parent
            order.last_price,
            order.client_id,
            "",
            *cap_price,
        )
    )


def execution(req_id: int, trade: Execution, server_version: int) -> bytes:
    """Message 11; ``req_id`` -1 when it is live."""
    order = trade.order
    fields: list[Field] = [11] if server_version >= 136 else [11, _EXECUTION]
    fields += [req_id, order.order_id, *contract11(trade.contract), trade.exec_id]
    fields += [stamp(trade.at, server_version), order.account, trade.contract.exchange]
    fields += ["BOT" if trade.bought else "SLD", trade.shares, trade.price]
    fields += [order.perm_id, order.client_id, 0, trade.cumulative, trade.price]
    fields += [order.ticket.order_ref, "", ""]  # evRule, evMultiplier
    if server_version >= 103:
        fields.append("")  # modelCode
    if server_version >= 136:
        fields.append(2)  # took liquidity
    return encode(fields)


def commission_report(trade: Execution) -> bytes:
    """Message 59 for an execution that carries a commission."""
    realized: Field = UNSET_DOUBLE if trade.realized_usd is None else trade.realized_usd
    return encode((59, 1, trade.exec_id, trade.commission_usd, "USD", realized, UNSET_DOUBLE, ""))


def _head(order: Order, quantity: Decimal) -> list[Field]:
    ticket = order.ticket
    limit = ticket.limit_price if ticket.order_type in _PRICED_BY_LIMIT else None
    return [
        *contract11(order.contract),
        ticket.action,
        quantity,
        ticket.order_type,
        limit or 0,
        0,
        ticket.tif,
        "",
        order.account,
        ticket.open_close,
        ticket.origin,
        ticket.order_ref,
    ]


def _combo(order: Order) -> list[Field]:
    legs = order.ticket.legs
    signed = (f"{leg.con_id}|{leg.ratio if leg.action == 'BUY' else -leg.ratio}" for leg in legs)
    fields: list[Field] = [",".join(signed), len(legs)]
    for leg in legs:
        fields += [leg.con_id, leg.ratio, leg.action, leg.exchange, leg.open_close]
        fields += [leg.short_sale_slot, leg.designated_location, leg.exempt_code]
    fields += [0, len(order.ticket.routing)]  # order combo legs: net prices only
    for tag, value in order.ticket.routing:
        fields += [tag, value]
    return fields
