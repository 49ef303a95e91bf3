"""What a stock, an option or a combination trades at now, and what trading it costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from vst_desktop.adapters.tws_sim.contracts import ComboLeg
from vst_desktop.adapters.tws_sim.world import Instrument, Market, MarketQuote

_OPTION_FEES = ((Decimal("0.10"), Decimal("0.65")), (Decimal("0.05"), Decimal("0.50")))
"""IBKR Pro tiered, up to 10,000 contracts a month: premium from, USD a contract."""
_SMALLEST_OPTION_FEE = Decimal("0.25")
_OPTION_ORDER_MINIMUM = Decimal("1.00")
_STOCK_FEE = Decimal("0.0035")
_STOCK_ORDER_MINIMUM = Decimal("0.35")


@dataclass(frozen=True, slots=True, kw_only=True)
class NetQuote:
    """Bid and ask of the whole, USD a share; None on a side that cannot be traded.

    The ask of a combination is what buying it at its legs' quotes costs and may be negative.
    """

    bid: Decimal | None
    ask: Decimal | None
    bid_size: int
    ask_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PartFill:
    """The price at which one instrument of an order trades. ``bought`` is from its own side."""

    instrument: Instrument
    quantity: Decimal
    price: Decimal
    bought: bool


def exact(price: float) -> Decimal:
    """A quoted price as a decimal."""
    return Decimal(repr(price))


def mark_price(quote: MarketQuote | None) -> float | None:
    """The middle of a two-sided quote, else the last trade, else the prior close."""
    if quote is None:
        return None
    if quote.bid is not None and quote.ask is not None and quote.ask > 0:
        return round((quote.bid + quote.ask) / 2, 6)
    return quote.last if quote.last is not None else quote.close


def net_quote(market: Market, parts: Sequence[ComboLeg], at: datetime) -> NetQuote:
    """The market of the whole from the quotes of its parts."""
    bid: Decimal | None = Decimal(0)
    ask: Decimal | None = Decimal(0)
    sizes: tuple[list[int], list[int]] = ([], [])
    for part in parts:
        quote = market.quote(part.instrument, at)
        if quote is None or quote.halted:
            return NetQuote(bid=None, ask=None, bid_size=0, ask_size=0)
        low, high = quote.bid, quote.ask
        low_size, high_size = quote.bid_size, quote.ask_size
        if part.sign < 0:
            low, high, low_size, high_size = high, low, high_size, low_size
        ask = _add(ask, high, part)
        bid = _add(bid, low, part)
        sizes[0].append(low_size // part.ratio)
        sizes[1].append(high_size // part.ratio)
    return NetQuote(
        bid=bid,
        ask=ask,
        bid_size=min(sizes[0], default=0) if bid is not None else 0,
        ask_size=min(sizes[1], default=0) if ask is not None else 0,
    )


def _add(total: Decimal | None, price: float | None, part: ComboLeg) -> Decimal | None:
    if total is None or price is None or price <= 0:
        return None
    return total + exact(price) * part.ratio * part.sign


def part_fills(
    market: Market, parts: Sequence[ComboLeg], quantity: Decimal, buys: bool, at: datetime
) -> tuple[PartFill, ...]:
    """What each part trades at when the whole trades at its natural price."""
    fills = []
    for part in parts:
        quote = market.quote(part.instrument, at)
        bought = (part.sign > 0) == buys
        price = None if quote is None else quote.ask if bought else quote.bid
        if price is None:
            raise ValueError(f"{part.instrument.local_symbol} has no quote to trade at")
        fills.append(
            PartFill(
                instrument=part.instrument,
                quantity=quantity * part.ratio,
                price=exact(price),
                bought=bought,
            )
        )
    return tuple(fills)


def commissions(fills: Sequence[PartFill], paid_usd: Decimal = Decimal(0)) -> tuple[Decimal, ...]:
    """Commission of each part, USD; the first part bears what an order lacks of its minimum.

    Args:
        fills: What trades now.
        paid_usd: What earlier parts of the same order cost.
    """
    raw = [_commission(fill) for fill in fills]
    options = any(fill.instrument.sec_type == "OPT" for fill in fills)
    least = _OPTION_ORDER_MINIMUM if options else _STOCK_ORDER_MINIMUM
    missing = least - paid_usd - sum(raw, Decimal(0))
    if missing > 0:
        raw[0] += missing
    return tuple(raw)


def _commission(fill: PartFill) -> Decimal:
    if fill.instrument.sec_type == "STK":
        return fill.quantity * _STOCK_FEE
    fee = next((fee for premium, fee in _OPTION_FEES if fill.price >= premium), None)
    return fill.quantity * (fee if fee is not None else _SMALLEST_OPTION_FEE)
