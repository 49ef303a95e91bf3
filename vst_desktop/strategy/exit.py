"""Exit plans and their triggers (SPEC 9): levels on the underlying, mirrored for SHORT."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Literal

from vst_desktop.domain.bars import BarSeries
from vst_desktop.domain.signals import Direction
from vst_desktop.domain.spreads import ExitPlan

SWING_BARS = 20
CONFIRM_AFTER = timedelta(seconds=10)
OPENING = timedelta(minutes=5)
OPENING_MARGIN_ATR = 0.5
TIME_EXIT_AFTER_OPEN = timedelta(minutes=30)
TIME_EXIT_BEFORE_CLOSE = timedelta(minutes=30)

IsSession = Callable[[date], bool]


class ExitReason(StrEnum):
    """Why a position was closed."""

    TARGET_FIBO = "TARGET_FIBO"
    TARGET_R = "TARGET_R"
    TARGET_ATR = "TARGET_ATR"
    TARGET_OWN = "TARGET_OWN"
    """A target that the trader set."""
    STOP = "STOP"
    TIME = "TIME"
    TAKE_PROFIT = "TAKE_PROFIT"
    EXPIRY = "EXPIRY"
    EX_DIV = "EX_DIV"
    EARNINGS = "EARNINGS"
    ASSIGNED = "ASSIGNED"
    OUTSIDE = "OUTSIDE"
    MANUAL = "MANUAL"
    FLATTEN = "FLATTEN"

    @property
    def urgent(self) -> bool:
        """Whether getting out matters more than the price."""
        return self in (ExitReason.STOP, ExitReason.EXPIRY, ExitReason.EX_DIV)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitRules:
    """Settings group ``exits`` and ``risk.stop_loss_atr_mult``."""

    use_fibo_targets: bool
    fibo_target_level: float
    use_r_multiple: bool
    r_multiple_target: float
    use_atr_target: bool
    atr_target_multiple: float
    min_days_to_exit: int
    take_profit_pct_of_max: float | None
    stop_loss_atr_mult: float
    close_before_ex_dividend: bool = True
    earnings_policy: Literal["block", "warn", "allow"] = "block"
    """``block`` closes before earnings, ``warn`` tells them."""
    risk_free_rate: float = 0.04
    """Per year: what a put's holder earns on the strike by exercising early."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """The underlying at one moment. ``live``: market data type 1; ``since_open`` None outside
    regular hours; ``halted`` from the quote."""

    time: datetime
    last: float | None
    mid: float | None
    live: bool
    halted: bool
    since_open: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A trigger seen once, waiting for its second observation."""

    reason: ExitReason
    since: datetime


def exit_plan(
    direction: Direction,
    *,
    entry: float,
    atr: float,
    whole_bars: BarSeries,
    rules: ExitRules,
    expiration: date,
    is_session: IsSession,
    last_trade: date | None = None,
) -> ExitPlan:
    """The plan for an entry at ``entry`` (USD, the underlying's mid) with the last whole bar's ATR.

    Args:
        direction: Which way the spread profits.
        entry: Underlying's mid at the first fill (before: its price now).
        atr: ATR of the last whole bar, USD.
        whole_bars: Closed sessions before entry; fewer than 20 give no Fibonacci target.
        rules: Levels and switches.
        expiration: Expiration of the legs.
        is_session: Whether the exchange opens on a day.
        last_trade: Last trading day of the legs where it differs from the expiration.
    """
    if not atr > 0 or not entry > 0:
        raise ValueError(f"no exit plan from entry {entry} and ATR {atr}")
    fibo = _fibo(direction, whole_bars.whole(), rules) if rules.use_fibo_targets else None
    return _framed(
        direction,
        entry=entry,
        atr=atr,
        fibo=fibo,
        rules=rules,
        exit_by=exit_day(expiration, last_trade, rules.min_days_to_exit, is_session),
    )


def reframed(plan: ExitPlan, direction: Direction, entry: float, rules: ExitRules) -> ExitPlan:
    """The plan frozen at the first fill: another entry; ATR, Fibonacci target and day stay."""
    return _framed(
        direction,
        entry=entry,
        atr=plan.atr,
        fibo=plan.fibo_target,
        rules=rules,
        exit_by=plan.exit_by,
    )


def exit_day(
    expiration: date, last_trade: date | None, min_days_to_exit: int, is_session: IsSession
) -> date:
    """The session on which the time exit closes: the first with at most ``min_days_to_exit`` days
    to expiration, or the EXPIRY rule's when that is earlier."""
    day = expiration - timedelta(days=min_days_to_exit)
    limit = expiry_exit_day(expiration, last_trade, is_session)
    while day < limit and not is_session(day):
        day += timedelta(days=1)
    return min(day, limit)


