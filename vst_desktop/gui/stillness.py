"""How often the window stood still, for how long at most, and who caused it."""

from __future__ import annotations

import logging

from vst_desktop.runtime.watchdog import LONGEST_MS
from vst_desktop.station.desk_view import PerformanceRow

log = logging.getLogger(__name__)


class Stillness:
    """Counts what the watchdog of the event loop tells; each hold-up stands in the log."""

    def __init__(self) -> None:
        self._times = 0
        self._longest_ms = 0.0
        self._culprit = ""

    def tell(self, late_ms: float, culprit: str) -> None:
        """The loop was held up so long, by that function."""
        log.info("the window stood still for %.0f ms: %s", late_ms, culprit)
        self._times += 1
        if late_ms > self._longest_ms:
            self._longest_ms, self._culprit = late_ms, culprit

    def row(self) -> PerformanceRow:
        """The figure beside its threshold."""
        return PerformanceRow(
            name="Window stood still",
            value=f"{self._longest_ms:.0f} ms" if self._times else "never",
            threshold=f"≤ {LONGEST_MS:.0f} ms",
            met=not self._times,
            tip=f"{self._times} times; the longest was {self._culprit}" if self._times else "",
        )
