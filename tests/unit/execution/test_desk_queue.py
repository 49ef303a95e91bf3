"""Approvals: windows, the queue, limits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

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
from tests.helpers.trades import RISK, bull_call
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.orders import (
    OrderState,
    OrderType,
    Purpose,
    Side,
)
from vst_desktop.execution.services import Recheck
from vst_desktop.execution.switches import EntryDeniedError
from vst_desktop.ports.broker import ConnectionState
from vst_desktop.risk.limits import DenialCode


def test_an_approval_before_the_window_is_queued_and_told(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await approve(world, "MSFT")
        assert intent.state is OrderState.QUEUED
        assert world.broker.placed == []
        assert world.told("Trade QUEUED: MSFT LONG x2")[0][0] is Severity.INFO
        assert world.desk.reserved_usd() == intent.reserved_usd > 0

    in_world(tmp_path, BEFORE, story)


def test_a_queued_approval_goes_by_itself_when_the_window_opens(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await approve(world)
        await world.until(OPENS - timedelta(seconds=1))
        assert world.broker.placed == []
        await world.until(OPENS)
        done = the(world, intent)
        assert done.state is OrderState.FILLED
        assert done.order_id and done.perm_id and done.sent_at == OPENS
        (position,) = world.desk.positions()
        assert position.average_debit == Decimal("2.68") and position.quantity == 2
        assert world.told("Trade EXECUTED: AAPL LONG x2")[0][0] is Severity.INFO
        assert world.desk.reserved_usd() == 0
        assert world.desk.at_risk_usd() == Decimal("536.00")

    in_world(tmp_path, BEFORE, story)


def test_an_approval_inside_the_window_is_sent_at_once_as_a_market_order(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        (ticket,) = world.broker.placed
        assert ticket.order_type is OrderType.MARKET and ticket.limit_price is None
        assert ticket.side is Side.BUY and ticket.purpose is Purpose.ENTRY

    in_world(tmp_path, INSIDE, story)


def test_three_queued_trades_go_in_rank_order(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.quote(bull_call("MSFT"), "2.40", "2.35")
        world.quote(bull_call("NFLX"), "2.55", "2.50")
        await approve(world, "AAPL")
        await approve(world, "MSFT", natural="2.40", close="2.35")
        await approve(world, "NFLX", natural="2.55", close="2.50")
        await world.until(eastern("2023-11-07 15:05"))
        assert [t.spread.symbol for t in world.broker.placed] == ["MSFT", "NFLX", "AAPL"]
        assert states(world) == [OrderState.FILLED] * 3

    in_world(tmp_path, BEFORE, story)


def test_one_that_fails_its_bounds_does_not_block_the_others(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        first = await approve(world, "AAPL")
        second = await approve(world, "MSFT")
        world.quote(bull_call("AAPL"), "3.40", "3.30")
        await world.until(OPENS)
        assert the(world, first).state is OrderState.DENIED
        assert "bound" in (the(world, first).reason or "")
        assert the(world, second).state is OrderState.FILLED
        assert world.told("Trade FAILED: AAPL")[0][0] is Severity.HIGH
        assert world.desk.reserved_usd() == 0

    in_world(tmp_path, BEFORE, story)


def test_on_a_half_day_the_window_moves_with_the_close(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await approve(world)
        assert the(world, intent).state is OrderState.QUEUED
        await world.until(eastern("2023-11-24 11:45"))
        assert the(world, intent).state is OrderState.FILLED

    in_world(tmp_path, "2023-11-24 10:00", story)


def test_after_the_last_entry_time_an_approval_is_for_the_next_session(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await approve(world)
        assert intent.session == "2023-11-13"

    in_world(tmp_path, "2023-11-10 15:56", story)


def test_a_held_approval_expires_at_the_last_entry_time(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await approve(world)
        world.broker.connection(ConnectionState.DISCONNECTED)
        await world.until(eastern("2023-11-07 15:55"))
        assert the(world, intent).state is OrderState.EXPIRED
        assert world.told("expired")[0][0] is Severity.HIGH
        assert world.broker.placed == [] and world.desk.reserved_usd() == 0

    in_world(tmp_path, BEFORE, story)


def test_withdrawing_gives_the_risk_back(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await approve(world)
        await world.desk.withdraw(intent.intent_id)
        await world.until(eastern("2023-11-07 15:55"))
        assert the(world, intent).state is OrderState.CANCELLED
        assert world.broker.placed == [] and world.desk.trades_today() == 0

    in_world(tmp_path, BEFORE, story)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"max_positions": 1}, DenialCode.MAX_POSITIONS),
        ({"max_daily_trades": 1}, DenialCode.DAILY_TRADES),
        ({"max_total_risk": 0.008}, DenialCode.TOTAL_RISK),
    ],
)
def test_an_approval_counts_what_others_have_reserved(
    tmp_path: Path, change: dict[str, float], code: DenialCode
) -> None:
    async def story(world: World) -> None:
        await approve(world, "AAPL")
        with pytest.raises(EntryDeniedError) as denied:
            await approve(world, "MSFT")
        assert denied.value.denial.code is code

    in_world(tmp_path, BEFORE, story, risk=replace(RISK, **change))  # type: ignore[arg-type]


def test_a_second_spread_on_an_underlying_is_denied(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await approve(world)
        with pytest.raises(EntryDeniedError, match="AAPL is taken"):
            await approve(world, spread=bull_call("AAPL", "105", "115"))

    in_world(tmp_path, BEFORE, story)


def test_a_position_made_by_hand_on_a_leg_denies_at_release(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await approve(world)
        world.broker.hold(bull_call().long, "DU1", 1)
        await world.until(OPENS)
        assert the(world, intent).state is OrderState.DENIED
        assert "net against" in (the(world, intent).reason or "")

    in_world(tmp_path, BEFORE, story)


@pytest.mark.parametrize("trouble", ["stale", "drift", "signal", "funds", "silent leg"])
def test_everything_is_looked_at_again_at_release(tmp_path: Path, trouble: str) -> None:
    async def story(world: World) -> None:
        intent = await approve(world)
        match trouble:
            case "stale":
                world.broker.quote_age_secs = 5.5
            case "drift":
                world.broker.stocks["AAPL"] = (105.09, 105.11)
            case "signal":
                world.signal = Recheck(holds=False, reason="RSI 58")
            case "funds":
                world.broker.snapshot = replace(
                    world.broker.snapshot, available_funds_usd=Decimal(100)
                )
            case "silent leg":
                world.broker.options[bull_call().short.con_id] = (0.0, 5.0)
        await world.until(OPENS)
        assert the(world, intent).state is OrderState.DENIED
        assert world.broker.placed == []

    in_world(tmp_path, BEFORE, story)


def test_the_size_shrinks_with_the_account_at_release(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await approve(world, contracts=5)
        assert intent.quantity == 5
        world.broker.snapshot = replace(world.broker.snapshot, net_liquidation_usd=Decimal(50_000))
        await world.until(OPENS)
        assert the(world, intent).filled == world.broker.placed[0].quantity == 3

    in_world(tmp_path, BEFORE, story)


def test_when_the_budget_shrank_the_better_ranked_one_goes(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        second = await approve(world, "AAPL", contracts=1)
        world.quote(bull_call("MSFT"), "2.60", "2.55")
        first = await approve(world, "MSFT", natural="2.60", close="2.55", contracts=1)
        world.broker.snapshot = replace(world.broker.snapshot, net_liquidation_usd=Decimal(14_200))
        await world.until(OPENS)
        assert the(world, first).state is OrderState.FILLED
        assert the(world, second).state is OrderState.DENIED

    in_world(tmp_path, BEFORE, story, risk=replace(RISK, max_total_risk=0.03))


def test_what_the_trader_holds_waits_over_the_window_until_it_is_released(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await approve(world)
        await world.desk.hold()
        assert the(world, intent).state is OrderState.HELD
        (held,) = [e["data"] for e in await world.journal.events() if e["name"] == "HOLD"]
        assert (held["by"], held["reason"]) == ("trader", "held by the trader")
        await world.until(OPENS + timedelta(minutes=5))
        assert world.broker.placed == []
        await world.desk.release(intent.intent_id)
        await world.settle()
        assert the(world, intent).state is OrderState.FILLED

    in_world(tmp_path, BEFORE, story)
