"""How many contracts (SPEC 8)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from vst_desktop.domain.money import CENT

MARKET_ORDER_SLACK = Decimal("0.05")


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskRules:
    """Settings group ``risk``, less the stop; fractions are of net liquidation value."""

    max_positions: int
    max_daily_trades: int
    risk_per_trade: float
    max_total_risk: float
    max_contracts_per_trade: int
    max_daily_loss: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Contracts to trade, with the loss of one at worst. 0 contracts carry the ``reason``."""

    contracts: int
    worst_usd_each: Decimal
    reason: str | None = None


def worst_debit(natural: Decimal, bound: Decimal, *, market_order: bool) -> Decimal:
    """The most a share of the spread may cost: the approval's bound, natural + 5 % for a market
    order, which knows no bound once sent. Rounded up to the cent."""
    if not market_order:
        return bound
    return (natural * (1 + MARKET_ORDER_SLACK)).quantize(CENT, ROUND_CEILING)


def size_position(
    *,
    worst: Decimal,
    multiplier: int,
    entry_commission_usd: Decimal,
    net_liquidation_usd: Decimal | None,
    available_funds_usd: Decimal | None,
    reserved_usd: Decimal,
    at_risk_usd: Decimal,
    rules: RiskRules,
) -> Size:
    """Contracts = floor(min(risk_per_trade x NLV, available - reserved, max_total_risk x NLV - at
    risk) / (worst debit x multiplier + entry commissions)), capped (SPEC 8).

    Args:
        worst: Worst debit per share, USD.
        multiplier: Shares per contract.
        entry_commission_usd: Commissions of opening one spread.
        net_liquidation_usd: In USD; None (not known, or another currency without a rate) gives 0.
        available_funds_usd: None gives 0.
        reserved_usd: Reserved by approvals that are not yet filled.
        at_risk_usd: Open and reserved risk together.
        rules: Limits.
    """
    each = worst * multiplier + entry_commission_usd
    if not worst.is_finite() or worst <= 0 or each <= 0:
        return Size(contracts=0, worst_usd_each=each, reason=f"no size at a debit of {worst}")
    if net_liquidation_usd is None or available_funds_usd is None:
        return Size(
            contracts=0, worst_usd_each=each, reason="the account's value in USD is not known"
        )
    nlv = net_liquidation_usd
    budgets = (
        (_fraction(rules.risk_per_trade) * nlv, "risk per trade"),
        (available_funds_usd - reserved_usd, "available funds"),
        (_fraction(rules.max_total_risk) * nlv - at_risk_usd, "total risk"),
    )
    budget, name = min(budgets, key=lambda item: item[0])
    contracts = int((max(budget, Decimal(0)) / each).to_integral_value(ROUND_FLOOR))
    contracts = min(contracts, rules.max_contracts_per_trade)
    if contracts < 1:
        return Size(
            contracts=0,
            worst_usd_each=each,
            reason=f"{name} leaves {max(budget, Decimal(0)):.2f} USD, one spread risks {each:.2f}",
        )
    return Size(contracts=contracts, worst_usd_each=each)


def _fraction(value: float) -> Decimal:
    return Decimal(str(value))
