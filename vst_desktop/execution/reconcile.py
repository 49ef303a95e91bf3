"""Compares the book with the broker's at start, after every reconnect and now and then (SPEC 7).

Nothing new is sent before the first two are done; nothing is ever sent again because of any.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import BrokerOrder, OrderState, Purpose
from vst_desktop.execution.approvals import Approvals
from vst_desktop.execution.decisions import STATION
from vst_desktop.execution.exits import Exits
from vst_desktop.execution.fills import Fills
from vst_desktop.execution.freeze import Freezer
from vst_desktop.execution.ledger import Ledger, trade_text
from vst_desktop.execution.orphans import Orphans
from vst_desktop.execution.reversals import Reversals
from vst_desktop.execution.services import Services
from vst_desktop.execution.states import Trigger
from vst_desktop.execution.switches import Switches
from vst_desktop.ports.broker import BrokerBook, ConnectionState
from vst_desktop.ports.clock import Timer
from vst_desktop.ports.store import IntentRecord, PositionRecord
from vst_desktop.risk.limits import leg_quantities

log = logging.getLogger(__name__)

RETRY_SECS = 10.0
LOOK_AGAIN_SECS = 900.0
"""Between looks while something is open: the broker tells of most changes by itself."""
LOOK_SOON_SECS = 5.0
"""After such news: our own fills cause them too, and must have been booked."""
LOOK_WHILE_CLOSING_SECS = 1.0
"""While an exit works: a close by hand beside it would turn the position round."""

Legs = tuple[int, int]
"""The long leg held and the short leg owed at the broker, contracts."""


class Reconciler:
    """Adopts what the broker has, marks UNKNOWN what it has not, reports what nobody knows.

    Args:
        services: Dependencies.
        ledger: The book.
        fills: Applies orders and executions.
        approvals: To hold what waited before a restart.
        switches: Entries are refused until ``reconciled``.
        exits: Told when somebody else closed of a position.
        orphans: Told of orders that carry our mark and are not in the journal.
        freezer: Looks at legs that no longer match, and at changed contracts.
        done: Called when the first two are done.
    """

    def __init__(
        self,
        services: Services,
        ledger: Ledger,
        fills: Fills,
        approvals: Approvals,
        switches: Switches,
        exits: Exits,
        orphans: Orphans,
        freezer: Freezer,
        done: Callable[[], None],
    ) -> None:
        self._services = services
        self._ledger = ledger
        self._fills = fills
        self._approvals = approvals
        self._switches = switches
        self._exits = exits
        self._orphans = orphans
        self._freezer = freezer
        self._done = done
        self._reversals = Reversals(services, ledger)
        self._look: Timer | None = None
        # What the last look found and what the trader was told of it, by position; and the orders
        # that it missed.
        self._short: dict[str, Legs] = {}
        self._told: dict[str, Legs] = {}
        self._missed: set[str] = set()

    async def after_restart(self) -> None:
        """What was committed but never handed over was not sent; what waited is held."""
        for intent in self._ledger.intents():
            if intent.state is OrderState.INTENT:
                await self._ledger.move(
                    intent.intent_id, Trigger.ABORT, reason="the station ended before it was sent"
                )
        await self._approvals.hold_all("the station was restarted")

    async def on_order(self, order: BrokerOrder) -> None:
        """Apply news of an order; one of an orphan's that was found is followed to its end."""
        if self._orphans.knows(order.order_ref):
            await self._orphans.see(order)
        else:
            await self._fills.on_order(order)

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

    async def look(self, intent: IntentRecord) -> BrokerBook:
        """Read the broker's book and apply it, for an order whose fate is asked after.

        Raises:
            UserError: The broker does not answer.
        """
        try:
            book = await self._services.broker.book()
        except TimeoutError:
            raise UserError(
                f"the broker did not answer what became of {intent.order_ref}",
                remedy="try again when the connection is well",
            ) from None
        await self._apply(book)
        return book

    async def _settle(self, missing: list[str]) -> None:
        book = await self._read()
        if book is None:
            return
        for intent_id in await self._apply(book):
            if intent_id in missing:
                await self._lose(intent_id)
        await self._finish(book)

    def look_soon(self) -> None:
        """The broker's positions changed; by whom, a look will show."""
        closing = self._ledger.at_broker(Purpose.EXIT)
        self._look_in(LOOK_WHILE_CLOSING_SECS if closing else LOOK_SOON_SECS)

    def _look_in(self, secs: float) -> None:
        if self._look is not None:
            self._look.cancel()
        self._look = self._services.after(secs, self._look_again, "reconcile on time")

    async def _look_again(self) -> None:
        """A difference counts when two looks in a row find it: news may be under way."""
        self._look = None
        if not self._switches.reconciled:
            return  # the next comparison is under way, and sets the next look
        watched = self._ledger.positions() or self._ledger.at_broker()
        if not watched and not self._reversals.closed_today():
            return
        try:
            book = await self._services.broker.book()
        except (UserError, TimeoutError) as error:
            log.info("the broker's book could not be read on time: %s", error)
            self._look_in(LOOK_AGAIN_SECS)
            return
        missing = set(await self._apply(book))
        await self._exits.guard_working(book)
        self._reversals.look(book)
        for intent_id in sorted(missing & self._missed):
            await self._lose(intent_id)
        doubtful = missing - self._missed
        self._missed = missing
        doubtful |= await self._compare_positions(book)
        if self._look is None:
            self._look_in(LOOK_SOON_SECS if doubtful else LOOK_AGAIN_SECS)

    async def _compare_positions(self, book: BrokerBook) -> set[str]:
        """The positions of which the broker has less, seen for the first time."""
        busy = {i.spread.symbol for i in self._ledger.at_broker()}
        short = {
            position.position_id: legs
            for position in self._ledger.positions()
            if position.spread.symbol not in busy and (legs := _short_of(position, book))
        }
        if any(self._short.get(key) == legs for key, legs in short.items()):
            await self._freezer.see_book(book)
        for position in self._ledger.positions():
            legs = short.get(position.position_id)
            if legs is None or self._short.get(position.position_id) != legs:
                continue
            if position.frozen is not None and any(legs):
                continue  # told with its repairs
            if self._told.get(position.position_id) != legs:
                self._told[position.position_id] = legs
                await self._exits.changed_outside(position, *legs)
        new = {key for key, legs in short.items() if self._short.get(key) != legs}
        self._short = short
        return new

    async def _lose(self, intent_id: str) -> None:
        if self._ledger.intent(intent_id).state is OrderState.UNKNOWN:
            return
        reason = "the broker knows no such order; it is not sent again"
        lost = await self._ledger.move(intent_id, Trigger.LOSE, reason=reason)
        self._services.alert(Severity.CRITICAL, trade_text("UNKNOWN", lost), reason)

    async def _read(self) -> BrokerBook | None:
        try:
            return await self._services.broker.book()
        except (UserError, TimeoutError) as error:
            ready = self._services.broker.state is ConnectionState.READY
            log.log(
                logging.WARNING if ready else logging.INFO,
                "the broker's book could not be read: %s",
                error,
            )
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
            own = order.client_id == book.own_client_id
            if own and self._ledger.by_ref(order.order_ref) is None:
                await self._orphans.see(order)
        return [i.intent_id for i in self._ledger.at_broker() if i.order_ref not in found]

    async def _finish(self, book: BrokerBook) -> None:
        doubtful = await self._compare_positions(book)
        await self._exits.guard_working(book)
        self._reversals.look(book)
        self._switches.reconciled = True
        await self._services.journal.record("reconciled", by=STATION)
        self._services.on_change()
        self._done()
        self._look_in(LOOK_SOON_SECS if doubtful else LOOK_AGAIN_SECS)


def _short_of(position: PositionRecord, book: BrokerBook) -> Legs | None:
    """The position's legs at the broker where it has less of one than the book says."""
    legs = leg_quantities(position.spread, book.positions, position.account)
    return legs if min(legs) < position.quantity else None
