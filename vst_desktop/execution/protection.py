"""Tells when exits of open positions cannot run (SPEC 1)."""

from __future__ import annotations

from vst_desktop.domain.alerts import Severity
from vst_desktop.execution.ledger import Ledger
from vst_desktop.execution.services import Services
from vst_desktop.execution.switches import Switches
from vst_desktop.ports.broker import ConnectionState
from vst_desktop.ports.clock import Timer
from vst_desktop.runtime.calendar import trading_day

FIRST_AFTER_SECS = 60.0
AGAIN_AFTER_SECS = 300.0


class Protection:
    """CRITICAL after 60 s of a session without possible exits, again every 5 minutes."""

    def __init__(self, services: Services, ledger: Ledger, switches: Switches) -> None:
        self._services = services
        self._ledger = ledger
        self._switches = switches
        self._timer: Timer | None = None

    def unprotected(self) -> int:
        """How many open positions could not be closed now."""
        ready = self._services.broker.state is ConnectionState.READY
        return 0 if ready and self._switches.reconciled else len(self._ledger.positions())

    def look(self) -> None:
        """Start or end the count after a change of the connection."""
        if not self.unprotected():
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        elif self._timer is None:
            self._timer = self._services.after(FIRST_AFTER_SECS, self._tell, "unprotected")

    async def _tell(self) -> None:
        self._timer = None
        count = self.unprotected()
        if not count:
            return
        now = self._services.clock.now()
        hours = self._services.calendar.session(trading_day(now))
        if hours is not None and hours[0] <= now < hours[1]:
            self._services.alert(
                Severity.CRITICAL,
                f"{count} positions are UNPROTECTED: exits cannot run",
                "the broker is not connected, or its book is not reconciled",
            )
        self._timer = self._services.after(AGAIN_AFTER_SECS, self._tell, "unprotected")
