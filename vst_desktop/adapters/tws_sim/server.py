"""The simulator on a TCP port: sockets on one side, sessions on the other."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from vst_desktop.adapters.tws_sim.accounts import Accounts
from vst_desktop.adapters.tws_sim.conditions import Conditions
from vst_desktop.adapters.tws_sim.connection import Connection
from vst_desktop.adapters.tws_sim.contracts import ContractBook
from vst_desktop.adapters.tws_sim.currencies import Currencies
from vst_desktop.adapters.tws_sim.exchange import Exchange
from vst_desktop.adapters.tws_sim.faults.panel import FaultPanel
from vst_desktop.adapters.tws_sim.framelog import FrameLog
from vst_desktop.adapters.tws_sim.link import Feed, Pace, Subscription, World
from vst_desktop.adapters.tws_sim.manual import Hands
from vst_desktop.adapters.tws_sim.matching import Matching
from vst_desktop.adapters.tws_sim.session import NEWEST_VERSION, OLDEST_VERSION, Session
from vst_desktop.adapters.tws_sim.timing import Hours, SimTime, TimerHandle
from vst_desktop.adapters.tws_sim.wires import Wires
from vst_desktop.adapters.tws_sim.world import Market
from vst_desktop.domain.errors import UserError

log = logging.getLogger(__name__)

_REFRESH_VIRTUAL_SECS = 1.0
_REFRESH_REAL_SECS = 0.25
_QUIVER_IDLE_SECS = 0.05
"""However fast virtual time runs, quotes are not looked at more often than this."""
_PERM_IDS = 1_500_000_000
_PERM_IDS_FROM = 500_000_000
_PERM_IDS_A_SECOND = 100


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
        first_perm_id: The first permanent id; None for one that differs from run to run.

    Permanent ids differ from run to run, so that nobody takes the orders of one run for those of
    another. :attr:`faults` is the fault panel; :attr:`frames` may be set to a log before clients
    connect.
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
        first_perm_id: int | None = None,
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
        self.first_perm_id = _unused_perm_id() if first_perm_id is None else first_perm_id
        conditions = Conditions()
        hours = Hours(market)
        book = ContractBook(market, clock)
        cash = Decimal(str(net_liquidation_usd))
        self.exchange = Exchange(
            market,
            clock,
            hours,
            book,
            Accounts(accounts, cash, market, clock, hours, currencies),
            first_perm_id=self.first_perm_id,
            seed=seed,
            matching=matching,
            strict=strict,
            conditions=conditions,
        )
        self.conditions = conditions
        self.subscription = Subscription(feed=feed)
        self.frames: FrameLog | None = None
        self.hands = Hands(self.exchange, book, market)
        self._wires = Wires(lambda: Connection(self), conditions)
        self.faults = FaultPanel(
            conditions,
            self.subscription,
            self.exchange,
            self._wires,
            seed=seed,
            changed=self._fault_changed,
        )
        self._clock = clock
        self._world = World(
            market=market,
            clock=clock,
            hours=hours,
            book=book,
            exchange=self.exchange,
            pace=pace or Pace(),
            subscription=self.subscription,
            conditions=conditions,
            master_client_id=master_client_id,
        )
        self._max_version = max_server_version
        self._numbers = itertools.count(1)
        self._ghosts: dict[int, float] = {}
        self.bad_frames = 0
        """Frames that could not be read, of connections that have ended."""
        self.unknown_messages = 0
        """Messages that are not served, of connections that have ended."""
        self._refresh_timer: TimerHandle | None = None

    @property
    def sessions(self) -> list[Session]:
        """Connected sessions, also those that have not said their client id."""
        return self._wires.sessions

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen; returns the bound port.

        Raises:
            UserError: The port is in use or may not be bound.
        """
        # The calendar behind the first session may take seconds to load: nobody waits for it yet.
        self._world.hours.is_open(self._clock.now())
        return await self._wires.start(host, port)

    async def stop(self) -> None:
        """Clear all faults, close the port and every connection."""
        if self._refresh_timer is not None:
            self._refresh_timer.cancel()
            self._refresh_timer = None
        self.faults.clear_all()
        await self._wires.stop()

    def refresh(self) -> None:
        """Match working orders at the quotes of now, and send what changed to every client.

        To be called after a held clock was moved, and after the clock's speed was changed.
        """
        if self.frames is not None:
            self.frames.event("refresh")
        self.exchange.rematch()
        for session in self.sessions:
            session.refresh()
        self.keep_fresh()

    async def quiver(self, ticks_per_second: float) -> None:
        """Let all quotes move to and fro by a tick until cancelled, so many ticks a second."""
        loop = asyncio.get_running_loop()
        due, turn = loop.time(), 0
        while True:
            turn += 1
            sent = sum(session.quiver(turn) for session in self.sessions)
            await self.flush()
            due = max(due + (sent / ticks_per_second or _QUIVER_IDLE_SECS), loop.time() - 0.1)
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def flush(self) -> None:
        """Wait until what was sent so far has been handed to the operating system."""
        await self._wires.flush()

    def wire_state(self) -> dict[str, int]:
        """Counts of connections, market data lines, and frames not read or not served."""
        sessions = self.sessions
        return {
            "connections": len(sessions),
            "market_data_lines": sum(one.market_data_lines for one in sessions),
            "bad_frames": self.bad_frames + sum(one.bad_frames for one in sessions),
            "unknown_messages": self.unknown_messages
            + sum(sum(one.unknown.values()) for one in sessions),
        }

    # -- what connections ask of it --------------------------------------------------------

    def enter(self, session: Session, client_id: int) -> bool:
        """Whether a session may take that client id."""
        if client_id in self.conditions.taken_ids or self._is_ghost(client_id):
            return False
        return all(other is session or other.client_id != client_id for other in self.sessions)

    def _is_ghost(self, client_id: int) -> bool:
        until = self._ghosts.get(client_id)
        return until is not None and asyncio.get_running_loop().time() < until

    def opened(self, connection: Connection) -> None:
        """A socket was accepted."""
        self._wires.opened(connection)

    def session_for(self, connection: Connection) -> Session:
        """A session that writes to that connection."""
        number = next(self._numbers)
        if self.frames is not None:
            self.frames.opened(number, connection.peer)
        return Session(
            self._world,
            connection,
            self,
            number=number,
            peer=connection.peer,
            max_server_version=self._max_version,
        )

    def closed(self, connection: Connection) -> None:
        """A socket is gone."""
        self._wires.closed(connection)
        self.bad_frames += connection.session.bad_frames
        self.unknown_messages += sum(connection.session.unknown.values())
        if self.conditions.ghost_secs:
            now = asyncio.get_running_loop().time()
            self._ghosts[connection.session.client_id] = now + self.conditions.ghost_secs

    @property
    def rules(self) -> FaultPanel:
        """Faults on single frames."""
        return self.faults

    def _fault_changed(self, what: str, name: str, values: Mapping[str, object]) -> None:
        log.info("%s: %s %s", what, name, dict(values))
        if self.frames is not None:
            self.frames.event(what, name=name, values=dict(values))

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


def _unused_perm_id() -> int:
    """A start that no earlier run of the last months reached."""
    ticks = int(time.time() * _PERM_IDS_A_SECOND)
    return _PERM_IDS_FROM + ticks % _PERM_IDS
