"""What the trader typed about an UNKNOWN order."""

from __future__ import annotations

import re
from decimal import Decimal

from vst_desktop.domain.errors import UserError
from vst_desktop.station.api import TradingApi

_FILLED = re.compile(r"(\d{1,6})\s*(?:@|x|at)\s*(\d{1,6}(?:\.\d{1,6})?)", re.IGNORECASE)


async def answer(trading: TradingApi, intent_id: str, typed: str) -> None:
    """Hand the answer over: ``ABSENT``, or ``2 @ 2.66`` for two spreads filled at that price.

    Raises:
        UserError: It is neither, or the broker's book contradicts it.
    """
    text = typed.strip()
    if text.upper() == "ABSENT":
        await trading.disown(intent_id)
        return
    filled = _FILLED.fullmatch(text)
    if filled is None:
        raise UserError(
            f"{text!r} is no answer", remedy="type ABSENT, or a number and a price as 2 @ 2.66"
        )
    await trading.adopt(intent_id, int(filled[1]), Decimal(filled[2]))
