"""The journal on SQLite: current state beside an append-only, hash-chained event table."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vst_desktop.adapters.sqlite import chain, records
from vst_desktop.adapters.sqlite.correlation import Correlations
from vst_desktop.adapters.sqlite.database import DamagedError, Database
from vst_desktop.adapters.sqlite.salvage import Salvaged, salvage
from vst_desktop.domain.alerts import Alert, severity_named
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import OrderState
from vst_desktop.ports.store import (
    FAULT_FLAG,
    KILL_FLAG,
    IntentRecord,
    PositionRecord,
    StoredAlert,
)

log = logging.getLogger(__name__)

_LOGGED = ("symbol", "order_ref", "intent_id", "position_id", "state", "by", "reason")

_CLOSED = (
    OrderState.FILLED,
    OrderState.CANCELLED,
    OrderState.REJECTED,
    OrderState.DENIED,
    OrderState.EXPIRED,
    OrderState.ORPHAN,
)


class SqliteJournal:
    """``ports.store.Journal`` and the executions stored for an order.

    Args:
        database: An open database; the journal closes it.
        now: The station's time, for the events.
    """

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        self._correlations = Correlations()

    @classmethod
    async def open(cls, path: Path, now: Callable[[], datetime]) -> SqliteJournal:
        """Open the file, making or migrating it.

        A damaged one is kept aside and a new one begun with what can be trusted of it; where only
        the chain is broken, it is gone on with. Either way entries are halted until the trader has
        looked.

        Raises:
            UserError: The file cannot be used, with what to do.
        """
        try:
            journal = cls(await Database.open(path), now)
        except DamagedError as damage:
            return await cls._begun_anew(path, now, damage.what)
        try:
            verdict = await journal._database.run(chain.verify)
            await journal.intents()
            await journal.positions(open_only=False)
        except (UserError, ArithmeticError, LookupError, TypeError, ValueError) as damage:
            await journal.close()
            return await cls._begun_anew(path, now, f"it cannot be read: {damage}")
        await journal._database.run(journal._correlations.load)
        if not verdict.sound:
            fault = verdict.fault or f"{', '.join(verdict.rows)} not as written"
            await journal._halt(f"{fault}; see vst journal verify")
        return journal

    @classmethod
    async def _begun_anew(
        cls, path: Path, now: Callable[[], datetime], damage: str
    ) -> SqliteJournal:
        kept = f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
        for mark in ("", "-wal", "-shm"):
            part = path.with_name(path.name + mark)
            if part.exists():
                part.rename(path.with_name(kept + mark))
        found = await asyncio.to_thread(salvage, path.with_name(kept))
        journal = cls(await Database.open(path), now)
        await journal._take_over(found)
        held = sum(position.closed_at is None for position in found.positions)
        await journal._halt(
            f"{damage}; it is kept as {kept}, and {len(found.intents)} orders and {held} open "
            "positions were taken over from it: compare orders and positions in TWS"
        )
        return journal

    async def _take_over(self, found: Salvaged) -> None:
        """Go on with what could be salvaged of a damaged journal."""
        saves = [self._intent_saved(one, "salvaged", {"by": "station"}) for one in found.intents]
        await asyncio.gather(
            *(self._database.run(save) for save in saves),
            *(self.save_execution(*execution) for execution in found.executions),
            *(self.save_position(one, "salvaged", by="station") for one in found.positions),
        )

    async def _halt(self, fault: str) -> None:
        """Halt entries because of a fault, once."""
        if await self.get_flag(FAULT_FLAG) != fault:
            await self.set_flag(FAULT_FLAG, fault, reason=fault, by="station")
            await self.set_flag(KILL_FLAG, fault, reason=fault, by="station")

    @property
    def trouble(self) -> str | None:
        """Why no entry should rest on this journal now, None when all is well."""
        return self._database.trouble

    def on_trouble(self, heard: Callable[[str | None], None]) -> None:
        """Call it when ``trouble`` changes."""
        self._database.on_trouble(heard)

    async def save_intent(
        self, intent: IntentRecord, event: str, *, within_secs: float = 0.0, **data: Any
    ) -> None:
        """Store the intent's state with its event, in a commit of its own or a shared one."""
        await self._database.run(self._intent_saved(intent, event, data), within_secs=within_secs)

    async def save_steps(self, steps: Sequence[tuple[IntentRecord, str, dict[str, Any]]]) -> None:
        """Store several states of intents with their events, in one commit."""
        saves = [self._intent_saved(*step) for step in steps]

        def work(connection: sqlite3.Connection) -> None:
            for save in saves:
                save(connection)

        await self._database.run(work)

    def _intent_saved(
        self, intent: IntentRecord, event: str, data: dict[str, Any]
    ) -> Callable[[sqlite3.Connection], None]:
        row = (
            intent.intent_id,
            intent.order_ref,
            intent.spread.symbol,
            intent.purpose.value,
            intent.state.value,
            records.moment(intent.approved_at),
            records.spread_text(intent.spread),
            records.plan_text(intent.plan),
            records.record_text(intent),
        )
        told = {
            "intent_id": intent.intent_id,
            "order_ref": intent.order_ref,
            "symbol": intent.spread.symbol,
            "state": intent.state.value,
            "row": records.row_left("intents", intent.intent_id, *row[-3:]),
            **data,
        }

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO intents VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (intent_id) DO UPDATE "
                "SET order_ref = excluded.order_ref, state = excluded.state, "
                "spread = excluded.spread, plan = excluded.plan, record = excluded.record",
                row,
            )
            self._append(connection, event, told)

        return work

    async def save_position(self, position: PositionRecord, event: str, **data: Any) -> None:
        """Store the position's state with its event."""
        row = (
            position.position_id,
            position.intent_id,
            position.spread.symbol,
            records.moment(position.opened_at),
            records.moment(position.closed_at) if position.closed_at else None,
            records.spread_text(position.spread),
            records.plan_text(position.plan),
            records.record_text(position),
        )
        told = {
            "position_id": position.position_id,
            "symbol": position.spread.symbol,
            "quantity": position.quantity,
            "row": records.row_left("positions", position.position_id, *row[-3:]),
            **data,
        }

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO positions VALUES (?,?,?,?,?,?,?,?) ON CONFLICT (position_id) DO "
                "UPDATE SET closed_at = excluded.closed_at, spread = excluded.spread, "
                "plan = excluded.plan, record = excluded.record",
                row,
            )
            self._append(connection, event, told)

        await self._database.run(work)

    async def record(self, event: str, **data: Any) -> None:
        """Append an event."""
        await self._database.run(lambda connection: self._append(connection, event, data))

    async def save_execution(self, exec_id: str, order_ref: str, data: dict[str, Any]) -> bool:
        """Store an execution once."""

        text = records.dump(data)
        told = {
            **data,
            "exec_id": exec_id,
            "order_ref": order_ref,
            "by": "broker",
            "row": records.row_left("executions", exec_id, order_ref, text),
        }

        def work(connection: sqlite3.Connection) -> bool:
            done = connection.execute(
                "INSERT OR IGNORE INTO executions VALUES (?,?,?)", (exec_id, order_ref, text)
            )
            if not done.rowcount:
                return False
            self._append(connection, "execution", told)
            return True

        return await self._database.run(work)

    async def executions(self, order_ref: str) -> Sequence[dict[str, Any]]:
        """Data of the executions stored for an order, in the order they came."""

        def work(connection: sqlite3.Connection) -> list[dict[str, Any]]:
            rows = connection.execute(
                "SELECT data FROM executions WHERE order_ref = ? ORDER BY rowid", (order_ref,)
            )
            return [json.loads(row[0]) for row in rows]

        return await self._database.run(work)

    async def intents(self, *, open_only: bool = False) -> Sequence[IntentRecord]:
        """Intents, oldest first."""
        where = f"WHERE state NOT IN ({','.join('?' * len(_CLOSED))})" if open_only else ""
        values = tuple(state.value for state in _CLOSED) if open_only else ()

        def work(connection: sqlite3.Connection) -> list[IntentRecord]:
            rows = connection.execute(
                f"SELECT record, spread, plan FROM intents {where} ORDER BY approved_at, rowid",
                values,
            )
            return [records.intent(*row) for row in rows]

        return await self._database.run(work)

    async def positions(self, *, open_only: bool = True) -> Sequence[PositionRecord]:
        """Positions, oldest first."""
        where = "WHERE closed_at IS NULL" if open_only else ""

        def work(connection: sqlite3.Connection) -> list[PositionRecord]:
            rows = connection.execute(
                f"SELECT record, spread, plan FROM positions {where} ORDER BY opened_at, rowid"
            )
            return [records.position(*row) for row in rows]

        return await self._database.run(work)

    async def save_alert(self, alert: Alert) -> int:
        """Store an alert; its number."""
        row = (
            records.moment(alert.time),
            alert.severity.value,
            alert.symbol,
            alert.message,
            alert.details,
        )

        def work(connection: sqlite3.Connection) -> int:
            stored = connection.execute(
                "INSERT INTO alerts (time, severity, symbol, message, details) VALUES (?,?,?,?,?)",
                row,
            )
            return stored.lastrowid or 0

        return await self._database.run(work)

    async def mark_alerts_read(self, numbers: Sequence[int]) -> None:
        """Keep that these alerts were acknowledged now."""
        at = records.moment(self._now())
        rows = [(at, number) for number in numbers]

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany("UPDATE alerts SET read_at = ? WHERE seq = ?", rows)

        await self._database.run(work)

    async def alerts(self, since: datetime) -> list[StoredAlert]:
        """The alerts raised since then, oldest first."""
        asked = (
            "SELECT seq, time, severity, symbol, message, details, read_at IS NOT NULL "
            "FROM alerts WHERE time >= ? ORDER BY seq"
        )
        rows = await self._database.run(
            lambda connection: connection.execute(asked, (records.moment(since),)).fetchall()
        )
        return [
            StoredAlert(
                number=number,
                alert=Alert(
                    time=datetime.fromisoformat(time),
                    severity=severity_named(severity),
                    message=message,
                    details=details,
                    symbol=symbol,
                ),
                read=bool(read),
            )
            for number, time, severity, symbol, message, details, read in rows
        ]

    async def get_flag(self, name: str) -> str | None:
        """A durable value."""

        def work(connection: sqlite3.Connection) -> str | None:
            row = connection.execute("SELECT value FROM flags WHERE name = ?", (name,)).fetchone()
            return str(row[0]) if row else None

        return await self._database.run(work)

    async def set_flag(self, name: str, value: str | None, *, reason: str, by: str) -> None:
        """Set or clear a durable value and record why and by whom."""

        def work(connection: sqlite3.Connection) -> None:
            if value is None:
                connection.execute("DELETE FROM flags WHERE name = ?", (name,))
            else:
                connection.execute(
                    "INSERT INTO flags VALUES (?,?) ON CONFLICT (name) DO UPDATE "
                    "SET value = excluded.value",
                    (name, value),
                )
            told = {"name": name, "value": value, "reason": reason, "by": by}
            self._append(connection, "flag", told)

        await self._database.run(work)

    async def events(self) -> Sequence[dict[str, Any]]:
        """All events, oldest first: seq, time, name, data."""

        def work(connection: sqlite3.Connection) -> list[dict[str, Any]]:
            rows = connection.execute("SELECT seq, time, name, data FROM events ORDER BY seq")
            return [
                {"seq": seq, "time": time, "name": name, "data": json.loads(data)}
                for seq, time, name, data in rows
            ]

        return await self._database.run(work)

    async def verify(self) -> int | None:
        """Walk the hash chain; the sequence number of the first event that does not fit its
        predecessor or its own hash, None when all do."""
        return (await self._database.run(chain.verify)).broken

    async def close(self) -> None:
        """Finish and close; idempotent."""
        await self._database.close()

    def _append(self, connection: sqlite3.Connection, event: str, data: dict[str, Any]) -> None:
        last = connection.execute(
            "SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1"
        ).fetchone()
        seq, previous = (last[0] + 1, last[1]) if last else (1, chain.GENESIS)
        time, text = records.moment(self._now()), records.dump(data)
        connection.execute(
            "INSERT INTO events VALUES (?,?,?,?,?,?)",
            (seq, time, event, text, previous, chain.link(previous, seq, time, event, text)),
        )
        self._log(event, data)

    def _log(self, event: str, data: dict[str, Any]) -> None:
        """The event as a line of the log; its whole data stand in the journal."""
        fields = {name: str(data[name]) for name in _LOGGED if data.get(name) is not None}
        log.info(
            "%s",
            " ".join((event, *(value for name, value in fields.items() if name != "intent_id"))),
            extra={"step": event, "correlation": self._correlations.of(data), **fields},
        )
