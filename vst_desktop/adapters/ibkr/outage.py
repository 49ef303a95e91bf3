"""When the broker's servers rest, so that losing them then is nothing to be alarmed about.

Hours as IBKR publishes them for North America; Gateway and TWS restart within them, too.
"""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

_EASTERN = ZoneInfo("America/New_York")
_FROM, _UNTIL = time(23, 45), time(0, 45)
_FRIDAY_FROM, _SATURDAY_UNTIL = time(23, 0), time(3, 0)
_FRIDAY, _SATURDAY = 4, 5


def reset_ends(at: datetime) -> time | None:
    """Eastern time at which the reset running at that moment is over; None: none runs."""
    local = at.astimezone(_EASTERN)
    day, now = local.weekday(), local.time()
    if day == _SATURDAY and now < _SATURDAY_UNTIL:
        return _SATURDAY_UNTIL
    if day == _FRIDAY and now >= _FRIDAY_FROM:
        return _SATURDAY_UNTIL
    if now >= _FROM or now < _UNTIL:
        return _UNTIL
    return None
