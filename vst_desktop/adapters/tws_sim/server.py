"""The simulator on a TCP port: sockets on one side, sessions on the other."""

from __future__ import annotations

import asyncio
import errno
import logging
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal

from vst_desktop.adapters.tws_sim.accounts import Accounts
from vst_desktop.adapters.tws_sim.contracts import ContractBook
from vst_desktop.adapters.tws_sim.currencies import Currencies
from vst_desktop.adapters.tws_sim.exchange import Exchange
from vst_desktop.adapters.tws_sim.link import Feed, Pace, Subscription, World
from vst_desktop.adapters.tws_sim.manual import Hands
from vst_desktop.adapters.tws_sim.matching import Matching
from vst_desktop.adapters.tws_sim.session import NEWEST_VERSION, OLDEST_VERSION, Session
from vst_desktop.adapters.tws_sim.timing import Hours, SimTime, TimerHandle
from vst_desktop.adapters.tws_sim.world import Market
from vst_desktop.domain.errors import UserError

log = logging.getLogger(__name__)

_REFRESH_VIRTUAL_SECS = 1.0
_REFRESH_REAL_SECS = 0.25
"""However fast virtual time runs, quotes are not looked at more often than this."""
_PERM_IDS = 1_500_000_000
_PERM_IDS_FROM = 500_000_000
_PERM_IDS_A_SECOND = 100
_LONGEST_FLUSH_SECS = 5.0
_MOST_UNWRITTEN_BYTES = 1024 * 1024
_MOST_UNREAD_BYTES = 32 * 1024 * 1024
"""More than the longest frame; a client that leaves more unread is cut off, as TWS does."""


