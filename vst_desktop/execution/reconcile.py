"""Compares the book with the broker's at start and after every reconnect (SPEC 7).

Nothing new is sent before it is done; nothing is ever sent again because of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from vst_desktop.domain.account import BrokerPosition
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import OrderState
from vst_desktop.execution.approvals import REF_PREFIX, Approvals
from vst_desktop.execution.decisions import STATION
from vst_desktop.execution.fills import Fills
from vst_desktop.execution.ledger import Ledger, trade_text
from vst_desktop.execution.services import Services
from vst_desktop.execution.states import Trigger
from vst_desktop.execution.switches import Switches
from vst_desktop.ports.broker import BrokerBook
from vst_desktop.risk.limits import leg_quantities

log = logging.getLogger(__name__)

RETRY_SECS = 10.0


class Reconciler:
    """Adopts what the broker has, marks UNKNOWN what it has not, reports what nobody knows.

    Args:
        services: Dependencies.
        ledger: The book.
        fills: Applies orders and executions.
        approvals: To hold what waited before a restart.
        switches: Entries are refused until ``reconciled``.
        done: Called when it is.
    """

    def __init__(
        self,
        services: Services,
        ledger: Ledger,
        fills: Fills,
        approvals: Approvals,
        switches: Switches,
        done: Callable[[], None],
    ) -> None:
        self._services = services
        self._ledger = ledger
        self._fills = fills
        self._approvals = approvals
        self._switches = switches
        self._done = done
        self._orphans: set[str] = set()

    async def after_restart(self) -> None:
        """What was committed but never handed over was not sent; what waited is held."""
        for intent in self._ledger.intents():
            if intent.state is OrderState.INTENT:
                await self._ledger.move(
                    intent.intent_id, Trigger.ABORT, reason="the station ended before it was sent"
                )
        await self._approvals.hold_all("the station was restarted")

    async def reconcile(self) -> None:
        """One comparison; a second look after the settle time where an order is missing."""
        self._switches.reconciled = False
        book = await self._read()
        if book is None:
            return
        missing = await self._apply(book)
        if missing:
            self._services.after(
                self._services.settle_secs, lambda: self._settle(missing), "reconcile"
            )
            return
        await self._finish(book)

    async def look_for(self, intent_id: str) -> None:
        """Ask the broker what became of one UNKNOWN order; the others go on."""
        book = await self._read()
        if book is not None:
            await self._apply(book)
            if self._ledger.intent(intent_id).state is OrderState.UNKNOWN:
                log.warning("%s is still unknown at the broker", intent_id)

    async def _settle(self, missing: list[str]) -> None:
        book = await self._read()
        if book is None:
            return
        for intent_id in await self._apply(book):
            intent = self._ledger.intent(intent_id)
            if intent.state is OrderState.UNKNOWN and intent_id not in missing:
                continue
            reason = "the broker knows no such order; it is not sent again"
            lost = await self._ledger.move(intent_id, Trigger.LOSE, reason=reason)
            self._services.alert(Severity.CRITICAL, trade_text("UNKNOWN", lost), reason)
        await self._finish(book)

    async def _read(self) -> BrokerBook | None:
        try:
            return await self._services.broker.book()
        except (UserError, TimeoutError) as error:
            log.warning("the broker's book could not be read: %s", error)
            self._services.after(RETRY_SECS, self.reconcile, "reconcile again")
            return None

    async def _apply(self, book: BrokerBook) -> list[str]:
        """Apply the broker's book; the ids of orders it says nothing about."""
        for execution in book.executions:
            await self._fills.on_execution(execution)
        found: set[str] = {e.order_ref for e in book.executions}
        for order in (*book.completed_orders, *book.open_orders):
            found.add(order.order_ref)
            await self._fills.on_order(order)
            self._report_orphan(order.order_ref, order.client_id == book.own_client_id)
        return [i.intent_id for i in self._ledger.at_broker() if i.order_ref not in found]

    def _report_orphan(self, order_ref: str, own: bool) -> None:
        if not own or not order_ref.startswith(REF_PREFIX) or order_ref in self._orphans:
            return
        if self._ledger.by_ref(order_ref) is None:
            self._orphans.add(order_ref)
            self._services.alert(
                Severity.CRITICAL,
                f"ORPHAN order {order_ref} at the broker",
                "it carries this station's mark and is not in the journal; look at it in TWS",
            )

    async def _finish(self, book: BrokerBook) -> None:
        self._check_positions(book.positions)
        self._switches.reconciled = True
        await self._services.journal.record("reconciled", by=STATION)
        self._services.on_change()
        self._done()

    def _check_positions(self, positions: tuple[BrokerPosition, ...]) -> None:
        for position in self._ledger.positions():
            long_leg, short_leg = leg_quantities(position.spread, positions, position.account)
            if min(long_leg, short_leg) < position.quantity:
                spread = position.spread
                self._services.alert(
                    Severity.CRITICAL,
                    f"{spread.symbol} {spread.label()} was CHANGED OUTSIDE",
                    f"own book {position.quantity}, broker long leg {long_leg}, "
                    f"short leg {short_leg}",
                )
