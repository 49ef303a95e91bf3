"""One client connection, without its socket: bytes in, frames out.

The owner of the socket gives received bytes to :meth:`Session.feed`, writes what comes through
:class:`Channel`, and calls :meth:`Session.end` once when the connection is gone.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Protocol

from vst_desktop.adapters.tws_sim import codes, wire
from vst_desktop.adapters.tws_sim.account_desk import AccountDesk
from vst_desktop.adapters.tws_sim.calculation_desk import CalculationDesk
from vst_desktop.adapters.tws_sim.codes import Refusal
from vst_desktop.adapters.tws_sim.conditions import Accepts
from vst_desktop.adapters.tws_sim.events import ExchangeEvent
from vst_desktop.adapters.tws_sim.faults.gate import Gate, Rules
from vst_desktop.adapters.tws_sim.faults.rules import Way, order_id
from vst_desktop.adapters.tws_sim.framelog import FrameLog
from vst_desktop.adapters.tws_sim.history_desk import HistoryDesk
from vst_desktop.adapters.tws_sim.link import Handler, World, error
from vst_desktop.adapters.tws_sim.messages import account as messages
from vst_desktop.adapters.tws_sim.order_desk import OrderDesk
from vst_desktop.adapters.tws_sim.quotes_desk import QuotesDesk
from vst_desktop.adapters.tws_sim.reference_desk import ReferenceDesk
from vst_desktop.adapters.tws_sim.scanner_desk import ScannerDesk
from vst_desktop.adapters.tws_sim.tape_desk import TapeDesk
from vst_desktop.adapters.tws_sim.timing import EASTERN
from vst_desktop.adapters.tws_sim.wire import Fields, FrameReader, WireError

log = logging.getLogger(__name__)

OLDEST_VERSION = 100
NEWEST_VERSION = 176
"""Every version between them has its own layout of messages; where decoders disagree (158), the
layout is that of the official clients."""
_PREFIX = b"API\0"
_VERSIONS = re.compile(r"^v(\d{1,5})(?:\.\.(\d{1,5}))?(?: .*)?$", re.DOTALL)
_START_API = 71
_STRIKES = 3
_ABOUT_ORDERS = frozenset({3, 4, 5, 15, 16, 58, 99})
_SERVED_WHILE_MUTE = frozenset({2, 14, 25, 49})
_HEARD_WHILE_MUTE = frozenset({b"4", b"9", b"15", b"49"})


class Channel(Protocol):
    """Where a session's frames go."""

    def write(self, frame: bytes) -> None:
        """Queue one frame for the peer."""

    def close(self) -> None:
        """Close the connection after what was queued."""

    def later(self, secs: float, call: Callable[[], None]) -> None:
        """Call after that many real seconds, unless the connection is gone by then."""


class Roster(Protocol):
    """Which client ids are connected."""

    def enter(self, session: Session, client_id: int) -> bool:
        """Take a client id; False when another session has it."""

    @property
    def rules(self) -> Rules:
        """Faults on single frames."""

    @property
    def frames(self) -> FrameLog | None:
        """Where every frame is written down; None for nowhere."""


class _Stage(Enum):
    PREFIX = auto()
    VERSION = auto()
    START = auto()
    RUNNING = auto()
    ENDED = auto()


