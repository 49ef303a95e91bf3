"""What the trader's events file refuses at an entry (SPEC 5: ``earnings_policy``)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from vst_desktop.backtest.listing import as_date
from vst_desktop.domain.events import EventBook
from vst_desktop.domain.spreads import VerticalSpread
from vst_desktop.options.events import EventRules, judge
from vst_desktop.strategy.exit import exit_day


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """A file's events under the policies; a file is a present one, and so knows its future."""

    book: EventBook
    rules: EventRules
    min_days_to_exit: int
    is_session: Callable[[date], bool]

    def denies(self, spread: VerticalSpread, day: int) -> bool:
        """Whether the policies refuse the spread bought on that day."""
        known = bool(self.book.of(spread.symbol).events)
        if not known and self.rules.unknown_event_policy != "block":
            return False
        exit_by = exit_day(spread.expiration, None, self.min_days_to_exit, self.is_session)
        verdict = judge(
            self.book.of(spread.symbol), spread, self.rules, today=as_date(day), exit_by=exit_by
        )
        return verdict.denied is not None


NOTHING_KNOWN = Events(
    book=EventBook(),
    rules=EventRules(earnings_policy="allow", unknown_event_policy="allow"),
    min_days_to_exit=0,
    is_session=lambda day: True,
)
