"""Where faults touch the frames of one connection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Protocol

from vst_desktop.adapters.tws_sim import wire
from vst_desktop.adapters.tws_sim.faults import rules
from vst_desktop.adapters.tws_sim.faults.rules import Action, Do, OrdersSeen, Way

_FOLLOWS_SECS = 0.5
"""A frame that was put behind the next one goes when none follows for so long."""
_MOST_HELD_BYTES = 32 * 1024 * 1024


class Peer(Protocol):
    """The session a gate belongs to."""

    @property
    def client_id(self) -> int:
        """-1 before it said one."""

    @property
    def server_version(self) -> int:
        """The agreed layout."""

    def take(self, fields: list[str]) -> None:
        """Serve a request."""

    def put(self, frame: bytes) -> None:
        """Write a frame."""

    def later(self, secs: float, call: Callable[[], None]) -> None:
        """Call after real seconds unless the connection is gone by then."""

    def refuse(self, req_id: int, code: int, text: str) -> None:
        """Write an error that no fault touches."""

    def hang_up(self) -> None:
        """Close the connection."""


class Rules(Protocol):
    """The rules that are on."""

    def wants(self, way: Way, message: int) -> bool:
        """Whether any rule may touch such frames."""

    def touching(
        self, way: Way, fields: Sequence[str], peer: Peer, orders: OrdersSeen
    ) -> Iterable[Action]:
        """What happens to this frame, in order."""


class Gate:
    """Lets frames of one connection pass, or not."""

    def __init__(self, peer: Peer, rules_: Rules) -> None:
        self._peer = peer
        self._rules = rules_
        self._orders = OrdersSeen()
        self._behind: dict[Way, list[Callable[[], None]]] = {Way.REQUEST: [], Way.ANSWER: []}
        self._held: list[Callable[[], None]] | None = None
        self._held_bytes = 0

    def request(self, fields: list[str]) -> None:
        """A request has come."""
        if self._held is not None:
            self._hold(lambda: self.request(fields), sum(map(len, fields)))
            return
        message = rules.number(fields[0])
        if self._rules.wants(Way.REQUEST, message):
            self._touch(Way.REQUEST, fields)
        else:
            self._serve(fields)

    def answer(self, frame: bytes) -> None:
        """A frame is to be written."""
        if self._held is not None:
            self._hold(lambda: self.answer(frame), len(frame))
            return
        if self._rules.wants(Way.ANSWER, _message_of(frame)):
            self._touch(Way.ANSWER, wire.split(frame[4:]))
        else:
            self._write(frame)

    def freeze(self) -> None:
        """Hold back everything from now on."""
        if self._held is None:
            self._held = []

    def thaw(self) -> None:
        """Let everything that was held back go on, in its order."""
        held, self._held = self._held or [], None
        self._held_bytes = 0
        for call in held:
            call()

    def _touch(self, way: Way, fields: list[str]) -> None:
        copies, secs, is_behind = 1, 0.0, False
        for action in self._rules.touching(way, fields, self._peer, self._orders):
            match action.do:
                case Do.DROP:
                    return
                case Do.CLOSE:
                    self._peer.hang_up()
                    return
                case Do.FREEZE:
                    self.freeze()
                    if action.secs is not None:
                        self._peer.later(action.secs, self.thaw)
                    self._hold(partial(self._go, way, fields), sum(map(len, fields)))
                    return
                case Do.ERROR:
                    self._refuse(way, fields, action)
                    if way is Way.REQUEST and not action.passes:
                        return
                case Do.DELAY:
                    secs += action.secs or 0.0
                case Do.DUPLICATE:
                    copies += 1
                case Do.REORDER:
                    is_behind = True
                case Do.CORRUPT:
                    fields = rules.corrupted(action, fields)

        go = partial(self._go, way, fields, copies)
        if secs:
            self._peer.later(secs, go)
        elif is_behind:
            self._behind[way].append(go)
            self._peer.later(_FOLLOWS_SECS, lambda: self._release(way))
        else:
            go()

    def _refuse(self, way: Way, fields: list[str], action: Action) -> None:
        version = self._peer.server_version
        if way is Way.REQUEST:
            found: int | None = rules.request_id(fields, version)
        else:
            found = rules.order_id(way, fields, version)
            if found is None and len(fields) > 1:
                found = rules.number(fields[1])
        self._peer.refuse(-1 if found is None else found, action.code, action.text)

    def _go(self, way: Way, fields: list[str], copies: int = 1) -> None:
        for _ in range(copies):
            if way is Way.REQUEST:
                self._serve(fields)
            else:
                self._write(wire.encode(fields))

    def _serve(self, fields: list[str]) -> None:
        order = rules.order_id(Way.REQUEST, fields, self._peer.server_version)
        if order is not None and rules.number(fields[0]) == rules.PLACE_ORDER:
            self._orders.note(order, fields)
        self._peer.take(fields)
        self._release(Way.REQUEST)

    def _write(self, frame: bytes) -> None:
        self._peer.put(frame)
        self._release(Way.ANSWER)

    def _release(self, way: Way) -> None:
        behind = self._behind[way]
        if behind:
            self._behind[way] = []
            for call in behind:
                call()

    def _hold(self, call: Callable[[], None], size: int) -> None:
        assert self._held is not None
        self._held.append(call)
        self._held_bytes += size
        if self._held_bytes > _MOST_HELD_BYTES:
            self._held.clear()
            self._peer.hang_up()


def _message_of(frame: bytes) -> int:
    return rules.number(frame[4:16].partition(b"\0")[0].decode("ascii", "replace"))
