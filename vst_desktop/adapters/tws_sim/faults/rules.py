"""Rules on single frames: which ones they touch, and what happens to them."""

from __future__ import annotations

import dataclasses
import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

PLACE_ORDER, CANCEL_ORDER = 3, 4
ORDER_STATUS, ERROR, OPEN_ORDER, EXECUTION = 3, 4, 5, 11
_NO_VERSION_FROM = 145
"""From this server version on, place and open orders and statuses carry no version of their own."""


class Way(StrEnum):
    """Where a frame goes."""

    REQUEST = "request"
    """From a client to TWS."""
    ANSWER = "answer"
    """From TWS to a client."""


class Do(StrEnum):
    """What happens to a frame."""

    DROP = "drop"
    DELAY = "delay"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    """It comes behind the next frame of its way."""
    CORRUPT = "corrupt"
    ERROR = "error"
    """An error with the frame's id is told. A request ends there; an answer goes on before it."""
    CLOSE = "close"
    FREEZE = "freeze"
    """Nothing passes in either direction, and nobody is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """Which frames a rule touches; what is not given counts as any.

    ``first`` is the number, from 1, of the first matching frame that is touched, ``times`` how many
    are. ``order_ref`` is a pattern with ``*``: it matches frames that carry such a reference, and
    statuses, cancels and errors of the orders that were placed under one. ``fields`` are values by
    position; a negative position counts from the end.
    """

    way: Way
    messages: frozenset[int] = frozenset()
    order_ref: str = ""
    client_id: int | None = None
    change: bool | None = None
    """Of placed orders: whether it changes an order that this connection placed before."""
    fields: tuple[tuple[int, frozenset[str]], ...] = ()
    first: int = 1
    times: int | None = None
    chance: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What is done. ``secs`` are real seconds; for a freeze, None is until the fault is cleared."""

    do: Do
    secs: float | None = None
    code: int = 0
    text: str = ""
    passes: bool = False
    """Of an error: whether a request is served all the same."""
    puts: tuple[tuple[int, str], ...] = ()
    """Of a corruption: values by position; a negative one counts from the end."""
    replaces: tuple[str, str] | None = None
    """Of a corruption: a text in any field, and what stands there instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A trigger and its action."""

    trigger: Trigger
    action: Action


def as_table(rule: Rule) -> dict[str, Any]:
    """The rule as a script writes it; what is not given is left out."""
    found: dict[str, Any] = {}
    for part in (rule.trigger, rule.action):
        for one in dataclasses.fields(part):
            value = getattr(part, one.name)
            if value == one.default:
                continue
            match value:
                case frozenset():
                    found[one.name] = sorted(value)
                case ((int(), _), *_):
                    found[one.name] = {
                        str(at): sorted(to) if isinstance(to, frozenset) else to for at, to in value
                    }
                case tuple():
                    found[one.name] = list(value)
                case _:
                    found[one.name] = value
    return found


@dataclass(slots=True)
class Counted:
    """A rule that is on, how many frames matched and how many were touched."""

    rule: Rule
    fault: str
    seen: int = 0
    touched: int = 0


@dataclass(slots=True)
class OrdersSeen:
    """References of the orders that came over one connection, by order id."""

    refs: dict[int, tuple[str, ...]] = field(default_factory=dict)
    """Every text of the order: where the reference stands depends on the version."""

    def note(self, order_id: int, fields: Sequence[str]) -> None:
        """Remember a placed order."""
        self.refs[order_id] = tuple(dict.fromkeys(one for one in fields if one))


def number(text: str) -> int:
    """A message or order id; -1 when it is none."""
    try:
        return int(text)
    except ValueError:
        return -1


def order_id(way: Way, fields: Sequence[str], server_version: int) -> int | None:
    """The order that a frame is about; None for other frames."""
    message = number(fields[0])
    position: int | None = None
    if way is Way.REQUEST:
        if message == PLACE_ORDER:
            position = 1 if server_version >= _NO_VERSION_FROM else 2
        elif message == CANCEL_ORDER:
            position = 2
    elif message == OPEN_ORDER:
        position = 1 if server_version >= _NO_VERSION_FROM else 2
    elif message == ORDER_STATUS:
        position = 1 if server_version >= 131 else 2
    elif message == ERROR:
        position = 2
    elif message == EXECUTION:
        position = 2 if server_version >= 136 else 3
    return number(fields[position]) if position is not None and position < len(fields) else None


def request_id(fields: Sequence[str], server_version: int) -> int:
    """The id under which a refused request is answered."""
    order = order_id(Way.REQUEST, fields, server_version)
    if order is not None:
        return order
    message = number(fields[0])
    position = _REQUEST_IDS.get(message, 1)
    return number(fields[position]) if position < len(fields) else -1


_REQUEST_IDS = {1: 2, 2: 2, 9: 2, 7: 2, 20: 1, 25: 2, 22: 2, 62: 2, 50: 2}
"""Where the request id stands in requests that carry a version; in others it comes first."""


def matches(
    trigger: Trigger,
    way: Way,
    fields: Sequence[str],
    *,
    client_id: int,
    server_version: int,
    orders: OrdersSeen,
) -> bool:
    """Whether a trigger means this frame, counting and chance aside."""
    if trigger.way is not way:
        return False
    message = number(fields[0])
    if trigger.messages and message not in trigger.messages:
        return False
    if trigger.client_id is not None and trigger.client_id != client_id:
        return False
    for position, wanted in trigger.fields:
        if not -len(fields) <= position < len(fields) or fields[position] not in wanted:
            return False
    about = order_id(way, fields, server_version)
    if trigger.change is not None and (about in orders.refs) != trigger.change:
        return False
    if trigger.order_ref:
        texts = (*fields, *orders.refs.get(about if about is not None else -1, ()))
        return any(fnmatch.fnmatchcase(one, trigger.order_ref) for one in texts)
    return True


def corrupted(action: Action, fields: Sequence[str]) -> list[str]:
    """The fields as they go on."""
    found = list(fields)
    for position, value in action.puts:
        if -len(found) <= position < len(found):
            found[position] = value
    if action.replaces is not None:
        old, new = action.replaces
        found = [one.replace(old, new) for one in found]
    return found
