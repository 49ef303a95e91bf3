"""The best spread of many modelled chains at once.

The rules are the functions of ``options.selection``, applied to the pairs of all chains together:
a test holds each pick against ``select`` on the same chain.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from vst_desktop.backtest.listing import STRIKES, expirations, strikes
from vst_desktop.backtest.panel import Floats, Ints, Panel
from vst_desktop.backtest.surface import Surface
from vst_desktop.options.ladder import UNIT, exact, to_units
from vst_desktop.options.pricing import DAYS_A_YEAR
from vst_desktop.options.rules import RULES, SelectionRules
from vst_desktop.options.selection import DELTA_DECIMALS, GREEK_CHECKS, PRICE_CHECKS, Pairs
from vst_desktop.options.surface import Mask


@dataclass(frozen=True, slots=True, kw_only=True)
class Picks:
    """One spread for each of some units; all arrays aligned. Prices in USD per share.

    ``unit`` counts the units that were asked about; days since 1970-01-01. ``scale`` is how many
    USD of the contract's own basis one of the bars' is, ``long_ratio`` and ``short_ratio`` what the
    legs' volatilities are in the model's. ``rejected`` counts pairs by the first rule they failed
    in the order of ``options.rules.RULES``.
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
    rejected: Ints

    def __len__(self) -> int:
        return len(self.unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Legs:
    """Every listed contract of some chains: columns are ladders (a unit and an expiration).

    Rows go from the best strike to the worst: ascending for calls, descending for puts, so that
    the long leg of every spread stands above the short one.
    """

    unit: Ints
    expiration: Ints
    dte: Ints
    spot: Floats
    strike: Ints
    volatility: Floats
    delta: Floats
    bid: Ints
    ask: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Units of one day: their underlyings, calls where the sign is 1, puts where it is -1."""

    day: int
    sign: Ints
    spot: Floats
    variance_short: Floats
    variance_long: Floats

    @classmethod
    def of(cls, panel: Panel, day: int, rows: Ints, signs: Ints) -> Ask:
        """Of these bars."""
        return cls(
            day=day,
            sign=signs,
            spot=panel.close[rows],
            variance_short=panel.variance_short[rows],
            variance_long=panel.variance_long[rows],
        )


def modelled_legs(wanted: Ask, surface: Surface, rules: SelectionRules) -> Legs:
    """The chains of these units."""
    day, spots, signs = wanted.day, wanted.spot, wanted.sign
    listed = np.array(expirations(day, rules.min_dte, rules.max_dte), dtype=np.int64)
    count = len(listed)
    strike = strikes(spots).T
    strike = np.where(signs > 0, strike, strike[::-1])
    there = strike > 0
    moneyness = np.log(np.where(there, strike, spots) / spots)
    unit = np.repeat(np.arange(len(spots)), count)
    expiration = np.tile(listed, len(spots))
    spot, sign = spots[unit], signs[unit].astype(np.float64)
    strike, moneyness, there = strike[:, unit], moneyness[:, unit], there[:, unit]
    years = (expiration - day) / DAYS_A_YEAR
    at_spot = surface.at_spot(wanted.variance_short[unit], wanted.variance_long[unit], years)
    volatility = surface.at_strike(at_spot, moneyness, years)
    price, delta = surface.value(sign, spot, strike, moneyness, years, volatility)
    bid, ask = surface.quotes(price)
    return Legs(
        unit=unit,
        expiration=expiration,
        dte=expiration - day,
        spot=spot,
        strike=to_units(strike),
        volatility=volatility,
        delta=delta,
        bid=np.where(there, bid, 0.0).astype(np.int64),
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
    quoted, narrow = _judged(legs, rules)
    long, short = _reachable(rules.max_strike_steps)
    left = quoted.take(long, axis=0) & quoted.take(short, axis=0)
    rejected = np.zeros(len(RULES), dtype=np.int64)
    rejected[RULES.index("quote")] = left.size - np.count_nonzero(left)
    # Prices of all pairs at once: rows are pairs of strikes, columns ladders.
    grid = Pairs(
        long=long,
        short=short,
        natural=legs.ask.take(long, axis=0) - legs.bid.take(short, axis=0),
        close=legs.bid.take(long, axis=0) - legs.ask.take(short, axis=0),
        width=np.abs(legs.strike.take(long, axis=0) - legs.strike.take(short, axis=0)),
    )
    wide = ~(narrow.take(long, axis=0) & narrow.take(short, axis=0))
    judged = {"leg_spread": wide}
    around = _Ends(strike=legs.strike, delta=legs.delta, expected_move=legs.spot)
    for name, fails in PRICE_CHECKS.items():
        judged[name] = fails(grid, rules, around, legs.spot)
    for name, failing in judged.items():
        failing &= left
        rejected[RULES.index(name)] = np.count_nonzero(failing)
        left ^= failing
    flat = np.flatnonzero(left)
    place, ladder = np.divmod(flat, len(legs.unit))
    pairs = Pairs(
        long=long[place] * len(legs.unit) + ladder,
        short=short[place] * len(legs.unit) + ladder,
        natural=grid.natural.ravel()[flat],
        close=grid.close.ravel()[flat],
        width=grid.width.ravel()[flat],
    )
    strike, delta, moves = legs.strike.ravel(), legs.delta.ravel(), _expected_moves(legs, quoted)
    for name, fails in GREEK_CHECKS.items():
        at = pairs.short % len(legs.unit)
        around = _Ends(strike=strike, delta=delta, expected_move=moves[at])
        failing = fails(pairs, rules, around, legs.spot[at])
        rejected[RULES.index(name)] = np.count_nonzero(failing)
        pairs = pairs.where(~failing)
    return _best(legs, pairs, rules, rejected)


def _judged(legs: Legs, rules: SelectionRules) -> tuple[Mask, Mask]:
    """Which contracts have a quote, and which one that is narrow enough."""
    top, bottom = exact(rules.max_leg_spread_pct)
    narrow = 2 * (legs.ask - legs.bid) * bottom <= top * (legs.ask + legs.bid)
    return legs.bid > 0, narrow


@lru_cache(maxsize=16)
def _reachable(max_steps: int) -> tuple[Ints, Ints]:
    first, second = np.triu_indices(STRIKES, k=1)
    near = second - first <= (max_steps or STRIKES)
    return first[near].astype(np.int64), second[near].astype(np.int64)


def _expected_moves(legs: Legs, quoted: Mask) -> Floats:
    """Of each ladder, with the volatility between the two quoted strikes around the spot."""
    strike = legs.strike / UNIT
    low = np.where(quoted & (strike <= legs.spot), strike, -np.inf)
    high = np.where(quoted & (strike > legs.spot), strike, np.inf)
    below, above = low.argmax(axis=0), high.argmin(axis=0)
    column = np.arange(len(legs.unit))
    under, over = low[below, column], high[above, column]
    with np.errstate(invalid="ignore"):  # nothing quoted on one side: no expected move
        share = (legs.spot - under) / (over - under)
    low_volatility, high_volatility = (
        legs.volatility[below, column],
        legs.volatility[above, column],
    )
    at_spot = low_volatility + share * (high_volatility - low_volatility)
    move: Floats = legs.spot * at_spot * np.sqrt(legs.dte / DAYS_A_YEAR)
    return move


def _best(legs: Legs, pairs: Pairs, rules: SelectionRules, rejected: Ints) -> Picks:
    """The first pair of each unit in the total order of ``select``."""
    ladder = pairs.long % len(legs.unit)
    unit, strike = legs.unit[ladder], legs.strike.ravel()
    bid, ask = legs.bid.ravel(), legs.ask.ravel()
    cost = (ask - bid)[pairs.long] + (ask - bid)[pairs.short]
    reward_risk = (pairs.width - pairs.natural) / pairs.natural
    steps = (10 * (pairs.width - pairs.natural)) // pairs.natural
    first = -steps if rules.rank_by == "balanced" else -reward_risk
    keys = (strike[pairs.short], strike[pairs.long], ladder, pairs.natural, cost, first, unit)
    order = np.lexsort(keys)
    unit = unit[order]
    best = order[first_of_runs(unit)]
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


def first_of_runs(values: Ints) -> Ints:
    """Where runs of equal values begin."""
    if not values.size:
        return np.empty(0, dtype=np.int64)
    return np.concatenate(([0], np.flatnonzero(values[1:] != values[:-1]) + 1))
