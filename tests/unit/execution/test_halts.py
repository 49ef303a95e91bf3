"""Halted underlyings, data that are not live, and what the trader is told of them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tests.helpers.desk import BEFORE, INSIDE, OPENS, World, approve, eastern, in_world, opened, the
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.orders import OrderState
from vst_desktop.domain.quotes import DataType
from vst_desktop.ports.broker import ConnectionState


def test_an_entry_waits_until_five_minutes_after_the_halt(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await approve(world)
        world.broker.halted.add("AAPL")
        await world.until(OPENS + timedelta(minutes=10))
        assert the(world, intent).state is OrderState.QUEUED
        assert len(world.told("Trade WAITS")) == 1
        world.broker.halted.clear()
        await world.until(OPENS + timedelta(minutes=14, seconds=30))
        assert the(world, intent).state is OrderState.QUEUED and world.broker.placed == []
        await world.until(OPENS + timedelta(minutes=15, seconds=30))
        assert the(world, intent).state is OrderState.FILLED

    in_world(tmp_path, BEFORE, story)


def test_an_approval_in_the_window_waits_too_and_expires_with_it(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.halted.add("AAPL")
        intent = await approve(world)
        await world.until(eastern("2023-11-07 16:30"))
        assert the(world, intent).state is OrderState.EXPIRED and world.broker.placed == []

    in_world(tmp_path, INSIDE, story)


def test_a_halted_order_does_not_hold_up_the_others(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await approve(world, "AAPL")
        other = await approve(world, "MSFT")
        world.broker.halted.add("AAPL")
        await world.until(OPENS + timedelta(seconds=5))
        assert the(world, other).state is OrderState.FILLED

    in_world(tmp_path, BEFORE, story)


def test_exits_wait_out_a_halt_and_the_trader_is_told(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        world.broker.halted.add("AAPL")
        world.broker.stock_moves("AAPL", 90.0)
        await world.until(world.clock.now() + timedelta(seconds=60))
        assert len(world.desk.positions()) == 1
        assert [a[0] for a in world.told("is HALTED")] == [Severity.CRITICAL]
        world.broker.halted.clear()
        world.broker.stock_moves("AAPL", 90.0)
        await world.until(world.clock.now() + timedelta(seconds=10))
        assert world.desk.positions() == () and world.told("trades again")

    in_world(tmp_path, INSIDE, story)


def test_the_time_exit_waits_out_a_halt(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        world.broker.halted.add("AAPL")
        world.broker.stock_moves("AAPL", 104.0)
        await world.until(eastern("2023-12-01 10:05"))
        assert len(world.desk.positions()) == 1 and len(world.broker.placed) == 1
        world.broker.halted.clear()
        world.broker.stock_moves("AAPL", 104.0)
        await world.until(eastern("2023-12-01 10:06:30"))
        assert world.desk.positions(open_only=False)[0].exit_reason == "TIME"

    in_world(tmp_path, INSIDE, story)


def unprotected(world: World) -> list[str]:
    return [details for _, message, details in world.alerts if "UNPROTECTED" in message]


def test_data_that_are_not_live_leave_a_position_unprotected(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        world.broker.data_type = DataType.DELAYED
        world.broker.stock_moves("AAPL", 104.0)
        assert world.desk.unprotected() == 1
        await world.until(world.clock.now() + timedelta(seconds=60))
        assert unprotected(world) == ["AAPL: the data of AAPL are not live"]
        world.broker.data_type = DataType.LIVE
        world.broker.stock_moves("AAPL", 104.0)
        await world.until(world.clock.now() + timedelta(seconds=600))
        assert world.desk.unprotected() == 0 and len(unprotected(world)) == 1

    in_world(tmp_path, "2023-11-07 14:50", story)


def test_a_read_only_broker_and_an_unknown_exit_leave_it_unprotected(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        world.broker.behaviour.answer = "silent"
        world.broker.behaviour.fill = "none"
        await world.desk.close_position(world.desk.positions()[0].position_id)
        await world.settle()
        assert world.desk.unprotected() == 1
        world.broker.connection(ConnectionState.READ_ONLY)
        await world.until(world.clock.now() + timedelta(seconds=60))
        assert unprotected(world)[0] == "AAPL: the broker's program is read-only"

    in_world(tmp_path, "2023-11-07 14:50", story)
