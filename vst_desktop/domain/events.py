"""Earnings and ex-dividend dates, as far as they are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum


class EventKind(StrEnum):
    """What happens to the underlying."""

    EARNINGS = "earnings"
    EX_DIVIDEND = "ex_dividend"


class EventTime(StrEnum):
    """When on its day earnings are told."""

    BEFORE_OPEN = "before_open"
    AFTER_CLOSE = "after_close"


@dataclass(frozen=True, slots=True, kw_only=True)
class CorporateEvent:
    """One event on its day (New York).

    ``time`` None: not known. ``amount_usd`` is the dividend per share, None where it is not
    known. ``confirmed`` False: the date is an estimate. ``source`` names the file or the broker.
    """

    kind: EventKind
    day: date
    time: EventTime | None = None
    amount_usd: Decimal | None = None
    confirmed: bool = True
    source: str = ""

    def __str__(self) -> str:
        when = f" {self.time.replace('_', ' the ')}" if self.time else ""
        estimate = "" if self.confirmed else " (estimated)"
        if self.kind is EventKind.EARNINGS:
            return f"earnings on {self.day}{when}{estimate}"
        amount = "amount unknown" if self.amount_usd is None else f"{self.amount_usd} USD"
        return f"ex-dividend on {self.day}, {amount}{estimate}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolEvents:
    """What is known of one symbol; nothing at all by default.

    ``never`` holds the kinds that the symbol does not have (an ETF's earnings). ``doubts`` are
    lines about the symbol that could not be read: with one, nothing counts as known.
    """

    symbol: str
    events: tuple[CorporateEvent, ...] = ()
    never: frozenset[EventKind] = frozenset()
    doubts: tuple[str, ...] = ()

    def of(self, kind: EventKind) -> tuple[CorporateEvent, ...]:
        """Its events of that kind, by day."""
        return tuple(sorted((e for e in self.events if e.kind is kind), key=lambda e: e.day))

    def knows(self, kind: EventKind, day: date) -> bool:
        """Whether it is known what comes from that day on.

        It is when the symbol never has such events, or its next one is known.
        """
        if self.doubts:
            return False
        return kind in self.never or any(event.day >= day for event in self.of(kind))

    def with_dividend(self, dividend: CorporateEvent) -> SymbolEvents:
        """The broker's next dividend in place of what a file says of that day or later ones."""
        kept = tuple(
            event
            for event in self.events
            if event.kind is not EventKind.EX_DIVIDEND or event.day < dividend.day
        )
        return replace(self, events=(*kept, dividend), never=self.never - {EventKind.EX_DIVIDEND})


@dataclass(frozen=True, slots=True, kw_only=True)
class EventBook:
    """The events of every symbol that a source has.

    ``errors`` are the lines that could not be read, each a sentence with its number.
    """

    symbols: Mapping[str, SymbolEvents] = field(default_factory=dict)
    errors: tuple[str, ...] = ()

    def of(self, symbol: str) -> SymbolEvents:
        """What is known of the symbol."""
        return self.symbols.get(symbol) or SymbolEvents(symbol=symbol)