class TwsServer:
    """A TWS simulator for any number of API clients. It belongs to the loop that starts it.

    Args:
        market: Where instruments, bars and quotes come from.
        clock: Virtual time. While a client is subscribed and the clock runs, quotes are looked
            at again every virtual second; whoever moves a held clock calls :meth:`refresh`.
        accounts: Account ids; ``DU`` ones are paper accounts.
        seed: Stands in the execution ids, so that runs can be told apart.
        net_liquidation_usd: Cash each account starts with.
        currencies: Foreign cash, the same in every account, and the base currency.
        matching: Price improvement, partial fills and late cancels; seeded with ``seed``.
        pace: Delays of answers in real seconds.
        feed: What the user's market data subscription gives; :attr:`subscription` may change it.
        strict: Refuse also what today's TWS refuses and old clients send with every order.
        master_client_id: A client that hears of the orders of all.
        max_server_version: 100 to 176; each client gets the newest that both know.

    Permanent ids differ from run to run, so that nobody takes the orders of one run for those of
    another.
    """

    def __init__(
        self,
        market: Market,
        clock: SimTime,
        *,
        accounts: Sequence[str] = ("DU1234567",),
        seed: int = 0,
        net_liquidation_usd: Decimal | float = 100_000,
        currencies: Currencies | None = None,
        pace: Pace | None = None,
        matching: Matching | None = None,
        feed: Feed = Feed.LIVE,
        strict: bool = False,
        master_client_id: int | None = None,
        max_server_version: int = NEWEST_VERSION,
    ) -> None:
        if not accounts or len(set(accounts)) != len(accounts) or not all(accounts):
            raise UserError(
                f"accounts {list(accounts)!r} are not one or more different names",
                where="simulator",
                remedy="name them like DU1234567",
                exit_code=2,
            )
        if not OLDEST_VERSION <= max_server_version <= NEWEST_VERSION:
            raise UserError(
                f"server version {max_server_version} is not served",
                where="simulator",
                remedy=f"choose one from {OLDEST_VERSION} to {NEWEST_VERSION}",
                exit_code=2,
            )
        hours = Hours(market)
        book = ContractBook(market, clock)
        cash = Decimal(str(net_liquidation_usd))
        self.exchange = Exchange(
            market,
            clock,
            hours,
            book,
            Accounts(accounts, cash, market, clock, hours, currencies),
            first_perm_id=_unused_perm_id(),
            seed=seed,
            matching=matching,
            strict=strict,
        )
        self.subscription = Subscription(feed=feed)
        self.hands = Hands(self.exchange, book, market)
        self._clock = clock
        self._world = World(
            market=market,
            clock=clock,
            hours=hours,
            book=book,
            exchange=self.exchange,
            pace=pace or Pace(),
            subscription=self.subscription,
            master_client_id=master_client_id,
        )
        self._max_version = max_server_version
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()
        self._refresh_timer: TimerHandle | None = None

    @property
    def sessions(self) -> list[Session]:
        """Connected sessions, also those that have not said their client id."""
        return [connection.session for connection in self._connections]

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen; returns the bound port.

        Raises:
            UserError: The port is in use or may not be bound.
        """
        loop = asyncio.get_running_loop()
        # The calendar behind the first session may take seconds to load: nobody waits for it yet.
        self._world.hours.is_open(self._clock.now())
        try:
            self._server = await loop.create_server(lambda: _Connection(self), host, port)
        except OSError as failed:
            raise cannot_listen(failed, port, f"simulator on {host}", "--port") from failed
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._refresh_timer is not None:
            self._refresh_timer.cancel()
            self._refresh_timer = None
        if self._server is None:
            return
        self._server.close()
        for connection in tuple(self._connections):
            connection.close()
        await asyncio.gather(*(connection.gone.wait() for connection in self._connections))
        await self._server.wait_closed()
        self._server = None

    def refresh(self) -> None:
        """Match working orders at the quotes of now, and send what changed to every client.

        To be called after a held clock was moved, and after the clock's speed was changed.
        """
        self.exchange.rematch()
        for session in self.sessions:
            session.refresh()
        self.keep_fresh()

    async def flush(self) -> None:
        """Wait until what was sent so far has been handed to the operating system."""
        for connection in tuple(self._connections):
            await connection.flush()

    # -- what connections ask of it --------------------------------------------------------

    def enter(self, session: Session, client_id: int) -> bool:
        """Whether a session may take that client id."""
        return all(other is session or other.client_id != client_id for other in self.sessions)

    def opened(self, connection: _Connection) -> None:
        """A socket was accepted."""
        self._connections.add(connection)

    def session_for(self, connection: _Connection) -> Session:
        """A session that writes to that connection."""
        return Session(
            self._world,
            connection,
            self,
            peer=connection.peer,
            max_server_version=self._max_version,
        )

    def closed(self, connection: _Connection) -> None:
        """A socket is gone."""
        self._connections.discard(connection)

    def keep_fresh(self) -> None:
        """See to it that quotes are looked at again while somebody wants them."""
        speed = self._clock.speed
        if speed <= 0 and self._refresh_timer is not None:
            self._refresh_timer.cancel()
            self._refresh_timer = None
        if self._refresh_timer is not None or speed <= 0 or not self._is_watched():
            return
        every = max(_REFRESH_VIRTUAL_SECS, _REFRESH_REAL_SECS * speed)
        self._refresh_timer = self._clock.call_at(
            self._clock.now() + timedelta(seconds=every), self._refresh_now
        )

    def _is_watched(self) -> bool:
        return any(session.open_lines for session in self.sessions) or bool(self.exchange.working)

    def _refresh_now(self) -> None:
        self._refresh_timer = None
        try:
            self.refresh()
        except Exception:
            # One bad quote must not stop the clock that called.
            log.exception("refreshing the quotes failed")
            self.keep_fresh()


class _Connection(asyncio.Protocol):
    """One socket. Frames of one turn of the loop go out in one write."""

    def __init__(self, server: TwsServer) -> None:
        self._server = server
        self._frames: list[bytes] = []
        self._unwritten = 0
        self._writable = asyncio.Event()
        self._writable.set()
        self._timers: set[asyncio.TimerHandle] = set()
        self.gone = asyncio.Event()
        self.peer = "?"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a TCP transport is needed")
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        # With no slack, "writable" means that nothing is left to write.
        transport.set_write_buffer_limits(high=0)
        self.peer = str(transport.get_extra_info("peername"))
        self.session = self._server.session_for(self)
        self._server.opened(self)

    def data_received(self, data: bytes) -> None:
        self.session.feed(data)
        self._server.keep_fresh()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in self._timers:
            timer.cancel()
        self.session.end()
        self._server.closed(self)
        self._writable.set()
        self.gone.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
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


def cannot_listen(failed: OSError, port: int, where: str, option: str) -> UserError:
    """What to tell the user of a port that could not be opened."""
    busy = failed.errno == errno.EADDRINUSE
    why = "is in use by another program" if busy else "cannot be opened"
    return UserError(
        f"port {port} {why}",
        where=where,
        remedy=f"choose another with {option}, or 0 for any free one",
    )


def _unused_perm_id() -> int:
    """A start that no earlier run of the last months reached."""
    ticks = int(time.time() * _PERM_IDS_A_SECOND)
    return _PERM_IDS_FROM + ticks % _PERM_IDS
