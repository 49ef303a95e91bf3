"""Decimal prices on a tick grid."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from functools import lru_cache

CENT = Decimal("0.01")


@lru_cache(maxsize=8192)  # thousands of ticks a second say the same few prices
def price(value: float | str | int | Decimal) -> Decimal:
    """A quoted price as an exact Decimal, to 1/10000 of a dollar.

    Binary floats of quotes such as ``2.1`` become ``Decimal("2.1")``, not their binary expansion.
    """
    return Decimal(str(value)).quantize(Decimal("0.0001"), ROUND_HALF_EVEN).normalize() + 0


def floor_to_tick(value: Decimal, tick: Decimal) -> Decimal:
    """The highest multiple of ``tick`` not above ``value``: the passive side for a BUY."""
    return (value / tick).to_integral_value(ROUND_FLOOR) * tick


def ceil_to_tick(value: Decimal, tick: Decimal) -> Decimal:
    """The lowest multiple of ``tick`` not below ``value``: the passive side for a SELL."""
    return (value / tick).to_integral_value(ROUND_CEILING) * tick


def usd(per_share: Decimal, multiplier: int, quantity: int = 1) -> Decimal:
    """Dollars of a per-share amount, to the cent."""
    return (per_share * multiplier * quantity).quantize(CENT)
