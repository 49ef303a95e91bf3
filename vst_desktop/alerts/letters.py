"""What a channel is given to send: one alert, or many as one message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from vst_desktop.domain.alerts import Alert, Severity

EASTERN = ZoneInfo("America/New_York")
MOST_LINES = 20
"""In a message of many; the rest is counted and stands in the history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """An alert on its way to one channel. ``number``: its place in the history."""

    number: int
    alert: Alert
    note: str = ""
    """What is said before it, as ``NOT ACKNOWLEDGED for 5 minutes``."""
    attempts: int = 0


def line(alert: Alert) -> str:
    """``[SEVERITY] YYYY-MM-DD HH:MM:SS - message`` in Eastern time (SPEC 13)."""
    return alert.text(alert.time.astimezone(EASTERN))


def written(letters: Sequence[Letter], signature: str) -> tuple[str, str]:
    """Title and body of a message about these."""
    if len(letters) == 1:
        [letter] = letters
        title = f"{letter.note}: {line(letter.alert)}" if letter.note else line(letter.alert)
        lines = [letter.alert.details]
    else:
        levels = list(Severity)
        counts = Counter(letter.alert.severity for letter in letters)
        told = ", ".join(f"{counts[level]} {level}" for level in reversed(levels) if counts[level])
        worst = max(counts, key=levels.index)
        title = f"[{worst}] {len(letters)} alerts: {told}"
        # The worst first: what is cut off is what matters least.
        ordered = sorted(letters, key=lambda one: -levels.index(one.alert.severity))
        lines = [_with_details(letter) for letter in ordered[:MOST_LINES]]
        if (rest := len(letters) - MOST_LINES) > 0:
            lines.append(f"and {rest} more: see the station's alerts")
    return title, "\n".join(part for part in (*lines, signature) if part) or title


def _with_details(letter: Letter) -> str:
    details = letter.alert.details
    return line(letter.alert) + (f" ({details})" if details else "")
