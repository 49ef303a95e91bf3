"""The daily loss halts entries on two readings, until the next session."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.helpers.desk import BEFORE, World, approve, eastern, in_world, opened, states
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.orders import OrderState
from vst_desktop.execution.switches import EntryDeniedError
from vst_desktop.ports.broker import AccountChanged
from vst_desktop.risk.limits import Denial, DenialCode


def lost(world: World, usd: str) -> None:
    """The broker tells the day's profit and loss."""
    world.broker.snapshot = replace(world.broker.snapshot, day_pnl_usd=Decimal(usd))
    world.desk.on_broker_event(AccountChanged(account=world.broker.snapshot))


def halt(world: World) -> Denial | None:
    return world.desk.day_halt


async def after(world: World, secs: float) -> None:
    await world.until(world.clock.now() + timedelta(seconds=secs))


async def halted(world: World, usd: str = "-6000") -> None:
    lost(world, usd)
    await after(world, 30)


def test_one_bad_reading_halts_nothing(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        lost(world, "-9000")
        assert halt(world) is None
        await after(world, 10)
        lost(world, "-100")
        await after(world, 60)
        assert halt(world) is None
        await approve(world)

    in_world(tmp_path, BEFORE, story)


def test_two_readings_half_a_minute_apart_halt_entries_and_say_so(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        lost(world, "-6000")
        await after(world, 29)
        assert halt(world) is None
        await after(world, 1)
        assert halt(world) is not None
        with pytest.raises(EntryDeniedError) as denied:
            await approve(world)
        denial = denied.value.denial
        assert (denial.code, denial.limit, denial.value) == (
            DenialCode.DAILY_LOSS,
            "6000.00",
            "6000.00",
        )
        assert world.told("DAILY LOSS STOPPED")[0][0] is Severity.CRITICAL

    in_world(tmp_path, BEFORE, story)


def test_a_loss_just_within_its_limit_halts_nothing(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await halted(world, "-5999.99")
        assert halt(world) is None

    in_world(tmp_path, BEFORE, story)


def test_the_halt_holds_when_the_account_recovers_and_after_a_restart(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await halted(world)
        lost(world, "500")
        await world.restart()
        told = halt(world)
        assert told is not None and told.value == "6000.00"

    in_world(tmp_path, BEFORE, story)


def test_the_halt_ends_with_its_session(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await halted(world)
        lost(world, "0")
        await world.until(eastern("2023-11-07 23:59"))
        assert halt(world) is not None
        await world.until(eastern("2023-11-08 00:00"))
        assert halt(world) is None
        await approve(world)

    in_world(tmp_path, BEFORE, story)


def test_readings_before_five_past_the_open_do_not_count(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        lost(world, "-9000")
        await world.until(eastern("2023-11-07 09:34:45"))
        lost(world, "-9000")
        await after(world, 40)
        assert halt(world) is None
        await halted(world, "-9000")
        assert halt(world) is not None

    in_world(tmp_path, "2023-11-07 09:31", story)


def test_a_queued_order_is_denied_and_exits_go_on(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world, "AAPL")
        await halted(world)
        await world.desk.close_position(world.desk.positions()[0].position_id)
        await world.settle()
        assert world.desk.positions() == ()

    in_world(tmp_path, "2023-11-07 15:30", story)


def test_what_waits_is_denied_when_its_window_opens(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await approve(world)
        await halted(world)
        await world.until(eastern("2023-11-07 14:45"))
        assert states(world) == [OrderState.DENIED] and world.broker.placed == []

    in_world(tmp_path, BEFORE, story)
