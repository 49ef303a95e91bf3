"""Price ladders (SPEC 7): ``natural`` (a) opens at once, ``close`` (b) closes at once."""

from __future__ import annotations

from decimal import Decimal

from vst_desktop.domain.money import ceil_to_tick, floor_to_tick

URGENT_WAY = (Decimal("0.5"), Decimal("0.75"), Decimal(1))
URGENT_STEP_SECS = 10.0
URGENT_REQUOTE_SECS = 15.0
LEAST_CONCESSION = Decimal("0.05")
CONCESSION_OF_MID = Decimal("0.10")


def entry_limit(
    *,
    natural: Decimal,
    close: Decimal,
    step: int,
    steps: int,
    factor: float,
    previous: Decimal | None,
    bound: Decimal,
    tick: Decimal,
) -> Decimal | None:
    """Limit of a BUY at ``step`` of ``steps``, per share; None: the market gives no price, hold.

    L_k = min(max(L_(k-1), b + (a-b)(f + (1-f)k/n)), a, bound), down to the tick.
    3.83/4.03 with f 0.4 and tick 0.05 starts at 3.90.
    """
    if natural <= 0 or close > natural:
        return None
    f = _exact(factor)
    way = f + (1 - f) * min(step, steps) / steps
    wanted = close + (natural - close) * way
    if previous is not None:
        wanted = max(previous, wanted)
    limit = floor_to_tick(min(wanted, natural, bound), tick)
    return limit if limit >= tick else None


def exit_limit(
    *,
    natural: Decimal,
    close: Decimal,
    step: int,
    steps: int,
    factor: float,
    previous: Decimal | None,
    tick: Decimal,
) -> Decimal | None:
    """Limit of a patient SELL: from b + (a-b)(1-f) down to b, up to the tick, never under one
    tick. None: the market gives no price, hold."""
    if close > natural:
        return None
    wanted = _exit_start(natural, close, factor)
    wanted = wanted - (wanted - close) * min(step, steps) / steps
    return _sell(wanted, close, previous, tick)


def urgent_exit_limit(
    *,
    natural: Decimal,
    close: Decimal,
    step: int,
    factor: float,
    previous: Decimal | None,
    tick: Decimal,
) -> Decimal | None:
    """Limit of an urgent SELL: half, three quarters, all of the way to b; then a tick under b
    more at each re-quote, up to max(0.05, 10 % of the mid)."""
    if close > natural:
        return None
    if step < len(URGENT_WAY):
        start = _exit_start(natural, close, factor)
        return _sell(start - (start - close) * URGENT_WAY[step], close, previous, tick)
    most = max(LEAST_CONCESSION, CONCESSION_OF_MID * (natural + close) / 2)
    conceded = min(tick * (step - len(URGENT_WAY) + 1), most)
    return max(ceil_to_tick(close - conceded, tick), tick)


def urgent_delay_secs(step: int) -> float:
    """Seconds from ``step`` to the next of an urgent exit."""
    return URGENT_STEP_SECS if step < len(URGENT_WAY) - 1 else URGENT_REQUOTE_SECS


def marketable_limit(natural: Decimal, bound: Decimal, tick: Decimal) -> Decimal | None:
    """Limit of a MARKETABLE_LIMIT entry: natural, up to the tick; None when that passes the
    bound."""
    limit = ceil_to_tick(natural, tick)
    return limit if tick <= limit <= bound else None


def worth_modifying(old: Decimal | None, new: Decimal, tick: Decimal) -> bool:
    """Whether the change is a tick or more."""
    return old is None or abs(new - old) >= tick


def _exit_start(natural: Decimal, close: Decimal, factor: float) -> Decimal:
    return close + (natural - close) * (1 - _exact(factor))


def _sell(wanted: Decimal, close: Decimal, previous: Decimal | None, tick: Decimal) -> Decimal:
    if previous is not None:
        wanted = min(previous, wanted)
    return max(ceil_to_tick(max(wanted, close), tick), tick)


def _exact(value: float) -> Decimal:
    return Decimal(str(value))
