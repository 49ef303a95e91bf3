"""Why an entry may not go: every limit of SPEC 8 with its code, the limit and the value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from vst_desktop.domain.account import BrokerPosition
from vst_desktop.domain.orders import BrokerOrder, BrokerStatus, Side
from vst_desktop.domain.spreads import VerticalSpread
from vst_desktop.risk.sizing import RiskRules

TERMINAL = frozenset({BrokerStatus.FILLED, BrokerStatus.CANCELLED, BrokerStatus.API_CANCELLED})


class DenialCode(StrEnum):
    """What denied an entry."""

    MAX_POSITIONS = "MAX_POSITIONS"
    DAILY_TRADES = "DAILY_TRADES"
    DAILY_LOSS = "DAILY_LOSS"
    TOTAL_RISK = "TOTAL_RISK"
    DUPLICATE_UNDERLYING = "DUPLICATE_UNDERLYING"
    LEG_OVERLAP = "LEG_OVERLAP"
    INSUFFICIENT_FUNDS = "INSUFFICIENT_FUNDS"
    MARKET_CLOSED = "MARKET_CLOSED"
    HALTED = "HALTED"
    DATA_NOT_LIVE = "DATA_NOT_LIVE"
    STALE_DATA = "STALE_DATA"
    DISCONNECTED = "DISCONNECTED"
    NOT_RECONCILED = "NOT_RECONCILED"
    JOURNAL = "JOURNAL"
    DISARMED = "DISARMED"
    ACCOUNT = "ACCOUNT"
    KILLED = "KILLED"
    NO_DAY_TRADES = "NO_DAY_TRADES"
    DEBIT_BOUND = "DEBIT_BOUND"
    DRIFT = "DRIFT"
    SIGNAL = "SIGNAL"
    EVENT = "EVENT"
    SIZE = "SIZE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """One refusal by us (never by the broker). ``limit`` and ``value`` are for show."""

    code: DenialCode
    limit: str
    value: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What is taken already, the entry in question not counted.

    ``positions`` and ``trades_today`` count open and reserved together; ``at_risk_usd`` likewise.
    """

    positions: int
    trades_today: int
    at_risk_usd: Decimal
    reserved_usd: Decimal
    net_liquidation_usd: Decimal | None
    available_funds_usd: Decimal | None
    day_trades_remaining: int | None


def check_budget(entry_usd: Decimal, budget: Budget, rules: RiskRules) -> Denial | None:
    """First limit of the account that an entry risking ``entry_usd`` would break, or None."""
    if budget.positions >= rules.max_positions:
        return deny(
            DenialCode.MAX_POSITIONS, rules.max_positions, budget.positions, "positions are taken"
        )
    if budget.trades_today >= rules.max_daily_trades:
        return deny(
            DenialCode.DAILY_TRADES,
            rules.max_daily_trades,
            budget.trades_today,
            "trades of the session are taken",
        )
    if budget.day_trades_remaining == 0:
        return deny(DenialCode.NO_DAY_TRADES, 1, 0, "the broker allows no further day trade")
    nlv = budget.net_liquidation_usd
    if nlv is None or budget.available_funds_usd is None:
        return deny(
            DenialCode.INSUFFICIENT_FUNDS, "USD", "unknown", "the account's value is not known"
        )
    total_limit = _fraction(rules.max_total_risk) * nlv
    if budget.at_risk_usd + entry_usd > total_limit:
        return deny(
            DenialCode.TOTAL_RISK,
            f"{total_limit:.2f}",
            f"{budget.at_risk_usd + entry_usd:.2f}",
            "total risk in USD would pass its limit",
        )
    free = budget.available_funds_usd - budget.reserved_usd
    if entry_usd > free:
        return deny(
            DenialCode.INSUFFICIENT_FUNDS,
            f"{free:.2f}",
            f"{entry_usd:.2f}",
            "available funds in USD do not cover it",
        )
    return None


def daily_loss(
    day_pnl_usd: Decimal | None, net_liquidation_usd: Decimal | None, rules: RiskRules
) -> Denial | None:
    """Whether one reading of the day's profit and loss shows the limit reached; None when it does
    not, or when the account tells neither."""
    if day_pnl_usd is None or net_liquidation_usd is None:
        return None
    limit = _fraction(rules.max_daily_loss) * net_liquidation_usd
    if -day_pnl_usd < limit:
        return None
    return deny(
        DenialCode.DAILY_LOSS, f"{limit:.2f}", f"{-day_pnl_usd:.2f}", "the day's loss in USD"
    )


