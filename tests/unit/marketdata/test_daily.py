"""Daily bars through the cache, against a broker that counts what it is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.helpers.fake_broker import FakeBroker
from tests.helpers.made_bars import made, sessions_up_to
from vst_desktop.domain.bars import BarSeries, SymbolError
from vst_desktop.domain.errors import UserError
from vst_desktop.marketdata.daily import DailyBars
from vst_desktop.ports.market_data import BarColumns
from vst_desktop.runtime.calendar import EASTERN, Sessions, trading_day
from vst_desktop.runtime.clock import HeldClock

WEDNESDAY = date(2023, 6, 14)
ALL = made("AAPL", sessions_up_to(date(2023, 6, 30), 540))
FULL, PROMPT = 504, 30


class HistoryBroker(FakeBroker):
    """Knows the bars of ALL up to its clock's moment, as they stand then."""

    def __init__(self, clock: HeldClock) -> None:
        super().__init__(clock)
        self.clock = clock
        self.asked: list[int] = []
        self.factor = 1.0
        self.refusal: Exception | None = None

    async def daily_bars(
        self, symbols: Sequence[str], *, sessions: int, on_bars: Callable[[BarSeries], None]
    ) -> list[SymbolError]:
        self.asked.append(sessions)
        await asyncio.sleep(0)
        if isinstance(self.refusal, UserError):
            return [SymbolError(symbol=s, error=str(self.refusal)) for s in symbols]
        if self.refusal is not None:
            raise self.refusal
        now = self.clock.now()
        running = Sessions().session_at(now)
        end = len(ALL)
        while ALL.day(end - 1) > trading_day(now) or (
            ALL.day(end - 1) == trading_day(now) and now.astimezone(EASTERN).hour < 9
        ):
            end -= 1
        part = ALL.cut(max(0, end - sessions), end)
        part = replace(part, open=part.open * self.factor, close=part.close * self.factor)
        last = part.day(-1)
        on_bars(replace(part.series(), symbol=symbols[0], forming=last == running))
        return []


class Rig:
    def __init__(self, hour: int, minute: int = 0) -> None:
        self.clock = HeldClock(datetime(2023, 6, 14, hour, minute, tzinfo=EASTERN))
        self.broker = HistoryBroker(self.clock)
        self.daily = DailyBars(self.broker, self.clock, Sessions())

    def move(self, day: int, hour: int, minute: int = 0) -> None:
        self.clock.advance(datetime(2023, 6, day, hour, minute, tzinfo=EASTERN).astimezone(UTC))
        self.broker.asked.clear()

    async def get(self) -> BarSeries:
        return await self.daily.get("AAPL")

    def held(self) -> BarColumns:
        entry = self.daily.whole.held("AAPL")
        assert entry is not None
        return entry.value


def tell(story: Callable[[Rig], Coroutine[Any, Any, None]], hour: int, minute: int = 0) -> None:
    asyncio.run(story(Rig(hour, minute)))


def test_two_years_at_first_and_outside_a_session_nothing_more() -> None:
    async def story(rig: Rig) -> None:
        first = await rig.get()
        assert rig.broker.asked == [FULL]
        assert first.dates[-1] == WEDNESDAY and not first.forming
        rig.move(15, 9, 29)  # before the next open
        assert await rig.get() == first
        assert rig.broker.asked == []
        assert rig.daily.whole.figures.hits == 1

    tell(story, 17)


def test_in_a_session_the_forming_bar_is_asked_for_each_time_and_never_kept() -> None:
    async def story(rig: Rig) -> None:
        series = await rig.get()
        assert series.forming and series.dates[-1] == WEDNESDAY
        for _ in range(2):
            assert rig.held().day(-1) == date(2023, 6, 13)
            rig.broker.asked.clear()
            assert await rig.get() == series
            assert rig.broker.asked == [2]

    tell(story, 15)


def test_later_only_what_is_missing() -> None:
    async def story(rig: Rig) -> None:
        await rig.get()
        rig.move(20, 15)  # Thursday, Friday, then Juneteenth: three sessions began since
        series = await rig.get()
        assert rig.broker.asked == [4]
        assert series.dates[-1] == date(2023, 6, 20) and series.forming
        assert rig.held().series() == series.whole()
        fresh = Rig(17)
        fresh.move(20, 15)
        assert (await fresh.get()).close[-400:] == series.close[-400:]

    tell(story, 17)


def test_shortly_after_the_close_bars_are_kept_until_they_have_settled() -> None:
    async def story(rig: Rig) -> None:
        await rig.get()
        rig.move(14, 16, 14)
        await rig.get()
        assert rig.broker.asked == []
        rig.move(14, 16, 15)
        await rig.get()
        assert rig.broker.asked == [1]
        rig.move(14, 23)
        await rig.get()
        assert rig.broker.asked == []

    tell(story, 16, 1)


