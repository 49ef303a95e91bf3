"""Parameters of the four strategies; defaults stand in the settings alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

BUILT_IN_NAMES = ("HIGH_BASE", "LOW_BASE", "BULL_PULLBACK", "BEAR_RALLY")


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyParameters:
    """Thresholds by the keys of settings group ``strategy``.

    RSI thresholds 0..100, ATR ratios in ATR, ``base_lookback`` in bars.
    """

    high_base_max_atr_ratio: float
    high_base_min_rsi: float
    low_base_min_atr_ratio: float
    low_base_max_rsi: float
    bull_pullback_rsi_threshold: float
    bear_rally_rsi_threshold: float
    atr_ratio_base: Literal["zero", "range_low"]
    base_lookback: int

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> StrategyParameters:
        """From a mapping that holds at least these keys."""
        return cls(**{field.name: values[field.name] for field in fields(cls)})
