"""What TWS's codes mean to us: one table, never the text, which may be translated."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a code says."""

    NOTE = "note"
    """Nothing to act on: the order or line it names stays alive."""
    FARM_OK = "farm connected"
    FARM_DOWN = "farm lost"
    LOST = "TWS lost its servers"
    RESTORED = "TWS has its servers again"
    REJECTED = "order refused"
    """An order was not accepted, or a change of it was not."""
    UNCHANGED = "change refused"
    """A change or cancel was refused because of the order's state, which stays as it is."""
    CANCELLED = "order cancelled"
    REQUEST = "request refused"
    """A request failed; its caller is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A code in our words; ``remedy`` None: nothing for the user to do."""

    number: int
    kind: Kind
    sentence: str
    remedy: str | None = None


_SETTINGS = "File > Global Configuration > API > Settings"
_PRECAUTIONS = "File > Global Configuration > API > Precautions"
_PRESETS = "File > Global Configuration > Presets > Options"
_SUBSCRIBE = (
    "Client Portal > Settings > Account Settings > Market Data Subscriptions: subscribe to US "
    "stocks and OPRA"
)
_PERMISSION = "Client Portal > Settings > Account Settings > Trading Permissions: ask for options"
_REPORT = "please report it with the log: the station should not have sent this"

