"""What must hold when a run has come to rest: no order lost, none sent twice, no limit broken."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from tests.simulation.scene import ACCOUNT, CLIENT_ID, Scene
from vst_desktop.adapters.tws_sim.orders import Order, Status
from vst_desktop.domain.orders import OrderState
from vst_desktop.execution.states import TERMINAL
from vst_desktop.ports.store import IntentRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Findings by kind; each is a sentence, none is good."""

    orders: int
    duplicates: tuple[str, ...]
    lost: tuple[str, ...]
    wrong: tuple[str, ...]
    breaches: tuple[str, ...]
    unknown: int

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not (self.duplicates or self.lost or self.wrong or self.breaches)


async def judge(scene: Scene) -> Verdict:
    """Compare the book with TWS's own."""
    station = scene.station
    assert station is not None
    ours = [o for o in scene.server.exchange.orders if o.client_id == CLIENT_ID]
    by_ref: dict[str, list[Order]] = {}
    for order in ours:
        by_ref.setdefault(order.ticket.order_ref, []).append(order)
    intents = {i.order_ref: i for i in station.desk.intents()}
    wrong: list[str] = []
    if not scene.ready():
        wrong.append(f"not at rest: broker {station.broker.state}")
    if (broken := await station.journal.verify()) is not None:
        wrong.append(f"journal: {broken}")
    for ref, intent in intents.items():
        if (found := by_ref.get(ref)) is not None:
            wrong += _compared(intent, found[0])
        elif intent.filled:
            wrong.append(f"{ref}: {intent.filled} filled here, TWS never saw it")
    wrong += _positions(scene)
    return Verdict(
        orders=len(ours),
        duplicates=tuple(
            f"{ref}: {len(found)} orders" for ref, found in by_ref.items() if len(found) > 1
        ),
        lost=tuple(f"{ref}: TWS has it, the book does not" for ref in by_ref.keys() - intents),
        wrong=tuple(wrong),
        breaches=tuple(scene.breaches),
        unknown=sum(i.state is OrderState.UNKNOWN for i in intents.values()),
    )


def _compared(intent: IntentRecord, order: Order) -> list[str]:
    ref = intent.order_ref
    found = []
    if intent.state is OrderState.UNKNOWN:
        if not intent.reason:
            found.append(f"{ref}: UNKNOWN without a reason")
        return found
    if intent.filled != order.filled:
        found.append(f"{ref}: filled {intent.filled} here, {order.filled} at TWS")
    if order.status.is_done != (intent.state in TERMINAL):
        found.append(f"{ref}: {intent.state} here, {order.status} at TWS")
    if order.status is Status.FILLED and intent.state is not OrderState.FILLED:
        found.append(f"{ref}: {intent.state} here, filled at TWS")
    return found


def _told(scene: Scene, con_id: int) -> bool:
    """Whether the trader knows that somebody else traded it."""
    instrument = scene.market.by_con_id(con_id)
    return any(
        instrument is not None
        and f"{instrument.symbol} " in message
        and "CHANGED OUTSIDE" in message
        for _, message, _ in scene.alerts
    )


def _positions(scene: Scene) -> list[str]:
    """Legs by contract: the book's open spreads are what the account holds, unless told."""
    station = scene.station
    assert station is not None
    held: Counter[int] = Counter()
    for one in scene.server.exchange.accounts.held(ACCOUNT):
        held[one.position.instrument.con_id] = int(one.position.quantity)
    book: Counter[int] = Counter()
    for position in station.desk.positions():
        book[position.spread.long.con_id] += position.quantity
        book[position.spread.short.con_id] -= position.quantity
    found = [
        f"contract {con_id}: {book[con_id]} in the book, {held[con_id]} at TWS"
        for con_id in sorted(held.keys() | book.keys())
        if held[con_id] != book[con_id] and not _told(scene, con_id)
    ]
    for con_id, quantity in held.items():
        instrument = scene.market.by_con_id(con_id)
        longs = [p.spread.long.con_id for p in station.desk.positions(open_only=False)]
        if instrument is not None and con_id in longs and quantity < 0:
            found.append(f"contract {con_id}: reversed to {quantity}")
    return found
