"""Bounds of one approval, tightened by the trader: kept, checked at the send, never looser."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.desk import BEFORE, INSIDE, World, approve, eastern, in_world, the
from tests.helpers.trades import bull_call, candidate
from vst_desktop.domain.bounds import Bounds
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import Mode, OrderState
from vst_desktop.execution.bounds import check_bounds
from vst_desktop.execution.schedule import EntryWindow
from vst_desktop.ports.store import IntentRecord

OPENS, CLOSES = eastern("2023-11-07 14:45"), eastern("2023-11-07 15:55")
WINDOW = EntryWindow(session=OPENS.date(), opens=OPENS, closes=CLOSES, cancel_at=CLOSES)


async def bounded(world: World, bounds: Bounds, mode: Mode = Mode.DEMO) -> IntentRecord:
    account = "U1" if mode is Mode.LIVE else "DU1"
    return await world.desk.approve(candidate("AAPL"), mode=mode, account=account, bounds=bounds)


def test_without_any_they_are_the_settings(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await bounded(world, Bounds())
        assert (intent.max_debit, intent.max_drift_usd) == (Decimal("2.73"), None)
        assert intent.expires_at == CLOSES

    in_world(tmp_path, BEFORE, story)


def test_a_debit_above_its_tighter_bound_sends_nothing(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await bounded(world, Bounds(max_debit=Decimal("2.69")))
        assert intent.max_debit == Decimal("2.69")
        world.quote(bull_call(), "2.71", "2.60")
        await world.until(OPENS)
        assert the(world, intent).state is OrderState.DENIED
        assert "the debit passed its bound" in str(the(world, intent).reason)
        assert world.broker.placed == []

    in_world(tmp_path, BEFORE, story)


def test_a_lower_debit_is_waited_for_until_the_window(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await bounded(world, Bounds(max_debit=Decimal("2.50")))
        world.quote(bull_call(), "2.48", "2.40")
        await world.until(OPENS)
        assert the(world, intent).state is OrderState.FILLED

    in_world(tmp_path, BEFORE, story)


def test_live_never_bids_above_it(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.desk.arm("U1")
        world.broker.behaviour.fill = "none"
        await bounded(world, Bounds(max_debit=Decimal("2.64")), Mode.LIVE)
        await world.until(eastern("2023-11-07 15:32"))
        prices = [t.limit_price for t in world.broker.placed]
        prices += [ticket.limit_price for _, ticket in world.broker.modified]
        assert prices and max(p for p in prices if p is not None) == Decimal("2.64")

    in_world(tmp_path, INSIDE, story, account="U1", allowed_accounts=("U1",))


def test_the_underlying_may_move_no_farther(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await bounded(world, Bounds(max_drift_atr=0.1))
        assert intent.max_drift_usd == pytest.approx(0.2)
        world.quote(bull_call(), "2.68", "2.60", spot=104.5)
        await world.until(OPENS)
        assert the(world, intent).state is OrderState.DENIED
        assert "moved too far" in str(the(world, intent).reason)

    in_world(tmp_path, BEFORE, story)


def test_it_ends_when_the_trader_says(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await bounded(world, Bounds(until=eastern("2023-11-07 15:00")))
        await world.desk.hold()
        await world.until(eastern("2023-11-07 14:59:59"))
        assert the(world, intent).state is OrderState.HELD
        await world.until(eastern("2023-11-07 15:00"))
        assert the(world, intent).state is OrderState.EXPIRED
        assert "that the trader set" in str(the(world, intent).reason)

    in_world(tmp_path, BEFORE, story)


def test_bounds_and_end_survive_a_restart(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        bounds = Bounds(
            max_debit=Decimal("2.70"), max_drift_atr=0.2, until=eastern("2023-11-07 15:00")
        )
        intent = await bounded(world, bounds)
        await world.restart()
        kept = the(world, intent)
        assert (kept.max_debit, kept.max_drift_usd) == (Decimal("2.70"), pytest.approx(0.4))
        await world.until(eastern("2023-11-07 15:00"))
        assert the(world, intent).state is OrderState.EXPIRED

    in_world(tmp_path, BEFORE, story)


@pytest.mark.parametrize(
    ("bounds", "told"),
    [
        (Bounds(max_debit=Decimal("NaN")), "is no price"),
        (Bounds(max_debit=Decimal("-1")), "is no price"),
        (Bounds(max_debit=Decimal("2.705")), "price step"),
        (Bounds(max_drift_atr=0.6), "can only be tighter"),
        (Bounds(max_drift_atr=0.0), "can only be tighter"),
        (Bounds(until=eastern("2023-11-07 14:45")), "not within its entry window"),
        (Bounds(until=eastern("2023-11-07 15:56")), "not within its entry window"),
    ],
)
def test_what_cannot_be_is_refused_and_reserves_nothing(
    tmp_path: Path, bounds: Bounds, told: str
) -> None:
    async def story(world: World) -> None:
        with pytest.raises(UserError, match=told):
            await bounded(world, bounds)
        assert world.desk.intents() == () and world.desk.reserved_usd() == 0

    in_world(tmp_path, BEFORE, story)


def test_a_looser_debit_is_the_settings_bound(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        intent = await bounded(world, Bounds(max_debit=Decimal("3.50")))
        assert intent.max_debit == Decimal("2.73")
        other = await approve(world, "MSFT")
        assert other.max_drift_usd is None

    in_world(tmp_path, BEFORE, story)


@given(
    drift=st.none() | st.floats(),
    minutes=st.none() | st.integers(-600, 600),
    now=st.integers(-200, 69),
)
def test_bounds_that_pass_lie_within_the_settings(
    drift: float | None, minutes: int | None, now: int
) -> None:
    at = OPENS + timedelta(minutes=now)
    until = None if minutes is None else OPENS + timedelta(minutes=minutes)
    bounds = Bounds(max_drift_atr=drift, until=until)
    try:
        check_bounds(bounds, max_drift_atr=0.5, window=WINDOW, now=at)
    except UserError:
        return
    assert drift is None or 0 < drift <= 0.5
    assert until is None or at < until <= CLOSES
