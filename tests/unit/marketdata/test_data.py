"""Prefetch, the rounds of daily bars, and the sweep over all that is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from tests.helpers.fake_broker import FakeBroker
from tests.helpers.made_bars import made, sessions_up_to
from vst_desktop.domain.bars import BarSeries, SymbolError, Timeframe
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.quotes import OptionChain, Right
from vst_desktop.marketdata.data import Expiries, MarketData
from vst_desktop.ports.market_data import BarColumns, BulkAnswer
from vst_desktop.ports.universe import Universe
from vst_desktop.runtime.calendar import Sessions
from vst_desktop.runtime.clock import HeldClock

EVENING = datetime(2023, 6, 14, 22, tzinfo=UTC)
IN_SESSION = datetime(2023, 6, 14, 19, 5, tzinfo=UTC)
DAYS = sessions_up_to(date(2023, 6, 14), 490)


class Bulk:
    """Holds the bars it is given; may stop half-way."""

    def __init__(self, *bars: BarColumns) -> None:
        self.bars = {b.symbol: b for b in bars}
        self.asked: list[list[str]] = []
        self.silent: set[str] = set()
        self.stop_after: int | None = None
        self.stopped = asyncio.Event()
        self.go_on = asyncio.Event()

    async def fetch_bars(
        self, symbols: Sequence[str], *, timeframe: Timeframe, on_bars: Callable[[BarColumns], None]
    ) -> BulkAnswer:
        return await self.stream_bars(symbols, timeframe=timeframe, on_bars=on_bars)

    async def stream_bars(
        self,
        symbols: Sequence[str],
        *,
        timeframe: Timeframe,
        on_bars: Callable[[BarColumns], None],
        on_progress: Callable[[int, int], None] | None = None,
    ) -> BulkAnswer:
        self.asked.append(list(symbols))
        errors = []
        for count, symbol in enumerate(symbols):
            if count == self.stop_after:
                self.stopped.set()
                await self.go_on.wait()
                raise UserError("the source ended")
            if symbol in self.bars:
                on_bars(self.bars[symbol])
            elif symbol not in self.silent:
                errors.append(SymbolError(symbol=symbol, error="not held"))
        return BulkAnswer(errors=tuple(errors), warnings=(), fetch_secs=0.0)


def new_data(bulk: Bulk, at: datetime = EVENING, **given: object) -> MarketData:
    clock = HeldClock(at)
    return MarketData(
        broker=given.get("broker") or FakeBroker(clock),  # type: ignore[arg-type]
        bulk=bulk,
        clock=given.get("clock") or clock,  # type: ignore[arg-type]
        sessions=Sessions(),
        expiries=Expiries(minute_data_expiry=60, universe_expiry=1800, options_expiry=300),
    )


def universe(count: int) -> list[BarColumns]:
    return [made(f"S{n}", DAYS) for n in range(count)]


def test_every_symbol_of_a_prefetch_is_cached_or_reported() -> None:
    async def story() -> None:
        bulk = Bulk(*universe(3), made("OLD", DAYS[:-5]))
        bulk.silent.add("DUMB")
        data = new_data(bulk)
        told: list[tuple[int, int]] = []
        symbols = ["S0", "S1", "S0", "S2", "OLD", "NONE", "DUMB"]
        found = await data.prefetch(symbols, lambda done, total: told.append((done, total)))
        assert found.cached == 4
        assert found.behind == ("OLD",)
        assert {e.symbol: e.error for e in found.errors} == {
            "NONE": "not held",
            "DUMB": "the source gave neither bars nor a reason",
        }
        assert told == [(n, 6) for n in range(1, 5)]

    asyncio.run(story())


def test_what_is_kept_already_is_not_prefetched_again() -> None:
    async def story() -> None:
        bulk = Bulk(*universe(4))
        data = new_data(bulk)
        await data.prefetch(["S0", "S1"])
        found = await data.prefetch(["S0", "S1", "S2", "S3"])
        assert found.cached == 4
        again = await data.prefetch(["S0", "S1", "S2", "S3"])
        assert again.cached == 4
        assert bulk.asked == [["S0", "S1"], ["S2", "S3"]]

    asyncio.run(story())


def test_a_cancelled_prefetch_keeps_what_came() -> None:
    async def story() -> None:
        bulk = Bulk(*universe(4))
        bulk.stop_after = 2
        data = new_data(bulk)
        task = asyncio.create_task(data.prefetch(["S0", "S1", "S2", "S3"]))
        await bulk.stopped.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        bulk.stop_after = None
        assert (await data.prefetch(["S0", "S1", "S2", "S3"])).cached == 4
        assert bulk.asked[1] == ["S2", "S3"]

    asyncio.run(story())


def test_a_source_that_ends_in_the_middle_is_an_error_and_what_came_stays() -> None:
    async def story() -> None:
        bulk = Bulk(*universe(4))
        bulk.stop_after = 3
        bulk.go_on.set()
        data = new_data(bulk)
        with pytest.raises(UserError, match="the source ended"):
            await data.prefetch(["S0", "S1", "S2", "S3"])
        assert data.figures["daily"].entries == 3

    asyncio.run(story())


class SlowClock(HeldClock):
    """Real seconds pass when told."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self.real = 0.0
        self.monotonic = lambda: self.real


