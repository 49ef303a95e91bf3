"""Values of American options by repeated integration against the normal density, vectorised.

Between two exercise times the logarithm of the underlying is normal, so the value at the earlier
one is an integral of the value at the later one (the QUAD method of A. Andricopoulos,
M. Widdicks, P. Duck and D. Newton, "Universal option valuation using quadrature methods", 2003).
Here the grid moves with the forward price and is measured in standard deviations, which makes the
weights the same for all contracts: one step of a whole block of contracts is one product of
matrices. Cash dividends part the life of an option into segments; at an ex-date the value is read
at the price less the dividend (R. Vellekoop and J. Nieuwenhuis, "Efficient pricing of derivatives
on assets with discrete dividends", 2006).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from vst_desktop.options.normal import Floats, cdf, pdf

_SPACING = 0.5
"""Distance of grid points in standard deviations of one step."""
_BLOCK = 512
_SERIAL_PRODUCT = 1 << 18
"""Multiplications up to which OpenBLAS, which numpy comes with, stays on one thread."""
_LEAST_WIDTH = 4
REACH = 5.0
"""The grid reaches this many standard deviations from the forward, plus the total volatility."""
_NEGLIGIBLE = 1e-300


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """The grid of one stretch of time without dividends, in units of its standard deviation.

    ``fraction`` of the stretch at each level, grid ``spacing`` there, ``half`` its number of
    points to each side; ``weights[k]`` lead from level k + 1 to level k. On the first stretch the
    lowest level is today's price: its three rows give the value and its first two derivatives by
    the logarithm of the price. On the last one the final weights complete the smoothed payoff.
    """

    fraction: Floats
    spacing: Floats
    half: tuple[int, ...]
    weights: tuple[Floats, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Contracts valued together: arrays of one length; stretches of time and dividends by row.

    ``spans`` are the years of each stretch, 0 after the last one of a contract; ``cash`` the
    dividends in USD at their ends, 0 at an expiration.
    """

    sign: Floats
    spot: Floats
    strike: Floats
    volatility: Floats
    rate: Floats
    dividend_yield: Floats
    spans: Floats
    cash: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """One stretch of some contracts that share its grid.

    ``began`` and ``span`` in years, ``start`` the forward price at its beginning.
    """

    segment: Segment
    sign: Floats
    strike: Floats
    volatility: Floats
    rate: Floats
    carry: Floats
    began: Floats
    span: Floats
    start: Floats

    @property
    def root(self) -> Floats:
        """Standard deviation of the stretch."""
        deviation: Floats = self.volatility * np.sqrt(self.span)
        return deviation

    def prices(self, level: int) -> Floats:
        """Prices of the underlying on the grid of a level, a geometric row for each contract."""
        passed = self.span * self.segment.fraction[level]
        middle = np.exp(self.carry * passed - 0.5 * self.volatility**2 * (self.began + passed))
        spacing = self.root * self.segment.spacing[level]
        return _geometric(self.start * middle, self.segment.half[level], spacing)

    def payoff(self, prices: Floats) -> Floats:
        """What exercise at these prices brings; below zero out of the money."""
        pay = prices * self.sign
        pay -= self.sign * self.strike
        return pay


@lru_cache(maxsize=256)
def first_segment(steps: int, reach: float, last: bool) -> Segment:
    """The stretch that starts today: steps grow with time, as the exercise boundary matters most
    where it is near; so does the grid, from the one price of today."""
    fraction: Floats = np.square(np.arange(steps + 1, dtype=np.float64) / steps)
    spacing = np.concatenate([[0.0], _SPACING * np.sqrt(np.diff(fraction))])
    half = [0] + [
        math.ceil(reach * math.sqrt(fraction[k]) / spacing[k]) + 1 for k in range(1, steps + 1)
    ]
    grids: list[Floats] = [
        np.arange(-n, n + 1, dtype=np.float64) * s for n, s in zip(half, spacing, strict=True)
    ]
    variances = np.diff(fraction)
    if last:
        variances[-1] -= spacing[-1] ** 2 / 12
    weights = [
        _weights(grids[k], grids[k + 1], float(variances[k]), slopes=k == 0) for k in range(steps)
    ]
    return Segment(fraction=fraction, spacing=spacing, half=tuple(half), weights=tuple(weights))


@lru_cache(maxsize=256)
def later_segment(steps: int, half: int, last: bool) -> Segment:
    """A stretch between or after dividends: equal steps on a grid that stays as wide."""
    spacing = _SPACING / math.sqrt(steps)
    grid: Floats = np.arange(-half, half + 1, dtype=np.float64) * spacing
    step = _weights(grid, grid, 1 / steps)
    final = _weights(grid, grid, 1 / steps - spacing**2 / 12) if last else step
    return Segment(
        fraction=np.arange(steps + 1) / steps,
        spacing=np.full(steps + 1, spacing),
        half=(half,) * (steps + 1),
        weights=(step,) * (steps - 1) + (final,),
    )


