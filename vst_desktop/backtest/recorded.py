"""Recorded chains: spreads bought on them, and the model held against them.

A position bought on a recorded chain keeps its legs' implied volatilities as ratios to the model's
and is marked by the model from then on; on a later day with a chain of its symbol the recorded
quotes count. Strikes stand on the chain's own split basis: ``scale`` moves them to the bars'.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from vst_desktop.backtest.listing import as_date, as_day
from vst_desktop.backtest.panel import Floats, Ints, Panel
from vst_desktop.backtest.picking import Picks
from vst_desktop.backtest.pricing import Bought, Modelled, Worth
from vst_desktop.backtest.rules import LabRules
from vst_desktop.domain.money import price
from vst_desktop.domain.quotes import OptionChain, OptionQuote, Right
from vst_desktop.domain.signals import Direction
from vst_desktop.domain.spreads import RankedSpread
from vst_desktop.options.contracts import last_trading_day
from vst_desktop.options.pricing import DAYS_A_YEAR
from vst_desktop.options.rules import RULES
from vst_desktop.options.selection import select
from vst_desktop.runtime.calendar import trading_day

Key = tuple[int, int]
Leg = tuple[Right, int, Decimal]
_BINS = ((-np.inf, -1.0, "below −1 sd"), (-1.0, 1.0, "within 1 sd"), (1.0, np.inf, "above 1 sd"))
_TERMS = ((7, 29), (30, 45), (46, 120))


@dataclass(frozen=True, kw_only=True, eq=False)
class Recorded:
    """Spreads of recorded chains; on a day without one of its symbol a signal buys nothing."""

    panel: Panel
    rules: LabRules
    chains: tuple[OptionChain, ...]
    name: str = "recorded"
    listed: bool = True
    _by_row: dict[int, OptionChain] = field(init=False, repr=False, default_factory=dict)
    _quotes: dict[int, dict[Leg, OptionQuote]] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        for chain in self.chains:
            row = row_of(self.panel, chain)
            if row is not None:
                self._by_row[row] = chain
                self._quotes[row] = {
                    (q.contract.right, _last_day(q), q.contract.strike): q for q in chain.quotes
                }

    def picks(self, day: int, rows: Ints, signs: Ints) -> Picks:
        """The first spread of ``select`` on each bar's chain."""
        found: list[tuple[int, int, OptionChain, RankedSpread]] = []
        rejected = np.zeros(len(RULES), dtype=np.int64)
        for unit, (row, sign) in enumerate(zip(rows.tolist(), signs.tolist(), strict=True)):
            chain = self._by_row.get(row)
            if chain is None:
                continue
            selection = select(
                chain,
                Direction.LONG if sign > 0 else Direction.SHORT,
                self.rules.selection,
                now=chain.time,
                today=as_date(day),
                check_age=False,
            )
            for name, count in selection.rejected.items():
                rejected[RULES.index(name)] += count
            if selection.spreads:
                found.append((unit, row, chain, selection.spreads[0]))
        return self._as_picks(found, rejected)

    def _as_picks(
        self, found: Sequence[tuple[int, int, OptionChain, RankedSpread]], rejected: Ints
    ) -> Picks:
        def column(values: list[Any]) -> Any:
            return np.array(values, dtype=np.float64)

        spreads = [ranked for _, _, _, ranked in found]
        row = np.array([row for _, row, _, _ in found], dtype=np.int64)
        last = [last_trading_day(s.spread.long.last_trade or s.spread.expiration) for s in spreads]
        expiration = np.array([as_day(day) for day in last], dtype=np.int64)
        scale = column([chain.underlying for _, _, chain, _ in found]) / self.panel.close[row]
        long_strike = column([s.spread.long.strike for s in spreads])
        short_strike = column([s.spread.short.strike for s in spreads])
        return Picks(
            unit=np.array([unit for unit, _, _, _ in found], dtype=np.int64),
            expiration=expiration,
            dte=np.array([s.dte for s in spreads], dtype=np.int64),
            long_strike=long_strike,
            short_strike=short_strike,
            natural=column([s.market.natural for s in spreads]),
            close=column([s.market.close for s in spreads]),
            long_mid=column([s.long_mid for s in spreads]),
            short_mid=column([s.short_mid for s in spreads]),
            delta=column([s.delta for s in spreads]),
            reward_risk=column([s.reward_risk for s in spreads]),
            leg_cost=column([s.leg_cost for s in spreads]),
            scale=scale,
            long_ratio=self._ratio(
                row, expiration, long_strike / scale, [s.long_iv for s in spreads]
            ),
            short_ratio=self._ratio(
                row, expiration, short_strike / scale, [s.short_iv for s in spreads]
            ),
            rejected=rejected,
        )

    def _ratio(
        self, row: Ints, expiration: Ints, strike: Floats, implied: Sequence[float | None]
    ) -> Floats:
        """The recorded volatility over the model's; 1 where there is none."""
        model = model_volatility(self.panel, self.rules, row, expiration, strike)
        known = np.array([np.nan if iv is None else iv for iv in implied], dtype=np.float64)
        ratio = known / model
        return np.where(np.isfinite(ratio), ratio, 1.0)

    def worth(self, bought: Bought, rows: Ints, spot: Floats, known: Ints) -> Worth:
        """By the model at the recorded ratios; at a close with a chain by its quotes."""
        found = Modelled(panel=self.panel, rules=self.rules).worth(bought, rows, spot, known)
        columns = [found.natural, found.close, found.long_mid, found.short_mid]
        at_close = (rows == known) & np.isin(rows, list(self._by_row))
        for n, k in zip(*np.nonzero(at_close), strict=True):
            legs = self._legs(bought, int(n), int(rows[n, k]))
            if legs is not None:
                for column, value in zip(columns, legs, strict=True):
                    column[n, k] = value
        return found

    def _legs(self, bought: Bought, n: int, row: int) -> tuple[float, float, float, float] | None:
        right = Right.CALL if bought.sign[n] > 0 else Right.PUT
        chain = self._by_row[row]
        moved = chain.underlying / float(self.panel.close[row]) / float(bought.scale[n])
        quotes = []
        for strike in (bought.long_strike[n], bought.short_strike[n]):
            leg = (right, int(bought.expiration[n]), price(float(strike) * moved))
            listed = self._quotes[row].get(leg)
            quote = listed.quote if listed is not None else None
            if quote is None or quote.mid is None or quote.bid is None or quote.ask is None:
                return None
            quotes.append((quote.bid / moved, quote.ask / moved))
        (long_bid, long_ask), (short_bid, short_ask) = quotes
        width = float(bought.width[n])
        return (
            min(max(long_ask - short_bid, 0.0), width),
            min(max(long_bid - short_ask, 0.0), width),
            (long_bid + long_ask) / 2,
            (short_bid + short_ask) / 2,
        )


