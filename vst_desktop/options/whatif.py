"""What would pass if one setting were different: what each change admits, and near misses."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from vst_desktop.domain.quotes import OptionChain
from vst_desktop.domain.signals import Direction
from vst_desktop.domain.spreads import RankedSpread, Selection
from vst_desktop.options.american import NO_DIVIDENDS
from vst_desktop.options.contracts import STANDARD_MULTIPLIER
from vst_desktop.options.early_exercise import CashDividends
from vst_desktop.options.rules import SelectionRules
from vst_desktop.options.selection import select

NEAR_MISSES = 5
_DIGITS = 4
_EXACT = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMiss:
    """A spread that one setting alone keeps out: its own value, and the setting's limit.

    ``distance`` is how far the value lies from the limit, as a share of the limit (of 1 where
    that is 0).
    """

    spread: RankedSpread
    setting: str
    value: float
    limit: float

    @property
    def distance(self) -> float:
        """Nearest first."""
        return abs(self.value - self.limit) / (abs(self.limit) or 1.0)

    def text(self) -> str:
        """``104 / 112 C 18 Jul: passes with min_reward_risk 1.42 (now 1.5)``."""
        spread = self.spread.spread
        return (
            f"{spread.label()} {spread.expiration:%d %b}: passes with {self.setting} "
            f"{_shown(self.setting, self.value)} (now {_shown(self.setting, self.limit)})"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One setting's change and what it admits that nothing else keeps out.

    ``first`` is the value nearest to the present one that admits any spread, ``all`` the one that
    admits ``admitted`` of them, the most this setting can.
    """

    setting: str
    now: float
    first: float
    all: float
    admitted: int

    def text(self) -> str:
        """``min_reward_risk 1.5 -> 1.42 admits the first, 0.61 all 17``."""
        now, first, last = (_shown(self.setting, v) for v in (self.now, self.first, self.all))
        if self.admitted == 1:
            return f"{self.setting} {now} -> {first} admits one spread"
        return f"{self.setting} {now} -> {first} admits the first, {last} all {self.admitted:,}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """Single changes, the one that admits most first, and the spreads nearest to passing."""

    changes: tuple[Change, ...]
    near_misses: tuple[NearMiss, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limit:
    """A setting, the value that switches it off, and what a spread would need of it."""

    setting: str
    off: Any
    needs: Callable[[RankedSpread, float, datetime], float]


def _combo(ranked: RankedSpread, spot: float, now: datetime) -> float:
    market = ranked.market
    return float((market.natural - market.close) / market.mid)


_UNBOUNDED = 1e9
_LIMITS = (
    _Limit(setting="min_reward_risk", off=0.0, needs=lambda r, spot, now: r.reward_risk),
    _Limit(
        setting="max_spread_cost",
        off=_UNBOUNDED,
        needs=lambda r, spot, now: float(r.debit) * STANDARD_MULTIPLIER,
    ),
    _Limit(setting="min_delta", off=0.0, needs=lambda r, spot, now: r.delta),
    _Limit(setting="max_delta", off=_UNBOUNDED, needs=lambda r, spot, now: r.delta),
    _Limit(
        setting="max_short_strike_em",
        off=0.0,
        needs=lambda r, spot, now: (
            abs(float(r.spread.short.strike) - spot) / (r.expected_move or float("nan"))
        ),
    ),
    _Limit(
        setting="max_leg_spread_pct",
        off=_UNBOUNDED,
        needs=lambda r, spot, now: max(r.long_leg_spread_pct, r.short_leg_spread_pct),
    ),
    _Limit(setting="max_combo_spread_pct", off=_UNBOUNDED, needs=_combo),
    _Limit(
        setting="min_open_interest", off=0, needs=lambda r, spot, now: float(r.open_interest or 0)
    ),
    _Limit(
        setting="max_quote_age",
        off=_UNBOUNDED,
        needs=lambda r, spot, now: (now - r.market.time).total_seconds(),
    ),
    _Limit(setting="check_surface", off=False, needs=lambda r, spot, now: 0.0),
)


def what_if(
    chain: OptionChain,
    direction: Direction,
    rules: SelectionRules,
    found: Selection,
    *,
    now: datetime,
    today: date,
    check_age: bool = True,
    dividends: CashDividends = NO_DIVIDENDS,
) -> WhatIf:
    """Select again with each limit of quotes, prices and Greeks off, one at a time.

    A spread that appears is kept out by that setting alone, so its own value says how far the
    setting would have to go. Some ten selections: for the moment a trader asks, not for every
    tick.

    Args:
        found: What ``rules`` select; the other arguments are those of that selection.
    """
    listed = {_key(ranked) for ranked in found.spreads}
    rules = replace(rules, rank_by="reward_risk")
    changes: list[Change] = []
    misses: list[NearMiss] = []
    for limit in _LIMITS:
        value = float(getattr(rules, limit.setting))
        wider = select(
            chain,
            direction,
            replace(rules, **{limit.setting: limit.off}),
            now=now,
            today=today,
            check_age=check_age,
            dividends=dividends,
        )
        admitted = [
            NearMiss(
                spread=ranked,
                setting=limit.setting,
                value=limit.needs(ranked, chain.underlying, now),
                limit=value,
            )
            for ranked in wider.spreads
            if _key(ranked) not in listed
        ]
        if not admitted:
            continue
        admitted.sort(key=lambda miss: miss.distance)
        changes.append(
            Change(
                setting=limit.setting,
                now=value,
                first=admitted[0].value,
                all=admitted[-1].value,
                admitted=len(admitted),
            )
        )
        misses += admitted
    changes.sort(key=lambda change: -change.admitted)
    misses.sort(key=lambda miss: miss.distance)
    return WhatIf(changes=tuple(changes), near_misses=tuple(misses[:NEAR_MISSES]))


def _key(ranked: RankedSpread) -> tuple[Any, ...]:
    spread = ranked.spread
    return spread.expiration, spread.long.strike, spread.short.strike


def _shown(setting: str, value: float) -> str:
    """The value as the trader would type it: rounded to the side on which it still admits."""
    if setting == "check_surface":
        return "true" if value else "false"
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    unit = 10.0 ** (math.floor(math.log10(abs(value))) - _DIGITS + 1)
    near = round(value / unit)
    if abs(near - value / unit) > _EXACT:
        near = math.ceil(value / unit) if setting.startswith("max") else math.floor(value / unit)
    return f"{near * unit:,.10g}"
