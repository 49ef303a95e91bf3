"""Closes positions before earnings are told (SPEC 9: EARNINGS; ``options.earnings_policy``)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.events import CorporateEvent
from vst_desktop.execution.last_hour import LastHour
from vst_desktop.execution.services import Services
from vst_desktop.options.events import earnings_before
from vst_desktop.ports.store import PositionRecord
from vst_desktop.runtime.calendar import trading_day
from vst_desktop.strategy.exit import ExitReason


class Earnings:
    """Looks in the last hour of each session whether earnings come before the next one closes.

    ``block`` closes the position: the policy that refuses an entry over earnings does not hold
    one over a date that became known later. ``warn`` tells it once, ``allow`` does nothing.

    Args:
        services: Dependencies; their ``events`` tell what is known of a symbol.
        exit_now: Starts the exit; called again while the reason holds and nothing closes.
    """

    def __init__(
        self, services: Services, exit_now: Callable[[str, ExitReason, dict[str, Any]], None]
    ) -> None:
        self._services = services
        self._exit_now = exit_now
        self._told: set[tuple[str, CorporateEvent]] = set()
        self._hour = LastHour(services, "earnings", self._is_due, self._look)

    def watch(self, position: PositionRecord) -> None:
        """Look at the position until ``unwatch``."""
        if self._services.exits.earnings_policy != "allow":
            self._hour.watch(position)

    def unwatch(self, position: PositionRecord) -> None:
        """Look no more; harmless when it was not watched."""
        self._hour.unwatch(position)

    def _ahead(self, position: PositionRecord, now: datetime) -> CorporateEvent | None:
        services, today = self._services, trading_day(now)
        return earnings_before(
            services.events(position.spread.symbol), today, services.calendar.next_session(today)
        )

    def _is_due(self, position: PositionRecord, now: datetime) -> bool:
        closes = self._services.exits.earnings_policy == "block"
        return closes and self._ahead(position, now) is not None

    async def _look(self, position: PositionRecord) -> None:
        event = self._ahead(position, self._services.clock.now())
        if event is None:
            return
        if self._services.exits.earnings_policy == "block":
            self._exit_now(position.position_id, ExitReason.EARNINGS, {"event": str(event)})
        elif (key := (position.position_id, event)) not in self._told:
            self._told.add(key)
            self._services.alert(
                Severity.HIGH,
                f"{position.spread.symbol}: {event}",
                "the position is kept over them, as options.earnings_policy is warn; "
                "close it by hand if you do not want that",
            )
