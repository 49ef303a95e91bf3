"""Counts what really goes out: messages on the broker's socket, calls of the scanner."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pytest

from vst_desktop.adapters.ibkr.client import PacedClient
from vst_desktop.domain.bars import Timeframe
from vst_desktop.ports.market_data import BarColumns, BulkAnswer, BulkSource

_DURATION = re.compile(r"^\d+ [SDWMY]$")
_MARKET_DATA, _CONTRACT, _HISTORY = "1", "9", "20"


class BrokerWire:
    """The requests for market data that the broker's adapter has sent since ``forget``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._sent: list[list[str]] = []
        really_send = PacedClient._send_now

        def send(client: PacedClient, message: str) -> None:
            self._sent.append(message.split("\0"))
            really_send(client, message)

        monkeypatch.setattr(PacedClient, "_send_now", send)

    def forget(self) -> None:
        """Count from here."""
        self._sent.clear()

    def history(self) -> list[tuple[str, str]]:
        """Symbol and duration of each request for bars."""
        return [
            (fields[3], next(f for f in fields if _DURATION.match(f)))
            for fields in self._sent
            if fields[0] == _HISTORY
        ]

    def options(self, symbol: str) -> int:
        """How many requests were about options of the symbol: contracts and quotes."""
        kinds = (_MARKET_DATA, _CONTRACT)
        return sum(f[0] in kinds and symbol in f and "OPT" in f for f in self._sent)

    def quotes_and_bars(self) -> int:
        """How many requests for market data there were in all."""
        return sum(f[0] in (_MARKET_DATA, _CONTRACT, _HISTORY) for f in self._sent)


class CountedSource:
    """A bulk source whose requests are counted."""

    def __init__(self, source: BulkSource) -> None:
        self._source = source
        self.asked: list[tuple[str, ...]] = []

    async def fetch_bars(
        self, symbols: Sequence[str], *, timeframe: Timeframe, on_bars: Callable[[BarColumns], None]
    ) -> BulkAnswer:
        self.asked.append(tuple(symbols))
        return await self._source.fetch_bars(symbols, timeframe=timeframe, on_bars=on_bars)

    async def stream_bars(
        self,
        symbols: Sequence[str],
        *,
        timeframe: Timeframe,
        on_bars: Callable[[BarColumns], None],
        on_progress: Callable[[int, int], None] | None = None,
    ) -> BulkAnswer:
        self.asked.append(tuple(symbols))
        return await self._source.stream_bars(
            symbols, timeframe=timeframe, on_bars=on_bars, on_progress=on_progress
        )
