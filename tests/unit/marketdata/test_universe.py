"""The universe of the broker's market scanner."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tests.helpers.fake_broker import FakeBroker
from vst_desktop.domain.errors import UserError
from vst_desktop.marketdata.expiring import ExpiringCache
from vst_desktop.marketdata.universe import ScannedUniverse
from vst_desktop.ports.broker import MarketScan, MarketScanResult
from vst_desktop.ports.universe import Universe
from vst_desktop.runtime.clock import HeldClock

NOW = datetime(2024, 1, 17, 20, tzinfo=UTC)
WANTED = MarketScan(min_market_cap_usd=1e10, min_price_usd=20, min_volume=1e6)


class Scanner(FakeBroker):
    """Finds what it is told to, and counts who asks."""

    def __init__(self, clock: HeldClock, *symbols: str) -> None:
        super().__init__(clock)
        self.symbols = symbols
        self.asked: list[MarketScan] = []

    async def market_scan(self, wanted: MarketScan) -> MarketScanResult:
        self.asked.append(wanted)
        return MarketScanResult(symbols=self.symbols, excluded=(("SMALL", "too small"),))


def make(clock: HeldClock, scanner: Scanner) -> ScannedUniverse:
    cache: ExpiringCache[str, Universe] = ExpiringCache(
        "universe", clock, lambda asked: asked + timedelta(seconds=1800)
    )
    return ScannedUniverse(scanner, cache, WANTED)


def test_it_is_kept_for_half_an_hour_and_then_asked_for_again() -> None:
    async def story() -> None:
        clock = HeldClock(NOW)
        scanner = Scanner(clock, "AAPL", "MSFT")
        universe = make(clock, scanner)
        found = await universe()
        assert found.symbols == ("AAPL", "MSFT") and found.unserved == (("SMALL", "too small"),)
        assert await universe() is found and scanner.asked == [WANTED]
        clock.advance(NOW + timedelta(seconds=1801))
        assert (await universe()).symbols == ("AAPL", "MSFT") and len(scanner.asked) == 2

    asyncio.run(story())


def test_a_scan_that_finds_nothing_is_told_with_the_settings_to_change() -> None:
    clock = HeldClock(NOW)
    with pytest.raises(UserError, match=r"universe\.min_market_cap"):
        asyncio.run(make(clock, Scanner(clock))())
