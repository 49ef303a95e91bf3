"""Exchange sessions of the New York Stock Exchange: holidays, half days, daylight saving."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from vst_desktop.domain.errors import UserError

EASTERN = ZoneInfo("America/New_York")


@lru_cache(maxsize=1)
def _schedule() -> Any:
    import exchange_calendars  # here, because it costs half a second and 100 MB

    return exchange_calendars.get_calendar("XNYS", start="1990-01-01")


@lru_cache(maxsize=1)
def session_days() -> NDArray[np.int64]:
    """All sessions that are known, from 1990 on, as days since 1970-01-01, in order."""
    days = _schedule().sessions.to_numpy().astype("datetime64[D]")
    return np.asarray(days, dtype=np.int64)


@lru_cache(maxsize=4096)
def _session(day: date) -> tuple[datetime, datetime] | None:
    # Kept: pandas takes half a millisecond, and every quote asks.
    schedule = _schedule()
    text = day.isoformat()
    if not schedule.first_session.date() <= day <= schedule.last_session.date():
        raise UserError(
            f"no exchange calendar for {text}",
            remedy=f"use a date from {schedule.first_session.date()} "
            f"to {schedule.last_session.date()}",
        )
    if not schedule.is_session(text):
        return None
    opens = schedule.session_open(text).to_pydatetime().astimezone(UTC)
    closes = schedule.session_close(text).to_pydatetime().astimezone(UTC)
    return opens, closes


class Sessions:
    """Sessions of the exchange as aware UTC moments."""

    def load(self) -> None:
        """Read the calendar now: the first question takes seconds where bytecode is not cached.

        May be called on another thread.
        """
        _schedule()

    def session(self, day: date) -> tuple[datetime, datetime] | None:
        """Open and close of the regular session on that day; None when the exchange is closed.

        Raises:
            UserError: The calendar does not reach that day.
        """
        return _session(day)

    def is_session(self, day: date) -> bool:
        """Whether the exchange opens on that day."""
        return self.session(day) is not None

    def next_session(self, day: date) -> date:
        """The first session day after ``day``."""
        return self._step(day, 1)

    def previous_session(self, day: date) -> date:
        """The last session day before ``day``."""
        return self._step(day, -1)

    def session_at(self, moment: datetime) -> date | None:
        """The session day whose regular hours hold ``moment``, else None."""
        day = trading_day(moment)
        bounds = self.session(day)
        return day if bounds and bounds[0] <= moment < bounds[1] else None

    def _step(self, day: date, by: int) -> date:
        for _ in range(15):
            day += timedelta(days=by)
            if self.session(day) is not None:
                return day
        raise UserError(f"no exchange session within 15 days of {day}")


def trading_day(moment: datetime) -> date:
    """The calendar day in New York at that moment."""
    return moment.astimezone(EASTERN).date()
