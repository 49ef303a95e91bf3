"""Clocks: the machine's, a running virtual one, and a held virtual one.

In DEMO the station's time is the simulator's. With a window it runs (at a chosen speed); headless
it is held: it stands still while work is in flight and jumps to the next timer when all is idle.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta


class _Timer:
    __slots__ = ("_cancel", "call", "cancelled", "name", "when")

    def __init__(self, when: datetime, call: Callable[[], None], name: str) -> None:
        self.when = when
        self.call = call
        self.name = name
        self.cancelled = False
        self._cancel: Callable[[], None] | None = None

    def cancel(self) -> None:
        self.cancelled = True
        if self._cancel is not None:
            self._cancel()


class _Waits:
    """What all clocks share: real seconds, waiting, and the count of work in flight."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.monotonic = monotonic
        """Real seconds."""
        self._work: dict[str, int] = {}
        self._idle: list[asyncio.Future[None]] = []

    @contextmanager
    def work(self, name: str) -> Iterator[None]:
        """Count what is done inside as work in flight."""
        self._work[name] = self._work.get(name, 0) + 1
        try:
            yield
        finally:
            self._work[name] -= 1
            if not self._work[name]:
                del self._work[name]
            if not self._work:
                self._wake()

    def _wake(self) -> None:
        for waiter in self._idle:
            if not waiter.done():
                waiter.set_result(None)
        self._idle.clear()

    async def idle(self) -> None:
        """Wait until no work is in flight."""
        while self._work:
            waiter = asyncio.get_running_loop().create_future()
            self._idle.append(waiter)
            await waiter

    @property
    def in_flight(self) -> tuple[str, ...]:
        """Names of the work in flight."""
        return tuple(self._work)

    def call_at(self, when: datetime, call: Callable[[], None], *, name: str) -> _Timer:
        """Call once when this clock shows ``when``."""
        raise NotImplementedError  # abstract: how a clock reaches a moment is what tells them apart

    async def sleep_until(self, when: datetime) -> None:
        """Wait until then by this clock."""
        done = asyncio.Event()
        timer = self.call_at(when, done.set, name="sleep")
        try:
            await done.wait()
        finally:
            timer.cancel()


class RunningClock(_Waits):
    """A clock that runs: ``speed`` virtual seconds a real second from an anchor.

    The machine's own time is the anchor (now, monotonic now) at speed 1. Timers look again at
    the clock when they wake, so a change of anchor or a machine that slept does not fire early.
    """

    LONGEST_NAP_SECS = 30.0

    def __init__(
        self,
        anchor: datetime | None = None,
        speed: float = 1.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(monotonic)
        if speed <= 0:
            raise ValueError(f"speed {speed} is not above 0")
        self._system = anchor is None
        self._base = (anchor or datetime.now(UTC), monotonic())
        self.speed = speed

    def now(self) -> datetime:
        """Now, aware UTC."""
        if self._system:
            return datetime.now(UTC)
        start, mono = self._base
        return start + timedelta(seconds=(self.monotonic() - mono) * self.speed)

    def call_at(self, when: datetime, call: Callable[[], None], *, name: str) -> _Timer:
        """Call once at or after ``when`` on the running loop."""
        timer = _Timer(when, call, name)
        loop = asyncio.get_running_loop()

        def look() -> None:
            if timer.cancelled:
                return
            left = (when - self.now()).total_seconds() / self.speed
            if left <= 0:
                timer.call()
                return
            handle = loop.call_later(min(left, self.LONGEST_NAP_SECS), look)
            timer._cancel = handle.cancel

        handle = loop.call_soon(look)
        timer._cancel = handle.cancel
        return timer


class HeldClock(_Waits):
    """A virtual clock that moves only when told (``advance``)."""

    speed = 0.0

    def __init__(self, start: datetime) -> None:
        super().__init__()
        if start.tzinfo is None:
            raise ValueError("a clock needs an aware time")
        self._now = start.astimezone(UTC)
        self._timers: list[tuple[datetime, int, _Timer]] = []
        self._order = itertools.count()

    def now(self) -> datetime:
        """Now, aware UTC."""
        return self._now

    def call_at(self, when: datetime, call: Callable[[], None], *, name: str) -> _Timer:
        """Call once when the clock is advanced to ``when``; a past moment is called soon."""
        timer = _Timer(when, call, name)
        if when <= self._now:
            handle = asyncio.get_running_loop().call_soon(
                lambda: None if timer.cancelled else call()
            )
            timer._cancel = handle.cancel
        else:
            heapq.heappush(self._timers, (when, next(self._order), timer))
        return timer

    def next_timer(self) -> datetime | None:
        """When the earliest timer is due."""
        while self._timers and self._timers[0][2].cancelled:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def advance(self, to: datetime) -> None:
        """Move to ``to``, calling due timers in their order at their own moments."""
        while (due := self.next_timer()) is not None and due <= to:
            _, _, timer = heapq.heappop(self._timers)
            self._now = max(self._now, due)
            timer.call()
        self._now = max(self._now, to.astimezone(UTC))


class SystemClock(RunningClock):
    """The machine's clock."""
