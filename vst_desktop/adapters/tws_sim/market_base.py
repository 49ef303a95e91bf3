"""What both markets have in common: stocks, listed options, bars cut at a moment, quotes."""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache

from vst_desktop.adapters.tws_sim.market_chains import (
    OptionRegister,
    Smile,
    listed_expirations,
    listed_strikes,
    modelled_quote,
)
from vst_desktop.adapters.tws_sim.market_paths import DayPath, day_path
from vst_desktop.adapters.tws_sim.timing import day_of
from vst_desktop.adapters.tws_sim.world import Bar, Instrument, MarketQuote, Right
from vst_desktop.runtime.calendar import Sessions

Ohlc = tuple[float, float, float, float]


class BarMarket(ABC):
    """A market made of daily bars; minutes, quotes and chains follow from them."""

    def __init__(self, seed: int, stocks: Sequence[Instrument]) -> None:
        self._seed = seed
        self._sessions = Sessions()
        self._stocks = {stock.symbol: stock for stock in stocks}
        self._stock_ids = {stock.con_id: stock for stock in stocks}
        self.register = OptionRegister()
        self._minutes = lru_cache(maxsize=2048)(self._make_minutes)

    # -- what a market of bars must know

    @abstractmethod
    def day_bar(self, symbol: str, day: date) -> tuple[Ohlc, float] | None:
        """The day's whole bar and volume; None when there is none."""

    @abstractmethod
    def days(self, symbol: str, start: date, end: date) -> Sequence[date]:
        """Days with a bar from ``start`` to ``end``, ascending."""

    @abstractmethod
    def smile(self, symbol: str, day: date) -> Smile:
        """Volatilities of the symbol's options on that day."""

    def forming_bar(self, symbol: str, at: datetime) -> Bar | None:
        """The bar of the session that runs at that moment, as far as it has come."""
        made = self._made(symbol, at)
        if made is None:
            return None
        path, done = made
        done = max(done, 1)
        shares = int(path.volume[:done].sum())
        return Bar(
            start=day_of(at),
            open=float(path.open[0]),
            high=float(path.high[:done].max()),
            low=float(path.low[:done].min()),
            close=float(path.close[done - 1]),
            volume=shares,
            wap=float(path.close[:done].mean()),
            count=max(shares // 100, 1),
        )

    # -- Market

    def stocks(self) -> Sequence[Instrument]:
        """Every stock served."""
        return tuple(self._stocks.values())

    def stock(self, symbol: str) -> Instrument | None:
        """The stock of that symbol."""
        return self._stocks.get(symbol)

    def by_con_id(self, con_id: int) -> Instrument | None:
        """The instrument of that contract id."""
        return self._stock_ids.get(con_id) or self.register.by_id(con_id)

    def session(self, day: date) -> tuple[datetime, datetime] | None:
        """Open and close of the regular session on that day."""
        return self._sessions.session(day)

    def expirations(self, symbol: str, at: datetime) -> Sequence[date]:
        """Expirations listed at that moment."""
        return listed_expirations(day_of(at)) if symbol in self._stocks else ()

    def options(
        self, symbol: str, expiration: date, at: datetime, right: Right | None = None
    ) -> Sequence[Instrument]:
        """Contracts listed for one expiration; the strikes stand around the prior close."""
        stock = self._stocks.get(symbol)
        anchor = self._prior_close(symbol, day_of(at))
        if stock is None or anchor is None or expiration not in self.expirations(symbol, at):
            return ()
        rights: tuple[Right, ...] = ("C", "P") if right is None else (right,)
        return [
            self.register.option(stock, expiration, each, strike)
            for each in rights
            for strike in listed_strikes(anchor)
        ]

    def quote(self, instrument: Instrument, at: datetime) -> MarketQuote | None:
        """The quote at that moment; outside the session the last one of it."""
        spot = self.spot(instrument.symbol, at)
        if spot is None:
            return None
        if instrument.sec_type == "OPT":
            assert instrument.expiration is not None
            if instrument.expiration < day_of(at):
                return None
            return modelled_quote(instrument, spot, self.smile(instrument.symbol, day_of(at)), at)
        return self._stock_quote(instrument, spot, at)

    def spot(self, symbol: str, at: datetime) -> float | None:
        """The stock's price at that moment."""
        forming = self.forming_bar(symbol, at)
        return forming.close if forming is not None else self._prior_close(symbol, day_of(at))

    def daily_bars(self, symbol: str, start: date, end: datetime) -> Sequence[Bar]:
        """Whole bars up to the moment, and the forming one inside a session."""
        today = day_of(end)
        bars = [
            self._whole(symbol, day) for day in self.days(symbol, start, today - timedelta(days=1))
        ]
        forming = self.forming_bar(symbol, end)
        return [*bars, forming] if forming is not None else bars

    def minute_bars(self, symbol: str, start: datetime, end: datetime) -> Sequence[Bar]:
        """One-minute bars of regular hours in the range."""
        found: list[Bar] = []
        for day in self.days(symbol, day_of(start), day_of(end)):
            path, session = self._minutes(symbol, day), self.session(day)
            if path is None or session is None:
                continue
            for minute in range(len(path.close)):
                at = session[0] + timedelta(minutes=minute)
                if not start <= at <= end:
                    continue
                close = float(path.close[minute])
                shares = int(path.volume[minute])
                found.append(
                    Bar(
                        start=at,
                        open=float(path.open[minute]),
                        high=float(path.high[minute]),
                        low=float(path.low[minute]),
                        close=close,
                        volume=shares,
                        wap=close,
                        count=max(shares // 100, 1),
                    )
                )
        return found

    # -- parts

    def _whole(self, symbol: str, day: date) -> Bar:
        bar = self.day_bar(symbol, day)
        assert bar is not None
        (first, high, low, close), volume = bar
        return Bar(
            start=day,
            open=first,
            high=high,
            low=low,
            close=close,
            volume=int(volume),
            wap=round((high + low + close) / 3, 4),
            count=max(int(volume) // 100, 1),
        )

    def _make_minutes(self, symbol: str, day: date) -> DayPath | None:
        bar, session = self.day_bar(symbol, day), self.session(day)
        if bar is None or session is None:
            return None
        minutes = round((session[1] - session[0]).total_seconds() / 60)
        return day_path(f"{self._seed}:{symbol}", day, bar[0], bar[1], minutes)

    def _made(self, symbol: str, at: datetime) -> tuple[DayPath, int] | None:
        """The day's minutes and how many of them are done, once its session has opened."""
        day = day_of(at)
        session = self.session(day)
        if session is None or at < session[0] or symbol not in self._stocks:
            return None
        path = self._minutes(symbol, day)
        if path is None:
            return None
        return path, min(int((at - session[0]).total_seconds() // 60), len(path.close))

    def _prior_close(self, symbol: str, day: date) -> float | None:
        before = self.days(symbol, day - timedelta(days=14), day - timedelta(days=1))
        if not before:
            return None
        bar = self.day_bar(symbol, before[-1])
        return bar[0][3] if bar is not None else None

    def _stock_quote(self, stock: Instrument, spot: float, at: datetime) -> MarketQuote:
        noise = zlib.crc32(f"{stock.symbol}{at:%H%M}".encode())
        half = 0.01 if spot < 150 else 0.02
        forming = self.forming_bar(stock.symbol, at)
        return MarketQuote(
            bid=round(spot - half, 2),
            ask=round(spot + half, 2),
            bid_size=100 + noise % 900,
            ask_size=100 + noise // 1000 % 900,
            last=round(spot, 2),
            last_size=100,
            volume=forming.volume if forming is not None else 0,
            open=forming.open if forming is not None else None,
            high=forming.high if forming is not None else None,
            low=forming.low if forming is not None else None,
            close=self._prior_close(stock.symbol, day_of(at)),
            implied_volatility=self.smile(stock.symbol, day_of(at)).level,
        )
