"""The best spread of many modelled chains at once.

The rules are the functions of ``options.selection``, applied to the pairs of all chains together:
a test holds each pick against ``select`` on the same chain.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from vst_desktop.backtest.listing import STRIKES, expirations, pair_indices, strikes
from vst_desktop.backtest.panel import Floats, Ints, Panel
from vst_desktop.backtest.surface import Surface
from vst_desktop.options.ladder import UNIT, exact, to_units
from vst_desktop.options.pricing import DAYS_A_YEAR
from vst_desktop.options.rules import SelectionRules
from vst_desktop.options.selection import DELTA_DECIMALS, GREEK_CHECKS, PRICE_CHECKS, Pairs
from vst_desktop.options.surface import Mask


@dataclass(frozen=True, slots=True, kw_only=True)
class Picks:
    """One spread for each of some units; all arrays aligned. Prices in USD per share.

    ``unit`` counts the units that were asked about; days since 1970-01-01. ``scale`` is how many
    USD of the contract's own basis one of the bars' is, ``long_ratio`` and ``short_ratio`` what the
    legs' volatilities are in the model's. ``rejected``: pairs by the first rule they failed.
    """

    unit: Ints
    expiration: Ints
    dte: Ints
    long_strike: Floats
    short_strike: Floats
    natural: Floats
    close: Floats
    long_mid: Floats
    short_mid: Floats
    delta: Floats
    reward_risk: Floats
    leg_cost: Floats
    scale: Floats
    long_ratio: Floats
    short_ratio: Floats
    rejected: dict[str, int]

    def __len__(self) -> int:
        return len(self.unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Legs:
    """Every listed contract of some chains: rows are ladders (a unit and an expiration)."""

    unit: Ints
    expiration: Ints
    dte: Ints
    spot: Floats
    sign: Floats
    strike: Ints
    volatility: Floats
    delta: Floats
    bid: Ints
    ask: Ints


def modelled_legs(
    panel: Panel, surface: Surface, day: int, rows: Ints, signs: Ints, rules: SelectionRules
) -> Legs:
    """The chains of these rows of one day, calls where the sign is 1, puts where it is -1."""
    listed = np.array(expirations(day, rules.min_dte, rules.max_dte), dtype=np.int64)
    count = len(listed)
    unit = np.repeat(np.arange(len(rows)), count)
    expiration = np.tile(listed, len(rows))
    spot = panel.close[rows][unit]
    sign = signs[unit].astype(np.float64)
    years = (expiration - day) / DAYS_A_YEAR
    at_spot = surface.at_spot(
        panel.variance_short[rows][unit], panel.variance_long[rows][unit], years
    )
    strike = np.repeat(strikes(panel.close[rows]), count, axis=0)
    listed_strike = np.where(strike > 0, strike, spot[:, None])
    column = (spot[:, None], years[:, None])
    volatility = surface.at_strike(at_spot[:, None], column[0], listed_strike, column[1])
    price, delta = surface.value(sign[:, None], column[0], listed_strike, column[1], volatility)
    bid, ask = surface.quotes(price)
    bid = np.where(strike > 0, bid, 0.0)
    return Legs(
        unit=unit,
        expiration=expiration,
        dte=expiration - day,
        spot=spot,
        sign=sign,
        strike=to_units(strike),
        volatility=volatility,
        delta=delta,
        bid=bid.astype(np.int64),
        ask=ask.astype(np.int64),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ends:
    """Contracts of all ladders end to end, as the rules of ``options.selection`` ask for them."""

    strike: Ints
    delta: Floats
    expected_move: Floats


def pick(legs: Legs, rules: SelectionRules) -> Picks:
    """The first spread of each unit in the order of ``select``; units without one are left out.

    Modelled quotes are fresh, agree with each other and come without open interest, so that the
    rules ``not_quoted``, ``stale``, ``surface`` and ``open_interest`` refuse none.
    """
    rejected: dict[str, int] = {}
    quoted, clean = _judged(legs, rules)
    low, high = _reachable(rules.max_strike_steps)
    with_quotes = quoted[:, low] & quoted[:, high]
    ladder, place = np.nonzero(clean[:, low] & clean[:, high])
    rejected["quote"] = with_quotes.size - int(with_quotes.sum())
    rejected["leg_spread"] = int(with_quotes.sum()) - len(ladder)
    row, up = ladder * STRIKES, legs.sign[ladder] > 0
    first, second = low[place], high[place]
    ends = _Ends(
        strike=legs.strike.ravel(),
        delta=legs.delta.ravel(),
        expected_move=_expected_moves(legs, quoted),
    )
    pairs = _pairs(legs, row + np.where(up, first, second), row + np.where(up, second, first))
    for name, fails in (PRICE_CHECKS | GREEK_CHECKS).items():
        at = pairs.short // STRIKES
        around = _Ends(strike=ends.strike, delta=ends.delta, expected_move=ends.expected_move[at])
        failing = fails(pairs, rules, around, legs.spot[at])
        rejected[name] = int(failing.sum())
        pairs = pairs.where(~failing)
    return _best(legs, pairs, rules, {name: n for name, n in rejected.items() if n})


def _judged(legs: Legs, rules: SelectionRules) -> tuple[Mask, Mask]:
    """Which contracts have a quote, and which of those one that is narrow enough."""
    top, bottom = exact(rules.max_leg_spread_pct)
    quoted = legs.bid > 0
    wide = 2 * (legs.ask - legs.bid) * bottom > top * (legs.ask + legs.bid)
    return quoted, quoted & ~wide


@lru_cache(maxsize=16)
def _reachable(max_steps: int) -> tuple[Ints, Ints]:
    low, high = pair_indices()
    near = high - low <= (max_steps or STRIKES)
    return low[near], high[near]


def _pairs(legs: Legs, long: Ints, short: Ints) -> Pairs:
    strike, bid, ask = legs.strike.ravel(), legs.bid.ravel(), legs.ask.ravel()
    return Pairs(
        long=long,
        short=short,
        natural=ask[long] - bid[short],
        close=bid[long] - ask[short],
        width=np.abs(strike[long] - strike[short]),
    )


def _expected_moves(legs: Legs, quoted: Mask) -> Floats:
    """Of each ladder, with the volatility between the two quoted strikes around the spot."""
    strike = np.where(quoted, legs.strike / UNIT, np.nan)
    below = np.where(strike <= legs.spot[:, None], strike, -np.inf)
    above = np.where(strike > legs.spot[:, None], strike, np.inf)
    left, right = np.argmax(below, axis=1), np.argmin(above, axis=1)
    row = np.arange(len(legs.unit))
    low, high = below[row, left], above[row, right]
    with np.errstate(invalid="ignore"):  # nothing quoted on one side: no expected move
        share = (legs.spot - low) / (high - low)
    at_spot = legs.volatility[row, left] * (1 - share) + legs.volatility[row, right] * share
    move: Floats = legs.spot * at_spot * np.sqrt(legs.dte / DAYS_A_YEAR)
    return move


def _best(legs: Legs, pairs: Pairs, rules: SelectionRules, rejected: dict[str, int]) -> Picks:
    """The first pair of each unit in the total order of ``select``."""
    ladder = pairs.long // STRIKES
    unit, strike = legs.unit[ladder], legs.strike.ravel()
    bid, ask = legs.bid.ravel(), legs.ask.ravel()
    cost = (ask - bid)[pairs.long] + (ask - bid)[pairs.short]
    reward_risk = (pairs.width - pairs.natural) / pairs.natural
    steps = (10 * (pairs.width - pairs.natural)) // pairs.natural
    first = -steps if rules.rank_by == "balanced" else -reward_risk
    keys = (strike[pairs.short], strike[pairs.long], ladder, pairs.natural, cost, first, unit)
    order = np.lexsort(keys)
    unit = unit[order]
    best = order[np.flatnonzero(np.diff(unit, prepend=-1))]
    ladder, long, short = ladder[best], pairs.long[best], pairs.short[best]
    mid = (bid + ask) / (2 * UNIT)
    delta = legs.delta.ravel()
    sold = 0.0 if rules.delta_basis == "long_leg" else delta[short]
    return Picks(
        unit=legs.unit[ladder],
        expiration=legs.expiration[ladder],
        dte=legs.dte[ladder],
        long_strike=strike[long] / UNIT,
        short_strike=strike[short] / UNIT,
        natural=pairs.natural[best] / UNIT,
        close=pairs.close[best] / UNIT,
        long_mid=mid[long],
        short_mid=mid[short],
        delta=np.round(np.abs(delta[long] - sold), DELTA_DECIMALS),
        reward_risk=reward_risk[best],
        leg_cost=cost[best] / UNIT,
        scale=np.ones(len(best)),
        long_ratio=np.ones(len(best)),
        short_ratio=np.ones(len(best)),
        rejected=rejected,
    )
