"""Signals in the order their chains are worth, each with what keeps its chain from being loaded."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from vst_desktop.domain.bars import BarSeries
from vst_desktop.domain.signals import Signal
from vst_desktop.domain.spreads import Candidate
from vst_desktop.options.affordability import cheapest_spread_usd
from vst_desktop.options.rules import SelectionRules
from vst_desktop.runtime.settings import UniverseSettings
from vst_desktop.station.odds import FEWEST_PLAYS

VOLUME_SESSIONS = 20
LOAD_CHAIN = "load chain"
"""What is said of a signal whose chain could be loaded and is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turnover:
    """What was traded in a session, on the average of the last 20 whole bars."""

    shares: float
    dollars: float


def turnover(bars: BarSeries) -> Turnover:
    """Of the bars there are when they are fewer than 20; a forming bar does not count."""
    whole = bars.whole()
    volume, close = whole.volume[-VOLUME_SESSIONS:], whole.close[-VOLUME_SESSIONS:]
    count = max(len(volume), 1)
    dollars = sum(v * c for v, c in zip(volume, close, strict=True))
    return Turnover(shares=sum(volume) / count, dollars=dollars / count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Says which signals' chains may be loaded (SPEC 4).

    Args:
        universe: The filters: price, and 20-day average volume.
        rules: What a spread has to pass.
        oldest: The session before which a signal's bar is old.
    """

    universe: UniverseSettings
    rules: SelectionRules
    oldest: date

    def state(self, signal: Signal, bars: BarSeries) -> str:
        """``load chain``, or why that is not worth it."""
        shares, limits = turnover(bars).shares, self.universe
        if signal.date < self.oldest:
            return f"old bar {signal.date:%d %b %Y}"
        if signal.close < limits.min_price:
            return f"price {signal.close:,.2f} < {limits.min_price:,g} USD"
        if shares < limits.min_volume:
            return f"volume {shares:,.0f} < {limits.min_volume:,.0f}"
        needs = cheapest_spread_usd(bars, self.rules)
        if needs is not None and needs > self.rules.max_spread_cost:
            return f"needs about {needs:,.0f} USD"
        return LOAD_CHAIN


def by_turnover(signals: Sequence[Signal], bars: Mapping[str, BarSeries]) -> list[Signal]:
    """Signals by their symbols' 20-day average dollar volume, most first."""
    dollars = {symbol: turnover(bars[symbol]).dollars for symbol in {s.symbol for s in signals}}
    return sorted(signals, key=lambda s: (-dollars[s.symbol], s.symbol, s.strategy))


def next_chain(
    signals: Sequence[Signal],
    states: Mapping[str, str],
    *,
    held: Collection[str],
    opened: Sequence[str],
) -> str | None:
    """The symbol whose chain is loaded next; None when all are that may be.

    Symbols of positions come first, then those the trader opened, the latest first, then the
    others as the signals stand.
    """
    ready = dict.fromkeys(s.symbol for s in signals if states[s.symbol] == LOAD_CHAIN)
    latest = {symbol: place for place, symbol in enumerate(opened)}
    return min(ready, key=lambda s: (s not in held, -latest.get(s, -1)), default=None)


def standing(candidate: Candidate, rank_by: str) -> tuple[Any, ...]:
    """Where a candidate stands among those of other symbols: ascending, a total order (SPEC 5).

    Recorded chains go before modelled ones. ``plan_value`` goes by the odds in the symbol's own
    past when they rest on 30 plays, else by those of implied prices.
    """
    ranked = candidate.ranked
    first: float = -ranked.reward_risk
    if rank_by == "balanced":
        # In exact steps of 0.1, as within one chain.
        first = -float(10 * (ranked.spread.width - ranked.debit) // ranked.debit)
    elif rank_by == "plan_value":
        enough = [o for o in candidate.odds if o.plays >= FEWEST_PLAYS]
        first = -enough[-1].mean_per_risk if enough else math.inf
    return (
        not candidate.recorded,
        first,
        ranked.leg_cost,
        -(ranked.open_interest or 0),
        ranked.debit,
        candidate.candidate_id,
    )
