"""Why one pair of strikes passes or not, in words: the first failing rule, value and limit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import numpy as np

from vst_desktop.domain.quotes import OptionChain
from vst_desktop.domain.signals import Direction
from vst_desktop.options.american import NO_DIVIDENDS
from vst_desktop.options.contracts import STANDARD_MULTIPLIER
from vst_desktop.options.early_exercise import CashDividends
from vst_desktop.options.intake import intake
from vst_desktop.options.ladder import (
    PASSED,
    UNIT,
    Ladder,
)
from vst_desktop.options.own_greeks import with_greeks
from vst_desktop.options.rules import LEG_RULES, SelectionRules
from vst_desktop.options.selection import GREEK_CHECKS, PRICE_CHECKS, Pairs, pair_delta, right_of

_MOST_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class PairVerdict:
    """What selection says of one pair. ``rule`` None: it passes, or was not considered at all."""

    considered: bool
    rule: str | None
    text: str

    @property
    def passed(self) -> bool:
        """Whether the pair is in the ranking."""
        return self.considered and self.rule is None


def explain_pair(
    chain: OptionChain,
    direction: Direction,
    rules: SelectionRules,
    *,
    expiration: date,
    long_strike: Decimal,
    short_strike: Decimal,
    now: datetime,
    today: date,
    check_age: bool = True,
    dividends: CashDividends = NO_DIVIDENDS,
) -> PairVerdict:
    """The verdict on one pair, as ``reward/risk 1.42 < 1.50``."""
    side = intake(chain, right_of(direction), rules, now=now, today=today, check_age=check_age)
    ladder = next((x for x in side.ladders if x.expiration == expiration), None)
    if ladder is None:
        days = (expiration - today).days
        return _out(
            f"{days} days to expiration, allowed {rules.min_dte} to {rules.max_dte}"
            if not rules.min_dte <= days <= rules.max_dte
            else f"no standard contract expires on {expiration}; within the days allowed: "
            + (", ".join(str(x.expiration) for x in side.ladders) or "none")
        )
    legs = []
    for strike in (long_strike, short_strike):
        found = np.flatnonzero(ladder.strike == int(strike * UNIT))
        if not found.size:
            return _out(
                f"strike {strike} is not listed for {expiration}; nearest: {_near(ladder, strike)}"
            )
        legs.append(int(found[0]))
    long, short = legs
    if (short - long) * direction.sign <= 0:
        side_word = "above" if direction.sign > 0 else "below"
        return _out(f"the short strike must lie {side_word} the long one")
    if rules.max_strike_steps and abs(short - long) > rules.max_strike_steps:
        return _out(f"{abs(short - long)} strikes apart, allowed {rules.max_strike_steps}")
    stage = min(ladder.first_failed[long], ladder.first_failed[short])
    if stage < PASSED:
        leg = long if ladder.first_failed[long] == stage else short
        rule = LEG_RULES[stage]
        return PairVerdict(
            considered=True, rule=rule, text=_leg_text(rule, ladder, leg, rules, now)
        )
    pair = Pairs.of(ladder, np.array([long]), np.array([short]))
    (ladder,) = with_greeks([ladder], [pair.legs()], side.spot, rules, dividends)
    for rule, fails in (PRICE_CHECKS | GREEK_CHECKS).items():
        if fails(pair, rules, ladder, side.spot)[0]:
            text = _pair_text(rule, pair, ladder, rules, side.spot)
            return PairVerdict(considered=True, rule=rule, text=text)
    return PairVerdict(considered=True, rule=None, text="passes every rule")


def _near(ladder: Ladder, strike: Decimal) -> str:
    strikes = [one.contract.strike for one in ladder.quotes]
    two = sorted(sorted(strikes, key=lambda each: abs(each - strike))[:2])
    return ", ".join(f"{each.normalize():f}" for each in two)


def _out(text: str) -> PairVerdict:
    return PairVerdict(considered=False, rule=None, text=text)


def _leg_text(rule: str, ladder: Ladder, leg: int, rules: SelectionRules, now: datetime) -> str:
    listed = ladder.quotes[leg]
    name = f"{listed.contract.strike.normalize():f} {listed.contract.right}"
    quote = listed.quote
    if rule == "not_quoted" or quote is None:
        return f"{name} was not asked for"
    bid, ask = int(ladder.bid[leg]), int(ladder.ask[leg])
    if rule == "quote":
        sides = (("bid", quote.bid, quote.bid_size), ("ask", quote.ask, quote.ask_size))
        return f"{name} has no valid quote: " + ", ".join(_side(*side) for side in sides)
    if rule == "stale":
        age = (now - quote.time).total_seconds()
        return f"{name} quote age {_versus(age, rules.max_quote_age, '>', 1)} s"
    if rule == "surface":
        return f"{name} at {bid / UNIT:g}/{ask / UNIT:g} contradicts its neighbours"
    if rule == "leg_spread":
        share = 200 * (ask - bid) / (ask + bid)
        return f"{name} leg spread {_versus(share, 100 * rules.max_leg_spread_pct, '>', 0)} %"
    return f"{name} open interest {ladder.open_interest[leg]} < {rules.min_open_interest}"


def _pair_text(rule: str, pair: Pairs, ladder: Ladder, rules: SelectionRules, spot: float) -> str:
    natural, width = int(pair.natural[0]), int(pair.width[0])
    if rule == "debit_width":
        if natural <= 0:
            return f"debit {natural / UNIT:.2f} <= 0.00"
        return f"debit {natural / UNIT:.2f} >= width {width / UNIT:.2f}"
    if rule == "combo_spread":
        total = natural + int(pair.close[0])
        if total <= 0:
            return "combo spread unbounded: its mid is not above 0.00"
        share = 200 * (natural - int(pair.close[0])) / total
        return f"combo spread {_versus(share, 100 * rules.max_combo_spread_pct, '>', 0)} %"
    if rule == "cost":
        usd = natural * STANDARD_MULTIPLIER / UNIT
        return f"cost {_versus(usd, rules.max_spread_cost, '>', 2)} USD"
    if rule == "reward_risk":
        return f"reward/risk {_versus((width - natural) / natural, rules.min_reward_risk, '<', 2)}"
    if rule == "delta":
        delta = float(pair_delta(pair, ladder, rules)[0])
        if np.isnan(delta):
            return "delta unknown: no volatility gives this price"
        if delta < rules.min_delta:
            return f"delta {_versus(delta, rules.min_delta, '<', 2)}"
        return f"delta {_versus(delta, rules.max_delta, '>', 2)}"
    if np.isnan(ladder.expected_move):
        return "expected move unknown: no volatility at the spot"
    moves = abs(int(ladder.strike[pair.short[0]]) / UNIT - spot) / ladder.expected_move
    return f"short strike {_versus(moves, rules.max_short_strike_em, '>', 2)} expected moves away"


def _versus(value: float, limit: float, sign: str, digits: int) -> str:
    """``1.42 < 1.50``, with more digits where rounding would make both sides equal."""
    while digits < _MOST_DIGITS and f"{value:.{digits}f}" == f"{limit:.{digits}f}":
        digits += 1
    return f"{value:.{digits}f} {sign} {limit:.{digits}f}"


def _side(name: str, price: float | None, size: float | None) -> str:
    empty = price is not None and size is not None and size <= 0
    return f"{name} {'none' if price is None else f'{price:g}'}{' of size 0' if empty else ''}"
