"""From quotes to ticks: what a line shows, and which messages tell the difference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from vst_desktop.adapters.tws_sim.messages import quotes
from vst_desktop.adapters.tws_sim.pricing import NetQuote
from vst_desktop.adapters.tws_sim.world import Instrument, MarketQuote

GENERIC_VOLUME, GENERIC_OPEN_INTEREST, GENERIC_IMPLIED_VOLATILITY = 100, 101, 106
_SIZE_OF = {quotes.BID: quotes.BID_SIZE, quotes.ASK: quotes.ASK_SIZE, quotes.LAST: quotes.LAST_SIZE}
_CAN_AUTO_EXECUTE = 1


@dataclass(frozen=True, slots=True)
class Priced:
    """A price with its size."""

    price: float
    size: int


@dataclass(frozen=True, slots=True)
class Sized:
    """A size or a count."""

    size: int


@dataclass(frozen=True, slots=True)
class Number:
    """A generic value."""

    value: float


@dataclass(frozen=True, slots=True)
class Computed:
    """Implied volatility and Greeks, for the option price of the tick."""

    price: float | None
    implied_volatility: float | None
    delta: float | None
    gamma: float | None
    vega: float | None
    theta: float | None
    underlying_price: float | None


type Tick = Priced | Sized | Number | Computed
type Ticks = Mapping[int, Tick]
type Stage = Literal["prices", "greeks"]


def of_instrument(
    instrument: Instrument, quote: MarketQuote, generic: frozenset[int]
) -> dict[int, Tick]:
    """Prices, sizes and counts of a stock or an option."""
    found: dict[int, Tick] = {
        quotes.BID: _side(quote.bid, quote.bid_size),
        quotes.ASK: _side(quote.ask, quote.ask_size),
    }
    if quote.last is not None:
        found[quotes.LAST] = Priced(quote.last, quote.last_size)
    found[quotes.VOLUME] = Sized(quote.volume)
    for tick, price in (
        (quotes.HIGH, quote.high),
        (quotes.LOW, quote.low),
        (quotes.CLOSE, quote.close),
        (quotes.OPEN, quote.open),
    ):
        if price is not None:
            found[tick] = Priced(price, 0)
    found[quotes.HALTED] = Number(1.0 if quote.halted else 0.0)
    if instrument.sec_type == "OPT":
        is_call = instrument.right == "C"
        if GENERIC_OPEN_INTEREST in generic and quote.open_interest is not None:
            found[quotes.CALL_OPEN_INTEREST] = Sized(quote.open_interest if is_call else 0)
            found[quotes.PUT_OPEN_INTEREST] = Sized(0 if is_call else quote.open_interest)
        if GENERIC_VOLUME in generic:
            found[quotes.CALL_VOLUME] = Sized(quote.volume if is_call else 0)
            found[quotes.PUT_VOLUME] = Sized(0 if is_call else quote.volume)
    return found


def greeks_of(quote: MarketQuote) -> dict[int, Tick]:
    """Computed values of an option at its bid, ask, last and model price; none without a model."""
    if quote.implied_volatility is None:
        return {}
    prices = {
        quotes.BID_GREEKS: quote.bid,
        quotes.ASK_GREEKS: quote.ask,
        quotes.LAST_GREEKS: quote.last,
        quotes.MODEL_GREEKS: quote.model_price,
    }
    return {
        tick: Computed(
            price=price,
            implied_volatility=quote.implied_volatility,
            delta=quote.delta,
            gamma=quote.gamma,
            vega=quote.vega,
            theta=quote.theta,
            underlying_price=quote.underlying_price,
        )
        for tick, price in prices.items()
        if price is not None or tick == quotes.MODEL_GREEKS
    }


def of_combo(net: NetQuote) -> dict[int, Tick]:
    """Bid and ask of a combination."""
    bid = None if net.bid is None else float(net.bid)
    ask = None if net.ask is None else float(net.ask)
    return {quotes.BID: _side(bid, net.bid_size), quotes.ASK: _side(ask, net.ask_size)}


def changes(req_id: int, sent: Ticks, now: Ticks, server_version: int) -> Iterator[bytes]:
    """Messages that bring a client from what it was sent to what is so now."""
    for tick, value in now.items():
        old = sent.get(tick)
        if old == value:
            continue
        match value:
            case Priced(price, size):
                if isinstance(old, Priced) and old.price == price and tick in _SIZE_OF:
                    yield quotes.size(req_id, _SIZE_OF[tick], size)
                else:
                    can = _CAN_AUTO_EXECUTE if tick in (quotes.BID, quotes.ASK) else 0
                    yield quotes.price(req_id, tick, price, size, attributes=can)
            case Sized(size):
                yield quotes.size(req_id, tick, size)
            case Number(number):
                yield quotes.generic(req_id, tick, number)
            case Computed():
                yield quotes.greeks(
                    req_id,
                    tick,
                    implied_volatility=value.implied_volatility,
                    delta=value.delta,
                    option_price=value.price,
                    gamma=value.gamma,
                    vega=value.vega,
                    theta=value.theta,
                    underlying_price=value.underlying_price,
                    server_version=server_version,
                )


def _side(price: float | None, size: int) -> Priced:
    return Priced(quotes.NO_PRICE, 0) if price is None else Priced(price, size)
