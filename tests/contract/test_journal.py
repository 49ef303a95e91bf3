"""The journal's contract, on the real SQLite file."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.helpers.trades import bull_call, plan
from vst_desktop.adapters.sqlite.journal import SqliteJournal
from vst_desktop.domain.alerts import Alert, Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import Mode, OrderState, OrderType, Purpose, Side
from vst_desktop.ports.store import IntentRecord, PositionRecord

NOW = datetime(2023, 11, 7, 20, 30, 0, 123456, tzinfo=UTC)
INTENT = IntentRecord(
    intent_id="1",
    order_ref="VST-1",
    mode=Mode.PAPER,
    account="DU1",
    purpose=Purpose.ENTRY,
    side=Side.BUY,
    strategy="HIGH_BASE",
    spread=bull_call(),
    quantity=2,
    max_debit=Decimal("2.73"),
    debit_seen=Decimal("2.68"),
    spot_seen=104.0,
    atr=2.125,
    reserved_usd=Decimal("566.60"),
    plan=plan(),
    state=OrderState.QUEUED,
    rank=1,
    approved_at=NOW,
    expires_at=NOW + timedelta(minutes=25),
    session="2023-11-07",
    order_type=OrderType.LIMIT,
    limit_price=Decimal("2.70"),
    queued_at=NOW,
    ack_latency_secs=0.012,
)
POSITION = PositionRecord(
    position_id="1",
    intent_id="1",
    account="DU1",
    strategy="HIGH_BASE",
    spread=bull_call(),
    quantity=2,
    average_debit=Decimal("2.685"),
    plan=plan(),
    opened_at=NOW,
)


def with_journal(path: Path, story: Callable[[SqliteJournal], Awaitable[None]]) -> None:
    async def run() -> None:
        journal = await SqliteJournal.open(path, lambda: NOW)
        try:
            await story(journal)
        finally:
            await journal.close()

    asyncio.run(run())


def test_an_intent_comes_back_exactly(tmp_path: Path) -> None:
    async def write(journal: SqliteJournal) -> None:
        await journal.save_intent(INTENT, "approved", debit=Decimal("2.68"))

    async def read(journal: SqliteJournal) -> None:
        assert list(await journal.intents()) == [INTENT]

    with_journal(tmp_path / "j.db", write)
    with_journal(tmp_path / "j.db", read)


def test_a_position_comes_back_exactly(tmp_path: Path) -> None:
    async def story(journal: SqliteJournal) -> None:
        await journal.save_intent(INTENT, "approved")
        await journal.save_position(POSITION, "opened")
        assert list(await journal.positions()) == [POSITION]
        closed = replace(POSITION, quantity=0, closed_at=NOW, exit_reason="STOP")
        await journal.save_position(closed, "closed")
        assert list(await journal.positions()) == []
        assert list(await journal.positions(open_only=False)) == [closed]

    with_journal(tmp_path / "j.db", story)


def test_open_intents_are_those_not_at_an_end(tmp_path: Path) -> None:
    async def story(journal: SqliteJournal) -> None:
        for number, state in enumerate(OrderState):
            await journal.save_intent(
                replace(INTENT, intent_id=str(number), order_ref=f"VST-{number}", state=state), "x"
            )
        states = {i.state for i in await journal.intents(open_only=True)}
        assert OrderState.UNKNOWN in states and OrderState.HELD in states
        assert not states & {
            *(OrderState.FILLED, OrderState.CANCELLED, OrderState.REJECTED),
            *(OrderState.DENIED, OrderState.EXPIRED, OrderState.ORPHAN),
        }
        assert len(await journal.intents()) == len(OrderState)

    with_journal(tmp_path / "j.db", story)


def test_an_order_reference_is_used_once(tmp_path: Path) -> None:
    async def story(journal: SqliteJournal) -> None:
        await journal.save_intent(INTENT, "approved")
        with pytest.raises(UserError, match="order_ref"):
            await journal.save_intent(replace(INTENT, intent_id="2"), "approved")
        assert len(await journal.intents()) == 1
        assert len(await journal.events()) == 1

    with_journal(tmp_path / "j.db", story)


def test_a_position_needs_its_intent(tmp_path: Path) -> None:
    async def story(journal: SqliteJournal) -> None:
        with pytest.raises(UserError, match="FOREIGN KEY"):
            await journal.save_position(POSITION, "opened")

    with_journal(tmp_path / "j.db", story)


def test_an_execution_is_stored_once(tmp_path: Path) -> None:
    async def story(journal: SqliteJournal) -> None:
        assert await journal.save_execution("a.01", "VST-1", {"quantity": "2"})
        assert not await journal.save_execution("a.01", "VST-1", {"quantity": "9"})
        assert list(await journal.executions("VST-1")) == [{"quantity": "2"}]
        assert list(await journal.executions("VST-2")) == []

    with_journal(tmp_path / "j.db", story)


def test_flags_and_alerts_are_kept(tmp_path: Path) -> None:
    async def story(journal: SqliteJournal) -> None:
        assert await journal.get_flag("killed") is None
        await journal.set_flag("killed", "panic", reason="panic", by="trader")
        assert await journal.get_flag("killed") == "panic"
        await journal.set_flag("killed", None, reason="calm", by="trader")
        assert await journal.get_flag("killed") is None
        await journal.save_alert(Alert(time=NOW, severity=Severity.HIGH, message="m"))
        assert [e["data"]["reason"] for e in await journal.events()] == ["panic", "calm"]

    with_journal(tmp_path / "j.db", story)


def test_events_cannot_be_changed_and_tampering_is_found(tmp_path: Path) -> None:
    async def write(journal: SqliteJournal) -> None:
        for number in range(5):
            await journal.record("step", number=number)
        assert await journal.verify() is None

    async def verify(journal: SqliteJournal) -> None:
        assert await journal.verify() == 3

    path = tmp_path / "j.db"
    with_journal(path, write)
    connection = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute("DELETE FROM events")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute("UPDATE events SET name = 'other'")
    connection.execute("DROP TRIGGER events_are_never_changed")
    connection.execute("UPDATE events SET data = '{}' WHERE seq = 3")
    connection.commit()
    connection.close()
    with_journal(path, verify)


def test_writes_at_the_same_time_keep_the_chain(tmp_path: Path) -> None:
    async def story(journal: SqliteJournal) -> None:
        await asyncio.gather(*(journal.record("step", number=n) for n in range(50)))
        assert await journal.verify() is None
        assert [e["data"]["number"] for e in await journal.events()] == list(range(50))

    with_journal(tmp_path / "j.db", story)


def test_a_closed_journal_refuses(tmp_path: Path) -> None:
    async def story(journal: SqliteJournal) -> None:
        await journal.close()
        await journal.close()
        with pytest.raises(UserError, match="closed"):
            await journal.record("late")

    with_journal(tmp_path / "j.db", story)
