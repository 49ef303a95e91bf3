"""features/data_cache.feature."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import numpy as np
import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from tests.bdd.world import World
from tests.helpers import scenario_days as days
from tests.helpers.fake_broker import FakeBroker
from tests.helpers.made_bars import made, sessions_up_to
from tests.helpers.wire_spy import BrokerWire, CountedSource
from vst_desktop.adapters.scanner.supervisor import ScannerChild
from vst_desktop.adapters.tws_sim.market_builtin import FIRST_DAY, BuiltinMarket
from vst_desktop.domain.bars import BarSeries, SymbolError, Timeframe
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.signals import Direction
from vst_desktop.marketdata.data import Expiries, MarketData, Prefetched
from vst_desktop.marketdata.expiring import FetchFailed
from vst_desktop.ports.market_data import BarColumns
from vst_desktop.runtime.calendar import EASTERN, Sessions, trading_day
from vst_desktop.runtime.clock import HeldClock
from vst_desktop.runtime.settings import CacheSettings

scenarios("data_cache.feature")

FEW, ALL = "1 M", "2 Y"


# -- the station and the simulator


class Seen:
    """What a scenario saw of one symbol."""

    kept: BarColumns
    got: BarSeries


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> BrokerWire:
    return BrokerWire(monkeypatch)


def market_data(world: World) -> MarketData:
    return world.station.engines.market_data


def now(world: World) -> datetime:
    return world.station.engines.clock.now()


@given(parsers.parse("the station stands at {clock} on a normal day"))
def stands(world: World, wire: BrokerWire, clock: str) -> None:
    world.at = days.moment(days.normal_days()[60], time.fromisoformat(clock))


@given("the daily bars of AAPL are in the cache")
def cached(world: World, wire: BrokerWire, seen: Seen) -> None:
    seen.got = world.run(market_data(world).daily.get("AAPL"))
    entry = market_data(world).daily.whole.held("AAPL")
    assert entry is not None and entry.fresh(now(world))
    seen.kept = entry.value
    wire.forget()


@given("the daily bars of AAPL are in the cache, from before a split of 2 for 1")
def cached_before_split(world: World, wire: BrokerWire, seen: Seen) -> None:
    cached(world, wire, seen)
    old = seen.kept
    double = {name: getattr(old, name) * 2 for name in ("open", "high", "low", "close")}
    market_data(world).daily.whole.put("AAPL", replace(old, **double, volume=old.volume / 2))


@when("the daily bars of AAPL are requested")
def request(world: World, wire: BrokerWire, seen: Seen) -> None:
    wire.forget()
    seen.got = world.run(market_data(world).daily.get("AAPL"))


@then("they are the cached ones")
def are_cached(world: World, seen: Seen) -> None:
    entry = market_data(world).daily.whole.held("AAPL")
    assert entry is not None
    assert seen.got == entry.value.series()
    assert len(seen.got) > 300


@then("nothing was asked of the broker")
def not_asked(wire: BrokerWire) -> None:
    assert wire.quotes_and_bars() == 0


@then("the whole bars are the cached ones")
def whole_are_cached(seen: Seen) -> None:
    assert seen.got.whole() == seen.kept.series()


@then(parsers.parse("today's bar is the market's of {clock}"))
def todays_bar(world: World, seen: Seen, clock: str) -> None:
    at = now(world)
    assert at.astimezone(EASTERN).time() == time.fromisoformat(clock)
    (bar,) = BuiltinMarket(0).daily_bars("AAPL", trading_day(at), at)
    assert seen.got.forming
    assert seen.got.dates[-1] == bar.start == trading_day(at)
    assert (seen.got.high[-1], seen.got.low[-1], seen.got.close[-1]) == (
        bar.high,
        bar.low,
        bar.close,
    )


@then("today's bar is whole")
def todays_whole(world: World, seen: Seen) -> None:
    assert not seen.got.forming
    assert seen.got.dates[-1] == trading_day(now(world))
    assert seen.got.dates[:-1] == seen.kept.series().dates


@then("the broker was asked once, for a few bars")
def asked_for_few(wire: BrokerWire) -> None:
    assert wire.history() == [("AAPL", FEW)]


@then("the broker was asked again, for two years")
def asked_again(wire: BrokerWire) -> None:
    assert wire.history() == [("AAPL", FEW), ("AAPL", ALL)]


@then("the whole bars are the market's")
def whole_are_the_markets(world: World, seen: Seen) -> None:
    bars = BuiltinMarket(0).daily_bars("AAPL", FIRST_DAY, now(world))
    own = {bar.start: bar.close for bar in bars}
    whole = seen.got.whole()
    assert whole.close == tuple(own[day] for day in whole.dates)
    entry = market_data(world).daily.whole.held("AAPL")
    assert entry is not None and entry.value.series() == whole


def _asked_for_every_symbol(world: World, wire: BrokerWire, duration: str) -> None:
    symbols = world.station.research.universe.symbols
    assert len(symbols) > 60
    assert sorted(wire.history()) == sorted((symbol, duration) for symbol in symbols)
    wire.forget()


@then("two years were asked for every symbol")
def two_years_each(world: World, wire: BrokerWire) -> None:
    _asked_for_every_symbol(world, wire, ALL)


@then("a few bars were asked for every symbol")
def few_each(world: World, wire: BrokerWire) -> None:
    _asked_for_every_symbol(world, wire, FEW)


def _look(world: World, wire: BrokerWire) -> None:
    wire.forget()
    chain = world.run(world.station.research.chains.browse("AAPL", Direction.LONG))
    assert chain.symbol == "AAPL" and chain.quotes


@given("the trader has looked at its chain")
@when("the trader looks at its chain")
def look(world: World, wire: BrokerWire) -> None:
    _look(world, wire)


@when("the trader loads its chain for a proposal")
def load(world: World, wire: BrokerWire) -> None:
    world.scan()
    wire.forget()
    world.load_chain("AAPL")
    assert world.candidate("AAPL")


@then("the broker was asked for its chain")
def chain_asked(wire: BrokerWire) -> None:
    assert wire.options("AAPL") > 10


@when(parsers.parse("the clock moves on by {secs:d} s"))
def clock_moves(world: World, secs: int) -> None:
    world.run(world.time.run_to(now(world) + timedelta(seconds=secs)))


# -- the scanner alone

AFTER_THE_CLOSE = datetime(2023, 6, 14, 21, tzinfo=UTC)
MINUTES = np.arange(120, dtype=np.int64) * 60 + int(AFTER_THE_CLOSE.timestamp()) - 3 * 3600


class ScannerSide:
    """The real scanner child behind a cache; the broker gives no bars at all."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self.child = ScannerChild()
        self.source = CountedSource(self.child)
        self.clock = HeldClock(AFTER_THE_CLOSE)
        self.data = MarketData(
            broker=FakeBroker(self.clock),
            bulk=self.source,
            clock=self.clock,
            sessions=Sessions(),
            expiries=Expiries(**CacheSettings().model_dump()),
        )
        self.universe: list[str] = []
        self.refusal: UserError | None = None
        self.prefetched: Prefetched | None = None
        self.swept = 0
        self.old: dict[str, BarColumns] = {}

    def run[T](self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def put(self, bars: list[BarColumns]) -> None:
        """Give the scanner bars."""
        assert not self.run(self.child.put_bars(bars)).errors

    def request(self, symbol: str) -> None:
        """Ask for minute bars; a refusal is kept."""
        self.source.asked.clear()
        self.refusal = None
        try:
            self.run(self.data.minute_bars(symbol))
        except UserError as error:
            self.refusal = error

    def close(self) -> None:
        self.run(self.child.close())
        self._runner.close()


@pytest.fixture
def side() -> Iterator[ScannerSide]:
    side = ScannerSide()
    try:
        side.run(side.child.start())
        yield side
    finally:
        side.close()


def named(text: str) -> list[str]:
    return text.replace(" and ", ", ").split(", ")


@given(parsers.re(r"the scanner holds minute bars of (?P<symbols>.+)"))
def holds_minutes(side: ScannerSide, symbols: str) -> None:
    bars = [made(s, MINUTES, Timeframe.MINUTE) for s in named(symbols)]
    side.put(bars)


@given(parsers.re(r"the minute bars of (?P<symbols>.+) are in the cache"))
def minutes_cached(side: ScannerSide, symbols: str) -> None:
    for symbol in named(symbols):
        side.request(symbol)
        assert side.source.asked == [(symbol,)]
        held = side.data.minutes.held(symbol)
        assert held is not None
        assert held.value.time.tolist() == MINUTES.tolist()
        side.old[symbol] = held.value


@when("another minute bar of MSFT has come to the scanner")
def another_minute(side: ScannerSide) -> None:
    later = np.append(MINUTES, MINUTES[-1] + 60)
    side.put([made("MSFT", later, Timeframe.MINUTE)])


@when(parsers.re(r"(?P<secs>\d+) s pass(es)?"), converters={"secs": int})
def pass_secs(side: ScannerSide, secs: int) -> None:
    side.clock.advance(side.clock.now() + timedelta(seconds=secs))


@when(parsers.parse("the minute bars of {symbol} are requested"))
def request_minutes(side: ScannerSide, symbol: str) -> None:
    side.request(symbol)


@then("the scanner was not asked")
def scanner_not_asked(side: ScannerSide) -> None:
    assert side.refusal is None
    assert side.source.asked == []


@then("the scanner was asked once")
def scanner_asked(side: ScannerSide) -> None:
    assert side.refusal is None
    assert side.source.asked == [("MSFT",)]


@then("the new minute bar is in the cache")
def new_minute_cached(side: ScannerSide) -> None:
    held = side.data.minutes.held("MSFT")
    assert held is not None and held.fresh(side.clock.now())
    assert held.value.time.tolist() == [*MINUTES.tolist(), int(MINUTES[-1]) + 60]


@when("the scanner is gone")
def scanner_gone(side: ScannerSide) -> None:
    side.run(side.child.close())


@then("the request fails, and says that the old ones are still held")
def fails_with_old(side: ScannerSide) -> None:
    assert isinstance(side.refusal, FetchFailed)
    assert "MSFT" in str(side.refusal) and "still held" in str(side.refusal)
    assert side.refusal.held.value is side.old["MSFT"]


@then("the old ones are held as expired")
def held_as_expired(side: ScannerSide) -> None:
    held = side.data.minutes.held("MSFT")
    assert held is not None and not held.fresh(side.clock.now())
    assert held.value is side.old["MSFT"]


@when("the cache is swept")
def sweep(side: ScannerSide) -> None:
    side.swept = side.data.sweep()


@then(parsers.parse("{count:d} entries were removed"))
def removed(side: ScannerSide, count: int) -> None:
    assert side.swept == count


@then("only the minute bars of GOOGL are in the cache")
def only_googl(side: ScannerSide) -> None:
    assert side.data.figures["minute"].entries == 1
    side.request("GOOGL")
    assert side.source.asked == []


@given(parsers.parse("the scanner holds two years of daily bars of {count:d} symbols"))
def holds_daily(side: ScannerSide, count: int) -> None:
    side.universe = [f"S{n:03d}" for n in range(count)]
    time = sessions_up_to(trading_day(AFTER_THE_CLOSE), 504)
    side.put([made(symbol, time) for symbol in side.universe])


@given("the universe has a symbol that it does not hold")
def unknown_symbol(side: ScannerSide) -> None:
    side.universe.append("NONE")


@when("the universe is prefetched")
def prefetch(side: ScannerSide) -> None:
    told: list[tuple[int, int]] = []
    note: Callable[[int, int], None] = lambda done, total: told.append((done, total))  # noqa: E731
    side.prefetched = side.run(side.data.prefetch(side.universe, note))
    assert len(side.source.asked) == 1
    assert told == [(done, len(side.universe)) for done in range(1, 101)]
    side.source.asked.clear()


@then(parsers.parse("all {count:d} are cached, at more than {rate:d} symbols a second"))
def all_cached(side: ScannerSide, count: int, rate: int) -> None:
    assert side.prefetched is not None
    assert side.prefetched.cached == count == side.data.figures["daily"].entries
    assert side.prefetched.behind == ()
    assert side.prefetched.symbols_per_second > rate


@then("the daily bars of each are served without asking anyone")
def all_served(side: ScannerSide) -> None:
    got: list[BarSeries] = []
    assert side.run(side.data.daily_bars(side.universe, got.append)) == []
    assert side.source.asked == []
    time = sessions_up_to(trading_day(AFTER_THE_CLOSE), 504)
    assert {s.symbol for s in got} == set(side.universe)
    assert all(s == made(s.symbol, time).series() for s in got)


@then("the other one is reported with the reason")
def other_reported(side: ScannerSide) -> None:
    assert side.prefetched is not None
    (error,) = side.prefetched.errors
    assert isinstance(error, SymbolError)
    assert error.symbol == "NONE" and error.error
