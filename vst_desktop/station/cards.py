"""The leave-behind card: what must be known of a position when the station is gone (SPEC 13)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from vst_desktop.domain.quotes import OptionContract
from vst_desktop.station.holdings import close_at

if TYPE_CHECKING:
    from vst_desktop.ports.store import PositionRecord
    from vst_desktop.station.station import Station

_RIGHTS = {"C": "CALL", "P": "PUT"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One position's card."""

    title: str
    text: str


def leave_behind(station: Station) -> tuple[Card, ...]:
    """A card for each open position."""
    return tuple(_card(station, position) for position in station.desk.positions())


def leg_text(contract: OptionContract) -> str:
    """A leg as TWS shows it: ``DIS Dec29'23 104 CALL``."""
    strike = f"{contract.strike.normalize():f}"
    return f"{contract.symbol} {contract.expiration:%b%d'%y} {strike} {_RIGHTS[contract.right]}"


def _card(station: Station, position: PositionRecord) -> Card:
    spread, plan = position.spread, position.plan
    closing = close_at(station, spread)
    if closing is None or closing <= 0:
        close = f"no price now; it cost {position.average_debit:.2f}"
    else:
        close = f"{closing.quantize(Decimal('0.01'))}"
    target = f"{plan.target:.2f}" if plan.target is not None else "none in reach"
    above = "below" if spread.direction.sign > 0 else "above"
    return Card(
        title=f"Left behind: {spread.symbol} {spread.label()} x{position.quantity}",
        text="\n".join(
            (
                f"+{position.quantity} {leg_text(spread.long)}",
                f"-{position.quantity} {leg_text(spread.short)}",
                f"account {position.account}",
                f"close when {spread.symbol} is {above} {plan.stop:.2f}, target {target}",
                f"closing limit: SELL the combo at {close}",
                f"out by {plan.exit_by:%d %b %Y}; expires {spread.expiration:%d %b %Y}",
            )
        ),
    )
