"""TCP between the station and TWS inside one process, with seeded delays and faults.

What the server sends are frames of a length and fields (tws-wire): faults act on whole frames, as
a TWS that answers twice, out of turn or not at all would. What the station sends is only delayed
or lost with the connection: TCP does not reorder.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

HEADER = 4
OPEN_ORDER, ORDER_STATUS, ERROR, EXECUTION, COMMISSION = 5, 3, 4, 11, 59
NEWS_OF_ORDERS = (OPEN_ORDER, ORDER_STATUS, EXECUTION, COMMISSION)


@dataclass
class Faults:
    """What goes wrong now; changed by the story as it goes."""

    latency_secs: tuple[float, float] = (0.0, 0.02)
    refuse: bool = False
    """Nobody listens."""
    frozen: bool = False
    """Half open: bytes are taken, none arrive, nobody is told."""
    duplicate: float = 0.0
    """Chance that news of an order come twice."""
    swap: float = 0.0
    """Chance that news of an order come behind the next frame."""
    lose_status: float = 0.0
    """Chance that an openOrder or orderStatus does not come at all."""


@dataclass
class Network:
    """Listeners by port, and the links between them and who connected."""

    loop: asyncio.AbstractEventLoop
    rng: random.Random
    faults: Faults = field(default_factory=Faults)
    links: list[Link] = field(default_factory=list)
    most_links: int = 0
    _listeners: dict[int, Callable[[], asyncio.Protocol]] = field(default_factory=dict)
    _ports: int = 40_000

    def listen(self, factory: Callable[[], asyncio.Protocol], port: int | None) -> _Server:
        """Take connections on a port, any free one for 0."""
        self._ports += 1
        bound = port or self._ports
        self._listeners[bound] = factory
        return _Server(self, bound)

    def unlisten(self, port: int) -> None:
        """Take no more."""
        self._listeners.pop(port, None)

    async def connect(
        self, factory: Callable[[], asyncio.Protocol], port: int
    ) -> tuple[asyncio.Transport, asyncio.Protocol]:
        """A connection, when somebody listens."""
        await asyncio.sleep(self.delay())
        accept = self._listeners.get(port)
        if self.faults.refuse or accept is None:
            raise ConnectionRefusedError(111, f"nobody listens on port {port}")
        link = Link(self)
        self.links.append(link)
        self.most_links = max(self.most_links, len(self.links))
        client = factory()
        link.client.protocol, link.server.protocol = client, accept()
        link.server.protocol.connection_made(link.server)
        client.connection_made(link.client)
        return link.client, client

    def delay(self) -> float:
        """How long the next piece is under way."""
        return self.rng.uniform(*self.faults.latency_secs)

    def cut(self) -> None:
        """Every connection is reset, whatever was under way is lost."""
        for link in tuple(self.links):
            link.end(lost=True)

    def say(self, code: int, sentence: str) -> None:
        """TWS tells every client of something that belongs to no request."""
        text = "\0".join(("4", "2", "-1", str(code), sentence, "")).encode()
        for link in tuple(self.links):
            link.server.write(len(text).to_bytes(HEADER, "big") + text)


class Link:
    """Two ends. A closed end tells the other after the delay; what was on its way still comes."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.client = End(self, mangles=False)
        self.server = End(self, mangles=True)
        self.ended = False

    def other(self, end: End) -> End:
        """The end across."""
        return self.server if end is self.client else self.client

    def end(self, *, lost: bool) -> None:
        """Both protocols hear that it is over, once."""
        if self.ended:
            return
        self.ended = True
        self.network.links.remove(self)
        error = ConnectionResetError(104, "connection reset") if lost else None
        for end in (self.client, self.server):
            end.closing = True
            self.network.loop.call_soon(end.protocol.connection_lost, error)


class End(asyncio.Transport):
    """One end: what is written here arrives at the other in order."""

    protocol: asyncio.Protocol

    def __init__(self, link: Link, *, mangles: bool) -> None:
        super().__init__()
        self._link = link
        self._mangles = mangles
        self._due = 0.0
        self._partial = b""
        self._underway: deque[bytes] = deque()
        self._kept_back: bytes | None = None
        self.closing = False

    def write(self, data: Any) -> None:
        """Send."""
        if self.closing:
            return
        pieces = list(self._frames(bytes(data))) if self._mangles else [bytes(data)]
        for piece in pieces:
            self._send(piece)

    def _frames(self, data: bytes) -> Iterator[bytes]:
        """Whole frames, with the faults of now."""
        network, faults = self._link.network, self._link.network.faults
        self._partial += data
        while len(self._partial) >= HEADER:
            size = HEADER + int.from_bytes(self._partial[:HEADER], "big")
            if len(self._partial) < size:
                return
            frame, self._partial = self._partial[:size], self._partial[size:]
            kind = frame[HEADER:].partition(b"\0")[0]
            number = int(kind) if kind.isdigit() else -1
            if number in (OPEN_ORDER, ORDER_STATUS) and network.rng.random() < faults.lose_status:
                continue
            back, self._kept_back = self._kept_back, None
            if back is None and number in NEWS_OF_ORDERS and network.rng.random() < faults.swap:
                self._kept_back = frame
                # It comes in any case, when no other frame follows.
                network.loop.call_later(1.0, self._release)
                continue
            yield frame
            if number in NEWS_OF_ORDERS and network.rng.random() < faults.duplicate:
                yield frame
            if back is not None:
                yield back

    def _release(self) -> None:
        if self._kept_back is not None and not self.closing:
            back, self._kept_back = self._kept_back, None
            self._send(back)

    def _send(self, piece: bytes) -> None:
        network = self._link.network
        self._due = max(self._due, network.loop.time() + network.delay())
        # Timers of one moment ring in any order: each hands over what is first.
        self._underway.append(piece)
        network.loop.call_at(self._due, self._arrive)

    def _arrive(self) -> None:
        if self._link.network.faults.frozen or not self._underway:
            return
        piece = self._underway.popleft()
        other = self._link.other(self)
        if not self._link.ended and not other.closing:
            other.protocol.data_received(piece)

    def thaw(self) -> None:
        """What was held up arrives soon, after what had come before it."""
        for _ in range(len(self._underway)):
            self._link.network.loop.call_soon(self._arrive)

    def close(self) -> None:
        """Close; the other end hears of it."""
        if not self.closing:
            self.closing = True
            network = self._link.network
            due = max(self._due, network.loop.time() + network.delay())
            network.loop.call_at(due, lambda: self._link.end(lost=False))

    def write_eof(self) -> None:
        """Nothing more comes from here: closing follows."""

    def abort(self) -> None:
        """Reset."""
        self._link.end(lost=True)

    def is_closing(self) -> bool:
        """Whether it is over."""
        return self.closing

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Addresses."""
        return ("127.0.0.1", 1) if name in ("peername", "sockname") else default

    def get_write_buffer_size(self) -> int:
        """Nothing waits here."""
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """There are none."""


class _Server:
    """What ``create_server`` gives back, as far as the simulator asks."""

    def __init__(self, network: Network, port: int) -> None:
        self._network = network
        self._port = port
        self.sockets = [self]

    def getsockname(self) -> tuple[str, int]:
        """Where it listens."""
        return "127.0.0.1", self._port

    def close(self) -> None:
        """Stop listening."""
        self._network.unlisten(self._port)

    async def wait_closed(self) -> None:
        """At once."""
