"""Virtual time as the protocol half needs it, trading hours, and how times are written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from vst_desktop.adapters.tws_sim.world import Market

EASTERN = ZoneInfo("America/New_York")
ZONE_ON_WIRE = "US/Eastern"
_LOOK_AHEAD_DAYS = 14


class TimerHandle(Protocol):
    """A call that is due at a moment of virtual time."""

    def cancel(self) -> object:
        """Do not call it any more."""


class SimTime(Protocol):
    """The simulator's clock."""

    @property
    def speed(self) -> float:
        """Virtual seconds a real second; 0 when the clock is held and jumps when told."""

    def now(self) -> datetime:
        """Now, aware UTC."""

    def call_at(self, when: datetime, call: Callable[[], None], /) -> TimerHandle:
        """Call once when the clock shows ``when``."""


class Hours:
    """Regular sessions of a market, looked up by moment."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._sessions: dict[date, tuple[datetime, datetime] | None] = {}

    def session(self, day: date) -> tuple[datetime, datetime] | None:
        """Open and close of that day's session, or None when closed."""
        if day not in self._sessions:
            self._sessions[day] = self._market.session(day)
        return self._sessions[day]

    def is_open(self, at: datetime) -> bool:
        """Whether orders trade at that moment."""
        session = self.session(day_of(at))
        return session is not None and session[0] <= at < session[1]

    def next_open(self, at: datetime) -> datetime | None:
        """The first open after that moment."""
        day = day_of(at)
        for step in range(_LOOK_AHEAD_DAYS):
            session = self.session(day + timedelta(days=step))
            if session is not None and session[0] > at:
                return session[0]
        return None

    def close_of(self, at: datetime) -> datetime | None:
        """The close of the session running at that moment or next to come."""
        day = day_of(at)
        for step in range(_LOOK_AHEAD_DAYS):
            session = self.session(day + timedelta(days=step))
            if session is not None and session[1] > at:
                return session[1]
        return None

    def latest(self, at: datetime) -> tuple[datetime, datetime] | None:
        """The last session that had opened at that moment."""
        return self.before(at + timedelta(microseconds=1))

    def before(self, at: datetime) -> tuple[datetime, datetime] | None:
        """The last session that opened before that moment."""
        day = day_of(at)
        for step in range(_LOOK_AHEAD_DAYS):
            session = self.session(day - timedelta(days=step))
            if session is not None and session[0] < at:
                return session
        return None

    def calendar(self, at: datetime, days: int = 6) -> str:
        """Trading hours from that day on, as contract details give them."""
        parts = []
        for step in range(days):
            day = day_of(at) + timedelta(days=step)
            session = self.session(day)
            if session is None:
                parts.append(f"{day:%Y%m%d}:CLOSED")
            else:
                start, end = (moment.astimezone(EASTERN) for moment in session)
                parts.append(f"{start:%Y%m%d:%H%M}-{end:%Y%m%d:%H%M}")
        return ";".join(parts)


def day_of(at: datetime) -> date:
    """The Eastern calendar day of a moment."""
    return at.astimezone(EASTERN).date()


def stamp(at: datetime, server_version: int) -> str:
    """A moment as executions and bars carry it: with the zone from version 174 on."""
    local = at.astimezone(EASTERN)
    if server_version >= 174:
        return f"{local:%Y%m%d %H:%M:%S} {ZONE_ON_WIRE}"
    return f"{local:%Y%m%d  %H:%M:%S}"


def parse_moment(value: str) -> datetime:
    """A moment as clients write it: with a zone name, ``-`` for UTC, or plain Eastern.

    Raises:
        ValueError: It is none of these.
    """
    words = value.split()
    if len(words) == 1 and "-" in value:
        return datetime.strptime(value, "%Y%m%d-%H:%M:%S").replace(tzinfo=UTC)
    if len(words) == 1:
        return datetime.strptime(value, "%Y%m%d").replace(tzinfo=EASTERN).astimezone(UTC)
    if len(words) not in (2, 3):
        raise ValueError(f"{value!r} is not a date and time")
    try:
        zone = ZoneInfo(words[2]) if len(words) == 3 else EASTERN
    except (KeyError, OSError) as error:
        raise ValueError(f"{words[2]!r} is not a time zone") from error
    local = datetime.strptime(f"{words[0]} {words[1]}", "%Y%m%d %H:%M:%S").replace(tzinfo=zone)
    return local.astimezone(UTC)
