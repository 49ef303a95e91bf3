"""The built-in market: about sixty symbols with invented prices, the same for the same seed."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt

from vst_desktop.adapters.tws_sim.contracts import respelt
from vst_desktop.adapters.tws_sim.market_base import BarMarket, Ohlc
from vst_desktop.adapters.tws_sim.market_chains import Smile
from vst_desktop.adapters.tws_sim.timing import EASTERN
from vst_desktop.adapters.tws_sim.world import Instrument
from vst_desktop.domain.errors import UserError
from vst_desktop.runtime.calendar import Sessions

FIRST_DAY = date(2022, 1, 3)
LAST_DAY = date(2024, 1, 31)
DEFAULT_START = datetime(2024, 1, 17, 14, 43, tzinfo=EASTERN).astimezone(UTC)
_FIRST_STOCK_ID = 265_598
_ETFS = ("SPY", "QQQ", "IWM", "XLF", "XLE")

# symbol: price at the start, yearly volatility, yearly drift, million shares a day
_STOCKS: dict[str, tuple[float, float, float, float]] = {
    "AAPL": (118, 0.27, 0.16, 60), "MSFT": (104, 0.26, 0.14, 32), "GOOGL": (92, 0.29, 0.10, 30),
    "NFLX": (142, 0.36, -0.12, 9), "SPY": (128, 0.16, 0.10, 70), "QQQ": (112, 0.21, 0.13, 48),
    "AMZN": (96, 0.32, 0.10, 55), "META": (131, 0.36, 0.15, 22), "NVDA": (255, 0.45, 0.22, 45),
    "TSLA": (262, 0.50, 0.02, 110), "AMD": (88, 0.44, 0.14, 62), "INTC": (44, 0.34, -0.10, 40),
    "CSCO": (52, 0.22, 0.04, 20), "ORCL": (84, 0.26, 0.14, 11), "CRM": (152, 0.33, 0.10, 7),
    "ADBE": (318, 0.34, 0.08, 4), "QCOM": (118, 0.34, 0.06, 9), "TXN": (158, 0.26, 0.02, 6),
    "IBM": (128, 0.20, 0.08, 5), "AVGO": (342, 0.34, 0.18, 3), "JPM": (134, 0.24, 0.10, 12),
    "BAC": (36, 0.28, -0.04, 45), "WFC": (45, 0.29, 0.03, 20), "C": (52, 0.28, -0.02, 16),
    "GS": (336, 0.26, 0.05, 3), "MS": (88, 0.27, 0.02, 8), "V": (205, 0.21, 0.08, 7),
    "MA": (338, 0.22, 0.08, 3), "AXP": (158, 0.27, 0.06, 4), "PYPL": (84, 0.42, -0.18, 15),
    "XOM": (84, 0.27, 0.14, 22), "CVX": (142, 0.26, 0.06, 9), "COP": (94, 0.32, 0.10, 7),
    "SLB": (42, 0.36, 0.08, 11), "PFE": (46, 0.24, -0.20, 30), "MRK": (88, 0.20, 0.12, 10),
    "JNJ": (162, 0.17, -0.02, 8), "ABBV": (138, 0.22, 0.06, 6), "LLY": (290, 0.29, 0.20, 3),
    "UNH": (372, 0.23, 0.04, 3), "CVS": (92, 0.24, -0.14, 8), "BMY": (64, 0.21, -0.12, 9),
    "WMT": (68, 0.18, 0.08, 18), "COST": (362, 0.22, 0.12, 2), "HD": (298, 0.23, 0.04, 4),
    "LOW": (188, 0.26, 0.03, 3), "NKE": (118, 0.31, -0.08, 8), "SBUX": (92, 0.25, 0.01, 8),
    "MCD": (242, 0.17, 0.06, 3), "KO": (58, 0.15, 0.02, 14), "PEP": (162, 0.16, 0.01, 5),
    "PG": (148, 0.17, 0.01, 7), "DIS": (112, 0.30, -0.10, 11), "CMCSA": (45, 0.25, 0.00, 18),
    "T": (24, 0.23, -0.08, 34), "VZ": (48, 0.20, -0.10, 20), "BA": (188, 0.36, 0.06, 6),
    "CAT": (196, 0.28, 0.10, 4), "GE": (74, 0.28, 0.16, 7), "F": (27, 0.38, -0.12, 55),
    "GM": (52, 0.36, -0.10, 15), "UBER": (38, 0.42, 0.20, 22), "IWM": (178, 0.23, 0.00, 28),
    "XLF": (38, 0.19, 0.02, 40), "XLE": (62, 0.28, 0.10, 20),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    open: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    close: npt.NDArray[np.float64]
    volume: npt.NDArray[np.float64]


class BuiltinMarket(BarMarket):
    """A deterministic market from 2022-01-03 to 2024-01-31.

    Each stock moves with the market and by itself, in slow swings of its own around its drift, so
    that up trends, pullbacks, rallies and bases follow one another; some days gap.
    """

    name = "built-in market, invented prices"

    def __init__(self, seed: int = 0) -> None:
        super().__init__(seed, [_stock(i, symbol) for i, symbol in enumerate(_STOCKS)])
        self.unserved: dict[str, str] = {}
        self._columns: dict[str, _Columns] = {}

    @cached_property
    def _all_days(self) -> tuple[date, ...]:
        sessions = Sessions()
        span = (LAST_DAY - FIRST_DAY).days
        every = (FIRST_DAY + timedelta(days=n) for n in range(span + 1))
        return tuple(day for day in every if sessions.is_session(day))

    @cached_property
    def _index(self) -> dict[date, int]:
        return {day: index for index, day in enumerate(self._all_days)}

    @cached_property
    def _market_moves(self) -> npt.NDArray[np.float64]:
        return np.random.default_rng([self._seed, 1]).normal(size=len(self._all_days))

    def day_bar(self, symbol: str, day: date) -> tuple[Ohlc, float] | None:
        """The day's whole bar and volume."""
        index = self._index.get(day)
        if index is None or symbol not in _STOCKS:
            return None
        c = self._bars(symbol)
        ohlc = (c.open[index], c.high[index], c.low[index], c.close[index])
        return (float(ohlc[0]), float(ohlc[1]), float(ohlc[2]), float(ohlc[3])), float(
            c.volume[index]
        )

    def days(self, symbol: str, start: date, end: date) -> Sequence[date]:
        """Days with a bar."""
        if symbol not in _STOCKS:
            return ()
        return [day for day in self._all_days if start <= day <= end]

    def smile(self, symbol: str, day: date) -> Smile:
        """The symbol's own volatility, a little dearer than it moves."""
        _, volatility, _, volume = _STOCKS[symbol]
        return Smile(level=volatility * 1.05, liquidity=volume)

    def _bars(self, symbol: str) -> _Columns:
        if symbol not in self._columns:
            self._columns[symbol] = self._make(symbol)
        return self._columns[symbol]

    def _make(self, symbol: str) -> _Columns:
        start, volatility, drift, volume = _STOCKS[symbol]
        count = len(self._all_days)
        random = np.random.default_rng([self._seed, 2, zlib.crc32(symbol.encode())])
        daily = volatility / np.sqrt(252)
        swing_days = random.uniform(45, 110)
        phase = random.uniform(0, 2 * np.pi)
        swing = 2.2 * daily * np.cos(2 * np.pi * np.arange(count) / swing_days + phase) / np.sqrt(5)
        own = random.normal(size=count)
        moves = drift / 252 + daily * (0.45 * self._market_moves + 0.72 * own) + 0.28 * swing
        gaps = random.random(count) < 0.008
        moves[gaps] += random.normal(0, 3 * daily, int(gaps.sum()))
        moves[0] = 0.0
        # A pull back towards the start, weak near it; prices beyond 320 and below 30 bend away
        # from 400 and 20 without ever standing still.
        log_price = np.empty(count)
        level = 0.0
        for index, move in enumerate(moves.tolist()):
            level += move - 0.004 * level * abs(level)
            log_price[index] = level
        free = start * np.exp(log_price)
        high = 400 - 80 * np.exp(-(np.maximum(free, 320) - 320) / 80)
        low = 20 + 10 * np.exp((np.minimum(free, 30) - 30) / 10)
        bent = np.where(free > 320, high, np.where(free < 30, low, free))
        close = np.round(bent, 2).astype(np.float64)
        before = np.concatenate(([close[0]], close[:-1]))
        first = np.round(before * np.exp(0.35 * daily * random.normal(size=count)), 2)
        top = np.maximum(first, close) * np.exp(0.45 * daily * np.abs(random.normal(size=count)))
        bottom = np.minimum(first, close) * np.exp(
            -0.45 * daily * np.abs(random.normal(size=count))
        )
        shares = np.floor(volume * 1e6 * np.exp(random.normal(0, 0.25, count)))
        return _Columns(
            open=first,
            high=np.round(np.maximum(top, np.maximum(first, close)), 2),
            low=np.round(np.minimum(bottom, np.minimum(first, close)), 2),
            close=close,
            volume=shares,
        )


def check_start(at: datetime) -> datetime:
    """The moment, when the built-in market has prices then.

    Raises:
        UserError: Before the second day or after the last.
    """
    day = at.astimezone(EASTERN).date()
    if not FIRST_DAY < day <= LAST_DAY:
        raise UserError(
            f"the built-in market has no prices on {day}",
            where="--at",
            remedy=f"choose a day after {FIRST_DAY} and up to {LAST_DAY}, or replay a file "
            "with --bars",
        )
    return at


def _stock(index: int, symbol: str) -> Instrument:
    etf = symbol in _ETFS
    return Instrument(
        con_id=_FIRST_STOCK_ID + 17 * index,
        symbol=symbol,
        sec_type="STK",
        primary_exchange="ARCA" if etf else "NASDAQ" if len(symbol) == 4 else "NYSE",
        local_symbol=respelt(symbol),
        trading_class=respelt(symbol),
        long_name=f"{symbol} (invented prices)",
        industry="" if etf else "Simulated",
        stock_type="ETF" if etf else "COMMON",
    )
