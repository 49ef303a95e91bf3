"""What goes into the bar store: what it lacks, never a forming bar, and nothing of it is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.made_bars import made, sessions_up_to
from vst_desktop.domain.bars import BarSeries
from vst_desktop.ports.market_data import BarColumns
from vst_desktop.scanning.kept import behind, divide

ALL = made("AAPL", sessions_up_to(date(2023, 6, 14), 40))


def bars(
    start: int, stop: int, *, forming: bool = False, last_close: float | None = None
) -> BarSeries:
    series = ALL.cut(start, stop).series()
    if last_close is not None:
        series = replace(series, close=(*series.close[:-1], last_close))
    return replace(series, forming=forming)


def days(columns: BarColumns | None) -> list[int] | None:
    return None if columns is None else columns.time.tolist()


def test_of_a_symbol_that_the_store_does_not_have_all_whole_bars_are_written() -> None:
    one = divide(None, None, bars(0, 40, forming=True))
    assert days(one.replace) == ALL.time[:39].tolist()
    assert days(one.forming) == ALL.time[39:].tolist()
    assert one.append is None and not one.memory


@pytest.mark.parametrize("start", [0, 12])
def test_what_the_store_has_already_is_not_written_again(start: int) -> None:
    one = divide(ALL.cut(0, 39), None, bars(start, 40, forming=True))
    assert not one.writes and not one.memory
    assert days(one.forming) == ALL.time[39:].tolist()


@pytest.mark.parametrize("start", [0, 12])
def test_newer_whole_bars_are_written_behind(start: int) -> None:
    one = divide(ALL.cut(0, 35), None, bars(start, 40, forming=True))
    assert days(one.append) == ALL.time[35:39].tolist()
    assert one.replace is None and not one.memory


def test_a_last_bar_that_is_told_anew_takes_the_place_of_the_old_one() -> None:
    one = divide(ALL.cut(0, 40), None, bars(0, 40, last_close=80.55))
    assert days(one.append) == [ALL.time[39]]
    assert one.append is not None
    assert behind(ALL, one.append).close.tolist() == [*ALL.close[:39], 80.55]


def test_prices_on_another_scale_replace_what_reaches_no_further_back() -> None:
    split = replace(ALL, close=ALL.close / 2, open=ALL.open / 2)
    one = divide(ALL.cut(5, 40), None, split)
    assert days(one.replace) == ALL.time.tolist()


def test_history_that_reaches_further_back_is_left_alone_and_that_is_said() -> None:
    other = replace(ALL.cut(10, 40), close=ALL.close[10:] * 0.98)
    one = divide(ALL, None, other)
    assert one.memory and not one.writes
    assert one.reason is not None and str(ALL.day(0)) in one.reason


@pytest.mark.parametrize(
    ("stored", "held", "now"),
    [
        (ALL, None, bars(0, 30)),  # the store reaches further
        (ALL.cut(0, 39), bars(0, 40, forming=True), bars(0, 39)),  # a forming bar was taken back
        (None, None, bars(39, 40, forming=True)),  # there is no whole one
    ],
    ids=["ahead", "taken back", "only forming"],
)
def test_what_the_scanner_cannot_have_from_the_store_is_held_in_memory(
    stored: BarColumns | None, held: BarSeries | None, now: BarSeries
) -> None:
    one = divide(stored, held, now)
    assert one.memory and not one.writes and one.forming is None


@given(
    stored=st.tuples(st.integers(0, 20), st.integers(22, 40)),
    now=st.tuples(st.integers(0, 20), st.integers(22, 40)),
    forming=st.booleans(),
    scale=st.sampled_from([1.0, 0.5]),
)
def test_after_the_write_the_store_holds_every_whole_bar_and_all_it_had(
    stored: tuple[int, int], now: tuple[int, int], forming: bool, scale: float
) -> None:
    had = replace(ALL, close=ALL.close * scale).cut(*stored)
    series = bars(*now, forming=forming)
    one = divide(had, None, series)
    whole = set(ALL.time[now[0] : now[1] - forming].tolist())
    if one.memory:
        assert not one.writes and one.forming is None
        return
    after = one.replace if one.replace is not None else had
    if one.append is not None:
        assert one.append.time[0] >= had.time[-1]  # else the store would call it corrupt
        after = behind(had, one.append)
    assert (np.diff(after.time) > 0).all()
    assert whole <= set(after.time.tolist())
    assert set(had.time.tolist()) <= set(after.time.tolist()) or scale != 1
    assert after.time[0] <= had.time[0]
    closes = dict(zip(series.dates, series.close, strict=True))
    kept = after.series()
    assert all(kept.close[i] == closes[day] for i, day in enumerate(kept.dates) if day in closes)
    assert (one.forming is not None) == forming
