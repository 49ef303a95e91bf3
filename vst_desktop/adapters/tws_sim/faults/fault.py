"""What a fault is: a name, its parameters, and what it changes while it is on."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from vst_desktop.adapters.tws_sim.conditions import Conditions
from vst_desktop.adapters.tws_sim.exchange import Exchange
from vst_desktop.adapters.tws_sim.faults.rules import Rule
from vst_desktop.adapters.tws_sim.link import Feed
from vst_desktop.domain.errors import UserError

type Value = str | int | float | bool
type Values = Mapping[str, Any]
"""Parameters of a fault by name, each of its default's type."""


class Stage(Protocol):
    """What a fault that plays a scene can do; real seconds."""

    @property
    def rng(self) -> random.Random:
        """Seeded chance."""

    @property
    def conditions(self) -> Conditions:
        """How TWS behaves now."""

    @property
    def exchange(self) -> Exchange:
        """Orders and accounts."""

    def say(self, code: int, text: str) -> None:
        """Tell every client something that belongs to no request."""

    def mute(self, muted: bool) -> None:
        """Whether nothing but notices, errors and the time reaches the clients."""

    def forget_lines(self) -> None:
        """Drop every client's market data lines."""

    def cut(self) -> None:
        """Reset every connection."""

    def freeze(self, frozen: bool) -> None:
        """Whether connections that are open now are half open: nothing passes, nobody is told."""

    def listen(self, listening: bool) -> None:
        """Whether the port takes connections."""

    def later(self, secs: float, call: Callable[[], None]) -> None:
        """Call after that many seconds, unless the fault has been cleared by then."""

    def finish(self) -> None:
        """Clear this fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a fault changes. All of it ends when the fault is cleared."""

    rules: tuple[Rule, ...] = ()
    conditions: Mapping[str, Any] = field(default_factory=dict)
    """Attributes of :class:`Conditions`."""
    feed: Feed | None = None
    play: Callable[[Stage], None] | None = None
    undo: Callable[[Stage], None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter. ``choices`` are the values of a text one; empty: any."""

    name: str
    default: Value
    meaning: str
    choices: tuple[str, ...] = ()

    def read(self, value: object, fault: str) -> Value:
        """A given value, of the default's type.

        Raises:
            UserError: It is of another type, below 0, or none of the choices.
        """
        kind = type(self.default)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if kind is float and is_number:
            value = float(value)  # type: ignore[arg-type]
        if type(value) is not kind or (is_number and value < 0):  # type: ignore[operator]
            raise UserError(
                f"{self.name} of the fault {fault} is {value!r}",
                where="fault panel",
                remedy=f"give {_KINDS[kind]}: {self.meaning}",
                exit_code=2,
            )
        if self.choices and value not in self.choices:
            raise UserError(
                f"{self.name} of the fault {fault} is {value!r}",
                where="fault panel",
                remedy=f"choose one of {', '.join(self.choices)}",
                exit_code=2,
            )
        return value


_KINDS = {
    bool: "true or false",
    int: "a whole number from 0 on",
    float: "a number from 0 on",
    str: "a text",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault of the catalogue.

    ``make`` is None for what this simulator, like TWS, always does: it needs no switch.
    """

    name: str
    group: str
    meaning: str
    make: Callable[[Values], Recipe] | None = None
    parameters: tuple[Parameter, ...] = ()

    def values(self, given: Mapping[str, object]) -> dict[str, Value]:
        """All parameters, with the defaults of those that are not given.

        Raises:
            UserError: A parameter is unknown, or a value cannot be used.
        """
        known = {one.name: one for one in self.parameters}
        for name in given:
            if name not in known:
                have = ", ".join(known) or "none"
                raise UserError(
                    f"the fault {self.name} has no parameter {name!r}",
                    where="fault panel",
                    remedy=f"it has: {have}",
                    exit_code=2,
                )
        return {
            one.name: one.read(given[one.name], self.name) if one.name in given else one.default
            for one in self.parameters
        }
