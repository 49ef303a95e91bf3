"""What will become of the queue as things stand (SPEC 6)."""

from __future__ import annotations

from dataclasses import dataclass

from vst_desktop.domain.account import AccountSnapshot
from vst_desktop.domain.orders import OrderState
from vst_desktop.execution.ledger import Ledger
from vst_desktop.execution.rehearsal import Rehearsal
from vst_desktop.execution.schedule import queue_order
from vst_desktop.execution.services import Services
from vst_desktop.execution.switches import Switches
from vst_desktop.ports.store import IntentRecord
from vst_desktop.risk.limits import Denial, check_budget, check_own_overlap


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """One waiting order: its place in the queue from 1, and why it will not go (None: it will)."""

    intent_id: str
    place: int
    refusal: str | None


def forecast(
    services: Services,
    ledger: Ledger,
    switches: Switches,
    rehearsal: Rehearsal,
    account: AccountSnapshot,
) -> tuple[Forecast, ...]:
    """Which will go, in which order, and which will be refused: by a switch, a limit once those
    before it have gone, or what the rehearsal found."""
    found: list[Forecast] = []
    refused: set[str] = set()
    for place, intent in enumerate(queue_order(ledger.waiting()), start=1):
        refusal = _refusal(services, ledger, switches, account, intent, refused)
        rehearsed = rehearsal.found(intent.intent_id)
        if refusal is None and rehearsed is not None:
            refusal = rehearsed.refusal
        if refusal is not None:
            refused.add(intent.intent_id)
        found.append(Forecast(intent_id=intent.intent_id, place=place, refusal=refusal))
    return tuple(found)


def _refusal(
    services: Services,
    ledger: Ledger,
    switches: Switches,
    account: AccountSnapshot,
    intent: IntentRecord,
    refused: set[str],
) -> str | None:
    if intent.state is OrderState.HELD:
        return "held until it is released"
    denial: Denial | None = switches.denial(intent.mode, intent.account)
    if denial is None:
        budget = ledger.budget(intent.session, account, for_intent=intent, without=refused)
        each = intent.reserved_usd / intent.quantity
        denial = check_own_overlap(
            intent.spread, ledger.taken_spreads(but=intent.intent_id)
        ) or check_budget(each, budget, services.risk)
    return denial.text if denial is not None else None
