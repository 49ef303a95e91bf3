from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from vst_desktop.adapters.sqlite import database
from vst_desktop.adapters.sqlite.database import Database
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
