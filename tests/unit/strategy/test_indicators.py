"""Indicators equal pandas-ta's own code path bar by bar, and the rules equal the specification."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from vst_desktop.strategy import indicators as ours

Frame = pd.DataFrame


def made_bars(seed: int, count: int) -> Frame:
    random = np.random.default_rng(seed)
    close = np.round(50 * np.exp(np.cumsum(random.normal(0, 0.02, count))), 2)
    high = np.round(close * (1 + random.uniform(0, 0.02, count)), 2)
    low = np.round(close * (1 - random.uniform(0, 0.02, count)), 2)
    return pd.DataFrame({"open": close, "high": high, "low": low, "close": close})


def compare(frame: Frame) -> None:
    import pandas_ta  # noqa: F401

    high, low, close = (frame[c].to_numpy(np.float64) for c in ("high", "low", "close"))
    pairs: list[tuple[object, npt.NDArray[np.float64]]] = [
        (frame.ta.atr(length=14, talib=False), ours.atr(high, low, close)),
        (frame.ta.rsi(length=14, talib=False), ours.rsi(close)),
        (frame.ta.sma(length=50, talib=False), ours.sma(close, 50)),
        (frame.ta.sma(length=200, talib=False), ours.sma(close, 200)),
    ]
    for theirs, mine in pairs:
        if not isinstance(theirs, pd.Series):  # too short: pandas-ta gives nothing usable
            assert np.isnan(mine).all()
            continue
        reference = theirs.to_numpy(np.float64)
        assert (np.isnan(reference) == np.isnan(mine)).all()
        both = ~np.isnan(mine)
        np.testing.assert_allclose(mine[both], reference[both], rtol=1e-9, atol=0)


@pytest.mark.parametrize(("seed", "count"), [(1, 500), (2, 205), (3, 60), (4, 15)])
def test_made_bars_agree_with_pandas_ta(seed: int, count: int) -> None:
    compare(made_bars(seed, count))


def test_real_bars_agree_with_pandas_ta(data_dir: Path) -> None:
    frame = pd.read_parquet(data_dir / "recent_daily.parquet")
    for _, bars in frame.sort_values(["symbol", "date"]).groupby("symbol"):
        compare(bars.reset_index(drop=True))


def test_flat_prices_have_no_rsi() -> None:
    assert np.isnan(ours.rsi(np.full(30, 10.0))).all()


def test_rolling_low_counts_the_present_bar() -> None:
    low = ours.rolling_low(np.array([5.0, 4.0, 3.0, 6.0]), 2)
    assert np.isnan(low[0])
    assert low[1:].tolist() == [4.0, 3.0, 3.0]
