"""The queue's forecast and its rehearsal ten minutes before the window."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.desk import BEFORE, World, approve, eastern, in_world, states
from tests.helpers.trades import bull_call
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import Mode, OrderState

REHEARSAL = eastern("2023-11-07 14:35")


def refusals(world: World) -> list[str | None]:
    return [f.refusal for f in world.desk.forecast(world.broker.snapshot)]


def test_the_rehearsal_runs_ten_minutes_before_the_window_and_sends_nothing(
    tmp_path: Path,
) -> None:
    async def story(world: World) -> None:
        intent = await approve(world)
        await world.until(eastern("2023-11-07 14:34:59"))
        assert world.desk.rehearsed(intent.intent_id) is None
        await world.until(REHEARSAL)
        told = world.desk.rehearsed(intent.intent_id)
        assert told is not None and told.refusal is None and told.time == REHEARSAL
        assert told.cost == "x2 at market, margin 536.00, commission 2.60 USD"
        assert told.moved == "debit 2.68 then, 2.68 now, AAPL 104.00 then, 104.00 now"
        assert world.told("1 of 1 orders would go")[0][0] is Severity.INFO
        assert world.broker.placed == [] and states(world) == [OrderState.QUEUED]

    in_world(tmp_path, BEFORE, story)


def test_the_rehearsal_shows_the_brokers_refusal_before_the_time_to_act(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        async def no_permission(ticket: Any) -> Any:
            raise UserError("201 no trading permission for combos")

        await approve(world, "AAPL")
        await approve(world, "MSFT")
        preview = world.broker.preview

        async def by_symbol(ticket: Any) -> Any:
            refused = ticket.spread.symbol == "AAPL"
            return await (no_permission if refused else preview)(ticket)

        world.broker.preview = by_symbol  # type: ignore[method-assign]
        await world.until(REHEARSAL)
        (severity, _, details) = world.told("1 of 2 orders would go")[0]
        assert severity is Severity.WARNING
        assert "AAPL: IBKR would refuse: 201 no trading permission" in details
        assert "MSFT: would go" in details
        assert refusals(world) == ["IBKR would refuse: 201 no trading permission for combos", None]

    in_world(tmp_path, BEFORE, story)


def test_the_rehearsal_checks_bounds_and_the_gate(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await approve(world)
        world.quote(bull_call(), "2.90", "2.80")
        await world.until(REHEARSAL)
        told = world.desk.rehearsed(intent.intent_id)
        assert told is not None and told.refusal is not None
        assert "the debit passed its bound" in told.refusal
        assert told.moved.startswith("debit 2.68 then, 2.90 now")

    in_world(tmp_path, BEFORE, story)


def test_a_silent_broker_is_no_permission(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        async def silent(ticket: Any) -> Any:
            raise TimeoutError

        world.broker.preview = silent  # type: ignore[method-assign]
        intent = await approve(world)
        await world.until(REHEARSAL)
        told = world.desk.rehearsed(intent.intent_id)
        assert told is not None and told.refusal == "the broker did not answer the what-if"

    in_world(tmp_path, BEFORE, story)


def test_what_is_approved_after_the_rehearsal_is_rehearsed_at_once(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await approve(world)
        await world.settle()
        assert world.desk.rehearsed(intent.intent_id) is not None

    in_world(tmp_path, "2023-11-07 14:40", story)


def test_a_live_order_is_rehearsed_at_its_first_limit(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.desk.arm("U1")
        intent = await approve(world, mode=Mode.LIVE, account="U1")
        await world.until(REHEARSAL)
        told = world.desk.rehearsed(intent.intent_id)
        assert told is not None and told.cost.startswith("x2 at 2.63,")

    in_world(tmp_path, BEFORE, story, account="U1", allowed_accounts=("U1",))


def test_the_forecast_names_who_goes_and_who_is_stopped_by_which_limit(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        for symbol in ("AAPL", "MSFT", "NFLX"):
            await approve(world, symbol)
        assert refusals(world) == [None, None, None]
        assert [f.place for f in world.desk.forecast(world.broker.snapshot)] == [1, 2, 3]
        poorer = replace(world.broker.snapshot, available_funds_usd=Decimal(1200))
        first, second, third = [f.refusal for f in world.desk.forecast(poorer)]
        assert first is None and second is None
        assert third is not None and "available funds" in third

    in_world(tmp_path, BEFORE, story)


def test_a_refused_order_leaves_its_room_to_those_behind_it(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        for symbol in ("AAPL", "MSFT", "NFLX"):
            await approve(world, symbol)
        world.quote(bull_call("AAPL"), "2.90", "2.80")
        await world.until(REHEARSAL)
        poorer = replace(world.broker.snapshot, available_funds_usd=Decimal(1200))
        first, second, third = [f.refusal for f in world.desk.forecast(poorer)]
        assert first is not None and "bound" in first
        assert second is None and third is None

    in_world(tmp_path, BEFORE, story)


def test_the_forecast_tells_of_switches_and_held_approvals(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await approve(world)
        await world.restart()
        assert refusals(world) == ["held until it is released"]
        world.quote(bull_call(), "2.75", "2.65", spot=104.5)
        await world.restart()
        await world.desk.release(intent.intent_id)
        assert world.told("Trade RELEASED")[0][2] == (
            "debit 2.68 then, 2.75 now, AAPL 104.00 then, 104.50 now"
        )
        await world.desk.kill("panic")
        assert refusals(world) == []

    in_world(tmp_path, BEFORE, story)


@pytest.mark.parametrize("lost", ["2023-11-07 14:34", "2023-11-07 14:44"])
def test_without_the_broker_the_rehearsal_says_so(tmp_path: Path, lost: str) -> None:
    async def story(world: World) -> None:
        from vst_desktop.ports.broker import ConnectionState

        intent = await approve(world)
        await world.until(eastern(lost))
        world.broker.connection(ConnectionState.DISCONNECTED)
        await world.until(eastern("2023-11-07 14:44:30"))
        assert refusals(world)[0] is not None
        told = world.desk.rehearsed(intent.intent_id)
        assert told is not None
        assert (told.refusal is None) == (lost.endswith("14:44"))

    in_world(tmp_path, BEFORE, story)
