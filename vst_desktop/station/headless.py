"""A station without a window: it scans by itself; rules that were armed approve."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.runtime.calendar import trading_day

if TYPE_CHECKING:
    from vst_desktop.station.station import Station

log = logging.getLogger(__name__)

CLOSED_LOOK = timedelta(minutes=30)
"""How often it looks whether a session has begun."""


class Headless:
    """Scans at the start, then every so often while the session lasts, and at the window's opening.

    The queue, the exits and the alerts go on by themselves: they are the desk's.

    Args:
        station: A started station.
        every: Between two scans of a session.
        tell: Called with a line for each thing that was done.
    """

    def __init__(
        self, station: Station, every: timedelta, tell: Callable[[str], None] = lambda line: None
    ) -> None:
        self._station = station
        self._every = every
        self._tell = tell

    async def run(self) -> None:
        """Work for ever."""
        clock = self._station.engines.clock
        await self.scan()
        while True:
            await clock.sleep_until(self.next_look(clock.now()))
            if self._in_session(clock.now()):
                await self.scan()

    async def scan(self) -> None:
        """One scan; what keeps it from being done is told, and the next one comes in its time."""
        try:
            await self._station.scan()
        except (UserError, TimeoutError) as error:
            told = str(error) or "the broker did not answer in time"
            self._station.engines.alerts.raise_alert(Severity.WARNING, "System: SCAN WARNING", told)
            self._tell(f"scan: {told}")
            return
        result = self._station.research.findings.result
        assert result is not None
        self._tell(
            f"scanned {result.scanned} symbols in {result.seconds:.3f} s ({result.engine}): "
            f"{len(self._station.research.findings.signals)} signals, "
            f"{len(self._station.research.candidates())} candidates"
        )

    def next_look(self, now: datetime) -> datetime:
        """When to scan, or to look for a session, the next time."""
        if not self._in_session(now):
            return now + min(self._every, CLOSED_LOOK)
        after = now + self._every
        opens, _ = self._station.window()
        return min(after, opens) if opens is not None and now < opens else after

    def _in_session(self, now: datetime) -> bool:
        hours = self._station.engines.sessions.session(trading_day(now))
        return hours is not None and hours[0] <= now < hours[1]
