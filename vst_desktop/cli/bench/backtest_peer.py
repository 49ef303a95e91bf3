"""Runs in the peers' own environment and imports nothing of ours.

Reads ``<name>.npy`` of the bars in the folder it is given (bars by symbols, NaN before a symbol's
first) and says one line of JSON: for vectorbt's signals with a Python loop of scalar
Black-Scholes, and for backtesting.py on one symbol, how many trades took how many seconds.
"""

import json
import math
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from vollib.black_scholes import black_scholes  # type: ignore[import-untyped]

Bars = dict[str, npt.NDArray[np.float64]]

MOST_TRADES = 40_000
DAYS = 35
HOLD = 15
ROOT2 = math.sqrt(2.0)


def by_hand(spot: float, strike: float, years: float, sigma: float, rate: float) -> float:
    """A call by Black and Scholes, one at a time, with nothing but the standard library."""
    root = sigma * math.sqrt(years)
    d1 = (math.log(spot / strike) + (rate + 0.5 * sigma * sigma) * years) / root
    n1 = 0.5 * (1.0 + math.erf(d1 / ROOT2))
    n2 = 0.5 * (1.0 + math.erf((d1 - root) / ROOT2))
    return spot * n1 - strike * math.exp(-rate * years) * n2


def by_vollib(spot: float, strike: float, years: float, sigma: float, rate: float) -> float:
    """The same by the library that traders' notebooks use."""
    value: float = black_scholes("c", spot, strike, years, rate, sigma)
    return value


def by_vectorbt(bars: Bars) -> list[dict[str, Any]]:
    """Signals of HIGH_BASE by vectorbt, then each trade in Python with four prices."""
    import vectorbt as vbt  # type: ignore[import-not-found]

    close, high, low = bars["close"], bars["high"], bars["low"]
    vbt.RSI.run(close[:300, :2], window=14, ewm=True)  # it compiles
    vbt.ATR.run(high[:300, :2], low[:300, :2], close[:300, :2], window=14, ewm=True)
    start = time.perf_counter()
    rsi = vbt.RSI.run(close, window=14, ewm=True).rsi.to_numpy()
    atr = vbt.ATR.run(high, low, close, window=14, ewm=True).atr.to_numpy()
    entries = (close > 2.0 * atr) & (rsi > 60.0)
    entries[-HOLD - 2 :] = False
    rows, columns = np.nonzero(entries)
    signals = time.perf_counter() - start
    wanted = np.linspace(0, len(rows) - 1, min(len(rows), MOST_TRADES)).astype(int)
    lists = {
        name: [column.tolist() for column in bars[name].T] for name in ("close", "high", "low")
    }
    atrs = [column.tolist() for column in atr.T]
    trades = list(zip(rows[wanted].tolist(), columns[wanted].tolist(), strict=True))
    found = []
    for name, price, some in (
        ("vollib's", by_vollib, trades[:: len(trades) // 4_000 or 1]),
        ("hand-written", by_hand, trades),
    ):
        start = time.perf_counter()
        looped(some, lists, atrs, price)
        # Signals are worked out for all of them, and counted in proportion.
        seconds = signals * len(some) / max(len(rows), 1) + time.perf_counter() - start
        found.append(
            {
                "name": f"vectorbt {vbt.__version__}, loop of {name} Black-Scholes",
                "trades": len(some),
                "seconds": seconds,
            }
        )
    return found


def looped(
    trades: list[tuple[int, int]],
    lists: dict[str, list[list[float]]],
    atrs: list[list[float]],
    price: Callable[[float, float, float, float, float], float],
) -> float:
    """Each trade to its stop, its target or its time, and what all brought per share."""
    total = 0.0
    for row, symbol in trades:
        closes, highs, lows = (lists[name][symbol] for name in ("close", "high", "low"))
        spot, range_ = closes[row], atrs[symbol][row]
        stop, target = spot - 2.0 * range_, spot + 3.0 * range_
        at, out = row + HOLD, closes[row + HOLD]
        for day in range(row + 1, row + HOLD + 1):
            if lows[day] <= stop:
                at, out = day, stop
                break
            if highs[day] >= target:
                at, out = day, target
                break
        short, whole = spot * (1.0 + 0.3 * math.sqrt(DAYS / 365)), DAYS / 365
        left = (DAYS - (at - row) * 365 / 252) / 365
        debit = price(spot, spot, whole, 0.3, 0.04) - price(spot, short, whole, 0.3, 0.04)
        total += price(out, spot, left, 0.3, 0.04) - price(out, short, left, 0.3, 0.04) - debit
    return total


def by_backtesting(bars: Bars) -> dict[str, Any]:
    """One symbol by backtesting.py, a trade of shares at each signal with a stop and a target."""
    import pandas as pd
    from backtesting import (  # type: ignore[import-not-found]
        Backtest,
        Strategy,
        __version__,
    )

    column = int(np.argmax(np.isfinite(bars["close"]).sum(axis=0)))
    frame = pd.DataFrame({name.capitalize(): values[:, column] for name, values in bars.items()})
    frame = frame.dropna()
    frame["Volume"] = 1e6
    frame.index = pd.date_range("2000-01-03", periods=len(frame), freq="B")
    change = frame["Close"].diff()
    gain = change.clip(lower=0).ewm(alpha=1 / 14, adjust=False).mean()
    loss = (-change.clip(upper=0)).ewm(alpha=1 / 14, adjust=False).mean()
    rsi = 100 * gain / (gain + loss)
    before = frame["Close"].shift()
    span = pd.concat(
        [
            frame["High"] - frame["Low"],
            (frame["High"] - before).abs(),
            (frame["Low"] - before).abs(),
        ],
        axis=1,
    ).max(axis=1)
    atr = span.ewm(alpha=1 / 14, adjust=False).mean()
    frame["Signal"] = (frame["Close"] > 2 * atr) & (rsi > 60)
    frame["Atr"] = atr

    class EverySignal(Strategy):  # type: ignore[misc]
        """A trade at each signal."""

        def init(self) -> None:
            """Nothing to prepare."""

        def next(self) -> None:
            """Buy at each signal."""
            if self.data.Signal[-1]:
                close, range_ = self.data.Close[-1], self.data.Atr[-1]
                self.buy(size=1, sl=close - 2 * range_, tp=close + 3 * range_)

    test = Backtest(frame, EverySignal, cash=10_000_000, trade_on_close=True, finalize_trades=True)
    start = time.perf_counter()
    found = test.run()
    return {
        "name": f"backtesting.py {__version__}, one symbol",
        "trades": int(found["# Trades"]),
        "seconds": time.perf_counter() - start,
    }


def main(folder: Path) -> None:
    """Measure both and say so."""
    warnings.simplefilter("ignore")
    bars = {name: np.load(folder / f"{name}.npy") for name in ("open", "high", "low", "close")}
    print(json.dumps([*by_vectorbt(bars), by_backtesting(bars)]), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
