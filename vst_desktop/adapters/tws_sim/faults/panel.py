"""The fault panel: which faults are on, which rules they bring, and how they are put back."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from vst_desktop.adapters.tws_sim.conditions import Conditions
from vst_desktop.adapters.tws_sim.exchange import Exchange
from vst_desktop.adapters.tws_sim.faults import rules
from vst_desktop.adapters.tws_sim.faults.catalog import FAULTS, fault_named
from vst_desktop.adapters.tws_sim.faults.fault import Recipe, Value
from vst_desktop.adapters.tws_sim.faults.gate import Peer
from vst_desktop.adapters.tws_sim.faults.rules import Action, Counted, OrdersSeen, Rule, Way
from vst_desktop.adapters.tws_sim.link import Feed, Subscription
from vst_desktop.domain.errors import UserError

_ANY = -1


class Wires(Protocol):
    """The connections of a server, as scenes act on them."""

    def say(self, code: int, text: str) -> None:
        """Tell every client something that belongs to no request."""

    def mute(self, muted: bool) -> None:
        """Whether nothing but notices, errors and the time reaches the clients."""

    def forget_lines(self) -> None:
        """Drop every client's market data lines."""

    def cut(self) -> None:
        """Reset every connection."""

    def freeze(self, frozen: bool) -> None:
        """Whether connections that are open now are half open."""

    def listen(self, listening: bool) -> None:
        """Whether the port takes connections."""


@dataclass(slots=True)
class _Active:
    """A fault that is on, and what it found."""

    name: str
    values: dict[str, Value]
    recipe: Recipe
    counted: list[Counted]
    timers: set[asyncio.TimerHandle] = field(default_factory=set)


