"""Child processes: their output is drained for ever, and they are ended step by step."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import subprocess
import threading
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)

PATIENCE_SECS = 2.0
NO_CONSOLE: int = getattr(subprocess, "CREATE_NO_WINDOW", 0)
"""Creation flags of a child: on Windows a console program of a window would open a console."""


def end_with_parent() -> None:
    """End this worker process when the one that started it is gone, killed or crashed; without
    this it would wait for work for ever. Called once, in the worker."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, name="parent watch", daemon=True).start()


async def drain(stream: asyncio.StreamReader) -> None:
    """Read and forget until the stream ends, so that the child never blocks on a full pipe."""
    while await stream.read(65536):
        pass


async def end_child(
    process: asyncio.subprocess.Process,
    name: str,
    patience_secs: float = PATIENCE_SECS,
    ask: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Ask it to end, then terminate, then kill; idempotent.

    Args:
        process: The child; its stdin is a pipe.
        name: What it is called in the log.
        patience_secs: How long each step may take, in real seconds.
        ask: How it is asked; None: by closing its stdin (a child of ours ends by that).
    """

    async def close_stdin() -> None:
        if process.stdin is not None:
            process.stdin.close()

    async def terminate() -> None:
        process.terminate()

    async def kill() -> None:
        process.kill()

    for act in (ask or close_stdin, terminate, kill):
        if process.returncode is not None:
            return
        try:
            async with asyncio.timeout(patience_secs):
                await act()
                await process.wait()
        except TimeoutError:
            log.info("%s has not ended yet", name)
