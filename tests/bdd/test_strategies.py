"""features/strategies.feature."""

from __future__ import annotations

from datetime import time

import pytest
from pytest_bdd import given, parsers, scenarios, then

from tests.bdd.world import World
from tests.helpers import scenario_days as days
from vst_desktop.domain.signals import Signal
from vst_desktop.runtime.calendar import trading_day

scenarios("strategies.feature")

FROM_THE_RANGE = "atr_ratio_base=range_low"
AFTER_THREE = time(15, 5)


@given("the ATR ratio is measured from the low of the range")
def from_the_range(world: World) -> None:
    world.overrides.append(FROM_THE_RANGE)


@given(
    parsers.parse(
        "a day after 15:00 on which {symbol} closes high above its base with a strong RSI"
    )
)
def high_base(world: World, symbol: str) -> None:
    world.at = days.signal_at(symbol, "HIGH_BASE", AFTER_THREE)


@given(
    parsers.parse("a day after 15:00 on which {symbol} closes close to its base with a weak RSI")
)
def low_base(world: World, symbol: str) -> None:
    world.at = days.signal_at(symbol, "LOW_BASE", AFTER_THREE, (FROM_THE_RANGE,))


@given(
    parsers.parse(
        "a day after 15:00 on which the RSI of {symbol} rises back above its threshold in an up "
        "trend"
    )
)
def bull_pullback(world: World, symbol: str) -> None:
    world.at = days.signal_at(symbol, "BULL_PULLBACK", AFTER_THREE)


@given(
    parsers.parse(
        "a day after 15:00 on which the RSI of {symbol} falls back below its threshold in a down "
        "trend"
    )
)
def bear_rally(world: World, symbol: str) -> None:
    world.at = days.signal_at(symbol, "BEAR_RALLY", AFTER_THREE)


@pytest.fixture
def signals(world: World) -> list[Signal]:
    """What the scan gave; read by the steps after it."""
    findings = world.station.research.findings
    assert findings.result is not None
    assert findings.result.engine == "go"
    return findings.signals


@then(parsers.parse("{strategy} gives a {direction} signal for {symbol}"))
def gives(world: World, signals: list[Signal], strategy: str, direction: str, symbol: str) -> None:
    (found,) = [s for s in signals if (s.symbol, s.strategy) == (symbol, strategy)]
    assert found.direction == direction
    assert found.date == trading_day(world.station.engines.clock.now())


@then(parsers.parse("{strategy} gives no signal at all"))
def gives_none(signals: list[Signal], strategy: str) -> None:
    assert signals, "other strategies do give signals on that day"
    assert [s.symbol for s in signals if s.strategy == strategy] == []


@then("every signal of that day is marked as forming")
def marked_as_forming(signals: list[Signal]) -> None:
    assert signals
    assert [s.symbol for s in signals if not s.forming] == []


@then("every symbol of the universe is scanned or reported with its reason")
def all_accounted_for(world: World) -> None:
    research = world.station.research
    result = research.findings.result
    assert result is not None
    assert result.scanned + len(research.findings.errors) == len(research.universe.symbols) > 60
    assert all(error.error for error in research.findings.errors)
