"""One supervisor that keeps a session alive: heartbeat, back-off, a fresh client each time."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import Any

from vst_desktop.adapters.ibkr.codes import Kind, kind_of, remedy_of
from vst_desktop.adapters.ibkr.outage import reset_ends
from vst_desktop.adapters.ibkr.session import Session
from vst_desktop.domain.errors import UserError
from vst_desktop.ports.broker import ConnectionChanged, ConnectionState
from vst_desktop.runtime.tasks import TaskOwner

log = logging.getLogger(__name__)

HEARTBEAT_SECS = 10.0
HEARTBEATS_MISSED = 2
FIRST_BACKOFF_SECS = 1.0
MAX_BACKOFF_SECS = 60.0

_READ_ONLY = 321
_CONNECTED = (ConnectionState.CONNECTING, ConnectionState.READY, ConnectionState.READ_ONLY)


class Connection:
    """States and sessions, one at a time; real seconds throughout.

    Args:
        dial: Opens a session; raises UserError or TimeoutError.
        adopt: Makes a fresh session usable, before READY is told.
        dropped: Called when a session that was open is gone.
        resume: Asks again for what TWS lost while it had no servers.
        mend: Asks for what could not be had so far; called with every heartbeat.
        tell: Takes each change of state with its reason.
        now: The station's time, for the offset of the broker's clock.
        rng: Spreads the attempts to reconnect.
    """

    def __init__(
        self,
        *,
        dial: Callable[[], Awaitable[Session]],
        adopt: Callable[[Session], Awaitable[None]],
        dropped: Callable[[], None],
        resume: Callable[[], Awaitable[None]],
        mend: Callable[[], Coroutine[Any, Any, None]],
        tell: Callable[[ConnectionChanged], None],
        now: Callable[[], datetime],
        rng: random.Random,
    ) -> None:
        self._dial = dial
        self._adopt = adopt
        self._dropped = dropped
        self._resume = resume
        self._mend = mend
        self._mending: asyncio.Task[None] | None = None
        self._tell = tell
        self._now = now
        self._rng = rng
        self._tasks = TaskOwner("ibkr")
        self._opening: asyncio.Task[Session] | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._upstream = True
        self._closed = False
        self.state = ConnectionState.DISCONNECTED
        self.session: Session | None = None
        self.generation = 0
        self.offset_secs: float | None = None

    def ready(self) -> Session:
        """The session.

        Raises:
            UserError: There is none.
        """
        if self.session is None or not self.session.connected:
            raise UserError("the broker is not connected", remedy="it reconnects by itself")
        return self.session

    def ready_for_orders(self) -> Session:
        """The session, if orders reach the exchange.

        Raises:
            UserError: They do not.
        """
        session = self.ready()
        if session.read_only:
            raise UserError(
                "TWS's API is read-only: it takes no orders", remedy=remedy_of(_READ_ONLY)
            )
        if self.state is not ConnectionState.READY:
            raise UserError(
                f"no orders while the connection is {self.state}",
                remedy="wait until TWS has its servers again",
            )
        return session

    async def start(self) -> Session:
        """Connect, once; afterwards the supervisor keeps the connection.

        Raises:
            UserError: No connection could be made, there is one already, or ``close`` came first.
            TimeoutError: TWS did not answer.
        """
        if self._closed:
            raise UserError("the broker was closed for good")
        if self._supervisor is not None or self._opening is not None:
            raise UserError("the broker is connected already, or connecting")
        self._opening = asyncio.create_task(self._open(), name="ibkr:open")
        try:
            session = await self._opening
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if caller is not None and caller.cancelling():
                raise
            raise UserError("the broker was closed while it was connecting") from None
        finally:
            self._opening = None
        if self.session is not session:
            raise UserError("the broker was closed while it was connecting")
        self._supervisor = self._tasks.spawn(self._supervise(), "supervise")
        return session

    async def close(self) -> None:
        """Disconnect for good; idempotent."""
        self._closed = True
        if self._opening is not None:
            # or an account could be traded in after everybody believes it is left
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
        await self._tasks.close()
        self._supervisor = None
        self._end("closed")

    def on_code(self, code: int, text: str) -> None:
        """TWS lost or regained its own servers."""
        kind = kind_of(code)
        if kind is Kind.LOST:
            self._upstream = False
            if self.state in (ConnectionState.READY, ConnectionState.READ_ONLY):
                self._become(ConnectionState.UPSTREAM_LOST, text)
        elif kind is Kind.RESTORED:
            self._upstream = True
            if self.session is not None:
                self._tasks.spawn(self._restored(self.generation, text), "restored")

    async def _restored(self, generation: int, text: str) -> None:
        # 1102 says that lines were kept; asking again costs little and is right after both
        try:
            await self._resume()
        except (UserError, TimeoutError) as error:
            log.info("not everything could be asked for again: %s", error)
        if generation == self.generation and self._upstream and self.session is not None:
            self._open_for(self.session, text)

    def _open_for(self, session: Session, reason: str) -> None:
        if not self._upstream:
            self._become(ConnectionState.UPSTREAM_LOST, "TWS has no connection to its servers")
        elif session.read_only:
            self._become(ConnectionState.READ_ONLY, f"{reason}; TWS's API is read-only")
        else:
            self._become(ConnectionState.READY, reason)

    def _become(self, state: ConnectionState, reason: str) -> None:
        if state is not self.state:
            self.state = state
            ends = None if state in _CONNECTED else reset_ends(self._now())
            if ends is not None:
                reason = f"{reason}; IBKR's nightly reset lasts until {ends:%H:%M} Eastern"
            log.info("connection %s: %s", state, reason)
            self._tell(ConnectionChanged(state=state, reason=reason, planned=ends is not None))

    async def _open(self) -> Session:
        self.generation += 1
        self._upstream = True
        self._become(ConnectionState.CONNECTING, f"attempt {self.generation}")
        session = None
        try:
            session = await self._dial()
            self.session = session
            await self._beat(session)
            await self._adopt(session)
            if not session.connected:
                raise UserError("the connection was lost while it was being made")
        except BaseException as error:
            if session is not None:
                session.close()
            self._end(str(error) or "closed")
            raise
        self._open_for(session, f"account {session.account}")
        return session

    def _end(self, reason: str) -> None:
        session, self.session = self.session, None
        if session is not None:
            session.close()
            self._dropped()
        self._become(ConnectionState.DISCONNECTED, reason)

    async def _supervise(self) -> None:
        while True:
            if self.session is not None:
                self._end(await self._gone(self.session))
            backoff = FIRST_BACKOFF_SECS
            while self.session is None:
                await asyncio.sleep(backoff * self._rng.uniform(0.8, 1.2))
                backoff = min(2 * backoff, MAX_BACKOFF_SECS)
                try:
                    await self._open()
                except (UserError, TimeoutError) as error:
                    log.info("not reconnected: %s", error)
                except Exception:
                    # a bug; without the supervisor the station would stay cut off for good
                    log.exception("a fault while reconnecting")

    async def _gone(self, session: Session) -> str:
        """Watch a session until it is gone; why it is."""
        lost = asyncio.Event()
        session.ib.disconnectedEvent += lost.set
        missed = 0
        while session.connected:
            try:
                await asyncio.wait_for(lost.wait(), HEARTBEAT_SECS)
            except TimeoutError:
                missed = 0 if await self._beats(session) else missed + 1
                if not missed and session.read_only:
                    await self._look_for_orders(session)
                if not missed and (self._mending is None or self._mending.done()):
                    self._mending = self._tasks.spawn(self._mend(), "mend")
                if missed >= HEARTBEATS_MISSED:
                    return "the broker does not answer any more"
        return "the connection was lost"

    async def _look_for_orders(self, session: Session) -> None:
        try:
            await session.synchronise_orders()
        except (UserError, TimeoutError) as error:
            log.info("the API is read-only still: %s", error)
        if not session.read_only and session.connected:
            self._open_for(session, "TWS takes orders again")

    async def _beats(self, session: Session) -> bool:
        try:
            await self._beat(session)
        except (UserError, TimeoutError):
            return False
        return True

    async def _beat(self, session: Session) -> None:
        told = await session.alone(session.ib.reqCurrentTimeAsync, "time", HEARTBEAT_SECS)
        # the broker tells whole seconds
        self.offset_secs = (told - self._now().replace(microsecond=0)).total_seconds()
