"""Short puts that may be exercised early."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.desk import World, approve, eastern, in_world
from tests.helpers.trades import bear_put
from vst_desktop.domain.alerts import Severity
from vst_desktop.strategy.exit import early_put_pays


@pytest.mark.parametrize(
    ("spot", "put_price", "years", "pays"),
    [
        (80.0, 20.10, 0.1, True),  # 0.10 left, 0.40 of interest
        (80.0, 20.39, 0.1, True),
        (80.0, 20.41, 0.1, False),
        (80.0, 20.10, 0.01, False),
        (100.0, 0.01, 0.1, False),  # at the money nobody exercises
        (101.0, 0.01, 0.1, False),
    ],
)
def test_a_put_is_exercised_for_the_interest_on_its_strike(
    spot: float, put_price: float, years: float, pays: bool
) -> None:
    assert (
        early_put_pays(spot=spot, strike=100.0, put_price=put_price, rate=0.04, years=years) is pays
    )


@pytest.mark.parametrize(("short_put", "warned"), [((20.02, 20.06), True), ((21.5, 21.7), False)])
def test_a_held_bear_put_is_looked_at_an_hour_before_the_close(
    tmp_path: Path, short_put: tuple[float, float], warned: bool
) -> None:
    async def story(world: World) -> None:
        spread = bear_put()
        world.quote(spread, "2.68", "2.60")
        await approve(world, spread=spread)
        await world.settle()
        assert len(world.desk.positions()) == 1
        world.broker.stocks["AAPL"] = (79.99, 80.01)
        world.broker.options[spread.short.con_id] = short_put
        await world.until(eastern("2023-11-08 14:59"))
        assert not world.told("may be exercised")
        await world.until(eastern("2023-11-08 15:01"))
        assert [a[0] for a in world.told("may be exercised")] == [Severity.WARNING] * warned
        assert len(world.broker.placed) == 1

    in_world(tmp_path, "2023-11-07 15:30", story)
