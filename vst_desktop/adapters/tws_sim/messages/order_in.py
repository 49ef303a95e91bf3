"""Decoder of placeOrder, the longest request. It reads every field and leaves none."""

from __future__ import annotations

from decimal import Decimal

from vst_desktop.adapters.tws_sim.contracts import Leg
from vst_desktop.adapters.tws_sim.messages import requests
from vst_desktop.adapters.tws_sim.orders import Ticket
from vst_desktop.adapters.tws_sim.wire import Fields, WireError

_CONDITION_FIELDS = {1: 6, 3: 3, 4: 3, 5: 4, 6: 5, 7: 5}
"""Fields of a condition by its type, the conjunction included."""
_TAIL_GATES = (
    (105, 1),  # extOperator
    (106, 2),  # soft dollar tier
    (111, 1),  # cashQty
    (138, 2),  # who decided
    (139, 2),  # who executed
    (141, 1),  # dontUseAutoPriceForHedge
    (145, 1),  # isOmsContainer
    (148, 1),  # discretionaryUpToLimitPrice
    (151, 1),  # usePriceMgmtAlgo
    (158, 1),  # duration
    (160, 1),  # postToAts
    (162, 1),  # autoCancelParent
    (166, 1),  # advancedErrorOverride
    (169, 1),  # manualOrderTime
)
"""Fields at the end of an order: since which version, and how many."""
_PEG_BENCH = frozenset({"PEG BENCH", "PEGBENCH"})
_PEG_BEST = frozenset({"PEG BEST", "PEGBEST"})
_PEG_MID = frozenset({"PEG MID", "PEGMID"})


_OUTDATED = ("EtradeOnly", "FirmQuoteOnly")


def place_order(fields: Fields, server_version: int) -> Ticket:
    """Request 3, after its id.

    Raises:
        WireError: The fields are not those of this server version.
    """
    if server_version < 145:
        fields.integer()
    order_id = fields.integer()
    spec = requests.contract(fields)
    fields.strings(2)  # secIdType, secId
    action = fields.string()
    quantity = fields.decimal()
    order_type = fields.string()
    limit_price, aux_price = fields.decimal(), fields.decimal()
    tif, oca_group, account, open_close = fields.strings(4)
    origin, order_ref = fields.integer(), fields.string()
    transmit, parent_id = fields.flag(), fields.integer()
    fields.strings(2)  # blockOrder, sweepToFill
    fields.strings(2)  # displaySize, triggerMethod
    outside_rth, hidden = fields.flag(), fields.flag()
    legs: tuple[Leg, ...] = ()
    leg_prices: tuple[str, ...] = ()
    routing: tuple[tuple[str, str], ...] = ()
    if spec.sec_type == "BAG":
        legs = requests.long_legs(fields)
        leg_prices = tuple(price for price in fields.strings(fields.count()) if price)
        routing = _pairs(fields)
    fields.strings(2)  # sharesAllocation, discretionaryAmt
    good_after, good_till = fields.strings(2)
    fields.strings(3 if server_version >= 177 else 4)  # financial advisor group, method, ...
    fields.strings(5 if server_version >= 103 else 4)  # model, short sale x2, exempt, ocaType
    fields.strings(5)  # rule80A, settlingFirm, allOrNone, minQty, percentOffset
    outdated = tuple(name for name in _OUTDATED if fields.flag())
    fields.strings(8)  # nbboPriceCap, auction strategy and prices, ranges, overridePercentage
    unsupported = _volatility_to_algo(fields)
    algo = fields.string()
    algo_params = _pairs(fields) if algo else ()
    fields.string()  # algoId
    what_if = fields.flag()
    fields.strings(4)  # misc options, solicited, randomizeSize, randomizePrice
    unsupported += _tail(fields, server_version, spec.exchange, order_type)
    for name, present in (
        ("ocaGroup", oca_group),
        ("parentId", parent_id),
        ("transmit=False", not transmit),
        ("goodAfterTime", good_after),
        ("goodTillDate", good_till),
    ):
        if present:
            unsupported.append(name)
    return Ticket(
        order_id=order_id,
        spec=spec,
        action=action,
        quantity=quantity,
        order_type=order_type,
        limit_price=limit_price,
        aux_price=aux_price,
        tif=tif or "DAY",
        account=account,
        open_close=open_close,
        origin=origin,
        order_ref=order_ref,
        outside_rth=outside_rth,
        hidden=hidden,
        legs=legs,
        leg_prices=leg_prices,
        routing=routing,
        algo=algo,
        algo_params=algo_params,
        what_if=what_if,
        unsupported=tuple(unsupported),
        outdated=outdated,
    )


def _volatility_to_algo(fields: Fields) -> list[str]:
    """The fields between the price ranges and the algorithm; names what is set and not honoured."""
    found = []
    fields.strings(2)  # volatility, volatilityType
    delta_neutral = fields.string()
    fields.string()  # its auxiliary price
    if delta_neutral:
        fields.strings(8)
        if delta_neutral != "None":
            found.append("deltaNeutralOrderType")
    fields.strings(4)  # continuousUpdate, referencePriceType, trailStopPrice, trailingPercent
    fields.strings(2)  # scale sizes
    increment = fields.decimal()
    if increment is not None and increment > Decimal(0):
        fields.strings(7)
        found.append("scalePriceIncrement")
    fields.strings(3)  # scaleTable, active times
    if fields.string():
        fields.string()
        found.append("hedgeType")
    fields.strings(4)  # optOutSmartRouting, clearing account and intent, notHeld
    if fields.flag():
        fields.strings(3)
        found.append("deltaNeutralContract")
    return found


def _tail(fields: Fields, server_version: int, exchange: str, order_type: str) -> list[str]:
    found: list[str] = []
    if server_version >= 102:
        found += _conditions(fields, order_type)
    for since, count in _TAIL_GATES:
        if server_version >= since:
            fields.strings(count)
    if server_version >= 170:
        _pegged(fields, exchange, order_type)
    if len(fields):
        raise WireError(f"{len(fields)} fields are left over in an order")
    return found


def _conditions(fields: Fields, order_type: str) -> list[str]:
    if order_type in _PEG_BENCH:
        fields.strings(5)
    conditions = fields.count()
    for _ in range(conditions):
        kind = fields.integer()
        if kind not in _CONDITION_FIELDS:
            raise WireError(f"{kind} is not a type of order condition")
        fields.strings(_CONDITION_FIELDS[kind])
    if conditions:
        fields.strings(2)  # ignoreRth, cancelOrder
    fields.strings(7)  # adjusted order
    return ["conditions"] if conditions else []


def _pegged(fields: Fields, exchange: str, order_type: str) -> None:
    if exchange == "IBKRATS":
        fields.string()
    if order_type in _PEG_BEST:
        fields.string()
        if fields.number() is None:
            fields.strings(2)
    elif order_type in _PEG_MID:
        fields.strings(2)


def _pairs(fields: Fields) -> tuple[tuple[str, str], ...]:
    return tuple((fields.string(), fields.string()) for _ in range(fields.count()))
