"""Room on the disk that is kept free for what must be written when the disk is full."""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path

RESERVE_BYTES = 8 * 1024 * 1024
"""Some hundred exits with all that is told of them."""

RETRY_SECS = 10.0


def is_full(error: sqlite3.Error) -> bool:
    """Whether it says that there is no room left."""
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


class Reserve:
    """A file of zeros beside the journal, given up when the disk is full and made again when there
    is room. Used on the writer's thread alone.

    Args:
        path: The journal's file.
        now: Monotonic seconds.
    """

    def __init__(self, path: Path, now: Callable[[], float] = time.monotonic) -> None:
        self._file = path.with_name(f"{path.name}.reserve")
        self._now = now
        self._next_look = now()
        self.trouble: str | None = None

    def release(self) -> bool:
        """Give the room up; False when it was given up before."""
        self.trouble = f"the disk of {self._file.parent} is full; free some space"
        self._next_look = self._now() + RETRY_SECS
        try:
            self._file.unlink()
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Give the room back at a clean end."""
        self._file.unlink(missing_ok=True)

    def renew(self) -> None:
        """Take the room where it is not taken and there is some; looks at most every ten
        seconds."""
        if self._now() < self._next_look:
            return
        self._next_look = self._now() + RETRY_SECS
        if self._file.exists():
            return
        new = self._file.with_suffix(".new")
        try:
            with new.open("wb") as file:
                if sys.platform == "linux":
                    os.posix_fallocate(file.fileno(), 0, RESERVE_BYTES)
                else:
                    file.write(bytes(RESERVE_BYTES))
            new.replace(self._file)
        except OSError as error:
            new.unlink(missing_ok=True)
            self.trouble = f"the disk of {self._file.parent} has no room ({error.strerror})"
        else:
            self.trouble = None
