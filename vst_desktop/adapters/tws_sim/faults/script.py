"""Faults from a TOML file: which, when, and rules of one's own. The form is in docs/faults.md."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from vst_desktop.adapters.tws_sim.faults.catalog import fault_named
from vst_desktop.adapters.tws_sim.faults.panel import FaultPanel
from vst_desktop.adapters.tws_sim.faults.rules import Action, Do, Rule, Trigger, Way
from vst_desktop.adapters.tws_sim.timing import SimTime
from vst_desktop.domain.errors import UserError

_WHEN = ("at", "after", "lasts")
_TRIGGER = tuple(one.name for one in fields(Trigger))
_ACTION = tuple(one.name for one in fields(Action))


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A fault or a rule, and when it is on.

    ``at`` is a moment of virtual time, ``after_secs`` real seconds after the start; without either
    it is on from the start. ``lasts_secs`` are real seconds; None is until the end.
    """

    name: str = ""
    values: Mapping[str, object]
    rule: Rule | None = None
    at: datetime | None = None
    after_secs: float = 0.0
    lasts_secs: float | None = None


def read_script(path: Path) -> tuple[Planned, ...]:
    """What a file plans, in its order; faults first.

    Raises:
        UserError: It cannot be read, or an entry cannot be used; the message names it.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as failed:
        raise UserError(f"it cannot be read: {failed.strerror}", where=str(path)) from failed
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        raise UserError(f"it is no TOML: {wrong}", where=str(path)) from wrong
    return script_of(content, where=str(path))


def script_of(content: Mapping[str, Any], *, where: str) -> tuple[Planned, ...]:
    """The same, of what such a file holds.

    Raises:
        UserError: An entry cannot be used; the message names it.
    """
    _check_keys(content, ("fault", "rule"), where)
    found = []
    for kind, read in (("fault", _fault), ("rule", _rule)):
        entries = content.get(kind, [])
        if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
            raise UserError(f"{kind} is no table", where=where, remedy=f"write [[{kind}]]")
        for number, entry in enumerate(entries, 1):
            found.append(read(entry, f"{where}, {kind} {number}"))
    return tuple(found)


def play(script: Sequence[Planned], panel: FaultPanel, clock: SimTime) -> None:
    """Turn everything on when its time comes. Needs a running loop."""
    loop = asyncio.get_running_loop()
    for one in script:
        begin = partial(_begin, one, panel)
        if one.at is not None:
            clock.call_at(one.at, begin)
        elif one.after_secs:
            loop.call_later(one.after_secs, begin)
        else:
            begin()


def _begin(one: Planned, panel: FaultPanel) -> None:
    if one.rule is not None:
        name = panel.add(one.rule)
    else:
        panel.start(one.name, **one.values)
        name = one.name
    if one.lasts_secs is not None:
        asyncio.get_running_loop().call_later(one.lasts_secs, panel.clear, name)


def _fault(entry: Mapping[str, Any], where: str) -> Planned:
    name = entry.get("name")
    if not isinstance(name, str):
        raise UserError("the name of the fault is missing", where=where, remedy='name = "…"')
    values = {key: value for key, value in entry.items() if key not in (*_WHEN, "name")}
    try:
        fault = fault_named(name)
        fault.values(values)
        if fault.make is None:
            raise UserError(f"{name} needs no switch: {fault.meaning}")
    except UserError as wrong:
        raise UserError(wrong.what, where=where, remedy=wrong.remedy, exit_code=2) from None
    return Planned(name=name, values=values, **_when(entry, where))


def _rule(entry: Mapping[str, Any], where: str) -> Planned:
    _check_keys(entry, (*_TRIGGER, *_ACTION, *_WHEN), where)
    known = dict(entry)
    if isinstance(known.get("messages"), int):
        known["messages"] = [known["messages"]]
    trigger = Trigger(
        way=_choice(known, "way", Way, where),
        messages=frozenset(_list(known, "messages", int, where)),
        order_ref=_value(known, "order_ref", str, "", where),
        client_id=_value(known, "client_id", int, None, where),
        change=_value(known, "change", bool, None, where),
        fields=tuple(
            (
                _position(key, "fields", where),
                frozenset(map(str, value if isinstance(value, list) else [value])),
            )
            for key, value in _table(known, "fields", where).items()
        ),
        first=_value(known, "first", int, 1, where),
        times=_value(known, "times", int, None, where),
        chance=float(_value(known, "chance", (int, float), 1.0, where)),
    )
    secs = _value(known, "secs", (int, float), None, where)
    replaces = _list(known, "replaces", str, where)
    if replaces and len(replaces) != 2:
        raise UserError(
            f"replaces is {replaces!r}", where=where, remedy='replaces = ["old", "new"]'
        )
    action = Action(
        do=_choice(known, "do", Do, where),
        secs=None if secs is None else float(secs),
        code=_value(known, "code", int, 0, where),
        text=_value(known, "text", str, "", where),
        passes=_value(known, "passes", bool, False, where),
        puts=tuple(
            (_position(key, "puts", where), str(value))
            for key, value in _table(known, "puts", where).items()
        ),
        replaces=(replaces[0], replaces[1]) if replaces else None,
    )
    _check_sense(trigger, action, where)
    return Planned(values={}, rule=Rule(trigger=trigger, action=action), **_when(entry, where))


def _check_sense(trigger: Trigger, action: Action, where: str) -> None:
    wrong = None
    if trigger.first < 1:
        wrong = "first counts from 1"
    elif not 0 <= trigger.chance <= 1:
        wrong = "chance is a number from 0 to 1"
    elif action.do is Do.DELAY and not action.secs:
        wrong = "a delay needs secs over 0"
    elif action.do is Do.ERROR and not action.code:
        wrong = "an error needs its code"
    elif action.do is Do.CORRUPT and not action.puts and action.replaces is None:
        wrong = "a corruption needs puts or replaces"
    if wrong is not None:
        raise UserError("the rule makes no sense", where=where, remedy=wrong, exit_code=2)


def _when(entry: Mapping[str, Any], where: str) -> dict[str, Any]:
    at = _value(entry, "at", datetime, None, where)
    if at is not None and at.tzinfo is None:
        raise UserError(
            f"at is {at}, without an offset", where=where, remedy="write 2014-06-09T14:43:00-04:00"
        )
    after = float(_value(entry, "after", (int, float), 0.0, where))
    lasts = _value(entry, "lasts", (int, float), None, where)
    if after < 0 or (lasts is not None and lasts <= 0):
        raise UserError("after or lasts is below 0", where=where, remedy="give seconds over 0")
    return {
        "at": None if at is None else at.astimezone(UTC),
        "after_secs": after,
        "lasts_secs": None if lasts is None else float(lasts),
    }


def _check_keys(entry: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    for key in entry:
        if key not in known:
            raise UserError(
                f"unknown key {key!r}", where=where, remedy=f"known are {', '.join(known)}"
            )


def _value(
    entry: Mapping[str, Any], key: str, kind: type | tuple[type, ...], default: Any, where: str
) -> Any:
    value = entry.get(key, default)
    is_wrong_flag = isinstance(value, bool) and kind is not bool
    if value is not default and (not isinstance(value, kind) or is_wrong_flag):
        raise UserError(f"{key} is {value!r}", where=where, remedy=f"see {key} in docs/faults.md")
    return value


def _list(entry: Mapping[str, Any], key: str, kind: type, where: str) -> list[Any]:
    found = entry.get(key, [])
    if not isinstance(found, list) or not all(isinstance(one, kind) for one in found):
        raise UserError(f"{key} is {found!r}", where=where, remedy=f"see {key} in docs/faults.md")
    return found


def _table(entry: Mapping[str, Any], key: str, where: str) -> dict[str, Any]:
    found = entry.get(key, {})
    if not isinstance(found, dict):
        raise UserError(f"{key} is {found!r}", where=where, remedy='{ "4" = "-1" }')
    return found


def _position(key: str, what: str, where: str) -> int:
    try:
        return int(key)
    except ValueError:
        raise UserError(
            f"{what} names the position {key!r}", where=where, remedy="count fields from 0"
        ) from None


def _choice[E: StrEnum](entry: Mapping[str, Any], key: str, kind: type[E], where: str) -> E:
    try:
        return kind(entry.get(key, ""))
    except ValueError:
        raise UserError(
            f"{key} is {entry.get(key)!r}",
            where=where,
            remedy=f"choose one of {', '.join(kind)}",
            exit_code=2,
        ) from None
