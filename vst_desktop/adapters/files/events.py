"""The trader's own file of earnings and ex-dividend dates (docs/events.md)."""

from __future__ import annotations

import asyncio
import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from vst_desktop.domain.errors import UserError
from vst_desktop.domain.events import (
    CorporateEvent,
    EventBook,
    EventKind,
    EventTime,
    SymbolEvents,
)
from vst_desktop.ports.events import EventSource

REQUIRED = ("symbol", "event", "date")
OPTIONAL = ("time", "amount", "status")
_NEVER = "none"
_STATUSES = {"": True, "confirmed": True, "estimated": False}
_SEPARATORS = ",;\t"
_MOST_BYTES = 10_000_000
_LARGEST_DIVIDEND_USD = 10_000
_REMEDY = "see docs/events.md for the form of the file"


def read_events(path: str | Path) -> EventBook:
    """Read an events file.

    A line that cannot be read is an error with its number; the others are read. Where the line
    tells its symbol, nothing counts as known of that symbol.

    Raises:
        UserError: The file cannot be read, or its first line is not the header.
    """
    where = str(path)
    lines = _lines(where)
    events: defaultdict[str, list[CorporateEvent]] = defaultdict(list)
    never: defaultdict[str, set[EventKind]] = defaultdict(set)
    doubts: defaultdict[str, list[str]] = defaultdict(list)
    errors = []
    for number, row in lines:
        symbol = row.get("symbol", "").upper()
        try:
            kind = _kind(row.get("event", ""))
            if not symbol:
                raise ValueError("there is no symbol")
            if row.get("date", "").lower() == _NEVER:
                never[symbol].add(kind)
            else:
                event = _event(kind, row, where)
                if event not in events[symbol]:
                    events[symbol].append(event)
        except ValueError as wrong:
            error = f"line {number} of {where}: {wrong}"
            errors.append(error)
            if symbol:
                doubts[symbol].append(error)
    for symbol, kinds in never.items():
        for kind in kinds:
            if any(event.kind is kind for event in events[symbol]):
                error = f"{where}: {symbol} has {kind} dates and says it has none"
                errors.append(error)
                doubts[symbol].append(error)
    return EventBook(
        symbols={
            symbol: SymbolEvents(
                symbol=symbol,
                events=tuple(events[symbol]),
                never=frozenset(never[symbol]),
                doubts=tuple(doubts[symbol]),
            )
            for symbol in {*events, *never, *doubts}
        },
        errors=tuple(errors),
    )


def event_source(path: str) -> EventSource:
    """The events file, read anew each time; nothing is known when none is named."""

    async def read() -> EventBook:
        return await asyncio.to_thread(read_events, path) if path else EventBook()

    return read


def _lines(where: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Number and cells by column of each line that is not blank; what follows ``#`` is none."""
    try:
        file = Path(where).expanduser()
        if file.stat().st_size > _MOST_BYTES:
            raise UserError("is too long for an events file", where=where, remedy=_REMEDY)
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise UserError(
            f"events file cannot be read ({reason})",
            where=where,
            remedy="name a CSV file in events.file or with --events",
        ) from None
    rows = [
        (number, line)
        for number, full in enumerate(text.splitlines(), start=1)
        if (line := full.partition("#")[0].strip()).strip(_SEPARATORS + " ")
    ]
    first = rows[0][1] if rows else ""
    separator = next((s for s in _SEPARATORS if s in first), ",")
    columns = [name.lower() for name in _cells(first, separator)]
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise UserError(
            f"the first line has no column {', '.join(missing)}",
            where=where,
            remedy=f"it names the columns: {','.join(REQUIRED + OPTIONAL)}; {_REMEDY}",
        )
    return (
        (number, dict(zip(columns, _cells(line, separator), strict=False)))
        for number, line in rows[1:]
    )


def _cells(line: str, separator: str) -> list[str]:
    try:
        row = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:
        row = [line]
    return [cell.strip() for cell in row]


def _kind(text: str) -> EventKind:
    plain = text.lower().replace("-", "_").replace(" ", "_")
    if plain not in set(EventKind):
        raise ValueError(f"event {text!r} is neither earnings nor ex_dividend")
    return EventKind(plain)


def _event(kind: EventKind, row: Mapping[str, str], where: str) -> CorporateEvent:
    text = row.get("date", "")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a date like 2024-05-02, nor none") from None
    told = row.get("time", "").lower().replace(" ", "_")
    if told and (kind is not EventKind.EARNINGS or told not in set(EventTime)):
        raise ValueError(f"time {told!r} is not before_open or after_close of earnings")
    status = row.get("status", "").lower()
    if status not in _STATUSES:
        raise ValueError(f"status {status!r} is neither confirmed nor estimated")
    amount = _amount(row.get("amount", ""))
    if amount is not None and kind is not EventKind.EX_DIVIDEND:
        raise ValueError("earnings have no amount")
    return CorporateEvent(
        kind=kind,
        day=day,
        time=EventTime(told) if told else None,
        amount_usd=amount,
        confirmed=_STATUSES[status],
        source=Path(where).name,
    )


def _amount(text: str) -> Decimal | None:
    if not text:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not 0 < amount <= _LARGEST_DIVIDEND_USD:
        raise ValueError(f"amount {text!r} is not a dividend in USD per share")
    return amount
