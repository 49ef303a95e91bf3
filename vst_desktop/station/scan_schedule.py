"""Scans by themselves: every so often while a session lasts, and when the entry window opens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.runtime.calendar import trading_day
from vst_desktop.runtime.tasks import TaskOwner

if TYPE_CHECKING:
    from vst_desktop.station.station import Station

CLOSED_LOOK = timedelta(minutes=30)
"""How often it looks whether a session has begun."""


class ScanSchedule:
    """Off until it is set. The queue, the exits and the alerts go on by themselves: they are the
    desk's.

    Args:
        station: The station that scans.
        tasks: Owns the task that waits.
    """

    def __init__(self, station: Station, tasks: TaskOwner) -> None:
        self._station = station
        self._tasks = tasks
        self._task: asyncio.Task[None] | None = None
        self.every: timedelta | None = None
        """Between two scans of a session; None when only the trader scans."""
        self.next_look: datetime | None = None
        """When it scans, or looks for a session, the next time."""
        self.tell: Callable[[str], None] = lambda line: None
        """Called with a line for each scan that was done or refused."""

    def use(self, every: timedelta | None) -> asyncio.Task[None] | None:
        """Scan every so often from now on, or no more; the task that does it."""
        if self._task is not None:
            self._task.cancel()
        self.every, self.next_look = every, None
        self._task = None if every is None else self._tasks.spawn(self._run(every), "schedule")
        return self._task

    async def _run(self, every: timedelta) -> None:
        clock = self._station.engines.clock
        while True:
            self.next_look = self.after(clock.now(), every)
            await clock.sleep_until(self.next_look)
            if self._in_session(clock.now()):
                await self.scan()

    async def scan(self) -> None:
        """One scan; what keeps it from being done is told, and the next one comes in its time."""
        if self._station.research.progress is not None:
            return  # the trader's own scan is as new
        try:
            await self._station.scan()
        except (UserError, TimeoutError) as error:
            told = str(error) or "the broker did not answer in time"
            self._station.engines.alerts.raise_alert(Severity.WARNING, "System: SCAN WARNING", told)
            self.tell(f"scan: {told}")
            return
        findings = self._station.research.findings
        if (result := findings.result) is None:
            self.tell("scan: stopped before anything was found")
            return
        self.tell(
            f"scanned {result.scanned} symbols in {result.seconds:.3f} s ({result.engine}): "
            f"{len(findings.signals)} signals, "
            f"{len(self._station.research.candidates())} candidates"
        )

    def after(self, now: datetime, every: timedelta) -> datetime:
        """When to scan, or to look for a session, the next time."""
        if not self._in_session(now):
            return now + min(every, CLOSED_LOOK)
        opens, _ = self._station.window()
        return min(now + every, opens) if opens is not None and now < opens else now + every

    def _in_session(self, now: datetime) -> bool:
        hours = self._station.engines.sessions.session(trading_day(now))
        return hours is not None and hours[0] <= now < hours[1]