class FaultPanel:
    """Faults of one simulator. The same seed and the same frames give the same faults.

    >>> panel.start("md_lines", lines=50)
    >>> panel.start("drop_upstream", seconds=2.0, data_lost=True)
    >>> panel.clear("md_lines")
    """

    def __init__(
        self,
        conditions: Conditions,
        subscription: Subscription,
        exchange: Exchange,
        wires: Wires,
        *,
        seed: int,
        changed: Callable[[str, str, Mapping[str, object]], None] = lambda *_: None,
    ) -> None:
        """``changed`` hears of every fault that is turned on or off, with its parameters."""
        self.conditions = conditions
        self.exchange = exchange
        self.rng = random.Random(seed)  # a game, not a secret
        self._subscription = subscription
        self._wires = wires
        self._changed = changed
        self._active: dict[str, _Active] = {}
        self._wanted: dict[Way, frozenset[int]] = {way: frozenset() for way in Way}
        self._own_rules = 0
        self._usual: dict[str, Any] = {}
        self._usual_feed: Feed | None = None

    @property
    def active(self) -> dict[str, dict[str, Value]]:
        """Faults that are on, with their parameters."""
        return {name: dict(one.values) for name, one in self._active.items()}

    def start(self, name: str, **given: object) -> None:
        """Turn a fault on; one that is on already starts anew.

        Raises:
            UserError: No such fault, a wrong parameter, or one that needs no switch.
        """
        fault = fault_named(name)
        values = fault.values(given)
        if fault.make is None:
            raise UserError(
                f"{name} needs no switch: {fault.meaning}", where="fault panel", exit_code=2
            )
        self._start(name, values, fault.make(values))

    def add(self, rule: Rule) -> str:
        """Turn a rule of one's own on; returns the name under which it can be cleared."""
        self._own_rules += 1
        name = f"rule {self._own_rules}"
        self._start(name, rules.as_table(rule), Recipe(rules=(rule,)))
        return name

    def clear(self, name: str) -> None:
        """Turn a fault off and put back what it changed; one that is off stays off."""
        active = self._active.pop(name, None)
        if active is None:
            return
        for timer in active.timers:
            timer.cancel()
        self._apply()
        self._changed("fault off", name, {})
        if active.recipe.undo is not None:
            active.recipe.undo(_Stage(self, self._wires, active))

    def clear_all(self) -> None:
        """Turn everything off, the newest first."""
        for name in reversed(tuple(self._active)):
            self.clear(name)

    def wants(self, way: Way, message: int) -> bool:
        """Whether any rule may touch such frames."""
        wanted = self._wanted[way]
        return bool(wanted) and (message in wanted or _ANY in wanted)

    def touching(
        self, way: Way, fields: Sequence[str], peer: Peer, orders: OrdersSeen
    ) -> Iterator[Action]:
        """What happens to this frame, in the order in which the faults were turned on."""
        for active in tuple(self._active.values()):
            for counted in active.counted:
                if self._touches(counted, way, fields, peer, orders):
                    yield counted.rule.action

    def _touches(
        self, counted: Counted, way: Way, fields: Sequence[str], peer: Peer, orders: OrdersSeen
    ) -> bool:
        trigger = counted.rule.trigger
        if not rules.matches(
            trigger,
            way,
            fields,
            client_id=peer.client_id,
            server_version=peer.server_version,
            orders=orders,
        ):
            return False
        counted.seen += 1
        if counted.seen < trigger.first:
            return False
        if trigger.times is not None and counted.touched >= trigger.times:
            return False
        if trigger.chance < 1 and self.rng.random() >= trigger.chance:
            return False
        counted.touched += 1
        return True

    def _start(self, name: str, values: dict[str, Value], recipe: Recipe) -> None:
        self.clear(name)
        active = _Active(name, values, recipe, [Counted(rule, name) for rule in recipe.rules])
        for attribute in recipe.conditions:
            self._usual.setdefault(attribute, getattr(self.conditions, attribute))
        if self._usual_feed is None:
            self._usual_feed = self._subscription.feed
        self._active[name] = active
        self._apply()
        is_own = name not in FAULTS
        self._changed("rule on" if is_own else "fault on", name, values)
        if recipe.play is not None:
            recipe.play(_Stage(self, self._wires, active))

    def _apply(self) -> None:
        """Make conditions, feed and rules those of the faults that are on: the newest decides."""
        for attribute, usual in self._usual.items():
            setattr(self.conditions, attribute, usual)
        feed = self._usual_feed
        for active in self._active.values():
            for attribute, value in active.recipe.conditions.items():
                setattr(self.conditions, attribute, value)
            feed = active.recipe.feed or feed
        if feed is not None:
            self._subscription.feed = feed
        if not self._active:
            self._usual_feed = None
            self._usual.clear()
        found: dict[Way, set[int]] = {way: set() for way in Way}
        for active in self._active.values():
            for counted in active.counted:
                trigger = counted.rule.trigger
                found[trigger.way] |= trigger.messages or {_ANY}
        self._wanted = {way: frozenset(ids) for way, ids in found.items()}


class _Stage:
    """A running fault's hands; see :class:`fault.Stage`."""

    def __init__(self, panel: FaultPanel, wires: Wires, active: _Active) -> None:
        self._panel = panel
        self._active = active
        self.say = wires.say
        self.mute = wires.mute
        self.forget_lines = wires.forget_lines
        self.cut = wires.cut
        self.freeze = wires.freeze
        self.listen = wires.listen

    @property
    def rng(self) -> random.Random:
        return self._panel.rng

    @property
    def conditions(self) -> Conditions:
        return self._panel.conditions

    @property
    def exchange(self) -> Exchange:
        return self._panel.exchange

    def later(self, secs: float, call: Callable[[], None]) -> None:
        def ring() -> None:
            self._active.timers.discard(handle)
            call()

        handle = asyncio.get_running_loop().call_later(secs, ring)
        self._active.timers.add(handle)

    def finish(self) -> None:
        self._panel.clear(self._active.name)


def described(active: Mapping[str, Mapping[str, Value]]) -> str:
    """Faults in one line."""
    return ", ".join(
        name + (f" ({', '.join(f'{key}={value}' for key, value in values.items())})")
        if values
        else name
        for name, values in active.items()
    )
