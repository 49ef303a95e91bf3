"""A rehearsal of the queue before its window opens (SPEC 6): every waiting order goes through all
checks, the wire gate and the broker's what-if, and nothing is sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import OrderPreview
from vst_desktop.execution.checks import Cleared, ReleaseChecks
from vst_desktop.execution.decisions import STATION
from vst_desktop.execution.entry import Entries
from vst_desktop.execution.ledger import Ledger
from vst_desktop.execution.schedule import queue_order
from vst_desktop.execution.services import Services
from vst_desktop.execution.states import WAITING
from vst_desktop.execution.ticket import WireGateError, check_ticket
from vst_desktop.ports.store import IntentRecord
from vst_desktop.risk.limits import Denial

REHEARSED_BEFORE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """What became of one waiting order in its rehearsal.

    ``refusal``: why it would not have gone, None when it would. ``moved``: how prices moved since
    the approval. ``cost``: size, price, margin and commission as the broker reckons them.
    """

    time: datetime
    refusal: str | None
    moved: str = ""
    cost: str = ""


class Rehearsal:
    """Rehearses what waits, and keeps what it found until the order has gone.

    Args:
        services: Dependencies.
        ledger: The book.
        checks: What is looked at when an approval goes.
        entries: Makes the ticket that would go.
    """

    def __init__(
        self, services: Services, ledger: Ledger, checks: ReleaseChecks, entries: Entries
    ) -> None:
        self._services = services
        self._ledger = ledger
        self._checks = checks
        self._entries = entries
        self._found: dict[str, Rehearsed] = {}

    def found(self, intent_id: str) -> Rehearsed | None:
        """What the last rehearsal of an order found, None before there was one."""
        return self._found.get(intent_id)

    async def run(self, session: str) -> None:
        """Rehearse every order that waits for this session, in the order they go."""
        waiting = [i for i in queue_order(self._ledger.waiting()) if i.session == session]
        self._found = {
            key: told for key, told in self._found.items() if key in {i.intent_id for i in waiting}
        }
        for intent in waiting:
            await self.rehearse(intent)
        if waiting:
            refused = [i for i in waiting if self._found[i.intent_id].refusal is not None]
            self._services.alert(
                Severity.WARNING if refused else Severity.INFO,
                f"Rehearsal: {len(waiting) - len(refused)} of {len(waiting)} orders would go",
                "; ".join(
                    f"{i.spread.symbol}: {self._found[i.intent_id].refusal or 'would go'}"
                    for i in waiting
                ),
            )

    async def run_all(self) -> None:
        """Rehearse every order that waits, session after session."""
        for session in sorted({intent.session for intent in self._ledger.waiting()}):
            await self.run(session)

    async def rehearse(self, intent: IntentRecord) -> Rehearsed:
        """Rehearse one order, and journal what was found."""
        with self._services.clock.work("rehearsal"):
            told = await self._try(intent)
        if self._ledger.intent(intent.intent_id).state not in WAITING:
            return told
        self._found[intent.intent_id] = told
        await self._services.journal.record(
            "rehearsed",
            by=STATION,
            intent_id=intent.intent_id,
            order_ref=intent.order_ref,
            reason=told.refusal,
            moved=told.moved,
            cost=told.cost,
        )
        self._services.on_change()
        return told

    async def _try(self, intent: IntentRecord) -> Rehearsed:
        now = self._services.clock.now()
        seen = await self._checks.rehearse(intent)
        moved = moved_text(intent, seen.quotes.get("natural"), seen.quotes.get("spot"))
        if isinstance(seen.verdict, Denial):
            return Rehearsed(time=now, refusal=seen.verdict.text, moved=moved)
        refusal, cost = await self._ask(intent, seen.verdict)
        return Rehearsed(time=now, refusal=refusal, moved=moved, cost=cost)

    async def _ask(self, intent: IntentRecord, cleared: Cleared) -> tuple[str | None, str]:
        """The wire gate's refusal or the broker's, and what the order would cost."""
        ticket = self._entries.ticket(intent, cleared)
        if isinstance(ticket, Denial):
            return ticket.text, ""
        try:
            check_ticket(ticket, intent.mode, cleared.account, self._services.allowed_accounts)
            told = await self._services.broker.preview(ticket)
        except WireGateError as error:
            return str(error), ""
        except UserError as error:
            return f"IBKR would refuse: {error.what}", ""
        except TimeoutError:
            return "the broker did not answer the what-if", ""
        price = "market" if ticket.limit_price is None else f"{ticket.limit_price}"
        return None, f"x{ticket.quantity} at {price}{_reckoned(told)}"


def moved_text(intent: IntentRecord, natural: Decimal | None, spot: float | None) -> str:
    """How far debit and underlying have moved since the approval."""
    symbol = intent.spread.symbol
    parts = []
    if natural is not None:
        parts.append(f"debit {intent.debit_seen} then, {natural} now")
    if spot is not None:
        parts.append(f"{symbol} {intent.spot_seen:.2f} then, {spot:.2f} now")
    return ", ".join(parts)


def _reckoned(told: OrderPreview) -> str:
    text = ""
    if told.initial_margin_change is not None:
        text += f", margin {told.initial_margin_change:,.2f}"
    commission = told.commission_usd or told.max_commission_usd
    if commission is not None:
        text += f", commission {commission:.2f} USD"
    return f"{text}; {told.warning}" if told.warning else text