def later_half(steps: npt.NDArray[np.int64], reach: Floats, share: Floats) -> npt.NDArray[np.int64]:
    """Points to each side in a later stretch that is ``share`` of the time from today to its end.

    Rounded up to a power of the square root of two, so that contracts of like proportions share
    their weights; 0 where there is no such stretch.
    """
    there = share > 0
    wide = reach * np.sqrt(steps / np.where(there, share, 1.0)) / _SPACING
    rounded = np.ceil(2 ** (np.ceil(2 * np.log2(wide + 1)) / 2))
    return np.where(there, rounded, 0).astype(np.int64)


def _weights(to: Floats, come: Floats, variance: float, *, slopes: bool = False) -> Floats:
    """Rows that integrate values at the points ``come`` against the density around each of ``to``.

    The trapezoidal rule, which is spectrally accurate for smooth values; beyond the grid the
    value goes on in a straight line from the last two points.
    """
    root = math.sqrt(variance)
    spacing = come[1] - come[0]
    away = (come[None, :] - to[:, None]) / root
    rows = pdf(away) * (spacing / root)
    blocks = [rows]
    for end, inner, side in ((-1, -2, 1.0), (0, 1, -1.0)):
        edge = side * (come[end] - to) + spacing / 2
        mass, moment = cdf(-edge / root), root * pdf(edge / root)
        lean = (moment - side * (come[end] - to) * mass) / spacing
        rows[:, end] += mass + lean
        rows[:, inner] -= lean
    if slopes:
        density = pdf(away) * (spacing / root)
        blocks += [density * away / root, density * (away * away - 1) / variance]
    return np.concatenate(blocks)


def roll_back(block: Block, steps: npt.NDArray[np.int64], reach: Floats) -> Floats:
    """Value today if not exercised at once, and its first two derivatives by log price: 3 rows.

    Args:
        steps: Exercise times of each stretch, by row; 0 where there is none.
        reach: Standard deviations to each side, multiples of a half.
    """
    began = np.cumsum(block.spans, axis=0) - block.spans
    carry = block.rate - block.dividend_yield
    start, ends = [block.spot], []
    for span, cash in zip(block.spans, block.cash, strict=True):
        ends.append(start[-1] * np.exp(carry * span))
        # The stock cannot pay more than itself; the grid needs a centre above zero.
        start.append(np.maximum(ends[-1] - cash, 0.01 * ends[-1]))
    with np.errstate(invalid="ignore"):
        halves = later_half(steps, reach, np.nan_to_num(block.spans / (began + block.spans)))
    halves[0] = 2 * reach
    state: Floats = np.empty((0, 0))
    after: Floats = np.empty(0)
    for number in range(len(block.spans) - 1, -1, -1):
        last = block.cash[number] == 0
        keys = np.stack([steps[number], halves[number], last])
        rows = 3 if number == 0 else 2 * int(halves[number].max()) + 1
        found = np.empty((rows, len(block.spot)))
        spacing: Floats = np.zeros(len(block.spot))
        for (count, half, ends_here), at in _alike(keys):
            stretch = _Stretch(
                segment=later_segment(count, half, bool(ends_here))
                if number
                else first_segment(count, half / 2, bool(ends_here)),
                sign=block.sign[at],
                strike=block.strike[at],
                volatility=block.volatility[at],
                rate=block.rate[at],
                carry=carry[at],
                began=began[number, at],
                span=block.spans[number, at],
                start=start[number][at],
            )
            if ends_here:
                value = _smoothed_payoff(stretch)
            else:
                value = _before_dividend(
                    stretch,
                    state[:, at],
                    halves[number + 1, at],
                    after[at],
                    start[number + 1][at],
                    block.cash[number, at],
                )
            value = _through(stretch, value, today=number == 0)
            found[: len(value), at] = value
            spacing[at] = stretch.root * stretch.segment.spacing[0]
        state, after = found, spacing
    state[1:] /= (block.volatility * np.sqrt(block.spans[0])) ** np.array([[1], [2]])
    return state


def _alike(keys: npt.NDArray[np.int64]) -> Iterator[tuple[list[int], npt.NDArray[np.intp]]]:
    """Columns with the same key of three, in blocks that fit the processor's cache."""
    found, group = np.unique(keys, axis=1, return_inverse=True)
    for number, key in enumerate(found.T.tolist()):
        if key[0]:
            at = np.flatnonzero(group.ravel() == number)
            for first in range(0, len(at), _BLOCK):
                yield key, at[first : first + _BLOCK]


