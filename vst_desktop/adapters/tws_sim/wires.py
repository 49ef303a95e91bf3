"""The port of a simulator and its connections, and what can happen to all of them at once."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable

from vst_desktop.adapters.tws_sim.conditions import Accepts, Conditions
from vst_desktop.adapters.tws_sim.connection import Connection
from vst_desktop.adapters.tws_sim.session import Session
from vst_desktop.domain.errors import UserError


class Wires:
    """Takes connections on a port, which can be closed and opened again.

    Args:
        make: A connection for an accepted socket.
        conditions: What a new connection meets.
    """

    def __init__(self, make: Callable[[], Connection], conditions: Conditions) -> None:
        self._make = make
        self._conditions = conditions
        self._listening: asyncio.Server | None = None
        self._reopening: asyncio.Task[None] | None = None
        self._address = ("", 0)
        self._is_muted = False
        self.connections: set[Connection] = set()

    @property
    def sessions(self) -> list[Session]:
        """Connected sessions, also those that have not said their client id."""
        return [connection.session for connection in self.connections]

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the bound port.

        Raises:
            UserError: The port is in use or may not be bound.
        """
        try:
            self._listening = await asyncio.get_running_loop().create_server(self._make, host, port)
        except OSError as failed:
            raise cannot_listen(failed, port, f"simulator on {host}", "--port") from failed
        bound: int = self._listening.sockets[0].getsockname()[1]
        self._address = (host, bound)
        return bound

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._reopening is not None:
            await self._reopening
        if self._listening is not None:
            self._listening.close()
        for connection in tuple(self.connections):
            connection.close()
        await asyncio.gather(*(connection.gone.wait() for connection in self.connections))
        if self._listening is not None:
            await self._listening.wait_closed()
        self._listening = None

    async def flush(self) -> None:
        """Wait until what was sent so far has been handed to the operating system."""
        for connection in tuple(self.connections):
            await connection.flush()

    def opened(self, connection: Connection) -> None:
        """A socket was accepted."""
        self.connections.add(connection)
        connection.session.mute(self._is_muted)
        if self._conditions.accepts is Accepts.CLOSES:
            connection.close()

    def closed(self, connection: Connection) -> None:
        """A socket is gone."""
        self.connections.discard(connection)

    def say(self, code: int, text: str) -> None:
        """Tell every client something that belongs to no request."""
        for session in self.sessions:
            session.tell(code, text)

    def mute(self, muted: bool) -> None:
        """Whether nothing but notices, errors and the time reaches the clients."""
        self._is_muted = muted
        for session in self.sessions:
            session.mute(muted)

    def forget_lines(self) -> None:
        """Drop every client's market data lines."""
        for session in self.sessions:
            session.forget_lines()

    def cut(self) -> None:
        """Reset every connection."""
        for connection in tuple(self.connections):
            connection.reset()

    def freeze(self, frozen: bool) -> None:
        """Whether connections that are open now are half open."""
        for session in self.sessions:
            session.freeze(frozen)

    def listen(self, listening: bool) -> None:
        """Whether the port takes connections."""
        if not listening and self._listening is not None:
            self._listening.close()
            self._listening = None
        elif listening and self._listening is None and self._reopening is None:
            self._reopening = asyncio.get_running_loop().create_task(self._reopen())

    async def _reopen(self) -> None:
        try:
            await self.start(*self._address)
        finally:
            self._reopening = None


def cannot_listen(failed: OSError, port: int, where: str, option: str) -> UserError:
    """What to tell the user of a port that could not be opened."""
    busy = failed.errno == errno.EADDRINUSE
    why = "is in use by another program" if busy else "cannot be opened"
    return UserError(
        f"port {port} {why}",
        where=where,
        remedy=f"choose another with {option}, or 0 for any free one",
    )
