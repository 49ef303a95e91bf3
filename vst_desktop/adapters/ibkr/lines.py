"""Market data lines: counted, at most a hundred, and told apart by when they last ticked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from ib_insync import IB, Contract, Ticker

MAX_LINES = 100
WATCH_RESERVE = 20
"""Lines kept free of browsing, for positions and working spreads."""


class Line:
    """One streaming subscription; ``time`` is when it last ticked, by the station's clock."""

    def __init__(self, ticker: Ticker, now: Callable[[], datetime]) -> None:
        self.ticker = ticker
        self.time = now()
        self._now = now
        self._waiters: list[tuple[Callable[[Ticker], bool], asyncio.Future[None]]] = []
        self.on_tick: Callable[[Line], None] | None = None
        ticker.updateEvent += self._ticked

    def _ticked(self, ticker: Ticker) -> None:
        self.time = self._now()
        for ready, waiter in self._waiters:
            if not waiter.done() and ready(ticker):
                waiter.set_result(None)
        if self.on_tick is not None:
            self.on_tick(self)

    async def until(self, ready: Callable[[Ticker], bool], secs: float) -> bool:
        """Wait until the line shows enough; False when it did not in that many real seconds."""
        if ready(self.ticker):
            return True
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (ready, waiter)
        self._waiters.append(entry)
        try:
            async with asyncio.timeout(secs):
                await waiter
        except TimeoutError:
            return ready(self.ticker)
        finally:
            self._waiters.remove(entry)
        return True

    def close(self) -> None:
        """Stop listening."""
        self.ticker.updateEvent -= self._ticked


class Lines:
    """Lines of one connection: short ones for a look, watched ones shared by their key."""

    def __init__(self, ib: IB, now: Callable[[], datetime]) -> None:
        self._ib = ib
        self._now = now
        self._free = asyncio.Semaphore(MAX_LINES - WATCH_RESERVE)
        self._watched: dict[str, Line] = {}

    @asynccontextmanager
    async def look(self, contract: Contract, generic: str = "") -> AsyncIterator[Line]:
        """A line of its own for as long as the block lasts: what it shows is fresh."""
        async with self._free:
            line = self._open(contract, generic)
            try:
                yield line
            finally:
                self._close(line)

    def watch(
        self, key: str, contract: Contract, generic: str, on_tick: Callable[[Line], None]
    ) -> None:
        """Stream under a key until ``unwatch``; a key that is watched already stays as it is."""
        if key not in self._watched:
            line = self._open(contract, generic)
            line.on_tick = on_tick
            self._watched[key] = line

    def unwatch(self, key: str) -> None:
        """End a watched line."""
        line = self._watched.pop(key, None)
        if line is not None:
            self._close(line)

    def _open(self, contract: Contract, generic: str) -> Line:
        # ib_insync keys tickers by the identity of the contract object: each line has its own.
        own = Contract.create(**{k: getattr(contract, k) for k in contract.__dataclass_fields__})
        return Line(self._ib.reqMktData(own, generic, False, False), self._now)

    def _close(self, line: Line) -> None:
        line.close()
        contract = line.ticker.contract
        if contract is not None and self._ib.isConnected():
            self._ib.cancelMktData(contract)
