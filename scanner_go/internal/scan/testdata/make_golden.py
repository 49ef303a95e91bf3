"""Writes golden.csv: invented bars with the values that pandas-ta (talib=False) gives for them.

Run in the project's environment: python make_golden.py
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pandas_ta as ta

BARS = 230


def series(name: str, seed: int, decimals: int) -> pd.DataFrame:
    """Bars on a walk of ``decimals`` decimals, with a flat stretch and a gap."""
    random = np.random.default_rng(seed)
    close = 40 * np.exp(np.cumsum(random.normal(0, 0.02, BARS)))
    close[100:103] = close[99]
    close[150:] *= 1.4
    spread = close * random.uniform(0.001, 0.03, BARS)
    bars = pd.DataFrame({"high": close + spread, "low": close - spread, "close": close})
    bars = bars.round(decimals)
    bars.loc[100:102, ["high", "low"]] = bars.close[99]
    bars.insert(0, "series", name)
    bars["atr"] = ta.atr(bars.high, bars.low, bars.close, length=14, talib=False)
    bars["rsi"] = ta.rsi(bars.close, length=14, talib=False)
    bars["sma50"] = ta.sma(bars.close, length=50, talib=False)
    bars["sma200"] = ta.sma(bars.close, length=200, talib=False)
    return bars


both = pd.concat([series("cents", 1, 2), series("off the grid", 2, 9)])
both.to_csv(Path(__file__).with_name("golden.csv"), index=False, float_format="%.17g")
