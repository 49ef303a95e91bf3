"""A market replayed from recorded daily bars, with recorded chains where there are any.

Bars files are adjusted for every split up to their end, chains are not. Where a recorded chain
and the bars differ by a split ratio, the symbol's bars are served on the chain's basis, as a
broker on that day would have served them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

import numpy as np
import numpy.typing as npt

from vst_desktop.adapters.tws_sim.contracts import respelt
from vst_desktop.adapters.tws_sim.market_base import BarMarket, Ohlc
from vst_desktop.adapters.tws_sim.market_chains import (
    Smile,
    implied_sigma,
    model,
    years_between,
)
from vst_desktop.adapters.tws_sim.timing import day_of
from vst_desktop.adapters.tws_sim.world import Bar, Instrument, MarketQuote, Right
from vst_desktop.domain.quotes import OptionChain, OptionQuote

Floats = npt.NDArray[np.float64]

VOLATILITY_SESSIONS = 60
SAME_BASIS = 0.05
SPLIT_TOLERANCE = 0.005
_FIRST_STOCK_ID = 500_000
_SPLITS = sorted(
    {float(n) for n in range(2, 61)} | {1.5, 4 / 3, 1.25, 2.5} | {1 / n for n in range(2, 61)}
)


class Columns(Protocol):
    """Bars of one symbol in date order."""

    @property
    def dates(self) -> npt.NDArray[np.datetime64]:
        """Dates."""

    @property
    def values(self) -> Mapping[str, Floats]:
        """``open``, ``high``, ``low``, ``close``, ``volume``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Series:
    """One symbol's bars on the day's basis; ``days`` as ordinals."""

    days: npt.NDArray[np.int64]
    prices: Floats
    """Rows of open, high, low, close."""
    volume: Floats

    def index(self, day: date) -> int | None:
        """Row of a day."""
        at = int(np.searchsorted(self.days, day.toordinal()))
        return at if at < len(self.days) and self.days[at] == day.toordinal() else None


class ReplayMarket(BarMarket):
    """Serves the symbols that have a bar on the day of ``at``; the others are ``unserved``.

    Args:
        series: The bars, split-adjusted to their end.
        refused: Symbols the reader refused, with the reason.
        chains: Recorded chains of that day, by symbol.
        at: The moment the replay begins.
        seed: Shapes the minutes within a day.
        title: What is shown as the source.
    """

    def __init__(
        self,
        series: Mapping[str, Columns],
        refused: Mapping[str, str],
        chains: Mapping[str, OptionChain],
        at: datetime,
        *,
        seed: int = 0,
        title: str = "recorded bars",
    ) -> None:
        day = day_of(at)
        self.unserved: dict[str, str] = dict(refused)
        self._series: dict[str, _Series] = {}
        self._chains: dict[str, dict[tuple[date, Right, float], OptionQuote]] = {}
        for symbol, columns in series.items():
            reason = self._take(symbol, columns, chains.get(symbol), day)
            if reason is not None:
                self.unserved[symbol] = reason
        for symbol in chains.keys() - series.keys() - refused.keys():
            self.unserved[symbol] = "a chain was recorded, but the bars file has no bars"
        super().__init__(
            seed, [_stock(index, symbol) for index, symbol in enumerate(sorted(self._series))]
        )
        self._day = day
        self.name = f"replay of {title}, {day}"
        self._smiles: dict[tuple[str, date], Smile] = {}

    @property
    def recorded(self) -> frozenset[str]:
        """Symbols whose chain of the day was recorded."""
        return frozenset(self._chains)

    def _take(
        self, symbol: str, columns: Columns, chain: OptionChain | None, day: date
    ) -> str | None:
        days = columns.dates.astype("datetime64[D]").astype(np.int64) + date(1970, 1, 1).toordinal()
        made = _Series(
            days=days,
            prices=np.vstack([columns.values[c] for c in ("open", "high", "low", "close")]),
            volume=columns.values["volume"],
        )
        index = made.index(day)
        if index is None:
            earlier = days[days < day.toordinal()]
            if len(earlier):
                return f"no bar on {day}: the last before is of {_date(earlier[-1])}"
            return f"no bar on {day}: the first is of {_date(days[0])}"
        if chain is not None:
            ratio = split_ratio(chain.underlying, float(made.prices[3, index]))
            if ratio is None:
                return (
                    f"bars and recorded chain do not fit: close {made.prices[3, index]:g} against "
                    f"{chain.underlying:g}, which is no split ratio"
                )
            made = _Series(
                days=days, prices=np.round(made.prices * ratio, 4), volume=made.volume / ratio
            )
            self._chains[symbol] = {
                (q.contract.expiration, _right(q), float(q.contract.strike)): q
                for q in chain.quotes
                if q.contract.multiplier == 100
            }
        self._series[symbol] = made
        return None

    # -- bars

    def day_bar(self, symbol: str, day: date) -> tuple[Ohlc, float] | None:
        """The day's recorded bar on the day's basis."""
        series = self._series.get(symbol)
        index = series.index(day) if series is not None else None
        if series is None or index is None:
            return None
        first, high, low, close = (float(x) for x in series.prices[:, index])
        return (first, high, low, close), float(series.volume[index])

    def days(self, symbol: str, start: date, end: date) -> Sequence[date]:
        """Days with a bar."""
        series = self._series.get(symbol)
        if series is None:
            return ()
        low = int(np.searchsorted(series.days, start.toordinal()))
        high = int(np.searchsorted(series.days, end.toordinal(), side="right"))
        return [date.fromordinal(int(day)) for day in series.days[low:high]]

    def forming_bar(self, symbol: str, at: datetime) -> Bar | None:
        """Inside a session the day's recorded bar, whole: what is known of that day."""
        day = day_of(at)
        session = self.session(day)
        if session is None or at < session[0] or self.day_bar(symbol, day) is None:
            return None
        return self._whole(symbol, day)

    def smile(self, symbol: str, day: date) -> Smile:
        """Volatility of the last 60 sessions, a little dearer; liquidity by volume."""
        key = (symbol, day)
        if key not in self._smiles:
            series = self._series[symbol]
            end = int(np.searchsorted(series.days, day.toordinal()))
            closes = series.prices[3, max(end - VOLATILITY_SESSIONS, 0) : end]
            moves = np.diff(np.log(closes)) if len(closes) > 2 else np.array([0.02])
            level = float(np.clip(np.std(moves) * np.sqrt(252) * 1.05, 0.10, 2.0))
            shares = series.volume[max(end - 20, 0) : end]
            liquidity = float(np.mean(shares)) / 1e6 if len(shares) else 1.0
            self._smiles[key] = Smile(level=level, liquidity=max(liquidity, 0.05))
        return self._smiles[key]

    # -- recorded chains, on their own day

    def _recorded(self, symbol: str, at: datetime) -> bool:
        return symbol in self._chains and day_of(at) == self._day

    def expirations(self, symbol: str, at: datetime) -> Sequence[date]:
        """Expirations as recorded, or modelled ones."""
        if not self._recorded(symbol, at):
            return super().expirations(symbol, at)
        return sorted({expiration for expiration, _, _ in self._chains[symbol]})

    def options(
        self, symbol: str, expiration: date, at: datetime, right: Right | None = None
    ) -> Sequence[Instrument]:
        """Contracts as recorded, or modelled ones."""
        if not self._recorded(symbol, at):
            return super().options(symbol, expiration, at, right)
        stock = self._stocks[symbol]
        return [
            self.register.option(stock, expires, side, strike)
            for expires, side, strike in sorted(
                self._chains[symbol], key=lambda key: (key[1], key[2])
            )
            if expires == expiration and right in (None, side)
        ]

    def quote(self, instrument: Instrument, at: datetime) -> MarketQuote | None:
        """The recorded quote as it stands in the file, or a modelled one."""
        if instrument.sec_type != "OPT" or not self._recorded(instrument.symbol, at):
            return super().quote(instrument, at)
        assert instrument.expiration is not None and instrument.strike is not None
        assert instrument.right is not None
        key = (instrument.expiration, instrument.right, instrument.strike)
        recorded = self._chains[instrument.symbol].get(key)
        if recorded is None:
            return super().quote(instrument, at)
        spot = self.spot(instrument.symbol, at)
        return _recorded_quote(recorded, instrument, spot, at) if spot is not None else None


