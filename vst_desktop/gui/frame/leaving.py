"""What the trader must know before the window is left: what stays alive, what does not happen."""

from __future__ import annotations

from collections.abc import Iterable

from vst_desktop.domain.orders import Mode, OrderState
from vst_desktop.station.view import StationView

_WAITING = (OrderState.APPROVED, OrderState.QUEUED, OrderState.HELD)
_AT_BROKER = (
    OrderState.INTENT,
    OrderState.SENDING,
    OrderState.ACKNOWLEDGED,
    OrderState.WORKING,
    OrderState.PARTIALLY_FILLED,
)
_NAMED = 4


def what_stays(view: StationView) -> tuple[str, ...]:
    """Sentences about orders and positions, the most pressing first; none when leaving is safe.

    The positions of a demo end with its simulator: they keep nobody.
    """
    said = []
    unknown = [o.symbol for o in view.orders if o.state is OrderState.UNKNOWN]
    working = [o.symbol for o in view.orders if o.state in _AT_BROKER]
    waiting = [o.symbol for o in view.orders if o.state in _WAITING]
    held = [p.symbol for p in view.positions] if view.strip.mode is not Mode.DEMO else []
    if unknown:
        said.append(f"{_count(unknown, 'order')} UNKNOWN: {_names(unknown)}. Look in TWS.")
    if working:
        said.append(
            f"{_count(working, 'order')} at the broker: {_names(working)}. They stay there, "
            "can fill, and nobody walks their price."
        )
    if held:
        said.append(
            f"{_count(held, 'position')} held: {_names(held)}. Stops, targets and time exits are "
            "the station's: while it is closed nothing watches them."
        )
    if waiting:
        said.append(
            f"{_count(waiting, 'approval')} waiting: {_names(waiting)}. They are not sent while "
            "the station is closed; after a restart they are held until you release them."
        )
    return tuple(said)


def _count(of: list[str], noun: str) -> str:
    return f"{len(of)} {noun}{'s' if len(of) > 1 else ''}"


def _names(symbols: Iterable[str]) -> str:
    distinct = list(dict.fromkeys(symbols))
    more = len(distinct) - _NAMED
    return ", ".join(distinct[:_NAMED]) + (f" and {more} more" if more > 0 else "")
