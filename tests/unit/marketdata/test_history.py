"""Whole daily bars: until when they are whole, and how newer ones are joined."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.made_bars import made, sessions_up_to
from vst_desktop.domain.bars import BarSeries
from vst_desktop.marketdata.history import continued, forming_after, next_change, with_past
from vst_desktop.ports.market_data import BarColumns, join, whole_columns
from vst_desktop.runtime.calendar import EASTERN, Sessions

WEDNESDAY = date(2023, 6, 14)
DAYS = sessions_up_to(WEDNESDAY, 30)
BARS = made("AAPL", DAYS)


def eastern(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=EASTERN)


@pytest.mark.parametrize(
    ("asked", "expires"),
    [
        (eastern(WEDNESDAY, 8), eastern(WEDNESDAY, 16)),
        (eastern(WEDNESDAY, 15, 59), eastern(WEDNESDAY, 16)),
        # the closing auction and late prints still change the bar
        (eastern(WEDNESDAY, 16), eastern(WEDNESDAY, 16, 15)),
        (eastern(WEDNESDAY, 16, 15), eastern(date(2023, 6, 15), 16)),
        # Friday evening, the weekend and a holiday (Juneteenth) last until Tuesday
        (eastern(date(2023, 6, 16), 18), eastern(date(2023, 6, 20), 16)),
        (eastern(date(2023, 6, 17), 12), eastern(date(2023, 6, 20), 16)),
        (eastern(date(2023, 6, 19), 12), eastern(date(2023, 6, 20), 16)),
        # a half day closes at 13:00
        (eastern(date(2023, 7, 3), 10), eastern(date(2023, 7, 3), 13)),
    ],
)
def test_whole_bars_are_good_until_the_next_close(asked: datetime, expires: datetime) -> None:
    assert next_change(asked.astimezone(UTC), Sessions()) == expires


@given(st.integers(0, 14 * 24 * 60))
def test_they_never_last_past_a_close(minutes: int) -> None:
    asked = eastern(date(2023, 6, 26), 0).astimezone(UTC) + timedelta(minutes=minutes)
    expires = next_change(asked, Sessions())
    assert asked < expires
    day = asked.astimezone(EASTERN).date() - timedelta(days=1)
    while (day := Sessions().next_session(day)) <= expires.astimezone(EASTERN).date():
        hours = Sessions().session(day)
        assert hours is not None
        assert not asked < hours[1] < expires


@given(st.integers(1, 29), st.integers(0, 29))
def test_a_part_that_tells_the_last_bar_again_continues_it(held: int, start: int) -> None:
    joined = continued(BARS.cut(0, held), BARS.cut(start, 30))
    if start < held:
        assert not isinstance(joined, str)
        assert joined.series() == BARS.series()
    else:
        assert isinstance(joined, str)


def test_the_newer_telling_of_the_last_bar_counts() -> None:
    newer = BARS.cut(10, 30)
    close = newer.close.copy()
    close[9] *= 1.005
    joined = continued(BARS.cut(0, 20), replace(newer, close=close))
    assert not isinstance(joined, str)
    assert joined.close[19] == close[9]
    assert joined.close[:19].tolist() == BARS.close[:19].tolist()


@pytest.mark.parametrize("factor", [0.5, 2, 1.02, 0.98, 0.0, float("nan")])
def test_prices_that_were_adjusted_do_not_fit(factor: float) -> None:
    newer = BARS.cut(10, 30)
    joined = continued(BARS.cut(0, 20), replace(newer, close=newer.close * factor))
    assert isinstance(joined, str)
    assert str(BARS.day(10)) in joined


def test_an_adjustment_before_the_last_held_bar_is_seen() -> None:
    newer = BARS.cut(10, 30)
    halved = np.where(np.arange(20) < 4, 0.5, 1.0)
    joined = continued(BARS.cut(0, 20), replace(newer, close=newer.close * halved))
    assert joined == (
        f"the close of {BARS.day(10)} was {BARS.close[10]:g} and is {BARS.close[10] / 2:g}"
    )


def test_a_session_that_is_missing_in_what_is_held_is_seen() -> None:
    held = join([BARS.cut(0, 15), BARS.cut(16, 20)])
    joined = continued(held, BARS.cut(10, 30))
    assert joined == f"sessions are missing before {BARS.day(19)}"


@pytest.mark.parametrize("factor", [0.5, 1.5, 2, 1 / 3])
def test_a_jump_after_the_held_bars_looks_like_a_split(factor: float) -> None:
    later = np.where(np.arange(30) >= 22, factor, 1.0)
    whole = replace(BARS, open=BARS.open * later, close=BARS.close * later)
    assert continued(BARS.cut(0, 20), whole.cut(15, 30)) == "a jump after it looks like a split"


def test_a_jump_before_the_held_bars_end_is_theirs_already() -> None:
    earlier = np.where(np.arange(30) >= 15, 2.0, 1.0)
    whole = replace(BARS, open=BARS.open * earlier, close=BARS.close * earlier)
    joined = continued(whole.cut(0, 20), whole.cut(12, 30))
    assert not isinstance(joined, str)


def forming(bars: BarColumns) -> BarSeries:
    return replace(bars.series(), forming=True)


def test_the_forming_bar_is_cut_off_and_put_back() -> None:
    series = forming(BARS)
    whole = whole_columns(series)
    assert whole.series() == BARS.cut(0, 29).series() == series.whole()
    assert forming_after(whole, series) == series
    assert forming_after(whole, BARS.series()) == whole.series()


LONG = made("AAPL", sessions_up_to(WEDNESDAY, 60))
SCALED = ("open", "high", "low", "close")


@pytest.mark.parametrize("scale", [1.0, 0.5, 10.0])
def test_what_was_held_before_the_newer_bars_stays_in_front_on_their_scale(scale: float) -> None:
    newer = replace(LONG, **{n: getattr(LONG, n) * scale for n in SCALED}).cut(30, 60)
    newer = replace(newer, volume=newer.volume / scale)
    deep = with_past(LONG, newer)
    assert deep.time.tolist() == LONG.time.tolist()
    for name in SCALED:
        assert getattr(deep, name).tolist() == pytest.approx(getattr(LONG, name) * scale)
    assert deep.volume.tolist() == pytest.approx(LONG.volume / scale)
    if scale == 1:
        assert deep.series() == LONG.series()


@pytest.mark.parametrize(
    "held",
    [
        replace(LONG, close=LONG.close * np.linspace(0.9, 1, 60)),  # dividends taken out
        LONG.cut(0, 29),  # nothing in common
        LONG.cut(0, 40),  # too little in common
        LONG.cut(30, 60),  # nothing from before
        replace(LONG, time=np.where(LONG.time == LONG.time[45], LONG.time[45] + 1, LONG.time)),
    ],
    ids=["another adjustment", "apart", "hardly touching", "no past", "other days"],
)
def test_bars_of_another_kind_are_not_put_in_front(held: BarColumns) -> None:
    newer = LONG.cut(30, 60)
    assert with_past(held, newer) is newer
