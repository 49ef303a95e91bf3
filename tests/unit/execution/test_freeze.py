"""Split stocks, changed contracts, assignments and broken spreads: frozen, told, confirmed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.helpers.desk import INSIDE, World, eastern, in_world, opened
from tests.helpers.trades import bull_call
from vst_desktop.domain.account import BrokerPosition
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.execution.freeze import contract_change
from vst_desktop.ports.store import PositionRecord

D = Decimal


def position(world: World) -> PositionRecord:
    return world.desk.positions()[0]


async def over_night(world: World, prior_close: float) -> None:
    """Through the session's end, and into the next with this prior close."""
    await world.until(eastern("2023-11-08 09:40"))
    world.broker.prior_closes["AAPL"] = prior_close
    world.broker.stock_moves("AAPL", prior_close)
    await world.settle()


def shares(world: World, quantity: int) -> None:
    world.broker.held[1] = BrokerPosition(
        account="DU1",
        symbol="AAPL",
        con_id=1,
        option=None,
        quantity=D(quantity),
        average_cost_usd=D(110),
    )


async def looked(world: World) -> None:
    """The broker tells of its positions, and two looks have been taken."""
    world.desk.on_broker_event(world.broker.held[bull_call().long.con_id])
    await world.until(world.clock.now() + timedelta(seconds=11))


