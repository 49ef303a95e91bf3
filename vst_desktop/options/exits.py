"""How plans end: at the target, at the stop or by time, simulated or looked up in history."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from vst_desktop.options.normal import Floats
from vst_desktop.options.pricing import DAYS_A_YEAR

PATHS = 20_480
_SEED = 20_140_609
_MOST_STEPS = 24
_SMALL_STEPS = 20
_LARGEST_SHARE = 0.25
_SESSIONS_A_YEAR = 252
_TIME_PRICES = 64
_LEAST_PRICE = 0.01

Ints = npt.NDArray[np.intp]


class End(IntEnum):
    """Why a play of the plan is over."""

    TARGET = 0
    STOP = 1
    TIME = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """A plan as far as the underlying's path decides it.

    Prices in USD; ``target`` None: there is none. ``days`` calendar days to the time exit, 0 when
    it is due today. The target lies on the side on which the spread profits.
    """

    spot: float
    target: float | None
    stop: float
    days: float

    @property
    def sign(self) -> int:
        """1 when prices above the spot are the good ones."""
        return 1 if self.stop < self.spot else -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Exits:
    """Ends of a plan: why (``End``), after how many calendar days, at which price, how likely.

    ``weight`` adds up to 1; ``plays`` is the number of paths or cases behind it.
    """

    end: npt.NDArray[np.int8]
    days: Floats
    price: Floats
    weight: Floats
    plays: int


@lru_cache(maxsize=64)
def simulated_exits(
    levels: Levels,
    *,
    volatility: float,
    rate: float,
    dividend_yield: float,
) -> Exits:
    """The plan under the implied distribution: 20,480 seeded paths of geometric Brownian motion.

    Between the ends of a step (about a session) a path is a Brownian bridge, whose extremes have a
    closed form (I. Karatzas and S. Shreve, "Brownian Motion and Stochastic Calculus", 2.8), so
    that levels touched in between are not missed. The same random numbers serve every plan: what
    differs between two candidates is not noise. Plans of late are kept; nobody may change them.
    """
    years = levels.days / DAYS_A_YEAR
    if not years > 0 or not volatility > 0:
        return _over(levels)
    far = np.inf if levels.target is None else _away(levels, levels.target)
    near = _away(levels, levels.stop)
    variance = _steps(volatility**2 * years, round(years * _SESSIONS_A_YEAR), far - near)
    steps, share = len(variance), variance / volatility**2
    drift = levels.sign * (rate - dividend_yield - 0.5 * volatility**2) * share
    found = _walk(np.sqrt(variance), drift, far, near)
    day = (np.cumsum(share) - 0.5 * share) * DAYS_A_YEAR
    price = levels.spot * np.exp(levels.sign * found.left)
    left_price, left_count = _bundled(price)
    end = np.repeat(np.array(End, dtype=np.int8), (steps, steps, len(left_price)))
    target = levels.spot if levels.target is None else levels.target
    return Exits(
        end=end,
        days=np.concatenate([day, day, np.full(len(left_price), levels.days)]),
        price=np.concatenate([np.full(steps, target), np.full(steps, levels.stop), left_price]),
        weight=np.concatenate([found.far, found.near, left_count]) / PATHS,
        plays=PATHS,
    )


def past_exits(
    levels: Levels,
    *,
    atr: float,
    entries: Ints,
    bars: tuple[Floats, Floats, Floats, Floats],
    past_atr: Floats,
) -> Exits | None:
    """The plan after each of the symbol's own past entries; None when there is none.

    A play begins at the close of its bar, with the plan's distances in that bar's ATR. Beyond a
    level at the open it ends at the open; a bar that reaches both levels counts for the stop. One
    play at a time, so that the sample's plays do not share bars. Prices are those of today's
    plan: the past move in ATR, from today's spot.

    Args:
        levels: Today's plan.
        atr: ATR of today's plan, USD.
        entries: Indices of the bars with the signal, ascending.
        bars: Open, high, low and close.
        past_atr: ATR of each bar, NaN where there is none.
    """
    sessions = max(1, round(levels.days * _SESSIONS_A_YEAR / DAYS_A_YEAR))
    usable = entries[(entries + sessions < len(past_atr)) & np.isfinite(past_atr[entries])]
    usable = usable[past_atr[usable] > 0]
    if not usable.size:
        return None
    sign = levels.sign
    good, bad = (bars[1], bars[2]) if sign > 0 else (bars[2], bars[1])
    window = usable[:, None] + np.arange(1, sessions + 1)
    start, scale = bars[3][usable][:, None], past_atr[usable][:, None]

    def moved(column: Floats) -> Floats:
        found: Floats = sign * (column[window] - start) / scale
        return found

    opened, best, worst, closed = (moved(c) for c in (bars[0], good, bad, bars[3]))
    far = np.inf if levels.target is None else sign * (levels.target - levels.spot) / atr
    near = sign * (levels.stop - levels.spot) / atr
    stopped, reached = worst <= near, best >= far
    over = stopped | reached
    index = np.where(over.any(axis=1), over.argmax(axis=1), sessions - 1)
    row = np.arange(len(usable))
    by_stop, by_target = stopped[row, index], reached[row, index]
    gap = opened[row, index]
    by_stop &= ~(by_target & (gap >= far))
    end = np.where(by_stop, End.STOP, np.where(by_target, End.TARGET, End.TIME))
    at = np.where(by_target, np.maximum(far, gap), closed[row, index])
    at = np.where(by_stop, np.minimum(near, gap), at)
    apart = _one_at_a_time(usable, usable + index + 1)
    return Exits(
        end=end[apart].astype(np.int8),
        days=(index[apart] + 1) * DAYS_A_YEAR / _SESSIONS_A_YEAR,
        price=np.maximum(levels.spot + sign * at[apart] * atr, _LEAST_PRICE),
        weight=np.full(len(apart), 1 / len(apart)),
        plays=len(apart),
    )


def _over(levels: Levels) -> Exits:
    """The time exit is due, or nothing moves: one end, here and now."""
    return Exits(
        end=np.array([End.TIME], dtype=np.int8),
        days=np.array([max(levels.days, 0.0)]),
        price=np.array([levels.spot]),
        weight=np.ones(1),
        plays=PATHS,
    )


def _away(levels: Levels, level: float) -> float:
    """Log distance from the spot, positive on the good side."""
    return levels.sign * float(np.log(max(level, _LEAST_PRICE) / levels.spot))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Walked:
    """How many paths met the far and the near level in each step; log prices of the others."""

    far: Floats
    near: Floats
    left: Floats


def _steps(total: float, sessions: int, reach: float) -> Floats:
    """Variances of the steps: a session each, smaller at first where the levels are near.

    A step that could span both levels would not tell which was met first. After 20 steps of a
    quarter of the way between them one path in 500 is left.
    """
    steps = int(np.clip(sessions, 1, _MOST_STEPS))
    small = (_LARGEST_SHARE * reach) ** 2
    if total / steps <= small:
        return np.full(steps, total / steps)
    steps = min(int(np.ceil(total / small)), _MOST_STEPS)
    if total / steps <= small:
        return np.full(steps, total / steps)
    rest = (total - _SMALL_STEPS * small) / (_MOST_STEPS - _SMALL_STEPS)
    return np.repeat([small, rest], [_SMALL_STEPS, _MOST_STEPS - _SMALL_STEPS])


def _walk(sizes: Floats, drifts: Floats, far: float, near: float) -> _Walked:
    """Walks from 0 with steps of these standard deviations until they meet a level."""
    normals, upper, lower = _draws()
    place = np.zeros(PATHS)
    alive = np.arange(PATHS)
    met = np.zeros((2, len(sizes)))
    for step, (size, drift) in enumerate(zip(sizes.tolist(), drifts.tolist(), strict=True)):
        move = normals[step, alive] * size + drift
        square, variance = move * move, size * size
        # Extremes of the bridge over this step, each from a uniform number of its own.
        high = place + 0.5 * (move + np.sqrt(square + variance * upper[step, alive])) >= far
        low = place + 0.5 * (move - np.sqrt(square + variance * lower[step, alive])) <= near
        both = high & low
        if both.any():
            nearer = far - place < place - near
            high, low = high & ~(both & ~nearer), low & ~(both & nearer)
        met[:, step] = high.sum(), low.sum()
        left = ~(high | low)
        alive, place = alive[left], (place + move)[left]
    return _Walked(far=met[0], near=met[1], left=place)


@lru_cache(maxsize=1)
def _draws() -> tuple[Floats, Floats, Floats]:
    """Normal steps, each with its opposite, and twice an exponential for each side's extreme."""
    g = np.random.default_rng(_SEED)
    half = g.standard_normal((_MOST_STEPS, PATHS // 2))
    upper, lower = 2 * g.standard_exponential((2, _MOST_STEPS, PATHS))
    return np.concatenate([half, -half], axis=1), upper, lower


def _bundled(prices: Floats) -> tuple[Floats, Floats]:
    """Many prices as few: the mean of each of 64 bins, and how many lie in it."""
    if not prices.size:
        return np.empty(0), np.empty(0)
    low, high = float(prices.min()), float(prices.max())
    scale = (_TIME_PRICES - 1e-9) / max(high - low, 1e-12)
    bins = ((prices - low) * scale).astype(np.intp)
    count = np.bincount(bins, minlength=_TIME_PRICES).astype(np.float64)
    total = np.bincount(bins, weights=prices, minlength=_TIME_PRICES)
    held = count > 0
    return total[held] / count[held], count[held]


def _one_at_a_time(begins: Ints, ends: Ints) -> Ints:
    """Of plays in order of their begin those that begin when the last one taken is over."""
    taken, free = [], 0
    for number, (begin, end) in enumerate(zip(begins.tolist(), ends.tolist(), strict=True)):
        if begin >= free:
            taken.append(number)
            free = end
    return np.array(taken, dtype=np.intp)
