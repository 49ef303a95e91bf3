"""R8: the machine's clock steps, or the machine sleeps: nothing is sent late, nothing twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.helpers import desk as helpers
from tests.helpers.desk import World, approve, eastern, in_world, opened, the
from vst_desktop.domain.orders import OrderState
from vst_desktop.runtime.clock import HeldClock

QUEUED_AT = "2023-11-07 14:40"


class SteppingClock(HeldClock):
    """One that can be set, as by the user, by NTP, or by a night's sleep."""

    def step(self, to: datetime) -> None:
        """It shows ``to`` at once; timers that are due then fire at that moment, not at theirs."""
        self._now = to
        self.advance(to)


@pytest.fixture(autouse=True)
def stepping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helpers, "HeldClock", SteppingClock)


async def step(world: World, to: datetime) -> None:
    assert isinstance(world.clock, SteppingClock)
    world.clock.step(to)
    await world.settle()


@pytest.mark.parametrize("hours", [8, 17, 72])
def test_an_approval_that_slept_through_its_window_is_not_sent_on_waking(
    tmp_path: Path, hours: int
) -> None:
    async def story(world: World) -> None:
        intent = await approve(world)
        await world.settle()
        assert the(world, intent).state is OrderState.QUEUED
        await step(world, world.clock.now() + timedelta(hours=hours))
        assert not world.broker.placed
        await world.until(world.clock.now() + timedelta(minutes=2))
        assert not world.broker.placed

    in_world(tmp_path, QUEUED_AT, story)


def test_a_clock_set_back_an_hour_after_the_order_sends_no_second_one(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await approve(world)
        await world.until(eastern("2023-11-07 14:46"))
        assert the(world, intent).state is OrderState.FILLED
        await step(world, eastern("2023-11-07 13:46"))
        await world.until(eastern("2023-11-07 15:30"))
        assert len(world.broker.placed) == 1
        assert world.desk.trades_today() == 1

    in_world(tmp_path, QUEUED_AT, story)


def test_a_clock_set_back_before_the_window_lets_the_approval_wait_for_it(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await approve(world)
        await step(world, eastern("2023-11-07 13:40"))
        await world.until(eastern("2023-11-07 14:44"))
        assert not world.broker.placed
        await world.until(eastern("2023-11-07 14:46"))
        assert the(world, intent).state is OrderState.FILLED
        assert len(world.broker.placed) == 1

    in_world(tmp_path, QUEUED_AT, story)


def test_a_clock_set_on_into_the_window_sends_the_approval_once(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await approve(world)
        await step(world, eastern("2023-11-07 15:30"))
        await world.until(eastern("2023-11-07 15:50"))
        assert the(world, intent).state is OrderState.FILLED
        assert len(world.broker.placed) == 1

    in_world(tmp_path, QUEUED_AT, story)


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_stop_is_met_once_whatever_the_clock_does(tmp_path: Path, hours: int) -> None:
    async def story(world: World) -> None:
        await opened(world)
        await step(world, world.clock.now() + timedelta(hours=hours))
        await step(world, eastern("2023-11-07 15:32"))
        world.broker.stock_moves("AAPL", 90.0)
        await world.until(eastern("2023-11-07 15:35"))
        assert world.desk.positions() == ()
        assert len(world.broker.placed) == 2

    in_world(tmp_path, helpers.INSIDE, story)
