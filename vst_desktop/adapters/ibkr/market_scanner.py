"""Stocks by TWS's market scanner, at most fifty a list, so several lists are joined."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from vst_desktop.adapters.ibkr import convert
from vst_desktop.adapters.ibkr.library import ScannerSubscription, TagValue
from vst_desktop.adapters.ibkr.session import Session
from vst_desktop.ports.broker import MarketScan, MarketScanResult

LISTS = ("MOST_ACTIVE_USD", "MOST_ACTIVE", "HOT_BY_VOLUME", "TOP_PERC_GAIN", "TOP_PERC_LOSE")
_ROWS = 50
_MILLION = 1e6


async def market_scan(session: Session, wanted: MarketScan) -> MarketScanResult:
    """The stocks of all lists that pass, in the order of the lists.

    TWS leaves out what it knows no market capitalisation of without a word; asking once more
    without that filter tells which those are.

    Raises:
        UserError: TWS refused a scan.
        TimeoutError: No answer in time.
    """
    traded = [TagValue("avgVolumeAbove", f"{wanted.min_volume:.0f}")]
    large = [TagValue("marketCapAbove1e6", f"{wanted.min_market_cap_usd / _MILLION:.0f}")]
    symbols = await _lists(session, wanted, traded + large)
    found = set(symbols)
    anyway = await _lists(session, wanted, traded)
    why = f"market capitalisation unknown, or below {wanted.min_market_cap_usd:,.0f} USD"
    return MarketScanResult(
        symbols=symbols,
        excluded=tuple((symbol, why) for symbol in anyway if symbol not in found),
    )


async def _lists(
    session: Session, wanted: MarketScan, filters: Sequence[TagValue]
) -> tuple[str, ...]:
    answers = await asyncio.gather(*(_list(session, code, wanted, filters) for code in LISTS))
    return tuple(dict.fromkeys(symbol for answer in answers for symbol in answer))


async def _list(
    session: Session, code: str, wanted: MarketScan, filters: Sequence[TagValue]
) -> list[str]:
    subscription = ScannerSubscription(
        numberOfRows=_ROWS,
        instrument="STK",
        locationCode="STK.US.MAJOR",
        scanCode=code,
        abovePrice=wanted.min_price_usd,
    )
    rows = await session.answer(
        lambda: session.ib.reqScannerDataAsync(subscription, [], list(filters)),
        f"the market scanner's list {code}",
    )
    stocks = (row.contractDetails.contract for row in rows)
    return [convert.own_symbol(one.symbol) for one in stocks if one and one.secType == "STK"]
