"""Where a station is killed: points between what it does for an order, each with a name.

A point is armed in the station's own process, by wrapping what runs before or after it; nothing of
this is in the product. The process then kills itself with SIGKILL: nothing is closed, flushed or
told.
"""

from __future__ import annotations

import asyncio
import functools
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from vst_desktop.adapters.ibkr.client import PacedClient, RawWrapper
from vst_desktop.adapters.sqlite.database import Database
from vst_desktop.adapters.sqlite.journal import SqliteJournal
from vst_desktop.domain.orders import Mode
from vst_desktop.execution.desk import Desk
from vst_desktop.execution.reconcile import Reconciler

PLACE, CANCEL = "3", "4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A moment in the life of an order.

    ``then`` is what the trader does after the order was acknowledged, so that the point comes:
    ``""``, ``close`` (the position), ``kill`` (switch), or ``cut`` (the connection is lost).
    """

    name: str
    owner: type
    method: str
    after: bool
    nth: int = 1
    when: Callable[..., bool] = lambda *_, **__: True
    mode: Mode = Mode.DEMO
    then: str = ""

    def arm(self, is_live: Callable[[], bool]) -> None:
        """From now on the process dies there, once ``is_live`` says so."""
        seen = 0
        original = getattr(self.owner, self.method)

        def counts(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
            nonlocal seen
            if not is_live() or not self.when(*args, **kwargs):
                return False
            seen += 1
            return seen == self.nth

        if asyncio.iscoroutinefunction(original):

            @functools.wraps(original)
            async def wrapped_async(*args: Any, **kwargs: Any) -> Any:
                is_here = counts(args, kwargs)
                if is_here and not self.after:
                    die()
                result = await original(*args, **kwargs)
                if is_here:
                    die()
                return result

            setattr(self.owner, self.method, wrapped_async)
            return

        @functools.wraps(original)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            is_here = counts(args, kwargs)
            if is_here and not self.after:
                die()
            result = original(*args, **kwargs)
            if is_here:
                die()
            return result

        setattr(self.owner, self.method, wrapped)


def die() -> NoReturn:
    """At once, as by the power switch."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")


def _message(which: str) -> Callable[..., bool]:
    return lambda _self, text: text.partition("\0")[0] == which


def _event(which: str) -> Callable[..., bool]:
    return lambda _self, _record, event, **_: event == which


def _point(name: str, owner: type, method: str, *, after: bool = False, **more: Any) -> Point:
    return Point(name=name, owner=owner, method=method, after=after, **more)


def _write(name: str, message: str, *, after: bool, nth: int = 1, **more: Any) -> Point:
    return _point(
        name, PacedClient, "_send_now", after=after, nth=nth, when=_message(message), **more
    )


POINTS = (
    _point("approval: before it is stored", SqliteJournal, "save_intent"),
    _point("approval: before its commit", Database, "_commit"),
    _point("approval: after its commit", Database, "_commit", after=True),
    _point("approval: before the trader is told", Desk, "approve", after=True),
    _point("intent: before it is stored", SqliteJournal, "save_steps"),
    _point("intent: before its commit", Database, "_commit", nth=2),
    _point("intent: after its commit", Database, "_commit", nth=2, after=True),
    _point("intent: before the station knows", SqliteJournal, "save_steps", after=True),
    _write("order: before its bytes go", PLACE, after=False),
    _write("order: after its bytes went", PLACE, after=True),
    _point("order: before its acknowledgement is read", RawWrapper, "openOrder"),
    _point("order: before it is stored as acknowledged", SqliteJournal, "save_intent",
           when=_event("ACK")),
    _point("order: after it is stored as acknowledged", SqliteJournal, "save_intent",
           when=_event("ACK"), after=True),
    _point("fill: before it is read", RawWrapper, "execDetails"),
    _point("fill: after it is stored", SqliteJournal, "save_execution", after=True),
    _point("fill: between its legs", RawWrapper, "execDetails", nth=2),
    _point("position: before it is stored", SqliteJournal, "save_position"),
    _point("position: after it is stored", SqliteJournal, "save_position", after=True),
    _write("change: before its bytes go", PLACE, after=False, nth=2, mode=Mode.LIVE),
    _write("change: after its bytes went", PLACE, after=True, nth=2, mode=Mode.LIVE),
    _write("cancel: before its bytes go", CANCEL, after=False, mode=Mode.LIVE, then="kill"),
    _write("cancel: after its bytes went", CANCEL, after=True, mode=Mode.LIVE, then="kill"),
    _write("exit: after its bytes went", PLACE, after=True, nth=2, then="close"),
    _point("reconcile: before the book is applied", Reconciler, "_apply", then="cut"),
    _point("reconcile: after the book was applied", Reconciler, "_apply", after=True, then="cut"),
)  # fmt: skip
