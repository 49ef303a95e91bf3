"""Codes and sentences of message 4: one channel for errors, warnings and notices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

NO_ID = -1
"""The request id of notices that belong to no request."""

TOO_FAST = 100
MAX_TICKERS = 101
DUPLICATE_ORDER_ID = 103
MODIFY_FILLED = 104
MODIFY_MISMATCH = 105
BAD_TICK = 110
HISTORICAL_DATA = 162
NO_DEFINITION = 200
ORDER_REJECTED = 201
ORDER_CANCELLED = 202
NO_SUCH_REQUEST = 300
READ_FAILED = 320
VALIDATION = 321
PROCESSING = 322
CLIENT_ID_IN_USE = 326
NOT_SUBSCRIBED = 354
NO_SUCH_HISTORY = 366
UNSUPPORTED_ORDER_TYPE = 387
ORDER_MESSAGE = 399
INVALID_REALTIME = 420
ZERO_SIZE = 434
ACCOUNT_REQUIRED = 435
LEG_PRICES = 10058
SUBSCRIPTION_NEEDED = 10089
MAX_TICK_LINES = 10190
CANCEL_UNKNOWN = 10147
CANCEL_TERMINAL = 10148
DELAYED_INSTEAD = 10167
DELAYED_NOT_ENABLED = 10168
COMPETING_SESSION = 10197
FRACTIONAL_SIZE = 10243
OUTDATED_ATTRIBUTE = 10268
OUTSIDE_RTH_IGNORED = 2109

FARM_NOTICES = (
    (2104, "Market data farm connection is OK:usfarm"),
    (2104, "Market data farm connection is OK:usopt"),
    (2106, "HMDS data farm connection is OK:ushmds"),
    (2158, "Sec-def data farm connection is OK:secdefil"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message 4 about a request or an order."""

    code: int
    text: str


class Refusal(Exception):
    """The simulator refuses a request, as TWS would, with a code and a sentence."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.text = text


def invalid(cause: str) -> str:
    """Text of a validation failure."""
    return f"Error validating request.-'bN' : cause - {cause}"


def bag_details() -> str:
    """Text for contract details of a combination."""
    return invalid("'BAG' isn't supported for contract data request.")


def no_definition() -> str:
    """Text for a contract that nothing fits."""
    return "No security definition has been found for the request"


def ambiguous(name: str) -> str:
    """Text for a contract that several instruments fit."""
    return f"The contract description specified for {name} is ambiguous."


def no_history(cause: str) -> str:
    """Text for bars that cannot be given."""
    return f"Historical Market Data Service error message:{cause}"


def rejected(reason: str) -> str:
    """Text for an order that the broker does not take."""
    return f"Order rejected - reason:{reason}"


def waits_for_open(summary: str, opens_eastern: datetime | None) -> str:
    """Text for an order that is kept until the next session."""
    when = f"{opens_eastern:%Y-%m-%d %H:%M:%S} US/Eastern" if opens_eastern else "the next session"
    return (
        f"Order Message:\n{summary}\nWarning: your order will not be placed at the exchange "
        f"until {when}"
    )
