from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vst_desktop.gui import format as fmt

OPENS = datetime(2017, 11, 17, 19, 45, tzinfo=UTC)
CLOSES = datetime(2017, 11, 17, 20, 55, tzinfo=UTC)


def test_minus_is_a_true_minus() -> None:
    assert fmt.usd(Decimal("-1152")) == "−$1,152"
    assert fmt.number(-0.5, 1) == "−0.5"


def test_a_rounded_zero_has_no_sign() -> None:
    assert fmt.usd(Decimal("-0.004"), 2, signed=True) == "$0.00"


@pytest.mark.parametrize(
    ("value", "decimals", "signed", "text"),
    [
        (Decimal("101284.1"), 2, False, "$101,284.10"),
        (Decimal("318.4"), 2, True, "+$318.40"),
        (Decimal("2.675"), 2, False, "$2.68"),
        (None, 0, True, "–"),
        (float("nan"), 0, False, "–"),
        (float("inf"), 0, False, "–"),
    ],
)
def test_money(value: Decimal | float | None, decimals: int, signed: bool, text: str) -> None:
    assert fmt.usd(value, decimals, signed=signed) == text


@given(st.decimals(-(10**9), 10**9, places=2))
def test_money_reads_back_as_the_same_amount(value: Decimal) -> None:
    text = fmt.usd(value, 2, signed=True)
    read = text.replace("−", "-").replace("$", "").replace(",", "").replace("+", "")
    assert Decimal(read) == value


def test_strikes_have_no_useless_zeros() -> None:
    assert fmt.strikes(Decimal("100.00"), Decimal("57.50"), "P") == "100 / 57.5 P"


def test_times_are_new_yorks_in_summer_and_winter() -> None:
    assert fmt.clock(datetime(2014, 6, 9, 18, 43, tzinfo=UTC)) == "14:43:00"
    assert fmt.clock(datetime(2014, 12, 9, 18, 43, tzinfo=UTC), seconds=False) == "13:43"
    assert fmt.clock(None) == "–"


def test_days_do_not_depend_on_the_locale() -> None:
    assert fmt.day(date(2017, 12, 9)) == "9 Dec"
    assert fmt.day_year(date(2017, 5, 29)) == "29 May 2017"


def test_arrow_and_tone_follow_the_sign() -> None:
    assert [fmt.arrow(x) for x in (1, -1, 0, None)] == ["▲", "▼", "", ""]
    assert [fmt.tone_of(x) for x in (1, -1, 0, None)] == ["gain", "loss", "text", "text"]


def test_entry_window_before_inside_after_and_unknown() -> None:
    caption, figure, tone = fmt.entry_window(OPENS - timedelta(seconds=134), OPENS, CLOSES)
    assert (caption, figure, tone) == (
        "Entry window  14:45–15:55 ET",
        "opens in 00:02:14",
        "warn",
    )
    assert fmt.entry_window(OPENS, OPENS, CLOSES)[1:] == ("open, 01:10:00 left", "gain")
    assert fmt.entry_window(CLOSES, OPENS, CLOSES)[1:] == ("closed", "text2")
    assert fmt.entry_window(OPENS, None, None)[1] == "–"


def test_a_window_of_another_day_names_the_day() -> None:
    caption, figure, _ = fmt.entry_window(OPENS - timedelta(days=3), OPENS, CLOSES)
    assert caption == "Entry window  17 Nov 14:45–15:55 ET"
    assert figure == "opens in 3 d 00:00:00"
