"""Debit verticals of a chain: every strike pair judged rule by rule, and the ranking.

All pairs are considered; each refused one counts under the first rule it fails. Legs are judged
once, pairs of passing legs rule by rule on shrinking arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from vst_desktop.domain.errors import UserError
from vst_desktop.domain.quotes import DataType, OptionChain, Quote, Right
from vst_desktop.domain.signals import Direction
from vst_desktop.domain.spreads import RankedSpread, Selection, SpreadMarket, VerticalSpread
from vst_desktop.options.american import NO_DIVIDENDS
from vst_desktop.options.analytics import skewed_probability_beyond
from vst_desktop.options.bounds import chance_bounds
from vst_desktop.options.contracts import STANDARD_MULTIPLIER
from vst_desktop.options.early_exercise import CashDividends
from vst_desktop.options.intake import Intake, intake
from vst_desktop.options.ladder import (
    PASSED,
    UNIT,
    Ints,
    Ladder,
    exact,
)
from vst_desktop.options.normal import Floats
from vst_desktop.options.own_greeks import with_greeks
from vst_desktop.options.plan_odds import PlanRanking
from vst_desktop.options.rules import LEG_RULES, RULES, SelectionRules
from vst_desktop.options.surface import Mask

DELTA_DECIMALS = 10
"""Broker deltas are decimals: 0.70 - 0.40 must be 0.30, which binary subtraction misses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Strike pairs of one ladder: indices of the legs, prices in 1/10000 USD per share."""

    long: npt.NDArray[np.intp]
    short: npt.NDArray[np.intp]
    natural: Ints
    close: Ints
    width: Ints

    @classmethod
    def of(cls, ladder: Ladder, long: npt.NDArray[np.intp], short: npt.NDArray[np.intp]) -> Pairs:
        """The pairs with these legs."""
        return cls(
            long=long,
            short=short,
            natural=ladder.ask[long] - ladder.bid[short],
            close=ladder.bid[long] - ladder.ask[short],
            width=np.abs(ladder.strike[long] - ladder.strike[short]),
        )

    def where(self, mask: Mask) -> Pairs:
        """Those pairs only."""
        return Pairs(
            long=self.long[mask],
            short=self.short[mask],
            natural=self.natural[mask],
            close=self.close[mask],
            width=self.width[mask],
        )

    def legs(self) -> npt.NDArray[np.intp]:
        """Every leg of these pairs, once."""
        return np.union1d(self.long, self.short)


Spot = float | Floats
"""The underlying's price, USD: one, or one a pair."""


class Legs(Protocol):
    """What the rules ask of contracts that pairs point into: one ladder, or many end to end.

    ``expected_move`` in USD: one, or one a pair.
    """

    @property
    def strike(self) -> Ints:
        """In 1/10000 USD."""

    @property
    def delta(self) -> Floats:
        """Per share, NaN where unknown."""

    @property
    def expected_move(self) -> float | Floats:
        """Of one standard deviation, NaN where unknown."""


def pair_delta(pairs: Pairs, ladder: Legs, rules: SelectionRules) -> Floats:
    """Absolute delta of one spread per share by ``delta_basis``; NaN where a leg's is unknown."""
    sold = 0.0 if rules.delta_basis == "long_leg" else ladder.delta[pairs.short]
    return np.round(np.abs(ladder.delta[pairs.long] - sold), DELTA_DECIMALS)


def _fails_debit_width(p: Pairs, rules: SelectionRules, ladder: Legs, spot: Spot) -> Mask:
    return (p.natural <= 0) | (p.natural >= p.width)


def _fails_combo_spread(p: Pairs, rules: SelectionRules, ladder: Legs, spot: Spot) -> Mask:
    top, bottom = exact(rules.max_combo_spread_pct)
    return 2 * (p.natural - p.close) * bottom > top * (p.natural + p.close)


def _fails_cost(p: Pairs, rules: SelectionRules, ladder: Legs, spot: Spot) -> Mask:
    top, bottom = exact(rules.max_spread_cost)
    return p.natural * STANDARD_MULTIPLIER * bottom > top * UNIT


def _fails_reward_risk(p: Pairs, rules: SelectionRules, ladder: Legs, spot: Spot) -> Mask:
    top, bottom = exact(rules.min_reward_risk)
    return (p.width - p.natural) * bottom < top * p.natural


def _fails_delta(p: Pairs, rules: SelectionRules, ladder: Legs, spot: Spot) -> Mask:
    delta = pair_delta(p, ladder, rules)
    return ~((delta >= rules.min_delta) & (delta <= rules.max_delta))


def _fails_expected_move(p: Pairs, rules: SelectionRules, ladder: Legs, spot: Spot) -> Mask:
    if rules.max_short_strike_em == 0:
        return np.zeros(len(p.long), dtype=np.bool_)
    distance = np.abs(ladder.strike[p.short] / UNIT - spot)
    return ~(distance <= rules.max_short_strike_em * ladder.expected_move)


Check = Callable[[Pairs, SelectionRules, Legs, Spot], Mask]

