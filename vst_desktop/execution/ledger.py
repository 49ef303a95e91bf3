"""The desk's book: intents and positions in memory, every change journalled."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from vst_desktop.domain.account import AccountSnapshot
from vst_desktop.domain.orders import Mode, Purpose
from vst_desktop.domain.spreads import ExitPlan, VerticalSpread
from vst_desktop.execution import states
from vst_desktop.execution.decisions import STATION, by_whom
from vst_desktop.execution.services import Services
from vst_desktop.execution.states import AT_BROKER, TERMINAL, WAITING, Trigger
from vst_desktop.ports.store import IntentRecord, PositionRecord
from vst_desktop.risk.limits import Budget
from vst_desktop.strategy.exit import ExitReason

EXIT_MARK = ".x"


class Ledger:
    """Current records by id. A change is in memory at once and durable when awaited; the journal
    commits in the order of the calls."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._intents: dict[str, IntentRecord] = {}
        self._live: dict[str, IntentRecord] = {}
        """Those that have not ended. What is asked with every order does not walk the years."""
        self._traded: dict[str, set[str]] = {}
        """By session: entries that filled, ended or not."""
        self._exits: dict[str, dict[str, None]] = {}
        """By position: its closing orders, oldest first."""
        self._refs: dict[str, str] = {}
        self._positions: dict[str, PositionRecord] = {}

    async def load(self) -> None:
        """Read what the journal holds."""
        journal = self._services.journal
        for intent in await journal.intents():
            self._remember(intent)
        for position in await journal.positions(open_only=False):
            self._positions[position.position_id] = position

    # --- records ---

    def intents(self) -> tuple[IntentRecord, ...]:
        """All intents, oldest first."""
        return tuple(self._intents.values())

    def intent(self, intent_id: str) -> IntentRecord:
        """One intent; KeyError when there is none."""
        return self._intents[intent_id]

    def by_ref(self, order_ref: str) -> IntentRecord | None:
        """The intent behind an order of the broker's, None when it is not ours."""
        intent_id = self._refs.get(order_ref)
        return self._intents[intent_id] if intent_id else None

    def waiting(self) -> tuple[IntentRecord, ...]:
        """Approvals that have not been sent."""
        return tuple(i for i in self._live.values() if i.state in WAITING)

    def at_broker(self, purpose: Purpose | None = None) -> tuple[IntentRecord, ...]:
        """Orders that the broker has or may have."""
        return tuple(
            i for i in self._live.values() if i.state in AT_BROKER and purpose in (None, i.purpose)
        )

    def positions(self, *, open_only: bool = True) -> tuple[PositionRecord, ...]:
        """Positions, oldest first."""
        return tuple(p for p in self._positions.values() if not open_only or p.closed_at is None)

    def position(self, position_id: str) -> PositionRecord | None:
        """One position, None when there is none by that id."""
        return self._positions.get(position_id)

    def position_spread(self, intent_id: str) -> VerticalSpread:
        """The spread that an order, stored or about to be, opens or closes."""
        return self._intents[intent_id.partition(EXIT_MARK)[0]].spread

    def exits_of(self, position_id: str) -> tuple[IntentRecord, ...]:
        """Closing orders of a position, oldest first."""
        return tuple(self._intents[i] for i in self._exits.get(position_id, ()))

    # --- changes ---

    def reserve(self, intent: IntentRecord) -> None:
        """Count a new intent's risk from now on; ``add`` makes it durable."""
        self._remember(intent)

    def rerank(self, intent_id: str, rank: int) -> None:
        """Rank a reserved intent before it is added."""
        self._remember(replace(self._intents[intent_id], rank=rank))

    def forget(self, intent_id: str) -> None:
        """Drop a reservation that could not be made durable."""
        intent = self._intents.pop(intent_id)
        del self._live[intent_id], self._refs[intent.order_ref]
        self._services.on_change()

    async def add(
        self, intent: IntentRecord, event: str, *, within_secs: float = 0.0, **data: Any
    ) -> None:
        """Store a new intent; its commit may wait ``within_secs`` to be shared."""
        self._remember(intent)
        self._services.on_change()
        await self._services.journal.save_intent(intent, event, within_secs=within_secs, **data)

    async def move(
        self, intent_id: str, trigger: Trigger, data: dict[str, Any] | None = None, **changes: Any
    ) -> IntentRecord:
        """Apply a trigger of the state table with field changes, and journal it.

        Raises:
            IllegalTransitionError: The table does not know the pair.
        """
        moved = self._moved(intent_id, trigger, changes)
        self._services.on_change()
        told = {"by": by_whom(trigger), **changes, **(data or {})}
        await self._services.journal.save_intent(moved, trigger.value, **told)
        return moved

    async def commit(
        self, intent_id: str, data: dict[str, Any], *, sent_at: datetime, **changes: Any
    ) -> IntentRecord:
        """COMMIT and SEND in one commit of the journal: once this returns it may be sent.

        Raises:
            IllegalTransitionError: The table does not know the pair.
            UserError: Not durable; it must not be sent.
        """
        committed = self._moved(intent_id, Trigger.COMMIT, changes)
        sending = self._moved(intent_id, Trigger.SEND, {"sent_at": sent_at})
        self._services.on_change()
        told = {"by": STATION, **changes, **data}
        sent = {"by": STATION, "sent_at": sent_at}
        await self._services.journal.save_steps(
            [(committed, Trigger.COMMIT.value, told), (sending, Trigger.SEND.value, sent)]
        )
        return sending

    async def amend(
        self,
        intent_id: str,
        event: str,
        data: dict[str, Any] | None = None,
        *,
        by: str = STATION,
        **changes: Any,
    ) -> IntentRecord:
        """Change fields within a state, and journal it with who did it."""
        amended = replace(self._intents[intent_id], **changes)
        self._remember(amended)
        self._services.on_change()
        await self._services.journal.save_intent(amended, event, by=by, **changes, **(data or {}))
        return amended

    async def save_position(
        self, position: PositionRecord, event: str, *, by: str = STATION, **data: Any
    ) -> None:
        """Store a position's new state."""
        self._positions[position.position_id] = position
        self._services.on_change()
        await self._services.journal.save_position(position, event, by=by, **data)

    async def replan(
        self, position_id: str, plan: ExitPlan, event: str, *, by: str
    ) -> PositionRecord:
        """Give a position another plan, which is in force only when it is durable.

        What changes of the position meanwhile (a fill) is kept: then it is stored once more.

        Raises:
            UserError: It could not be stored; the position is as it was.
        """
        while True:
            before = self._positions[position_id]
            after = replace(before, plan=plan)
            told = {"was": before.plan, "plan": plan}
            await self._services.journal.save_position(after, event, by=by, **told)
            if self._positions[position_id] is before:
                self._positions[position_id] = after
                self._services.on_change()
                return after

    # --- risk ---

    def reserved_usd(self, *, but: str | None = None) -> Decimal:
        """Risk in USD of approvals and orders that are not filled yet."""
        return sum(
            (_unfilled_usd(i) for i in self._entries() if i.intent_id != but), start=Decimal(0)
        )

    def open_risk_usd(self) -> Decimal:
        """Debit paid for what is held, USD."""
        return sum(
            (p.average_debit * p.spread.multiplier * p.quantity for p in self.positions()),
            start=Decimal(0),
        )

    def trades(self, session: str, *, but: str | None = None) -> int:
        """Entries of a session that are filled, on their way or approved."""
        under_way = {i.intent_id for i in self._entries() if i.session == session}
        return len((self._traded.get(session, set()) | under_way) - {but})

    def budget(
        self,
        session: str,
        account: AccountSnapshot,
        *,
        for_intent: IntentRecord | None = None,
        without: Collection[str] = (),
    ) -> Budget:
        """What is taken. For an approval about to go, only what goes before it counts: held,
        sent, or waiting with a better rank; ``without`` names intents that will not go."""
        others = [
            i
            for i in self._entries()
            if i.intent_id not in without and (for_intent is None or _before(i, for_intent))
        ]
        reserved = sum((_unfilled_usd(i) for i in others), start=Decimal(0))
        held = {p.position_id for p in self.positions()}
        done = len(self._traded.get(session, set()) - self._live.keys())
        return Budget(
            positions=len(held | {i.intent_id for i in others}),
            trades_today=done + sum(1 for i in others if i.session == session),
            at_risk_usd=self.open_risk_usd() + reserved,
            reserved_usd=reserved,
            net_liquidation_usd=account.net_liquidation_usd,
            available_funds_usd=account.available_funds_usd,
            day_trades_remaining=account.day_trades_remaining,
        )

    def taken_spreads(self, *, but: str | None = None) -> list[VerticalSpread]:
        """Spreads held, at the broker or approved."""
        held = [p.spread for p in self.positions() if p.position_id != but]
        return held + [i.spread for i in self._entries() if i.intent_id != but]

    def _entries(self) -> list[IntentRecord]:
        return [i for i in self._live.values() if i.purpose is Purpose.ENTRY]

    def _moved(self, intent_id: str, trigger: Trigger, changes: dict[str, Any]) -> IntentRecord:
        intent = self._intents[intent_id]
        moved = replace(intent, state=states.after(intent.state, trigger), **changes)
        self._remember(moved)
        return moved

    def _remember(self, intent: IntentRecord) -> None:
        self._intents[intent.intent_id] = intent
        self._refs[intent.order_ref] = intent.intent_id
        if intent.state in TERMINAL:
            self._live.pop(intent.intent_id, None)
        else:
            self._live[intent.intent_id] = intent
        if intent.purpose is Purpose.EXIT:
            self._exits.setdefault(position_of(intent), {})[intent.intent_id] = None
        elif intent.filled > 0:
            self._traded.setdefault(intent.session, set()).add(intent.intent_id)
        else:
            self._traded.get(intent.session, set()).discard(intent.intent_id)