class Session:
    """The server's side of one connection."""

    def __init__(
        self,
        world: World,
        channel: Channel,
        roster: Roster,
        *,
        number: int,
        peer: str,
        max_server_version: int,
    ) -> None:
        self._world = world
        self._channel = channel
        self._roster = roster
        self._peer = peer
        self._number = number
        self._max_version = max_server_version
        self._reader = FrameReader()
        self._stage = _Stage.PREFIX
        self.server_version = OLDEST_VERSION
        self.client_id = -1
        self.unknown: dict[int, int] = {}
        """Messages that were not understood: id and how often."""
        self.bad_frames = 0
        """Frames that could not be read; each ends its connection."""
        self._gate = Gate(self, roster.rules)
        self._muted = False
        self._second = 0
        self._in_second = 0
        self._strikes = 0
        self._quotes = QuotesDesk(self, world)
        self._history = HistoryDesk(self, world)
        self._tape = TapeDesk(self, world)
        self._orders = OrderDesk(self, world)
        self._accounts = AccountDesk(self, world)
        self._handlers: Mapping[int, Handler] = {
            14: self._ignore,  # log level
            49: self._current_time,
            104: self._user_info,
            **ReferenceDesk(self, world).handlers,
            **ScannerDesk(self, world).handlers,
            **self._quotes.handlers,
            **self._history.handlers,
            **self._tape.handlers,
            **CalculationDesk(self, world).handlers,
            **self._orders.handlers,
            **self._accounts.handlers,
        }
        self._unlisten: Callable[[], None] | None = None

    @property
    def open_lines(self) -> int:
        """Subscriptions that move with the quotes."""
        desks = (self._quotes, self._history, self._tape, self._accounts)
        return sum(one.open_lines for one in desks)

    @property
    def market_data_lines(self) -> int:
        """Quote lines that the client holds."""
        return self._quotes.open_lines

    def send(self, frame: bytes) -> None:
        """Queue one frame, unless a fault has it otherwise."""
        if self._stage is not _Stage.ENDED:
            self._gate.answer(frame)

    def put(self, frame: bytes) -> None:
        """Queue one frame that faults have seen."""
        if self._stage is _Stage.ENDED or (self._muted and not _passes_mute(frame)):
            return
        self._channel.write(frame)
        if self._roster.frames is not None:
            self._roster.frames.sent(self._number, frame)

    def refuse(self, req_id: int, code: int, text: str) -> None:
        """Queue an error that no fault touches."""
        self.put(messages.error(req_id, code, text, self.server_version))

    def tell(self, code: int, text: str) -> None:
        """Tell a running client something that belongs to no request."""
        if self._stage is _Stage.RUNNING:
            error(self, codes.NO_ID, code, text)

    def mute(self, muted: bool) -> None:
        """Whether nothing but notices, errors and the time goes out, and requests are lost."""
        self._muted = muted

    def freeze(self, frozen: bool) -> None:
        """Whether nothing passes in either direction."""
        if frozen:
            self._gate.freeze()
        else:
            self._gate.thaw()

    def forget_lines(self) -> None:
        """Drop the market data lines without a word."""
        self._quotes.forget()

    def later(self, secs: float, call: Callable[[], None]) -> None:
        """Call after that many real seconds; at once when 0."""
        if secs <= 0:
            call()
        else:
            self._channel.later(secs, call)

    def feed(self, data: bytes) -> None:
        """Take received bytes and answer what is whole in them. Never raises for bad input."""
        if self._stage is _Stage.ENDED or self._world.conditions.accepts is Accepts.SILENT:
            return
        self._reader.feed(data)
        try:
            while self._step():
                pass
        except WireError as wrong:
            self._refuse_peer(str(wrong))

    def refresh(self) -> None:
        """Send what the passing of time changed."""
        if self._stage is _Stage.RUNNING:
            self._quotes.refresh()
            self._history.refresh()
            self._tape.refresh()
            self._accounts.refresh()

    def quiver(self, turn: int) -> int:
        """Let the quotes move a little; returns the ticks sent."""
        return self._quotes.quiver(turn) if self._stage is _Stage.RUNNING else 0

    def end(self) -> None:
        """The connection is gone: forget its subscriptions."""
        if self._stage is not _Stage.ENDED and self._roster.frames is not None:
            self._roster.frames.closed(self._number)
        self._stage = _Stage.ENDED
        if self._unlisten is not None:
            self._unlisten()
            self._unlisten = None

    def _step(self) -> bool:
        """Take one thing from the buffer; False when nothing whole is there."""
        if self._stage is _Stage.PREFIX:
            return self._read_prefix()
        if self._stage is _Stage.ENDED:
            return False
        payload = self._reader.next_payload()
        if payload is None:
            return False
        if self._roster.frames is not None:
            self._roster.frames.received(self._number, payload)
        if self._stage is _Stage.VERSION:
            self._agree_on_version(payload)
            return True
        fields = wire.split(payload)
        if self._stage is _Stage.START:
            self._dispatch(fields)
        elif self._keeps_pace():
            self._gate.request(fields)
        return True

    def take(self, fields: list[str]) -> None:
        """Serve a request that faults have seen."""
        if self._stage is not _Stage.RUNNING:
            return
        try:
            self._dispatch(fields)
        except WireError as wrong:
            self._refuse_peer(str(wrong))

    def _keeps_pace(self) -> bool:
        """Count a message; False when the client was too fast once too often."""
        most = self._world.conditions.messages_a_second
        if most is None:
            return True
        second = int(asyncio.get_running_loop().time())
        if second != self._second:
            self._second, self._in_second = second, 0
        self._in_second += 1
        if self._in_second == most + 1:
            self._strikes += 1
            text = "Max rate of messages per second has been exceeded"
            error(self, codes.NO_ID, codes.TOO_FAST, f"{text}:max={most} rec={self._in_second} (1)")
            if self._strikes >= _STRIKES:
                self.hang_up()
                return False
        return True

    def _read_prefix(self) -> bool:
        prefix = self._reader.take(len(_PREFIX))
        if prefix is None:
            return False
        if prefix != _PREFIX:
            raise WireError("the first bytes are not those of a TWS API client")
        self._stage = _Stage.VERSION
        return True

    def _agree_on_version(self, payload: bytes) -> None:
        found = _VERSIONS.match(payload.decode("ascii", "replace").rstrip("\0"))
        if found is None:
            raise WireError("the version range cannot be read")
        lowest, highest = int(found[1]), int(found[2] or found[1])
        version = min(highest, self._max_version)
        if version < max(lowest, OLDEST_VERSION):
            raise WireError(
                f"the client speaks versions {lowest} to {highest}, "
                f"the simulator {OLDEST_VERSION} to {self._max_version}"
            )
        self.server_version = version
        now = self._world.clock.now().astimezone(EASTERN)
        self.put(wire.encode((version, f"{now:%Y%m%d %H:%M:%S} {EASTERN.key}")))
        self._stage = _Stage.START

    def _dispatch(self, fields: list[str]) -> None:
        reader = Fields(fields)
        message = reader.integer()
        if self._stage is _Stage.START:
            if message != _START_API:
                raise WireError(f"message {message} came before startApi")
            self._start(reader)
            return
        if self._muted and message not in _SERVED_WHILE_MUTE:
            return
        if self._world.conditions.read_only and message in _ABOUT_ORDERS:
            text = codes.invalid("The API interface is currently in Read-Only mode.")
            number = order_id(Way.REQUEST, fields, self.server_version)
            error(self, codes.NO_ID if number is None else number, codes.VALIDATION, text)
            return
        handler = self._handlers.get(message)
        if handler is None:
            self.unknown[message] = self.unknown.get(message, 0) + 1
            log.info("client %s sent message %s, which is not served", self.client_id, message)
            return
        try:
            handler(reader)
        except WireError as wrong:
            raise WireError(f"message {message}: {wrong}") from wrong
        except Refusal as refusal:
            error(self, codes.NO_ID, refusal.code, refusal.text)
        except Exception:
            log.exception("client %s: message %s failed: %s", self.client_id, message, fields)
            text = f"Error processing request {message}"
            error(self, codes.NO_ID, codes.PROCESSING, text)

    def _start(self, fields: Fields) -> None:
        fields.integer()
        client_id = fields.integer()
        self._stage = _Stage.RUNNING
        if not self._roster.enter(self, client_id):
            text = (
                "Unable to connect as the client id is already in use. Retry with a unique "
                "client id."
            )
            error(self, codes.NO_ID, codes.CLIENT_ID_IN_USE, text)
            self.hang_up()
            return
        self.client_id = client_id
        self._unlisten = self._world.exchange.listen(self._on_event)
        exchange = self._world.exchange
        self.send(messages.managed_accounts(exchange.accounts.names))
        self.send(messages.next_valid_id(exchange.next_order_id()))
        for code, text in codes.FARM_NOTICES:
            error(self, codes.NO_ID, code, text)

    def _on_event(self, event: ExchangeEvent) -> None:
        self._orders.on_event(event)
        self._accounts.on_event(event)

    def _current_time(self, _fields: Fields) -> None:
        skew = self._world.conditions.clock_skew_secs
        self.send(messages.current_time(int(self._world.clock.now().timestamp() + skew)))

    def _user_info(self, fields: Fields) -> None:
        self.send(messages.user_info(fields.integer()))

    def _ignore(self, _fields: Fields) -> None:
        """The simulator's log does not follow its clients' wishes."""

    def _refuse_peer(self, why: str) -> None:
        log.warning("closing the connection from %s: %s", self._peer, why)
        self.bad_frames += 1
        if self._stage is _Stage.RUNNING:
            error(self, codes.NO_ID, codes.READ_FAILED, f"Error reading request: {why}")
        self.hang_up()

    def hang_up(self) -> None:
        """Close the connection."""
        self._channel.close()
        self.end()


def _passes_mute(frame: bytes) -> bool:
    return frame[4:16].partition(b"\0")[0] in _HEARD_WHILE_MUTE
