"""Indicators by pandas-ta, and by numpy when that fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.rising import rising
from vst_desktop.domain.bars import BarSeries
from vst_desktop.domain.errors import UserError
from vst_desktop.scanning.computations import (
    BOTH,
    BY_NUMPY,
    BY_PANDAS_TA,
    NUMPY,
    PANDAS_TA,
    Computations,
)
from vst_desktop.strategy.indicators import Indicators

COLUMNS = ("close", "low", "volume", "atr", "rsi", "sma50", "sma200")


def failing(bars: BarSeries) -> Indicators:
    raise ZeroDivisionError("RSI")


@pytest.mark.parametrize("count", [1, 2, 13, 15, 16, 49, 50, 199, 200, 260])
def test_both_ways_give_the_same_values_on_series_of_every_length(count: int) -> None:
    bars = rising("UP", count)
    one, other = (Computations([way]).indicators(bars) for way in (BY_PANDAS_TA, BY_NUMPY))
    for name in COLUMNS:
        # A series too short for a value to be used is not defined to pandas-ta.
        if name in ("atr", "rsi") and count <= 14:
            assert np.isnan(getattr(one, name)).all()
        else:
            np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-9)


def test_failure_is_logged_and_counted_and_the_alternative_serves(
    caplog_allowed: pytest.LogCaptureFixture,
) -> None:
    computations = Computations([(PANDAS_TA, failing), BY_NUMPY])
    found = computations.indicators(rising("UP"))
    assert found.rsi[-1] == 100
    assert computations.engine == NUMPY
    assert computations.failures == {PANDAS_TA: 1}
    (record,) = caplog_allowed.records
    assert record.getMessage() == (
        "indicators of UP failed by pandas-ta (in-process): ZeroDivisionError: RSI"
    )


@pytest.mark.allow_log("indicators of")
def test_way_that_fails_twice_in_a_row_is_not_tried_again() -> None:
    computations = Computations([(PANDAS_TA, failing), BY_NUMPY])
    for number in range(5):
        computations.indicators(rising(f"S{number}"))
    assert computations.failures == {PANDAS_TA: 2}
    assert computations.served == {NUMPY: 5}


@pytest.mark.allow_log("indicators of")
def test_symbols_served_by_either_are_counted_in_the_engines_name() -> None:
    def moody(bars: BarSeries) -> Indicators:
        return failing(bars) if bars.symbol == "BAD" else BY_PANDAS_TA[1](bars)

    computations = Computations([(PANDAS_TA, moody), BY_NUMPY])
    for symbol in ("A", "BAD", "B"):
        computations.indicators(rising(symbol))
    assert computations.engine == "pandas-ta (in-process) 2 symbols, numpy (in-process) 1 symbols"


@pytest.mark.allow_log("indicators of")
def test_failure_of_every_way_names_each() -> None:
    with pytest.raises(UserError, match=r"pandas-ta.*ZeroDivisionError: RSI.*; numpy.*RSI"):
        Computations([(PANDAS_TA, failing), (NUMPY, failing)]).indicators(rising("UP"))


def test_pandas_ta_needs_no_folder_to_write_to(tmp_path: Path) -> None:
    """Compiled code of numba would want one, and the home folder may be read-only."""
    program = (
        "from datetime import date, timedelta\n"
        "from vst_desktop.domain.bars import BarSeries\n"
        "from vst_desktop.scanning.computations import BY_PANDAS_TA, Computations\n"
        "days = tuple(date(2024, 1, 1) + timedelta(days=n) for n in range(250))\n"
        "up = tuple(50.0 + n for n in range(250))\n"
        "bars = BarSeries(symbol='UP', dates=days, open=up, high=up, low=up, close=up, volume=up)\n"
        "data = Computations([BY_PANDAS_TA]).indicators(bars)\n"
        "import numba\n"
        "assert not numba.config.DISABLE_JIT\n"
        "print(data.sma200[-1])\n"
    )
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    environment = {**os.environ, "HOME": str(locked), "NUMBA_CACHE_DIR": str(locked / "no")}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert float(done.stdout) == pytest.approx(50 + 249 - 99.5)
    assert list(locked.iterdir()) == []
    assert BOTH == (BY_PANDAS_TA, BY_NUMPY)
