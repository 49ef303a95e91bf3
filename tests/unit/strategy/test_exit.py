from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.trades import EXITS, EXPIRATION, bars, plan
from vst_desktop.domain.signals import Direction
from vst_desktop.strategy.exit import (
    ExitReason,
    Observation,
    Pending,
    confirm,
    exit_day,
    exit_plan,
    expiry_exit_day,
    price_trigger,
    reframed,
    take_profit_trigger,
    time_trigger,
)

NOON = datetime(2023, 11, 8, 17, tzinfo=UTC)


def weekday(day: date) -> bool:
    return day.weekday() < 5


def made(direction: Direction = Direction.LONG, entry: float = 104.0, **changes: object):  # type: ignore[no-untyped-def]
    return exit_plan(
        direction,
        entry=entry,
        atr=2.0,
        whole_bars=bars(low=95, high=105),
        rules=replace(EXITS, **changes),  # type: ignore[arg-type]
        expiration=EXPIRATION,
        is_session=weekday,
    )


def seen(price: float | None, **changes: object) -> Observation:
    values: dict[str, object] = {
        "time": NOON,
        "last": price,
        "mid": price,
        "live": True,
        "halted": False,
        "since_open": timedelta(hours=2),
    }
    return Observation(**{**values, **changes})  # type: ignore[arg-type]


def test_levels_of_a_long_plan() -> None:
    levels = made()
    assert levels.stop == 100.0
    assert levels.r_target == 112.0
    assert levels.atr_target == 110.0
    assert levels.fibo_target == pytest.approx(95 + 1.618 * 10)
    assert (levels.target, levels.target_reason) == (110.0, "TARGET_ATR")
    assert levels.exit_by == date(2023, 12, 1)


def test_a_short_plan_is_the_mirror_image() -> None:
    levels = made(Direction.SHORT, entry=96.0)
    assert levels.stop == 100.0
    assert levels.r_target == 88.0
    assert levels.atr_target == 90.0
    assert levels.fibo_target == pytest.approx(105 - 1.618 * 10)
    assert levels.target == 90.0


def test_the_swing_is_that_of_the_last_twenty_whole_bars() -> None:
    long_ago = bars(count=25)
    wild = replace(long_ago, high=(200.0,) * 5 + long_ago.high[5:], forming=False)
    forming = replace(
        wild,
        dates=(*wild.dates, date(2023, 11, 7)),
        open=(*wild.open, 1.0),
        high=(*wild.high, 500.0),
        low=(*wild.low, 1.0),
        close=(*wild.close, 1.0),
        volume=(*wild.volume, 1.0),
        forming=True,
    )
    levels = exit_plan(
        Direction.LONG,
        entry=104,
        atr=2,
        whole_bars=forming,
        rules=EXITS,
        expiration=EXPIRATION,
        is_session=weekday,
    )
    assert levels.fibo_target == pytest.approx(95 + 16.18)


def test_too_few_bars_give_no_fibonacci_target() -> None:
    levels = exit_plan(
        Direction.LONG,
        entry=104,
        atr=2,
        whole_bars=bars(count=19),
        rules=EXITS,
        expiration=EXPIRATION,
        is_session=weekday,
    )
    assert levels.fibo_target is None


def test_a_target_less_than_one_atr_away_is_not_used() -> None:
    levels = made(entry=110.0)
    assert levels.fibo_target == pytest.approx(111.18)
    assert levels.target == 116.0


def test_without_targets_there_is_none() -> None:
    levels = made(use_fibo_targets=False, use_r_multiple=False, use_atr_target=False)
    assert levels.target is None and levels.target_reason is None


def test_a_plan_needs_an_atr() -> None:
    with pytest.raises(ValueError, match="ATR"):
        exit_plan(
            Direction.LONG,
            entry=104,
            atr=float("nan"),
            whole_bars=bars(),
            rules=EXITS,
            expiration=EXPIRATION,
            is_session=weekday,
        )


def test_freezing_moves_all_but_the_swing_and_the_day() -> None:
    before = made()
    after = reframed(before, Direction.LONG, 105.0, EXITS)
    assert (after.entry, after.stop, after.atr_target) == (105.0, 101.0, 111.0)
    assert (after.fibo_target, after.exit_by) == (before.fibo_target, before.exit_by)


@given(
    entry=st.floats(20, 500),
    atr=st.floats(0.1, 20),
    direction=st.sampled_from(Direction),
    fibo=st.booleans(),
    by_r=st.booleans(),
)
def test_the_target_is_the_nearest_usable_one(
    entry: float, atr: float, direction: Direction, fibo: bool, by_r: bool
) -> None:
    levels = exit_plan(
        direction,
        entry=entry,
        atr=atr,
        whole_bars=bars(low=entry * 0.9, high=entry * 1.02),
        rules=replace(EXITS, use_fibo_targets=fibo, use_r_multiple=by_r),
        expiration=EXPIRATION,
        is_session=weekday,
    )
    assert (entry - levels.stop) * direction.sign == pytest.approx(2 * atr)
    if levels.target is not None:
        assert (levels.target - entry) * direction.sign >= atr
        for other in (levels.fibo_target, levels.r_target, levels.atr_target):
            if other is not None and other > 0 and (other - entry) * direction.sign >= atr:
                assert abs(levels.target - entry) <= abs(other - entry)


