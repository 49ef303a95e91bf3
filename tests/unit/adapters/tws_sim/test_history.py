"""Durations and bar sizes mean what they mean at TWS."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from tests.helpers.tiny_market import EASTERN, IN_SESSION, TinyMarket
from vst_desktop.adapters.tws_sim import history
from vst_desktop.adapters.tws_sim.codes import Refusal
from vst_desktop.adapters.tws_sim.timing import Hours, parse_moment
from vst_desktop.adapters.tws_sim.world import Bar

MARKET = TinyMarket()
HOURS = Hours(MARKET)


def bars(size: str, duration: str, end: datetime = IN_SESSION) -> list[Bar]:
    span = history.parse_duration(duration)
    return list(history.bars(MARKET, HOURS, "AAPL", size, span, end).bars)


def test_days_are_sessions_and_the_running_one_counts() -> None:
    assert [bar.start for bar in bars("1 day", "3 D")] == [
        date(2022, 5, 30),
        date(2022, 5, 31),
        date(2022, 6, 1),
    ]


def test_weeks_and_months_are_joined_from_their_days() -> None:
    weeks = bars("1 week", "2 W")
    days = bars("1 day", "2 W")
    assert weeks[-1].open == next(bar.open for bar in days if bar.start == date(2022, 5, 30))
    assert weeks[-1].close == days[-1].close
    assert sum(bar.volume for bar in weeks) == sum(bar.volume for bar in days)
    assert len(bars("1 month", "1 Y")) == 13


def test_seconds_count_session_time_back_over_the_night() -> None:
    just_open = datetime(2022, 6, 1, 9, 40, tzinfo=EASTERN)
    found = bars("1 min", "1200 S", just_open)
    first = found[0].start
    assert isinstance(first, datetime)
    assert first.astimezone(EASTERN) == datetime(2022, 5, 31, 15, 50, tzinfo=EASTERN)


@pytest.mark.parametrize(("size", "count"), [("5 mins", 78), ("30 mins", 13), ("1 hour", 7)])
def test_larger_bars_cover_the_whole_session(size: str, count: int) -> None:
    evening = datetime(2022, 5, 31, 18, 0, tzinfo=EASTERN)
    found = bars(size, "1 D", evening)
    assert len(found) == count
    assert sum(bar.volume for bar in found) == 390 * 1_000_000


def test_on_a_weekend_a_day_is_the_last_session() -> None:
    sunday = datetime(2022, 6, 5, 12, 0, tzinfo=EASTERN)
    assert [bar.start for bar in bars("1 day", "1 D", sunday)] == [date(2022, 6, 3)]
    assert len(bars("1 min", "1 D", sunday)) == 390


@pytest.mark.parametrize("wrong", ["", "1", "D", "0 D", "1 H", "-1 D", "1.5 D", "99999999 Y"])
def test_other_durations_are_refused(wrong: str) -> None:
    with pytest.raises(Refusal) as refused:
        history.parse_duration(wrong)
    assert refused.value.code == 321


def test_small_bars_over_a_long_time_are_refused() -> None:
    with pytest.raises(Refusal) as refused:
        bars("1 min", "1 Y")
    assert refused.value.code == 162


@pytest.mark.parametrize(
    "text",
    [
        "20220601 14:00:00 US/Eastern",
        "20220601-18:00:00",
        "20220601 18:00:00 UTC",
        "20220601 14:00:00",
    ],
)
def test_moments_are_read_in_every_form_clients_use(text: str) -> None:
    assert parse_moment(text) == IN_SESSION


@pytest.mark.parametrize("text", ["yesterday", "20220601 14:00:00 Nowhere/Else", "2022-06-01", ""])
def test_other_moments_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"date|time|format"):
        parse_moment(text)
