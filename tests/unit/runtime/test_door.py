"""The door of this process: what may be scanned, in the scanner's own words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from tests.helpers.rising import rising
from vst_desktop.domain.bars import BarSeries
from vst_desktop.runtime.door import admit, columns_of, faults, suspects

GOOD = rising("UP", 5)
DAY = date(2024, 1, 3)


def at_third(column: str, value: object) -> BarSeries:
    values = list(getattr(GOOD, column))
    values[2] = value
    return replace(GOOD, **{column: tuple(values)})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("open", 0.0, "price 0 is not above 0"),
        ("close", -1.25, "price -1.25 is not above 0"),
        ("high", 40.0, "high 40 is below low 51"),
        ("low", float("nan"), "a price is not a number"),
        ("high", float("inf"), "a price is not a number"),
        ("volume", -1.0, "volume -1 is negative"),
        ("volume", float("inf"), "the volume is not a number"),
        ("dates", GOOD.dates[1], "the date stands twice"),
        ("dates", GOOD.dates[0] - timedelta(days=9), "the date goes back"),
    ],
)
def test_bad_bar_refuses_its_symbol_or_is_left_out(column: str, value: object, reason: str) -> None:
    bars = at_third(column, value)
    sentence = f"bar {bars.dates[2]}: {reason}"
    refused = admit(bars, "reject")
    assert refused.series is None
    assert refused.error == sentence
    skipped = admit(bars, "skip_bar")
    assert skipped.series is not None
    assert skipped.series.close == (50, 51, 53, 54)
    assert skipped.warnings == (f"{sentence}; left out",)


def test_bars_after_a_date_too_late_are_the_bad_ones() -> None:
    bars = at_third("dates", DAY + timedelta(days=400))
    refused = admit(bars, "reject").error
    assert refused == f"bar {GOOD.dates[3]}: the date goes back (and 1 more bad bar)"
    skipped = admit(bars, "skip_bar").series
    assert skipped is not None
    assert skipped.dates[-1] == DAY + timedelta(days=400)
    assert len(skipped) == 3


def test_good_bars_pass_as_they_are() -> None:
    assert admit(GOOD, "reject").series is GOOD


def test_no_bar_to_keep_is_an_error_under_either_policy() -> None:
    assert admit(rising("UP", 0), "skip_bar").error == "there are no bars"
    bad = replace(rising("UP", 2), low=(-1.0, -1.0))
    first = f"bar {bad.dates[0]}: price -1 is not above 0"
    assert admit(bad, "reject").error == f"{first} (and 1 more bad bar)"
    error = f"none of 2 bars can be scanned; the first: {first}"
    assert admit(bad, "skip_bar").error == error


def test_many_bars_left_out_are_folded() -> None:
    bars = rising("UP", 20)
    skipped = admit(replace(bars, low=(*bars.low[:8], *([0.0] * 12))), "skip_bar")
    assert len(skipped.warnings) == 6
    assert skipped.warnings[4:] == (
        f"bar {bars.dates[12]}: price 0 is not above 0; left out",
        "and 7 more bars left out",
    )


def test_bars_of_several_symbols_in_a_row_are_not_held_against_each_other() -> None:
    columns = columns_of(replace(GOOD, dates=(*GOOD.dates[:3], *GOOD.dates[:2])))
    assert suspects(columns).tolist() == [False, False, False, True, False]
    assert not suspects(columns, [0, 3]).any()


def test_bar_without_a_usable_date_is_named_by_its_place() -> None:
    columns = columns_of(GOOD)
    columns.time[1] = np.iinfo(np.int64).min
    columns.time[3] = 3_000_000
    assert faults(columns) == [
        (1, "bar 2: it has no usable date"),
        (3, "bar 4: it has no usable date"),
    ]
