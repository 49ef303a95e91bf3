"""What ``vst select`` says of earnings and dividends: one verdict for each expiration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from vst_desktop.domain.events import EventBook, EventKind

if TYPE_CHECKING:
    from vst_desktop.domain.events import CorporateEvent, SymbolEvents
    from vst_desktop.domain.quotes import OptionChain
    from vst_desktop.domain.spreads import Selection, VerticalSpread
    from vst_desktop.options.events import EventVerdict
    from vst_desktop.runtime.settings import Settings

Verdicts = Mapping[date, "EventVerdict"]


def event_book(path: str) -> EventBook:
    """The events of the file; none at all when no file is named.

    Raises:
        UserError: The file cannot be used.
    """
    from vst_desktop.adapters.files.events import read_events

    return read_events(path) if path else EventBook()


def verdict(
    book: EventBook, chain: OptionChain, spread: VerticalSpread, settings: Settings
) -> EventVerdict:
    """The spread bought on the chain's day, held against its symbol's events."""
    from vst_desktop.options.events import EventRules, judge
    from vst_desktop.runtime.calendar import Sessions, trading_day
    from vst_desktop.strategy.exit import exit_day

    events, exit_by = book.of(chain.symbol), spread.expiration
    # without events the day of the exit decides nothing, and the calendar takes time to load
    if events.events:
        days = settings.exits.min_days_to_exit
        exit_by = exit_day(exit_by, spread.long.last_trade, days, Sessions().is_session)
    rules = EventRules.of(settings.options.model_dump())
    return judge(events, spread, rules, today=trading_day(chain.time), exit_by=exit_by)


def verdicts(
    book: EventBook, chain: OptionChain, selection: Selection, settings: Settings
) -> dict[date, EventVerdict]:
    """Every expiration with a ranked spread: all of one expiration share their verdict."""
    found: dict[date, EventVerdict] = {}
    for ranked in selection.spreads:
        spread = ranked.spread
        if spread.expiration not in found:
            found[spread.expiration] = verdict(book, chain, spread, settings)
    return found


def event_notes(book: EventBook, symbol: str, day: date, found: Verdicts) -> tuple[str, ...]:
    """What comes next; then each sentence of the verdicts once, with the expirations it is about.

    A file's lines that could not be read are all named, whichever symbol they are about.
    """
    about: dict[str, list[date]] = {}
    for expiration, verdict in found.items():
        denials = [f"denied: {verdict.denied}"] if verdict.denied else []
        for text in (*denials, *verdict.warnings):
            about.setdefault(text, []).append(expiration)
    told = {text for verdict in found.values() for text in verdict.warnings}
    return (
        *(f"next {event}" for event in _next(book.of(symbol), day)),
        *(
            text
            if len(days) == len(found)
            else f"{', '.join(str(day) for day in sorted(days))}: {text}"
            for text, days in about.items()
        ),
        *(error for error in book.errors if error not in told),
    )


def _next(events: SymbolEvents, day: date) -> list[CorporateEvent]:
    nearest = (
        next((event for event in events.of(kind) if event.day >= day), None) for kind in EventKind
    )
    return [event for event in nearest if event is not None]


def event_keys(verdict: EventVerdict) -> dict[str, Any]:
    """A spread's events in the JSON: lists, or null where they are not known."""
    return {
        "denied": f"EVENT: {verdict.denied}" if verdict.denied else None,
        "earnings": _keys(verdict.earnings),
        "ex_dividends": _keys(verdict.dividends),
    }


def _keys(events: Sequence[CorporateEvent] | None) -> list[dict[str, Any]] | None:
    if events is None:
        return None
    return [
        {
            "date": event.day,
            "time": event.time and str(event.time),
            "amount": event.amount_usd,
            "confirmed": event.confirmed,
        }
        for event in events
    ]
