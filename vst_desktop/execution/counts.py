"""How many messages the session's orders took: brokers hold many of them against few trades."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from vst_desktop.ports.store import IntentRecord
from vst_desktop.runtime.calendar import trading_day


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCounts:
    """Orders of one session: sent, changed in price, asked to be cancelled, executed at least in
    part."""

    submits: int
    revisions: int
    cancels: int
    executed: int

    @property
    def efficiency(self) -> float:
        """(submits + revisions + cancels) / (executed + 1): the order efficiency ratio by which
        IBKR judges clients; it asks for explanations above 20."""
        return (self.submits + self.revisions + self.cancels) / (self.executed + 1)


def order_counts(intents: Iterable[IntentRecord], session: date) -> OrderCounts:
    """Count what was sent on one session's day."""
    sent = [i for i in intents if i.sent_at is not None and trading_day(i.sent_at) == session]
    return OrderCounts(
        submits=len(sent),
        revisions=sum(i.revisions for i in sent),
        cancels=sum(i.cancels for i in sent),
        executed=sum(i.filled > 0 for i in sent),
    )
