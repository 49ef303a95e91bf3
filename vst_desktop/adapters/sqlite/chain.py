"""The hash chain of the events, and what the rows beside it must agree with."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from dataclasses import dataclass

from vst_desktop.adapters.sqlite import records

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a walk over the whole journal found.

    ``events`` fit, up to the first broken link; ``head`` is the last fitting one's hash: noted
    elsewhere, it shows a journal whose end was cut off. ``broken`` is the sequence number of the
    first event that does not fit, ``fault`` says how; ``rows`` are the records that are not what
    their last event left.
    """

    events: int
    head: str
    broken: int | None = None
    fault: str | None = None
    rows: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether all of it holds."""
        return self.broken is None and not self.rows


def link(previous: str, seq: int, time: str, name: str, data: str) -> str:
    """The hash of an event that follows ``previous``."""
    text = "\n".join((previous, str(seq), time, name, data))
    return hashlib.sha256(text.encode()).hexdigest()


def verify(connection: sqlite3.Connection) -> Verdict:
    """Walk the chain and compare intents, positions and executions with their last events."""
    previous, count = GENESIS, 0
    left: dict[tuple[str, str], dict[str, str]] = {}
    rows = connection.execute(
        "SELECT seq, time, name, data, previous_hash, hash FROM events ORDER BY seq"
    )
    for seq, time, name, data, stored_previous, stored in rows:
        fault = None
        if seq != count + 1:
            fault = f"event {count + 1} is missing"
        elif stored_previous != previous:
            fault = f"event {seq} ({name}, {time}) does not follow event {count}"
        elif stored != link(previous, seq, time, name, data):
            fault = f"event {seq} ({name}, {time}) is not what was written"
        if fault is not None:
            return Verdict(events=count, head=previous, broken=count + 1, fault=fault)
        row = json.loads(data).get("row")
        if row is not None:
            left[row["table"], row["key"]] = row
        previous, count = stored, seq
    return Verdict(events=count, head=previous, rows=tuple(_rows_apart(connection, left)))


def _rows_apart(
    connection: sqlite3.Connection, left: dict[tuple[str, str], dict[str, str]]
) -> list[str]:
    apart, seen = [], set()
    for table, key, columns in (
        ("intents", "intent_id", "spread, plan, record"),
        ("positions", "position_id", "spread, plan, record"),
        ("executions", "exec_id", "order_ref, data"),
    ):
        for name, *texts in connection.execute(f"SELECT {key}, {columns} FROM {table}"):
            seen.add((table, name))
            if left.get((table, name)) != records.row_left(table, name, *texts):
                apart.append(f"{table} {name}")
    return apart + [f"{table} {name} (gone)" for table, name in sorted(left.keys() - seen)]
