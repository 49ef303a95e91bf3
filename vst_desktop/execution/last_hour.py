"""Looks at held positions in the last hour of sessions, while there is time to be out by 15:30."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from vst_desktop.execution.services import Services
from vst_desktop.ports.clock import Timer
from vst_desktop.ports.store import PositionRecord
from vst_desktop.runtime.calendar import trading_day

BEFORE_CLOSE = timedelta(minutes=60)
"""From here to the close: half an hour to be out by 15:30, and no look the less if it moves."""
AGAIN_SECS = 60.0


class LastHour:
    """One timer a position: every minute of the last hour while a look is due, else at the next
    session's last hour. What is due is asked anew each session: events may become known meanwhile.

    Args:
        services: Dependencies.
        name: What is looked at, for the names of timers and tasks.
        is_due: Whether the position must be looked at again within this session.
        look: Looks.
    """

    def __init__(
        self,
        services: Services,
        name: str,
        is_due: Callable[[PositionRecord, datetime], bool],
        look: Callable[[PositionRecord], Awaitable[None]],
    ) -> None:
        self._services = services
        self._name = name
        self._is_due = is_due
        self._look = look
        self._timers: dict[str, Timer] = {}

    def watch(self, position: PositionRecord) -> None:
        """Look at the position until ``unwatch``."""
        now, calendar = self._services.clock.now(), self._services.calendar
        day = trading_day(now)
        hours, again = calendar.session(day), now + timedelta(seconds=AGAIN_SECS)
        if hours is not None and now < hours[1] - BEFORE_CLOSE:
            when = hours[1] - BEFORE_CLOSE
        elif hours is not None and again < hours[1] and self._is_due(position, now):
            when = again
        else:
            hours = calendar.session(calendar.next_session(day))
            assert hours is not None
            when = hours[1] - BEFORE_CLOSE
        name = f"{self._name} {position.spread.symbol}"
        self._timers[position.position_id] = self._services.at(
            when, lambda: self._services.run(self._turn(position), name), name
        )

    def unwatch(self, position: PositionRecord) -> None:
        """Look no more; harmless when it was not watched."""
        timer = self._timers.pop(position.position_id, None)
        if timer is not None:
            timer.cancel()

    async def _turn(self, position: PositionRecord) -> None:
        try:
            await self._look(position)
        finally:
            if position.position_id in self._timers:
                self.watch(position)
