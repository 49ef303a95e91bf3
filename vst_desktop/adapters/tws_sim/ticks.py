"""From quotes to ticks: what a line shows, and which messages tell the difference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from math import log, sqrt
from statistics import fmean, stdev
from typing import Literal

from vst_desktop.adapters.tws_sim.messages import quotes
from vst_desktop.adapters.tws_sim.pricing import NetQuote, mark_price
from vst_desktop.adapters.tws_sim.world import Bar, Instrument, MarketQuote

GENERIC_VOLUME, GENERIC_OPEN_INTEREST = 100, 101
GENERIC_HISTORICAL_VOLATILITY, GENERIC_OPTION_VOLUME, GENERIC_IMPLIED_VOLATILITY = 104, 105, 106
GENERIC_STATISTICS, GENERIC_MARK, GENERIC_SALES, GENERIC_DIVIDENDS = 165, 221, 233, 456
OF_THE_PAST = frozenset({GENERIC_HISTORICAL_VOLATILITY, GENERIC_STATISTICS})
OF_OPTIONS = frozenset({GENERIC_VOLUME, GENERIC_OPEN_INTEREST, GENERIC_OPTION_VOLUME})
"""Told of a stock from all its options together."""
LEGAL_GENERIC = frozenset(
    {100, 101, 104, 105, 106, 125, 165, 162, 220, 221, 225, 232, 233, 236, 256, 258, 292, 293, 294}
    | {295, 318, 370, 375, 377, 381, 384, 387, 388, 391, 407, 411, 428, 439, 456, 459, 460, 499}
    | {506, 511, 512, 513, 517, 545, 576, 577, 578, 584, 585, 586, 587, 588, 595, 596, 614, 619}
)
"""What TWS takes in the list of generic ticks; most of it needs data that no market here has."""
_SIZE_OF = {quotes.BID: quotes.BID_SIZE, quotes.ASK: quotes.ASK_SIZE, quotes.LAST: quotes.LAST_SIZE}
_CAN_AUTO_EXECUTE = 1
_EXCHANGE = "Q"
"""The one exchange behind every quote, in the letters of the best-exchange map."""
_LIVE_ONLY = frozenset({quotes.BID_EXCHANGE, quotes.ASK_EXCHANGE, quotes.LAST_EXCHANGE})
_NO_DIVIDENDS = ",,,"
"""Past and next twelve months, next date and amount: none is known."""
_TRADING_DAYS, _DAYS_OF_VOLATILITY, _DAYS_OF_VOLUME = 252, 30, 90


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
class Words:
    """A value in words."""

    text: str


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


type Tick = Priced | Sized | Number | Words | Computed
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
    for tick, priced in (
        (quotes.BID_EXCHANGE, quote.bid),
        (quotes.ASK_EXCHANGE, quote.ask),
        (quotes.LAST_EXCHANGE, quote.last),
    ):
        if priced is not None:
            found[tick] = Words(_EXCHANGE)
    if GENERIC_MARK in generic:
        mark = mark_price(quote)
        if mark is not None:
            found[quotes.MARK] = Priced(mark, 0)
    if GENERIC_DIVIDENDS in generic and instrument.sec_type == "STK":
        found[quotes.DIVIDENDS] = Words(_NO_DIVIDENDS)
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


def statistics_of(days: Sequence[Bar], generic: frozenset[int]) -> dict[int, Tick]:
    """What the past days of a stock say: lowest and highest prices, volume, volatility.

    Args:
        days: Daily bars up to yesterday, ascending.
        generic: Which of them were asked for.
    """
    found: dict[int, Tick] = {}
    if GENERIC_STATISTICS in generic and days:
        for low, high, weeks in quotes.EXTREMES:
            first = days[-1].start - timedelta(weeks=weeks)
            some = [one for one in days if one.start > first]
            found[low] = Priced(min(one.low for one in some), 0)
            found[high] = Priced(max(one.high for one in some), 0)
        recent = days[-_DAYS_OF_VOLUME:]
        found[quotes.AVERAGE_VOLUME] = Sized(round(fmean(one.volume for one in recent)))
    closes = [one.close for one in days[-_DAYS_OF_VOLATILITY - 1 :]]
    if GENERIC_HISTORICAL_VOLATILITY in generic and len(closes) > 2:
        steps = [log(new / old) for old, new in pairwise(closes)]
        yearly = stdev(steps) * sqrt(_TRADING_DAYS)
        found[quotes.HISTORICAL_VOLATILITY] = Number(round(yearly, 6))
    return found


def of_options(
    listed: Iterable[tuple[Instrument, MarketQuote]], generic: frozenset[int]
) -> dict[int, Tick]:
    """Contracts traded and open in all options of a stock, calls and puts apart.

    Tick 87 is today's volume too: volumes of options are the same on every day of a market.
    """
    volume, interest = {"C": 0, "P": 0}, {"C": 0, "P": 0}
    for option, quote in listed:
        volume[option.right or "C"] += quote.volume
        interest[option.right or "C"] += quote.open_interest or 0
    found: dict[int, Tick] = {}
    if GENERIC_VOLUME in generic:
        found[quotes.CALL_VOLUME] = Sized(volume["C"])
        found[quotes.PUT_VOLUME] = Sized(volume["P"])
    if GENERIC_OPEN_INTEREST in generic:
        found[quotes.CALL_OPEN_INTEREST] = Sized(interest["C"])
        found[quotes.PUT_OPEN_INTEREST] = Sized(interest["P"])
    if GENERIC_OPTION_VOLUME in generic:
        found[quotes.AVERAGE_OPTION_VOLUME] = Sized(sum(volume.values()))
    return found


def sale(quote: MarketQuote, at_ms: int) -> str | None:
    """The last trade as one text: price;size;time;volume;average price;one market maker."""
    if quote.last is None:
        return None
    return f"{quote.last};{quote.last_size};{at_ms};{quote.volume};{quote.last};true"


def of_combo(net: NetQuote) -> dict[int, Tick]:
    """Bid and ask of a combination."""
    bid = None if net.bid is None else float(net.bid)
    ask = None if net.ask is None else float(net.ask)
    return {quotes.BID: _side(bid, net.bid_size), quotes.ASK: _side(ask, net.ask_size)}


def changes(
    req_id: int, sent: Ticks, now: Ticks, server_version: int, *, delayed: bool
) -> Iterator[bytes]:
    """Messages that bring a client from what it was sent to what is so now."""

    def numbered(tick: int) -> int:
        return quotes.DELAYED.get(tick, tick) if delayed else tick

    for tick, value in now.items():
        old = sent.get(tick)
        if old == value or (delayed and tick in _LIVE_ONLY):
            continue
        match value:
            case Priced(price, size):
                if isinstance(old, Priced) and old.price == price and tick in _SIZE_OF:
                    yield quotes.size(req_id, numbered(_SIZE_OF[tick]), size)
                else:
                    can = _CAN_AUTO_EXECUTE if tick in (quotes.BID, quotes.ASK) else 0
                    yield quotes.price(req_id, numbered(tick), price, size, attributes=can)
            case Sized(size):
                yield quotes.size(req_id, numbered(tick), size)
            case Number(number):
                yield quotes.generic(req_id, tick, number)
            case Words(words):
                yield quotes.string(req_id, numbered(tick), words)
            case Computed():
                yield quotes.greeks(
                    req_id,
                    numbered(tick),
                    implied_volatility=value.implied_volatility,
                    delta=value.delta,
                    option_price=value.price,
                    gamma=value.gamma,
                    vega=value.vega,
                    theta=value.theta,
                    underlying_price=value.underlying_price,
                    server_version=server_version,
                )


def quivers(
    req_id: int, sent: Ticks, step: float, server_version: int
) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Messages that put a line where it was told to be, and those that move it a step away."""
    told = {
        tick: value
        for tick, value in sent.items()
        if tick in (quotes.BID, quotes.ASK, quotes.LAST, quotes.MODEL_GREEKS)
        and (isinstance(value, Computed) or (isinstance(value, Priced) and value.price > step))
    }

    def moved(tick: int, value: Tick) -> Tick:
        if not isinstance(value, Priced):
            return value
        by = -step if tick == quotes.BID else step
        return Priced(round(value.price + by, 4), value.size + 1)

    wider = {tick: moved(tick, value) for tick, value in told.items()}
    return (
        tuple(changes(req_id, {}, told, server_version, delayed=False)),
        tuple(changes(req_id, {}, wider, server_version, delayed=False)),
    )


def _side(price: float | None, size: int) -> Priced:
    return Priced(quotes.NO_PRICE, 0) if price is None else Priced(price, size)