def test_a_prior_close_that_halves_freezes_the_exits_and_restates_the_plan(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        before = position(world).plan
        await over_night(world, 52.0)
        frozen = position(world)
        assert frozen.frozen is not None and "restated by 0.5000" in frozen.frozen
        assert world.told("exits are FROZEN")[0][0] is Severity.CRITICAL
        await world.until(world.clock.now() + timedelta(minutes=2))
        assert len(world.broker.placed) == 1 and world.desk.unprotected() == 1
        with pytest.raises(UserError, match="are frozen"):
            await world.desk.close_position(frozen.position_id)
        await world.restart()
        assert position(world).frozen == frozen.frozen
        await world.desk.answers.thaw(frozen.position_id)
        plan = position(world).plan
        assert plan.stop == pytest.approx(before.stop / 2)
        assert plan.target == pytest.approx((before.target or 0) / 2)
        assert plan.atr == pytest.approx(before.atr / 2)
        assert world.desk.unprotected() == 0
        world.broker.stock_moves("AAPL", 49.0)
        await world.until(world.clock.now() + timedelta(seconds=10))
        assert world.desk.positions(open_only=False)[0].exit_reason == "STOP"

    in_world(tmp_path, "2023-11-07 15:30", story)


@pytest.mark.parametrize("prior_close", [99.0, 104.0, 109.1])
def test_a_prior_close_within_five_percent_freezes_nothing(
    tmp_path: Path, prior_close: float
) -> None:
    async def story(world: World) -> None:
        await opened(world)
        await over_night(world, prior_close)
        assert position(world).frozen is None

    in_world(tmp_path, INSIDE, story)


def test_a_close_that_was_not_seen_yesterday_judges_nothing(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        await world.until(eastern("2023-11-07 15:59:56"))
        await world.desk.stop()
        world.clock.advance(eastern("2023-11-09 09:40"))
        await world.make_desk().start()
        world.broker.prior_closes["AAPL"] = 52.0
        world.broker.stock_moves("AAPL", 104.0)
        await world.settle()
        assert position(world).frozen is None

    in_world(tmp_path, INSIDE, story)


def test_a_short_call_that_was_assigned_is_told_with_both_ways_out(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        spread = bull_call()
        world.broker.hold(spread.short, "DU1", 2)
        shares(world, -200)
        world.broker.stocks["AAPL"] = (111.99, 112.01)
        world.broker.options[spread.long.con_id] = (12.10, 12.30)
        await looked(world)
        frozen = position(world)
        assert frozen.frozen is not None and frozen.frozen.startswith("ASSIGNED: long leg 2")
        exercise, trade = world.desk.repairs(frozen.position_id)
        assert str(exercise) == "exercise 2 100 C against the 200 shares: +1,464 USD"
        assert str(trade) == "buy 200 AAPL and sell 2 100 C: +1,482 USD"
        assert len(world.broker.placed) == 1 and not world.told("CHANGED OUTSIDE")
        world.broker.hold(spread.long, "DU1", -2)
        await looked(world)
        assert world.desk.positions() == ()
        assert world.desk.positions(open_only=False)[0].exit_reason == "ASSIGNED"

    in_world(tmp_path, "2023-11-07 14:50", story)


def test_a_leg_sold_by_hand_breaks_the_spread(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        world.broker.hold(bull_call().long, "DU1", -1)
        await looked(world)
        frozen = position(world)
        assert frozen.frozen is not None and frozen.frozen.startswith(
            "BROKEN: long leg 1, short leg 2"
        )
        back, restore = world.desk.repairs(frozen.position_id)
        assert back.action == "buy 1 110 C back" and back.pnl_usd == D(-500)
        assert restore.action.startswith("buy 1 100 C") and restore.pnl_usd is not None
        assert len(world.broker.placed) == 1

    in_world(tmp_path, INSIDE, story)


def test_a_short_leg_bought_back_by_hand_leaves_the_long_one(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        world.broker.hold(bull_call().short, "DU1", 2)
        await looked(world)
        sell, restore = world.desk.repairs(position(world).position_id)
        assert sell.action == "sell 2 100 C" and sell.pnl_usd == D("984.00")
        assert restore.action.startswith("sell 2 110 C again")

    in_world(tmp_path, INSIDE, story)


def test_without_quotes_the_ways_out_are_still_told(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        world.broker.options[bull_call().long.con_id] = (-1.0, 0.0)
        world.broker.hold(bull_call().short, "DU1", 2)
        await looked(world)
        assert str(world.desk.repairs(position(world).position_id)[0]) == "sell 2 100 C: no quote"

    in_world(tmp_path, INSIDE, story)


def test_only_a_frozen_position_is_thawed(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        with pytest.raises(UserError, match="no frozen position"):
            await world.desk.answers.thaw(position(world).position_id)
        with pytest.raises(UserError, match="no frozen position"):
            await world.desk.answers.thaw("nothing")

    in_world(tmp_path, INSIDE, story)


LEG = bull_call().long


def held(**changes: object) -> tuple[BrokerPosition, ...]:
    option = replace(LEG, **changes)  # type: ignore[arg-type]
    return (
        BrokerPosition(
            account="DU1",
            symbol="AAPL",
            con_id=option.con_id,
            option=option,
            quantity=D(2),
            average_cost_usd=D(500),
        ),
    )


@pytest.mark.parametrize(
    ("positions", "told"),
    [
        (held(), None),
        (held(trading_class=""), None),
        (held(multiplier=50), "multiplier 50"),
        (held(trading_class="AAPL1"), "trading_class AAPL1"),
        (held(strike=D(50)), "strike 50"),
        (held(con_id=9, trading_class="AAPL1", multiplier=150), "AAPL1 100 C x150"),
        (held(con_id=9, strike=D(105)), None),
        ((), None),
    ],
)
def test_a_changed_contract_is_known_by_what_changed(
    positions: tuple[BrokerPosition, ...], told: str | None
) -> None:
    found = contract_change(LEG, positions)
    assert (found is None) == (told is None) and (told or "") in (found or "")


def test_a_changed_contract_freezes_the_exits(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        long = world.broker.held.pop(LEG.con_id)
        heir = replace(LEG, con_id=9, trading_class="AAPL1", multiplier=150)
        world.broker.held[9] = replace(long, con_id=9, option=heir)
        world.desk.on_broker_event(world.broker.held[9])
        await world.until(world.clock.now() + timedelta(seconds=11))
        assert "AAPL1" in (position(world).frozen or "")

    in_world(tmp_path, INSIDE, story)


def test_the_ways_out_are_priced_anew_when_the_trader_looks(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        spread = bull_call()
        world.broker.hold(spread.short, "DU1", 2)
        shares(world, -200)
        world.broker.options[spread.long.con_id] = (12.10, 12.30)
        await looked(world)
        frozen = position(world)
        world.broker.stocks["AAPL"] = (113.99, 114.01)
        _, trade = await world.desk.answers.repairs(frozen.position_id)
        assert trade == world.desk.repairs(frozen.position_id)[1]
        before, placed = trade.pnl_usd, len(world.broker.placed)
        world.broker.stocks["AAPL"] = (112.99, 113.01)
        _, again = await world.desk.answers.repairs(frozen.position_id)
        assert before is not None and again.pnl_usd == before + 200
        assert len(world.broker.placed) == placed

    in_world(tmp_path, INSIDE, story)


def test_legs_that_match_again_need_no_repair(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        world.broker.hold(bull_call().short, "DU1", 1)
        await looked(world)
        frozen = position(world)
        assert frozen.frozen is not None and world.desk.repairs(frozen.position_id)
        world.broker.hold(bull_call().long, "DU1", -1)
        assert await world.desk.answers.repairs(frozen.position_id) == ()
        assert world.desk.repairs(frozen.position_id) == ()

    in_world(tmp_path, INSIDE, story)


def test_a_position_whose_exits_run_has_no_repairs(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        with pytest.raises(UserError, match="no frozen position"):
            await world.desk.answers.repairs(position(world).position_id)

    in_world(tmp_path, INSIDE, story)
