"""A close by hand goes by the ladder or now, as the trader chooses; it is one order either way."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.desk import INSIDE, World, approve, in_world, opened
from tests.helpers.trades import bull_call
from vst_desktop.adapters.sqlite.reading import read_events
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import ClosePace, Mode, OrderType, Purpose
from vst_desktop.execution.states import TERMINAL
from vst_desktop.execution.story import story as told_of
from vst_desktop.ports.store import IntentRecord
from vst_desktop.strategy.exit import ExitReason

LIVE = {"account": "U1", "allowed_accounts": ("U1",)}
LADDER, NOW = ClosePace.LADDER, ClosePace.NOW


async def held(world: World, mode: Mode = Mode.LIVE) -> str:
    """A position whose closes find no buyer, on a market of 2.00 to 3.00."""
    account = "U1" if mode is Mode.LIVE else "DU1"
    if mode is Mode.LIVE:
        await world.desk.arm(account)
    world.quote(bull_call(), "2.60", "2.60")
    await opened(world, mode=mode, account=account, natural="2.60", close="2.60")
    world.broker.behaviour.fill = "none"
    world.quote(bull_call(), "3.00", "2.00")
    return world.desk.positions()[0].position_id


def exits(world: World) -> list[IntentRecord]:
    return [i for i in world.desk.intents() if i.purpose is Purpose.EXIT]


def limits(world: World) -> list[str]:
    """The prices of the closing order, from the first on."""
    return [
        str(world.broker.placed[-1].limit_price),
        *(str(ticket.limit_price) for _, ticket in world.broker.modified),
    ]


async def pass_secs(world: World, secs: float) -> None:
    await world.until(world.clock.now() + timedelta(seconds=secs))


def test_now_asks_at_once_for_what_is_paid_and_then_concedes(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        position = await held(world)
        await world.desk.close_position(position, pace=NOW)
        await world.settle()
        assert limits(world) == ["2.00"]
        await pass_secs(world, 31)
        assert limits(world) == ["2.00", "1.99", "1.98"]
        (order,) = exits(world)
        assert (order.order_type, order.exit_reason) == (OrderType.LIMIT, "MANUAL")

    in_world(tmp_path, INSIDE, story, **LIVE)


@pytest.mark.parametrize("pace", [None, LADDER])
def test_by_the_ladder_is_what_live_does_unasked(tmp_path: Path, pace: ClosePace | None) -> None:
    async def story(world: World) -> None:
        position = await held(world)
        await world.desk.close_position(position, pace=pace)
        await world.settle()
        await pass_secs(world, 81)
        assert limits(world) == ["2.60", "2.45", "2.30", "2.15", "2.00"]

    in_world(tmp_path, INSIDE, story, **LIVE)


def test_a_demo_walks_the_ladder_too_when_it_is_asked_to(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        position = await held(world, Mode.DEMO)
        await world.desk.close_position(position, pace=LADDER)
        await world.settle()
        await pass_secs(world, 41)
        assert limits(world) == ["2.60", "2.45", "2.30"]

    in_world(tmp_path, INSIDE, story)


@pytest.mark.parametrize("pace", [None, NOW])
def test_now_is_a_market_order_in_a_demo_as_it_is_unasked(
    tmp_path: Path, pace: ClosePace | None
) -> None:
    async def story(world: World) -> None:
        position = await held(world, Mode.DEMO)
        await world.desk.close_position(position, pace=pace)
        await world.settle()
        assert world.broker.placed[-1].order_type is OrderType.MARKET
        with pytest.raises(UserError, match="being closed already"):
            await world.desk.close_position(position, pace=NOW)

    in_world(tmp_path, INSIDE, story)


def test_now_makes_the_ladder_under_way_urgent_in_the_same_order(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        position = await held(world)
        await world.desk.close_position(position, pace=LADDER)
        await world.settle()
        await world.desk.close_position(position, pace=NOW)
        await world.settle()
        assert limits(world) == ["2.60", "2.00"]
        await pass_secs(world, 16)
        assert limits(world) == ["2.60", "2.00", "1.99"]
        (order,) = exits(world)
        assert (order.pace, order.exit_reason) == (NOW, "MANUAL")
        with pytest.raises(UserError, match="being closed already"):
            await world.desk.close_position(position, pace=NOW)
        words = [line.text for line in told_of(read_events(world.path / "journal.db"), position)]
        assert "the exit became urgent: MANUAL now, was MANUAL" in words

    in_world(tmp_path, INSIDE, story, **LIVE)


def test_a_second_ladder_is_refused(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        position = await held(world)
        await world.desk.close_position(position)
        await world.settle()
        with pytest.raises(UserError, match="being closed already"):
            await world.desk.close_position(position, pace=LADDER)
        assert len(exits(world)) == 1

    in_world(tmp_path, INSIDE, story, **LIVE)


def test_a_stop_during_a_close_now_gives_nothing_back(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        position = await held(world)
        await world.desk.close_position(position, pace=NOW)
        await world.settle()
        world.broker.stock_moves("AAPL", 99.0)
        await pass_secs(world, 31)
        prices = [Decimal(limit) for limit in limits(world)]
        assert prices == sorted(prices, reverse=True) and max(prices) == Decimal("2.00")
        assert exits(world)[0].exit_reason == "STOP"

    in_world(tmp_path, INSIDE, story, **LIVE)


def test_how_it_goes_survives_a_restart(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        position = await held(world)
        await world.desk.close_position(position, pace=NOW)
        await world.settle()
        await world.restart()
        await pass_secs(world, 30)
        (order,) = exits(world)
        assert order.pace is NOW
        assert set(limits(world)) <= {"2.00", "1.99", "1.98"}

    in_world(tmp_path, INSIDE, story, **LIVE)


def test_the_close_of_a_working_entry_remembers_how_it_is_to_go(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.fill = 1
        await approve(world, "AAPL")
        await world.settle()
        (position,) = world.desk.positions()
        world.quote(bull_call(), "3.00", "2.00")
        world.broker.behaviour.fill = "none"
        await world.desk.close_position(position.position_id, pace=LADDER)
        await world.settle()
        (order,) = exits(world)
        assert (order.pace, order.order_type) == (LADDER, OrderType.LIMIT)

    in_world(tmp_path, INSIDE, story)


STEPS = st.lists(
    st.sampled_from(["ladder", "now", "default", "stop", "wait", "fill", "restart"]), max_size=7
)


@settings(max_examples=25, deadline=None)
@given(steps=STEPS)
def test_whatever_is_pressed_one_exit_lives_and_no_more_is_sold_than_held(
    steps: Sequence[str],
) -> None:
    async def story(world: World) -> None:
        position = await held(world)
        size = world.desk.positions()[0].quantity
        for step in steps:
            try:
                match step:
                    case "wait":
                        await pass_secs(world, 15)
                    case "fill":
                        world.broker.behaviour.fill = "all"
                    case "restart":
                        await world.restart()
                    case "stop":
                        await world.desk.close_position(position, ExitReason.STOP)
                    case _:
                        pace = {"ladder": LADDER, "now": NOW}.get(step)
                        await world.desk.close_position(position, pace=pace)
            except UserError:
                pass
            await world.settle()
            live = [o for o in exits(world) if o.state not in TERMINAL]
            assert len(live) <= 1
            assert sum(order.filled for order in exits(world)) <= size
            assert len(world.broker.placed) - 1 == len(exits(world))

    with tempfile.TemporaryDirectory() as folder:
        in_world(Path(folder), INSIDE, story, **LIVE)
