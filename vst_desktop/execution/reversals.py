"""Spreads that were closed twice: by the station, and by a hand in the same moment.

Between the last look at the broker's positions and the arrival of a closing order a hand may sell
the same spread; then the account stands on the other side. No client can rule that out, so it is
looked for after every close and told.
"""

from __future__ import annotations

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.spreads import VerticalSpread
from vst_desktop.execution.ledger import Ledger
from vst_desktop.execution.services import Services
from vst_desktop.ports.broker import BrokerBook
from vst_desktop.runtime.calendar import trading_day


class Reversals:
    """Finds them in the broker's book; each quantity is told once."""

    def __init__(self, services: Services, ledger: Ledger) -> None:
        self._services = services
        self._ledger = ledger
        self._told: dict[VerticalSpread, int] = {}

    def closed_today(self) -> set[tuple[VerticalSpread, str]]:
        """Spreads that were closed this session and are not held again, with their account."""
        today = trading_day(self._services.clock.now())
        every = self._ledger.positions(open_only=False)
        held = {one.spread for one in every if one.closed_at is None}
        return {
            (one.spread, one.account)
            for one in every
            if one.closed_at is not None
            and trading_day(one.closed_at) == today
            and one.spread not in held
        }

    def look(self, book: BrokerBook) -> None:
        """Tell of closed spreads whose legs the broker holds the other way round."""
        for spread, account in self.closed_today():
            held = {
                one.con_id: int(one.quantity) for one in book.positions if one.account == account
            }
            quantity = min(-held.get(spread.long.con_id, 0), held.get(spread.short.con_id, 0))
            if quantity > 0 and self._told.get(spread) != quantity:
                self._told[spread] = quantity
                self._services.alert(
                    Severity.CRITICAL,
                    f"Trade ERROR: {spread.symbol} was closed twice",
                    f"the account stands on the other side of {spread.label()} with {quantity}: "
                    f"buy the spread back {quantity} times in TWS",
                )
