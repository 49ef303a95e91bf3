"""Currencies of the accounts: cash beside the dollars, and the one that totals are in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from vst_desktop.domain.errors import UserError

USD = "USD"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignCash:
    """Cash in another currency, which does not change. ``rate_usd`` is USD a unit."""

    amount: Decimal
    rate_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Currencies:
    """What every account holds beside USD, and its base currency. Trades are in USD.

    Raises:
        UserError: A rate is not above 0, or the base currency has no rate.
    """

    base: str = USD
    foreign: Mapping[str, ForeignCash] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, cash in self.foreign.items():
            if not (cash.rate_usd.is_finite() and cash.rate_usd > 0 and cash.amount.is_finite()):
                raise UserError(f"{name}: {cash.rate_usd} is no exchange rate", where="simulator")
            if name == USD:
                raise UserError("USD is no foreign currency", where="simulator")
        if self.base != USD and self.base not in self.foreign:
            raise UserError(
                f"the base currency {self.base} has no exchange rate",
                where="simulator",
                remedy=f"name it with its rate, as --cash {self.base}=0@1.08",
                exit_code=2,
            )

    @property
    def foreign_usd(self) -> Decimal:
        """Worth of all foreign cash, USD."""
        return sum((one.amount * one.rate_usd for one in self.foreign.values()), Decimal(0))

    @property
    def base_rate_usd(self) -> Decimal:
        """USD for one unit of the base currency."""
        return Decimal(1) if self.base == USD else self.foreign[self.base].rate_usd

    def in_base(self, usd: Decimal) -> Decimal:
        """An amount of USD in the base currency."""
        return usd if self.base == USD else usd / self.base_rate_usd


def read_cash(text: str) -> tuple[str, ForeignCash]:
    """Read ``EUR=5000@1.08``: a currency, an amount and USD a unit.

    Raises:
        UserError: It is not of that form.
    """
    try:
        name, rest = text.split("=")
        amount, rate = rest.split("@")
        return name.strip().upper(), ForeignCash(amount=Decimal(amount), rate_usd=Decimal(rate))
    except (ValueError, ArithmeticError):
        raise UserError(
            f"{text!r} is no foreign cash", remedy="write it as EUR=5000@1.08", exit_code=2
        ) from None
