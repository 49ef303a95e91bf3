"""The story of one order in plain words, from the journal's events alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from vst_desktop.execution.ledger import EXIT_MARK
from vst_desktop.ports.store import JournalEvent
from vst_desktop.runtime.calendar import EASTERN

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One event in words. ``time`` is aware UTC; ``order`` the reference of the entry or exit."""

    time: datetime
    order: str
    text: str


def story(events: Iterable[JournalEvent], ref: str) -> list[Line]:
    """What happened to an order and to the exits of its position, oldest first.

    Args:
        events: The journal's events, in any number; those of other orders are passed over.
        ref: The order's reference, or its intent id; an exit's gives that exit alone.
    """
    own: dict[str, str] = {}
    lines = []
    for event in events:
        if _concerns(event.data, ref, own):
            order = str(event.data.get("order_ref") or own.get(_key(event.data), ref))
            lines.append(Line(time=event.time, order=order, text=in_words(event)))
    return lines


def _key(data: Data) -> str:
    return str(data.get("intent_id") or data.get("position_id") or "")


def _concerns(data: Data, ref: str, own: dict[str, str]) -> bool:
    intent_id, order_ref = data.get("intent_id"), data.get("order_ref")
    if intent_id and order_ref:
        if any(name == ref or name.startswith(ref + EXIT_MARK) for name in (intent_id, order_ref)):
            own[intent_id] = order_ref
        return intent_id in own
    return order_ref in own.values() if order_ref else _key(data) in own


def in_words(event: JournalEvent) -> str:
    """One event as a sentence; one that has no words of its own is told with its data."""
    tell = _WORDS.get(event.name)
    if tell is not None:
        try:
            return tell(event.data)
        except (KeyError, TypeError):
            pass  # an older station wrote it, with less
    rest = {k: v for k, v in event.data.items() if k not in ("row", "intent_id", "order_ref")}
    return f"{event.name}: " + ", ".join(f"{k} {_plain(v)}" for k, v in rest.items())


