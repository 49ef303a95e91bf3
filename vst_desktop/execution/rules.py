"""Settings the desk works by; keys and units as in SPEC 2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRules:
    """Settings group ``execution``, less the mode. Latencies and steps in seconds."""

    paper_order_type: Literal["MARKET", "MARKETABLE_LIMIT"]
    price_improvement_factor: float
    entry_window_minutes: int
    allow_late_day_entry: bool
    max_order_latency: float
    critical_order_latency: float
    reprice_step_seconds: float
    reprice_max_steps: int
    ladder_end: Literal["CANCEL", "REST"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRules:
    """Settings group ``approval`` and the two of ``options`` that bound a debit."""

    max_debit_over: float
    max_drift_atr: float
    min_reward_risk: float
    max_spread_cost: float
