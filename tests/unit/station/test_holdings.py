"""What the confirmation of a close says is sent."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from vst_desktop.domain.orders import Mode
from vst_desktop.domain.spreads import SpreadMarket
from vst_desktop.runtime.settings import ExecutionSettings
from vst_desktop.station.holdings import close_by

RULES = ExecutionSettings()
LADDER = "4 steps of 20 s"


def market(natural: str, close: str) -> SpreadMarket:
    return SpreadMarket(
        natural=Decimal(natural), close=Decimal(close), time=datetime(2017, 11, 17, tzinfo=UTC)
    )


@pytest.mark.parametrize("mode", [Mode.DEMO, Mode.PAPER])
def test_demo_and_paper_close_by_a_market_order(mode: Mode) -> None:
    assert close_by(mode, RULES, market("1.00", "0.90")) == "a market order"


def test_live_closes_by_the_ladder_from_its_first_price_down_to_the_best_close() -> None:
    told = close_by(Mode.LIVE, RULES, market("1.00", "0.90"))
    assert told == f"a limit order from about 0.96 down to 0.90 in {LADDER}"


@pytest.mark.parametrize("quotes", [None, market("0.90", "1.00")])
def test_live_says_when_there_is_no_price_to_begin_at(quotes: SpreadMarket | None) -> None:
    told = close_by(Mode.LIVE, RULES, quotes)
    assert told == f"a limit order in {LADDER}; there are no quotes to price it by now"
