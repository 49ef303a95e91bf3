from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from vst_desktop.adapters.sqlite import database
from vst_desktop.adapters.sqlite.database import Database, Work
from vst_desktop.domain.errors import UserError


def open_and_close(path: Path) -> None:
    async def run() -> None:
        opened = await Database.open(path)
        try:
            settings = await opened.run(
                lambda c: [
                    c.execute(f"PRAGMA {name}").fetchone()[0]
                    for name in ("journal_mode", "synchronous", "foreign_keys")
                ]
            )
            assert settings == ["wal", 2, 1]
        finally:
            await opened.close()

    asyncio.run(run())


def test_a_new_file_is_made_with_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "journal.db"
    open_and_close(path)
    open_and_close(path)
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone()[0] == database.migrations()[-1][0]
    connection.close()


def test_a_folder_in_the_way_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="VST_HOME"):
        open_and_close(tmp_path)


def test_a_parent_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="cannot be opened"):
        open_and_close(tmp_path / "file" / "journal.db")


def test_a_file_that_is_no_database_is_told_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"not a database, but long enough to be looked at" * 100)
    before = path.read_bytes()
    with pytest.raises(UserError, match="damaged"):
        open_and_close(path)
    assert path.read_bytes() == before


def test_a_newer_journal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    open_and_close(path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(UserError, match="version 99"):
        open_and_close(path)


def test_a_migration_backs_up_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal.db"
    open_and_close(path)
    steps = database.migrations()
    newer = [*steps, (len(steps) + 1, "CREATE TABLE extra (x TEXT) STRICT;")]
    monkeypatch.setattr(database, "migrations", lambda: newer)
    open_and_close(path)
    backup = sqlite3.connect(path.with_name(f"journal.db.v{len(steps)}.bak"))
    assert backup.execute("SELECT count(*) FROM sqlite_master WHERE name = 'extra'").fetchone() == (
        0,
    )
    backup.close()


def test_a_failed_migration_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.db"
    open_and_close(path)
    steps = database.migrations()
    broken = [*steps, (len(steps) + 1, "CREATE TABLE extra (x TEXT); CREATE TABLE extra (y);")]
    monkeypatch.setattr(database, "migrations", lambda: broken)
    with pytest.raises(UserError):
        open_and_close(path)
    monkeypatch.undo()
    open_and_close(path)


def test_a_failing_piece_of_work_is_rolled_back(tmp_path: Path) -> None:
    def work(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO flags VALUES ('a', 'b')")
        connection.execute("INSERT INTO flags VALUES ('a', 'b')")

    async def run() -> None:
        opened = await Database.open(tmp_path / "journal.db")
        try:
            with pytest.raises(UserError, match="could not be written"):
                await opened.run(work)
            count = await opened.run(lambda c: c.execute("SELECT count(*) FROM flags").fetchone())
            assert count == (0,)
        finally:
            await opened.close()

    asyncio.run(run())


class Commits:
    """Counts the commits of a database."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sizes: list[int] = []
        commit = Database._commit

        def counted(opened: Database, jobs: list[Any]) -> sqlite3.Error | None:
            self.sizes.append(len(jobs))
            return commit(opened, jobs)

        monkeypatch.setattr(Database, "_commit", counted)


def put(name: str) -> Work:
    return lambda c: c.execute("INSERT INTO flags VALUES (?, 'x')", (name,))


async def names(opened: Database) -> list[str]:
    asked = "SELECT name FROM flags ORDER BY rowid"
    return [name for (name,) in await opened.run(lambda c: c.execute(asked).fetchall())]


def test_what_may_wait_is_committed_with_what_comes_in_its_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        opened = await Database.open(tmp_path / "journal.db")
        commits = Commits(monkeypatch)
        waits = asyncio.ensure_future(opened.run(put("z"), within_secs=3600))
        await asyncio.sleep(0)
        assert commits.sizes == []
        await asyncio.gather(waits, opened.run(put("b")))
        assert commits.sizes == [2] and await names(opened) == ["z", "b"]
        await opened.close()

    asyncio.run(run())


def test_what_may_wait_is_committed_alone_when_nothing_comes(tmp_path: Path) -> None:
    async def run() -> None:
        opened = await Database.open(tmp_path / "journal.db")
        await opened.run(put("a"), within_secs=0.001)
        assert await names(opened) == ["a"]
        await opened.close()

    asyncio.run(run())


def test_what_waits_at_the_close_is_committed(tmp_path: Path) -> None:
    async def run() -> None:
        opened = await Database.open(tmp_path / "journal.db")
        waits = asyncio.ensure_future(opened.run(put("a"), within_secs=3600))
        await asyncio.sleep(0)
        await asyncio.gather(opened.close(), waits)
        again = await Database.open(tmp_path / "journal.db")
        assert await names(again) == ["a"]
        await again.close()

    asyncio.run(run())


def in_the_file_itself(path: Path) -> int:
    """How many notes the file has without its log."""
    connection = sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True)
    try:
        return connection.execute("SELECT count(*) FROM notes").fetchone()[0]
    except sqlite3.DatabaseError:  # not there yet, or read in the middle of a checkpoint
        return 0
    finally:
        connection.close()


def test_the_log_is_moved_into_the_file_beside_the_commits_and_does_not_grow_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "CHECKPOINT_EVERY", 4)
    path = tmp_path / "journal.db"
    log = path.with_name(f"{path.name}-wal")
    note = b"x" * 20_000

    async def run() -> None:
        opened = await Database.open(path)
        try:
            await opened.run(lambda c: c.execute("CREATE TABLE notes (note)"))
            written = 0
            async with asyncio.timeout(20):
                while not in_the_file_itself(path) or written * len(note) < 2 * log.stat().st_size:
                    await opened.run(lambda c: c.execute("INSERT INTO notes VALUES (?)", (note,)))
                    written += 1
                    await asyncio.sleep(0.001)
        finally:
            await opened.close()
        assert in_the_file_itself(path) == written
        assert not log.exists()

    asyncio.run(run())


def test_a_checkpoint_that_cannot_be_made_loses_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", logger=database.__name__):
        database._checkpoint(tmp_path / "journal.db")
    assert "was not moved into its file: unable to open" in caplog.text
    assert not list(tmp_path.iterdir())
