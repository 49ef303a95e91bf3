from __future__ import annotations

import numpy as np
import pytest

from tests.helpers.lab_bars import walk, walks
from vst_desktop.backtest.panel import atrs, panel, trailing, trailing_mean
from vst_desktop.strategy.indicators import atr


def test_ranges_of_all_symbols_together_are_those_of_each_alone_to_the_bit() -> None:
    bars = [*walks(3), walk("S").cut(0, 13), walk("T").cut(0, 14), walk("U").cut(100, 300)]

    for one, found in zip(bars, atrs(bars), strict=True):
        np.testing.assert_array_equal(found, atr(one.high, one.low, one.close))


def test_a_trailing_mean_takes_what_there_is() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0])

    assert trailing_mean(values, 2, 4).tolist() == [1.0, 1.5, 2.5, 3.5]
    assert trailing_mean(values, 2, 5).tolist() == [0.0, 1.0, 1.5, 2.5, 3.5]


@pytest.mark.parametrize("length", [1, 2, 5, 20])
def test_a_trailing_extreme_is_that_of_the_last_rows(length: int) -> None:
    values = np.random.default_rng(length).normal(size=60)
    last = [values[max(0, n + 1 - length) : n + 1] for n in range(60)]

    assert trailing(values, length, np.minimum).tolist() == [part.min() for part in last]
    assert trailing(values, length, np.maximum).tolist() == [part.max() for part in last]


def test_swings_are_those_of_twenty_bars_of_the_symbol_itself() -> None:
    whole = walks(2)
    found = panel(whole)

    for symbol, one in enumerate(whole):
        rows = found.rows_of(symbol)
        for n in range(19, len(one)):
            assert found.swing_low[rows][n] == one.low[n - 19 : n + 1].min()
            assert found.swing_high[rows][n] == one.high[n - 19 : n + 1].max()


def test_derived_values_rest_on_the_past_alone() -> None:
    whole = walks(2)
    early = panel([one.cut(0, 400) for one in whole])
    late = panel(whole)

    for name in ("atr", "variance_short", "variance_long", "shares", "dollars"):
        for symbol in range(2):
            at = late.start[symbol]
            np.testing.assert_array_equal(
                getattr(early, name)[early.rows_of(symbol)],
                getattr(late, name)[at : at + 400],
            )


def test_variance_is_that_of_the_last_returns() -> None:
    (one,) = walks(1)
    found = panel([one])
    returns = np.diff(np.log(one.close))

    assert found.variance_short[300] == pytest.approx(252 * np.mean(returns[279:300] ** 2))
    assert found.variance_long[300] == pytest.approx(252 * np.mean(returns[48:300] ** 2))
    assert np.isnan(found.variance_short[:21]).all()
