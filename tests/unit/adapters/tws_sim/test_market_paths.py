"""A day's minutes add up to its daily bar, whatever the bar."""

from __future__ import annotations

from datetime import date

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vst_desktop.adapters.tws_sim.market_paths import day_path

PRICES = st.integers(2000, 40000).map(lambda cents: cents / 100)


@given(
    st.lists(PRICES, min_size=4, max_size=4),
    st.integers(390, 5_000_000),
    st.sampled_from([390, 210]),
    st.integers(0, 50),
)
def test_minutes_aggregate_to_the_daily_bar(
    prices: list[float], volume: int, minutes: int, seed: int
) -> None:
    low, high = min(prices), max(prices)
    first, close = prices[0], prices[1]
    path = day_path(f"{seed}", date(2024, 1, 17), (first, high, low, close), volume, minutes)
    assert len(path.close) == minutes
    assert path.open[0] == first
    assert path.close[-1] == close
    assert path.high.max() == high
    assert path.low.min() == low
    assert path.volume.sum() == volume
    assert (path.high >= np.maximum(path.open, path.close)).all()
    assert (path.low <= np.minimum(path.open, path.close)).all()
    assert (path.open[1:] == path.close[:-1]).all()


def test_same_key_and_day_give_the_same_path_and_others_another() -> None:
    bar = (100.0, 104.0, 99.0, 103.0)
    one = day_path("a", date(2024, 1, 17), bar, 1e6, 390)
    assert (one.close == day_path("a", date(2024, 1, 17), bar, 1e6, 390).close).all()
    assert (one.close != day_path("b", date(2024, 1, 17), bar, 1e6, 390).close).any()
