"""What a candidate's further columns show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateDetail:
    """What a candidate's further columns show; money for the whole position, prices per share."""

    spot: float
    change_pct: float | None
    atr: float
    rsi: float
    above_sma50_pct: float | None
    above_sma200_pct: float | None
    signal_day: date
    forming: bool
    bid: Decimal
    mid: Decimal
    limit_cap: Decimal
    """The most an approval given now would let the order pay."""
    max_loss_usd: Decimal
    max_profit_usd: Decimal
    net_reward_risk: float | None
    breakeven_pct: float | None
    expected_move: float | None
    breakeven_em: float | None
    theta_usd: float | None
    vega_usd: float | None
    delta_usd: float | None
    iv_over_realised: float | None
    realised_rank: float | None
    realised_percentile: float | None
    market_width_pct: float | None
    open_interest: int | None
    history_usd: float | None
    history_plays: int | None
    commission_usd: float | None
    risk_pct: float | None
    max_r: float | None
    stop: float
    target: float | None
    earnings: str
    dividend: str
