"""Market data lines of one session: subscriptions, snapshots, and what changed since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from vst_desktop.adapters.tws_sim import codes, pricing, ticks
from vst_desktop.adapters.tws_sim.codes import Refusal
from vst_desktop.adapters.tws_sim.contracts import ComboLeg, tick_at
from vst_desktop.adapters.tws_sim.link import Feed, Handler, Link, World, error, refuse
from vst_desktop.adapters.tws_sim.messages import quotes, requests
from vst_desktop.adapters.tws_sim.timing import day_of
from vst_desktop.adapters.tws_sim.wire import Fields
from vst_desktop.adapters.tws_sim.world import Instrument, MarketQuote

_BEST_EXCHANGES = "9c0001"
_LIVE, _FROZEN, _DELAYED, _DELAYED_FROZEN = 1, 2, 3, 4
_FREEZING = (_FROZEN, _DELAYED_FROZEN)
_OLD_KINDS = (_DELAYED, _DELAYED_FROZEN)
_DELAY = timedelta(minutes=15)
_INDEX_DAYS = 30
_STATISTICS_DAYS = 370
_DENIED = {
    Feed.DELAYED: (
        codes.SUBSCRIPTION_NEEDED,
        "Requested market data requires additional subscription for API. See link in 'Market Data "
        "Connections' dialog for more details.Delayed market data is available.",
    ),
    Feed.NONE: (codes.NOT_SUBSCRIBED, "Requested market data is not subscribed."),
}
_DENIED_DELAYED = (
    codes.DELAYED_NOT_ENABLED,
    "Requested market data is not subscribed. Delayed market data is not enabled.",
)

_QUIVER_PARTS = 4
"""Lines quiver in turns, so that ticks come evenly."""


@dataclass(slots=True, kw_only=True)
class _Line:
    """A subscription and what its client was sent."""

    req_id: int
    instrument: Instrument | None
    legs: tuple[ComboLeg, ...]
    generic: frozenset[int]
    snapshot: bool
    kind: int = _LIVE
    silenced: bool = False
    """Whether the client knows that another session has the data."""
    ready: set[ticks.Stage] = field(default_factory=set)
    sent: dict[int, ticks.Tick] = field(default_factory=dict)
    quivers: tuple[tuple[bytes, ...], ...] | None = None
    """What a quiver sends on even and odd turns; None until it is asked for."""
    statistics: dict[int, ticks.Tick] = field(default_factory=dict)


class QuotesDesk:
    """Quotes of one session."""

    def __init__(self, link: Link, world: World) -> None:
        self._link = link
        self._world = world
        self._lines: dict[int, _Line] = {}
        self._wanted_type = _LIVE

    @property
    def handlers(self) -> Mapping[int, Handler]:
        """Requests answered here, by message id."""
        return {1: self._subscribe, 2: self._cancel, 59: self._set_type}

    @property
    def open_lines(self) -> int:
        """How many lines this client holds."""
        return len(self._lines)

    def forget(self) -> None:
        """Drop every line without a word."""
        self._lines.clear()

    def refresh(self) -> None:
        """Send what changed on every line."""
        for line in tuple(self._lines.values()):
            self._update(line)

    def quiver(self, turn: int) -> int:
        """Move a part of the lines apart or back by a tick; returns the ticks sent."""
        sent = 0
        for line in tuple(self._lines.values())[turn % _QUIVER_PARTS :: _QUIVER_PARTS]:
            if line.snapshot or line.kind != _LIVE or line.silenced:
                continue
            if line.quivers is None:
                line.quivers = ticks.quivers(
                    line.req_id, line.sent, self._min_tick(line), self._link.server_version
                )
            for frame in line.quivers[turn // _QUIVER_PARTS % 2]:
                self._link.send(frame)
                sent += 1
        return sent

    def _set_type(self, fields: Fields) -> None:
        fields.integer()
        kind = fields.integer()
        if kind not in (_LIVE, _FROZEN, _DELAYED, _DELAYED_FROZEN):
            text = codes.invalid(f"Invalid market data type {kind}")
            error(self._link, codes.NO_ID, codes.VALIDATION, text)
            return
        self._wanted_type = kind

    def _subscribe(self, fields: Fields) -> None:
        request = requests.market_data(fields, self._link.server_version)
        try:
            line = self._line(request)
        except Refusal as refusal:
            refuse(self._link, request.req_id, refusal)
            return
        self._lines[line.req_id] = line
        if line.kind in _OLD_KINDS:
            text = "Requested market data is not subscribed. Displaying delayed market data."
            error(self._link, line.req_id, codes.DELAYED_INSTEAD, text)
        self._link.send(
            quotes.request_parameters(line.req_id, self._min_tick(line), _BEST_EXCHANGES)
        )
        self._link.send(quotes.data_type(line.req_id, line.kind))
        pace = self._world.pace
        if pace.quote_secs == pace.greeks_secs:
            self._link.later(pace.quote_secs, partial(self._release, line, "prices", "greeks"))
        else:
            self._link.later(pace.quote_secs, partial(self._release, line, "prices"))
            self._link.later(pace.greeks_secs, partial(self._release, line, "greeks"))

    def _line(self, request: requests.MarketDataRequest) -> _Line:
        if request.req_id in self._lines:
            raise Refusal(codes.PROCESSING, "Error processing request: Duplicate ticker id")
        if len(self._lines) >= self._world.conditions.most_lines:
            raise Refusal(codes.MAX_TICKERS, "Max number of tickers has been reached")
        if (request.snapshot or request.regulatory) and request.generic_ticks:
            raise Refusal(
                codes.VALIDATION,
                codes.invalid(
                    "Snapshot market data subscription is not applicable to generic ticks"
                ),
            )
        illegal = [*request.unread_generic]
        illegal += [str(one) for one in sorted(request.generic_ticks - ticks.LEGAL_GENERIC)]
        if illegal:
            legal = ",".join(str(one) for one in sorted(ticks.LEGAL_GENERIC))
            cause = (
                f"Incorrect generic tick list of {','.join(illegal)}.  Legal ones for "
                f"({request.spec.sec_type}) are: {legal}"
            )
            raise Refusal(codes.VALIDATION, codes.invalid(cause))
        instrument: Instrument | None = None
        legs: tuple[ComboLeg, ...] = ()
        if request.spec.sec_type == "BAG":
            legs = self._world.book.legs(request.spec, request.legs)
        else:
            instrument = self._world.book.one(request.spec)
        if request.regulatory and (instrument is None or instrument.sec_type != "STK"):
            raise Refusal(
                codes.VALIDATION, codes.invalid("Regulatory snapshots are of US stocks only")
            )
        return _Line(
            req_id=request.req_id,
            instrument=instrument,
            legs=legs,
            generic=request.generic_ticks,
            snapshot=request.snapshot or request.regulatory,
            kind=_LIVE if request.regulatory else self._kind(),
            statistics=self._statistics(instrument, request.generic_ticks),
        )

    def _kind(self) -> int:
        """What a line gives now: live when the subscription allows it, else what was asked for.

        Raises:
            Refusal: The subscription gives neither.
        """
        feed = self._world.subscription.feed
        wants_old = self._wanted_type in _OLD_KINDS
        if feed in _DENIED and not (feed is Feed.DELAYED and wants_old):
            raise Refusal(*(_DENIED_DELAYED if wants_old else _DENIED[feed]))
        is_open = self._world.hours.is_open(self._world.clock.now())
        if feed is Feed.DELAYED:
            frozen = not is_open and self._wanted_type == _DELAYED_FROZEN
            return _DELAYED_FROZEN if frozen else _DELAYED
        return _FROZEN if not is_open and self._wanted_type in _FREEZING else _LIVE

    def _statistics(
        self, instrument: Instrument | None, generic: frozenset[int]
    ) -> dict[int, ticks.Tick]:
        found: dict[int, ticks.Tick] = {}
        if instrument is None or instrument.sec_type != "STK":
            return found
        market, now = self._world.market, self._world.clock.now()
        if generic & ticks.OF_THE_PAST:
            today = day_of(now)
            first = today - timedelta(days=_STATISTICS_DAYS)
            days = market.daily_bars(instrument.symbol, first, now)
            found |= ticks.statistics_of([one for one in days if one.start != today], generic)
        if generic & ticks.OF_OPTIONS:
            listed = (
                (option, quote)
                for expiration in market.expirations(instrument.symbol, now)
                for option in market.options(instrument.symbol, expiration, now)
                if (quote := market.quote(option, now)) is not None
            )
            found |= ticks.of_options(listed, generic)
        return found

    def _min_tick(self, line: _Line) -> float:
        if line.instrument is None:
            return float(self._world.conditions.combo_tick)
        return tick_at(line.instrument, 0.0)

    def _release(self, line: _Line, *stages: ticks.Stage) -> None:
        """From now on these parts of the line are sent; a snapshot ends when all were."""
        if self._lines.get(line.req_id) is not line:
            return
        line.ready.update(stages)
        self._update(line)
        if line.snapshot and line.ready == {"prices", "greeks"}:
            self._link.send(quotes.snapshot_end(line.req_id))
            del self._lines[line.req_id]

    def _update(self, line: _Line) -> None:
        if self._is_silenced(line):
            return
        self._follow_session(line)
        delayed = line.kind in _OLD_KINDS
        at = self._world.clock.now() - (_DELAY if delayed else timedelta())
        now = self._ticks(line, at)
        traded = any(
            tick in now and line.sent.get(tick) != now[tick]
            for tick in (quotes.LAST, quotes.VOLUME)
        )
        if traded and quotes.LAST in now:
            line.sent.pop(quotes.LAST_TIMESTAMP, None)  # told with every trade of a second
            now[quotes.LAST_TIMESTAMP] = ticks.Words(str(int(at.timestamp())))
            sale = self._sale(line, at)
            if sale is not None:
                now[quotes.TIME_AND_SALES] = ticks.Words(sale)
        version = self._link.server_version
        for frame in ticks.changes(line.req_id, line.sent, now, version, delayed=delayed):
            self._link.send(frame)
        line.sent.update(now)
        line.quivers = None

    def _is_silenced(self, line: _Line) -> bool:
        """Whether another session has the data; the client is told once, and resumes by itself."""
        competing = self._world.subscription.feed is Feed.COMPETING and line.kind == _LIVE
        if competing and not line.silenced:
            text = "No market data during competing live session"
            error(self._link, line.req_id, codes.COMPETING_SESSION, text)
        line.silenced = competing
        return competing

    def _follow_session(self, line: _Line) -> None:
        """Tell the client when its line freezes at the close or thaws at the open."""
        is_open = self._world.hours.is_open(self._world.clock.now())
        if is_open and line.kind in _FREEZING:
            kind = line.kind - 1
        elif not is_open and line.kind not in _FREEZING and self._wanted_type in _FREEZING:
            kind = line.kind + 1
        else:
            return
        line.kind = kind
        self._link.send(quotes.data_type(line.req_id, kind))

    def _sale(self, line: _Line, at: datetime) -> str | None:
        if line.instrument is None or ticks.GENERIC_SALES not in line.generic:
            return None
        quote = self._world.market.quote(line.instrument, at)
        return None if quote is None else ticks.sale(quote, int(at.timestamp() * 1000))

    def _ticks(self, line: _Line, at: datetime) -> dict[int, ticks.Tick]:
        if line.instrument is None:
            net = pricing.net_quote(self._world.market, line.legs, at)
            net = self._world.conditions.quoted(net)
            return ticks.of_combo(net) if "prices" in line.ready else {}
        quote = self._world.market.quote(line.instrument, at)
        if quote is None:
            quote = _NOTHING
        found: dict[int, ticks.Tick] = {}
        if "prices" in line.ready:
            found |= ticks.of_instrument(line.instrument, quote, line.generic) | line.statistics
        if "greeks" in line.ready:
            if line.instrument.sec_type == "OPT":
                found |= ticks.greeks_of(quote)
            elif ticks.GENERIC_IMPLIED_VOLATILITY in line.generic:
                volatility = self._index_volatility(line.instrument, quote)
                if volatility is not None:
                    found[quotes.IMPLIED_VOLATILITY] = ticks.Number(volatility)
        return found

    def _index_volatility(self, stock: Instrument, quote: MarketQuote) -> float | None:
        """Implied volatility of the call nearest the spot, about 30 days out."""
        now = self._world.clock.now()
        market = self._world.market
        expirations = market.expirations(stock.symbol, now)
        spot = pricing.mark_price(quote)
        if not expirations or spot is None:
            return None
        day = day_of(now)
        nearest = min(expirations, key=lambda one: abs((one - day).days - _INDEX_DAYS))
        calls = market.options(stock.symbol, nearest, now, "C")
        if not calls:
            return None
        at_spot = min(calls, key=lambda one: abs((one.strike or 0.0) - spot))
        answer = market.quote(at_spot, now)
        return None if answer is None else answer.implied_volatility

    def _cancel(self, fields: Fields) -> None:
        fields.integer()
        req_id = fields.integer()
        if self._lines.pop(req_id, None) is None:
            error(
                self._link, req_id, codes.NO_SUCH_REQUEST, f"Can't find EId with tickerId:{req_id}"
            )


_NOTHING = MarketQuote(bid=None, ask=None, bid_size=0, ask_size=0, last=None, last_size=0, volume=0)
