"""A closing order while it works: urgency, warnings, worthless spreads, hands at TWS."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from tests.helpers.desk import INSIDE, World, eastern, in_world, opened, the
from tests.helpers.trades import bull_call
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.orders import Mode, OrderState, Purpose
from vst_desktop.ports.store import IntentRecord
from vst_desktop.strategy.exit import ExitReason

LIVE = {"account": "U1", "allowed_accounts": ("U1",)}


async def held_live(world: World) -> str:
    """A LIVE position whose closes find no buyer."""
    await world.desk.arm("U1")
    world.quote(bull_call(), "2.60", "2.60")
    await opened(world, mode=Mode.LIVE, account="U1", natural="2.60", close="2.60")
    world.broker.behaviour.fill = "none"
    world.quote(bull_call(), "3.00", "2.00")
    return world.desk.positions()[0].position_id


def exits(world: World) -> list[IntentRecord]:
    return [i for i in world.desk.intents() if i.purpose is Purpose.EXIT]


def limits(world: World) -> list[str]:
    return [str(ticket.limit_price) for _, ticket in world.broker.modified]


async def hand_closes(world: World, spreads: int) -> None:
    """Somebody sells spreads in TWS, which tells its clients of the legs."""
    spread = bull_call()
    account = world.broker.snapshot.account
    world.broker.hold(spread.long, account, -spreads)
    world.broker.hold(spread.short, account, spreads)
    world.desk.on_broker_event(world.broker.held[spread.long.con_id])
    await world.settle()


def test_a_stop_makes_the_patient_exit_under_way_urgent(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        position = await held_live(world)
        await world.desk.close_position(position, ExitReason.TIME)
        await world.settle()
        start = world.clock.now()
        assert world.broker.placed[-1].limit_price == Decimal("2.60")
        world.broker.stock_moves("AAPL", 99.0)
        await world.until(start + timedelta(seconds=10))
        assert len(world.broker.placed) == 2 and limits(world) == ["2.30"]
        await world.until(start + timedelta(seconds=30))
        assert limits(world) == ["2.30", "2.15", "2.00"]
        (order,) = exits(world)
        assert order.exit_reason == "STOP" and order.state is OrderState.WORKING
        ((severity, _, details),) = world.told("EXIT URGENT")
        assert (severity, details) == (Severity.INFO, "STOP, was TIME")
        world.broker.fill(2, 2, price=Decimal("2.00"))
        await world.settle()
        assert world.desk.positions(open_only=False)[0].exit_reason == "STOP"

    in_world(tmp_path, INSIDE, story, **LIVE)  # type: ignore[arg-type]


def test_an_urgent_exit_is_not_slowed_by_a_patient_reason(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        position = await held_live(world)
        await world.desk.close_position(position, ExitReason.STOP)
        await world.settle()
        world.broker.stock_moves("AAPL", 120.0)
        await world.until(world.clock.now() + timedelta(seconds=12))
        assert exits(world)[0].exit_reason == "STOP"

    in_world(tmp_path, INSIDE, story, **LIVE)  # type: ignore[arg-type]


def test_an_exit_unfilled_ten_minutes_before_the_close_is_critical(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        position = await held_live(world)
        await world.desk.close_position(position)
        await world.until(eastern("2023-11-07 15:49:59"))
        assert [a[0] for a in world.told("EXIT UNFILLED")] == [Severity.HIGH]
        await world.until(eastern("2023-11-07 15:50"))
        assert [a[0] for a in world.told("EXIT UNFILLED")] == [Severity.HIGH, Severity.CRITICAL]
        assert exits(world)[0].state is OrderState.WORKING and not world.broker.cancelled

    in_world(tmp_path, INSIDE, story, **LIVE)  # type: ignore[arg-type]


def test_a_worthless_spread_rests_at_one_tick_and_asks_once(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        position = await held_live(world)
        long, short = bull_call().long, bull_call().short
        world.broker.options[long.con_id] = (0.0, 0.05)
        world.broker.options[short.con_id] = (0.0, 0.05)
        await world.desk.close_position(position, ExitReason.STOP)
        await world.until(world.clock.now() + timedelta(seconds=120))
        asked = [world.broker.placed[-1], *(ticket for _, ticket in world.broker.modified)]
        assert {ticket.limit_price for ticket in asked} == {Decimal("0.01")}
        assert len(world.told("WORTHLESS")) == 1

    in_world(tmp_path, INSIDE, story, **LIVE)  # type: ignore[arg-type]


def test_a_leg_that_nobody_asks_for_holds_the_exit_back_with_a_sentence(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        position = await held_live(world)
        world.broker.options[bull_call().short.con_id] = (0.0, 0.0)
        world.broker.stock_moves("AAPL", 99.0)
        await world.until(world.clock.now() + timedelta(seconds=10))
        assert world.told("could not be sent")[0][0] is Severity.HIGH
        assert world.desk.positions()[0].position_id == position

    in_world(tmp_path, INSIDE, story, **LIVE)  # type: ignore[arg-type]


def test_a_spread_closed_by_hand_while_our_exit_works_is_not_sold_again(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        position = await held_live(world)
        await world.desk.close_position(position)
        await world.settle()
        await hand_closes(world, 2)
        await world.until(world.clock.now() + timedelta(seconds=2))
        assert world.broker.cancelled == [2]
        assert len(world.broker.placed) == 2
        assert world.desk.positions() == ()
        assert world.desk.positions(open_only=False)[0].exit_reason == "OUTSIDE"

    in_world(tmp_path, INSIDE, story, **LIVE)  # type: ignore[arg-type]


def test_half_closed_by_hand_the_exit_goes_on_with_the_rest(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        position = await held_live(world)
        await world.desk.close_position(position)
        await world.settle()
        await hand_closes(world, 1)
        await world.until(world.clock.now() + timedelta(seconds=2))
        assert world.broker.cancelled == [2]
        assert [t.quantity for t in world.broker.placed] == [2, 2, 1]
        assert exits(world)[-1].exit_reason == "MANUAL"

    in_world(tmp_path, INSIDE, story, **LIVE)  # type: ignore[arg-type]


def test_an_exit_that_fills_partly_is_left_alone(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        position = await held_live(world)
        await world.desk.close_position(position)
        await world.settle()
        world.broker.fill(2, 1, price=Decimal("2.60"))
        world.desk.on_broker_event(world.broker.held[bull_call().long.con_id])
        await world.until(world.clock.now() + timedelta(seconds=10))
        assert world.broker.cancelled == [] and not world.told("CHANGED OUTSIDE")

    in_world(tmp_path, INSIDE, story, **LIVE)  # type: ignore[arg-type]


def test_an_exit_whose_fate_is_unknown_keeps_its_reason(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        world.broker.behaviour.answer = "silent"
        world.broker.behaviour.fill = "none"
        await world.desk.close_position(world.desk.positions()[0].position_id, ExitReason.STOP)
        await world.settle()
        order = exits(world)[0]
        assert order.state is OrderState.UNKNOWN and order.exit_reason == "STOP"
        world.broker.fill(2, 2)
        await world.settle()
        assert the(world, order).state is OrderState.FILLED
        assert world.desk.positions(open_only=False)[0].exit_reason == "STOP"

    in_world(tmp_path, INSIDE, story)


def test_a_wide_market_warns_and_does_not_block_the_exit(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        position = await held_live(world)
        world.broker.quote_age_secs = 12.0
        await world.desk.close_position(position)
        await world.settle()
        (severity, _, details) = world.told("Trade EXIT:")[0]
        assert severity is Severity.WARNING
        assert details == "MANUAL; quotes are 12 s old, the market is 40% wide"
        assert len(world.broker.placed) == 2

    in_world(tmp_path, INSIDE, story, **LIVE)  # type: ignore[arg-type]


def test_too_many_changes_of_price_are_told_once(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        position = await held_live(world)
        await world.desk.close_position(position)
        for number in range(60):
            world.quote(bull_call(), "3.00", f"{2.10 if number % 2 else 2.40:.2f}", spot=104.0)
            await world.until(world.clock.now() + timedelta(seconds=20))
        assert world.desk.counts().efficiency > 20
        assert [a[0] for a in world.told("Order efficiency")] == [Severity.WARNING]

    in_world(tmp_path, "2023-11-07 15:20", story, **LIVE)  # type: ignore[arg-type]
