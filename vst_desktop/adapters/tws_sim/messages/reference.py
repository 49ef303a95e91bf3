"""Encoders of contract details, option chain parameters, symbols and price rules."""

from __future__ import annotations

from collections.abc import Sequence

from vst_desktop.adapters.tws_sim import wire
from vst_desktop.adapters.tws_sim.contracts import (
    MARKET_RULES,
    OPTION_EXCHANGES,
    STOCK_EXCHANGES,
    respelt,
    rule_of,
    traded,
)
from vst_desktop.adapters.tws_sim.timing import ZONE_ON_WIRE
from vst_desktop.adapters.tws_sim.wire import Field, encode
from vst_desktop.adapters.tws_sim.world import Instrument

_ORDER_TYPES = "ACTIVETIM,DAY,GTC,IOC,LMT,MKT,WHATIF"


def details(
    req_id: int,
    instrument: Instrument,
    issuer: Instrument,
    hours: str,
    server_version: int,
    *,
    dated: bool = False,
) -> bytes:
    """Message 10. ``issuer`` is the stock itself or the option's underlying.

    ``dated``: the last trading day comes with its time and zone.
    """
    contract = traded(instrument)
    is_option = instrument.sec_type == "OPT"
    expiry = contract.expiry + (f" 16:00:00 {ZONE_ON_WIRE}" if dated and is_option else "")
    exchanges = OPTION_EXCHANGES if is_option else STOCK_EXCHANGES
    fields: list[Field] = [10] if server_version >= 164 else [10, 8]
    fields += [req_id, contract.symbol, contract.sec_type, expiry, contract.strike]
    fields += [contract.right, contract.exchange, contract.currency, contract.local_symbol]
    fields += [contract.trading_class, contract.trading_class, contract.con_id]
    fields.append(instrument.min_tick)
    if 110 <= server_version < 164:
        fields.append(100)  # market data size multiplier
    fields += [contract.multiplier, _ORDER_TYPES, ",".join(exchanges), 1, instrument.under_con_id]
    name = wire.plain(issuer.long_name) if server_version >= 153 else issuer.long_name
    fields += [name, contract.primary_exchange, contract.expiry[:6]]
    if is_option:
        fields += ["", "", ""]
    else:
        fields += [wire.plain(issuer.industry), wire.plain(issuer.category), ""]
    fields += [ZONE_ON_WIRE, hours, hours, "", 0, 0]  # evRule, evMultiplier, security ids
    under = [respelt(issuer.symbol), "STK"] if is_option else ["", ""]
    rules = ",".join([str(rule_of(instrument))] * len(exchanges))
    newer: tuple[tuple[int, Sequence[Field]], ...] = (
        (121, [1]),  # aggregated group
        (122, under),
        (126, [rules]),
        (134, [contract.expiry]),
        (152, [instrument.stock_type]),
    )
    for since, more in newer:
        if server_version >= since:
            fields += more
    if server_version == 163:
        fields.append(1)  # suggested size increment, which stood alone in this version only
    if server_version >= 164:
        fields += [1, 1, 1] if is_option else [1, 1, 100]
    return encode(fields)


def details_end(req_id: int) -> bytes:
    """Message 52."""
    return encode((52, 1, req_id))


def chain_parameters(
    req_id: int,
    exchange: str,
    under_con_id: int,
    trading_class: str,
    multiplier: int,
    expirations: Sequence[str],
    strikes: Sequence[float],
) -> bytes:
    """Message 75: expirations and strikes of one trading class on one exchange."""
    return encode(
        (
            75,
            req_id,
            exchange,
            under_con_id,
            trading_class,
            multiplier,
            len(expirations),
            *expirations,
            len(strikes),
            *strikes,
        )
    )


def chain_parameters_end(req_id: int) -> bytes:
    """Message 76."""
    return encode((76, req_id))


def samples(req_id: int, found: Sequence[Instrument], server_version: int) -> bytes:
    """Message 79: stocks that match what was typed."""
    fields: list[Field] = [79, req_id, len(found)]
    for stock in found:
        fields += [
            stock.con_id,
            respelt(stock.symbol),
            "STK",
            stock.primary_exchange,
            stock.currency,
        ]
        fields += [1, "OPT"]
        if server_version >= 176:
            fields += [wire.plain(stock.long_name), ""]
    return encode(fields)


def market_rule(rule_id: int) -> bytes:
    """Message 93: price increments by price band."""
    bands = MARKET_RULES[rule_id]
    flat: list[Field] = []
    for edge, step in bands:
        flat += [edge, step]
    return encode((93, rule_id, len(bands), *flat))
