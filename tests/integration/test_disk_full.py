"""A full disk: nothing is sent without its durable intent, entries are refused, exits still go."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.desk import INSIDE, World, approve, in_world, opened, the
from vst_desktop.adapters.sqlite import reserve
from vst_desktop.adapters.sqlite.reading import read_events
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import OrderState, Purpose


class Disk:
    """A disk that is full as long as the journal's reserve lies on it."""

    def __init__(self, folder: Path) -> None:
        self.reserve = folder / "journal.db.reserve"
        self.full = False

    def check(self) -> None:
        if self.full and self.reserve.exists():
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk(tmp_path)

    class Connection(sqlite3.Connection):
        def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
            if sql.startswith("INSERT INTO events"):
                disk.check()
            return super().execute(sql, *args)

    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *a, **k: connect(*a, **{"factory": Connection, **k})
    )
    monkeypatch.setattr(reserve, "RETRY_SECS", 0.0)
    return disk


def test_entries_stop_exits_go_and_all_is_well_when_there_is_room_again(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(world: World) -> None:
        held = await opened(world, "AAPL")
        placed = len(world.broker.placed)
        monkeypatch.setattr(reserve, "RETRY_SECS", 3600.0)
        disk.full = True
        late = await approve(world, "MSFT")
        await world.settle()
        assert the(world, late).state in (OrderState.DENIED, OrderState.CANCELLED)
        assert len(world.broker.placed) == placed
        assert [a[0] for a in world.told("JOURNAL ERROR")] == [Severity.CRITICAL]
        with pytest.raises(UserError, match="is full; free some space"):
            await approve(world, "NFLX")
        await world.desk.close_position(held.intent_id)
        await world.settle()
        entry, exit_ = world.broker.placed
        assert (entry.order_ref, exit_.purpose) == (held.order_ref, Purpose.EXIT)
        assert not world.desk.positions()

    in_world(tmp_path, INSIDE, story)
    told = [(e.name, e.data.get("order_ref")) for e in read_events(tmp_path / "journal.db")]
    sent = {ref for name, ref in told if name == "SEND"}
    stopped = {ref for name, ref in told if name == "ABORT"}
    # What was committed to be sent when the disk turned out to be full is committed as stopped.
    assert len(sent - stopped) == 2 and sum(ref.endswith(".x1") for ref in sent - stopped) == 1


def test_entries_go_again_when_there_is_room(tmp_path: Path, disk: Disk) -> None:
    async def story(world: World) -> None:
        await world.journal.record("x")
        assert disk.reserve.stat().st_size == reserve.RESERVE_BYTES
        disk.full = True
        await world.journal.record("y")
        assert (bool(world.journal.trouble), disk.reserve.exists()) == (True, False)
        disk.full = False
        await world.journal.record("z")
        assert (bool(world.journal.trouble), disk.reserve.exists()) == (False, True)
        assert world.told("JOURNAL WELL")
        await opened(world)

    in_world(tmp_path, INSIDE, story)
    assert not disk.reserve.exists()


class BrokenDisk:
    """A disk that fails to write, with one of SQLite's errors, while ``error`` is set."""

    def __init__(self) -> None:
        self.error: tuple[str, int] | None = None

    def check(self) -> None:
        if self.error is not None:
            error = sqlite3.OperationalError(self.error[0])
            error.sqlite_errorcode = self.error[1]
            raise error


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> BrokenDisk:
    disk = BrokenDisk()

    class Connection(sqlite3.Connection):
        def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
            if sql == "COMMIT":
                disk.check()
            return super().execute(sql, *args)

    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *a, **k: connect(*a, **{"factory": Connection, **k})
    )
    return disk


@pytest.mark.allow_log("journal")
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("disk I/O error", sqlite3.SQLITE_IOERR_FSYNC),
        ("attempt to write a readonly database", sqlite3.SQLITE_READONLY),
    ],
)
def test_a_disk_that_fails_sends_nothing_and_entries_go_again_when_it_is_well(
    tmp_path: Path, broken: BrokenDisk, text: str, code: int
) -> None:
    async def story(world: World) -> None:
        await opened(world, "AAPL")
        broken.error = text, code
        with pytest.raises(UserError, match=text):
            await approve(world, "MSFT")
        with pytest.raises(UserError, match="cannot be written"):
            await approve(world, "MSFT")
        assert [a[0] for a in world.told("JOURNAL ERROR")] == [Severity.CRITICAL]
        with pytest.raises(UserError, match=text):
            await world.desk.close_position(world.desk.positions()[0].position_id)
        await world.settle()
        assert len(world.broker.placed) == 1  # no commit, no order: the exit neither
        assert world.desk.unprotected() == 1
        broken.error = None
        await world.journal.record("x")
        assert world.told("JOURNAL WELL") and world.desk.unprotected() == 0
        await opened(world, "MSFT")

    in_world(tmp_path, INSIDE, story)


@pytest.mark.allow_log("journal|could not be journalled")
@pytest.mark.parametrize("pages", range(0, 24, 2))
def test_no_order_is_sent_without_its_durable_intent(tmp_path: Path, pages: int) -> None:
    """SQLite itself refuses after so many pages; nothing can be freed."""
    placed: list[str] = []

    async def story(world: World) -> None:
        def limit(connection: sqlite3.Connection) -> None:
            used = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {used + pages}")

        await world.journal._database.run(limit)
        for symbol in ("AAPL", "MSFT", "NFLX"):
            with suppress(UserError):
                await approve(world, symbol)
            await world.settle()
        assert world.told("full") or len(world.broker.placed) == 3
        placed.extend(ticket.order_ref for ticket in world.broker.placed)

    try:
        in_world(tmp_path, INSIDE, story)
    finally:
        sent = {
            e.data["order_ref"] for e in read_events(tmp_path / "journal.db") if e.name == "SEND"
        }
        assert sent >= set(placed) and len(placed) == len(set(placed))