_ROWS: dict[Kind, dict[int, tuple[str, str | None]]] = {
    Kind.NOTE: {
        165: ("the market scanner finds nothing", "widen the filters of the group universe"),
        399: ("TWS took the order with a remark", None),
        404: ("shares must be located before the order works", None),
        492: ("bars are shorter than asked for", None),
        2107: ("the history farm sleeps until it is asked", None),
        2108: ("a market data farm sleeps until it is asked", None),
        2109: ("the order works in regular hours only", None),
        2174: ("a time was sent without its zone", _REPORT),
        10090: ("part of the requested data is not subscribed", _SUBSCRIBE),
        10167: ("delayed data is shown: live data is not subscribed", _SUBSCRIBE),
        10311: ("a direct route may cost a fee", None),
        10349: ("a preset of TWS changed the order's time in force", f"{_PRESETS}: set TIF to DAY"),
    },
    Kind.FARM_OK: {
        2104: ("a market data farm is connected", None),
        2106: ("a history farm is connected", None),
        2158: ("the contract data farm is connected", None),
    },
    Kind.FARM_DOWN: {
        2103: ("a market data farm is lost; TWS reconnects by itself", None),
        2105: ("a history farm is lost; TWS reconnects by itself", None),
        2157: ("the contract data farm is lost; TWS reconnects by itself", None),
    },
    Kind.LOST: {
        1100: ("TWS lost its servers", "wait; check the internet connection if it lasts"),
        2110: ("TWS lost its servers", "wait; check the internet connection if it lasts"),
    },
    Kind.RESTORED: {
        1101: ("TWS has its servers again; market data was lost", None),
        1102: ("TWS has its servers again; market data was kept", None),
    },
    Kind.CANCELLED: {202: ("the order is cancelled", None)},
    Kind.UNCHANGED: {
        104: ("the order is filled and cannot be changed", None),
        105: ("the change is of another order", _REPORT),
        135: ("TWS knows no order of this id", None),
        136: ("the order is not one of this client", "use the client id it was placed with"),
        161: ("the order cannot be cancelled in its state", None),
        10147: ("the order to cancel is not there", None),
        10148: ("the order cannot be cancelled in its state", None),
    },
    Kind.REJECTED: {
        103: ("the order id was used before", "restart the station: its ids are behind TWS's"),
        109: (
            "the price is further from the market than TWS allows",
            f"{_PRESETS}: raise the percentage of precaution, or mend the price",
        ),
        110: ("the price is off the combo's tick", "round the limit to the tick shown"),
        201: ("the order was rejected", "see the broker's reason; nothing is working"),
        203: ("this account may not trade the instrument", _PERMISSION),
        320: ("TWS could not read the order", _REPORT),
        321: ("TWS refused the request", f"{_SETTINGS}: untick 'Read-Only API'"),
        328: ("the trailing order is of no use here", _REPORT),
        382: ("the price breaks a precaution of TWS", f"{_PRECAUTIONS}: bypass for API orders"),
        383: (
            "the size is above the preset's limit",
            f"{_PRESETS}: raise the size limit, or trade fewer contracts",
        ),
        388: ("the size is below the exchange's minimum", "trade more contracts"),
        434: ("the size is not a positive whole number", _REPORT),
        435: ("no account is given", "set broker.account"),
        436: ("the account is not one of this login", "correct broker.account"),
        451: ("the order's value is above the preset's limit", f"{_PRESETS}: raise the limit"),
        10043: ("a leg of the combo is missing", _REPORT),
        10058: ("prices of single legs are not taken", _REPORT),
        10268: ("an attribute of the order is not supported", _REPORT),
        10274: ("an attribute of the order is not supported", _REPORT),
    },
    Kind.REQUEST: {
        100: ("more messages a second than TWS takes", "lower broker.messages_per_second"),
        101: (
            "all market data lines are taken",
            "close quotes in TWS windows, or buy a quote booster pack",
        ),
        162: ("history is not served", "ask again later, or check the market data subscription"),
        200: ("no such contract", "check the symbol"),
        300: ("TWS knows no such line", None),
        322: ("too many requests at once", "wait for the earlier ones"),
        326: ("the client id is in use", "close the other program, or change broker.client_id"),
        354: ("the market data is not subscribed", _SUBSCRIBE),
        366: ("the history request is not running any more", None),
        420: ("too many live bars", None),
        502: ("TWS does not listen", f"start TWS; {_SETTINGS}: enable socket clients"),
        504: ("TWS is not connected", "the station reconnects by itself"),
        10089: ("the market data wants another subscription", _SUBSCRIBE),
        10091: ("part of the market data wants another subscription", _SUBSCRIBE),
        10168: ("live data is not subscribed and delayed data is off", _SUBSCRIBE),
        10182: ("live bars ended: TWS lost their farm", "they are asked for again"),
        10186: ("the market data is not subscribed", _SUBSCRIBE),
        10197: (
            "another session of the same user has the market data",
            "log the other session out",
        ),
    },
}
# Refusals of an order's fields that this station does not use; they only need their kind.
_FIELDS_REFUSED = (
    106, 107, 111, 113, 115, 116, 117, 118, 120, 121, 122, 129, 131, 132, 133, 134, 140, 144, 147,
    148, 151, 152, 153, 157, 158, 159, 160, 302, 309, 311, 312, 313, 314, 315, 325, 329, 335, 336,
    337, 338, 339, 340, 341, 342, 343, 344, 345, 346, 347, 349, 350, 351, 352, 353, 355, 356, 357,
    358, 359, 360, 361, 362, 363, 364, 367, 368, 369, 370, 371, 372, 373, 374, 375, 376, 377, 378,
    379, 380, 387, 389, 391, 392, 393, 394, 395, 396, 397, 398, 400, 401, 402, 403, 405, 406, 407,
    408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 422, 423, 424, 425, 426, 427, 428, 437,
    438, 440, 441, 442, 443, 444, 445, 446, 447, 448, 449, 460, 461, 10026, 10243,
)  # fmt: skip

CODES: dict[int, Code] = {
    number: Code(
        number=number, kind=Kind.REJECTED, sentence="TWS refused the order", remedy=_REPORT
    )
    for number in _FIELDS_REFUSED
} | {
    number: Code(number=number, kind=kind, sentence=sentence, remedy=remedy)
    for kind, rows in _ROWS.items()
    for number, (sentence, remedy) in rows.items()
}
"""Every code that the station knows."""


def kind_of(code: int) -> Kind:
    """What the code says; unknown ones concern their request."""
    if code in CODES:
        return CODES[code].kind
    return Kind.NOTE if 2100 <= code <= 2199 else Kind.REQUEST


def remedy_of(code: int) -> str | None:
    """What the user can do about it, if anything is known."""
    return CODES[code].remedy if code in CODES else None


def in_words(code: int, text: str) -> str:
    """The code in our words, with TWS's own behind them."""
    ours = CODES[code].sentence if code in CODES else None
    return f"({code}): {ours}; TWS says: {text}" if ours else f"({code}): {text}"
