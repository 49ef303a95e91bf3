"""What is left of a run that ended without saying so: the stacks of a crash, for the next start."""

from __future__ import annotations

import faulthandler
import logging
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

log = logging.getLogger(__name__)

KEPT = 5
CRASHES = "crash-*.txt"
_open: list[IO[str]] = []


def keep_last_words(folder: Path, profile: str) -> Path | None:
    """Write the stacks of a crash of this process, as by a segmentation fault, into the folder;
    send what fails in threads and finalizers to the log. Once a process.

    Args:
        folder: Where logs are kept.
        profile: Whose: stations of other profiles run beside this one.

    Returns:
        The stacks of the profile's last run when it crashed, None when it ended well.
    """
    threading.excepthook = _thread_failed
    sys.unraisablehook = _unraisable
    live = folder / f"fatal-{profile.lower()}.txt"
    found = _put_aside(live, profile)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = live.open("w", encoding="utf-8")
    except OSError as error:
        log.warning("a crash of this run would leave no trace in %s: %s", live, error.strerror)
        return found
    _open.append(file)  # the handler writes by its number: it must never be closed
    faulthandler.enable(file=file, all_threads=True)
    return found


def _put_aside(live: Path, profile: str) -> Path | None:
    try:
        told = live.stat()
        if not told.st_size:
            return None
        at = datetime.fromtimestamp(told.st_mtime, UTC)
        kept = live.with_name(f"crash-{profile.lower()}-{at:%Y%m%dT%H%M%S}.txt")
        live.replace(kept)
        for old in sorted(live.parent.glob(CRASHES), key=lambda one: one.stat().st_mtime)[:-KEPT]:
            old.unlink()
    except OSError:  # there was none, or it is not ours to move: the start goes on
        return None
    return kept


def _thread_failed(failed: threading.ExceptHookArgs) -> None:
    if failed.exc_type is SystemExit:
        return
    name = failed.thread.name if failed.thread is not None else "a thread"
    log.error(
        "unexpected error in %s",
        name,
        exc_info=(failed.exc_type, failed.exc_value or failed.exc_type(), failed.exc_traceback),
    )


def _unraisable(failed: sys.UnraisableHookArgs) -> None:
    error = failed.exc_value
    log.error(
        "error that nobody could be told of: %s",
        failed.err_msg or failed.object,
        exc_info=(type(error), error, failed.exc_traceback) if error is not None else None,
    )
