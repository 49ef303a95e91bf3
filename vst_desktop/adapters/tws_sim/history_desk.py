"""Bars of one session: requests, bars that are kept up to date, and the first moment of data."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time

from vst_desktop.adapters.tws_sim import codes, history
from vst_desktop.adapters.tws_sim.codes import Refusal
from vst_desktop.adapters.tws_sim.link import Handler, Link, World, error, refuse
from vst_desktop.adapters.tws_sim.messages import quotes, requests
from vst_desktop.adapters.tws_sim.timing import EASTERN, parse_moment
from vst_desktop.adapters.tws_sim.wire import Fields, WireError
from vst_desktop.adapters.tws_sim.world import Bar

_SHOWN = frozenset({"TRADES", "ADJUSTED_LAST", "MIDPOINT"})
_KNOWN_ELSEWHERE = frozenset(
    {
        "BID",
        "ASK",
        "BID_ASK",
        "HISTORICAL_VOLATILITY",
        "OPTION_IMPLIED_VOLATILITY",
        "FEE_RATE",
        "SCHEDULE",
        "YIELD_BID",
        "YIELD_ASK",
        "YIELD_LAST",
        "AGGTRADES",
    }
)
_SCHEDULES = 165


@dataclass(slots=True, kw_only=True)
class _LiveBars:
    """A request that is kept up to date, and the newest bar its client was sent."""

    request: requests.HistoryRequest
    symbol: str
    last: Bar | None


class HistoryDesk:
    """Historical data of one session."""

    def __init__(self, link: Link, world: World) -> None:
        self._link = link
        self._world = world
        self._live: dict[int, _LiveBars] = {}
        self._asked: dict[requests.HistoryRequest, float] = {}

    @property
    def handlers(self) -> Mapping[int, Handler]:
        """Requests answered here, by message id."""
        return {
            20: self._history,
            25: self._cancel,
            87: self._head_timestamp,
            90: self._ignore,
        }

    @property
    def open_lines(self) -> int:
        """How many requests are kept up to date."""
        return len(self._live)

    def refresh(self) -> None:
        """Send the newest bar of every live request, if it changed."""
        for live in tuple(self._live.values()):
            self._update(live)

    def _history(self, fields: Fields) -> None:
        request = requests.history(fields, self._link.server_version)
        if request.what_to_show == "SCHEDULE" and self._link.server_version >= _SCHEDULES:
            self._schedule(request)
            return
        try:
            self._check_pace(request)
            answer, symbol = self._bars(request)
            if self._world.conditions.history_empty:
                answer = replace(answer, bars=())
            frame = quotes.bars(
                request.req_id,
                answer.start,
                answer.end,
                answer.bars,
                request.format_date,
                self._link.server_version,
            )
        except Refusal as refusal:
            refuse(self._link, request.req_id, refusal)
            return
        except WireError:
            text = codes.no_history("Time length exceed max.")
            error(self._link, request.req_id, codes.HISTORICAL_DATA, text)
            return
        self._link.send(frame)
        if request.keep_up_to_date:
            last = answer.bars[-1] if answer.bars else None
            self._live[request.req_id] = _LiveBars(request=request, symbol=symbol, last=last)

    def _check_pace(self, request: requests.HistoryRequest) -> None:
        window = self._world.conditions.history_again_secs
        if not window:
            return
        asked, now = replace(request, req_id=0), asyncio.get_running_loop().time()
        last = self._asked.get(asked)
        self._asked[asked] = now
        if last is not None and now - last < window:
            text = codes.no_history("pacing violation")
            raise Refusal(codes.HISTORICAL_DATA, text)

    def _schedule(self, request: requests.HistoryRequest) -> None:
        """Answer with the sessions of the days that have a bar."""
        days = replace(request, what_to_show="TRADES", bar_size="1 day", keep_up_to_date=False)
        try:
            answer, _ = self._bars(days)
        except Refusal as refusal:
            refuse(self._link, request.req_id, refusal)
            return
        sessions = [
            session
            for bar in answer.bars
            if (session := self._world.hours.session(history.first_day(bar))) is not None
        ]
        self._link.send(quotes.schedule(request.req_id, answer.start, answer.end, sessions))

    def _bars(self, request: requests.HistoryRequest) -> tuple[history.Answer, str]:
        world = self._world
        span = history.parse_duration(request.duration)
        history.check_size(request.bar_size)
        self._check_shown(request)
        if request.keep_up_to_date and len(self._live) >= world.conditions.most_live_bars:
            raise Refusal(
                codes.PROCESSING,
                f"Error processing request: Only {world.conditions.most_live_bars} simultaneous "
                "API historical data requests allowed.",
            )
        if request.keep_up_to_date and request.req_id in self._live:
            raise Refusal(
                codes.PROCESSING, "Error processing request: Duplicate historical data id"
            )
        if request.spec.sec_type == "BAG":
            raise Refusal(codes.HISTORICAL_DATA, codes.no_history("HMDS query returned no data"))
        instrument = world.book.one(request.spec)
        end = min(self._end(request), world.clock.now())
        if instrument.sec_type == "STK":
            answer = history.bars(
                world.market, world.hours, instrument.symbol, request.bar_size, span, end
            )
            if answer.bars:
                return answer, instrument.symbol
        cause = (
            f"HMDS query returned no data: {instrument.local_symbol}@SMART {request.what_to_show}"
        )
        raise Refusal(codes.HISTORICAL_DATA, codes.no_history(cause))

    def _check_shown(self, request: requests.HistoryRequest) -> None:
        what = request.what_to_show
        if what in _KNOWN_ELSEWHERE:
            raise Refusal(
                codes.HISTORICAL_DATA, codes.no_history(f"No data of type {what} is available.")
            )
        if what not in _SHOWN:
            raise Refusal(codes.VALIDATION, codes.invalid(f"Invalid whatToShow '{what}'"))
        if request.end and (what == "ADJUSTED_LAST" or request.keep_up_to_date):
            raise Refusal(
                codes.VALIDATION,
                codes.invalid("End Date not supported with adjusted last or keepUpToDate"),
            )

    def _end(self, request: requests.HistoryRequest) -> datetime:
        if not request.end:
            return self._world.clock.now()
        try:
            return parse_moment(request.end)
        except ValueError as wrong:
            raise Refusal(
                codes.VALIDATION, codes.invalid(f"Invalid end date/time: {wrong}")
            ) from wrong

    def _update(self, live: _LiveBars) -> None:
        world, request = self._world, live.request
        span = history.parse_duration("1 D")
        if request.bar_size in ("1 week", "1 month", "1W", "1M"):
            span = history.parse_duration(request.duration)
        answer = history.bars(
            world.market, world.hours, live.symbol, request.bar_size, span, world.clock.now()
        )
        for bar in history.since(answer.bars, live.last):
            live.last = bar
            self._link.send(
                quotes.bar_update(
                    request.req_id, bar, request.format_date, self._link.server_version
                )
            )

    def _cancel(self, fields: Fields) -> None:
        fields.integer()
        req_id = fields.integer()
        if self._live.pop(req_id, None) is None:
            text = codes.no_history(f"No historical data query found for ticker id:{req_id}")
            error(self._link, req_id, codes.NO_SUCH_HISTORY, text)

    def _head_timestamp(self, fields: Fields) -> None:
        req_id = fields.integer()
        spec = requests.contract(fields)
        fields.strings(3)  # includeExpired, useRTH, whatToShow
        format_date = fields.integer()
        try:
            instrument = self._world.book.one(spec)
        except Refusal as refusal:
            refuse(self._link, req_id, refusal)
            return
        day = None
        if instrument.sec_type == "STK":
            day = history.head(self._world.market, instrument.symbol, self._world.clock.now())
        if day is None:
            text = codes.no_history("No head time stamp")
            error(self._link, req_id, codes.HISTORICAL_DATA, text)
            return
        opens = self._world.hours.session(day)
        at = opens[0] if opens else datetime.combine(day, time(9, 30), tzinfo=EASTERN)
        utc = at.astimezone(UTC)
        text = str(int(utc.timestamp())) if format_date == 2 else f"{utc:%Y%m%d-%H:%M:%S}"
        self._link.send(quotes.head_timestamp(req_id, text))

    def _ignore(self, _fields: Fields) -> None:
        """What these cancel has been answered already."""
