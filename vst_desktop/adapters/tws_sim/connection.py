"""One socket of a client: bytes to its session, frames to the peer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from vst_desktop.adapters.tws_sim.session import Session

log = logging.getLogger(__name__)

_LONGEST_FLUSH_SECS = 5.0
_MOST_UNWRITTEN_BYTES = 1024 * 1024
_MOST_UNREAD_BYTES = 32 * 1024 * 1024
"""More than the longest frame; a client that leaves more unread is cut off, as TWS does."""


class Host(Protocol):
    """Whose socket it is."""

    def session_for(self, connection: Connection) -> Session:
        """A session that writes to that connection."""

    def opened(self, connection: Connection) -> None:
        """A socket was accepted."""

    def closed(self, connection: Connection) -> None:
        """A socket is gone."""

    def keep_fresh(self) -> None:
        """Quotes may be wanted now."""


class Connection(asyncio.Protocol):
    """One socket. Frames of one turn of the loop go out in one write."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._frames: list[bytes] = []
        self._unwritten = 0
        self._writable = asyncio.Event()
        self._writable.set()
        self._timers: set[asyncio.TimerHandle] = set()
        self.gone = asyncio.Event()
        self.peer = "?"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A socket was accepted."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a TCP transport is needed")
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        # With no slack, "writable" means that nothing is left to write.
        transport.set_write_buffer_limits(high=0)
        self.peer = str(transport.get_extra_info("peername"))
        self.session = self._host.session_for(self)
        self._host.opened(self)

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        self.session.feed(data)
        self._host.keep_fresh()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        for timer in self._timers:
            timer.cancel()
        self.session.end()
        self._host.closed(self)
        self._writable.set()
        self.gone.set()

    def pause_writing(self) -> None:
        """The peer reads slowly."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Everything was handed over."""
        self._writable.set()

    def write(self, frame: bytes) -> None:
        """Queue one frame."""
        if self._transport.is_closing():
            return
        if not self._frames:
            self._loop.call_soon(self._write_out)
        self._frames.append(frame)
        self._unwritten += len(frame)
        if self._unwritten > _MOST_UNWRITTEN_BYTES:
            self._write_out()

    def reset(self) -> None:
        """Break off; what was queued is lost."""
        self._transport.abort()

    def close(self) -> None:
        """Close after what was queued."""
        self._write_out()
        self._transport.close()

    def later(self, secs: float, call: Callable[[], None]) -> None:
        """Call after real seconds unless the socket is gone."""

        def run() -> None:
            self._timers.discard(handle)
            call()

        handle = self._loop.call_later(secs, run)
        self._timers.add(handle)

    async def flush(self) -> None:
        """Wait until nothing is left to write."""
        self._write_out()
        try:
            await asyncio.wait_for(self._writable.wait(), _LONGEST_FLUSH_SECS)
        except TimeoutError:
            log.warning("%s has not read for %s s", self.peer, _LONGEST_FLUSH_SECS)

    def _write_out(self) -> None:
        if not self._frames or self._transport.is_closing():
            return
        self._transport.write(b"".join(self._frames))
        self._frames.clear()
        self._unwritten = 0
        if self._transport.get_write_buffer_size() > _MOST_UNREAD_BYTES:
            log.warning("closing the connection from %s: it does not read", self.peer)
            self._transport.abort()
