"""The option chain around the selected spread."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from vst_desktop.domain.quotes import OptionQuote
from vst_desktop.domain.spreads import Candidate
from vst_desktop.station.charts import age_secs
from vst_desktop.station.desk_view import ChainRow, ChainView

if TYPE_CHECKING:
    from vst_desktop.station.station import Station

AROUND = 7
"""Quoted strikes beyond each leg."""


def chain_view(station: Station, candidate: Candidate | None) -> ChainView | None:
    """Quotes of the stream where there are any, else as the chain was loaded."""
    if candidate is None:
        return None
    chain = station.research.findings.chains.get(candidate.candidate_id)
    if chain is None:
        return None
    spread = candidate.ranked.spread
    listed = sorted(
        (
            q
            for q in chain.quotes
            if (q.contract.expiration, q.contract.right) == (spread.expiration, spread.right)
            and q.quote is not None
        ),
        key=lambda q: q.contract.strike,
    )
    strikes = [q.contract.strike for q in listed]
    places = [bisect_left(strikes, leg.strike) for leg in (spread.long, spread.short)]
    shown = listed[max(0, min(places) - AROUND) : max(places) + AROUND + 1]
    legs = {spread.long.con_id: "LONG", spread.short.con_id: "SHORT"}
    return ChainView(
        symbol=chain.symbol,
        expiration=spread.expiration,
        rows=tuple(_row(station, q, legs.get(q.contract.con_id, "")) for q in shown),
        source=chain.source,
    )


def _row(station: Station, loaded: OptionQuote, leg: str) -> ChainRow:
    one = station.options.get(loaded.contract.con_id, loaded)
    quote, mid = one.quote, one.quote.mid if one.quote is not None else None
    wide = None
    if quote is not None and mid and quote.bid is not None and quote.ask is not None:
        wide = (quote.ask - quote.bid) / mid
    return ChainRow(
        con_id=one.contract.con_id,
        strike=one.contract.strike,
        right=str(one.contract.right),
        bid=quote.bid if quote is not None else None,
        ask=quote.ask if quote is not None else None,
        mid=mid,
        width_pct=wide,
        implied_volatility=one.implied_volatility,
        delta=one.delta,
        theta=one.theta,
        vega=one.vega,
        open_interest=one.open_interest if one.open_interest is not None else loaded.open_interest,
        volume=one.volume,
        quoted_secs=None if quote is None else age_secs(quote.time, station.engines.clock.now()),
        leg=leg,
    )
