"""Entry orders from release to fill."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

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
    states,
    the,
)
from tests.helpers.trades import EXECUTION, bull_call
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import (
    Mode,
    OrderState,
    OrderType,
)
from vst_desktop.domain.quotes import DataType
from vst_desktop.execution.switches import EntryDeniedError
from vst_desktop.ports.store import IntentRecord
from vst_desktop.risk.limits import DenialCode


def test_an_unfilled_market_order_is_cancelled_naming_the_remedy(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.fill = "none"
        intent = await approve(world)
        await world.until(eastern(INSIDE) + timedelta(seconds=29))
        assert the(world, intent).state is OrderState.WORKING
        await world.until(eastern(INSIDE) + timedelta(seconds=30))
        assert the(world, intent).state is OrderState.CANCELLED
        assert "MARKETABLE_LIMIT" in world.told("Trade FAILED")[0][2]
        assert world.desk.reserved_usd() == 0

    in_world(tmp_path, INSIDE, story)


def test_a_marketable_limit_is_at_natural(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world, mode=Mode.PAPER)
        assert world.broker.placed[0].limit_price == Decimal("2.68")

    rules = replace(EXECUTION, paper_order_type="MARKETABLE_LIMIT")
    in_world(tmp_path, INSIDE, story, execution=rules)


def test_a_partial_fill_then_the_rest_ends_in_one_position(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.fill = 1
        intent = await approve(world)
        await world.settle()
        assert the(world, intent).state is OrderState.PARTIALLY_FILLED
        assert world.desk.positions()[0].quantity == 1
        world.broker.fill(1, 1, price=Decimal("2.70"))
        await world.settle()
        assert the(world, intent).state is OrderState.FILLED
        assert world.desk.positions()[0].quantity == 2
        assert world.desk.positions()[0].average_debit == Decimal("2.69")

    in_world(tmp_path, INSIDE, story)


def test_executions_told_twice_count_once(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        for execution in reversed(world.broker.executions):
            world.desk.on_broker_event(execution)
        await world.settle()
        assert world.desk.positions()[0].quantity == 2

    in_world(tmp_path, INSIDE, story)


def test_a_fill_before_the_acknowledgement_is_kept(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.fill_before_ack = True
        intent = await opened(world)
        assert intent.order_id == 1 and intent.perm_id == 900_001

    in_world(tmp_path, INSIDE, story)


def test_a_fill_after_the_cancel_still_makes_the_position(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.fill = "none"
        intent = await approve(world)
        await world.until(eastern(INSIDE) + timedelta(seconds=30))
        assert the(world, intent).state is OrderState.CANCELLED
        world.broker.fill(1, 2)
        await world.settle()
        assert the(world, intent).state is OrderState.FILLED
        assert world.desk.positions()[0].quantity == 2

    in_world(tmp_path, INSIDE, story)


def test_a_refusal_is_rejected_with_the_brokers_words(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.answer = "reject"
        intent = await approve(world)
        await world.settle()
        assert the(world, intent).state is OrderState.REJECTED
        assert "no margin" in world.told("Trade FAILED")[0][2]

    in_world(tmp_path, INSIDE, story)


@pytest.mark.allow_log("still unknown")
def test_a_silent_broker_leaves_it_unknown_and_blocks_only_its_underlying(
    tmp_path: Path,
) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.answer = "lost"
        lost = await approve(world)
        await world.settle()
        assert the(world, lost).state is OrderState.UNKNOWN
        assert world.desk.reserved_usd() == lost.reserved_usd
        world.broker.behaviour.answer = "ack"
        with pytest.raises(EntryDeniedError, match="AAPL is taken"):
            await approve(world, spread=bull_call("AAPL", "105", "115"))
        await opened(world, "MSFT")
        await world.until(eastern(INSIDE) + timedelta(minutes=5))
        assert len([t for t in world.broker.placed if t.spread.symbol == "AAPL"]) == 1
        assert world.told("UNKNOWN")[0][0] is Severity.CRITICAL

    in_world(tmp_path, INSIDE, story)


def test_an_unacknowledged_order_that_filled_is_found_by_looking(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.answer = "silent"
        intent = await approve(world)
        await world.settle()
        world.broker.fill(1, 2)
        await world.until(eastern(INSIDE) + timedelta(seconds=11))
        assert the(world, intent).state is OrderState.FILLED
        assert len(world.broker.placed) == 1

    in_world(tmp_path, INSIDE, story)


def test_working_entries_are_cancelled_two_minutes_before_the_close(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.desk.arm("U1")
        world.broker.behaviour.fill = "none"
        intent = await approve(world, mode=Mode.LIVE, account="U1")
        await world.until(eastern("2023-11-07 15:57:59"))
        assert the(world, intent).state is OrderState.WORKING
        await world.until(eastern("2023-11-07 15:58"))
        assert the(world, intent).state is OrderState.CANCELLED

    rules = replace(EXECUTION, ladder_end="REST")
    in_world(
        tmp_path, "2023-11-07 15:50", story, account="U1", allowed_accounts=("U1",), execution=rules
    )


def test_live_is_refused_until_it_is_armed(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        with pytest.raises(EntryDeniedError) as denied:
            await approve(world, mode=Mode.LIVE, account="U1")
        assert denied.value.denial.code is DenialCode.DISARMED
        with pytest.raises(UserError, match="allow-list"):
            await world.desk.arm("U2")

    in_world(tmp_path, INSIDE, story, account="U1", allowed_accounts=("U1",))


def test_live_walks_a_limit_ladder_to_natural(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.desk.arm("U1")
        world.broker.tick = Decimal("0.01")
        world.quote(bull_call(), "2.70", "2.50")
        intent = await approve(world, mode=Mode.LIVE, account="U1", natural="2.70", close="2.50")
        await world.settle()
        assert world.broker.placed[0].order_type is OrderType.LIMIT
        assert world.broker.placed[0].limit_price == Decimal("2.58")
        await world.until(eastern(INSIDE) + timedelta(seconds=80))
        prices = [t.limit_price for _, t in world.broker.modified]
        assert prices == [Decimal(p) for p in ("2.61", "2.64", "2.67", "2.70")]
        assert the(world, intent).state is OrderState.FILLED

    in_world(tmp_path, INSIDE, story, account="U1", allowed_accounts=("U1",))


def test_live_needs_live_data(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.desk.arm("U1")
        world.broker.data_type = DataType.DELAYED
        intent = await approve(world, mode=Mode.LIVE, account="U1")
        await world.settle()
        assert the(world, intent).state is OrderState.DENIED

    in_world(tmp_path, INSIDE, story, account="U1", allowed_accounts=("U1",))


def test_nothing_is_sent_that_could_not_be_committed(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await approve(world)

        async def refuse(steps: Any) -> None:
            raise UserError("the disk is full")

        world.journal.save_steps = refuse  # type: ignore[method-assign]
        await world.until(OPENS)
        assert world.broker.placed == []
        assert the(world, intent).state is OrderState.CANCELLED
        assert world.told("disk is full")[0][0] is Severity.CRITICAL

    in_world(tmp_path, BEFORE, story)


@pytest.mark.parametrize("late", [False, True], ids=["while checked", "with its intent"])
def test_nothing_is_sent_whose_approval_could_not_be_stored(tmp_path: Path, late: bool) -> None:
    async def story(world: World) -> None:
        save, committed = world.journal.save_intent, asyncio.Event()
        steps = world.journal.save_steps

        async def refuse(intent: IntentRecord, event: str, **data: Any) -> None:
            if event != "approved":
                return await save(intent, event, **data)
            if late:
                await committed.wait()
            raise UserError("the disk is full")

        async def commit(these: Any) -> None:
            await steps(these)
            committed.set()

        world.journal.save_intent = refuse  # type: ignore[method-assign]
        world.journal.save_steps = commit  # type: ignore[method-assign, assignment]
        with pytest.raises(UserError, match="disk is full"):
            await approve(world)
        await world.settle()
        assert world.broker.placed == [] and world.desk.reserved_usd() == 0
        assert states(world) == ([OrderState.CANCELLED] if late else [])

    in_world(tmp_path, INSIDE, story)


def test_the_intent_is_committed_before_the_broker_sees_it(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        place = world.broker.place
        stored: list[OrderState] = []

        async def look(ticket: object) -> object:
            stored.extend(i.state for i in await world.journal.intents())
            return await place(ticket)  # type: ignore[arg-type]

        world.broker.place = look  # type: ignore[method-assign, assignment]
        await approve(world)
        await world.settle()
        assert stored == [OrderState.SENDING]

    in_world(tmp_path, INSIDE, story)


def test_moments_of_an_order_stand_in_their_order(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await approve(world)
        await world.until(OPENS)
        done = the(world, intent)
        moments = [
            done.approved_at,
            done.queued_at,
            done.sent_at,
            done.acknowledged_at,
            done.filled_at,
        ]
        assert all(isinstance(m, datetime) for m in moments)
        assert moments == sorted(moments)  # type: ignore[type-var]
        assert done.ack_latency_secs is not None and done.ack_latency_secs >= 0

    in_world(tmp_path, BEFORE, story)


def test_a_kill_between_commit_and_wire_stops_the_order(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        save = world.journal.save_steps

        async def kill_meanwhile(steps: Any) -> None:
            await save(steps)
            await world.desk.kill("panic")

        world.journal.save_steps = kill_meanwhile  # type: ignore[method-assign]
        intent = await approve(world)
        await world.settle()
        assert world.broker.placed == []
        assert the(world, intent).state is OrderState.CANCELLED
        assert world.desk.reserved_usd() == 0

    in_world(tmp_path, INSIDE, story)


@pytest.mark.parametrize("at", [BEFORE, INSIDE])
def test_a_kill_while_an_approval_is_stored_voids_it(tmp_path: Path, at: str) -> None:
    async def story(world: World) -> None:
        save = world.journal.save_intent

        async def kill_meanwhile(intent: IntentRecord, event: str, **data: Any) -> None:
            await save(intent, event, **data)
            if event == "approved":
                await world.desk.kill("panic")

        world.journal.save_intent = kill_meanwhile  # type: ignore[method-assign]
        intent = await approve(world)
        await world.settle()
        assert intent.state is the(world, intent).state is OrderState.CANCELLED
        assert world.broker.placed == [] and world.desk.reserved_usd() == 0

    in_world(tmp_path, at, story)
