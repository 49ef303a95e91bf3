"""Every frame of every connection, both ways, as lines of JSON.

The first line describes the simulator; then one object a line, in the order of what happened:
``{"t": SECS, "at": TIME, "conn": N, "way": "open" | "in" | "out" | "close", "fields": [...]}``.
``t`` is real seconds since the start, ``at`` virtual time, ``fields`` are those of one frame; a
payload that is no text of fields stands as ``"hex"`` instead. What faults did to a frame is seen
in it: ``in`` is what the client sent, ``out`` what it was given. Lines with ``"event"`` belong to
no connection.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from vst_desktop.adapters.tws_sim.timing import SimTime
from vst_desktop.adapters.tws_sim.wire import WireError, split
from vst_desktop.domain.errors import UserError

FORMAT = 1


class FrameLog:
    """Writes the log of one simulator. Lines are handed to the system when they are complete."""

    def __init__(self, file: IO[str], clock: SimTime, head: Mapping[str, Any]) -> None:
        self._file = file
        self._clock = clock
        self._start: float | None = None
        self._write({"frames": FORMAT, **head})

    @classmethod
    def create(cls, path: Path, clock: SimTime, head: Mapping[str, Any]) -> FrameLog:
        """Start a log in a new file.

        Raises:
            UserError: The file exists already, or cannot be written.
        """
        try:
            file = path.open("x", encoding="utf-8")
        except OSError as failed:
            raise UserError(
                f"{path} cannot be written: {failed.strerror}",
                where="--frames",
                remedy="name a new file in a folder that you may write to",
            ) from failed
        return cls(file, clock, head)

    def opened(self, connection: int, peer: str) -> None:
        """A client has connected."""
        self._note(connection, "open", {"peer": peer})

    def received(self, connection: int, payload: bytes) -> None:
        """A client sent a frame."""
        self._note(connection, "in", _content(payload))

    def sent(self, connection: int, frame: bytes) -> None:
        """A client was sent a frame."""
        self._note(connection, "out", _content(frame[4:]))

    def closed(self, connection: int) -> None:
        """A connection has ended."""
        self._note(connection, "close", {})

    def event(self, kind: str, **content: Any) -> None:
        """Something that belongs to no connection: the clock was moved, a fault was set."""
        self._write({**self._now(), "event": kind, **content})

    def close(self) -> None:
        """End the log."""
        self._file.close()

    def _note(self, connection: int, way: str, content: Mapping[str, Any]) -> None:
        self._write({**self._now(), "conn": connection, "way": way, **content})

    def _now(self) -> dict[str, Any]:
        secs = asyncio.get_running_loop().time()
        if self._start is None:
            self._start = secs
        return {"t": round(secs - self._start, 6), "at": self._clock.now().isoformat()}

    def _write(self, line: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._file.flush()


def _content(payload: bytes) -> dict[str, Any]:
    try:
        return {"fields": split(payload)}
    except WireError:
        return {"hex": payload.hex()}
