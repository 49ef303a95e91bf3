"""Positions are closed before earnings, as far as the policy says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Literal

import pytest

from tests.helpers.desk import INSIDE, World, eastern, in_world, opened
from tests.helpers.trades import EXITS
from vst_desktop.domain.events import CorporateEvent, EventKind, EventTime, SymbolEvents
from vst_desktop.options.events import earnings_before

TUESDAY, WEDNESDAY = date(2023, 11, 14), date(2023, 11, 15)
FRIDAY, MONDAY = date(2023, 11, 17), date(2023, 11, 20)


def known(day: date, time: EventTime | None) -> Callable[[str], SymbolEvents]:
    event = CorporateEvent(kind=EventKind.EARNINGS, day=day, time=time)
    return lambda symbol: SymbolEvents(symbol=symbol, events=(event,))


@pytest.mark.parametrize(
    ("day", "time", "closed_on"),
    [
        (WEDNESDAY, EventTime.BEFORE_OPEN, "2023-11-14"),
        (WEDNESDAY, None, "2023-11-14"),
        (WEDNESDAY, EventTime.AFTER_CLOSE, "2023-11-15"),
        (MONDAY, EventTime.BEFORE_OPEN, "2023-11-17"),
        (date(2023, 11, 18), None, "2023-11-17"),
    ],
)
def test_a_position_is_closed_in_the_last_hour_before_earnings(
    tmp_path: Path, day: date, time: EventTime | None, closed_on: str
) -> None:
    async def story(world: World) -> None:
        await opened(world)
        await world.until(eastern(f"{closed_on} 14:59:59"))
        assert world.desk.positions()
        await world.until(eastern(f"{closed_on} 15:01"))
        (position,) = world.desk.positions(open_only=False)
        assert position.exit_reason == "EARNINGS"
        assert position.closed_at is not None

    in_world(tmp_path, INSIDE, story, events=known(day, time))


@pytest.mark.parametrize("policy", ["warn", "allow"])
def test_a_policy_that_keeps_it_tells_it_once_or_not_at_all(
    tmp_path: Path, policy: Literal["warn", "allow"]
) -> None:
    async def story(world: World) -> None:
        await opened(world)
        await world.until(eastern("2023-11-16 12:00"))
        assert world.desk.positions()
        told = world.told("earnings on")
        assert len(told) == (policy == "warn")

    exits = replace(EXITS, earnings_policy=policy)
    in_world(tmp_path, INSIDE, story, events=known(WEDNESDAY, None), exits=exits)


def test_the_first_earnings_between_the_two_closes_count() -> None:
    later = CorporateEvent(kind=EventKind.EARNINGS, day=WEDNESDAY, time=EventTime.BEFORE_OPEN)
    told = replace(later, day=TUESDAY)
    events = SymbolEvents(symbol="AAPL", events=(later, told))
    assert earnings_before(events, TUESDAY, WEDNESDAY) == later
    assert earnings_before(events, date(2023, 11, 13), TUESDAY) == told
    assert earnings_before(events, WEDNESDAY, date(2023, 11, 16)) is None
