"""The exit guard (SPEC 7): positions and orders of everybody, read fresh before each exit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.execution.decisions import STATION
from vst_desktop.execution.ledger import Ledger
from vst_desktop.execution.services import Services
from vst_desktop.ports.broker import BrokerBook, ConnectionState
from vst_desktop.ports.store import PositionRecord
from vst_desktop.risk.limits import leg_quantities, working_to_close
from vst_desktop.runtime.calendar import trading_day
from vst_desktop.strategy.exit import ExitReason


class ExitGuard:
    """Says how many of a position may be sold now.

    Args:
        services: Dependencies.
        ledger: The book.
        closed: Called when a position turned out to be closed outside.
    """

    def __init__(
        self, services: Services, ledger: Ledger, closed: Callable[[PositionRecord], None]
    ) -> None:
        self._services = services
        self._ledger = ledger
        self._closed = closed

    def check_market(self, position: PositionRecord) -> None:
        """UserError when nothing can be closed now: no session, or no connection."""
        now = self._services.clock.now()
        hours = self._services.calendar.session(trading_day(now))
        if hours is None or not hours[0] <= now < hours[1]:
            raise UserError(
                f"{position.spread.symbol} cannot be closed while the market is closed",
                remedy="try again in the regular session",
            )
        if self._services.broker.state is not ConnectionState.READY:
            raise UserError(
                f"{position.spread.symbol} cannot be closed: the broker is not connected"
            )

    async def quantity(self, position: PositionRecord, book: BrokerBook) -> int:
        """min(own book, broker's long leg, broker's short leg) less what works to close already."""
        spread, account = position.spread, position.account
        long_leg, short_leg = leg_quantities(spread, book.positions, account)
        working = working_to_close(spread, book.open_orders, account)
        held = min(position.quantity, long_leg, short_leg)
        if min(long_leg, short_leg) < position.quantity:
            await self.changed_outside(position, long_leg, short_leg)
        elif held - working < 1:
            self._services.alert(
                Severity.WARNING,
                f"{spread.symbol} {spread.label()}: nothing was sent, its close is working already",
                f"{working} of {position.quantity} in open orders",
            )
        return max(held - working, 0)

    async def changed_outside(
        self, position: PositionRecord, long_leg: int, short_leg: int
    ) -> None:
        """Somebody else closed of a position: told, and closed in the book when nothing is left."""
        spread = position.spread
        told = f"own book {position.quantity}, broker long leg {long_leg}, short leg {short_leg}"
        self._services.alert(
            Severity.CRITICAL, f"{spread.symbol} {spread.label()} was CHANGED OUTSIDE", told
        )
        if long_leg or short_leg:
            await self._services.journal.record(
                "changed outside", by=STATION, position_id=position.position_id, details=told
            )
            return
        closed = replace(
            position,
            quantity=0,
            closed_at=self._services.clock.now(),
            exit_reason=_ended_outside(position).value,
        )
        await self._ledger.save_position(closed, "changed outside", details=told)
        self._closed(closed)


def _ended_outside(position: PositionRecord) -> ExitReason:
    """An assigned spread that is gone was assigned, any other was closed by somebody else."""
    assigned = position.frozen is not None and position.frozen.startswith(ExitReason.ASSIGNED)
    return ExitReason.ASSIGNED if assigned else ExitReason.OUTSIDE