def _through(stretch: _Stretch, value: Floats, *, today: bool) -> Floats:
    """From the last level of a stretch to its first one, exercising wherever that is better."""
    segment = stretch.segment
    discounts = np.exp(-stretch.rate * stretch.span * np.diff(segment.fraction)[:, None])
    for level in range(len(segment.weights) - 1, -1, -1):
        value = _product(segment.weights[level], value)
        value *= discounts[level]
        if level or not today:
            value = _exercised(value, stretch.payoff(stretch.prices(level)))
    return value


def _product(weights: Floats, value: Floats) -> Floats:
    """Their matrix product, in pieces too small for the library to start threads on.

    Its threads wait for each other by spinning: on a machine that has other work to do, products
    of this size took ten times as long with two of them as with one.
    """
    found = np.empty((len(weights), value.shape[1]))
    width = max(_LEAST_WIDTH, _SERIAL_PRODUCT // weights.size)
    for first in range(0, value.shape[1], width):
        part = slice(first, first + width)
        np.matmul(weights, value[:, part], out=found[:, part])
    return found


def _geometric(middle: Floats, half: int, spacing: Floats) -> Floats:
    prices = np.empty((2 * half + 1, len(middle)))
    prices[0] = middle * np.exp(-half * spacing)
    prices[1:] = np.exp(spacing)
    np.multiply.accumulate(prices, axis=0, out=prices)
    return prices


def _exercised(value: Floats, pay: Floats) -> Floats:
    """The better of going on and exercising; the mean over the cell where the two cross.

    A corner read at points alone would make the error depend on where it falls between them.
    """
    gain = value - pay
    slope = np.abs(gain[2:] - gain[:-2]) * 0.25
    row, column = np.nonzero(np.abs(gain[1:-1]) < slope)
    better = np.maximum(value, pay, out=value)
    half, inside = slope[row, column], gain[1:-1][row, column]
    better[row + 1, column] = pay[row + 1, column] + (inside + half) ** 2 / (4 * half)
    return better


def _smoothed_payoff(stretch: _Stretch) -> Floats:
    """Mean of the payoff over each cell of the last grid, as a density for the final weights.

    Averaging adds a twelfth of the squared spacing to the variance; the final weights have that
    much less.
    """
    segment, root = stretch.segment, stretch.root
    width = root * segment.spacing[-1]
    inner = stretch.began + stretch.span * segment.fraction[-2]
    final = root * root * (segment.fraction[-1] - segment.fraction[-2]) - width**2 / 12
    middle = np.exp(stretch.carry * stretch.span - 0.5 * (stretch.volatility**2 * inner + final))
    middle *= stretch.start / (np.sinh(width / 2) / (width / 2))
    prices = _geometric(middle, segment.half[-1], width)
    low, high = prices * np.exp(-width / 2), prices * np.exp(width / 2)
    corner = np.clip(stretch.strike, low, high)
    share = np.log(corner / low)
    call = (high - corner) - stretch.strike * (width - share)
    put = stretch.strike * share - (corner - low)
    mean: Floats = np.where(stretch.sign > 0, call, put) / width
    return mean


def _before_dividend(
    stretch: _Stretch,
    value: Floats,
    half: npt.NDArray[np.int64],
    spacing: Floats,
    centre: Floats,
    cash: Floats,
) -> Floats:
    """Values on the last grid before an ex-date, from those on the first grid after it.

    Args:
        value: After the dividend, in as many rows as the largest of the ``half`` needs.
        centre: The forward price after it.
    """
    prices = stretch.prices(-1)
    paid = np.maximum(prices - cash, _NEGLIGIBLE)
    drift = 0.5 * stretch.volatility**2 * (stretch.began + stretch.span)
    place = (np.log(paid / centre) + drift) / spacing + half
    outside = (place < 0) | (place > 2 * half)
    found = _read(value, np.clip(place, 0, 2 * half), half)
    found = np.where(outside, np.maximum(stretch.payoff(paid), 0.0), found)
    return _exercised(found, stretch.payoff(prices))


def _read(value: Floats, place: Floats, half: npt.NDArray[np.int64]) -> Floats:
    """Values between grid points by the cubic through the four nearest."""
    first = np.clip(np.floor(place).astype(np.intp) - 1, 0, 2 * half - 3)
    t = place - first
    a, b, c, d = (np.take_along_axis(value, first + n, axis=0) for n in range(4))
    cubic: Floats = (
        -a * (t - 1) * (t - 2) * (t - 3) / 6
        + b * t * (t - 2) * (t - 3) / 2
        - c * t * (t - 1) * (t - 3) / 2
        + d * t * (t - 1) * (t - 2) / 6
    )
    return cubic
