"""The order book against a model: whatever the broker tells, in any order, twice or late."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.helpers.desk import INSIDE, World, eastern
from tests.helpers.fake_broker import FakeBroker
from tests.helpers.trades import bull_call, plan
from vst_desktop.adapters.sqlite.journal import SqliteJournal
from vst_desktop.domain.orders import (
    BrokerOrder,
    BrokerStatus,
    Execution,
    Mode,
    OrderState,
    OrderType,
    Purpose,
    Side,
)
from vst_desktop.execution.fills import Fills
from vst_desktop.execution.ledger import Ledger
from vst_desktop.execution.states import TERMINAL
from vst_desktop.ports.store import IntentRecord
from vst_desktop.runtime.clock import HeldClock

SPREAD = bull_call()
ENTRY, EXIT = "VST-1", "VST-1.x1"
NOW = eastern(INSIDE)
ENTRY_INTENT = IntentRecord(
    intent_id="1",
    order_ref=ENTRY,
    mode=Mode.LIVE,
    account="U1",
    purpose=Purpose.ENTRY,
    side=Side.BUY,
    strategy="HIGH_BASE",
    spread=SPREAD,
    quantity=4,
    max_debit=Decimal("2.73"),
    debit_seen=Decimal("2.68"),
    spot_seen=104.0,
    atr=2.0,
    reserved_usd=Decimal(1092),
    plan=plan(),
    state=OrderState.SENDING,
    rank=1,
    approved_at=NOW,
    expires_at=NOW + timedelta(minutes=25),
    session="2023-11-07",
    order_type=OrderType.LIMIT,
    limit_price=Decimal("2.70"),
    sent_at=NOW,
)
EXIT_INTENT = replace(
    ENTRY_INTENT,
    intent_id="1.x1",
    order_ref=EXIT,
    purpose=Purpose.EXIT,
    side=Side.SELL,
    reserved_usd=Decimal(0),
    reason="MANUAL",
)
PRICES = st.integers(min_value=1, max_value=40).map(lambda n: Decimal(n) / 20)


@dataclass(frozen=True)
class Message:
    """One execution as the broker tells it."""

    ref: str
    stem: str
    correction: int
    leg: str
    quantity: int
    price: Decimal

    def execution(self) -> Execution:
        con_id = {"combo": 0, "long": SPREAD.long.con_id, "short": SPREAD.short.con_id}[self.leg]
        return Execution(
            exec_id=f"{self.stem}.{self.correction:02d}",
            order_ref=self.ref,
            order_id=1,
            perm_id=9,
            account="U1",
            symbol="AAPL",
            con_id=con_id,
            is_combo=self.leg == "combo",
            side=Side.BUY,
            quantity=Decimal(self.quantity),
            price=self.price,
            time=NOW,
        )


class Book(RuleBasedStateMachine):
    """An entry of four spreads and its exit. The model counts the newest of each execution."""

    @initialize()
    def open(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.folder = TemporaryDirectory()
        self.pending: list[Message] = []
        self.told: list[Message] = []
        self.traded = {ENTRY: 0, EXIT: 0}
        self.number = 0
        self.run(self._start(first=True))

    async def _start(self, *, first: bool) -> None:
        clock = HeldClock(NOW)
        path = Path(self.folder.name) / "journal.db"
        self.journal = await SqliteJournal.open(path, clock.now)

        async def spot(intent: IntentRecord) -> float:
            return 104.0

        world = World(
            clock=clock,
            broker=FakeBroker(clock, account="U1"),
            journal=self.journal,
            path=path,
            rules={},
        )
        self.services = world.make_desk()._services
        self.ledger = Ledger(self.services)
        if first:
            for intent in (ENTRY_INTENT, EXIT_INTENT):
                await self.ledger.add(intent, "sending", by="test")
        else:
            await self.ledger.load()
        self.fills = Fills(
            self.services,
            self.ledger,
            spot=spot,
            ended=lambda intent: None,
            opened=lambda position: None,
            revived=lambda intent: None,
            broken=lambda: None,
        )
        if not first:
            await self.fills.load()

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        self.loop.run_until_complete(work)

    # --- the broker ---

    @rule(ref=st.sampled_from([ENTRY, EXIT]), share=st.integers(1, 4), price=PRICES)
    def trade(self, ref: str, share: int, price: Decimal) -> None:
        """The broker trades a part: the combo and both legs, not told yet."""
        quantity = min(share, 4 - self.traded[ref])
        if quantity == 0:
            return
        self.traded[ref] += quantity
        for leg, paid in (("combo", price), ("long", price + 5), ("short", Decimal(5))):
            self.number += 1
            self.pending.append(Message(ref, f"e.{self.number}", 1, leg, quantity, paid))

    @precondition(lambda self: self.pending or self.told)
    @rule(data=st.data(), price=PRICES)
    def correct(self, data: st.DataObject, price: Decimal) -> None:
        """The broker corrects a price: the same execution with the next number, or a later one."""
        one = data.draw(st.sampled_from([*self.pending, *self.told]))
        same = [m for m in (*self.pending, *self.told) if m.stem == one.stem]
        number = max(m.correction for m in same) + data.draw(st.sampled_from([1, 9]))
        self.pending.append(replace(one, correction=number, price=price))

    @precondition(lambda self: self.pending)
    @rule(data=st.data())
    def tell(self, data: st.DataObject) -> None:
        """The broker tells something it has not told, in any order."""
        one = self.pending.pop(data.draw(st.integers(0, len(self.pending) - 1)))
        self.told.append(one)
        self.run(self.fills.on_execution(one.execution()))

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def tell_again(self, data: st.DataObject) -> None:
        """The broker repeats itself."""
        self.run(self.fills.on_execution(data.draw(st.sampled_from(self.told)).execution()))

    @rule(
        ref=st.sampled_from([ENTRY, EXIT]),
        status=st.sampled_from(
            [
                BrokerStatus.PRE_SUBMITTED,
                BrokerStatus.SUBMITTED,
                BrokerStatus.CANCELLED,
                BrokerStatus.API_CANCELLED,
                BrokerStatus.INACTIVE,
            ]
        ),
    )
    def tell_status(self, ref: str, status: BrokerStatus) -> None:
        """A status, also one that is long out of date."""
        order = BrokerOrder(
            order_ref=ref,
            order_id=1,
            perm_id=9,
            client_id=17,
            account="U1",
            symbol="AAPL",
            side=Side.BUY,
            order_type="LMT",
            limit_price=Decimal("2.70"),
            quantity=Decimal(4),
            filled=Decimal(0),
            average_fill_price=None,
            status=status,
        )
        self.run(self.fills.on_order(order))

    @rule()
    def restart(self) -> None:
        """The station ends, without a word, and starts again from its journal."""
        before = self.ledger.intents(), self.ledger.positions()
        self.run(self._end())
        self.run(self._start(first=False))
        assert (self.ledger.intents(), self.ledger.positions()) == before

    # --- what must hold ---

    def _newest(self, ref: str, leg: str) -> tuple[int, Decimal]:
        newest: dict[str, Message] = {}
        for one in self.told:
            known = newest.get(one.stem)
            newer = known is None or known.correction <= one.correction
            if one.ref == ref and one.leg == leg and newer:
                newest[one.stem] = one
        quantity = sum(one.quantity for one in newest.values())
        return quantity, sum((one.quantity * one.price for one in newest.values()), Decimal(0))

    def _filled(self, ref: str) -> tuple[int, Decimal | None]:
        (combo, paid), (long, cost), (short, got) = (
            self._newest(ref, leg) for leg in ("combo", "long", "short")
        )
        if combo >= min(long, short):
            return combo, paid / combo if combo else None
        return min(long, short), cost / long - got / short

    @invariant()
    def every_fill_counts_once_at_its_newest_price(self) -> None:
        for ref in (ENTRY, EXIT):
            intent = self.ledger.by_ref(ref)
            assert intent is not None
            assert (intent.filled, intent.average_fill_price) == self._filled(ref)

    @invariant()
    def what_is_whole_is_filled_and_nothing_else_is(self) -> None:
        for intent in self.ledger.intents():
            assert (intent.state is OrderState.FILLED) == (intent.filled == intent.quantity)

    @invariant()
    def the_position_is_what_was_bought_less_what_was_sold(self) -> None:
        held = max(self._filled(ENTRY)[0] - self._filled(EXIT)[0], 0)
        positions = self.ledger.positions()
        assert sum(position.quantity for position in positions) == held
        assert all(position.average_debit == self._filled(ENTRY)[1] for position in positions)

    @invariant()
    def risk_is_reserved_until_the_end_and_no_longer(self) -> None:
        entry = self.ledger.intent("1")
        open_part = 0 if entry.state in TERMINAL else entry.quantity - entry.filled
        assert self.ledger.reserved_usd() == Decimal(273) * open_part

    def teardown(self) -> None:
        if not hasattr(self, "journal"):
            return
        try:
            for one in self.pending:
                self.told.append(one)
                self.run(self.fills.on_execution(one.execution()))
            for ref, traded in self.traded.items():
                intent = self.ledger.by_ref(ref)
                assert intent is not None and intent.filled == traded
        finally:
            self.run(self._end())
            self.loop.close()
            self.folder.cleanup()

    async def _end(self) -> None:
        await self.services.close()
        assert await self.journal.verify() is None
        await self.journal.close()


TestBook = Book.TestCase
TestBook.settings = settings(max_examples=20, stateful_step_count=30)
