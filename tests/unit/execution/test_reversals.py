"""A spread that was sold twice is told, with what to buy back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tests.helpers.desk import INSIDE, World, eastern, in_world, opened
from tests.helpers.trades import bull_call
from vst_desktop.domain.alerts import Severity

TWICE = "Trade ERROR: AAPL was closed twice"


async def closed(world: World) -> None:
    """A position of two, opened and closed by the station."""
    await opened(world)
    (position,) = world.desk.positions()
    await world.desk.close_position(position.position_id)
    await world.settle()
    assert world.desk.positions() == ()


async def sold_by_hand(world: World, quantity: int) -> None:
    """A hand in TWS sells so many; the station compares books."""
    spread = bull_call()
    world.broker.hold(spread.long, "DU1", -quantity)
    world.broker.hold(spread.short, "DU1", quantity)
    await compared(world)


async def compared(world: World) -> None:
    """The broker tells of a position, and the station compares books."""
    world.desk.on_broker_event(world.broker.held[bull_call().long.con_id])
    await world.until(world.clock.now() + timedelta(seconds=30))


def test_a_spread_sold_twice_is_told_once_with_what_to_buy_back(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await closed(world)
        assert not world.told("closed twice")
        await sold_by_hand(world, 2)
        await sold_by_hand(world, 0)
        ((severity, message, details),) = world.told("closed twice")
        assert (severity, message) == (Severity.CRITICAL, TWICE)
        assert "buy the spread back 2 times in TWS" in details
        await sold_by_hand(world, 1)
        assert "buy the spread back 3 times" in world.told("closed twice")[1][2]

    in_world(tmp_path, INSIDE, story)


def test_one_leg_alone_is_no_spread_sold_twice(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await closed(world)
        world.broker.hold(bull_call().long, "DU1", -2)
        await compared(world)
        assert not world.told("closed twice")

    in_world(tmp_path, INSIDE, story)


def test_what_was_closed_on_another_day_is_the_traders_own(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await closed(world)
        await world.until(eastern(INSIDE) + timedelta(days=1))
        await sold_by_hand(world, 2)
        assert not world.told("closed twice")

    in_world(tmp_path, INSIDE, story)


def test_a_spread_that_is_held_again_is_judged_by_its_position(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await closed(world)
        await opened(world)
        await sold_by_hand(world, 4)
        assert not world.told("closed twice")

    in_world(tmp_path, INSIDE, story)
