"""The desk on a held clock, a behaving broker and the real journal."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.desk import World, eastern, in_world
from tests.helpers.trades import EXECUTION, EXITS, RISK, bull_call, candidate
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import (
    BrokerStatus,
    Execution,
    Mode,
    OrderState,
    OrderType,
    Purpose,
    Side,
)
from vst_desktop.domain.quotes import DataType
from vst_desktop.execution.services import Recheck
from vst_desktop.execution.switches import EntryDeniedError
from vst_desktop.ports.broker import ConnectionState
from vst_desktop.ports.store import IntentRecord
from vst_desktop.risk.limits import DenialCode

BEFORE = "2023-11-07 11:15"
INSIDE = "2023-11-07 15:30"
OPENS = eastern("2023-11-07 14:45")


async def approve(world: World, symbol: str = "AAPL", **changes: object) -> IntentRecord:
    mode = changes.pop("mode", Mode.DEMO)
    account = changes.pop("account", "DU1")
    return await world.desk.approve(
        candidate(symbol, **changes),  # type: ignore[arg-type]
        mode=mode,  # type: ignore[arg-type]
        account=account,  # type: ignore[arg-type]
    )


def the(world: World, intent: IntentRecord) -> IntentRecord:
    return next(i for i in world.desk.intents() if i.intent_id == intent.intent_id)


def states(world: World) -> list[OrderState]:
    return [i.state for i in world.desk.intents()]


async def opened(world: World, symbol: str = "AAPL", **changes: object) -> IntentRecord:
    """An entry filled just now."""
    intent = await approve(world, symbol, **changes)
    await world.settle()
    assert the(world, intent).state is OrderState.FILLED
    return the(world, intent)


# --- window and queue ---


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


# --- limits ---


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


@pytest.mark.parametrize("trouble", ["stale", "drift", "signal", "halted", "funds", "silent leg"])
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
            case "halted":
                world.broker.halted.add("AAPL")
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


# --- orders ---


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


# --- LIVE ---


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


# --- kill switch, restart, reconnect ---


def test_the_kill_switch_voids_the_queue_and_survives_a_restart(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await approve(world)
        await world.desk.kill("panic")
        assert the(world, intent).state is OrderState.CANCELLED
        await world.restart()
        with pytest.raises(EntryDeniedError) as denied:
            await approve(world)
        assert denied.value.denial.code is DenialCode.KILLED
        await world.desk.clear_kill("all is well")
        await approve(world)

    in_world(tmp_path, BEFORE, story)


def test_the_kill_switch_cancels_working_entries_only(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world, "MSFT")
        world.broker.behaviour.fill = "none"
        entry = await approve(world, "AAPL")
        await world.settle()
        await world.desk.close_position(world.desk.positions()[0].position_id)
        await world.desk.kill("panic")
        await world.settle()
        assert the(world, entry).state is OrderState.CANCELLED
        assert world.broker.cancelled == [2]
        assert world.desk.intents()[-1].state is OrderState.WORKING

    in_world(tmp_path, INSIDE, story)


def test_after_a_restart_waiting_approvals_are_held_until_released(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await approve(world)
        await world.restart()
        assert the(world, intent).state is OrderState.HELD
        await world.until(OPENS)
        assert world.broker.placed == []
        await world.desk.release(intent.intent_id)
        await world.settle()
        assert the(world, intent).state is OrderState.FILLED

    in_world(tmp_path, BEFORE, story)


def test_two_minutes_without_the_broker_hold_the_queue(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await approve(world)
        world.broker.connection(ConnectionState.DISCONNECTED)
        await world.until(eastern(BEFORE) + timedelta(seconds=119))
        assert the(world, intent).state is OrderState.QUEUED
        await world.until(eastern(BEFORE) + timedelta(seconds=121))
        assert the(world, intent).state is OrderState.HELD

    in_world(tmp_path, BEFORE, story)


def test_a_short_break_holds_nothing(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await approve(world)
        world.broker.connection(ConnectionState.DISCONNECTED)
        await world.until(eastern(BEFORE) + timedelta(seconds=60))
        world.broker.connection(ConnectionState.READY)
        await world.until(OPENS)
        assert the(world, intent).state is OrderState.FILLED

    in_world(tmp_path, BEFORE, story)


def test_a_fill_while_the_station_was_away_is_adopted(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.fill = "none"
        intent = await approve(world)
        await world.settle()
        await world.desk.stop()
        world.broker.fill(1, 2)
        world.make_desk()
        await world.desk.start()
        await world.settle()
        assert the(world, intent).state is OrderState.FILLED
        assert world.desk.positions()[0].quantity == 2
        assert len(world.broker.placed) == 1

    in_world(tmp_path, INSIDE, story)


def test_an_order_nobody_knows_is_unknown_after_the_settle_time(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.fill = "none"
        intent = await approve(world)
        await world.settle()
        world.broker.orders.clear()
        await world.restart()
        assert not world.desk.reconciled
        await world.until(eastern(INSIDE) + timedelta(seconds=11))
        assert the(world, intent).state is OrderState.UNKNOWN
        assert world.desk.reconciled and len(world.broker.placed) == 1

    in_world(tmp_path, INSIDE, story)


def test_what_filled_survives_a_restart_unchanged(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await opened(world)
        before = world.desk.positions(), the(world, intent)
        await world.restart()
        assert (world.desk.positions(), the(world, intent)) == before

    in_world(tmp_path, INSIDE, story)


# --- exits ---


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


# --- journal first ---


def test_nothing_is_sent_that_could_not_be_committed(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await approve(world)
        save = world.journal.save_intent

        async def refuse(record: IntentRecord, event: str, **data: object) -> None:
            if record.state is OrderState.SENDING:
                raise UserError("the disk is full")
            await save(record, event, **data)

        world.journal.save_intent = refuse  # type: ignore[method-assign]
        await world.until(OPENS)
        assert world.broker.placed == []
        assert the(world, intent).state is OrderState.CANCELLED
        assert world.told("disk is full")[0][0] is Severity.CRITICAL

    in_world(tmp_path, BEFORE, story)


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


# --- fills in any order ---


@settings(max_examples=20)
@given(data=st.data())
def test_executions_in_any_order_and_number_end_in_the_same_position(data: st.DataObject) -> None:
    parts = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    total = sum(parts)

    async def story(world: World) -> None:
        world.broker.behaviour.fill = "none"
        intent = await approve(world, contracts=total)
        assert intent.quantity <= total
        await world.settle()
        executions = []
        left = intent.quantity
        for number, part in enumerate(parts):
            part = min(part, left)
            left -= part
            if not part:
                break
            for index, con_id in enumerate((0, intent.spread.long.con_id, 7)):
                executions.append(
                    Execution(
                        exec_id=f"{number}.{index}.01",
                        order_ref=intent.order_ref,
                        order_id=1,
                        perm_id=900_001,
                        account="DU1",
                        symbol="AAPL",
                        con_id=intent.spread.short.con_id if con_id == 7 else con_id,
                        is_combo=index == 0,
                        side=Side.BUY,
                        quantity=Decimal(part),
                        price=Decimal(("2.68", "7.68", "5")[index]),
                        time=world.clock.now(),
                    )
                )
        again = data.draw(st.lists(st.sampled_from(executions), max_size=5))
        for execution in data.draw(st.permutations(executions + again)):
            world.desk.on_broker_event(execution)
            if data.draw(st.booleans()):
                await world.settle()
        await world.settle()
        (position,) = world.desk.positions()
        assert position.quantity == the(world, intent).filled == intent.quantity
        assert position.average_debit == Decimal("2.68")
        assert the(world, intent).state is OrderState.FILLED
        if data.draw(st.booleans()):
            await world.restart()
            assert world.desk.positions() == (position,)

    with TemporaryDirectory() as folder:
        in_world(Path(folder), INSIDE, story)


def test_a_correction_replaces_what_it_corrects(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        first = world.broker.executions[0]
        corrected = replace(first, exec_id=first.exec_id[:-2] + "02", price=Decimal("2.66"))
        world.desk.on_broker_event(corrected)
        world.desk.on_broker_event(first)
        await world.settle()
        assert world.desk.positions()[0].average_debit == Decimal("2.66")
        assert world.desk.positions()[0].quantity == 2

    in_world(tmp_path, INSIDE, story)


def test_a_filled_status_without_executions_makes_the_position(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.fill = "none"
        intent = await approve(world)
        await world.settle()
        order = world.broker.orders[1]
        world.broker.orders[1] = replace(
            order,
            status=BrokerStatus.FILLED,
            filled=order.quantity,
            average_fill_price=Decimal("2.68"),
        )
        world.desk.on_broker_event(world.broker.orders[1])
        await world.until(eastern(INSIDE) + timedelta(seconds=2))
        assert the(world, intent).state is OrderState.FILLED
        assert world.desk.positions()[0].average_debit == Decimal("2.68")

    in_world(tmp_path, INSIDE, story)


def test_unequal_legs_are_broken_and_nothing_is_sent(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        extra = replace(world.broker.executions[1], exec_id="9.9.01", quantity=Decimal(1))
        world.desk.on_broker_event(extra)
        await world.until(eastern(INSIDE) + timedelta(seconds=31))
        assert world.told("BROKEN")[0][0] is Severity.CRITICAL
        assert len(world.broker.placed) == 1

    in_world(tmp_path, INSIDE, story)


def test_positions_without_the_broker_are_called_unprotected(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        world.broker.connection(ConnectionState.UPSTREAM_LOST)
        await world.until(eastern(INSIDE) + timedelta(seconds=59))
        assert not world.told("UNPROTECTED") and world.desk.unprotected() == 1
        await world.until(eastern(INSIDE) + timedelta(seconds=361))
        assert [a[0] for a in world.told("UNPROTECTED")] == [Severity.CRITICAL] * 2
        world.broker.connection(ConnectionState.READY)
        await world.settle()
        assert world.desk.unprotected() == 0

    in_world(tmp_path, INSIDE, story)


def test_an_unknown_order_that_works_gets_its_time_limit(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.answer = "silent"
        world.broker.behaviour.fill = "none"
        intent = await approve(world)
        await world.settle()
        assert the(world, intent).state is OrderState.UNKNOWN
        world.broker.acknowledge(1)
        await world.settle()
        assert the(world, intent).state is OrderState.WORKING
        await world.until(eastern(INSIDE) + timedelta(seconds=31))
        assert the(world, intent).state is OrderState.CANCELLED

    in_world(tmp_path, INSIDE, story)


def test_a_working_entry_keeps_its_time_limit_over_a_restart(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.fill = "none"
        intent = await approve(world)
        await world.settle()
        await world.restart()
        assert the(world, intent).state is OrderState.WORKING
        await world.until(eastern(INSIDE) + timedelta(seconds=31))
        assert the(world, intent).state is OrderState.CANCELLED

    in_world(tmp_path, INSIDE, story)


def test_an_order_of_ours_that_nobody_journalled_is_an_orphan(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.broker.behaviour.fill = "none"
        await approve(world)
        await world.settle()
        world.broker.foreign_orders.append(
            replace(world.broker.orders[1], order_ref="VST-9", order_id=9, symbol="IBM")
        )
        await world.restart()
        assert world.told("ORPHAN order VST-9")[0][0] is Severity.CRITICAL

    in_world(tmp_path, INSIDE, story)
