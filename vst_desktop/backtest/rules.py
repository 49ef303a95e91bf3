"""What a run of the lab plays by: the station's own rules, and the lab's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from vst_desktop.backtest.surface import Surface
from vst_desktop.execution.rules import ApprovalRules
from vst_desktop.options.commissions import Commissions
from vst_desktop.options.rules import SelectionRules
from vst_desktop.risk.sizing import RiskRules
from vst_desktop.runtime.settings import Settings
from vst_desktop.strategy.exit import ExitRules

PricingName = Literal["modelled", "recorded", "fixed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabRules:
    """Everything but the signals that decides a run. Amounts in USD.

    ``fill_improvement`` is the share of a spread's width saved against natural, at the entry and
    at the exit; ``entry`` says whether an entry is filled at the signal bar's close or at the next
    bar's open.
    """

    selection: SelectionRules
    risk: RiskRules
    approval: ApprovalRules
    exits: ExitRules
    commissions: Commissions
    surface: Surface
    max_chains: int
    min_price: float
    min_volume: float
    initial_equity: float
    avg_spread_cost: float
    avg_reward_risk: float
    entry: Literal["close", "next_open"]
    fill_improvement: float
    bootstrap_samples: int

    @classmethod
    def of(cls, settings: Settings) -> LabRules:
        """By the settings."""
        options, risk = settings.options.model_dump(), settings.risk.model_dump()
        lab: dict[str, Any] = settings.backtest.model_dump()
        stop = risk.pop("stop_loss_atr_mult")
        surface = {
            name: lab.pop(name)
            for name in (
                "volatility_premium",
                "skew",
                "smile",
                "leg_width_pct",
                "least_leg_width_usd",
            )
        }
        return cls(
            selection=SelectionRules.of(options),
            risk=RiskRules(**risk),
            approval=ApprovalRules(
                **settings.approval.model_dump(),
                min_reward_risk=options["min_reward_risk"],
                max_spread_cost=options["max_spread_cost"],
            ),
            exits=ExitRules(**settings.exits.model_dump(), stop_loss_atr_mult=stop),
            commissions=Commissions.of(settings.commissions.model_dump()),
            surface=Surface(
                **surface,
                rate=options["risk_free_rate"],
                dividend_yield=options["dividend_yield"],
            ),
            max_chains=settings.universe.max_chains,
            min_price=settings.universe.min_price,
            min_volume=settings.universe.min_volume,
            **lab,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """First and last day of entries, inclusive."""

    start: date
    end: date
