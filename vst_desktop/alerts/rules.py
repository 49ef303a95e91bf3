"""Who is told what, how often and when: the rules of the alert centre."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, tzinfo

from vst_desktop.domain.alerts import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """Hours of a zone in which nothing but CRITICAL leaves; they may pass midnight."""

    begin: time
    end: time
    zone: tzinfo

    def ends(self, moment: datetime) -> datetime | None:
        """The end of the quiet hours that the moment is in, None when it is in none."""
        local = moment.astimezone(self.zone)
        now = local.time()
        if self.begin <= self.end:
            quiet = self.begin <= now < self.end
        else:
            quiet = now >= self.begin or now < self.end
        if not quiet:
            return None
        day = local.date() + timedelta(days=1 if now >= self.end else 0)
        return datetime.combine(day, self.end, tzinfo=self.zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRules:
    """The centre's rules.

    ``routes``: channel names by severity. ``max_per_minute``: messages that a channel sends;
    what comes above is gathered into one. ``escalations``: how often a CRITICAL that nobody
    acknowledged is sent again, each ``escalate_after`` the one before.
    ``signature``: stands below each message, so that a demo's is not taken for a trade.
    """

    routes: Mapping[Severity, Sequence[str]] = field(default_factory=dict)
    fold: timedelta = timedelta(minutes=5)
    max_per_minute: int = 10
    quiet: QuietHours | None = None
    escalate_after: timedelta = timedelta(minutes=5)
    escalations: int = 3
    signature: str = ""
