"""The simulator's virtual clock: it runs at a speed, or is held and jumps when told."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_LONGEST_NAP_SECS = 30.0
FASTEST = 100_000.0
"""Virtual seconds a real second: more than a day a second is no use to anybody."""


class Handle:
    """A call that is due at a moment of virtual time."""

    __slots__ = ("call", "cancelled", "when")

    def __init__(self, when: datetime, call: Callable[[], None]) -> None:
        self.when = when
        self.call = call
        self.cancelled = False

    def cancel(self) -> None:
        """Do not call it any more."""
        self.cancelled = True


class SimClock:
    """Virtual time from ``start`` on.

    Args:
        start: What it shows first; aware.
        speed: Virtual seconds a real second; 0 holds it, then only ``advance`` moves it.
        monotonic: Real seconds.
    """

    def __init__(
        self, start: datetime, speed: float = 1.0, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        if start.tzinfo is None:
            raise ValueError("the clock needs an aware start")
        _check(speed)
        self._monotonic = monotonic
        self._base = start.astimezone(UTC)
        self._since = monotonic()
        self._speed = speed
        self._timers: list[tuple[datetime, int, Handle]] = []
        self._order = itertools.count()
        self._wake: asyncio.TimerHandle | None = None
        self._wake_at: datetime | None = None

    @property
    def speed(self) -> float:
        """Virtual seconds a real second; 0 when held."""
        return self._speed

    def now(self) -> datetime:
        """Now, aware UTC."""
        if self._speed == 0:
            return self._base
        return self._base + timedelta(seconds=(self._monotonic() - self._since) * self._speed)

    def call_at(self, when: datetime, call: Callable[[], None], /) -> Handle:
        """Call once when the clock shows ``when``; a past moment is due at once."""
        handle = Handle(when, call)
        heapq.heappush(self._timers, (when, next(self._order), handle))
        self._set_wake()
        return handle

    def next_timer(self) -> datetime | None:
        """When the earliest timer is due."""
        while self._timers and self._timers[0][2].cancelled:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def set_speed(self, speed: float) -> None:
        """Run on at another speed from what the clock shows now; 0 holds it.

        Raises:
            ValueError: Not a number from 0 to ``FASTEST``.
        """
        _check(speed)
        self._base, self._since = self.now(), self._monotonic()
        self._speed = speed
        self._set_wake()

    def advance(self, to: datetime) -> None:
        """Move a held clock, calling due timers in their order at their own moments.

        Raises:
            ValueError: The clock runs, or ``to`` lies in its past.
        """
        if self._speed != 0:
            raise ValueError("a running clock cannot be advanced: hold it with speed 0")
        if to < self._base:
            raise ValueError(f"{to.isoformat()} lies before {self._base.isoformat()}")
        while (due := self.next_timer()) is not None and due <= to:
            _, _, handle = heapq.heappop(self._timers)
            self._base = max(self._base, due)
            handle.call()
        self._base = to.astimezone(UTC)

    def _set_wake(self) -> None:
        due = self.next_timer()
        if self._wake is not None:
            if due is not None and self._wake_at == due and self._speed:
                return
            self._wake.cancel()
            self._wake = None
        if due is None:
            return
        loop = asyncio.get_running_loop()
        self._wake_at = due
        if self._speed:
            left = (due - self.now()).total_seconds() / self._speed
            self._wake = loop.call_later(min(max(left, 0.0), _LONGEST_NAP_SECS), self._ring)
        elif due <= self._base:
            # Held, but what is due already does not wait for the next jump.
            self._wake = loop.call_later(0, self._ring)

    def _ring(self) -> None:
        self._wake = None
        while (due := self.next_timer()) is not None and due <= self.now():
            _, _, handle = heapq.heappop(self._timers)
            handle.call()
        self._set_wake()


def _check(speed: float) -> None:
    if not 0 <= speed <= FASTEST:
        raise ValueError(f"speed {speed:g} is not from 0 to {FASTEST:g}")