def clock(moment: datetime | str) -> str:
    """A moment in New York: ``2023-11-07 14:45:03.120 ET``."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    local = moment.astimezone(EASTERN)
    return f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1000:03d} ET"


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return "(" + ", ".join(f"{k} {_plain(v)}" for k, v in value.items()) + ")"
    return str(value)


def _usd(value: object) -> str:
    """A price per share, to the cent or as far as it goes."""
    amount = Decimal(str(value))
    exact = -int(amount.normalize().as_tuple().exponent)
    return f"{amount:.{min(max(exact, 2), 4)}f}"


def _quotes(data: Data) -> str:
    seen = data.get("quotes") or {}
    parts = []
    if seen.get("natural") is not None:
        parts.append(f"market {_usd(seen['close'])} / {_usd(seen['natural'])}")
    if seen.get("spot") is not None:
        parts.append(f"underlying {seen['spot']:.2f}")
    parts += [
        f"underlying's {name} {seen[name]:.2f}"
        for name in ("last", "mid")
        if seen.get(name) is not None
    ]
    if seen.get("live") is False:
        parts.append("not live")
    return f" ({', '.join(parts)})" if parts else ""


def _pace(data: Data) -> str:
    return {"LADDER": " by the ladder", "NOW": " now"}.get(str(data.get("pace")), "")


def _edited(data: Data) -> str:
    was, plan = data["was"], data["plan"]

    def level(of: Data, name: str) -> str:
        return "none" if of[name] is None else f"{of[name]:.2f}"

    changes = [
        f"{name} {level(was, name)} to {level(plan, name)}"
        for name in ("stop", "target")
        if was[name] != plan[name]
    ]
    if was["exit_by"] != plan["exit_by"]:
        changes.append(f"out by {was['exit_by']} to {plan['exit_by']}")
    return f"{data['by']} changed its exits: {', '.join(changes)}"


def _why(data: Data) -> str:
    return f": {data['reason']}" if data.get("reason") else ""


def _approved(data: Data) -> str:
    bounds, signal, plan = data["bounds"], data["signal"], data["plan"]
    target = f"{plan['target']:.2f} ({plan['target_reason']})" if plan["target"] else "none"
    return (
        f"{data['by']} approved in {data['mode']} on {data['account']}: buy {data['quantity']} x "
        f"{data['symbol']} {data['spread']}, seen at {_usd(data['debit'])}{_quotes(data)}, "
        f"revision {data['revision']}; signal {signal['strategy']} of {signal['date']}; "
        f"bounds: at most {_usd(bounds['max_debit'])}, underlying within "
        f"{bounds['max_drift_usd']:.2f}, until {clock(bounds['until'])}; "
        f"risk reserved {_usd(data['reserved_usd'])} USD; "
        f"plan: stop {plan['stop']:.2f}, target {target}, out by {plan['exit_by']}"
    )


def _committed(data: Data) -> str:
    price = "market" if data["limit_price"] is None else f"limit {_usd(data['limit_price'])}"
    return (
        f"intent committed: {data['side']} {data['quantity']} x {data['symbol']}, "
        f"{price}{_quotes(data)}"
    )


def _acknowledged(data: Data) -> str:
    latency = data.get("ack_latency_secs")
    took = f" after {latency * 1000:.0f} ms" if latency is not None else ""
    return f"the broker acknowledged it{took}: {_ids(data)}"


def _ids(data: Data) -> str:
    return f"order {data.get('order_id', '?')}, permId {data.get('perm_id', '?')}"


def _filled(words: str) -> Callable[[Data], str]:
    return lambda data: f"{words}: {data['filled']} at {_usd(data['average_fill_price'])}"


def _execution(data: Data) -> str:
    what = "combo" if data["is_combo"] else f"leg {data['con_id']}"
    quantity = f"{Decimal(data['quantity']).normalize():f}"
    return f"execution {data['exec_id']}: {quantity} at {_usd(data['price'])} ({what})"


def _by(words: str) -> Callable[[Data], str]:
    return lambda data: f"{data['by']} {words}{_why(data)}"


def _plainly(words: str) -> Callable[[Data], str]:
    return lambda data: f"{words}{_why(data)}"


def _denied(data: Data) -> str:
    return (
        f"denied by the station, {data['code']}: {data['reason']} "
        f"(limit {data['limit']}, value {data['value']}){_quotes(data)}"
        if "code" in data
        else f"denied by the station{_why(data)}"
    )


def _refused(data: Data) -> str:
    if "candidate" in data and "intent_id" not in data:
        return f"{data['by']} rejected the candidate {data['spread']} at {_usd(data['debit'])}"
    return _plainly("refused")(data)


def _scanned(data: Data) -> str:
    found = f"{len(data['signals'])} signals"
    errors = f", {data['errors']} errors" if data["errors"] else ""
    return f"scanned {data['scanned']} of {data['symbols']} symbols: {found}{errors}"


def _proposed(data: Data) -> str:
    return (
        f"proposed {data['contracts']} x {data['spread']} at {_usd(data['debit'])}{_quotes(data)}, "
        f"reward/risk {data['reward_risk']:.2f}; signal {data['signal']['strategy']} of "
        f"{data['signal']['date']}"
    )


def _flag(data: Data) -> str:
    if data["value"] is None:
        return f"{data['name']} cleared{_why(data)}"
    return f"{data['name']} set: {data['value']}"


def _settings(data: Data) -> str:
    return "settings changed: " + ", ".join(f"{k} {_plain(v)}" for k, v in data["changes"].items())


_WORDS: dict[str, Callable[[Data], str]] = {
    "approved": _approved,
    "exit": lambda data: (
        f"{data['by']} starts an exit: {data['reason']}{_pace(data)}{_quotes(data)}"
    ),
    "QUEUE": _by("queued it"),
    "HOLD": _plainly("held"),
    "WITHDRAW": _by("took it back"),
    "EXPIRE": _plainly("failed"),
    "DENY": _denied,
    "COMMIT": _committed,
    "SEND": lambda data: "being sent: from here on it may be at the broker",
    "ABORT": _plainly("stopped before it was sent"),
    "ACK": _acknowledged,
    "WORK": lambda data: "working at the broker",
    "PARTIAL": _filled("partly filled"),
    "FILL": _filled("filled"),
    "CANCEL": _plainly("cancelled"),
    "REJECT": _refused,
    "LOSE": _plainly("fate UNKNOWN"),
    "ids": lambda data: f"the broker knows it as {_ids(data)}",
    "rank": lambda data: f"{data['by']} put it at place {data['rank']} of the queue",
    "repriced": lambda data: f"limit moved to {_usd(data['limit_price'])}{_quotes(data)}",
    "cancel asked": _plainly("the broker was asked to cancel"),
    "execution": _execution,
    "position opened": lambda data: f"position opened: {data['quantity']} held",
    "position": lambda data: f"position now {data['quantity']}",
    "position closed": lambda data: "position closed",
    "changed outside": lambda data: f"changed outside the station: {data['details']}",
    "rehearsed": lambda data: (
        f"rehearsed: {data['reason'] or 'it would go'}"
        + "".join(f", {data[name]}" for name in ("cost", "moved") if data[name])
    ),
    "exit urgent": lambda data: (
        f"the exit became urgent: {data['reason']}{_pace(data)}, was {data['before']}"
    ),
    "BUST": _plainly("the exchange took its fills back"),
    "DISOWN": _by("looked in TWS"),
    "adopted": lambda data: (
        f"{data['by']} found it filled in TWS: {data['quantity']} at {_usd(data['price'])}"
    ),
    "exits frozen": _plainly("its exits are frozen"),
    "exits go again": lambda data: f"{data['by']} let its exits go again, was: {data['was']}",
    "exits edited": _edited,
    "session's close": lambda data: f"the underlying stood at {data['close']:.2f} at the close",
    "SCAN": _scanned,
    "CANDIDATE": _proposed,
    "SETTING": lambda data: f"setting of this run: {data['key']} {_plain(data['value'])}",
    "settings changed": _settings,
    "START": lambda data: f"the station starts in {data['mode']}",
    "STOP": lambda data: "the station stops",
    "reconciled": lambda data: "own book compared with the broker's",
    "armed": lambda data: f"LIVE entries armed for {data['account']}",
    "flag": _flag,
    "salvaged": lambda data: "taken over from a damaged journal",
    "broken": lambda data: (
        f"BROKEN: long leg {data['long_leg']}, short leg {data['short_leg']} filled"
    ),
}
