"""Kill switch, restart, reconnect."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.helpers.desk import (
    BEFORE,
    INSIDE,
    OPENS,
    World,
    approve,
    eastern,
    in_world,
    opened,
    the,
)
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.orders import (
    OrderState,
)
from vst_desktop.execution.switches import EntryDeniedError
from vst_desktop.ports.broker import ConnectionState
from vst_desktop.risk.limits import DenialCode


def test_the_kill_switch_voids_the_queue_and_survives_a_restart(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await approve(world)
        await world.desk.kill("panic")
        assert the(world, intent).state is OrderState.CANCELLED
        await world.restart()
        with pytest.raises(EntryDeniedError) as denied:
            await approve(world)
        assert denied.value.denial.code is DenialCode.KILLED
        await world.desk.clear_kill("all is well")
        await approve(world)

    in_world(tmp_path, BEFORE, story)


def test_the_kill_switch_cancels_working_entries_only(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world, "MSFT")
        world.broker.behaviour.fill = "none"
        entry = await approve(world, "AAPL")
        await world.settle()
        await world.desk.close_position(world.desk.positions()[0].position_id)
        await world.desk.kill("panic")
        await world.settle()
        assert the(world, entry).state is OrderState.CANCELLED
        assert world.broker.cancelled == [2]
        assert world.desk.intents()[-1].state is OrderState.WORKING

    in_world(tmp_path, INSIDE, story)


def test_after_a_restart_waiting_approvals_are_held_until_released(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await approve(world)
        await world.restart()
        assert the(world, intent).state is OrderState.HELD
        await world.until(OPENS)
        assert world.broker.placed == []
        await world.desk.release(intent.intent_id)
        await world.settle()
        assert the(world, intent).state is OrderState.FILLED

    in_world(tmp_path, BEFORE, story)


def test_two_minutes_without_the_broker_hold_the_queue(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await approve(world)
        world.broker.connection(ConnectionState.DISCONNECTED)
        await world.until(eastern(BEFORE) + timedelta(seconds=119))
        assert the(world, intent).state is OrderState.QUEUED
        await world.until(eastern(BEFORE) + timedelta(seconds=121))
        assert the(world, intent).state is OrderState.HELD

    in_world(tmp_path, BEFORE, story)


def test_a_short_break_holds_nothing(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await approve(world)
        world.broker.connection(ConnectionState.DISCONNECTED)
        await world.until(eastern(BEFORE) + timedelta(seconds=60))
        world.broker.connection(ConnectionState.READY)
        await world.until(OPENS)
        assert the(world, intent).state is OrderState.FILLED

    in_world(tmp_path, BEFORE, story)


def test_a_fill_while_the_station_was_away_is_adopted(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.fill = "none"
        intent = await approve(world)
        await world.settle()
        await world.desk.stop()
        world.broker.fill(1, 2)
        world.make_desk()
        await world.desk.start()
        await world.settle()
        assert the(world, intent).state is OrderState.FILLED
        assert world.desk.positions()[0].quantity == 2
        assert len(world.broker.placed) == 1

    in_world(tmp_path, INSIDE, story)


def test_an_order_nobody_knows_is_unknown_after_the_settle_time(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.fill = "none"
        intent = await approve(world)
        await world.settle()
        world.broker.orders.clear()
        await world.restart()
        assert not world.desk.reconciled
        await world.until(eastern(INSIDE) + timedelta(seconds=11))
        assert the(world, intent).state is OrderState.UNKNOWN
        assert world.desk.reconciled and len(world.broker.placed) == 1

    in_world(tmp_path, INSIDE, story)


def test_what_filled_survives_a_restart_unchanged(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await opened(world)
        before = world.desk.positions(), the(world, intent)
        await world.restart()
        assert (world.desk.positions(), the(world, intent)) == before

    in_world(tmp_path, INSIDE, story)


@pytest.mark.parametrize(("left", "in_the_book"), [(0, 0), (1, 2)])
def test_what_somebody_else_closes_is_told_soon_and_once(
    tmp_path: Path, left: int, in_the_book: int
) -> None:
    async def story(world: World) -> None:
        intent = await opened(world)
        for con_id, sign in ((intent.spread.long.con_id, 1), (intent.spread.short.con_id, -1)):
            held = world.broker.held[con_id]
            world.broker.held[con_id] = replace(held, quantity=Decimal(sign * left))
            world.desk.on_broker_event(world.broker.held[con_id])
        assert world.told("CHANGED OUTSIDE") == []
        await world.until(world.clock.now() + timedelta(seconds=15))
        (alert,) = world.told("CHANGED OUTSIDE")
        assert alert[0] is Severity.CRITICAL
        assert f"broker long leg {left}, short leg {left}" in alert[2]
        assert sum(p.quantity for p in world.desk.positions()) == in_the_book
        await world.until(world.clock.now() + timedelta(minutes=20))
        assert len(world.told("CHANGED OUTSIDE")) == 1
        assert len(world.broker.placed) == 1

    in_world(tmp_path, INSIDE, story)
