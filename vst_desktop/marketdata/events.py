"""What is known of earnings and dividends: the trader's file, and the broker's dividends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.events import CorporateEvent, EventBook, EventKind, SymbolEvents
from vst_desktop.domain.spreads import VerticalSpread
from vst_desktop.options.early_exercise import CashDividends
from vst_desktop.options.events import (
    EventRules,
    EventVerdict,
    cash_dividends,
    judge,
    next_dividend,
)
from vst_desktop.ports.clock import Clock
from vst_desktop.ports.events import DividendSource, EventSource
from vst_desktop.runtime.calendar import trading_day

_LINES_SHOWN = 5

Alert = Callable[[Severity, str, str], None]


async def no_file() -> EventBook:
    """A trader without an events file: nothing is known."""
    return EventBook()


class Events:
    """Answers as of now. The broker's dividend goes before the file's (SPEC 9).

    Args:
        source: The trader's file.
        dividend: What the broker told.
        clock: The station's time.
    """

    def __init__(self, source: EventSource, dividend: DividendSource, clock: Clock) -> None:
        self._source = source
        self._dividend = dividend
        self._clock = clock
        self._book = EventBook()
        self._told: str | None = None

    async def refresh(self, alert: Alert) -> None:
        """Read the file again. One that cannot be used is told, and the last one read stays."""
        try:
            self._book = await self._source()
        except UserError as error:
            self._tell(alert, "the events file cannot be used", str(error))
            return
        if errors := self._book.errors:
            more = len(errors) - _LINES_SHOWN
            shown = [*errors[:_LINES_SHOWN], *([f"and {more} more"] if more > 0 else [])]
            what = f"{len(errors)} entries of the events file cannot be read"
            self._tell(alert, what, "; ".join(shown))
        else:
            self._told = None

    def _tell(self, alert: Alert, what: str, details: str) -> None:
        """Once, until it changes: the file is read before every scan."""
        if details != self._told:
            self._told = details
            alert(Severity.WARNING, what, details)

    def of(self, symbol: str) -> SymbolEvents:
        """What is known of the symbol."""
        known, dividend = self._book.of(symbol), self._dividend(symbol)
        return known if dividend is None else known.with_dividend(dividend)

    def next_dividend(self, symbol: str) -> CorporateEvent | None:
        """The first ex-date after today; None when none is known."""
        return next_dividend(self.of(symbol), self._today())

    def verdict(self, spread: VerticalSpread, rules: EventRules, exit_by: date) -> EventVerdict:
        """The spread bought today and held to its time exit."""
        return judge(self.of(spread.symbol), spread, rules, today=self._today(), exit_by=exit_by)

    def dividends(self, symbol: str) -> CashDividends:
        """Those ahead, for the station's own Greeks."""
        return cash_dividends(self.of(symbol), self._clock.now())

    def next_of(self, symbol: str, kind: EventKind) -> str:
        """The next event in a word or two: ``7 Dec 0.84``, ``unknown``, or ``none``."""
        events, today = self.of(symbol), self._today()
        if not events.knows(kind, today):
            return "unknown"
        event = next((each for each in events.of(kind) if each.day >= today), None)
        if event is None:
            return "none"
        amount = "" if event.amount_usd is None else f" {event.amount_usd:.2f}"
        return f"{event.day.day} {event.day:%b}{amount}{'' if event.confirmed else ' est.'}"

    def _today(self) -> date:
        return trading_day(self._clock.now())
