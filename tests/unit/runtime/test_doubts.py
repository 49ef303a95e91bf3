"""Warnings about bars that may be right: missing sessions, jumps like splits."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from vst_desktop.domain.bars import Timeframe
from vst_desktop.ports.market_data import BarColumns, day_number
from vst_desktop.runtime.calendar import session_days
from vst_desktop.runtime.doubts import doubts

MONDAY = day_number(date(2014, 6, 9))


def flat(days: list[int]) -> BarColumns:
    price = np.full(len(days), 20.0)
    return BarColumns(
        symbol="FLAT",
        timeframe=Timeframe.DAILY,
        time=np.array(days, dtype=np.int64),
        open=price,
        high=price,
        low=price,
        close=price,
        volume=price,
    )


def sessions(count: int, *out: int) -> list[int]:
    days = session_days()
    first = int(np.searchsorted(days, MONDAY))
    return [int(day) for n, day in enumerate(days[first : first + count]) if n not in out]


@pytest.mark.parametrize(
    ("out", "warning"),
    [
        ((), None),
        ((4,), "1 session missing: 2014-06-13"),
        ((4, 5), "2 sessions missing: 2014-06-13 to 2014-06-16"),
        ((18,), "1 session missing: 2014-07-03"),
        (
            (4, 10, 11, 12),
            "4 sessions missing in 2 gaps: 2014-06-13, 2014-06-23 to 2014-06-25",
        ),
        (
            (3, 7, 10, 12, 20, 30, 40),
            "7 sessions missing in 7 gaps: 2014-06-12, 2014-06-18, 2014-06-23, 2014-06-25, "
            "2014-07-08 and 2 more",
        ),
    ],
)
def test_missing_sessions_are_one_warning(out: tuple[int, ...], warning: str | None) -> None:
    assert doubts(flat(sessions(60, *out))) == ((warning,) if warning else ())


@pytest.mark.parametrize(
    ("before", "opens", "closes", "split"),
    [
        (100, 50.3, 51, "2:1"),
        (645.57, 92.7, 93.7, "7:1"),
        (60, 40, 41, "3:2"),
        (60, 48.4, 48, "5:4"),
        (1.2, 12, 11.9, "1:10"),
        (100, 51.1, 50, None),
        (100, 50, 47, None),
        (100, 99, 50, None),
        (60, 90, 90, None),
    ],
)
def test_jump_that_looks_like_a_split(
    before: float, opens: float, closes: float, split: str | None
) -> None:
    bars = replace(
        flat([MONDAY, MONDAY + 1]), open=np.array([before, opens]), close=np.array([before, closes])
    )
    told = f"bar 2014-06-10: opens at {opens:g} after a close of {before:g}, which looks like a "
    told += f"{split} split that the prices are not adjusted for"
    assert doubts(bars) == ((told,) if split else ())


def test_many_jumps_are_folded() -> None:
    price = np.array([10.0, 20.0] * 4 + [10.0])
    warnings = doubts(replace(flat(sessions(9)), open=price, close=price))
    assert len(warnings) == 6
    assert warnings[5] == "and 3 more jumps that look like splits"


def test_one_bar_gives_no_doubt() -> None:
    assert doubts(flat([MONDAY])) == ()
