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
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from vst_desktop.options.normal import Floats, cdf, pdf

_SPACING = 0.5
"""Distance of grid points in standard deviations of one step."""
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

    ``spans`` are the years of each stretch, ``cash`` the dividends in USD between them.
    """

    sign: Floats
    spot: Floats
    strike: Floats
    volatility: Floats
    rate: Floats
    dividend_yield: Floats
    spans: Floats
    cash: Floats


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


def roll_back(block: Block, segments: tuple[Segment, ...]) -> Floats:
    """Value today if not exercised at once, and its first two derivatives by log price: 3 rows."""
    years = np.concatenate([np.zeros((1, len(block.spot))), np.cumsum(block.spans, axis=0)])
    growth = np.exp((block.rate - block.dividend_yield) * block.spans)
    centre = [block.spot]
    for number, cash in enumerate(block.cash):
        before = centre[-1] * growth[number]
        # The stock cannot pay more than itself; the grid needs a centre above zero.
        centre.append(np.maximum(before - cash, 0.01 * before))
    value: Floats | None = None
    for number in range(len(segments) - 1, -1, -1):
        segment, start = segments[number], centre[number]
        if value is None:
            value = _smoothed_payoff(block, segment, start, years[number], block.spans[number])
        else:
            value = _before_dividend(
                block, segment, segments[number + 1], value,
                (start * growth[number], centre[number + 1]), years[number + 1],
                (block.spans[number], block.spans[number + 1]), block.cash[number],
            )  # fmt: skip
        value = _through(block, segment, value, start, years[number], block.spans[number], number)
    assert value is not None, "an option's life has at least one segment"
    value[1:] /= (block.volatility * np.sqrt(block.spans[0])) ** np.array([[1], [2]])
    return value


def _through(
    block: Block,
    segment: Segment,
    value: Floats,
    start: Floats,
    began: Floats,
    span: Floats,
    number: int,
) -> Floats:
    """From the last level of a stretch to its first one, exercising wherever that is better."""
    root = block.volatility * np.sqrt(span)
    carry = block.rate - block.dividend_yield
    steps = len(segment.weights)
    discounts = np.exp(-block.rate * span * np.diff(segment.fraction)[:, None])
    for level in range(steps - 1, -1, -1):
        value = segment.weights[level] @ value
        value *= discounts[level]
        if level == 0 and number == 0:
            break
        passed = span * segment.fraction[level]
        prices = _prices(
            start * np.exp(carry * passed - 0.5 * block.volatility**2 * (began + passed)),
            segment.half[level],
            root * segment.spacing[level],
        )
        value = _exercised(value, _payoff(block, prices))
    return value


def _prices(middle: Floats, half: int, spacing: Floats) -> Floats:
    """Prices on the grid, a geometric row for each contract."""
    prices = np.empty((2 * half + 1, len(middle)))
    prices[0] = middle * np.exp(-half * spacing)
    prices[1:] = np.exp(spacing)
    np.multiply.accumulate(prices, axis=0, out=prices)
    return prices


def _payoff(block: Block, prices: Floats) -> Floats:
    pay = prices * block.sign
    pay -= block.sign * block.strike
    return pay


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


def _smoothed_payoff(
    block: Block, segment: Segment, start: Floats, began: Floats, span: Floats
) -> Floats:
    """Mean of the payoff over each cell of the last grid, as a density for the final weights.

    Averaging adds a twelfth of the squared spacing to the variance; the final weights have that
    much less.
    """
    root = block.volatility * np.sqrt(span)
    width = root * segment.spacing[-1]
    inner = 0.5 * block.volatility**2 * (began + span * segment.fraction[-2])
    rest = 0.5 * root * root * (segment.fraction[-1] - segment.fraction[-2]) - width**2 / 24
    middle = start * np.exp((block.rate - block.dividend_yield) * span - inner - rest)
    middle /= np.sinh(width / 2) / (width / 2)
    prices = _prices(middle, segment.half[-1], width)
    low, high = prices * np.exp(-width / 2), prices * np.exp(width / 2)
    corner = np.clip(block.strike, low, high)
    share = np.log(corner / low)
    call = (high - corner) - block.strike * (width - share)
    put = block.strike * share - (corner - low)
    mean: Floats = np.where(block.sign > 0, call, put) / width
    return mean


def _before_dividend(
    block: Block,
    segment: Segment,
    after: Segment,
    value: Floats,
    centres: tuple[Floats, Floats],
    at: Floats,
    spans: tuple[Floats, Floats],
    cash: Floats,
) -> Floats:
    """Values on the last grid before an ex-date, from those on the first grid after it."""
    drift = 0.5 * block.volatility**2 * at
    width = block.volatility * np.sqrt(spans[0]) * segment.spacing[-1]
    prices = _prices(centres[0] * np.exp(-drift), segment.half[-1], width)
    paid = np.maximum(prices - cash, _NEGLIGIBLE)
    spacing = block.volatility * np.sqrt(spans[1]) * after.spacing[0]
    place = (np.log(paid / centres[1]) + drift) / spacing + after.half[0]
    found = _read(value, place)
    outside = (place < 0) | (place > 2 * after.half[0])
    found = np.where(outside, np.maximum(_payoff(block, paid), 0.0), found)
    return _exercised(found, _payoff(block, prices))


def _read(value: Floats, place: Floats) -> Floats:
    """Values between grid points by the cubic through the four nearest."""
    first = np.clip(np.floor(place).astype(np.intp) - 1, 0, len(value) - 4)
    t = np.clip(place, 0, len(value) - 1) - first
    a, b, c, d = (np.take_along_axis(value, first + n, axis=0) for n in range(4))
    cubic: Floats = (
        -a * (t - 1) * (t - 2) * (t - 3) / 6
        + b * t * (t - 2) * (t - 3) / 2
        - c * t * (t - 1) * (t - 3) / 2
        + d * t * (t - 1) * (t - 2) / 6
    )
    return cubic
