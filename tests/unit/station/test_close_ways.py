"""What each way to close a position sends."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from vst_desktop.domain.orders import ClosePace, Mode
from vst_desktop.domain.spreads import SpreadMarket
from vst_desktop.runtime.settings import ExecutionSettings
from vst_desktop.station.close_ways import close_ways

RULES = ExecutionSettings()
LADDER = "a limit order that goes down to what is paid in 4 steps of 20 s"


def market(natural: str, close: str) -> SpreadMarket:
    return SpreadMarket(
        natural=Decimal(natural), close=Decimal(close), time=datetime(2017, 11, 17, tzinfo=UTC)
    )


@pytest.mark.parametrize("mode", [Mode.DEMO, Mode.PAPER])
def test_demo_and_paper_close_now_by_a_market_order(mode: Mode) -> None:
    first, second = close_ways(mode, RULES, market("1.00", "0.90"))
    assert (first.pace, second.pace) == (ClosePace.NOW, ClosePace.LADDER)
    assert (first.sends, first.prices) == ("a market order", (Decimal("0.90"),))
    assert second.sends == LADDER


def test_live_closes_by_the_ladder_unless_it_is_told_to_close_now() -> None:
    first, second = close_ways(Mode.LIVE, RULES, market("1.00", "0.90"))
    assert (first.pace, second.pace) == (ClosePace.LADDER, ClosePace.NOW)
    assert [str(price) for price in first.prices] == ["0.96", "0.95", "0.93", "0.92", "0.90"]
    assert second.prices == (Decimal("0.90"),)
    assert "limit" in second.sends and "market" not in second.sends


def test_a_worthless_spread_asks_for_a_tick_at_least() -> None:
    for way in close_ways(Mode.LIVE, RULES, market("0.04", "-0.10")):
        assert way.prices[-1] == Decimal("0.01")


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("quotes", [None, market("0.90", "1.00")])
def test_without_quotes_no_price_is_named(mode: Mode, quotes: SpreadMarket | None) -> None:
    for way in close_ways(mode, RULES, quotes):
        assert way.sends and way.prices == ()
