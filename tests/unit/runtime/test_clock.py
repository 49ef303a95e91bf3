"""Clocks: order of timers, past moments, work in flight, and what a held clock never does."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from vst_desktop.runtime.clock import HeldClock, RunningClock

START = datetime(2024, 1, 5, 19, 43, tzinfo=UTC)


@settings(max_examples=50)
@given(st.lists(st.integers(1, 1000), min_size=1, max_size=30), st.integers(0, 1000))
def test_held_clock_fires_due_timers_in_time_order_and_no_other(
    offsets: list[int], until: int
) -> None:
    clock = HeldClock(START)
    fired: list[tuple[int, datetime]] = []
    for offset in offsets:
        clock.call_at(
            START + timedelta(seconds=offset),
            lambda offset=offset: fired.append((offset, clock.now())),  # type: ignore[misc]
            name="t",
        )
    clock.advance(START + timedelta(seconds=until))
    assert [o for o, _ in fired] == sorted(o for o in offsets if o <= until)
    assert all(now == START + timedelta(seconds=o) for o, now in fired)


def test_held_clock_stands_still_and_never_goes_back() -> None:
    clock = HeldClock(START)
    clock.advance(START + timedelta(minutes=5))
    clock.advance(START)
    assert clock.now() == START + timedelta(minutes=5)


def test_cancelled_timer_is_not_called() -> None:
    clock = HeldClock(START)
    fired: list[int] = []
    clock.call_at(START + timedelta(seconds=1), lambda: fired.append(1), name="t").cancel()
    clock.advance(START + timedelta(seconds=2))
    assert fired == []
    assert clock.next_timer() is None


def test_timer_set_by_a_timer_fires_in_the_same_advance() -> None:
    clock = HeldClock(START)
    seen: list[datetime] = []

    def first() -> None:
        clock.call_at(
            clock.now() + timedelta(seconds=1), lambda: seen.append(clock.now()), name="b"
        )

    clock.call_at(START + timedelta(seconds=1), first, name="a")
    clock.advance(START + timedelta(seconds=5))
    assert seen == [START + timedelta(seconds=2)]


def test_idle_waits_for_the_last_work_to_end() -> None:
    async def run() -> list[str]:
        clock, log = HeldClock(START), list[str]()

        async def job() -> None:
            with clock.work("job"):
                await asyncio.sleep(0)
                with clock.work("inner"):
                    await asyncio.sleep(0)
                log.append("worked")

        task = asyncio.create_task(job())
        await asyncio.sleep(0)
        assert clock.in_flight == ("job",)
        await clock.idle()
        log.append("idle")
        await task
        return log

    assert asyncio.run(run()) == ["worked", "idle"]


def test_past_moment_is_called_soon_on_both_clocks() -> None:
    async def run() -> int:
        count = 0

        def call() -> None:
            nonlocal count
            count += 1

        for clock in (HeldClock(START), RunningClock(START)):
            clock.call_at(START - timedelta(seconds=1), call, name="t")
        for _ in range(3):
            await asyncio.sleep(0)
        return count

    assert asyncio.run(run()) == 2


def test_running_clock_runs_at_its_speed() -> None:
    async def run() -> float:
        clock = RunningClock(START, speed=1000.0)
        mono = clock.monotonic()
        await clock.sleep_until(START + timedelta(seconds=10))
        return clock.monotonic() - mono

    assert 0.01 <= asyncio.run(run()) < 5