def row_of(panel: Panel, chain: OptionChain) -> int | None:
    """The bar of the chain's day; None when there is none."""
    if chain.symbol not in panel.symbols:
        return None
    run = panel.rows_of(panel.symbols.index(chain.symbol))
    day = as_day(trading_day(chain.time))
    place = int(np.searchsorted(panel.day[run], day))
    if place >= run.stop - run.start or panel.day[run][place] != day:
        return None
    return int(run.start) + place


def model_volatility(
    panel: Panel, rules: LabRules, row: Ints, expiration: Ints, strike: Floats
) -> Floats:
    """The model's volatility at these strikes (bars' basis)."""
    years = np.maximum(expiration - panel.day[row], 0) / DAYS_A_YEAR
    at_spot = rules.surface.at_spot(panel.variance_short[row], panel.variance_long[row], years)
    return rules.surface.at_strike(at_spot, np.log(strike / panel.close[row]), years)


def model_errors(
    panel: Panel, rules: LabRules, chains: Sequence[OptionChain]
) -> list[dict[str, Any]]:
    """The model's price less the recorded mid, by chain, right, term and moneyness.

    Out-of-the-money and near contracts tell of volatility; each with a two-sided quote counts.
    """
    found: list[dict[str, Any]] = []
    for chain in chains:
        row = row_of(panel, chain)
        if row is None or not np.isfinite(panel.variance_short[row]):
            continue
        for right in Right:
            found += _errors_of(panel, rules, chain, right, row)
    return found


def _errors_of(
    panel: Panel, rules: LabRules, chain: OptionChain, right: Right, row: int
) -> list[dict[str, Any]]:
    quotes = [
        q
        for q in chain.quotes
        if q.contract.right is right and q.quote is not None and q.quote.mid is not None
    ]
    mid = np.array([q.quote.mid for q in quotes if q.quote is not None], dtype=np.float64)
    strike = np.array([q.contract.strike for q in quotes], dtype=np.float64)
    expiration = np.array([_last_day(q) for q in quotes], dtype=np.int64)
    at = np.full(len(quotes), row, dtype=np.int64)
    scale = chain.underlying / float(panel.close[row])
    volatility = model_volatility(panel, rules, at, expiration, strike / scale)
    years = (expiration - panel.day[at]) / DAYS_A_YEAR
    moneyness = np.log(strike / chain.underlying)
    sign = np.full(len(quotes), 1.0 if right is Right.CALL else -1.0)
    spot = np.full(len(quotes), chain.underlying)
    model, _ = rules.surface.value(
        sign, spot, strike, moneyness, np.maximum(years, 1e-6), volatility
    )
    away = moneyness / (volatility * np.sqrt(np.maximum(years, 1 / DAYS_A_YEAR)))
    days = expiration - panel.day[at]
    found = []
    for least, most in _TERMS:
        for low, high, text in _BINS:
            here = (days >= least) & (days <= most) & (away >= low) & (away < high)
            here &= np.abs(away) <= 2
            if here.any():
                error = _error(right, (least, most), text, model[here], mid[here])
                found.append({"chain": chain.source} | error)
    return found


def _error(
    right: Right,
    term: tuple[int, int],
    moneyness: str,
    model: Floats,
    mid: npt.NDArray[np.float64],
) -> dict[str, Any]:
    error = model - mid
    return {
        "right": "calls" if right is Right.CALL else "puts",
        "days": f"{term[0]} to {term[1]}",
        "moneyness": moneyness,
        "contracts": len(mid),
        "bias_usd": round(float(error.mean()), 4),
        "mean_absolute_usd": round(float(np.abs(error).mean()), 4),
        "median_share": round(float(np.median(np.abs(error) / mid)), 4),
    }


def _last_day(quote: OptionQuote) -> int:
    contract = quote.contract
    return as_day(last_trading_day(contract.last_trade or contract.expiration))