@pytest.mark.parametrize("factor", [0.5, 3.0])
def test_a_split_fetches_all_bars_anew(factor: float) -> None:
    async def story(rig: Rig) -> None:
        await rig.get()
        rig.broker.factor = factor
        rig.move(15, 15)
        series = await rig.get()
        assert rig.broker.asked == [2, FULL]
        # the bar from before the two years asked for stays, on the new scale
        assert rig.held().close.tolist() == pytest.approx(ALL.cut(25, 529).close * factor)
        assert rig.held().series() == series.whole()

    tell(story, 17)


def test_a_bar_taken_for_whole_before_the_open_is_corrected() -> None:
    async def story(rig: Rig) -> None:
        rig.daily.whole.put("AAPL", ALL.cut(0, 529))  # ends with Wednesday, which still forms
        assert rig.held().day(-1) == WEDNESDAY
        series = await rig.get()
        assert rig.broker.asked == [1, FULL]
        assert series.forming and rig.held().day(-1) == date(2023, 6, 13)

    tell(story, 10)


def test_requests_at_the_same_time_share_one_question() -> None:
    async def story(rig: Rig) -> None:
        found = await asyncio.gather(*(rig.get() for _ in range(4)))
        assert rig.broker.asked == [FULL]
        assert all(series is found[0] for series in found)

    tell(story, 15)


@pytest.mark.parametrize("refusal", [UserError("no permission"), TimeoutError()])
def test_a_refusal_keeps_what_was_held(refusal: Exception) -> None:
    async def story(rig: Rig) -> None:
        await rig.get()
        held = rig.held()
        rig.broker.refusal = refusal
        rig.move(15, 17)
        with pytest.raises(type(refusal), match=f"^{refusal}$"):
            await rig.get()
        entry = rig.daily.whole.held("AAPL")
        assert entry is not None and entry.value is held and not entry.fresh(rig.clock.now())
        rig.broker.refusal = None
        rig.broker.asked.clear()
        assert (await rig.get()).dates[-1] == date(2023, 6, 15)
        assert rig.broker.asked == [2]

    tell(story, 17)


# -- bars of another source


def test_bars_of_another_source_are_served_when_they_reach_to_the_last_close() -> None:
    async def story(rig: Rig) -> None:
        assert rig.daily.keep(ALL.cut(0, 529), rig.clock.now())
        assert await rig.get() == ALL.cut(0, 529).series()
        assert rig.broker.asked == []

    tell(story, 17)


def test_bars_of_another_source_that_end_earlier_are_continued() -> None:
    async def story(rig: Rig) -> None:
        assert not rig.daily.keep(ALL.cut(0, 527), rig.clock.now())
        assert await rig.get() == ALL.cut(0, 529).series()
        assert rig.broker.asked == [3]

    tell(story, 17)


def test_a_short_history_of_another_source_is_not_built_upon() -> None:
    async def story(rig: Rig) -> None:
        assert not rig.daily.keep(ALL.cut(500, 527), rig.clock.now())
        assert len(await rig.get()) == FULL
        assert rig.broker.asked == [FULL]

    tell(story, 17)


def test_bars_that_end_months_ago_are_not_built_upon() -> None:
    async def story(rig: Rig) -> None:
        assert not rig.daily.keep(ALL.cut(0, 529 - 61), rig.clock.now())
        await rig.get()
        assert rig.broker.asked == [FULL]

    tell(story, 17)


def test_a_bar_whose_session_runs_is_left_out() -> None:
    async def story(rig: Rig) -> None:
        assert rig.daily.keep(ALL.cut(0, 529), rig.clock.now())
        assert rig.held().day(-1) == date(2023, 6, 13)

    tell(story, 15)


def test_a_bar_that_was_given_out_while_it_formed_does_not_come_back_as_whole() -> None:
    async def story(rig: Rig) -> None:
        given = await rig.get()
        rig.move(14, 17)
        told = ALL.cut(0, 529)  # what the scanner was told of at 15:00
        assert given.dates[-1] == told.day(-1)
        assert not rig.daily.keep(told, rig.clock.now())
        assert rig.held().day(-1) == date(2023, 6, 13)
        await rig.get()
        assert rig.broker.asked == [2]

    tell(story, 15)


def test_bars_that_reach_less_far_do_not_replace_those_held() -> None:
    async def story(rig: Rig) -> None:
        await rig.get()
        held = rig.held()
        assert rig.daily.keep(ALL.cut(0, 520), rig.clock.now())
        assert rig.held() is held

    tell(story, 17)


def test_nothing_at_all_is_kept_as_expired() -> None:
    async def story(rig: Rig) -> None:
        assert not rig.daily.keep(ALL.cut(0, 0), rig.clock.now())
        assert len(await rig.get()) == FULL

    tell(story, 17)


def test_expired_bars_stay_a_week_because_they_can_be_continued() -> None:
    async def story(rig: Rig) -> None:
        await rig.get()
        rig.clock.advance(datetime(2023, 6, 15, 20, tzinfo=UTC) + timedelta(days=7, seconds=-1))
        assert rig.daily.whole.sweep() == 0
        rig.clock.advance(rig.clock.now() + timedelta(seconds=1))
        assert rig.daily.whole.sweep() == 1

    tell(story, 17)
