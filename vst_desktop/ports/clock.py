"""Time, injected."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol


class Timer(Protocol):
    """A call to come."""

    def cancel(self) -> None:
        """Forget the call; harmless when it was made already."""


class Clock(Protocol):
    """The station's time. In DEMO it is the simulator's, else the machine's.

    Work in flight is counted (``work``): a held clock jumps to its next timer only while nothing
    is in flight. Heartbeats, back-off and deadlines use ``monotonic``, which is always real.
    """

    def now(self) -> datetime:
        """Now, aware UTC."""

    def monotonic(self) -> float:
        """Real seconds, for durations of real work."""

    def call_at(self, when: datetime, call: Callable[[], None], *, name: str) -> Timer:
        """Call once at or after ``when`` on the loop; a past moment means soon."""

    async def sleep_until(self, when: datetime) -> None:
        """Wait until then by this clock."""

    def work(self, name: str) -> AbstractContextManager[None]:
        """Count what is done inside as work in flight."""
