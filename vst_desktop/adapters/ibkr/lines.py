"""Market data lines: counted, at most a hundred, and told apart by when they last ticked."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from vst_desktop.adapters.ibkr.library import IB, Contract, Ticker
from vst_desktop.domain.errors import UserError

MAX_LINES = 100
"""What TWS gives a user without extra subscriptions."""
WATCH_RESERVE = 20
"""Lines kept free of looks, for positions and working spreads."""
LOOK_RESERVE = 10
"""Lines kept free of watches: looks always get on, and a leg about to be traded is quoted."""


class Line:
    """One streaming subscription.

    ``time`` is when it last ticked, by the station's clock; ``error`` code and sentence if TWS
    refused it.
    """

    def __init__(self, ticker: Ticker, now: Callable[[], datetime]) -> None:
        self.ticker = ticker
        self.time = now()
        self.error: tuple[int, str] | None = None
        self._now = now
        self._waiters: list[tuple[Callable[[Ticker], bool], asyncio.Future[None]]] = []
        self.on_tick: Callable[[Line], None] | None = None
        ticker.updateEvent += self._ticked

    @property
    def ticked(self) -> bool:
        """Whether TWS told any price."""
        seen = (self.ticker.bid, self.ticker.ask, self.ticker.last, self.ticker.close)
        return not all(math.isnan(value) for value in seen)

    async def until(self, ready: Callable[[Ticker], bool], secs: float) -> bool:
        """Wait until the line shows enough.

        False when it did not in that many real seconds, or was refused.
        """
        if self.error or ready(self.ticker):
            return self.error is None
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (ready, waiter)
        self._waiters.append(entry)
        try:
            await asyncio.wait_for(waiter, secs)
        except TimeoutError:
            return False
        finally:
            self._waiters.remove(entry)
        return self.error is None

    def fail(self, code: int, text: str) -> None:
        """TWS refused the line; who waits for it is told."""
        self.error = (code, text)
        for _, waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    def close(self) -> None:
        """Stop listening."""
        self.ticker.updateEvent -= self._ticked

    def _ticked(self, ticker: Ticker) -> None:
        self.time = self._now()
        for ready, waiter in self._waiters:
            if not waiter.done() and ready(ticker):
                waiter.set_result(None)
        if self.on_tick is not None:
            self.on_tick(self)


class Lines:
    """Lines of one connection: short ones for a look, watched ones shared by their key."""

    def __init__(self, ib: IB, now: Callable[[], datetime]) -> None:
        self._ib = ib
        self._now = now
        self._looks = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._watched: dict[str, Line] = {}
        self._held_back: dict[str, Callable[[], None]] = {}
        self._by_request: dict[int, Line] = {}

    @asynccontextmanager
    async def look(self, contract: Contract, generic: str = "") -> AsyncIterator[Line]:
        """A line of its own for as long as the block lasts: what it shows is fresh.

        Waits while all lines are taken.
        """
        await self._take()
        try:
            line = self._open(contract, generic)
            try:
                yield line
            finally:
                self._close(line)
        finally:
            self._give_back()

    async def _take(self) -> None:
        if not self._waiting and self._looks < self._look_limit:
            self._looks += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            # the place may have been given to it in the very turn of the loop that cancels it
            if not turn.cancelled():
                self._give_back()
            raise

    def _give_back(self) -> None:
        self._looks -= 1
        self._next()

    def watch(
        self, key: str, contract: Contract, generic: str, on_tick: Callable[[Line], None]
    ) -> None:
        """Stream under a key until ``unwatch``; a key that is watched already stays as it is.

        While looks have the last lines, the watch gets the next one that is given back.

        Raises:
            UserError: No line is left.
        """
        if key in self._watched or key in self._held_back:
            return
        if self._watches >= MAX_LINES - LOOK_RESERVE:
            raise UserError(
                f"no market data line is left: {self._watches} are watched",
                remedy="close positions or cancel working orders before opening more",
            )

        def begin() -> None:
            line = self._open(contract, generic)
            line.on_tick = on_tick
            self._watched[key] = line

        self._held_back[key] = begin
        self._next()

    @property
    def _watches(self) -> int:
        return len(self._watched) + len(self._held_back)

    def unwatch(self, key: str) -> None:
        """End a watched line."""
        self._held_back.pop(key, None)
        line = self._watched.pop(key, None)
        if line is not None:
            self._close(line)
            self._next()

    def refused(self, request_id: int, code: int, text: str) -> None:
        """Tell the line of that request, if it is one's, that TWS refused it.

        A watched one is given up, so that ``watch`` can ask for it again.
        """
        line = self._by_request.get(request_id)
        if line is None:
            return
        line.fail(code, text)
        for key, watched in self._watched.items():
            if watched is line:
                self.unwatch(key)
                break

    def _next(self) -> None:
        while (
            self._held_back
            and self._ib.isConnected()
            and self._looks + len(self._watched) < MAX_LINES
        ):
            self._held_back.pop(next(iter(self._held_back)))()
        while self._waiting and self._looks < self._look_limit:
            turn = self._waiting.popleft()
            if not turn.done():
                self._looks += 1
                turn.set_result(None)

    @property
    def _look_limit(self) -> int:
        return MAX_LINES - max(WATCH_RESERVE, self._watches)

    def _open(self, contract: Contract, generic: str) -> Line:
        ticker = self._ib.reqMktData(contract, generic, False, False)
        # The library would give the next line of this contract the same ticker, lose the id of
        # this one's request, and keep the ticker of each look for the whole session.
        self._ib.wrapper.tickers.clear()
        line = Line(ticker, self._now)
        self._by_request[self._ib.wrapper.ticker2ReqId["mktData"][ticker]] = line
        return line

    def _close(self, line: Line) -> None:
        line.close()
        wrapper = self._ib.wrapper
        request = wrapper.endTicker(line.ticker, "mktData")
        self._by_request.pop(request, None)
        wrapper.reqId2Ticker.pop(request, None)
        if self._ib.isConnected():
            self._ib.client.cancelMktData(request)  # type: ignore[no-untyped-call]