def split_ratio(chain_price: float, bars_price: float) -> float | None:
    """By what the bars are multiplied to stand on the chain's basis; None when nothing fits."""
    ratio = chain_price / bars_price
    if abs(ratio - 1) <= SAME_BASIS:
        return 1.0
    nearest = min(_SPLITS, key=lambda split: abs(ratio / split - 1))
    return nearest if abs(ratio / nearest - 1) <= SPLIT_TOLERANCE else None


def _recorded_quote(
    recorded: OptionQuote, instrument: Instrument, spot: float, at: datetime
) -> MarketQuote:
    assert instrument.expiration is not None and instrument.strike is not None
    quote = recorded.quote
    middle = quote.mid if quote is not None else None
    years = years_between(at, instrument.expiration)
    call = instrument.right == "C"
    sigma = None
    if middle is not None:
        sigma = implied_sigma(
            is_call=call, spot=spot, strike=instrument.strike, years=years, price=middle
        )
    greeks = None
    if sigma is not None:
        greeks = model(is_call=call, spot=spot, strike=instrument.strike, years=years, sigma=sigma)
    return MarketQuote(
        bid=quote.bid if quote is not None and quote.bid else None,
        ask=quote.ask if quote is not None and quote.ask else None,
        bid_size=int(quote.bid_size or 0) if quote is not None else 0,
        ask_size=int(quote.ask_size or 0) if quote is not None else 0,
        last=quote.last if quote is not None and quote.last else None,
        last_size=1,
        volume=recorded.volume or 0,
        open_interest=recorded.open_interest,
        implied_volatility=sigma,
        delta=greeks.delta if greeks is not None else None,
        gamma=greeks.gamma if greeks is not None else None,
        vega=greeks.vega if greeks is not None else None,
        theta=greeks.theta if greeks is not None else None,
        model_price=greeks.price if greeks is not None else None,
        underlying_price=spot,
    )


def _date(ordinal: np.int64) -> date:
    return date.fromordinal(int(ordinal))


def _right(quote: OptionQuote) -> Right:
    return "C" if quote.contract.right == "C" else "P"


def _stock(index: int, symbol: str) -> Instrument:
    return Instrument(
        con_id=_FIRST_STOCK_ID + index,
        symbol=symbol,
        sec_type="STK",
        primary_exchange="NYSE",
        local_symbol=respelt(symbol),
        trading_class=respelt(symbol),
        long_name=f"{symbol} (replay)",
        stock_type="COMMON",
    )
