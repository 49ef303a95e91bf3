"""The door of this process: what may be scanned."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.helpers.rising import rising
from vst_desktop.domain.bars import BarSeries
from vst_desktop.scanning.door import admit

GOOD = rising("UP", 5)
DAY = date(2024, 1, 3)


def at_third(column: str, value: object) -> BarSeries:
    values = list(getattr(GOOD, column))
    values[2] = value
    return replace(GOOD, **{column: tuple(values)})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("open", 0.0),
        ("close", -1.0),
        ("high", 40.0),
        ("low", float("nan")),
        ("volume", -1.0),
        ("volume", float("inf")),
        ("dates", date(2024, 1, 2)),
    ],
)
def test_bad_bar_refuses_its_symbol_or_is_left_out(column: str, value: object) -> None:
    bars = at_third(column, value)
    day = bars.dates[2]
    refused = admit(bars, "reject")
    assert refused.series is None
    assert str(refused.error).startswith(f"bad bar on {day}:")
    skipped = admit(bars, "skip_bar")
    assert skipped.series is not None
    assert skipped.series.close == (50, 51, 53, 54)
    assert [w.partition(":")[0] for w in skipped.warnings] == [f"bad bar on {day} left out"]


def test_bars_after_a_date_too_late_are_the_bad_ones() -> None:
    bars = at_third("dates", DAY + timedelta(days=400))
    skipped = admit(bars, "skip_bar").series
    assert skipped is not None
    assert skipped.dates[-1] == DAY + timedelta(days=400)
    assert len(skipped) == 3


def test_good_bars_pass_as_they_are_and_none_is_refused() -> None:
    assert admit(GOOD, "reject").series is GOOD
    assert admit(rising("UP", 0), "skip_bar").error == "no bars"
    bad = replace(rising("UP", 2), low=(-1.0, -1.0))
    assert str(admit(bad, "skip_bar").error).startswith("no bar may be scanned")
