"""Executions that the exchange corrects or takes back."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from tests.helpers.desk import INSIDE, World, in_world, opened, the
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.orders import OrderState


async def correct(world: World, ref: str, quantity: int) -> None:
    """The exchange corrects every execution of an order to this quantity."""
    for told in [e for e in world.broker.executions if e.order_ref == ref]:
        number = told.exec_id.replace(".01", ".02")
        world.desk.on_broker_event(replace(told, exec_id=number, quantity=Decimal(quantity)))
    await world.settle()


def test_an_entry_taken_back_whole_leaves_no_position(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        entry = await opened(world)
        await correct(world, entry.order_ref, 0)
        assert world.desk.positions() == ()
        assert the(world, entry).state is OrderState.CANCELLED and the(world, entry).filled == 0
        assert world.told("BUSTED")[0][0] is Severity.CRITICAL
        await world.restart()
        assert world.desk.positions() == () and world.desk.at_risk_usd() == 0

    in_world(tmp_path, INSIDE, story)


def test_an_entry_taken_back_in_part_keeps_the_rest(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        entry = await opened(world)
        await correct(world, entry.order_ref, 1)
        assert world.desk.positions()[0].quantity == 1
        assert the(world, entry).state is OrderState.FILLED and the(world, entry).filled == 1

    in_world(tmp_path, INSIDE, story)


def test_a_close_taken_back_opens_the_position_again_and_watches_it(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        entry = await opened(world)
        position = world.desk.positions()[0].position_id
        await world.desk.close_position(position)
        await world.settle()
        assert world.desk.positions() == ()
        closing = world.desk.intents()[-1]
        await correct(world, closing.order_ref, 0)
        (again,) = world.desk.positions()
        assert again.position_id == position and again.quantity == entry.quantity
        assert again.exit_reason is None and world.broker.watched["AAPL"] == 1

    in_world(tmp_path, INSIDE, story)


def test_a_late_correction_of_the_price_changes_the_debit_only(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        entry = await opened(world)
        told = next(e for e in world.broker.executions if e.is_combo)
        fixed = replace(told, exec_id=told.exec_id.replace(".01", ".02"), price=Decimal("2.70"))
        world.desk.on_broker_event(fixed)
        await world.settle()
        assert world.desk.positions()[0].average_debit == Decimal("2.70")
        assert the(world, entry).filled == 2 and not world.told("BUSTED")

    in_world(tmp_path, INSIDE, story)
