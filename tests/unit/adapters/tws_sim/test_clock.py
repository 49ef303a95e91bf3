"""The simulator's clock: held it moves when told, running it follows real seconds."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vst_desktop.adapters.tws_sim.clock import SimClock

START = datetime(2024, 1, 17, 19, 43, tzinfo=UTC)


def after(secs: float) -> datetime:
    return START + timedelta(seconds=secs)


@given(st.lists(st.integers(1, 500), max_size=20), st.integers(0, 600))
def test_held_clock_calls_what_is_due_in_order_at_its_own_moment(
    offsets: list[int], until: int
) -> None:
    async def run() -> None:
        clock, seen = SimClock(START, 0), list[datetime]()
        for offset in offsets:
            clock.call_at(after(offset), lambda: seen.append(clock.now()))
        clock.advance(after(until))
        assert seen == [after(o) for o in sorted(offsets) if o <= until]
        assert clock.now() == after(until)

    asyncio.run(run())


def test_held_clock_does_not_go_back_and_a_running_one_is_not_advanced() -> None:
    clock = SimClock(START, 0)
    with pytest.raises(ValueError, match="lies before"):
        clock.advance(after(-1))
    with pytest.raises(ValueError, match="running clock"):
        SimClock(START, 1).advance(after(1))


def test_running_clock_follows_the_monotonic_source_and_changes_speed_without_a_jump() -> None:
    real = [100.0]
    clock = SimClock(START, 2.0, monotonic=lambda: real[0])
    real[0] = 110.0
    assert clock.now() == after(20)
    asyncio.run(_set_speed(clock, 10.0))
    real[0] = 111.0
    assert clock.now() == after(30)


async def _set_speed(clock: SimClock, speed: float) -> None:
    clock.set_speed(speed)


def test_moment_in_the_past_is_called_soon_on_a_held_clock() -> None:
    async def run() -> None:
        clock, called = SimClock(START, 0), asyncio.Event()
        clock.call_at(after(-5), called.set)
        async with asyncio.timeout(5):
            await called.wait()

    asyncio.run(run())


def test_cancelled_call_is_no_next_timer() -> None:
    async def run() -> None:
        clock = SimClock(START, 0)
        clock.call_at(after(5), lambda: None).cancel()
        clock.call_at(after(9), lambda: None)
        assert clock.next_timer() == after(9)

    asyncio.run(run())
