"""Exits and their guard."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.helpers.desk import (
    INSIDE,
    World,
    approve,
    eastern,
    in_world,
    opened,
)
from tests.helpers.trades import EXITS, bull_call
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import (
    Mode,
    OrderType,
    Purpose,
    Side,
)
from vst_desktop.ports.store import IntentRecord


def last_exit(world: World) -> IntentRecord:
    return [i for i in world.desk.intents() if i.purpose is Purpose.EXIT][-1]


def test_the_plan_is_frozen_at_the_first_fill(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.stocks["AAPL"] = (104.49, 104.51)
        await opened(world)
        plan = world.desk.positions()[0].plan
        assert plan.entry == pytest.approx(104.5)
        assert plan.stop == pytest.approx(100.5) and plan.target == pytest.approx(110.5)

    in_world(tmp_path, INSIDE, story)


def test_a_stop_seen_twice_sells_the_same_legs(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        world.broker.stock_moves("AAPL", 99.9)
        await world.settle()
        assert len(world.broker.placed) == 1
        await world.until(eastern(INSIDE) + timedelta(seconds=10))
        ticket = world.broker.placed[1]
        assert ticket.side is Side.SELL and ticket.spread == bull_call()
        assert world.desk.positions() == ()
        (closed,) = world.desk.positions(open_only=False)
        assert closed.exit_reason == "STOP" and closed.closed_at is not None
        assert world.broker.watched["AAPL"] == 0

    in_world(tmp_path, "2023-11-07 15:30", story)


def test_a_spike_that_is_gone_after_ten_seconds_closes_nothing(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        world.broker.stock_moves("AAPL", 99.9)
        world.broker.stock_moves("AAPL", 104.0)
        await world.until(eastern(INSIDE) + timedelta(seconds=60))
        assert len(world.desk.positions()) == 1

    in_world(tmp_path, INSIDE, story)


def test_the_time_exit_goes_half_an_hour_after_the_open(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        await world.until(eastern("2023-12-01 09:59:59"))
        assert len(world.desk.positions()) == 1
        await world.until(eastern("2023-12-01 10:00"))
        assert world.desk.positions(open_only=False)[0].exit_reason == "TIME"

    in_world(tmp_path, INSIDE, story)


def test_the_take_profit_closes_at_its_share(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        spread = bull_call()
        world.quote(spread, "6.60", "6.50")
        for _ in range(2):
            for quote in await world.broker.option_quotes(spread):
                world.desk.on_broker_event(quote)
            await world.until(world.clock.now() + timedelta(seconds=10))
        assert world.desk.positions(open_only=False)[0].exit_reason == "TAKE_PROFIT"

    in_world(tmp_path, INSIDE, story, exits=replace(EXITS, take_profit_pct_of_max=0.5))


def test_the_exit_guard_never_sells_more_than_both_legs_hold(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        world.broker.hold(bull_call().long, "DU1", -1)
        await world.desk.close_position(world.desk.positions()[0].position_id)
        await world.settle()
        assert world.broker.placed[1].quantity == 1
        assert world.told("CHANGED OUTSIDE")[0][0] is Severity.CRITICAL

    in_world(tmp_path, INSIDE, story)


def test_a_position_closed_by_hand_sends_nothing(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        world.broker.hold(bull_call().long, "DU1", -2)
        world.broker.hold(bull_call().short, "DU1", 2)
        await world.desk.close_position(world.desk.positions()[0].position_id)
        await world.settle()
        assert len(world.broker.placed) == 1 and world.desk.positions() == ()
        await world.restart()
        assert world.desk.positions() == ()
        assert world.desk.positions(open_only=False)[0].exit_reason == "OUTSIDE"

    in_world(tmp_path, INSIDE, story)


def test_a_close_worked_by_hand_is_not_doubled(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        own = world.broker.orders[1]
        world.broker.foreign_orders.append(
            replace(
                own,
                order_ref="",
                order_id=-7,
                client_id=0,
                side=Side.SELL,
                filled=Decimal(0),
                status=type(own.status).SUBMITTED,
            )
        )
        await world.desk.close_position(world.desk.positions()[0].position_id)
        await world.settle()
        assert len(world.broker.placed) == 1
        assert world.told("working already")

    in_world(tmp_path, INSIDE, story)


def test_only_one_closing_order_lives_at_a_time(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        world.broker.behaviour.fill = "none"
        position = world.desk.positions()[0].position_id
        await world.desk.close_position(position)
        with pytest.raises(UserError, match="being closed already"):
            await world.desk.close_position(position)
        await world.until(eastern(INSIDE) + timedelta(seconds=61))
        assert world.told("EXIT UNFILLED")[0][0] is Severity.HIGH

    in_world(tmp_path, INSIDE, story)


def test_an_exit_while_the_entry_works_cancels_it_and_sells_what_was_filled(
    tmp_path: Path,
) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.fill = 1
        await approve(world)
        await world.settle()
        await world.desk.close_position(world.desk.positions()[0].position_id)
        await world.settle()
        assert world.broker.cancelled == [1]
        assert world.broker.placed[1].quantity == 1
        assert world.desk.positions() == ()

    in_world(tmp_path, INSIDE, story)


def test_exits_need_no_arming_after_a_restart(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.desk.arm("U1")
        world.quote(bull_call(), "2.60", "2.60")
        await opened(world, mode=Mode.LIVE, account="U1", natural="2.60", close="2.60")
        await world.restart()
        assert world.desk.armed_account is None
        await world.desk.close_position(world.desk.positions()[0].position_id)
        await world.settle()
        assert world.broker.placed[1].order_type is OrderType.LIMIT
        assert world.desk.positions() == ()

    in_world(tmp_path, INSIDE, story, account="U1", allowed_accounts=("U1",))


def test_flatten_closes_everything(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world, "AAPL")
        await opened(world, "MSFT")
        await world.desk.flatten()
        await world.settle()
        assert [p.exit_reason for p in world.desk.positions(open_only=False)] == ["FLATTEN"] * 2

    in_world(tmp_path, INSIDE, story)


def test_nothing_is_closed_outside_regular_hours(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        await world.until(eastern("2023-11-07 16:00"))
        world.broker.stock_moves("AAPL", 90.0)
        await world.settle()
        with pytest.raises(UserError, match="market is closed"):
            await world.desk.close_position(world.desk.positions()[0].position_id)
        assert len(world.broker.placed) == 1

    in_world(tmp_path, INSIDE, story)
