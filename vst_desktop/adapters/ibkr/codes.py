"""What TWS's codes mean to us: one table, never the text, which may be translated."""

from __future__ import annotations

from enum import Enum, auto


class Kind(Enum):
    """What a code says."""

    NOTE = auto()
    """Nothing to act on: farm status, order notes; the order stays alive."""
    LOST = auto()
    RESTORED = auto()
    REJECTED = auto()
    """An order is dead, or was never accepted."""
    CANCELLED = auto()
    REQUEST = auto()
    """A request failed; its caller is told."""


_KINDS: dict[int, Kind] = {
    1100: Kind.LOST,
    2110: Kind.LOST,
    1101: Kind.RESTORED,
    1102: Kind.RESTORED,
    202: Kind.CANCELLED,
    10147: Kind.CANCELLED,
    10148: Kind.NOTE,
    **dict.fromkeys((399, 404, 10349, 10311, 10167, 165, 492), Kind.NOTE),
    **dict.fromkeys(
        (103, 104, 105, 109, 110, 135, 136, 161, 201, 203, 320, 321, 325, 383, 387, 388, 434, 435,
         436, 451, 10058, 10243, 10268, 10274),
        Kind.REJECTED,
    ),
}  # fmt: skip

_REMEDIES: dict[int, str] = {
    103: "restart the station: its order ids are behind the broker's",
    110: "the price is off the combo's tick",
    162: "ask again later, or check the market data subscription",
    200: "check the symbol",
    201: "see the broker's reason; nothing is working",
    321: "check Configure > API > Settings: 'Read-Only API' must be off",
    326: "close the other program, or set broker.client_id to another number",
    354: "subscribe to the market data in Account Management",
    435: "set broker.account",
}


def kind_of(code: int) -> Kind:
    """What the code says; unknown ones concern their request."""
    if 2100 <= code <= 2199 and code not in _KINDS:
        return Kind.NOTE
    return _KINDS.get(code, Kind.REQUEST)


def remedy_of(code: int) -> str | None:
    """What the user can do about it, if anything is known."""
    return _REMEDIES.get(code)