class SlowBroker(FakeBroker):
    """Answers one symbol after the other, each after 25 s, with a forming bar."""

    def __init__(self, clock: SlowClock) -> None:
        super().__init__(clock)
        self.slow = clock
        self.asked: list[str] = []
        self.turn = asyncio.Semaphore(1)

    async def daily_bars(
        self, symbols: Sequence[str], *, sessions: int, on_bars: Callable[[BarSeries], None]
    ) -> list[SymbolError]:
        (symbol,) = symbols
        self.asked.append(symbol)
        if symbol == "NONE":
            return [SymbolError(symbol=symbol, error="no permission")]
        await self.turn.acquire()
        self.slow.real += 25
        on_bars(replace(made(symbol, DAYS).series(), forming=True))
        return []


def test_a_forming_bar_older_than_a_minute_at_the_end_is_asked_for_again() -> None:
    async def story() -> None:
        clock = SlowClock(IN_SESSION)
        broker = SlowBroker(clock)
        data = new_data(Bulk(), broker=broker, clock=clock)
        got: list[str] = []

        def take(series: BarSeries) -> None:
            got.append(series.symbol)
            broker.turn.release()

        errors = await data.daily_bars(["A", "B", "C", "D", "NONE"], take)
        assert [e.error for e in errors] == ["no permission"]
        # A came 75 s before D, B 50 s before
        assert broker.asked == ["A", "B", "C", "D", "NONE", "A"]
        assert got == ["A", "B", "C", "D", "A"]

    asyncio.run(story())


def test_minute_bars_that_nobody_has_are_an_error_with_the_reason() -> None:
    with pytest.raises(UserError, match="not held"):
        asyncio.run(new_data(Bulk()).minute_bars("AAPL"))


def test_the_sweep_counts_over_everything_and_leaves_what_is_good() -> None:
    async def story() -> None:
        clock = HeldClock(EVENING)
        data = new_data(Bulk(), clock=clock)
        chain = OptionChain(symbol="A", underlying=1.0, time=EVENING, quotes=(), source="")
        data.minutes.put("A", made("A", DAYS))
        data.minutes.put("B", made("B", DAYS))
        data.chains.put(("A", Right.CALL), chain)
        data.universes.put("largest", Universe(symbols=("A", "B")))
        assert data.sweep() == 0
        for secs, removed in ((60, 2), (240, 1), (1499, 0), (1, 1)):
            clock.advance(datetime.fromtimestamp(clock.now().timestamp() + secs, UTC))
            assert data.sweep() == removed
        assert [figures.entries for figures in data.figures.values()] == [0, 0, 0, 0]

    asyncio.run(story())


def test_the_sweep_goes_on_by_itself() -> None:
    async def story() -> None:
        clock = HeldClock(EVENING)
        data = new_data(Bulk(), clock=clock)
        data.minutes.put("A", made("A", DAYS))
        sweeper = asyncio.create_task(data.keep_swept(every_secs=0))
        await asyncio.sleep(0)
        assert data.figures["minute"].entries == 1
        clock.advance(datetime.fromtimestamp(EVENING.timestamp() + 60, UTC))
        for _ in range(10):
            await asyncio.sleep(0)
        assert data.figures["minute"].entries == 0
        sweeper.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sweeper

    asyncio.run(story())
