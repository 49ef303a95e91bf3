"""Kill switch and FLATTEN: all at once, whatever else is under way."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.desk import BEFORE, INSIDE, World, approve, in_world, opened, states, the
from tests.helpers.trades import EXECUTION, RISK, bull_call
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import BrokerStatus, Mode, OrderState, Purpose

MANY = replace(RISK, max_positions=100, max_daily_trades=100, max_total_risk=1.0)
# Of this process: what else the machine does is not the kill switch's.
KILL_WITHIN_SECS = 0.25


def refuse(*_: Any, **__: Any) -> Any:
    raise UserError("the journal could not be written: disk I/O error")


def test_forty_working_entries_are_being_cancelled_within_a_quarter_second(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.fill = "none"
        for number in range(40):
            symbol = f"S{number}"
            world.quote(bull_call(symbol), "2.68", "2.60")
            await approve(world, symbol, contracts=1)
        await world.settle()
        began = time.process_time()
        await world.desk.kill("panic")
        assert time.process_time() - began < KILL_WITHIN_SECS
        assert sorted(world.broker.cancelled) == list(range(1, 41))
        await world.settle()
        assert set(states(world)) == {OrderState.CANCELLED}

    in_world(tmp_path, INSIDE, story, nlv="10000000", risk=MANY)


def test_forty_orders_that_wait_to_be_sent_never_go(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.answer = "queued"
        for number in range(40):
            symbol = f"S{number}"
            world.quote(bull_call(symbol), "2.68", "2.60")
            await approve(world, symbol, contracts=1)
        await world.broker.until_waiting(40)
        assert set(states(world)) == {OrderState.SENDING}
        began = time.process_time()
        await world.desk.kill("panic")
        assert world.broker.waiting == {} and time.process_time() - began < KILL_WITHIN_SECS
        await world.settle()
        assert set(states(world)) == {OrderState.CANCELLED}
        assert world.broker.orders == {} and world.broker.cancelled == []
        assert "kill switch: panic" in world.desk.intents()[0].reason

    in_world(tmp_path, INSIDE, story, nlv="10000000", risk=MANY)


def test_an_order_without_a_number_yet_is_cancelled_when_it_gets_one(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.fill = "none"
        place, there, going = world.broker.place, asyncio.Event(), asyncio.Event()

        async def slowly(ticket: Any) -> Any:
            placed = await place(ticket)
            there.set()
            await going.wait()
            return placed

        # The broker's news of the order come late, too.
        world.broker.acknowledge = lambda order_id: None  # type: ignore[method-assign]
        world.broker.place = slowly  # type: ignore[method-assign]
        intent = await approve(world)
        await there.wait()
        await world.desk.kill("panic")
        assert world.broker.cancelled == []
        going.set()
        await world.settle()
        assert world.broker.cancelled == [1]
        assert the(world, intent).state is OrderState.CANCELLED

    in_world(tmp_path, INSIDE, story)


def test_an_unknown_entry_that_turns_up_after_the_kill_is_cancelled(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.fill = "none"
        world.broker.behaviour.answer = "silent"
        intent = await approve(world)
        await world.settle()
        assert the(world, intent).state is OrderState.UNKNOWN
        await world.desk.kill("panic")
        world.broker.acknowledge(1)
        await world.settle()
        assert world.broker.cancelled == [1]
        assert the(world, intent).state is OrderState.CANCELLED

    in_world(tmp_path, INSIDE, story)


def test_the_kill_switch_works_when_the_journal_does_not(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.fill = "none"
        await approve(world)
        await world.settle()
        world.journal.set_flag = refuse  # type: ignore[method-assign]
        with pytest.raises(UserError, match="disk I/O error"):
            await world.desk.kill("panic")
        assert world.desk.killed == "panic" and world.broker.cancelled == [1]
        with pytest.raises(UserError, match="kill switch"):
            await approve(world, "MSFT")

    in_world(tmp_path, INSIDE, story)


def test_the_kill_switch_leaves_exits_alone(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        world.broker.behaviour.fill = "none"
        await world.desk.close_position(world.desk.positions()[0].position_id)
        await world.desk.kill("panic")
        await world.settle()
        assert world.broker.cancelled == []

    in_world(tmp_path, INSIDE, story)


def test_flatten_takes_back_what_waits(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await approve(world)
        await world.desk.flatten()
        assert states(world) == [OrderState.CANCELLED] and world.broker.placed == []

    in_world(tmp_path, BEFORE, story)


def test_flatten_sells_what_an_entry_fills_after_its_cancel(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.fill = "none"
        await approve(world)
        await world.settle()
        await world.desk.flatten()
        await world.settle()
        assert states(world) == [OrderState.CANCELLED]
        world.broker.behaviour.fill = "all"
        world.broker.fill(1, 1)
        await world.settle()
        assert [t.quantity for t in world.broker.placed] == [2, 1]
        assert world.desk.positions() == ()
        assert world.desk.positions(open_only=False)[0].exit_reason == "FLATTEN"

    in_world(tmp_path, INSIDE, story)


def test_flatten_leaves_a_close_under_way_and_closes_the_others(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world, "AAPL")
        await opened(world, "MSFT")
        world.broker.behaviour.fill = "none"
        await world.desk.close_position(world.desk.positions()[0].position_id)
        await world.settle()
        await world.desk.flatten()
        await world.settle()
        exits = [i for i in world.desk.intents() if i.purpose is Purpose.EXIT]
        assert [(e.spread.symbol, e.exit_reason) for e in exits] == [
            ("AAPL", "MANUAL"),
            ("MSFT", "FLATTEN"),
        ]

    in_world(tmp_path, INSIDE, story)


def test_flatten_says_what_it_could_not_close(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.desk.arm("U1")
        for symbol in ("AAPL", "MSFT"):
            world.quote(bull_call(symbol), "2.60", "2.60")
            await opened(world, symbol, mode=Mode.LIVE, account="U1", natural="2.60", close="2.60")
        world.broker.options[bull_call("AAPL").short.con_id] = (0.0, 0.0)
        with pytest.raises(UserError, match="AAPL has no valid quotes"):
            await world.desk.flatten()
        await world.settle()
        assert [p.spread.symbol for p in world.desk.positions()] == ["AAPL"]

    in_world(tmp_path, INSIDE, story, account="U1", allowed_accounts=("U1",), execution=EXECUTION)


def test_a_refused_cancel_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.fill = "none"
        first, second = await approve(world, "AAPL"), await approve(world, "MSFT")
        await world.settle()
        cancel = world.broker.cancel

        async def stubborn(order_id: int) -> None:
            if order_id == 1:
                raise UserError("10148 cannot be cancelled")
            await cancel(order_id)

        world.broker.cancel = stubborn  # type: ignore[method-assign]
        await world.desk.kill("panic")
        await world.settle()
        assert the(world, second).state is OrderState.CANCELLED
        assert world.broker.orders[1].status is BrokerStatus.SUBMITTED
        assert the(world, first).state is OrderState.WORKING
        assert world.told("could not be cancelled")

    in_world(tmp_path, INSIDE, story)
