"""UNKNOWN orders answered by the trader, orphans at the broker, rolled-back order ids, counters."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.helpers.desk import INSIDE, World, approve, in_world, opened, states, the
from tests.helpers.trades import bull_call
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import BrokerOrder, BrokerStatus, Mode, OrderState
from vst_desktop.ports.store import IntentRecord

LIVE = {"account": "U1", "allowed_accounts": ("U1",)}
D = Decimal


async def lost_entry(world: World) -> IntentRecord:
    """An entry that never arrived, and of which the broker knows nothing."""
    world.broker.behaviour.answer = "lost"
    intent = await approve(world)
    await world.settle()
    world.broker.behaviour.answer = "ack"
    assert the(world, intent).state is OrderState.UNKNOWN
    return the(world, intent)


def bought(world: World, spreads: int) -> None:
    """The broker holds spreads of which it has no order or execution to show any more."""
    world.broker.hold(bull_call().long, "DU1", spreads)
    world.broker.hold(bull_call().short, "DU1", -spreads)


def test_an_order_that_is_not_at_the_broker_ends_and_frees_its_risk(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await lost_entry(world)
        assert world.desk.reserved_usd() > 0
        await world.desk.answers.disown(intent.intent_id)
        assert the(world, intent).state is OrderState.CANCELLED
        assert "trader's word" in (the(world, intent).reason or "")
        assert world.desk.reserved_usd() == 0 and len(world.broker.placed) == 1
        await world.restart()
        assert states(world) == [OrderState.CANCELLED] and len(world.broker.placed) == 1

    in_world(tmp_path, INSIDE, story)


def test_a_spread_held_at_the_broker_is_not_disowned(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await lost_entry(world)
        bought(world, 2)
        with pytest.raises(UserError, match="is held at the broker: 2"):
            await world.desk.answers.disown(intent.intent_id)
        assert the(world, intent).state is OrderState.UNKNOWN

    in_world(tmp_path, INSIDE, story)


def test_an_order_that_turns_up_answers_for_itself(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.answer, world.broker.behaviour.fill = "silent", "none"
        intent = await approve(world)
        await world.settle()
        world.broker.orders[1] = replace(world.broker.orders[1], status=BrokerStatus.SUBMITTED)
        with pytest.raises(UserError, match="is not unknown: WORKING"):
            await world.desk.answers.disown(intent.intent_id)

    in_world(tmp_path, INSIDE, story)


@pytest.mark.parametrize("quantity", [1, 2])
def test_an_entry_filled_without_a_trace_is_adopted(tmp_path: Path, quantity: int) -> None:
    async def story(world: World) -> None:
        intent = await lost_entry(world)
        bought(world, quantity)
        await world.desk.answers.adopt(intent.intent_id, quantity, D("2.66"))
        await world.settle()
        (position,) = world.desk.positions()
        assert (position.quantity, position.average_debit) == (quantity, D("2.66"))
        whole = quantity == intent.quantity
        assert the(world, intent).state is (OrderState.FILLED if whole else OrderState.CANCELLED)
        assert world.broker.watched["AAPL"] == 1 and len(world.broker.placed) == 1
        await world.restart()
        assert world.desk.positions()[0].quantity == quantity
        await world.desk.close_position(position.position_id)
        await world.settle()
        assert world.broker.placed[-1].quantity == quantity and world.desk.positions() == ()

    in_world(tmp_path, INSIDE, story)


def test_an_exit_that_closed_without_a_trace_is_adopted(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        world.broker.behaviour.answer = "lost"
        await world.desk.close_position(world.desk.positions()[0].position_id)
        await world.settle()
        intent = world.desk.intents()[-1]
        with pytest.raises(UserError, match="do not explain"):
            await world.desk.answers.adopt(intent.intent_id, 2, D("3.10"))
        bought(world, -2)
        await world.desk.answers.adopt(intent.intent_id, 2, D("3.10"))
        await world.settle()
        assert world.desk.positions() == ()
        assert world.desk.positions(open_only=False)[0].exit_reason == "MANUAL"

    in_world(tmp_path, INSIDE, story)


@pytest.mark.parametrize(
    ("quantity", "price"), [(0, "2.66"), (3, "2.66"), (1, "0"), (1, "10"), (1, "-1")]
)
def test_figures_that_cannot_be_are_not_adopted(tmp_path: Path, quantity: int, price: str) -> None:
    async def story(world: World) -> None:
        intent = await lost_entry(world)
        bought(world, 2)
        with pytest.raises(UserError, match="cannot be what"):
            await world.desk.answers.adopt(intent.intent_id, quantity, D(price))
        assert world.desk.positions() == ()

    in_world(tmp_path, INSIDE, story)


def test_what_the_broker_does_not_hold_is_not_adopted(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await lost_entry(world)
        bought(world, 1)
        with pytest.raises(UserError, match="the broker holds 1"):
            await world.desk.answers.adopt(intent.intent_id, 2, D("2.66"))

    in_world(tmp_path, INSIDE, story)


def test_only_an_unknown_order_is_asked_about(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await opened(world)
        with pytest.raises(UserError, match="is not unknown: FILLED"):
            await world.desk.answers.disown(intent.intent_id)
        with pytest.raises(UserError, match="there is no order"):
            await world.desk.answers.adopt("nothing", 1, D(1))

    in_world(tmp_path, INSIDE, story)


def orphan(world: World, order_id: int = 77) -> BrokerOrder:
    """An order with our mark that the journal does not know."""
    spread = bull_call("MSFT")
    told = replace(
        world.broker.orders[1],
        order_ref="VST-of-another-life",
        order_id=order_id,
        perm_id=4711,
        symbol="MSFT",
        status=BrokerStatus.SUBMITTED,
        filled=D(0),
        legs=((spread.long.con_id, 1, world.broker.orders[1].side),),
    )
    world.broker.orders[order_id] = told
    return told


def test_an_orphan_is_found_told_once_and_cancelled_by_the_trader_only(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        orphan(world)
        await world.restart()
        (found,) = world.desk.orphans()
        assert (found.order_ref, found.state) == ("VST-of-another-life", OrderState.ORPHAN)
        await world.until(world.clock.now() + timedelta(minutes=16))
        assert [a[0] for a in world.told("ORPHAN order")] == [Severity.CRITICAL]
        assert world.broker.cancelled == []
        await world.desk.answers.cancel_orphan("VST-of-another-life")
        await world.settle()
        assert world.broker.cancelled == [77]
        assert world.desk.orphans()[0].state is OrderState.CANCELLED
        with pytest.raises(UserError, match="no orphan order"):
            await world.desk.answers.cancel_orphan("VST-of-another-life")

    in_world(tmp_path, INSIDE, story)


def test_an_orphan_takes_its_underlying(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        orphan(world)
        await world.restart()
        intent = await approve(world, "MSFT")
        await world.settle()
        assert the(world, intent).state is OrderState.DENIED
        assert "existing leg" in (the(world, intent).reason or "")

    in_world(tmp_path, INSIDE, story)


def test_orders_that_share_a_number_after_a_roll_back_are_told_apart(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        first = await opened(world, "AAPL")
        world.broker._next_id = 1  # the gateway was started anew
        del world.broker.orders[1]
        world.broker.behaviour.fill = "none"
        second = await approve(world, "MSFT")
        await world.settle()
        assert the(world, first).order_id == the(world, second).order_id == 1
        world.broker.fill(1, 2)
        await world.settle()
        assert [(p.spread.symbol, p.quantity) for p in world.desk.positions()] == [
            ("AAPL", 2),
            ("MSFT", 2),
        ]
        assert the(world, first).filled == 2 and the(world, second).filled == 2

    in_world(tmp_path, INSIDE, story)


def test_submits_revisions_and_cancels_are_counted_and_survive_a_restart(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.desk.arm("U1")
        world.broker.behaviour.fill = "none"
        await approve(world, mode=Mode.LIVE, account="U1")
        await world.until(world.clock.now() + timedelta(seconds=101))
        for _ in range(2):
            counts = world.desk.counts()
            assert (counts.submits, counts.revisions, counts.cancels) == (1, 4, 1)
            assert counts.executed == 0 and counts.efficiency == 6
            await world.restart()

    in_world(tmp_path, INSIDE, story, **LIVE)  # type: ignore[arg-type]
