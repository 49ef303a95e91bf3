"""What happens second by second, to one session: five-second bars and tick-by-tick data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import fmean

from vst_desktop.adapters.tws_sim import codes
from vst_desktop.adapters.tws_sim.codes import Refusal
from vst_desktop.adapters.tws_sim.link import Handler, Link, World, error, refuse
from vst_desktop.adapters.tws_sim.messages import quotes, requests
from vst_desktop.adapters.tws_sim.wire import Fields
from vst_desktop.adapters.tws_sim.world import Instrument, MarketQuote

_SECS = 5
_MOST_BARS = 12
"""Bars told at a time: a clock that jumps brings the last minute, not the whole way."""
_SHOWN = frozenset({"TRADES", "MIDPOINT", "BID", "ASK"})
_MOST_TICK_LINES = 5
_TICKS_SINCE = 140
_TICK_TYPES = {"Last": 1, "AllLast": 2, "BidAsk": 3, "MidPoint": 4}


@dataclass(slots=True, kw_only=True)
class _Bars:
    """A subscription to five-second bars, and the end of the last one told."""

    instrument: Instrument
    what: str
    told_to: datetime


@dataclass(slots=True, kw_only=True)
class _Ticks:
    """A subscription to ticks, and the one told last."""

    instrument: Instrument
    kind: int
    sent: tuple[object, ...] | None = None


class TapeDesk:
    """Five-second bars and tick-by-tick data of one session.

    The market has quotes for every second, so a bar is made of six of them, and a tick is told when
    a look at the market shows another one.
    """

    def __init__(self, link: Link, world: World) -> None:
        self._link = link
        self._world = world
        self._bars: dict[int, _Bars] = {}
        self._ticks: dict[int, _Ticks] = {}

    @property
    def handlers(self) -> Mapping[int, Handler]:
        """Requests answered here, by message id."""
        return {
            50: self._subscribe_bars,
            51: self._cancel_bars,
            96: self._past_ticks,
            97: self._subscribe_ticks,
            98: self._cancel_ticks,
        }

    @property
    def open_lines(self) -> int:
        """How many subscriptions this client holds."""
        return len(self._bars) + len(self._ticks)

    def refresh(self) -> None:
        """Send the bars that ended and the ticks that changed."""
        now = self._world.clock.now()
        for req_id, bars in self._bars.items():
            self._send_bars(req_id, bars, now)
        for req_id, ticks in self._ticks.items():
            self._send_tick(req_id, ticks, now)

    # -- five-second bars ------------------------------------------------------------------

    def _subscribe_bars(self, fields: Fields) -> None:
        fields.integer()
        req_id = fields.integer()
        spec = requests.contract(fields)
        fields.integer()  # the size: TWS makes bars of five seconds whatever is asked for
        what = fields.string()
        try:
            if what not in _SHOWN:
                raise Refusal(codes.INVALID_REALTIME, f"Invalid Real-time Query: {what}")
            if req_id in self._bars:
                raise Refusal(codes.PROCESSING, "Error processing request: Duplicate ticker id")
            instrument = self._world.book.one(spec)
        except Refusal as refusal:
            refuse(self._link, req_id, refusal)
            return
        told_to = _boundary(self._world.clock.now())
        self._bars[req_id] = _Bars(instrument=instrument, what=what, told_to=told_to)

    def _cancel_bars(self, fields: Fields) -> None:
        fields.integer()
        self._end(self._bars, fields.integer())

    def _send_bars(self, req_id: int, bars: _Bars, now: datetime) -> None:
        last = _boundary(now)
        step = timedelta(seconds=_SECS)
        start = max(bars.told_to, last - _MOST_BARS * step)
        while start < last:
            frame = self._bar(req_id, bars, start)
            if frame is not None and self._world.hours.is_open(start):
                self._link.send(frame)
            start += step
        bars.told_to = last

    def _bar(self, req_id: int, bars: _Bars, start: datetime) -> bytes | None:
        market = self._world.market
        moments = (start + timedelta(seconds=secs) for secs in range(_SECS + 1))
        found = [market.quote(bars.instrument, at) for at in moments]
        prices = [price for one in found if one and (price := _price(one, bars.what)) is not None]
        if not prices:
            return None
        volume, wap, count = -1, -1.0, -1
        first, last = found[0], found[-1]
        if bars.what == "TRADES" and first is not None and last is not None:
            volume = max(0, last.volume - first.volume)
            wap = round(fmean(prices), 6)
            count = sum(old != new for old, new in pairwise(prices))
        return quotes.realtime_bar(req_id, int(start.timestamp()), prices, volume, wap, count)

    # -- tick by tick ----------------------------------------------------------------------

    def _subscribe_ticks(self, fields: Fields) -> None:
        req_id = fields.integer()
        spec = requests.contract(fields)
        kind = fields.string()
        if self._link.server_version >= _TICKS_SINCE:
            fields.integer()  # past ticks first: there are none
            fields.flag()
        try:
            if kind not in _TICK_TYPES:
                text = codes.invalid(f"Invalid tick-by-tick data type '{kind}'")
                raise Refusal(codes.VALIDATION, text)
            if len(self._ticks) >= _MOST_TICK_LINES:
                text = "Max number of tick-by-tick requests has been reached"
                raise Refusal(codes.MAX_TICK_LINES, text)
            instrument = self._world.book.one(spec)
        except Refusal as refusal:
            refuse(self._link, req_id, refusal)
            return
        self._ticks[req_id] = _Ticks(instrument=instrument, kind=_TICK_TYPES[kind])
        self._send_tick(req_id, self._ticks[req_id], self._world.clock.now())

    def _cancel_ticks(self, fields: Fields) -> None:
        self._end(self._ticks, fields.integer())

    def _send_tick(self, req_id: int, ticks: _Ticks, now: datetime) -> None:
        quote = self._world.market.quote(ticks.instrument, now)
        tick = None if quote is None else _tick(quote, ticks.kind)
        if tick is not None and tick != ticks.sent:
            ticks.sent = tick
            self._link.send(quotes.tick_by_tick(req_id, ticks.kind, int(now.timestamp()), tick))

    def _past_ticks(self, fields: Fields) -> None:
        text = codes.no_history("Past ticks are not kept by this simulator")
        error(self._link, fields.integer(), codes.HISTORICAL_DATA, text)

    def _end(self, lines: dict[int, _Bars] | dict[int, _Ticks], req_id: int) -> None:
        if lines.pop(req_id, None) is None:
            text = f"Can't find EId with tickerId:{req_id}"
            error(self._link, req_id, codes.NO_SUCH_REQUEST, text)


def _boundary(at: datetime) -> datetime:
    """The last end of a five-second bar."""
    return datetime.fromtimestamp(int(at.timestamp()) // _SECS * _SECS, UTC)


def _price(quote: MarketQuote, what: str) -> float | None:
    match what:
        case "BID":
            return quote.bid
        case "ASK":
            return quote.ask
        case "MIDPOINT" if quote.bid is None or quote.ask is None:
            return None
        case "MIDPOINT":
            return round(((quote.bid or 0.0) + (quote.ask or 0.0)) / 2, 6)
        case _:
            return quote.last


def _tick(quote: MarketQuote, kind: int) -> tuple[float | int | str, ...] | None:
    """The fields after the time of a tick of that kind; None where there is no such value."""
    if kind <= _TICK_TYPES["AllLast"]:
        return None if quote.last is None else (quote.last, quote.last_size, 0, "NASDAQ", "")
    if quote.bid is None or quote.ask is None:
        return None
    if kind == _TICK_TYPES["BidAsk"]:
        return (quote.bid, quote.ask, quote.bid_size, quote.ask_size, 0)
    return (round((quote.bid + quote.ask) / 2, 6),)
