"""The trader changes the exits of a position: durable first, in force then, a restart or not."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.desk import INSIDE, World, approve, eastern, in_world, opened
from vst_desktop.adapters.sqlite.reading import read_events
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.exit_edits import ExitEdit
from vst_desktop.domain.spreads import ExitPlan
from vst_desktop.execution.story import story as told_of
from vst_desktop.ports.store import PositionRecord


def held(world: World) -> PositionRecord:
    return world.desk.positions()[0]


def edit_of(plan: ExitPlan, **changes: Any) -> ExitEdit:
    wanted = ExitEdit(stop=plan.stop, target=plan.target, exit_by=plan.exit_by)
    return replace(wanted, **changes)


async def edit(world: World, **changes: Any) -> None:
    position = held(world)
    await world.desk.plans.edit(position.position_id, edit_of(position.plan, **changes))


async def pass_secs(world: World, secs: float) -> None:
    await world.until(world.clock.now() + timedelta(seconds=secs))


async def stays_at(world: World, price: float) -> None:
    """The underlying is there, twice, more than ten seconds apart."""
    world.broker.stock_moves("AAPL", price)
    await pass_secs(world, 11)


def test_a_nearer_stop_closes_where_the_old_one_did_not(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        assert held(world).plan.stop == pytest.approx(100.0)
        await edit(world, stop=102.0)
        await stays_at(world, 101.5)
        (closed,) = world.desk.positions(open_only=False)
        assert closed.exit_reason == "STOP"

    in_world(tmp_path, INSIDE, story)


def test_a_wider_stop_holds_where_the_old_one_closed(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        await edit(world, stop=98.0)
        await stays_at(world, 99.5)
        assert len(world.desk.positions()) == 1

    in_world(tmp_path, INSIDE, story)


def test_the_traders_target_is_the_reason_of_its_exit(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        await edit(world, target=106.0)
        await stays_at(world, 106.5)
        (closed,) = world.desk.positions(open_only=False)
        assert closed.exit_reason == "TARGET_OWN"

    in_world(tmp_path, INSIDE, story)


def test_without_a_target_no_height_closes_it(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        await edit(world, target=None)
        await stays_at(world, 140.0)
        assert len(world.desk.positions()) == 1

    in_world(tmp_path, INSIDE, story)


def test_an_earlier_day_closes_then(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        await edit(world, exit_by=date(2023, 11, 9))
        await world.until(eastern("2023-11-09 09:59:59"))
        assert len(world.desk.positions()) == 1
        await world.until(eastern("2023-11-09 10:00"))
        (closed,) = world.desk.positions(open_only=False)
        assert closed.exit_reason == "TIME"

    in_world(tmp_path, INSIDE, story)


def test_a_later_day_holds_past_the_old_one(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        was = held(world).plan.exit_by
        await edit(world, exit_by=was + timedelta(days=3))
        await world.until(eastern(f"{was} 12:00"))
        assert len(world.desk.positions()) == 1
        await world.until(eastern(f"{was + timedelta(days=3)} 10:00"))
        assert world.desk.positions() == ()

    in_world(tmp_path, INSIDE, story)


def test_edited_exits_survive_a_restart_and_are_in_force(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        await edit(world, stop=102.0, target=None, exit_by=date(2023, 11, 21))
        edited = held(world).plan
        await world.restart()
        assert held(world).plan == edited
        await stays_at(world, 101.5)
        (closed,) = world.desk.positions(open_only=False)
        assert closed.exit_reason == "STOP"

    in_world(tmp_path, INSIDE, story)


def test_an_edit_that_is_not_durable_is_not_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(world: World) -> None:
        await opened(world)
        before = held(world)

        async def full(*_: Any, **__: Any) -> None:
            raise UserError("the disk is full")

        with monkeypatch.context() as broken:
            broken.setattr(world.journal, "save_position", full)
            with pytest.raises(UserError, match="disk is full"):
                await edit(world, stop=102.0)
        assert held(world) == before
        await stays_at(world, 101.5)
        assert len(world.desk.positions()) == 1

    in_world(tmp_path, INSIDE, story)


def test_it_is_not_in_force_before_it_is_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(world: World) -> None:
        await opened(world)
        before, gate, save = held(world), asyncio.Event(), world.journal.save_position

        async def slow(*args: Any, **data: Any) -> None:
            await gate.wait()
            await save(*args, **data)

        monkeypatch.setattr(world.journal, "save_position", slow)
        under_way = asyncio.create_task(edit(world, stop=102.0))
        for _ in range(20):
            await asyncio.sleep(0)
        assert held(world).plan == before.plan
        gate.set()
        await under_way
        assert held(world).plan.stop == 102.0

    in_world(tmp_path, INSIDE, story)


def test_a_fill_during_the_commit_is_kept_with_the_new_exits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.fill = 1
        intent = await approve(world)
        await world.settle()
        assert held(world).quantity == 1
        save, order = world.journal.save_position, world.broker.orders
        (order_id,) = order

        async def meanwhile(position: PositionRecord, event: str, **data: Any) -> None:
            monkeypatch.setattr(world.journal, "save_position", save)
            await save(position, event, **data)
            world.broker.fill(order_id, 1)
            async with asyncio.timeout(5):
                while held(world).quantity < 2:  # noqa: ASYNC110 - the book tells nobody
                    await asyncio.sleep(0.001)

        monkeypatch.setattr(world.journal, "save_position", meanwhile)
        position = held(world)
        await world.desk.plans.edit(position.position_id, edit_of(position.plan, stop=102.0))
        await world.settle()
        assert (held(world).quantity, held(world).plan.stop) == (2, 102.0)
        (stored,) = await world.journal.positions()
        assert (stored.quantity, stored.plan.stop) == (2, 102.0)
        assert intent.intent_id == stored.position_id

    in_world(tmp_path, INSIDE, story)


def test_the_journal_tells_who_changed_what(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        position = held(world)
        await edit(world, stop=102.0, target=None, exit_by=date(2023, 11, 21))
        events = read_events(world.path / "journal.db")
        words = [line.text for line in told_of(events, position.position_id)]
        assert (
            "trader changed its exits: stop 100.00 to 102.00, target 110.00 to none, "
            f"out by {position.plan.exit_by} to 2023-11-21"
        ) in words
        ((_, message, _),) = world.told("EXITS EDITED")
        assert message == f"Trade EXITS EDITED: AAPL LONG x{position.quantity}"

    in_world(tmp_path, INSIDE, story)


def test_the_same_exits_again_are_refused(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        with pytest.raises(UserError, match="nothing of the exits was changed"):
            await edit(world)

    in_world(tmp_path, INSIDE, story)


def test_a_position_that_is_gone_frozen_or_being_closed_is_not_edited(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        with pytest.raises(UserError, match="no open position"):
            await world.desk.plans.edit("nobody", ExitEdit(stop=1, target=None, exit_by=date.max))
        await opened(world)
        world.broker.behaviour.fill = "none"
        await world.desk.close_position(held(world).position_id)
        await world.settle()
        with pytest.raises(UserError, match="being closed already"):
            await edit(world, stop=102.0)

    in_world(tmp_path, INSIDE, story)


LEVELS = st.floats(90, 118, allow_nan=False).map(lambda level: round(level, 2))
ACTIONS = st.lists(
    st.tuples(st.just("edit"), LEVELS, st.none() | LEVELS, st.integers(-5, 60))
    | st.tuples(st.just("restart"))
    | st.tuples(st.just("price"), LEVELS),
    max_size=6,
)


@settings(max_examples=20, deadline=None)
@given(actions=ACTIONS)
def test_memory_and_journal_never_differ_and_no_edit_closes_by_itself(
    actions: list[tuple[Any, ...]],
) -> None:
    async def story(world: World) -> None:
        await opened(world)
        position_id = held(world).position_id
        for action in actions:
            sent = len(world.broker.placed)
            match action:
                case ("edit", stop, target, days):
                    day = date(2023, 11, 7) + timedelta(days=days)
                    wanted = ExitEdit(stop=stop, target=target, exit_by=day)
                    before = world.desk.positions(open_only=False)
                    try:
                        await world.desk.plans.edit(position_id, wanted)
                    except UserError:
                        assert world.desk.positions(open_only=False) == before
                    await world.settle()
                    assert len(world.broker.placed) == sent, "an edit sends nothing"
                case ("restart",):
                    await world.restart()
                case ("price", level):
                    await stays_at(world, level)
            stored = await world.journal.positions(open_only=False)
            assert list(world.desk.positions(open_only=False)) == list(stored)

    with tempfile.TemporaryDirectory() as folder:
        in_world(Path(folder), "2023-11-07 15:00", story)
