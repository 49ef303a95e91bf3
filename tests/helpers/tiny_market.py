"""A market small enough to know by heart, and a clock that moves when told."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from vst_desktop.adapters.tws_sim.world import Bar, Instrument, MarketQuote, Right

EASTERN = ZoneInfo("America/New_York")
IN_SESSION = datetime(2022, 6, 1, 14, 0, tzinfo=EASTERN).astimezone(UTC)
EXPIRATIONS = (date(2022, 7, 1), date(2022, 7, 15))
STRIKES = (90.0, 95.0, 100.0, 105.0, 110.0)


@dataclass(slots=True)
class _Timer:
    when: datetime
    call: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


class TinyClock:
    """Held at a moment; ``advance`` calls what is due on the way."""

    speed = 0.0

    def __init__(self, start: datetime = IN_SESSION) -> None:
        self._now = start
        self.timers: list[_Timer] = []

    def now(self) -> datetime:
        return self._now

    def call_at(self, when: datetime, call: Callable[[], None], /) -> _Timer:
        timer = _Timer(when, call)
        self.timers.append(timer)
        return timer

    def advance(self, to: datetime) -> None:
        while True:
            due = [one for one in self.timers if not one.cancelled and one.when <= to]
            if not due:
                break
            first = min(due, key=lambda one: one.when)
            self.timers.remove(first)
            self._now = max(self._now, first.when)
            first.call()
        self._now = to


class TinyMarket:
    """AAPL at 100 with ten calls and ten puts, MSFT at 250 without options.

    Spots move only when ``spots`` is changed; an option is worth its intrinsic value and up to 4,
    and is quoted 0.05 each side of it. Quotes can be replaced one by one.
    """

    name = "tiny market"

    def __init__(self) -> None:
        self.spots = {"AAPL": 100.0, "MSFT": 250.0}
        self.replaced: dict[int, MarketQuote] = {}
        self.unserved: dict[str, str] = {}
        self._stocks = {
            "AAPL": _stock(265598, "AAPL", "APPLE INC"),
            "MSFT": _stock(272093, "MSFT", "MICROSOFT CORP"),
        }
        ids = count(500001)
        self._options = {
            (expiration, right): [
                _option(next(ids), expiration, strike, right) for strike in STRIKES
            ]
            for expiration in EXPIRATIONS
            for right in ("C", "P")
        }
        every = [*self._stocks.values(), *(o for some in self._options.values() for o in some)]
        self._by_id = {one.con_id: one for one in every}

    def stocks(self) -> Sequence[Instrument]:
        return list(self._stocks.values())

    def stock(self, symbol: str) -> Instrument | None:
        return self._stocks.get(symbol)

    def by_con_id(self, con_id: int) -> Instrument | None:
        return self._by_id.get(con_id)

    def expirations(self, symbol: str, at: datetime) -> Sequence[date]:
        return EXPIRATIONS if symbol == "AAPL" else ()

    def options(
        self, symbol: str, expiration: date, at: datetime, right: Right | None = None
    ) -> Sequence[Instrument]:
        if symbol != "AAPL":
            return []
        rights = (right,) if right else ("C", "P")
        return [one for side in rights for one in self._options.get((expiration, side), [])]

    def option(self, strike: float, right: Right = "C") -> Instrument:
        """The option of the first expiration at that strike."""
        return next(o for o in self._options[EXPIRATIONS[0], right] if o.strike == strike)

    def quote(self, instrument: Instrument, at: datetime) -> MarketQuote | None:
        if instrument.con_id in self.replaced:
            return self.replaced[instrument.con_id]
        spot = self.spots[instrument.symbol]
        if instrument.sec_type == "STK":
            return MarketQuote(
                bid=spot - 0.01,
                ask=spot + 0.01,
                bid_size=300,
                ask_size=500,
                last=spot,
                last_size=100,
                volume=5_000_000,
                open=spot - 1,
                high=spot + 2,
                low=spot - 2,
                close=spot - 0.5,
            )
        strike = instrument.strike or 0.0
        intrinsic = max(0.0, spot - strike if instrument.right == "C" else strike - spot)
        middle = round(intrinsic + 4 * math.exp(-abs(spot - strike) / 10), 2)
        return MarketQuote(
            bid=round(middle - 0.05, 2),
            ask=round(middle + 0.05, 2),
            bid_size=11,
            ask_size=12,
            last=middle,
            last_size=1,
            volume=345,
            close=middle,
            open_interest=1234,
            implied_volatility=0.25,
            delta=0.5 if instrument.right == "C" else -0.5,
            gamma=0.03,
            vega=0.12,
            theta=-0.04,
            model_price=middle,
            underlying_price=spot,
        )

    def without_quote(self, instrument: Instrument) -> None:
        """From now on nobody bids or offers."""
        known = self.quote(instrument, IN_SESSION)
        assert known is not None
        self.replaced[instrument.con_id] = replace(known, bid=None, ask=None)

    def daily_bars(self, symbol: str, start: date, end: datetime) -> Sequence[Bar]:
        if symbol not in self._stocks:
            return []
        first = max(start, date(2020, 1, 2))
        last = end.astimezone(EASTERN).date()
        found = []
        for step in range((last - first).days + 1):
            day = first + timedelta(days=step)
            session = self.session(day)
            if session is None or session[0] > end:
                continue
            base = 90.0 + (day.toordinal() % 20) / 2
            found.append(_bar(day, base))
        return found

    def minute_bars(self, symbol: str, start: datetime, end: datetime) -> Sequence[Bar]:
        found = []
        day = start.astimezone(EASTERN).date()
        while day <= end.astimezone(EASTERN).date():
            session = self.session(day)
            if session is not None:
                at = session[0]
                while at < session[1]:
                    if start <= at <= end:
                        found.append(_bar(at, 100.0 + at.minute / 100))
                    at += timedelta(minutes=1)
            day += timedelta(days=1)
        return found

    def session(self, day: date) -> tuple[datetime, datetime] | None:
        if day.weekday() >= 5:
            return None
        return (
            datetime.combine(day, time(9, 30), tzinfo=EASTERN).astimezone(UTC),
            datetime.combine(day, time(16), tzinfo=EASTERN).astimezone(UTC),
        )


def _bar(start: date | datetime, base: float) -> Bar:
    return Bar(
        start=start,
        open=base,
        high=base + 1.5,
        low=base - 1.25,
        close=base + 0.5,
        volume=1_000_000,
        wap=base + 0.1,
        count=5000,
    )


def _stock(con_id: int, symbol: str, name: str) -> Instrument:
    return Instrument(
        con_id=con_id,
        symbol=symbol,
        sec_type="STK",
        primary_exchange="NASDAQ",
        local_symbol=symbol,
        trading_class="NMS",
        long_name=name,
        industry="Technology",
        category="Computers",
        stock_type="COMMON",
    )


def _option(con_id: int, expiration: date, strike: float, right: Right) -> Instrument:
    return Instrument(
        con_id=con_id,
        symbol="AAPL",
        sec_type="OPT",
        local_symbol=f"AAPL  {expiration:%y%m%d}{right}{round(strike * 1000):08d}",
        trading_class="AAPL",
        under_con_id=265598,
        expiration=expiration,
        strike=strike,
        right=right,
        multiplier=100,
    )
