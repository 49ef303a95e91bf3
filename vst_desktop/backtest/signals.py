"""The scanner's signals as the lab plays them: session by session, the most traded symbol first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vst_desktop.backtest.listing import as_day
from vst_desktop.backtest.panel import Floats, Ints, Panel
from vst_desktop.backtest.rules import LabRules, Span
from vst_desktop.options.contracts import STANDARD_MULTIPLIER
from vst_desktop.options.pricing import DAYS_A_YEAR, greeks
from vst_desktop.options.rules import SelectionRules
from vst_desktop.ports.scanner import SignalRows
from vst_desktop.strategy.registry import get_strategy

_TABLE = 48
_GRID = 61
_GRID_REACH = 3.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Signals:
    """Signals whose chains may be loaded, by day, then turnover, symbol and strategy.

    ``strategy`` indexes ``names``; ``stopped`` counts the others by what keeps them out.
    ``needed_usd``: what the cheapest spread inside the other limits would usually have cost, the
    cost of crossing apart; None where that is not known.
    """

    names: tuple[str, ...]
    row: Ints
    strategy: npt.NDArray[np.int8]
    sign: npt.NDArray[np.int8]
    day: Ints
    place: Ints
    """Of its symbol among those of its day, from 0."""
    needed: Floats
    """About what the cheapest spread inside the other limits costs, USD; 0 where unknown."""
    stopped: dict[str, int]
    needed_usd: float | None
    found: int

    def __len__(self) -> int:
        return len(self.row)


def signals(
    panel: Panel, rows: SignalRows, rules: LabRules, span: Span, *, by_cost: bool = True
) -> Signals:
    """The scanner's signals in the span, judged as a scan of the station judges them (SPEC 4).

    ``by_cost``: those on which every spread would be too dear are stopped.
    """
    row, bits = _matched(panel, rows, span)
    flags = [(bits >> k & 1).astype(np.bool_) for k in range(len(rows.names))]
    row_of = np.concatenate([row[flag] for flag in flags]) if flags else np.empty(0, np.int64)
    strategy = np.repeat(np.arange(len(flags), dtype=np.int8), [int(f.sum()) for f in flags])
    directions = [get_strategy(name).direction.sign for name in rows.names]
    sign = np.array(directions, dtype=np.int8)[strategy]
    needed = cheapest_usd(panel, row_of, rules) if by_cost else np.zeros(len(row_of))
    out = {
        "price": panel.close[row_of] < rules.min_price,
        "volume": panel.shares[row_of] < rules.min_volume,
        "history": ~np.isfinite(panel.variance_short[row_of] * panel.atr[row_of]),
        "cost": needed > rules.selection.max_spread_cost,
    }
    left, stopped = np.ones(len(row_of), dtype=np.bool_), {}
    for name, mask in out.items():
        refused = left & mask
        if refused.any():
            stopped[name] = int(refused.sum())
        left &= ~mask
    asked = needed[np.isfinite(needed) & ~out["price"] & ~out["volume"]] if by_cost else needed[:0]
    kept = np.flatnonzero(left)
    by_name = np.argsort(np.argsort(np.array(rows.names, dtype=object)))
    keys = (
        _narrow(by_name[strategy[kept]]),
        _narrow(panel.owner[row_of[kept]]),
        -panel.dollars[row_of[kept]],
        _narrow(panel.day[row_of[kept]]),
    )
    kept = kept[np.lexsort(keys)]
    return Signals(
        names=rows.names,
        row=row_of[kept],
        strategy=strategy[kept],
        sign=sign[kept],
        day=panel.day[row_of[kept]],
        place=_places(panel.day[row_of[kept]], panel.owner[row_of[kept]]),
        needed=np.nan_to_num(needed[kept]),
        stopped=stopped,
        needed_usd=float(np.median(asked)) if asked.size else None,
        found=len(row_of),
    )


def _narrow(values: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
    """The same order in 16 bits where they hold it: numpy sorts those by radix."""
    if not values.size or int(values.max()) - int(values.min()) > np.iinfo(np.int16).max:
        return values
    return np.asarray(values - values.min(), dtype=np.int16)


def _places(day: Ints, owner: npt.NDArray[np.int32]) -> Ints:
    if not day.size:
        return np.empty(0, dtype=np.int64)
    other_day = day[1:] != day[:-1]
    count = np.concatenate(([0], np.cumsum(other_day | (owner[1:] != owner[:-1]))))
    of_day = np.concatenate(([0], np.cumsum(other_day)))
    first = count[np.concatenate(([0], np.flatnonzero(other_day) + 1))]
    return np.asarray(count - first[of_day], dtype=np.int64)


def _matched(panel: Panel, rows: SignalRows, span: Span) -> tuple[Ints, Ints]:
    """The panel's row of each of the scanner's in the span, with its strategies."""
    place = {symbol: k for k, symbol in enumerate(panel.symbols)}
    own = np.array([place.get(symbol, -1) for symbol in rows.symbols], dtype=np.int64)
    symbol, day = own[rows.symbol], rows.day.astype(np.int64)
    wanted = (symbol >= 0) & (day >= as_day(span.start)) & (day <= as_day(span.end))
    symbol, day = symbol[wanted], day[wanted]
    # One search over all: each symbol's days are moved behind those of the symbol before.
    far = np.int64(1 << 32)
    at = np.searchsorted(panel.day + panel.owner * far, day + symbol * far)
    return at, rows.strategies[wanted].astype(np.int64)


def cheapest_usd(panel: Panel, rows: Ints, rules: LabRules) -> Floats:
    """About what the cheapest spread within the limits needs on each bar, the cost apart.

    At the shortest allowed term, on a continuous grid of strikes, without crossing: the value over
    the spot depends on the volatility to expiration alone. NaN where none is within the limits.
    """
    years = np.full(len(rows), max(rules.selection.min_dte, 1) / DAYS_A_YEAR)
    at_spot = rules.surface.at_spot(panel.variance_short[rows], panel.variance_long[rows], years)
    total, share = _cheapest_shares(rules.selection)
    found: Floats = np.interp(at_spot * np.sqrt(years), total, share)
    return found * panel.close[rows] * STANDARD_MULTIPLIER


def _cheapest_shares(rules: SelectionRules) -> tuple[Floats, Floats]:
    totals = np.geomspace(0.005, 1.5, _TABLE)
    shares = [_cheapest_share(total, rules) for total in totals.tolist()]
    return np.asarray(totals, dtype=np.float64), np.array(shares)


def _cheapest_share(total: float, rules: SelectionRules) -> float:
    """The least value of a spread within the limits over the spot; NaN where there is none."""
    years = max(rules.min_dte, 1) / DAYS_A_YEAR
    strike = np.exp(total * np.linspace(-_GRID_REACH, _GRID_REACH, _GRID))
    found = greeks(
        is_call=True,
        spot=1.0,
        strike=strike,
        years=years,
        volatility=total / np.sqrt(years),
        rate=rules.risk_free_rate,
        dividend_yield=rules.dividend_yield,
    )
    low, high = np.triu_indices(_GRID, k=1)
    debit, width = found.price[low] - found.price[high], strike[high] - strike[low]
    delta = found.delta[low] - (0.0 if rules.delta_basis == "long_leg" else found.delta[high])
    fits = (delta >= rules.min_delta) & (delta <= rules.max_delta)
    fits &= width - debit >= rules.min_reward_risk * debit
    if rules.max_short_strike_em:
        fits &= np.abs(strike[high] - 1.0) <= rules.max_short_strike_em * total
    return float(debit[fits].min()) if fits.any() else float("nan")
