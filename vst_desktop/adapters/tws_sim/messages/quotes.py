"""Encoders of ticks and bars."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from vst_desktop.adapters.tws_sim.messages.requests import LIVE_BARS
from vst_desktop.adapters.tws_sim.timing import EASTERN, ZONE_ON_WIRE, stamp
from vst_desktop.adapters.tws_sim.wire import Field, encode, pack, text
from vst_desktop.adapters.tws_sim.world import Bar

BID_SIZE, BID, ASK, ASK_SIZE, LAST, LAST_SIZE, HIGH, LOW, VOLUME, CLOSE, OPEN = (
    *range(10),
    14,
)
BID_GREEKS, ASK_GREEKS, LAST_GREEKS, MODEL_GREEKS = 10, 11, 12, 13
HISTORICAL_VOLATILITY, IMPLIED_VOLATILITY = 23, 24
EXTREMES = ((15, 16, 13), (17, 18, 26), (19, 20, 52))
"""Lowest and highest price of the last weeks: two ticks, and how many weeks."""
AVERAGE_VOLUME = 21
BID_EXCHANGE, ASK_EXCHANGE, LAST_EXCHANGE = 32, 33, 84
MARK, TIME_AND_SALES, CUSTOM_COMPUTATION, DIVIDENDS = 37, 48, 53, 59
CALL_OPEN_INTEREST, PUT_OPEN_INTEREST, CALL_VOLUME, PUT_VOLUME = 27, 28, 29, 30
AVERAGE_OPTION_VOLUME = 87
LAST_TIMESTAMP, HALTED = 45, 49
DELAYED = {
    BID: 66,
    ASK: 67,
    LAST: 68,
    BID_SIZE: 69,
    ASK_SIZE: 70,
    LAST_SIZE: 71,
    HIGH: 72,
    LOW: 73,
    VOLUME: 74,
    CLOSE: 75,
    OPEN: 76,
    BID_GREEKS: 80,
    ASK_GREEKS: 81,
    LAST_GREEKS: 82,
    MODEL_GREEKS: 83,
    LAST_TIMESTAMP: 88,
}
"""Ticks that have another number when they are a quarter of an hour old."""
NO_PRICE = -1.0
_NO_GREEK = -2


def price(req_id: int, tick: int, value: float, size: int, *, attributes: int = 0) -> bytes:
    """Message 1: a price with its size; ``attributes`` bit 0 = can be traded automatically."""
    return encode((1, 6, req_id, tick, value, size, attributes))


def size(req_id: int, tick: int, value: int) -> bytes:
    """Message 2."""
    return encode((2, 6, req_id, tick, value))


def generic(req_id: int, tick: int, value: float) -> bytes:
    """Message 45."""
    return encode((45, 6, req_id, tick, value))


def string(req_id: int, tick: int, value: str) -> bytes:
    """Message 46."""
    return encode((46, 6, req_id, tick, value))


def greeks(
    req_id: int,
    tick: int,
    *,
    implied_volatility: float | None,
    delta: float | None,
    option_price: float | None,
    gamma: float | None,
    vega: float | None,
    theta: float | None,
    underlying_price: float | None,
    server_version: int,
) -> bytes:
    """Message 21. What is not computed goes out as TWS's own sentinels, -1 and -2."""
    head: tuple[Field, ...] = (21, req_id, tick, 0)
    if server_version < 156:
        head = (21, 6, req_id, tick)
    return encode(
        (
            *head,
            -1 if implied_volatility is None else implied_volatility,
            _NO_GREEK if delta is None else delta,
            -1 if option_price is None else option_price,
            0 if underlying_price is not None else -1,  # present value of dividends
            _NO_GREEK if gamma is None else gamma,
            _NO_GREEK if vega is None else vega,
            _NO_GREEK if theta is None else theta,
            -1 if underlying_price is None else underlying_price,
        )
    )


def request_parameters(req_id: int, min_tick: float, exchange_code: str) -> bytes:
    """Message 81: the price increment that holds for the line."""
    return encode((81, req_id, min_tick, exchange_code, 3))


def data_type(req_id: int, kind: int) -> bytes:
    """Message 58: 1 live, 2 frozen, 3 delayed, 4 delayed frozen."""
    return encode((58, 1, req_id, kind))


def snapshot_end(req_id: int) -> bytes:
    """Message 57."""
    return encode((57, 1, req_id))


def bar_time(start: date | datetime, format_date: int, server_version: int) -> str:
    """A bar's date: the day, the moment with its zone, or epoch seconds."""
    if not isinstance(start, datetime):
        return f"{start:%Y%m%d}"
    if format_date == 2:
        return str(int(start.timestamp()))
    return stamp(start, server_version)


def bars(
    req_id: int,
    start: datetime,
    end: datetime,
    found: Sequence[Bar],
    format_date: int,
    server_version: int,
) -> bytes:
    """Message 17: all bars of a request in one frame.

    Raises:
        WireError: There are too many for one frame.
    """
    is_old = server_version < LIVE_BARS
    gaps = "false\0" if is_old else ""
    number = "17\0003" if is_old else "17"
    head = f"{number}\0{req_id}\0{stamp(start, server_version)}\0{stamp(end, server_version)}\0"
    lines = [
        f"{bar_time(bar.start, format_date, server_version)}\0{text(bar.open)}\0{text(bar.high)}\0"
        f"{text(bar.low)}\0{text(bar.close)}\0{bar.volume}\0{text(bar.wap)}\0{gaps}"
        f"{bar.count}\0"
        for bar in found
    ]
    return pack(f"{head}{len(found)}\0{''.join(lines)}".encode())


def bar_update(req_id: int, bar: Bar, format_date: int, server_version: int) -> bytes:
    """Message 90: the newest bar of a request that is kept up to date."""
    fields: list[Field] = [90, req_id, bar.count, bar_time(bar.start, format_date, server_version)]
    fields += [bar.open, bar.close, bar.high, bar.low, bar.wap, bar.volume]
    return encode(fields)


def schedule(
    req_id: int,
    start: datetime,
    end: datetime,
    sessions: Sequence[tuple[datetime, datetime]],
) -> bytes:
    """Message 106: opens and closes of sessions, in the exchange's time."""

    def local(at: datetime) -> str:
        return f"{at.astimezone(EASTERN):%Y%m%d-%H:%M:%S}"

    fields: list[Field] = [106, req_id, local(start), local(end), ZONE_ON_WIRE, len(sessions)]
    for opens, closes in sessions:
        fields += [local(opens), local(closes), f"{opens.astimezone(EASTERN):%Y%m%d}"]
    return encode(fields)


def realtime_bar(
    req_id: int, epoch: int, prices: Sequence[float], volume: int, wap: float, count: int
) -> bytes:
    """Message 50: the five seconds after ``epoch``, of prices in their order."""
    ends = (prices[0], max(prices), min(prices), prices[-1])
    return encode((50, 3, req_id, epoch, *ends, volume, wap, count))


def tick_by_tick(req_id: int, kind: int, epoch: int, tick: Sequence[Field]) -> bytes:
    """Message 99: kind 1 and 2 a trade, 3 bid and ask, 4 the middle."""
    return encode((99, req_id, kind, epoch, *tick))


def head_timestamp(req_id: int, moment: str) -> bytes:
    """Message 88."""
    return encode((88, req_id, moment))
