"""What the account holds beside the station's own positions: bought by hand, or by others."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from vst_desktop.domain.account import BrokerPosition
from vst_desktop.ports.store import PositionRecord

SHOWN = 8


class ForeignHoldings:
    """Follows the broker's positions, contract by contract."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, int], BrokerPosition] = {}

    def hear(self, position: BrokerPosition) -> None:
        """Take the broker's newest word on one contract."""
        self._told[position.account, position.con_id] = position

    def held(self, account: str | None, own: Iterable[PositionRecord]) -> tuple[str, ...]:
        """Each contract that the account holds more or less of than the station's positions
        explain: ``MSFT 100 shares``, ``AAPL -2 × 170 C 29 Dec``; the last line counts the rest."""
        explained: dict[int, int] = {}
        for position in own:
            for leg, sign in ((position.spread.long, 1), (position.spread.short, -1)):
                explained[leg.con_id] = explained.get(leg.con_id, 0) + sign * position.quantity
        found = []
        for told in self._told.values():
            beside = told.quantity - explained.get(told.con_id, 0)
            if told.account == account and beside:
                found.append(_line(told, beside))
        found.sort()
        more = len(found) - SHOWN
        return (*found[:SHOWN], f"and {more} more") if more > 0 else tuple(found)


def _line(told: BrokerPosition, beside: Decimal) -> str:
    count = f"{beside.normalize():f}"
    option = told.option
    if option is None:
        return f"{told.symbol} {count} shares"
    return (
        f"{told.symbol} {count} × {option.strike.normalize():f} {option.right} "
        f"{option.expiration:%d %b}"
    )