def _unfilled_usd(intent: IntentRecord) -> Decimal:
    return intent.reserved_usd * (intent.quantity - intent.filled) / intent.quantity


def _before(other: IntentRecord, intent: IntentRecord) -> bool:
    if other.intent_id == intent.intent_id:
        return False
    return other.state not in WAITING or (other.session, other.rank) < (
        intent.session,
        intent.rank,
    )


def position_of(intent: IntentRecord) -> str:
    """Id of the position an order opens or closes: the entry's intent id."""
    return intent.intent_id.partition(EXIT_MARK)[0]


def exit_reason_of(intent: IntentRecord) -> ExitReason:
    """Why a closing order was sent."""
    return ExitReason(intent.exit_reason or ExitReason.MANUAL)


def trade_text(action: str, intent: IntentRecord, quantity: int | None = None) -> str:
    """The message of a trade alert (SPEC 13)."""
    spread = intent.spread
    count = intent.quantity if quantity is None else quantity
    return f"Trade {action}: {spread.symbol} {spread.direction} x{count}"


def price_text(intent: IntentRecord) -> str:
    """Price of an order as alerts say it."""
    if intent.average_fill_price is not None:
        return f"{intent.average_fill_price:.2f}"
    return "Market" if intent.limit_price is None else f"{intent.limit_price:.2f}"


def market_orders(mode: Mode, paper_order_type: str) -> bool:
    """Whether entries of this mode are market orders."""
    return mode is not Mode.LIVE and paper_order_type == "MARKET"
