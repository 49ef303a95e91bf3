"""features/strategies.feature."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from tests.bdd.world import World
from tests.helpers import scenario_days as days
from tests.helpers.own_strategies import SLOW_RISE, Own
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.signals import Signal
from vst_desktop.runtime.calendar import trading_day
from vst_desktop.scanning.computations import NUMPY, PANDAS_TA
from vst_desktop.station.view import Light, RuleView, ScanView

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


# -- what the rules do, own ones, and the scanner away


def scan_shown(world: World) -> ScanView:
    return world.station.view().scan


def rule(world: World, name: str) -> RuleView:
    (found,) = [r for r in scan_shown(world).rules if r.name == name]
    return found


@then("the strategy panel says that LOW_BASE cannot fire and offers the range's low")
def cannot_fire(world: World) -> None:
    shown = rule(world, "LOW_BASE")
    assert (shown.fired, shown.can_switch) == (0, True)
    assert shown.bars > 20_000
    assert shown.note == (
        f"LOW_BASE fired on 0 of {shown.bars:,} bars: with atr_ratio_base = zero it cannot; "
        "switch to range_low"
    )
    assert rule(world, "HIGH_BASE").fired > 1000


@when("the trader measures the ATR ratio from the range's low")
def switch(world: World) -> None:
    world.run(world.station.use_ratio_base("range_low"))


@then("LOW_BASE has a fire rate and nothing is said against it")
def fires(world: World) -> None:
    shown = rule(world, "LOW_BASE")
    assert shown.fired > 0
    assert (shown.note, shown.can_switch) == (None, False)


@then("the setting holds for this run alone")
def for_this_run(world: World) -> None:
    assert world.station.settings.strategy.atr_ratio_base == "range_low"
    world.stop()
    assert world.station.settings.strategy.atr_ratio_base == "zero"


@given("an installed strategy SLOW_RISE that wants an RSI above 50")
def slow_rise(own: Own) -> None:
    own.declare(SLOW_RISE=SLOW_RISE)


@given("an installed strategy BROKEN that cannot be loaded")
def broken(own: Own) -> None:
    own.module("broken_rule", "import no_such_module_here")
    own.install("others-rules", {"BROKEN": "broken_rule:RULE"})


@given(parsers.parse("the strategies {one} and {other} are enabled"))
def enabled(world: World, one: str, other: str) -> None:
    world.overrides.append(f"enabled={one},{other}")


@then(parsers.parse("{one} and {other} give signals and no other does"))
def both_give(signals: list[Signal], one: str, other: str) -> None:
    assert {s.strategy for s in signals} == {one, other}


@then(parsers.parse("{strategy} gives signals"))
def gives_some(signals: list[Signal], strategy: str) -> None:
    assert [s for s in signals if s.strategy == strategy]


@then("every symbol can be explained by both")
def explained(world: World, signals: list[Signal]) -> None:
    result = world.station.research.findings.result
    assert result is not None
    assert result.engine == "go; SLOW_RISE: numpy (in-process)"
    fired = {(s.symbol, s.strategy) for s in signals}
    for symbol in world.station.research.universe.symbols[:5]:
        world.station.select(symbol)
        why = scan_shown(world).explained
        assert [e.strategy for e in why] == ["HIGH_BASE", "SLOW_RISE"]
        assert [e.holds for e in why] == [(symbol, e.strategy) in fired for e in why]


@then("BROKEN is reported with the package it came from")
def reported(world: World) -> None:
    (text,) = [text for name, text in scan_shown(world).errors if name == "BROKEN"]
    assert "of others-rules 1.2 cannot be used: ModuleNotFoundError" in text


@given("the scanner cannot be started")
def no_scanner(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Path:
        raise UserError("no scanner binary was found")

    monkeypatch.setattr("vst_desktop.adapters.scanner.supervisor.verified_binary", missing)


@then("the window says that the scan was slower because the scanner is down")
def slower(world: World) -> None:
    view = world.station.view()
    assert view.scan.slower == "slower: scanner down"
    assert view.scan.engine == PANDAS_TA
    (light,) = [light for light in view.strip.lights if light.name == "Scanner"]
    assert light.state is Light.DOWN
    told = [a for a in view.alerts if a.message.startswith("System: SCANNER")]
    assert [(a.severity, a.count) for a in told] == [(Severity.WARNING, 1)]
    assert told[0].details == "scans run in-process, slower: no scanner binary was found"


@given("pandas-ta fails while it works out the RSI")
def pandas_ta_fails(
    monkeypatch: pytest.MonkeyPatch, caplog_allowed: pytest.LogCaptureFixture
) -> None:
    import pandas_ta

    def failing(*_: object, **__: object) -> None:
        raise ZeroDivisionError("RSI")

    monkeypatch.setattr(pandas_ta, "rsi", failing)


@then("each attempt is logged and numpy served")
def alternative(world: World, caplog_allowed: pytest.LogCaptureFixture) -> None:
    assert scan_shown(world).engine == NUMPY
    texts = [r.getMessage() for r in caplog_allowed.records if "indicators of" in r.getMessage()]
    assert texts
    assert all(f"failed by {PANDAS_TA}: ZeroDivisionError: RSI" in text for text in texts)


@then("each near miss names the one condition that failed and how near it came")
def near(world: World, signals: list[Signal]) -> None:
    shown = scan_shown(world).near_misses
    assert shown
    fired = {(s.symbol, s.strategy) for s in signals}
    for miss in shown:
        assert (miss.symbol, miss.strategy) not in fired
        (failed,) = [c for c in miss.conditions if not c.passed]
        assert failed.value is not None and failed.threshold is not None
        assert abs(failed.value / failed.threshold - 1) <= 0.05