def expiry_exit_day(expiration: date, last_trade: date | None, is_session: IsSession) -> date:
    """One session before the contract's last trading day: everything is closed by then."""
    last = _session_on_or_before(last_trade or expiration, is_session)
    return _session_on_or_before(last - timedelta(days=1), is_session)


def price_trigger(plan: ExitPlan, direction: Direction, seen: Observation) -> ExitReason | None:
    """Stop or target that this observation shows reached: last and mid both beyond the level.

    None outside regular hours, on data that is not live and while halted. In the first five
    minutes the level must be passed by half an ATR.
    """
    if seen.since_open is None or not seen.live or seen.halted:
        return None
    if seen.last is None or seen.mid is None:
        return None
    margin = OPENING_MARGIN_ATR * plan.atr if seen.since_open < OPENING else 0.0
    sign = direction.sign
    values = (seen.last * sign, seen.mid * sign)
    if max(values) <= plan.stop * sign - margin:
        return ExitReason.STOP
    if plan.target is not None and min(values) >= plan.target * sign + margin:
        return ExitReason(plan.target_reason or ExitReason.TARGET_ATR)
    return None


def take_profit_trigger(
    *, close_value: float, average_debit: float, width: float, rules: ExitRules
) -> ExitReason | None:
    """TAKE_PROFIT when closing now pays the wanted share of the maximum profit (per share)."""
    share = rules.take_profit_pct_of_max
    if share is None or close_value - average_debit < share * (width - average_debit):
        return None
    return ExitReason.TAKE_PROFIT


def time_trigger(
    plan: ExitPlan, *, now: datetime, today: date, opens: datetime, closes: datetime, expiry: date
) -> ExitReason | None:
    """TIME or EXPIRY when the clock says so; ``expiry`` is the day of the EXPIRY rule.

    TIME acts from 30 minutes after the open until 30 before the close (10:00 to 15:30 on a normal
    day); EXPIRY, once due, until the close.
    """
    if not opens + TIME_EXIT_AFTER_OPEN <= now < closes:
        return None
    if today >= expiry:
        return ExitReason.EXPIRY
    if today >= plan.exit_by and now <= closes - TIME_EXIT_BEFORE_CLOSE:
        return ExitReason.TIME
    return None


def early_put_pays(
    *, spot: float, strike: float, put_price: float, rate: float, years: float
) -> bool:
    """Whether a put's holder gains by exercising now: in the money, with less extrinsic value than
    the interest on its strike until expiration, strike x (1 - exp(-rate x years)). USD a share."""
    extrinsic = put_price - (strike - spot)
    return spot < strike and extrinsic < strike * (1 - math.exp(-rate * years))


def confirm(
    pending: Pending | None, reason: ExitReason | None, time: datetime
) -> tuple[Pending | None, ExitReason | None]:
    """The two-observations rule: what now waits, and the reason that has been confirmed.

    A trigger acts when it is seen twice, at least 10 s apart, with nothing else seen between.
    """
    if reason is None:
        return None, None
    if pending is None or pending.reason is not reason:
        return Pending(reason=reason, since=time), None
    if time - pending.since >= CONFIRM_AFTER:
        return None, reason
    return pending, None


def _framed(
    direction: Direction,
    *,
    entry: float,
    atr: float,
    fibo: float | None,
    rules: ExitRules,
    exit_by: date,
) -> ExitPlan:
    sign = direction.sign
    stop = entry - sign * rules.stop_loss_atr_mult * atr
    risk = abs(entry - stop)
    r_target = entry + sign * rules.r_multiple_target * risk if rules.use_r_multiple else None
    atr_target = entry + sign * rules.atr_target_multiple * atr if rules.use_atr_target else None
    usable = [
        (abs(level - entry), level, reason)
        for level, reason in (
            (fibo, ExitReason.TARGET_FIBO),
            (r_target, ExitReason.TARGET_R),
            (atr_target, ExitReason.TARGET_ATR),
        )
        if level is not None and level > 0 and sign * (level - entry) >= atr
    ]
    nearest = min(usable, key=lambda target: target[0]) if usable else None
    return ExitPlan(
        entry=entry,
        atr=atr,
        stop=stop,
        fibo_target=fibo,
        r_target=r_target,
        atr_target=atr_target,
        target=nearest[1] if nearest else None,
        target_reason=nearest[2].value if nearest else None,
        exit_by=exit_by,
    )


def _fibo(direction: Direction, bars: BarSeries, rules: ExitRules) -> float | None:
    if len(bars) < SWING_BARS:
        return None
    low = min(bars.low[-SWING_BARS:])
    high = max(bars.high[-SWING_BARS:])
    swing = rules.fibo_target_level * (high - low)
    return low + swing if direction is Direction.LONG else high - swing


def _session_on_or_before(day: date, is_session: IsSession) -> date:
    while not is_session(day):
        day -= timedelta(days=1)
    return day
