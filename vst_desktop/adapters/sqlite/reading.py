"""Reads a journal that a station may be writing to at this moment; never changes it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from vst_desktop.adapters.sqlite import chain, records
from vst_desktop.adapters.sqlite.chain import Verdict
from vst_desktop.adapters.sqlite.database import migrations
from vst_desktop.domain.errors import UserError
from vst_desktop.ports.store import IntentRecord, JournalEvent

_PAST_ALL = 2**62


def verify_journal(path: Path) -> Verdict:
    """Walk the file's hash chain.

    Raises:
        UserError: There is no such journal, or the file itself is damaged.
    """
    with _reader(path) as connection:
        damage = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if damage != "ok":
            raise sqlite3.DatabaseError(damage)
        return chain.verify(connection)


def read_events(path: Path) -> Iterator[JournalEvent]:
    """All events, oldest first, as they stood when the first one was read.

    Raises:
        UserError: There is no such journal, or the file is damaged.
    """
    with _reader(path) as connection:
        for seq, time, name, data, stored in connection.execute(
            "SELECT seq, time, name, data, hash FROM events ORDER BY seq"
        ):
            yield _event(seq, time, name, data, stored)


def read_back(
    path: Path, *, before: int | None = None, about: str | None = None
) -> Generator[JournalEvent, None, None]:
    """Events newest first: those before a sequence number, those whose data hold a text.

    Raises:
        UserError: There is no such journal, or the file is damaged.
    """
    with _reader(path) as connection:
        for row in connection.execute(
            "SELECT seq, time, name, data, hash FROM events WHERE seq < :before "
            "AND (:about IS NULL OR instr(data, :about)) ORDER BY seq DESC",
            {"before": _PAST_ALL if before is None else before, "about": about},
        ):
            yield _event(*row)


def read_intents(path: Path) -> list[IntentRecord]:
    """All intents, oldest first.

    Raises:
        UserError: There is no such journal, or the file is damaged.
    """
    with _reader(path) as connection:
        rows = connection.execute(
            "SELECT record, spread, plan FROM intents ORDER BY approved_at, rowid"
        )
        return [records.intent(*row) for row in rows]


def read_alert_counts(path: Path, since: datetime) -> dict[str, int]:
    """How many alerts of each severity were raised since a moment.

    Raises:
        UserError: There is no such journal, or the file is damaged.
    """
    with _reader(path) as connection:
        rows = connection.execute(
            "SELECT severity, count(*) FROM alerts WHERE time >= ? GROUP BY severity",
            (records.moment(since),),
        )
        return dict(rows.fetchall())


def _event(seq: int, time: str, name: str, data: str, stored: str) -> JournalEvent:
    return JournalEvent(
        seq=seq, time=datetime.fromisoformat(time), name=name, data=_data(data), hash=stored
    )


def _data(text: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise sqlite3.DatabaseError(f"an event cannot be read: {error}") from None
    return found


@contextmanager
def _reader(path: Path) -> Iterator[sqlite3.Connection]:
    if not path.is_file():
        raise UserError(
            "there is no journal",
            where=str(path),
            remedy="name one with --file, or another --profile",
        )
    try:
        connection = _open(path)
        try:
            yield connection
        finally:
            connection.close()
    except (sqlite3.DatabaseError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"the journal is damaged: {error}",
            where=str(path),
            remedy="keep the file, and read a copy of it or a backup beside it",
        ) from None


def _open(path: Path) -> sqlite3.Connection:
    uri = path.resolve().as_uri()
    # A journal in a folder that cannot be written has no log beside it to be shared.
    for mode in ("mode=ro", "immutable=1"):
        connection = sqlite3.connect(f"{uri}?{mode}", uri=True, isolation_level=None)
        try:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            connection.execute("SELECT count(*) FROM events").fetchone()
        except sqlite3.OperationalError as error:
            connection.close()
            if mode == "immutable=1" or "unable to open" not in str(error):
                raise
            continue
        except BaseException:
            connection.close()
            raise
        newest = migrations()[-1][0]
        if version > newest:
            connection.close()
            raise UserError(
                f"the journal is of version {version}, this station knows {newest}",
                where=str(path),
                remedy="use the newer station that wrote it",
            )
        return connection
    raise AssertionError("one of the two ways opens or raises")