def test_the_time_exit_moves_to_the_session_after_a_holiday() -> None:
    def closed_on_friday(day: date) -> bool:
        return weekday(day) and day != date(2023, 12, 1)

    assert exit_day(EXPIRATION, None, 14, closed_on_friday) == date(2023, 12, 4)


def test_expiry_is_one_session_before_the_last_trading_day() -> None:
    assert expiry_exit_day(EXPIRATION, None, weekday) == date(2023, 12, 14)
    assert expiry_exit_day(date(2014, 7, 19), date(2014, 7, 18), weekday) == date(2014, 7, 17)
    assert expiry_exit_day(date(2014, 7, 19), None, weekday) == date(2014, 7, 17)
    assert exit_day(EXPIRATION, None, 0, weekday) == date(2023, 12, 14)


@pytest.mark.parametrize(
    ("price", "reason"),
    [
        (100.0, ExitReason.STOP),
        (100.01, None),
        (109.99, None),
        (110.0, ExitReason.TARGET_ATR),
    ],
)
def test_levels_trigger_when_touched(price: float, reason: ExitReason | None) -> None:
    assert price_trigger(plan(), Direction.LONG, seen(price)) is reason


def test_short_levels_trigger_mirrored() -> None:
    short = made(Direction.SHORT, entry=96.0)
    assert price_trigger(short, Direction.SHORT, seen(100.0)) is ExitReason.STOP
    assert price_trigger(short, Direction.SHORT, seen(90.0)) is ExitReason.TARGET_ATR
    assert price_trigger(short, Direction.SHORT, seen(96.0)) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"last": 101.0},
        {"mid": 101.0},
        {"last": None},
        {"mid": None},
        {"live": False},
        {"halted": True},
        {"since_open": None},
        {"since_open": timedelta(minutes=4)},
    ],
)
def test_what_is_not_sure_triggers_nothing(changes: dict[str, object]) -> None:
    assert price_trigger(plan(), Direction.LONG, seen(99.5, **changes)) is None


def test_in_the_opening_half_an_atr_beyond_is_enough() -> None:
    early = {"since_open": timedelta(minutes=4)}
    assert price_trigger(plan(), Direction.LONG, seen(99.0, **early)) is ExitReason.STOP


def test_a_trigger_needs_two_observations_ten_seconds_apart() -> None:
    pending, fired = confirm(None, ExitReason.STOP, NOON)
    assert pending == Pending(reason=ExitReason.STOP, since=NOON) and fired is None
    again, fired = confirm(pending, ExitReason.STOP, NOON + timedelta(seconds=9.9))
    assert again == pending and fired is None
    assert confirm(pending, ExitReason.STOP, NOON + timedelta(seconds=10))[1] is ExitReason.STOP


def test_another_observation_between_starts_anew() -> None:
    pending, _ = confirm(None, ExitReason.STOP, NOON)
    assert confirm(pending, None, NOON) == (None, None)
    other, fired = confirm(pending, ExitReason.TARGET_R, NOON + timedelta(minutes=1))
    assert fired is None and other is not None and other.reason is ExitReason.TARGET_R


def test_take_profit_is_a_share_of_the_maximum_profit() -> None:
    rules = replace(EXITS, take_profit_pct_of_max=0.5)
    values = {"average_debit": 2.0, "width": 10.0}
    assert take_profit_trigger(close_value=6.0, rules=rules, **values) is ExitReason.TAKE_PROFIT
    assert take_profit_trigger(close_value=5.99, rules=rules, **values) is None
    assert take_profit_trigger(close_value=9.9, rules=EXITS, **values) is None


@pytest.mark.parametrize(
    ("hour", "minute", "day", "reason"),
    [
        (9, 59, date(2023, 12, 1), None),
        (10, 0, date(2023, 12, 1), ExitReason.TIME),
        (15, 30, date(2023, 12, 1), ExitReason.TIME),
        (15, 31, date(2023, 12, 1), None),
        (10, 0, date(2023, 11, 30), None),
        (15, 45, date(2023, 12, 14), ExitReason.EXPIRY),
    ],
)
def test_the_clock_closes_in_its_hours(
    hour: int, minute: int, day: date, reason: ExitReason | None
) -> None:
    at = datetime(day.year, day.month, day.day, tzinfo=UTC)
    fired = time_trigger(
        plan(),
        now=at + timedelta(hours=hour, minutes=minute),
        today=day,
        opens=at + timedelta(hours=9, minutes=30),
        closes=at + timedelta(hours=16),
        expiry=date(2023, 12, 14),
    )
    assert fired is reason
