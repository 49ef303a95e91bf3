"""How an order meets the quotes: at which price, and how much of it at a time."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from vst_desktop.adapters.tws_sim.pricing import NetQuote, PartFill
from vst_desktop.domain.errors import UserError

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """Chances, 0 to 1, each drawn once for every look at an order.

    By default an order trades whole, at the natural price, and a cancel always comes in time.

    Raises:
        UserError: A chance is no number from 0 to 1.
    """

    improvement: float = 0.0
    """That it may trade at the middle of the quote, rounded to the natural side."""
    partial: float = 0.0
    """That only a part of it trades."""
    race: float = 0.0
    """That a cancel comes after the fill."""
    within_sizes: bool = False
    """Whether no more trades at once than is quoted."""

    def __post_init__(self) -> None:
        for name in ("improvement", "partial", "race"):
            chance = getattr(self, name)
            if not 0 <= chance <= 1:
                raise UserError(f"{name} {chance} is not from 0 to 1", where="simulator matching")


class Matcher:
    """Draws of one simulator: the same seed and the same looks give the same fills."""

    def __init__(self, rules: Matching, seed: int) -> None:
        self._rules = rules
        self._random = random.Random(seed)  # a game, not a secret

    def price(self, net: NetQuote, *, buys: bool, limit: Decimal | None) -> Decimal | None:
        """What the order can trade at now, USD a share; None when its limit forbids it."""
        natural = net.ask if buys else net.bid
        if natural is None:
            return None
        price = self._improved(net, natural, buys=buys)
        if limit is None or (limit >= price if buys else limit <= price):
            return price
        return None

    def quantity(self, left: Decimal, quoted: int) -> Decimal:
        """How much of what is left trades now; 0 when nothing is quoted and sizes count."""
        most = min(left, Decimal(quoted)) if self._rules.within_sizes else left
        if most > 1 and self._draw(self._rules.partial):
            return Decimal(self._random.randint(1, int(most) - 1))
        return most

    def races(self) -> bool:
        """Whether a cancel comes too late."""
        return self._draw(self._rules.race)

    def _improved(self, net: NetQuote, natural: Decimal, *, buys: bool) -> Decimal:
        if net.bid is None or net.ask is None or not self._draw(self._rules.improvement):
            return natural
        rounding = ROUND_CEILING if buys else ROUND_FLOOR
        return ((net.bid + net.ask) / 2).quantize(_CENT, rounding)

    def _draw(self, chance: float) -> bool:
        return chance > 0 and self._random.random() < chance


def at_net(
    parts: Sequence[PartFill], quantity: Decimal, price: Decimal, buys: bool
) -> list[PartFill]:
    """The parts at prices that add up to ``price`` for one of the whole: the dearest gives way."""
    found = list(parts)
    natural = sum((_signed(one, buys) * one.price for one in found), Decimal(0)) / quantity
    if natural == price:
        return found
    at = max(range(len(found)), key=lambda index: found[index].price)
    share = _signed(found[at], buys) / quantity
    found[at] = replace(found[at], price=found[at].price + (price - natural) / share)
    return found


def _signed(part: PartFill, buys: bool) -> Decimal:
    return part.quantity if part.bought == buys else -part.quantity
