"""What a damaged journal still tells for certain: records that an intact event vouches for."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vst_desktop.adapters.sqlite import chain, records
from vst_desktop.ports.store import IntentRecord, PositionRecord

EXIT_MARK = ".x"
"""What stands between the id of an entry and the number of one of its exits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Salvaged:
    """Records in the order they were made; an execution is its id, order and data.

    What hangs in the air is left out: a position without its entry, an exit without its position,
    an execution without its order.
    """

    intents: tuple[IntentRecord, ...] = ()
    positions: tuple[PositionRecord, ...] = ()
    executions: tuple[tuple[str, str, dict[str, Any]], ...] = ()


def salvage(path: Path) -> Salvaged:
    """Read what can be trusted of a damaged journal; the file itself is not touched."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "journal"
        for mark in ("", "-wal"):
            part = path.with_name(path.name + mark)
            if part.exists():
                shutil.copy(part, copy.with_name(copy.name + mark))
        try:
            with closing(sqlite3.connect(copy)) as connection:
                return _salvaged(connection)
        except sqlite3.Error:
            return Salvaged()


def _salvaged(connection: sqlite3.Connection) -> Salvaged:
    vouched = {
        (row["table"], row["key"], row["digest"])
        for told in _events(connection)
        if (row := told.get("row")) is not None
    }

    def trusted(table: str, key: str, *texts: str) -> bool:
        return (table, key, records.row_left(table, key, *texts)["digest"]) in vouched

    intents = {
        key: records.intent(record, spread, plan)
        for key, spread, plan, record in _rows(
            connection, "intents", "intent_id, spread, plan, record"
        )
        if trusted("intents", key, spread, plan, record)
    }
    positions = [
        records.position(record, spread, plan)
        for key, spread, plan, record in _rows(
            connection, "positions", "position_id, spread, plan, record"
        )
        if trusted("positions", key, spread, plan, record)
    ]
    kept = {key: intent for key, intent in intents.items() if _entry_of(key) in intents}
    refs = {intent.order_ref for intent in kept.values()}
    return Salvaged(
        intents=tuple(kept.values()),
        positions=tuple(p for p in positions if p.intent_id in kept),
        executions=tuple(
            (key, ref, json.loads(data))
            for key, ref, data in _rows(connection, "executions", "exec_id, order_ref, data")
            if ref in refs and trusted("executions", key, ref, data)
        ),
    )


def _entry_of(intent_id: str) -> str:
    return intent_id.partition(EXIT_MARK)[0]


def _events(connection: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    """What was told by events that are what was written, wherever the chain is broken."""
    columns = "seq, time, name, data, previous_hash, hash"
    for seq, time, name, data, previous, stored in _rows(connection, "events", columns):
        if stored == chain.link(previous, seq, time, name, data):
            yield json.loads(data)


def _rows(connection: sqlite3.Connection, table: str, columns: str) -> Iterator[tuple[Any, ...]]:
    """The rows that can be read, up to the damage from the front and from the back."""
    seen: set[int] = set()
    found: list[tuple[int, tuple[Any, ...]]] = []
    for order in ("ASC", "DESC"):
        try:
            cursor = connection.execute(
                f"SELECT rowid, {columns} FROM {table} NOT INDEXED ORDER BY rowid {order}"
            )
            for rowid, *values in cursor:
                if rowid in seen:
                    break
                seen.add(rowid)
                if all(isinstance(value, str | int) for value in values):
                    found.append((rowid, tuple(values)))
        except (sqlite3.Error, UnicodeDecodeError):
            continue  # the rest of this direction is gone
    return iter([values for _, values in sorted(found)])
