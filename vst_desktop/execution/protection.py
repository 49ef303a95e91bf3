"""Tells when exits of open positions cannot run (SPEC 1)."""

from __future__ import annotations

from collections.abc import Callable

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.orders import OrderState
from vst_desktop.execution.ledger import Ledger
from vst_desktop.execution.services import Services
from vst_desktop.execution.switches import Switches
from vst_desktop.ports.broker import ConnectionState
from vst_desktop.ports.clock import Timer
from vst_desktop.ports.store import PositionRecord
from vst_desktop.runtime.calendar import trading_day

FIRST_AFTER_SECS = 60.0
AGAIN_AFTER_SECS = 300.0


class Protection:
    """CRITICAL after 60 s of a session without possible exits, again every 5 minutes."""

    def __init__(
        self,
        services: Services,
        ledger: Ledger,
        switches: Switches,
        blind: Callable[[], frozenset[str]],
    ) -> None:
        self._services = services
        self._ledger = ledger
        self._switches = switches
        self._blind = blind
        self._timer: Timer | None = None

    def unprotected(self) -> int:
        """How many open positions could not be closed now."""
        return sum(self.why(position) is not None for position in self._ledger.positions())

    def why(self, position: PositionRecord) -> str | None:
        """Why an open position's exits cannot run now, None when they can."""
        state = self._services.broker.state
        if state is ConnectionState.READ_ONLY:
            return "the broker's program is read-only"
        if state is not ConnectionState.READY:
            return "the broker is not connected"
        if not self._switches.reconciled:
            return "its book is not reconciled with the broker's"
        if self._services.journal.trouble is not None:
            return self._services.journal.trouble
        if position.frozen is not None:
            return "its exits are frozen"
        symbol = position.spread.symbol
        if symbol in self._blind():
            return f"the data of {symbol} are not live"
        exits = self._ledger.exits_of(position.position_id)
        orders = (self._ledger.intent(position.intent_id), *exits)
        if any(order.state is OrderState.UNKNOWN for order in orders):
            return "the fate of one of its orders is not known"
        return None

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
                "; ".join(sorted(f"{symbol}: {why}" for symbol, why in self._reasons())),
            )
        self._timer = self._services.after(AGAIN_AFTER_SECS, self._tell, "unprotected")

    def _reasons(self) -> set[tuple[str, str]]:
        told = ((p.spread.symbol, self.why(p)) for p in self._ledger.positions())
        return {(symbol, why) for symbol, why in told if why is not None}
