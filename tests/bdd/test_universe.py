"""features/universe.feature."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path

import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from tests.bdd.world import World
from tests.helpers import scenario_days as days
from tests.helpers.wire_spy import BrokerWire
from vst_desktop.adapters.files.barstore import BarStore
from vst_desktop.adapters.tws_sim.market_builtin import FIRST_DAY, BuiltinMarket
from vst_desktop.bootstrap import bar_store, scanner_child, scanner_config, universe_source
from vst_desktop.domain.bars import BarSeries
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import Mode
from vst_desktop.domain.signals import Signal
from vst_desktop.ports.universe import Universe
from vst_desktop.runtime.calendar import EASTERN, Sessions
from vst_desktop.runtime.settings import Settings, load_settings
from vst_desktop.station.findings import Findings
from vst_desktop.strategy.registry import BUILT_IN

scenarios("universe.feature")

FEW, ALL = "1 M", "2 Y"
LISTED = ("AMD", "QCOM", "XLE")


@cache
def day() -> date:
    """Late enough for two years of the market's bars before it, and with a signal to compare."""
    clocks = (time(15, 5), time(17))
    return next(
        day
        for day in days.normal_days()
        if day > date(2023, 12, 1)
        and all(
            any(
                days.fires(symbol, rule, days.moment(day, clock))
                for symbol in LISTED
                for rule in BUILT_IN
            )
            for clock in clocks
        )
    )


