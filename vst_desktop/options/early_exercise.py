"""Which contracts are exercised early, and the values of those: groups of like ones, extrapolated.

R. Geske and H. Johnson, "The American put option valued analytically" (1984): the value with few
exercise times differs from that with any number of them by a term that falls with the number, so
two numbers of times give the limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from vst_desktop.options.normal import Floats
from vst_desktop.options.pricing import Greeks, arrays, greeks
from vst_desktop.options.quadrature import (
    REACH,
    Block,
    roll_back,
)

Mask = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]
_SHORTEST = 1 / 1000
"""Share of an option's life below which a stretch between dividends counts as none."""
_CERTAIN = 1e-7
"""Total volatility below which the future is certain."""
_CHUNK = 2048
_MOST_HALVINGS = 3


class Effort(IntEnum):
    """How many exercise times the finer of the two runs has: a multiple of eight.

    ``FAST`` is the approximation for ranking whole chains; results of it say ``approximate``.
    """

    FAST = 8
    ACCURATE = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class CashDividends:
    """Ex-dates in years from now and amounts in USD per share, by row.

    One value a row for all contracts, or one for each; one amount may stand for all rows. Those
    not after now or not before an option's expiration do not concern it; amounts of 0 are none.
    """

    years: npt.ArrayLike = ()
    usd: npt.ArrayLike = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """Price and its slopes, per share."""

    price: Floats
    delta: Floats
    gamma: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Contracts:
    """Broadcast inputs. Dividends by row in time's order: infinity and 0 where there is none."""

    call: Mask
    spot: Floats
    strike: Floats
    years: Floats
    volatility: Floats
    rate: Floats
    dividend_yield: Floats
    ex: Floats
    cash: Floats

    @classmethod
    def of(
        cls,
        is_call: npt.ArrayLike,
        spot: npt.ArrayLike,
        strike: npt.ArrayLike,
        years: npt.ArrayLike,
        volatility: npt.ArrayLike,
        rate: npt.ArrayLike,
        dividend_yield: npt.ArrayLike,
        dividends: CashDividends,
    ) -> Contracts:
        """Arrays of one length; what is no price at all becomes NaN."""
        call, (s, k, t, v, r, q) = arrays(
            is_call, spot, strike, years, volatility, rate, dividend_yield
        )
        s, k = (np.where(x > 0, x, np.nan) for x in (s, k))
        ex, cash = _dividends(dividends, t)
        return cls(
            call=call, spot=s, strike=k, years=t, volatility=np.where(v >= 0, v, np.nan),
            rate=r, dividend_yield=q, ex=ex, cash=cash,
        )  # fmt: skip

    def at(self, index: Indices) -> Contracts:
        """Some of them."""
        return Contracts(
            call=self.call[index],
            spot=self.spot[index],
            strike=self.strike[index],
            years=self.years[index],
            volatility=self.volatility[index],
            rate=self.rate[index],
            dividend_yield=self.dividend_yield[index],
            ex=self.ex[:, index],
            cash=self.cash[:, index],
        )

    @property
    def sign(self) -> Floats:
        """1 for calls, -1 for puts."""
        return np.where(self.call, 1.0, -1.0)

    @property
    def exercise(self) -> Floats:
        """What exercise at once would bring, at least nothing."""
        return np.maximum(self.sign * (self.spot - self.strike), 0.0)

    def special(self) -> Mask:
        """Where the value is not simply that of Black-Scholes.

        Early exercise pays while the yield on the spot exceeds the interest on the strike in the
        money: for calls at a positive yield or one above the rate, for puts at a positive rate or
        one above the yield; and with cash dividends the spot does not stay lognormal.
        """
        r, q = self.rate, self.dividend_yield
        early = np.where(self.call, q > np.minimum(r, 0.0), r > np.minimum(q, 0.0))
        return early | (self.cash > 0).any(axis=0)

    def uncertain(self) -> Mask:
        """Where time and volatility are left."""
        left = np.maximum(self.years, 0.0)
        return np.asarray(self.volatility * np.sqrt(left) > _CERTAIN)

    def european(self) -> Greeks:
        """Black-Scholes at the spot less the present value of the cash dividends."""
        worth = self.cash * np.exp(-self.rate * np.where(self.cash > 0, self.ex, 0.0))
        return greeks(
            is_call=self.call,
            spot=np.maximum(self.spot - worth.sum(axis=0), 1e-6 * self.spot),
            strike=self.strike,
            years=self.years,
            volatility=self.volatility,
            rate=self.rate,
            dividend_yield=self.dividend_yield,
        )

    def certain(self) -> Floats:
        """Value if the underlying never moved but by its carry and dividends: exercised when best.

        Between dividends the discounted exercise value has its extremes at the ends and where the
        yield on the spot equals the interest on the strike.
        """
        t = np.maximum(self.years, 0.0)
        r, q, k = self.rate, self.dividend_yield, self.strike
        best = self.exercise
        start, spot = np.zeros_like(t), self.spot
        for ex, cash in [*zip(self.ex, self.cash, strict=True), (t, 0.0)]:
            end = np.minimum(ex, t)
            with np.errstate(divide="ignore", invalid="ignore"):
                turn = np.log(q * spot / (r * k)) / (q - r)
            turn = np.clip(np.nan_to_num(turn), 0.0, end - start)
            for wait in (np.zeros_like(t), turn, end - start):
                pay = spot * np.exp((r - q) * wait) - k
                best = np.maximum(best, np.exp(-r * (start + wait)) * self.sign * pay)
            spot = np.maximum(spot * np.exp((r - q) * (end - start)) - cash, 0.0)
            start = end
        return best


