"""Tells what held the event loop up, while it does."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

LONGEST_MS = 50.0
BEAT_SECS = 0.02
_OURS = "vst_desktop"


class Watchdog:
    """The loop beats every 20 ms; a thread that misses beats looks at what the loop is doing.

    Args:
        told: Called on the loop after each hold-up: milliseconds, and who caused it.
        longest_ms: How long the loop may be held up.
    """

    def __init__(
        self, told: Callable[[float, str], None], *, longest_ms: float = LONGEST_MS
    ) -> None:
        self._told = told
        self._longest = longest_ms / 1000
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread_id = 0
        self._beat_at = 0.0
        self._culprit = ""
        self._handle: asyncio.TimerHandle | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Watch the loop that runs in this thread."""
        self._loop = asyncio.get_running_loop()
        self._thread_id = threading.get_ident()
        self._beat_at = time.monotonic()
        self._beat()
        self._thread.start()

    def stop(self) -> None:
        """Watch no more; idempotent."""
        self._ended.set()
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _beat(self) -> None:
        assert self._loop is not None
        now = time.monotonic()
        late = now - self._beat_at - BEAT_SECS
        self._beat_at = now
        culprit, self._culprit = self._culprit, ""
        self._handle = self._loop.call_later(BEAT_SECS, self._beat)
        if late > self._longest:
            self._told(1000 * late, culprit or "what was over before it was seen")

    def _watch(self) -> None:
        while not self._ended.wait(self._longest / 2):
            if time.monotonic() - self._beat_at > self._longest + BEAT_SECS and not self._culprit:
                self._culprit = culprit_of(sys._current_frames().get(self._thread_id))


def culprit_of(frame: FrameType | None) -> str:
    """Where a thread is: our innermost function, and the one it is in when that is another's."""
    inner = frame
    while frame is not None and not frame.f_globals.get("__name__", "").startswith(_OURS):
        frame = frame.f_back
    if inner is None:
        return ""
    if frame is None or frame is inner:
        return _place(inner)
    return f"{_place(frame)}, in {_place(inner)}"


def _place(frame: FrameType) -> str:
    module = frame.f_globals.get("__name__", "?").removeprefix(f"{_OURS}.")
    return f"{module}.{frame.f_code.co_qualname}:{frame.f_lineno}"
