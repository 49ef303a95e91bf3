"""Bull calls are closed before an ex-date when their short call is likely to be exercised."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tests.helpers.desk import INSIDE, World, approve, eastern, in_world, opened
from tests.helpers.trades import EXITS, bear_put, bull_call
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.events import CorporateEvent, EventKind, SymbolEvents
from vst_desktop.ports.store import PositionRecord

EX_DATE = date(2023, 11, 15)


class Told:
    """What is known of dividends; the test changes it."""

    def __init__(self, usd: str | None = "0.50", day: date = EX_DATE) -> None:
        amount = None if usd is None else Decimal(usd)
        self.next: CorporateEvent | None = CorporateEvent(
            kind=EventKind.EX_DIVIDEND, day=day, amount_usd=amount
        )

    def __call__(self, symbol: str) -> SymbolEvents:
        known = (self.next,) if self.next is not None and symbol == "AAPL" else ()
        return SymbolEvents(symbol=symbol, events=known)


def at_risk(world: World, *, spot: float = 112.0, short: float = 2.40) -> None:
    """110 calls in the money; how much more they cost than exercise brings is the test's."""
    spread = bull_call()
    world.broker.stocks["AAPL"] = (spot - 0.01, spot + 0.01)
    world.broker.options[spread.long.con_id] = (12.05, 12.15)
    world.broker.options[spread.short.con_id] = (short - 0.05, short + 0.05)


def position(world: World) -> PositionRecord:
    (found,) = world.desk.positions(open_only=False)
    return found


def test_a_call_worth_little_more_than_exercise_is_closed_on_the_eve(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        at_risk(world)
        await world.until(eastern("2023-11-14 14:59:59"))
        assert position(world).closed_at is None
        await world.until(eastern("2023-11-14 15:00"))
        assert position(world).exit_reason == "EX_DIV"

    in_world(tmp_path, INSIDE, story, events=Told())


def test_enough_extrinsic_value_keeps_it_and_a_loss_of_it_in_the_last_hour_closes_it(
    tmp_path: Path,
) -> None:
    async def story(world: World) -> None:
        await opened(world)
        at_risk(world, short=2.60)  # 0.60 above exercise, 1.1 times the dividend is 0.55
        await world.until(eastern("2023-11-14 15:10"))
        assert position(world).closed_at is None
        at_risk(world, short=2.50)
        await world.until(eastern("2023-11-14 15:11"))
        assert position(world).exit_reason == "EX_DIV"

    in_world(tmp_path, INSIDE, story, events=Told())


def test_a_call_far_out_of_the_money_is_kept(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        at_risk(world, spot=108.8, short=0.2)
        await world.until(eastern("2023-11-15 16:30"))
        assert position(world).closed_at is None

    in_world(tmp_path, INSIDE, story, events=Told())


def test_a_bear_put_has_nothing_to_fear(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        spread = bear_put()
        world.quote(spread, "2.68", "2.60")
        await approve(world, spread=spread)
        await world.settle()
        assert position(world).closed_at is None
        at_risk(world)
        world.broker.options[spread.short.con_id] = (0.01, 0.02)
        await world.until(eastern("2023-11-15 16:30"))
        assert position(world).closed_at is None

    in_world(tmp_path, INSIDE, story, events=Told())


def test_a_dividend_that_becomes_known_later_counts(tmp_path: Path) -> None:
    told = Told()
    known, told.next = told.next, None

    async def story(world: World) -> None:
        await opened(world)
        at_risk(world)
        await world.until(eastern("2023-11-13 16:30"))
        told.next = known
        await world.until(eastern("2023-11-14 15:00"))
        assert position(world).exit_reason == "EX_DIV"

    in_world(tmp_path, INSIDE, story, events=told)


def test_on_a_half_day_the_hour_is_the_one_before_the_early_close(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        at_risk(world)
        await world.until(eastern("2023-11-24 11:59:59"))
        assert position(world).closed_at is None
        await world.until(eastern("2023-11-24 12:00"))
        assert position(world).exit_reason == "EX_DIV"

    in_world(tmp_path, INSIDE, story, events=Told(day=date(2023, 11, 27)))


def test_quotes_that_do_not_come_are_asked_for_again(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        at_risk(world)
        good = world.broker.options[bull_call().short.con_id]
        world.broker.options[bull_call().short.con_id] = (0.0, 5.0)
        await world.until(eastern("2023-11-14 15:05"))
        assert position(world).closed_at is None
        world.broker.options[bull_call().short.con_id] = good
        await world.until(eastern("2023-11-14 15:06"))
        assert position(world).exit_reason == "EX_DIV"

    in_world(tmp_path, INSIDE, story, events=Told())


def test_an_unknown_amount_is_an_alert_and_closes_nothing(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        at_risk(world)
        await world.until(eastern("2023-11-15 16:30"))
        assert position(world).closed_at is None
        (alert,) = world.told("ex-dividend on 2023-11-15")
        assert alert[0] is Severity.HIGH
        assert "amount unknown" in alert[1]
        assert "events file" in alert[2]

    in_world(tmp_path, INSIDE, story, events=Told(usd=None))


@pytest.mark.parametrize("on", [True, False])
def test_the_setting_switches_it_off(tmp_path: Path, on: bool) -> None:
    async def story(world: World) -> None:
        await opened(world)
        at_risk(world)
        await world.until(eastern("2023-11-14 15:30"))
        assert (position(world).closed_at is not None) is on

    exits = replace(EXITS, close_before_ex_dividend=on)
    in_world(tmp_path, INSIDE, story, events=Told(), exits=exits)


def test_a_restart_on_the_eve_still_closes_it(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world)
        await world.until(eastern("2023-11-14 15:20"))
        assert position(world).closed_at is None
        await world.restart()
        at_risk(world)
        await world.until(eastern("2023-11-14 15:22"))
        assert position(world).exit_reason == "EX_DIV"

    in_world(tmp_path, INSIDE, story, events=Told())