def _dividends(dividends: CashDividends, years: Floats) -> tuple[Floats, Floats]:
    """Ex-dates and amounts of each contract by row, in time's order.

    Stretches too short for a grid are closed: dividends that near count as one, one that near to
    now or to the expiration is moved away by so much.
    """
    ex, cash = (np.asarray(x, dtype=np.float64) for x in (dividends.years, dividends.usd))
    ex, cash = (x if x.ndim == 2 else np.atleast_1d(x)[:, None] for x in (ex, cash))
    ex, cash = (np.array(np.broadcast_to(x, (len(ex), len(years)))) for x in (ex, cash))
    counts = (ex > 0) & (ex < years) & (cash > 0)
    gap = _SHORTEST * np.maximum(years, 0.0)
    ex = np.where(counts, np.clip(ex, gap, years - gap), np.inf)
    cash = np.where(counts, cash, 0.0)
    ex, cash = _sorted(ex, cash)
    for row in range(1, len(ex)):
        near = ex[row] < ex[row - 1] + gap
        cash[row, near] += cash[row - 1, near]
        ex[row - 1, near], cash[row - 1, near] = np.inf, 0.0
    return _sorted(ex, cash)


def _sorted(ex: Floats, cash: Floats) -> tuple[Floats, Floats]:
    order = np.argsort(ex, axis=0, kind="stable")
    return np.take_along_axis(ex, order, axis=0), np.take_along_axis(cash, order, axis=0)


def values(contracts: Contracts, effort: Effort) -> Values:
    """American price, delta and gamma; NaN where an input is NaN."""
    european = contracts.european()
    price, delta, gamma = european.price.copy(), european.delta.copy(), european.gamma.copy()
    special, uncertain = contracts.special(), contracts.uncertain()
    fixed = np.flatnonzero(special & ~uncertain)
    if fixed.size:
        some = contracts.at(fixed)
        price[fixed] = np.where(np.isnan(some.volatility), np.nan, some.certain())
        now = price[fixed] <= some.exercise
        delta[fixed] = np.where(now, some.sign * (some.exercise > 0), delta[fixed])
    free = np.flatnonzero(special & uncertain)
    for first in range(0, len(free), _CHUNK):
        index = free[first : first + _CHUNK]
        some = contracts.at(index)
        two, one = (_extended(some, _held(some, effort, part)) for part in (1, 2))
        value, slope, bend = 2 * two - one
        exercise = some.exercise
        value = np.maximum(value, exercise)
        lognormal = ~(some.cash > 0).any(axis=0)
        value = np.where(lognormal, np.maximum(value, european.price[index]), value)
        now = (value <= exercise) & (exercise > 0)
        price[index] = value
        delta[index] = np.where(now, some.sign, slope / some.spot)
        gamma[index] = np.where(now, 0.0, (bend - slope) / some.spot**2)
    return Values(price=price, delta=delta, gamma=gamma)


def _extended(some: Contracts, held: Floats) -> Floats:
    """Value and slopes where holding is best, those of the exercise value elsewhere."""
    pay = some.sign * (some.spot - some.strike)
    line = np.stack([pay, some.sign * some.spot, some.sign * some.spot])
    return np.where(held[0] < pay, line, held)


def _held(some: Contracts, effort: Effort, part: int) -> Floats:
    """Value and slopes by log price if not exercised at once, with that part of the times."""
    ends = np.minimum(np.concatenate([some.ex, some.years[None]]), some.years)
    spans = np.diff(np.concatenate([np.zeros((1, len(some.spot))), ends]), axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        # The nearest exercise times matter most. In powers of two, so that many contracts share
        # their grids.
        halvings = np.minimum(np.rint(-np.log2(spans / ends)), _MOST_HALVINGS)
    block = Block(
        sign=some.sign,
        spot=some.spot,
        strike=some.strike,
        volatility=some.volatility,
        rate=some.rate,
        dividend_yield=some.dividend_yield,
        spans=spans,
        cash=np.concatenate([some.cash, np.zeros((1, len(some.spot)))]),
    )
    steps = np.where(
        spans > 0, np.maximum(effort >> np.nan_to_num(halvings).astype(np.int64), 2) // part, 0
    )
    reach = REACH + 0.5 * np.ceil(2 * some.volatility * np.sqrt(some.years))
    return roll_back(block, steps, reach)