def check_own_overlap(spread: VerticalSpread, others: Iterable[VerticalSpread]) -> Denial | None:
    """Refuse a second spread on an underlying that this station holds, works or has reserved."""
    for other in others:
        if other.symbol == spread.symbol:
            return _duplicate(spread.symbol, f"{other.label()} is held or waiting")
    return None


def check_broker_overlap(
    spread: VerticalSpread,
    positions: Iterable[BrokerPosition],
    orders: Iterable[BrokerOrder],
) -> Denial | None:
    """Refuse what would meet positions or open orders at the broker, made by hand included.

    A leg that would net against an existing one is LEG_OVERLAP; any other option position or open
    order on the underlying is DUPLICATE_UNDERLYING. Stock positions do not count.
    """
    legs = {spread.long.con_id: 1, spread.short.con_id: -1}
    duplicate: Denial | None = None
    for position in positions:
        if position.symbol != spread.symbol or position.option is None or not position.quantity:
            continue
        if position.con_id in legs:
            return _overlap(spread, f"{position.quantity} of contract {position.con_id} are held")
        duplicate = duplicate or _duplicate(spread.symbol, "an option position at the broker")
    for order in orders:
        if order.symbol != spread.symbol or order.status in TERMINAL:
            continue
        if any(con_id in legs for con_id, _, _ in order.legs):
            return _overlap(spread, f"open order {order.order_id or order.perm_id} has the leg")
        duplicate = duplicate or _duplicate(
            spread.symbol, f"open order {order.order_id or order.perm_id} at the broker"
        )
    return duplicate


def working_to_close(spread: VerticalSpread, orders: Iterable[BrokerOrder], account: str) -> int:
    """Spreads that open orders (all clients') already work to close, legs counted singly."""
    long_leg = short_leg = 0
    for order in orders:
        if order.account not in ("", account) or order.status in TERMINAL:
            continue
        left = max(int(order.quantity - order.filled), 0)
        for con_id, ratio, side in order.legs:
            sells = (side is Side.SELL) == (order.side is Side.BUY)
            if con_id == spread.long.con_id and sells:
                long_leg += left * ratio
            if con_id == spread.short.con_id and not sells:
                short_leg += left * ratio
    return max(long_leg, short_leg)


def leg_quantities(
    spread: VerticalSpread, positions: Iterable[BrokerPosition], account: str
) -> tuple[int, int]:
    """Long leg held and short leg owed at the broker; each at least 0."""
    held = {spread.long.con_id: 0, spread.short.con_id: 0}
    for position in positions:
        if position.account == account and position.con_id in held:
            held[position.con_id] += int(position.quantity)
    return max(held[spread.long.con_id], 0), max(-held[spread.short.con_id], 0)


def deny(code: DenialCode, limit: object, value: object, text: str) -> Denial:
    """A denial whose text names the value and the limit; decimals are money, to the cent."""
    limit, value = _said(limit), _said(value)
    return Denial(code=code, limit=limit, value=value, text=f"{text} ({value}, limit {limit})")


def _said(value: object) -> str:
    """``2.80`` and ``2``: a price has its cents, and what it has beyond them."""
    if not isinstance(value, Decimal) or not value.is_finite():
        return str(value)
    exact = -int(value.normalize().as_tuple().exponent)
    return f"{value:.{max(exact, 2)}f}"


def _duplicate(symbol: str, value: str) -> Denial:
    return Denial(
        code=DenialCode.DUPLICATE_UNDERLYING,
        limit="one spread an underlying",
        value=value,
        text=f"{symbol} is taken: {value}",
    )


def _overlap(spread: VerticalSpread, value: str) -> Denial:
    return Denial(
        code=DenialCode.LEG_OVERLAP,
        limit="no shared leg",
        value=value,
        text=f"{spread.symbol} {spread.label()} would net against an existing leg: {value}",
    )


def _fraction(value: float) -> Decimal:
    return Decimal(str(value))
