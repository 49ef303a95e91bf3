"""Bulk bars through the real scanner child."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from tests.helpers.made_bars import made, sessions_up_to
from vst_desktop.adapters.scanner.supervisor import ScannerChild
from vst_desktop.domain.bars import Timeframe
from vst_desktop.domain.errors import UserError
from vst_desktop.ports.market_data import BarColumns

STORY_SECS = 60
DAYS = sessions_up_to(date(2023, 6, 14), 504)
MINUTES = np.arange(120_000, dtype=np.int64) * 60 + 1_600_000_020
NAMES = ("time", "open", "high", "low", "close", "volume")

Story = Callable[[ScannerChild], Coroutine[Any, Any, None]]


def with_child(story: Story) -> None:
    async def run() -> None:
        child = ScannerChild()
        await child.start()
        try:
            async with asyncio.timeout(STORY_SECS):
                await story(child)
        finally:
            await child.close()

    asyncio.run(run())


def assert_same(one: BarColumns, other: BarColumns) -> None:
    assert (one.symbol, one.timeframe) == (other.symbol, other.timeframe)
    for name in NAMES:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), strict=True)


def test_bars_come_back_as_they_were_put_once_a_symbol_with_the_rest_by_name() -> None:
    async def story(child: ScannerChild) -> None:
        bars = [made(f"S{n}", DAYS) for n in range(150)]
        await child.put_bars(bars)
        symbols = [*(b.symbol for b in bars), "NONE", "S7"]
        got: list[BarColumns] = []
        answer = await child.stream_bars(symbols, timeframe=Timeframe.DAILY, on_bars=got.append)
        assert [e.symbol for e in answer.errors] == ["NONE"]
        assert answer.errors[0].error
        assert answer.fetch_secs > 0
        by_symbol = {one.symbol: one for one in got}
        assert len(got) == len(by_symbol) == 150
        for one in bars:
            assert_same(by_symbol[one.symbol], one)

    with_child(story)


def test_a_long_series_comes_whole_though_in_many_chunks() -> None:
    async def story(child: ScannerChild) -> None:
        bars = [made("AAPL", MINUTES, Timeframe.MINUTE), made("MSFT", MINUTES, Timeframe.MINUTE)]
        await child.put_bars(bars)
        got: list[BarColumns] = []
        await child.stream_bars(["AAPL", "MSFT"], timeframe=Timeframe.MINUTE, on_bars=got.append)
        for one, other in zip(sorted(got, key=lambda b: b.symbol), bars, strict=True):
            assert_same(one, other)

    with_child(story)


def test_a_few_symbols_in_one_answer() -> None:
    async def story(child: ScannerChild) -> None:
        bars = made("MSFT", MINUTES[:390], Timeframe.MINUTE)
        await child.put_bars([bars])
        got: list[BarColumns] = []
        answer = await child.fetch_bars(
            ["MSFT", "NONE"], timeframe=Timeframe.MINUTE, on_bars=got.append
        )
        assert [e.symbol for e in answer.errors] == ["NONE"]
        (found,) = got
        assert_same(found, bars)

    with_child(story)


def test_too_much_for_one_answer_is_refused_naming_the_stream() -> None:
    async def story(child: ScannerChild) -> None:
        year = 252 * 390
        long = np.arange(year, dtype=np.int64) * 60 + 1_600_000_020
        symbols = [f"S{n}" for n in range(11)]  # as many years of minutes: 52 MB
        bars = made("S", long, Timeframe.MINUTE)
        await child.put_bars(replace(bars, symbol=s) for s in symbols)
        got: list[BarColumns] = []
        with pytest.raises(UserError, match=r"RESOURCE_EXHAUSTED.*1000000.*streaming form"):
            await child.fetch_bars(symbols, timeframe=Timeframe.MINUTE, on_bars=got.append)
        assert got == []
        await child.stream_bars(symbols, timeframe=Timeframe.MINUTE, on_bars=got.append)
        assert {len(one) for one in got} == {year}
        assert len(got) == 11

    with_child(story)


def test_a_cancelled_stream_keeps_what_came_and_the_child_serves_on() -> None:
    async def story(child: ScannerChild) -> None:
        await child.put_bars(made(f"S{n}", MINUTES, Timeframe.MINUTE) for n in range(8))
        got: list[BarColumns] = []
        first = asyncio.Event()

        def take(bars: BarColumns) -> None:
            got.append(bars)
            first.set()

        symbols = [f"S{n}" for n in range(8)]
        task = asyncio.create_task(
            child.stream_bars(symbols, timeframe=Timeframe.MINUTE, on_bars=take)
        )
        await first.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert 1 <= len(got) < 8
        answer = await child.stream_bars(["S0"], timeframe=Timeframe.MINUTE, on_bars=got.append)
        assert answer.errors == ()

    with_child(story)


def test_a_child_that_is_gone_is_an_error_to_read() -> None:
    async def story(child: ScannerChild) -> None:
        await child.close()
        with pytest.raises(UserError, match="scanner"):
            await child.stream_bars(["S0"], timeframe=Timeframe.DAILY, on_bars=lambda bars: None)

    with_child(story)
