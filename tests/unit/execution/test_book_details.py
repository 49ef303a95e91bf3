"""What the book keeps of a trade, to the last field: errors there show only when it matters."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.desk import INSIDE, World, approve, eastern, in_world, opened, the
from tests.helpers.trades import bull_call, plan
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import BrokerStatus, Mode, OrderState
from vst_desktop.domain.quotes import OptionQuote, Quote
from vst_desktop.execution.freeze import scaled
from vst_desktop.execution.repairs import Broken, repairs
from vst_desktop.execution.switches import EntryDeniedError
from vst_desktop.ports.broker import ConnectionState
from vst_desktop.risk.limits import DenialCode

D = Decimal


async def told(world: World, name: str) -> list[dict[str, Any]]:
    return [e["data"] for e in await world.journal.events() if e["name"] == name]


def test_a_position_knows_its_strategy_and_entry(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        entry = await opened(world)
        (held,) = world.desk.positions()
        assert (held.strategy, held.account) == (entry.strategy, "DU1")
        assert (held.spread, held.plan) == (entry.spread, entry.plan)
        assert entry.strategy

    in_world(tmp_path, INSIDE, story)


def test_a_fill_at_natural_is_no_bad_fill(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        assert not world.told("worse than natural")

    in_world(tmp_path, INSIDE, story)


@pytest.mark.parametrize(("paid", "bad"), [("2.69", False), ("2.70", True)])
def test_a_fill_more_than_a_tick_above_natural_is_told(
    tmp_path: Path, paid: str, bad: bool
) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.fill = "none"
        await approve(world)
        await world.settle()
        world.broker.fill(1, 2, price=D(paid))
        await world.settle()
        found = world.told("worse than natural 2.68")
        assert [a[0] for a in found] == ([Severity.WARNING] if bad else [])

    in_world(tmp_path, INSIDE, story)


def test_the_plan_is_frozen_by_the_first_fill(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.fill = "none"
        intent = await approve(world)
        await world.settle()
        world.broker.fill(1, 1)
        await world.settle()
        first = the(world, intent).plan
        world.broker.stock_moves("AAPL", 99.0)
        world.broker.fill(1, 1)
        await world.settle()
        assert the(world, intent).state is OrderState.FILLED
        assert the(world, intent).plan == world.desk.positions()[0].plan == first

    in_world(tmp_path, INSIDE, story)


def test_a_split_scales_every_price_of_the_plan() -> None:
    before = replace(plan(), fibo_target=112.0)
    after = scaled(before, 0.5)
    for name in ("entry", "atr", "stop", "fibo_target", "r_target", "atr_target", "target"):
        assert getattr(after, name) == getattr(before, name) / 2, name
    assert (after.exit_by, after.target_reason) == (before.exit_by, before.target_reason)
    assert scaled(plan(), 0.5).fibo_target is None


def test_each_step_of_an_order_names_who_took_it(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        (sent,) = await told(world, "SEND")
        (committed,) = await told(world, "COMMIT")
        assert sent["by"] == committed["by"] == "station" and sent["sent_at"]
        assert (await told(world, "approved"))[0]["by"] == "trader"

    in_world(tmp_path, INSIDE, story)


def test_why_a_position_is_unprotected_is_said_of_each(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        await opened(world, "MSFT")
        assert [world.desk.unprotected_why(p) for p in world.desk.positions()] == [None, None]
        world.broker.connection(ConnectionState.UPSTREAM_LOST)
        why = {world.desk.unprotected_why(p) for p in world.desk.positions()}
        assert why == {"the broker is not connected"}

    in_world(tmp_path, INSIDE, story)


def test_an_approval_before_the_books_were_compared_says_so(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.desk.stop()
        world.make_desk()  # not started: nothing was compared yet
        with pytest.raises(EntryDeniedError) as refused:
            await approve(world)
        denial = refused.value.denial
        assert (denial.code, denial.limit) == (DenialCode.NOT_RECONCILED, "reconciled")
        await world.desk.start()

    in_world(tmp_path, INSIDE, story)


def test_what_another_position_holds_does_not_speak_for_a_lost_order(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world, "MSFT")
        world.broker.behaviour.answer = "lost"
        intent = await approve(world)
        await world.settle()
        world.broker.behaviour.answer = "ack"
        world.broker.hold(bull_call().long, "DU1", 2)
        world.broker.hold(bull_call().short, "DU1", -2)
        with pytest.raises(UserError, match="is held at the broker: 2"):
            await world.desk.answers.disown(intent.intent_id)

    in_world(tmp_path, INSIDE, story)


def test_an_orphan_is_journalled_with_its_symbol(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        spread = bull_call("MSFT")
        world.broker.orders[77] = replace(
            world.broker.orders[1],
            order_ref="VST-of-another-life",
            order_id=77,
            perm_id=4711,
            symbol="MSFT",
            status=BrokerStatus.SUBMITTED,
            filled=D(0),
            legs=((spread.long.con_id, 1, world.broker.orders[1].side),),
        )
        await world.restart()
        found = [e for e in await world.journal.events() if e["name"].startswith("orphan ")]
        assert [(e["data"]["symbol"], e["data"]["perm_id"]) for e in found] == [("MSFT", 4711)]

    in_world(tmp_path, INSIDE, story)


def test_two_orders_under_one_approval_are_named(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.fill = "none"
        await approve(world)
        await world.settle()
        first = world.broker.orders[1]
        twin = replace(first, order_id=9, perm_id=first.perm_id + 1)
        world.broker.orders[9] = twin
        world.desk.on_broker_event(twin)
        await world.settle()
        (alert,) = world.told("AAPL has two orders at the broker")
        assert alert[0] is Severity.CRITICAL and "look in TWS that it is gone" in alert[2]

    in_world(tmp_path, INSIDE, story)


def test_a_walk_that_has_ended_moves_no_price(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.desk.arm("U1")
        world.broker.behaviour.fill = "none"
        intent = await approve(world, mode=Mode.LIVE, account="U1")
        await world.settle()
        await world.desk.kill("panic")
        await world.settle()
        await world.until(eastern(INSIDE) + timedelta(minutes=5))
        assert the(world, intent).state is OrderState.CANCELLED
        assert not await told(world, "repriced")

    in_world(tmp_path, INSIDE, story, account="U1", allowed_accounts=("U1",))


def quote(bid: float | None, ask: float | None) -> OptionQuote:
    spread = bull_call()
    at = eastern(INSIDE)
    seen = Quote(bid=bid, ask=ask, bid_size=1, ask_size=1, last=None, time=at)
    return OptionQuote(contract=spread.long, quote=seen)


@pytest.mark.parametrize("ask", [None, 0.0, -1.0])
def test_a_repair_without_an_ask_has_no_price(ask: float | None) -> None:
    both = (quote(1.0, 1.1), quote(0.5, ask))
    back, restore = repairs(bull_call(), D("2.60"), Broken(long_leg=1, short_leg=2), both, None)
    assert back.pnl_usd is None
    assert restore.pnl_usd == D("-110.00")
    assert "no quote" in str(back)


def test_a_repair_is_priced_by_the_side_it_trades_on() -> None:
    both = (quote(1.0, 1.1), quote(0.5, 0.6))
    back, restore = repairs(bull_call(), D("2.60"), Broken(long_leg=0, short_leg=2), both, None)
    assert (back.pnl_usd, restore.pnl_usd) == (D("-120.00"), D("-220.00"))
    sold, again = repairs(bull_call(), D("2.60"), Broken(long_leg=3, short_leg=1), both, None)
    assert (sold.pnl_usd, again.pnl_usd) == (D("-320.00"), D("100.00"))
