"""Spreads, candidates and rules for tests of the money path."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from zlib import crc32

from vst_desktop.domain.bars import BarSeries
from vst_desktop.domain.quotes import OptionContract, Right
from vst_desktop.domain.signals import Direction, Signal
from vst_desktop.domain.spreads import (
    Candidate,
    ExitPlan,
    RankedSpread,
    Selection,
    SpreadMarket,
    VerticalSpread,
)
from vst_desktop.execution.rules import ApprovalRules, ExecutionRules
from vst_desktop.risk.sizing import RiskRules
from vst_desktop.strategy.exit import ExitRules

EXECUTION = ExecutionRules(
    paper_order_type="MARKET",
    price_improvement_factor=0.4,
    entry_window_minutes=60,
    allow_late_day_entry=True,
    max_order_latency=60.0,  # real seconds: a busy machine is no finding
    critical_order_latency=120.0,
    reprice_step_seconds=20,
    reprice_max_steps=4,
    ladder_end="CANCEL",
)
APPROVAL = ApprovalRules(
    max_debit_over=0.02, max_drift_atr=0.5, min_reward_risk=1.5, max_spread_cost=500
)
RISK = RiskRules(
    max_positions=5,
    max_daily_trades=3,
    risk_per_trade=0.02,
    max_total_risk=0.10,
    max_contracts_per_trade=10,
    max_daily_loss=0.06,
)
EXITS = ExitRules(
    use_fibo_targets=True,
    fibo_target_level=1.618,
    use_r_multiple=True,
    r_multiple_target=2.0,
    use_atr_target=True,
    atr_target_multiple=3.0,
    min_days_to_exit=14,
    take_profit_pct_of_max=None,
    stop_loss_atr_mult=2.0,
)
EXPIRATION = date(2023, 12, 15)
"""A Friday; with 14 days to go the time exit falls on Friday 1 December."""


def contract(
    symbol: str, strike: str, right: Right = Right.CALL, con_id: int | None = None
) -> OptionContract:
    """One option; its con_id is a function of what it is."""
    number = con_id or crc32(f"{symbol} {strike} {right}".encode()) % 10**8 + 1
    return OptionContract(
        symbol=symbol,
        expiration=EXPIRATION,
        strike=Decimal(strike),
        right=right,
        con_id=number,
        trading_class=symbol,
    )


def bull_call(symbol: str = "AAPL", low: str = "100", high: str = "110") -> VerticalSpread:
    """A bull call debit spread."""
    return VerticalSpread(long=contract(symbol, low), short=contract(symbol, high))


def bear_put(symbol: str = "AAPL", high: str = "110", low: str = "100") -> VerticalSpread:
    """A bear put debit spread."""
    return VerticalSpread(
        long=contract(symbol, high, Right.PUT), short=contract(symbol, low, Right.PUT)
    )


def bars(symbol: str = "AAPL", count: int = 30, low: float = 95, high: float = 105) -> BarSeries:
    """Flat bars between two prices."""
    days = tuple(date.fromordinal(date(2023, 10, 1).toordinal() + n) for n in range(count))
    mid = (low + high) / 2
    return BarSeries(
        symbol=symbol,
        dates=days,
        open=(mid,) * count,
        high=(high,) * count,
        low=(low,) * count,
        close=(mid,) * count,
        volume=(1e6,) * count,
    )


def plan(entry: float = 104.0, atr: float = 2.0) -> ExitPlan:
    """A LONG plan: stop 2 ATR under, target 3 ATR over."""
    return ExitPlan(
        entry=entry,
        atr=atr,
        stop=entry - 2 * atr,
        fibo_target=None,
        r_target=entry + 4 * atr,
        atr_target=entry + 3 * atr,
        target=entry + 3 * atr,
        target_reason="TARGET_ATR",
        exit_by=date(2023, 12, 1),
    )


def candidate(
    symbol: str = "AAPL",
    *,
    natural: str = "2.68",
    close: str = "2.60",
    spot: float = 104.0,
    contracts: int = 2,
    spread: VerticalSpread | None = None,
) -> Candidate:
    """A bull call candidate as selection would propose it."""
    chosen = spread or bull_call(symbol)
    market = SpreadMarket(
        natural=Decimal(natural), close=Decimal(close), time=datetime(2023, 11, 1, tzinfo=UTC)
    )
    ranked = RankedSpread(
        spread=chosen,
        market=market,
        dte=38,
        years=38 / 365,
        delta=0.35,
        reward_risk=float((chosen.width - market.natural) / market.natural),
        breakeven=float(chosen.long.strike + market.natural),
        probability_of_profit=0.42,
        probability_low=0.2,
        probability_high=0.6,
        expected_move=9.0,
        long_iv=0.3,
        short_iv=0.29,
        net_theta=-0.01,
        net_vega=0.02,
        net_gamma=0.01,
        leg_cost=0.08,
        open_interest=500,
        long_mid=4.2,
        short_mid=2.1,
        long_leg_spread_pct=0.02,
        short_leg_spread_pct=0.03,
    )
    signal = Signal(
        symbol=symbol,
        strategy="HIGH_BASE",
        direction=Direction.LONG,
        date=date(2023, 11, 7),
        close=spot,
        atr=2.0,
        rsi=65,
    )
    return Candidate(
        candidate_id=f"{symbol}-1",
        revision=1,
        signal=signal,
        ranked=ranked,
        alternatives=(),
        selection=Selection(
            symbol=symbol, direction=Direction.LONG, considered=1, rejected={}, spreads=(ranked,)
        ),
        contracts=contracts,
        plan=replace(plan(spot), entry=spot),
        spot=spot,
    )
