"""What selection filters and ranks by: one value per key of the settings group ``options``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, Self

LEG_RULES = ("not_quoted", "quote", "stale", "surface", "leg_spread", "open_interest")
PAIR_RULES = ("debit_width", "combo_spread", "cost", "reward_risk", "delta", "expected_move")
RULES = LEG_RULES + PAIR_RULES
"""Names of the rules in the order they are applied; a pair counts under the first it fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionRules:
    """Limits of spread selection. Names, units and meaning are those of the settings.

    DTE in calendar days, deltas absolute per share, cost in USD for one spread, spreads as
    fractions of the mid, ages in seconds, rates per year. 0 switches ``max_strike_steps`` and
    ``max_short_strike_em`` off.
    """

    min_dte: int
    max_dte: int
    min_delta: float
    max_delta: float
    delta_basis: Literal["net", "long_leg"]
    max_spread_cost: float
    min_reward_risk: float
    max_strike_steps: int
    max_short_strike_em: float
    max_leg_spread_pct: float
    min_open_interest: int
    max_combo_spread_pct: float
    check_surface: bool
    rank_by: Literal["reward_risk", "plan_value", "balanced"]
    risk_free_rate: float
    dividend_yield: float
    max_quote_age: float

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """The rules among the keys of the settings group; others are not selection's."""
        return cls(**{field.name: options[field.name] for field in fields(cls)})
