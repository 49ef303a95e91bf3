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
    """An order was not accepted, or a change of it was not."""
    UNCHANGED = auto()
    """A change or cancel was refused because of the order's state, which stays as it is."""
    CANCELLED = auto()
    REQUEST = auto()
    """A request failed; its caller is told."""


_KINDS: dict[int, Kind] = {
    1100: Kind.LOST,
    2110: Kind.LOST,
    1101: Kind.RESTORED,
    1102: Kind.RESTORED,
    202: Kind.CANCELLED,
    **dict.fromkeys((165, 399, 404, 492, 10090, 10167, 10311, 10349), Kind.NOTE),
    **dict.fromkeys((104, 105, 135, 136, 161, 10147, 10148), Kind.UNCHANGED),
    **dict.fromkeys(
        (103, 106, 107, 109, 110, 111, 113, 115, 116, 117, 118, 120, 121, 122, 129, 131, 132, 133,
         134, 140, 144, 147, 148, 151, 152, 153, 157, 158, 159, 160, 201, 203, 302, 309, 311, 312,
         313, 314, 315, 320, 321, 325, 328, 329, 335, 336, 337, 338, 339, 340, 341, 342, 343, 344,
         345, 346, 347, 349, 350, 351, 352, 353, 355, 356, 357, 358, 359, 360, 361, 362, 363, 364,
         367, 368, 369, 370, 371, 372, 373, 374, 375, 376, 377, 378, 379, 380, 382, 383, 387, 388,
         389, 391, 392, 393, 394, 395, 396, 397, 398, 400, 401, 402, 403, 405, 406, 407, 408, 409,
         410, 411, 412, 413, 414, 415, 416, 417, 418, 422, 423, 424, 425, 426, 427, 428, 434, 435,
         436, 437, 438, 440, 441, 442, 443, 444, 445, 446, 447, 448, 449, 451, 460, 461, 10026,
         10043, 10058, 10243, 10268, 10274),
        Kind.REJECTED,
    ),
}  # fmt: skip

_REMEDIES: dict[int, str] = {
    103: "restart the station: its order ids are behind the broker's",
    110: "the price is off the combo's tick",
    162: "ask again later, or check the market data subscription",
    200: "check the symbol",
    201: "see the broker's reason; nothing is working",
    203: "this account may not trade the instrument: check its trading permissions",
    321: "check Configure > API > Settings: 'Read-Only API' must be off",
    326: "close the other program, or set broker.client_id to another number",
    354: "subscribe to the market data in Account Management",
    383: "raise the size limit in the TWS presets, or trade fewer contracts",
    435: "set broker.account",
    10197: "another session of the same user has the market data: log it out",
}


def kind_of(code: int) -> Kind:
    """What the code says; unknown ones concern their request."""
    if 2100 <= code <= 2199 and code not in _KINDS:
        return Kind.NOTE
    return _KINDS.get(code, Kind.REQUEST)


def remedy_of(code: int) -> str | None:
    """What the user can do about it, if anything is known."""
    return _REMEDIES.get(code)