PRICE_CHECKS: dict[str, Check] = {
    "debit_width": _fails_debit_width,
    "combo_spread": _fails_combo_spread,
    "cost": _fails_cost,
    "reward_risk": _fails_reward_risk,
}
"""The first rules of pairs in their order: those that need the quotes alone."""

GREEK_CHECKS: dict[str, Check] = {
    "delta": _fails_delta,
    "expected_move": _fails_expected_move,
}
"""The last ones, which need Greeks: an unknown delta or expected move fails its rule."""


def right_of(direction: Direction) -> Right:
    """Calls for LONG (bull call), puts for SHORT (bear put)."""
    return Right.CALL if direction is Direction.LONG else Right.PUT


def select(
    chain: OptionChain,
    direction: Direction,
    rules: SelectionRules,
    *,
    now: datetime,
    today: date,
    check_age: bool = True,
    dividends: CashDividends = NO_DIVIDENDS,
    plan: PlanRanking | None = None,
) -> Selection:
    """Judge and rank every debit vertical of the chain.

    Args:
        now: The moment of the decision: quote ages and time to expiration count from here.
        today: The trading day from which DTE counts.
        check_age: False for a recorded snapshot, which is its own moment.
        dividends: Those known ahead, for Greeks that the station computes itself.
        plan: The exit plan, which ranking by ``plan_value`` plays out.

    Raises:
        UserError: ``rank_by`` is ``plan_value``, and there is no plan.
    """
    if rules.rank_by == "plan_value" and plan is None:
        raise UserError(
            "ranking by plan_value needs an exit plan, which is made from the symbol's bars",
            where="options.rank_by",
            remedy="name the bars too, or rank by reward_risk or balanced",
            exit_code=2,
        )
    side = intake(chain, right_of(direction), rules, now=now, today=today, check_age=check_age)
    rejected = dict.fromkeys(RULES, 0)
    considered = 0
    left: list[tuple[Ladder, Pairs]] = []
    for ladder in side.ladders:
        counts = _count_leg_failures(ladder, rules.max_strike_steps)
        considered += sum(counts)
        for name, count in zip(LEG_RULES, counts, strict=False):
            rejected[name] += count
        pairs = _clean_pairs(ladder, direction, rules)
        pairs = _sift(pairs, PRICE_CHECKS, rules, ladder, side.spot, rejected)
        if pairs.long.size:
            left.append((ladder, pairs))
    # Only now: a model's volatility for every listed leg would cost more than all the rest.
    legs = [pairs.legs() for _, pairs in left]
    known = with_greeks([x for x, _ in left], legs, side.spot, rules, dividends)
    found: list[tuple[tuple[Any, ...], RankedSpread]] = []
    for ladder, (_, pairs) in zip(known, left, strict=True):
        pairs = _sift(pairs, GREEK_CHECKS, rules, ladder, side.spot, rejected)
        found += _ranked(pairs, ladder, direction, rules, side)
    notes = _notes(side, rules, sum(int(x.computed.sum()) for x in known))
    if rules.rank_by == "plan_value" and plan is not None:
        values = plan.values([spread for _, spread in found], side.spot)
        found = [
            ((value is None, -(value or 0.0), *key), spread)
            for value, (key, spread) in zip(values, found, strict=True)
        ]
        notes += (f"ranked by the plan's value per dollar at risk ({plan.of})",)
    found.sort(key=lambda item: item[0])
    return Selection(
        symbol=chain.symbol,
        direction=direction,
        considered=considered,
        rejected={name: count for name, count in rejected.items() if count},
        spreads=tuple(spread for _, spread in found),
        notes=notes,
    )


def _sift(
    pairs: Pairs,
    checks: dict[str, Check],
    rules: SelectionRules,
    ladder: Ladder,
    spot: float,
    rejected: dict[str, int],
) -> Pairs:
    """The pairs that pass these checks; the others are counted under the first they fail."""
    for name, fails in checks.items():
        failing = fails(pairs, rules, ladder, spot)
        rejected[name] += int(failing.sum())
        pairs = pairs.where(~failing)
    return pairs


def _count_leg_failures(ladder: Ladder, max_steps: int) -> list[int]:
    """Pairs by the first leg rule either leg fails; the last count is that of clean pairs.

    A pair fails rule n first when both legs pass all before n, but not all up to n. So it is
    enough to count the pairs whose legs both reach each stage.
    """
    count = len(ladder.strike)
    reach = max_steps if max_steps else count
    last = np.minimum(np.arange(count) + reach, count - 1)
    pairs = []
    for stage in range(PASSED + 1):
        ok = ladder.first_failed >= stage
        up_to = np.cumsum(ok)
        pairs.append(int((up_to[last] - up_to)[ok].sum()))
    return [a - b for a, b in zip(pairs, [*pairs[1:], 0], strict=True)]


