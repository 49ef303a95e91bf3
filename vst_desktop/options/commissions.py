"""What orders cost: the broker's table by premium, or the trader's own figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from vst_desktop.options.normal import Floats

LEGS = 2
_LOW, _MIDDLE = 0.05, 0.10


@dataclass(frozen=True, slots=True, kw_only=True)
class Commissions:
    """IBKR Pro, US options, up to 10,000 contracts a month (tiered, as published in 2026).

    USD a contract and leg by its premium: from 0.10, from 0.05, and below; the least an order
    costs; and what exchanges and clearing add for each contract. All can be set otherwise (group
    ``commissions``); what an account really paid comes with each execution.
    """

    per_contract_usd: float = 0.65
    per_contract_below_010_usd: float = 0.50
    per_contract_below_005_usd: float = 0.25
    minimum_order_usd: float = 1.00
    fees_per_contract_usd: float = 0.0

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """The table of the settings group."""
        return cls(**{field.name: settings[field.name] for field in fields(cls)})

    def leg_usd(self, premium: npt.ArrayLike) -> Floats:
        """One contract of a leg traded at this premium per share, fees in it."""
        at = np.asarray(premium, dtype=np.float64)
        rate = np.where(
            at < _LOW,
            self.per_contract_below_005_usd,
            np.where(at < _MIDDLE, self.per_contract_below_010_usd, self.per_contract_usd),
        )
        charged: Floats = rate + self.fees_per_contract_usd
        return charged

    def order_usd(
        self, contracts: int, long_premium: npt.ArrayLike, short_premium: npt.ArrayLike
    ) -> Floats:
        """One order for so many spreads, both legs; nothing for none."""
        if contracts == 0:
            return np.zeros(np.broadcast(np.asarray(long_premium), short_premium).shape)
        both = self.leg_usd(long_premium) + self.leg_usd(short_premium)
        fees = LEGS * self.fees_per_contract_usd * contracts
        least: Floats = np.maximum(both * contracts - fees, self.minimum_order_usd)
        return least + fees

    def usual_order_usd(self, contracts: int) -> Decimal:
        """One order for so many spreads whose legs both cost 0.10 or more; the least for none."""
        legs = LEGS * contracts
        rate = Decimal(str(self.per_contract_usd)) * legs
        least = max(rate, Decimal(str(self.minimum_order_usd)))
        return (least + Decimal(str(self.fees_per_contract_usd)) * legs).quantize(Decimal("0.01"))


TIERED = Commissions()
