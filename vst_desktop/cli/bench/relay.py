"""A relay between the station and TWS, in a process of its own, that notes when orders pass.

It knows no message but the reference that each order carries, so what it counts is what was on
the socket, whatever the station believes.
"""

from __future__ import annotations

import multiprocessing
import re
import selectors
import socket
import time
from multiprocessing.connection import Connection
from types import TracebackType

from vst_desktop.domain.errors import UserError

_REF = re.compile(rb"(VST-[0-9a-z]+)\0")
_LONGEST_REF = 64
_START_SECS = 20.0

Sightings = dict[str, tuple[int, float]]
"""By order reference: how many times it passed, and when it first did (monotonic seconds)."""


class Relay:
    """Stands between a client and the TWS at ``port``; ``sightings`` ends it."""

    def __init__(self, port: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._ours, self._theirs = context.Pipe()
        self._process = context.Process(target=_run, args=(port, self._theirs), daemon=True)
        self.port = 0

    def __enter__(self) -> Relay:
        self._process.start()
        self._theirs.close()  # its end is then told when it ends
        try:
            if not self._ours.poll(_START_SECS):
                raise EOFError
            self.port = self._ours.recv()
        except EOFError:
            self._process.kill()
            raise UserError("the relay of the benchmark did not start") from None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.join()

    def sightings(self) -> Sightings:
        """The orders that passed so far."""
        self._ours.send(None)
        found: Sightings = self._ours.recv()
        return found


def _run(port: int, parent: Connection) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        parent.send(server.getsockname()[1])
        client, _ = server.accept()
    with client, socket.create_connection(("127.0.0.1", port)) as tws:
        _relay(client, tws, parent)


def _relay(client: socket.socket, tws: socket.socket, parent: Connection) -> None:
    seen: Sightings = {}
    rest = b""
    for one in (client, tws):
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with selectors.DefaultSelector() as selector:
        for source in (client, tws, parent):
            selector.register(source, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is parent:
                    parent.recv()
                    parent.send(seen)
                    continue
                assert isinstance(key.fileobj, socket.socket)
                data = key.fileobj.recv(65536)
                now = time.monotonic()
                if not data:
                    selector.unregister(key.fileobj)
                    continue
                if key.fileobj is tws:
                    client.sendall(data)
                    continue
                tws.sendall(data)
                rest = _note(seen, rest + data, now)


def _note(seen: Sightings, data: bytes, now: float) -> bytes:
    """Count the references in the bytes; what may be the beginning of another is given back."""
    end = 0
    for found in _REF.finditer(data):
        ref = found[1].decode()
        count, first = seen.get(ref, (0, now))
        seen[ref] = count + 1, first
        end = found.end()
    return data[max(end, len(data) - _LONGEST_REF) :]