def _clean_pairs(ladder: Ladder, direction: Direction, rules: SelectionRules) -> Pairs:
    clean = np.flatnonzero(ladder.first_failed == PASSED)
    first, second = np.triu_indices(len(clean), k=1)
    low, high = clean[first], clean[second]
    if rules.max_strike_steps:
        near = high - low <= rules.max_strike_steps
        low, high = low[near], high[near]
    long, short = (low, high) if direction is Direction.LONG else (high, low)
    return Pairs.of(ladder, long, short)


def _ranked(
    pairs: Pairs, ladder: Ladder, direction: Direction, rules: SelectionRules, side: Intake
) -> list[tuple[tuple[Any, ...], RankedSpread]]:
    """The passing pairs with their keys in the total order of the ranking."""
    if not len(pairs.long):
        return []
    long, short = pairs.long, pairs.short
    natural = pairs.natural / UNIT
    long_strike, short_strike = ladder.strike[long] / UNIT, ladder.strike[short] / UNIT
    breakeven = long_strike + direction.sign * natural
    odds = skewed_probability_beyond(
        breakeven,
        direction=direction,
        spot=side.spot,
        years=ladder.years,
        strikes=(long_strike, short_strike),
        ivs=(ladder.volatility[long], ladder.volatility[short]),
        rate=rules.risk_free_rate,
        dividend_yield=rules.dividend_yield,
    )
    least, most = chance_bounds(ladder, rules.risk_free_rate)
    # a model that contradicts the quotes, as on quotes of a cent, gives way to them
    odds = np.clip(odds, least[short], most[long])
    mid = (ladder.ask + ladder.bid) / (2 * UNIT)
    leg_spread = ladder.ask - ladder.bid
    leg_pct = 2 * leg_spread / np.maximum(ladder.ask + ladder.bid, 1)
    leg_cost = leg_spread[long] + leg_spread[short]
    interest = np.minimum(ladder.open_interest[long], ladder.open_interest[short])
    delta = pair_delta(pairs, ladder, rules)
    reward_risk = (pairs.width - pairs.natural) / pairs.natural
    steps = (10 * (pairs.width - pairs.natural)) // pairs.natural
    first = -steps if rules.rank_by == "balanced" else -reward_risk
    result = []
    for n in range(len(long)):
        i, j = int(long[n]), int(short[n])
        key = (
            float(first[n]),
            int(leg_cost[n]),
            -int(interest[n]),
            int(pairs.natural[n]),
            ladder.expiration,
            int(ladder.strike[i]),
            int(ladder.strike[j]),
        )
        spread = RankedSpread(
            spread=VerticalSpread(long=ladder.quotes[i].contract, short=ladder.quotes[j].contract),
            market=_market(ladder, i, j, int(pairs.natural[n]), int(pairs.close[n])),
            dte=ladder.dte,
            years=ladder.years,
            delta=float(delta[n]),
            reward_risk=float(reward_risk[n]),
            breakeven=round(float(breakeven[n]), 6),
            probability_of_profit=_known(odds[n]),
            probability_low=float(least[j]),
            probability_high=float(most[i]),
            expected_move=_known(ladder.expected_move),
            long_iv=_known(ladder.volatility[i]),
            short_iv=_known(ladder.volatility[j]),
            net_theta=_known(ladder.theta[i] - ladder.theta[j]),
            net_vega=_known(ladder.vega[i] - ladder.vega[j]),
            net_gamma=_known(ladder.gamma[i] - ladder.gamma[j]),
            leg_cost=int(leg_cost[n]) / UNIT,
            open_interest=int(interest[n]) if side.open_interest_known else None,
            long_mid=float(mid[i]),
            short_mid=float(mid[j]),
            long_leg_spread_pct=float(leg_pct[i]),
            short_leg_spread_pct=float(leg_pct[j]),
            computed=bool(ladder.computed[i] or ladder.computed[j]),
        )
        result.append((key, spread))
    return result


def _market(ladder: Ladder, long: int, short: int, natural: int, close: int) -> SpreadMarket:
    buy, sell = _quote(ladder, long), _quote(ladder, short)
    sizes = (buy.ask_size, sell.bid_size)
    return SpreadMarket(
        natural=Decimal(natural) / UNIT,
        close=Decimal(close) / UNIT,
        time=min(buy.time, sell.time),
        size=None if None in sizes else int(min(s for s in sizes if s is not None)),
        live=buy.data_type is DataType.LIVE and sell.data_type is DataType.LIVE,
    )


def _quote(ladder: Ladder, leg: int) -> Quote:
    quote = ladder.quotes[leg].quote
    assert quote is not None, "a leg that passed has a quote"
    return quote


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _notes(side: Intake, rules: SelectionRules, computed: int) -> tuple[str, ...]:
    notes = []
    if not side.ladders:
        notes.append(f"no expiration {rules.min_dte} to {rules.max_dte} days away")
    if not side.open_interest_known:
        notes.append("open_interest not checked: the chain has none")
    if not rules.check_surface:
        notes.append("surface not checked: switched off")
    if side.non_standard:
        notes.append(f"{side.non_standard} non-standard contracts left out")
    if computed:
        notes.append(
            f"Greeks of {computed} contracts computed by the station (fast American "
            "approximation): the source has none"
        )
    return tuple(notes)
