"""One SQLite file, one writer thread, numbered migrations."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from vst_desktop.adapters.sqlite.reserve import Reserve, is_full
from vst_desktop.domain.errors import UserError

logger = logging.getLogger(__name__)

T = TypeVar("T")


class DamagedError(UserError):
    """The file is no journal any more."""


Work = Callable[[sqlite3.Connection], Any]

CHECKPOINT_EVERY = 250
"""Commits between two checkpoints: some megabytes of log."""
CHECKPOINT_TURNS = 5


@dataclass(slots=True)
class _Job:
    work: Work
    done: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


class Database:
    """A connection that lives on a thread of its own; work is handed to it and awaited in order.

    WAL with synchronous FULL: what is committed survives a power cut. What comes while a commit is
    under way is committed together, each piece whole or not at all.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, thread: ThreadPoolExecutor):
        self.path = path
        self._connection = connection
        self._thread = thread
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._waiting: list[_Job] = []
        self._due: asyncio.TimerHandle | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._commits = 0
        self._checkpoint: asyncio.Future[None] | None = None
        self._reserve = Reserve(path)
        self._heard: Callable[[str | None], None] = lambda trouble: None
        self.trouble: str | None = None
        """Why no entry should rest on this journal now: its disk is full. None when all is well."""

    @classmethod
    async def open(cls, path: Path) -> Database:
        """Open or make the file and bring it to the newest version.

        Raises:
            UserError: Not writable, not a database, damaged, or written by a newer station.
        """
        thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        loop = asyncio.get_running_loop()
        try:
            connection = await loop.run_in_executor(thread, _open, path)
        except BaseException:
            thread.shutdown(wait=False)
            raise
        return cls(path, connection, thread)

    async def run(self, work: Callable[[sqlite3.Connection], T], *, within_secs: float = 0.0) -> T:
        """Run ``work`` on the writer's thread, after what was handed over before; return when it
        is committed. A caller that is cancelled does not take it back.

        Args:
            work: What to do in the transaction.
            within_secs: How long it may wait for work that it can share a commit with.

        Raises:
            UserError: The database refused; nothing of the work was stored.
        """
        if self._closed:
            raise UserError("the journal is closed", where=str(self.path))
        job = _Job(work, self._loop.create_future())
        self._waiting.append(job)
        if self._idle.is_set():
            if within_secs <= 0:
                self._start()
            elif self._due is None:
                self._due = self._loop.call_later(within_secs, self._start)
        result: T = await asyncio.shield(job.done)
        return result

    def on_trouble(self, heard: Callable[[str | None], None]) -> None:
        """Call it on the loop when ``trouble`` changes."""
        self._heard = heard

    async def close(self) -> None:
        """Finish what was handed over and close; idempotent."""
        if self._closed:
            return
        self._closed = True
        if self._due is not None:
            self._start()
        await self._idle.wait()
        if self._checkpoint is not None:
            await self._checkpoint
        await self._loop.run_in_executor(self._thread, self._connection.close)
        self._reserve.close()
        self._thread.shutdown(wait=True)

    def _start(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None
        self._idle.clear()
        self._hand_over()

    def _hand_over(self) -> None:
        jobs, self._waiting = self._waiting, []
        self._thread.submit(self._write, jobs)

    def _write(self, jobs: list[_Job]) -> None:
        failed = self._commit(jobs)
        if failed is not None and is_full(failed) and self._reserve.release():
            # What was kept for this: exits, fills and the end of what is at the broker.
            failed = self._commit(jobs)
        elif failed is None:
            self._reserve.renew()
        trouble = self._reserve.trouble
        if failed is not None and not is_full(failed):
            trouble = f"the journal in {self.path.parent} cannot be written ({failed})"
        self._loop.call_soon_threadsafe(self._written, jobs, trouble)

    def _written(self, jobs: list[_Job], trouble: str | None) -> None:
        if trouble != self.trouble:
            self.trouble = trouble
            self._heard(trouble)
        for job in jobs:
            if job.error is None:
                job.done.set_result(job.result)
            else:
                job.done.set_exception(job.error)
                job.done.exception()  # a caller that was cancelled does not ask
        if self._waiting:
            self._hand_over()
        else:
            self._idle.set()
        self._commits += 1
        if self._commits % CHECKPOINT_EVERY == 0 and (
            self._checkpoint is None or self._checkpoint.done()
        ):
            self._checkpoint = self._loop.run_in_executor(None, _checkpoint, self.path)

    def _commit(self, jobs: list[_Job]) -> sqlite3.Error | None:
        """Commit them, each whole or not at all; what the file itself refused with."""
        for job in jobs:
            job.error = None
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for job in jobs:
                self._do(job)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            for job in jobs:
                job.error = job.error or self._told(error)
            return error
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        return None

    def _do(self, job: _Job) -> None:
        self._connection.execute("SAVEPOINT job")
        try:
            job.result = job.work(self._connection)
        except sqlite3.IntegrityError as error:
            job.error = self._told(error)
        except sqlite3.Error:
            raise  # the file itself: nothing of the batch can be relied on
        except BaseException as error:
            job.error = error
        if job.error is not None:
            self._connection.execute("ROLLBACK TO job")
        self._connection.execute("RELEASE job")

    def _told(self, error: sqlite3.Error) -> UserError:
        told = UserError(
            f"the journal could not be written: {error}",
            where=str(self.path),
            remedy="free disk space or check the folder's permissions",
        )
        told.__cause__ = error
        return told


def migrations() -> list[tuple[int, str]]:
    """Numbered steps in their order: (version, SQL)."""
    folder = resources.files(__package__) / "migrations"
    found = [
        (int(file.name.split("_")[0]), file.read_text(encoding="utf-8"))
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    ]
    return sorted(found)


def _open(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=True)
    except (OSError, sqlite3.Error) as error:
        raise UserError(
            f"the journal cannot be opened: {error}",
            where=str(path),
            remedy="set VST_HOME to a folder that can be written",
        ) from None
    try:
        _prepare(path, connection)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise _told(path, error) from None
    except UnicodeDecodeError:  # SQLite's own message quotes a schema that is no text any more
        connection.close()
        raise _told(path, sqlite3.DatabaseError("its schema is not text")) from None
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(path: Path, connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    # A checkpoint would hold the commit it comes with, and its order, for tens of milliseconds: it
    # is made beside the commits, and here only where that did not keep up.
    connection.execute("PRAGMA wal_autocheckpoint = 20000")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA busy_timeout = 5000")
    damage = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if damage != "ok":
        raise sqlite3.DatabaseError(damage)
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    steps = migrations()
    newest = steps[-1][0]
    if version > newest:
        raise UserError(
            f"the journal is of version {version}, this station knows {newest}",
            where=str(path),
            remedy="use the newer station that wrote it, or another VST_HOME",
        )
    if 0 < version < newest:
        _back_up(path, connection, version)
    for number, sql in steps:
        if number > version:
            connection.executescript(f"BEGIN;\n{sql}\nPRAGMA user_version = {number};\nCOMMIT;")


def _checkpoint(path: Path) -> None:
    """Move what the log holds into the file, over a connection of its own: commits go on."""
    try:
        there = f"{path.absolute().as_uri()}?mode=rw"  # never made anew
        with contextlib.closing(sqlite3.connect(there, uri=True)) as connection:
            for _ in range(CHECKPOINT_TURNS):
                # Only a log that was moved to its end starts again, and commits add to it.
                _, held, moved = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                if moved >= held:
                    return
    except sqlite3.Error as error:
        # Nothing is lost: the log keeps it, and the next commit that cannot be made is told.
        logger.info("the journal's log was not moved into its file: %s", error)


def _back_up(path: Path, connection: sqlite3.Connection, version: int) -> None:
    copy = sqlite3.connect(path.with_name(f"{path.name}.v{version}.bak"))
    try:
        connection.backup(copy)
    finally:
        copy.close()


def _told(path: Path, error: sqlite3.DatabaseError) -> UserError:
    if isinstance(error, sqlite3.OperationalError):
        return UserError(
            f"the journal cannot be used: {error}",
            where=str(path),
            remedy="close other stations on it and check that the folder can be written",
        )
    return DamagedError(
        f"the journal is damaged: {error}",
        where=str(path),
        remedy="move it away and restore a backup, or start with a new VST_HOME",
    )
