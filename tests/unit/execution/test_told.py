"""The journal holds the whole story of a trade, and the trader hears its turns."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.helpers.desk import BEFORE, INSIDE, OPENS, World, approve, eastern, in_world, opened, the
from tests.helpers.trades import EXECUTION
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.orders import Mode, OrderRejected, OrderState
from vst_desktop.execution.story import story as story_of
from vst_desktop.ports.store import JournalEvent

LIVE: dict[str, Any] = {"account": "U1", "allowed_accounts": ("U1",)}


async def told(world: World, ref: str) -> list[str]:
    """The story of an order in words."""
    events = [
        JournalEvent(seq=0, time=world.clock.now(), name=one["name"], data=one["data"], hash="")
        for one in await world.journal.events()
    ]
    return [line.text for line in story_of(events, ref)]


async def named(world: World, name: str) -> list[dict[str, Any]]:
    return [one["data"] for one in await world.journal.events() if one["name"] == name]


def test_a_trade_from_the_click_to_the_close_is_told_in_words(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await opened(world)
        (position,) = world.desk.positions()
        await world.desk.close_position(position.position_id)
        await world.settle()
        lines = await told(world, intent.order_ref)
        # what has no words, or not the data for them, is told as its data stand
        assert not [line for line in lines if "by station" in line or "position_id" in line]
        whole = "\n".join(lines)
        for part in (
            "trader approved in DEMO on DU1: buy 2 x AAPL",
            "signal HIGH_BASE",
            "bounds: at most 2.73, underlying within 1.00",
            "plan: stop 100.00, target 110.00 (TARGET_ATR), out by 2023-12-01",
            "intent committed: BUY 2 x AAPL, market (market 2.60 / 2.68, underlying 104.00)",
            "the broker acknowledged it after",
            "order 1, permId 900001",
            "filled: 2 at 2.68",
            "position opened: 2 held",
            "starts an exit: MANUAL",
            "intent committed: SELL 2 x AAPL",
            "position closed",
        ):
            assert part in whole, part

    in_world(tmp_path, INSIDE, story)


def test_a_live_walk_tells_each_limit_with_its_market(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.desk.arm("U1")
        world.broker.behaviour.fill = "none"
        intent = await approve(world, mode=Mode.LIVE, account="U1")
        await world.until(eastern(INSIDE) + timedelta(seconds=25))
        moved = await named(world, "repriced")
        assert moved
        assert all(
            one["quotes"]["natural"] == "2.68" and one["quotes"]["close"] == "2.6" for one in moved
        )
        assert [one["by"] for one in moved] == ["station"] * len(moved)
        lines = await told(world, intent.order_ref)
        assert any(one.startswith("limit moved to 2.6") for one in lines)
        assert any("(market 2.60 / 2.68)" in one for one in lines)
        await world.until(eastern(INSIDE) + timedelta(minutes=5))
        ended = the(world, intent)
        assert ended.state is OrderState.CANCELLED
        assert "market order" not in (ended.reason or "")
        (failed,) = world.told("Trade FAILED")
        assert failed[0] is Severity.HIGH

    in_world(tmp_path, INSIDE, story, **LIVE)


def test_a_market_order_that_is_not_filled_says_that_it_was_one(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.fill = "none"
        market = await approve(world)
        await world.until(eastern(INSIDE) + timedelta(minutes=5))
        assert "market order" in (the(world, market).reason or "")
        (data,) = await named(world, "approved")
        assert data["plan"]["stop"] == 100.0
        assert data["by"] == "trader"

    in_world(tmp_path, INSIDE, story)


def test_a_marketable_limit_that_is_not_filled_says_that_it_was_one(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.fill = "none"
        limit = await approve(world)
        await world.until(eastern(INSIDE) + timedelta(minutes=5))
        assert (the(world, limit).reason or "").startswith("limit at natural unfilled")

    rules = replace(EXECUTION, paper_order_type="MARKETABLE_LIMIT")
    in_world(tmp_path, INSIDE, story, execution=rules)


def test_the_trader_reorders_what_waits_and_the_journal_names_him(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        first = await approve(world)
        second = await approve(world, "MSFT")
        assert (the(world, first).rank, the(world, second).rank) == (1, 2)
        await world.desk.reorder([second.intent_id, first.intent_id])
        assert (the(world, first).rank, the(world, second).rank) == (2, 1)
        ranks = await named(world, "rank")
        assert [(one["by"], one["symbol"], one["rank"]) for one in ranks] == [
            ("trader", "MSFT", 1),
            ("trader", "AAPL", 2),
        ]
        await world.until(OPENS)
        assert [ticket.spread.symbol for ticket in world.broker.placed] == ["MSFT", "AAPL"]

    in_world(tmp_path, BEFORE, story)


def test_an_error_about_an_order_that_works_leaves_it_working(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.fill = "none"
        intent = await approve(world)
        await world.settle()
        assert the(world, intent).state is OrderState.WORKING
        for ref in (intent.order_ref, "TT-of-somebody-else"):
            world.desk.on_broker_event(
                OrderRejected(order_ref=ref, order_id=1, code=201, text="no margin for this")
            )
            await world.settle()
        assert the(world, intent).state is OrderState.WORKING

    in_world(tmp_path, INSIDE, story)


def test_a_price_is_said_as_it_was(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        assert "2.68" in world.told("Trade EXECUTED")[0][2]
        (position,) = world.desk.positions()
        assert position.average_debit == Decimal("2.68")

    in_world(tmp_path, INSIDE, story)
