"""Earnings and dividends as the station knows them now."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.events import CorporateEvent, EventBook, EventKind, SymbolEvents
from vst_desktop.marketdata.events import Events, no_file
from vst_desktop.runtime.clock import HeldClock

NOW = datetime(2024, 1, 17, 20, 0, tzinfo=UTC)
EARNINGS = CorporateEvent(kind=EventKind.EARNINGS, day=date(2024, 2, 1), confirmed=False)
DIVIDEND = CorporateEvent(
    kind=EventKind.EX_DIVIDEND, day=date(2024, 2, 9), amount_usd=Decimal("0.24")
)


def no_dividend(symbol: str) -> None:
    """A broker that tells no dividends."""


def book(*events: CorporateEvent, errors: tuple[str, ...] = ()) -> EventBook:
    symbols = {
        "AAPL": SymbolEvents(symbol="AAPL", events=events),
        "SPY": SymbolEvents(symbol="SPY", never=frozenset({EventKind.EARNINGS})),
    }
    return EventBook(symbols=symbols, errors=errors)


class File:
    """An events file whose content the test changes."""

    def __init__(self, content: EventBook | UserError) -> None:
        self.content = content

    async def __call__(self) -> EventBook:
        if isinstance(self.content, UserError):
            raise self.content
        return self.content


class Alerts(list[tuple[Severity, str, str]]):
    def __call__(self, severity: Severity, message: str, details: str) -> None:
        self.append((severity, message, details))


def test_before_the_file_is_read_and_without_one_nothing_is_known() -> None:
    events = Events(no_file, no_dividend, HeldClock(NOW))
    assert events.next_of("AAPL", EventKind.EARNINGS) == "unknown"
    asyncio.run(events.refresh(Alerts()))
    assert events.next_of("AAPL", EventKind.EX_DIVIDEND) == "unknown"
    assert np.asarray(events.dividends("AAPL").usd).size == 0


def test_next_events_in_a_word_or_two() -> None:
    events = Events(File(book(EARNINGS, DIVIDEND)), no_dividend, HeldClock(NOW))
    asyncio.run(events.refresh(Alerts()))
    assert events.next_of("AAPL", EventKind.EARNINGS) == "1 Feb est."
    assert events.next_of("AAPL", EventKind.EX_DIVIDEND) == "9 Feb 0.24"
    assert events.next_of("SPY", EventKind.EARNINGS) == "none"
    assert events.next_of("SPY", EventKind.EX_DIVIDEND) == "unknown"


def test_the_brokers_dividend_goes_before_the_files() -> None:
    told = CorporateEvent(
        kind=EventKind.EX_DIVIDEND, day=date(2024, 2, 2), amount_usd=Decimal("0.3")
    )
    events = Events(File(book(DIVIDEND)), lambda s: told if s == "AAPL" else None, HeldClock(NOW))
    asyncio.run(events.refresh(Alerts()))
    assert events.next_of("AAPL", EventKind.EX_DIVIDEND) == "2 Feb 0.30"
    assert np.asarray(events.dividends("AAPL").usd).tolist() == [0.3]


def test_a_file_that_cannot_be_used_is_told_once_and_the_last_one_read_stays() -> None:
    file, alerts = File(book(EARNINGS)), Alerts()
    events = Events(file, no_dividend, HeldClock(NOW))

    async def twice() -> None:
        await events.refresh(alerts)
        file.content = UserError("events file cannot be read", where="e.csv")
        await events.refresh(alerts)
        await events.refresh(alerts)

    asyncio.run(twice())
    assert alerts == [
        (
            Severity.WARNING,
            "the events file cannot be used",
            "e.csv: events file cannot be read",
        )
    ]
    assert events.next_of("AAPL", EventKind.EARNINGS) == "1 Feb est."


def test_lines_that_cannot_be_read_are_told_once_and_again_after_they_were_mended() -> None:
    bad = book(errors=tuple(f"line {n} is bad" for n in range(2, 9)))
    file, alerts = File(bad), Alerts()
    events = Events(file, no_dividend, HeldClock(NOW))

    async def change() -> None:
        for content in (bad, bad, book(), bad):
            file.content = content
            await events.refresh(alerts)

    asyncio.run(change())
    assert len(alerts) == 2
    assert alerts[0][1] == "7 entries of the events file cannot be read"
    assert alerts[0][2].startswith("line 2 is bad; line 3 is bad")
    assert alerts[0][2].endswith("and 2 more")
