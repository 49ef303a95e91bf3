"""Executions in every order and number."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.desk import (
    INSIDE,
    World,
    approve,
    eastern,
    in_world,
    opened,
    the,
)
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.orders import (
    BrokerStatus,
    Execution,
    OrderState,
    Side,
)
from vst_desktop.ports.broker import ConnectionState


@settings(max_examples=20)
@given(data=st.data())
def test_executions_in_any_order_and_number_end_in_the_same_position(data: st.DataObject) -> None:
    parts = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    total = sum(parts)

    async def story(world: World) -> None:
        world.broker.behaviour.fill = "none"
        intent = await approve(world, contracts=total)
        assert intent.quantity <= total
        await world.settle()
        executions = []
        left = intent.quantity
        for number, part in enumerate(parts):
            part = min(part, left)
            left -= part
            if not part:
                break
            for index, con_id in enumerate((0, intent.spread.long.con_id, 7)):
                executions.append(
                    Execution(
                        exec_id=f"{number}.{index}.01",
                        order_ref=intent.order_ref,
                        order_id=1,
                        perm_id=900_001,
                        account="DU1",
                        symbol="AAPL",
                        con_id=intent.spread.short.con_id if con_id == 7 else con_id,
                        is_combo=index == 0,
                        side=Side.BUY,
                        quantity=Decimal(part),
                        price=Decimal(("2.68", "7.68", "5")[index]),
                        time=world.clock.now(),
                    )
                )
        again = data.draw(st.lists(st.sampled_from(executions), max_size=5))
        for execution in data.draw(st.permutations(executions + again)):
            world.desk.on_broker_event(execution)
            if data.draw(st.booleans()):
                await world.settle()
        await world.settle()
        (position,) = world.desk.positions()
        assert position.quantity == the(world, intent).filled == intent.quantity
        assert position.average_debit == Decimal("2.68")
        assert the(world, intent).state is OrderState.FILLED
        if data.draw(st.booleans()):
            await world.restart()
            assert world.desk.positions() == (position,)

    with TemporaryDirectory() as folder:
        in_world(Path(folder), INSIDE, story)


def test_a_correction_replaces_what_it_corrects(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        first = world.broker.executions[0]
        corrected = replace(first, exec_id=first.exec_id[:-2] + "02", price=Decimal("2.66"))
        world.desk.on_broker_event(corrected)
        world.desk.on_broker_event(first)
        await world.settle()
        assert world.desk.positions()[0].average_debit == Decimal("2.66")
        assert world.desk.positions()[0].quantity == 2

    in_world(tmp_path, INSIDE, story)


def test_a_filled_status_without_executions_makes_the_position(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.fill = "none"
        intent = await approve(world)
        await world.settle()
        order = world.broker.orders[1]
        world.broker.orders[1] = replace(
            order,
            status=BrokerStatus.FILLED,
            filled=order.quantity,
            average_fill_price=Decimal("2.68"),
        )
        world.desk.on_broker_event(world.broker.orders[1])
        await world.until(eastern(INSIDE) + timedelta(seconds=2))
        assert the(world, intent).state is OrderState.FILLED
        assert world.desk.positions()[0].average_debit == Decimal("2.68")

    in_world(tmp_path, INSIDE, story)


def test_unequal_legs_are_broken_and_nothing_is_sent(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        extra = replace(world.broker.executions[1], exec_id="9.9.01", quantity=Decimal(1))
        world.desk.on_broker_event(extra)
        await world.until(eastern(INSIDE) + timedelta(seconds=31))
        assert world.told("BROKEN")[0][0] is Severity.CRITICAL
        assert len(world.broker.placed) == 1

    in_world(tmp_path, INSIDE, story)


def test_positions_without_the_broker_are_called_unprotected(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        world.broker.connection(ConnectionState.UPSTREAM_LOST)
        await world.until(eastern(INSIDE) + timedelta(seconds=59))
        assert not world.told("UNPROTECTED") and world.desk.unprotected() == 1
        await world.until(eastern(INSIDE) + timedelta(seconds=361))
        assert [a[0] for a in world.told("UNPROTECTED")] == [Severity.CRITICAL] * 2
        world.broker.connection(ConnectionState.READY)
        await world.settle()
        assert world.desk.unprotected() == 0

    in_world(tmp_path, INSIDE, story)


def test_an_unknown_order_that_works_gets_its_time_limit(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.answer = "silent"
        world.broker.behaviour.fill = "none"
        intent = await approve(world)
        await world.settle()
        assert the(world, intent).state is OrderState.UNKNOWN
        world.broker.acknowledge(1)
        await world.settle()
        assert the(world, intent).state is OrderState.WORKING
        await world.until(eastern(INSIDE) + timedelta(seconds=31))
        assert the(world, intent).state is OrderState.CANCELLED

    in_world(tmp_path, INSIDE, story)


def test_a_working_entry_keeps_its_time_limit_over_a_restart(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.fill = "none"
        intent = await approve(world)
        await world.settle()
        await world.restart()
        assert the(world, intent).state is OrderState.WORKING
        await world.until(eastern(INSIDE) + timedelta(seconds=31))
        assert the(world, intent).state is OrderState.CANCELLED

    in_world(tmp_path, INSIDE, story)


def test_an_order_of_ours_that_nobody_journalled_is_an_orphan(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.fill = "none"
        await approve(world)
        await world.settle()
        world.broker.foreign_orders.append(
            replace(world.broker.orders[1], order_ref="VST-9", order_id=9, symbol="IBM")
        )
        await world.restart()
        assert world.told("ORPHAN order VST-9")[0][0] is Severity.CRITICAL

    in_world(tmp_path, INSIDE, story)