class Scene:
    """What the scenario's station is set to, and what its last scan found."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.list = folder / "list.txt"
        self.before: list[Signal] = []
        self.opened = ""

    @property
    def settings(self) -> Settings:
        return load_settings(self.world.overrides, environment={})

    @property
    def store(self) -> Path:
        return bar_store(self.settings)

    @property
    def found(self) -> Findings:
        return self.world.station.research.findings

    @property
    def now(self) -> datetime:
        return self.world.station.engines.clock.now()

    def dollars(self, symbol: str) -> float:
        bars = self.world.station.research.bars(symbol)
        assert bars is not None
        whole = bars.whole()
        pairs = zip(whole.volume[-20:], whole.close[-20:], strict=True)
        return sum(volume * close for volume, close in pairs) / 20


@pytest.fixture
def scene(world: World, tmp_path: Path) -> Scene:
    return Scene(world, tmp_path)


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> BrokerWire:
    return BrokerWire(monkeypatch)


@given(parsers.parse("the station stands at {clock} on a normal day"))
def stands(world: World, wire: BrokerWire, clock: str) -> None:
    world.at = days.moment(day(), time.fromisoformat(clock))


@given(parsers.parse("a PAPER station at {clock} on a normal day"))
def paper(scene: Scene, wire: BrokerWire, clock: str) -> None:
    stands(scene.world, wire, clock)
    scene.world.mode, scene.world.account = Mode.PAPER, "DU7654321"

    async def named() -> Universe:
        return await universe_source(scene.settings)()

    scene.world.universe, scene.world.store = named, scene.store


@given(parsers.parse("the setting {key} is {value}"))
def setting(world: World, key: str, value: str) -> None:
    world.overrides.append(f"{key}={value}")


@given(parsers.re(r"a watchlist of the lines (?P<lines>.+)"))
def watchlist(scene: Scene, lines: str) -> None:
    scene.world.overrides.append(f"universe.watchlist={scene.list}")
    write_list(scene, lines)


@when("a watchlist is named that is not there")
def missing_watchlist(scene: Scene) -> None:
    scene.world.overrides.append(f"universe.watchlist={scene.list}")


@when(parsers.re(r"the watchlist has the lines (?P<lines>.+)"))
def write_list(scene: Scene, lines: str) -> None:
    scene.list.write_text("\n".join(re.findall('"([^"]*)"', lines)), encoding="utf-8")


@given("the universe is the bar store")
def from_store(world: World) -> None:
    world.overrides.append("universe.source=bar_store")


def series_up_to(symbol: str, end: datetime) -> BarSeries:
    """The market's bars of two years before the moment's session."""
    bars = BuiltinMarket(0).daily_bars(symbol, FIRST_DAY, end)[-505:-1]
    return BarSeries(
        symbol=symbol,
        dates=tuple(b.start for b in bars),
        open=tuple(b.open for b in bars),
        high=tuple(b.high for b in bars),
        low=tuple(b.low for b in bars),
        close=tuple(b.close for b in bars),
        volume=tuple(float(b.volume) for b in bars),
    )


def fill_store(scene: Scene, series: list[BarSeries]) -> None:
    scene.store.mkdir(parents=True, exist_ok=True)

    async def fill() -> None:
        child = scanner_child(scanner_config(scene.settings, store=scene.store))
        await child.start()
        try:
            assert not (await child.put_bars(series, keep=True)).errors
        finally:
            await child.close()

    asyncio.run(fill())


@given(parsers.re(r"the bar store holds bars of (?P<symbols>[A-Z, and]+)"))
def store_holds(scene: Scene, symbols: str) -> None:
    assert scene.world.at is not None
    fill_store(scene, [series_up_to(symbol, scene.world.at) for symbol in named(symbols)])


@given(parsers.parse("the bar store holds bars of {symbol}, from before a split of 2 for 1"))
def store_before_split(scene: Scene, symbol: str) -> None:
    assert scene.world.at is not None
    one = series_up_to(symbol, scene.world.at)
    double = {n: tuple(2 * p for p in getattr(one, n)) for n in ("open", "high", "low", "close")}
    fill_store(scene, [replace(one, **double, volume=tuple(v / 2 for v in one.volume))])


def named(text: str) -> list[str]:
    return re.findall("[A-Z]+", text)


@when("the station tries to scan")
def try_scan(world: World) -> None:
    world.refusal = None
    try:
        world.scan()
    except UserError as refusal:
        world.refusal = refusal


@when(parsers.re(r"the station starts again(, (?P<later>\d+) days later)?"))
def start_again(scene: Scene, wire: BrokerWire, later: str | None) -> None:
    scene.before = scene.found.signals
    assert scene.before
    scene.world.stop()
    if later:
        assert scene.world.at is not None
        scene.world.at += timedelta(days=int(later))
    assert scene.world.station.research.findings.signals == []
    wire.forget()


@then(parsers.parse('it is refused with "{words}"'))
def refused(world: World, words: str) -> None:
    assert world.refusal is not None
    assert words in str(world.refusal)


@then(parsers.re(r"(?P<symbols>[A-Z, and]+) are scanned"))
def scanned(scene: Scene, symbols: str) -> None:
    errors = {e.symbol for e in scene.found.errors}
    assert [s for s in scene.world.station.research.universe.symbols if s not in errors] == named(
        symbols
    )
    assert scene.found.result is not None
    assert scene.found.result.scanned == len(named(symbols))


@then(parsers.parse('{symbol} is reported as "{words}"'))
def reported(scene: Scene, symbol: str, words: str) -> None:
    (error,) = [e.error for e in scene.found.errors if e.symbol == symbol]
    assert words.lower() in error.lower()


# -- which chains


@then("signals below the price say so, with both prices")
def below_price(scene: Scene) -> None:
    low = [s for s in scene.found.signals if s.close < 90]
    assert low
    for signal in low:
        assert scene.found.states[signal.symbol] == f"price {signal.close:,.2f} < 90 USD"


@then("signals below the volume say so, with the average of 20 whole bars")
def below_volume(scene: Scene) -> None:
    seen = 0
    for signal in (s for s in scene.found.signals if s.close >= 90):
        bars = scene.world.station.research.bars(signal.symbol)
        assert bars is not None and bars.forming
        average = sum(bars.volume[-21:-1]) / 20
        state = scene.found.states[signal.symbol]
        assert state.startswith("volume") == (average < 8_000_000)
        if average < 8_000_000:
            assert state == f"volume {average:,.0f} < 8,000,000"
            seen += 1
    assert seen


@then("no signal is dropped")
def none_dropped(scene: Scene) -> None:
    assert scene.found.result is not None
    assert len(scene.found.signals) == len(scene.found.result.signals)


def by_dollars(scene: Scene) -> list[str]:
    symbols = {s.symbol for s in scene.found.signals}
    return sorted(symbols, key=scene.dollars, reverse=True)


@then("the chains of the 3 signals with the greatest dollar volume were loaded")
def first_loaded(scene: Scene, wire: BrokerWire) -> None:
    affordable = [s for s in by_dollars(scene) if "needs" not in scene.found.states[s]]
    assert len(affordable) > 3
    assert loaded(scene) == set(affordable[:3])
    assert all(wire.options(symbol) > 0 for symbol in affordable[:3])


def loaded(scene: Scene) -> set[str]:
    return {key.partition(":")[0] for key in scene.found.chains}


@then('the others say "load chain"')
def others(scene: Scene, wire: BrokerWire) -> None:
    rest = [s for s in by_dollars(scene) if s not in loaded(scene)]
    assert rest
    for symbol in rest:
        state = scene.found.states[symbol]
        assert state == "load chain" or state.startswith("needs about")
        assert wire.options(symbol) == 0


@given(parsers.parse("the trader holds a spread of {symbol}"))
def holds(scene: Scene, symbol: str) -> None:
    scene.world.approve(symbol)
    assert scene.world.refusal is None
    scene.world.wait_for_fill(symbol)
    assert scene.world.position(symbol)


@given("the trader opened the row of the signal with the smallest dollar volume")
def opens_row(scene: Scene) -> None:
    states = scene.found.states
    scene.opened = [s for s in by_dollars(scene) if states[s] == "load chain" and s != "GE"][-1]
    scene.world.station.select(scene.opened)


@then(parsers.parse("its chain and that of {symbol} were loaded, and no other"))
def these_loaded(scene: Scene, symbol: str) -> None:
    assert loaded(scene) == {symbol, scene.opened}
    assert symbol not in by_dollars(scene)[:2]


@then('some signals say "needs about 1,230 USD", rounded up to ten')
def needs(scene: Scene) -> None:
    said = [state for state in scene.found.states.values() if state.startswith("needs")]
    assert said
    for state in said:
        amount = re.fullmatch(r"needs about ([\d,]+) USD", state)
        assert amount is not None
        assert int(amount[1].replace(",", "")) > 150
        assert int(amount[1].replace(",", "")) % 10 == 0


@then("nothing was asked about their options")
def no_options(scene: Scene, wire: BrokerWire) -> None:
    dear = [s for s, state in scene.found.states.items() if state.startswith("needs")]
    assert [s for s in dear if wire.options(s)] == []
    assert loaded(scene)  # of others, chains were loaded


# -- bars over a restart


@then(parsers.re(r"(?P<what>two years|a few) (of )?bars were asked of the broker for (?P<whom>.+)"))
def bars_asked(scene: Scene, wire: BrokerWire, what: str, whom: str) -> None:
    symbols = scene.world.station.research.universe.symbols
    asked = wire.history()
    if whom == "each symbol":
        duration = FEW if what == "a few" else ALL
        assert sorted(asked) == sorted((symbol, duration) for symbol in symbols)
    else:
        assert [one for one in asked if one[0] == whom] == [(whom, FEW), (whom, ALL)]


@then("no bars were asked of the broker")
def no_bars(wire: BrokerWire) -> None:
    assert wire.history() == []


@then("the bar store holds their whole bars")
def store_has(scene: Scene) -> None:
    store = BarStore(scene.store)
    symbols = scene.world.station.research.universe.symbols
    assert store.symbols == tuple(sorted(symbols))
    last = Sessions().previous_session(scene.now.astimezone(EASTERN).date())
    for symbol in symbols:
        bars = scene.world.station.research.bars(symbol)
        assert bars is not None and bars.forming
        kept = store.series(symbol)
        assert kept.dates[-1] == last
        assert kept == bars.whole()
        market = BuiltinMarket(0).daily_bars(symbol, FIRST_DAY, scene.now)[-101:-1]
        assert kept.close[-100:] == pytest.approx([b.close for b in market])


@then("the signals are the same")
def same_signals(scene: Scene) -> None:
    assert scene.found.signals == scene.before


@then("there is no bar store")
def no_store(scene: Scene) -> None:
    assert scene.found.signals
    assert not scene.store.exists()
