"""Greeks of held legs: the broker's first, own ones kept for a while."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.helpers.trades import bull_call
from vst_desktop.domain.quotes import OptionContract, OptionQuote, Quote
from vst_desktop.station.held_greeks import KEPT_SECS, HeldGreeks

NOW = datetime(2023, 11, 7, 20, 0, tzinfo=UTC)
SPREAD = bull_call("AAPL")
POSITIONS = cast(Any, [SimpleNamespace(spread=SPREAD)])


def quote(mid: float) -> Quote:
    return Quote(bid=mid - 0.05, ask=mid + 0.05, bid_size=1, ask_size=1, last=None, time=NOW)


def streamed(contract: OptionContract, mid: float) -> OptionQuote:
    return OptionQuote(contract=contract, quote=quote(mid))


class Desk:
    """As much of a station as the Greeks look at."""

    def __init__(self) -> None:
        self.secs = 100.0
        self.stocks: dict[str, Any] = {"AAPL": SimpleNamespace(quote=quote(100.0))}
        self.options = {
            SPREAD.long.con_id: streamed(SPREAD.long, 3.0),
            SPREAD.short.con_id: streamed(SPREAD.short, 1.0),
        }
        self.settings = SimpleNamespace(
            options=SimpleNamespace(risk_free_rate=0.04, dividend_yield=0.0)
        )
        self.engines = SimpleNamespace(clock=SimpleNamespace(monotonic=lambda: self.secs))

    def moves(self, mid: float) -> None:
        self.options[SPREAD.long.con_id] = streamed(SPREAD.long, mid)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def greeks(desk: Desk) -> HeldGreeks:
    return HeldGreeks(cast(Any, desk))


def test_legs_without_greeks_get_own_ones_that_say_so(greeks: HeldGreeks) -> None:
    found = greeks.of(POSITIONS)
    long, short = found[SPREAD.long.con_id], found[SPREAD.short.con_id]
    assert long.computed and short.computed
    assert 0 < short.delta < long.delta < 1 and long.theta < 0 < long.vega


def test_own_ones_are_kept_for_a_while_whatever_ticks(desk: Desk, greeks: HeldGreeks) -> None:
    first = greeks.of(POSITIONS)
    desk.moves(3.5)
    desk.secs += KEPT_SECS - 0.1
    assert greeks.of(POSITIONS) == first
    desk.secs += 0.1
    assert greeks.of(POSITIONS) != first


def test_what_the_broker_tells_replaces_them_at_once(desk: Desk, greeks: HeldGreeks) -> None:
    greeks.of(POSITIONS)
    told = replace(streamed(SPREAD.long, 3.0), delta=0.5, theta=-0.02, vega=0.12)
    desk.options[SPREAD.long.con_id] = told
    found = greeks.of(POSITIONS)
    assert not found[SPREAD.long.con_id].computed and found[SPREAD.long.con_id].delta == 0.5
    assert found[SPREAD.short.con_id].computed


def test_without_the_underlyings_price_there_are_none(desk: Desk, greeks: HeldGreeks) -> None:
    desk.stocks.clear()
    assert greeks.of(POSITIONS) == {}
