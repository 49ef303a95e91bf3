"""What a candidate's plan pays: modelled profits of the whole position at target and stop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from vst_desktop.domain.money import CENT
from vst_desktop.domain.spreads import Candidate
from vst_desktop.options.analytics import commission_usd, spread_value
from vst_desktop.options.early_exercise import CashDividends
from vst_desktop.options.payoff import AT_EXPIRATION, Scenario, payoff
from vst_desktop.options.rules import SelectionRules
from vst_desktop.station.view import PayoffView

_UNKNOWN_IV = 0.3
"""Tells how wide the picture is where the legs' own volatilities are not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Profits in USD after half the legs' width to leave and both commissions.

    ``days_ahead`` calendar days from now is halfway to the time exit: when the levels are
    assumed to be reached. None where the legs' volatilities are not known.
    """

    days_ahead: int
    at_target_usd: Decimal | None
    at_stop_usd: Decimal | None


def outlook(candidate: Candidate, *, today: date, rules: SelectionRules) -> Outlook:
    """Model the position at its exit levels; volatilities stay as they are now."""
    ranked, plan = candidate.ranked, candidate.plan
    quantity = max(candidate.contracts, 1)
    days_ahead = max(1, (plan.exit_by - today).days // 2)
    ivs = (ranked.long_iv, ranked.short_iv)
    known = None if ivs[0] is None or ivs[1] is None else (ivs[0], ivs[1])

    def profit(level: float | None) -> Decimal | None:
        if level is None or known is None:
            return None
        value = spread_value(
            ranked.spread,
            level,
            days_left=max(ranked.dte - days_ahead, 0),
            ivs=known,
            rate=rules.risk_free_rate,
            dividend_yield=rules.dividend_yield,
        )
        per_share = max(float(value[0]) - ranked.leg_cost / 2, 0.0) - float(ranked.debit)
        gross = Decimal(str(per_share)) * ranked.spread.multiplier * quantity
        return (gross - 2 * commission_usd(quantity)).quantize(CENT)

    return Outlook(
        days_ahead=days_ahead,
        at_target_usd=profit(plan.target),
        at_stop_usd=profit(plan.stop),
    )


def payoff_view(
    candidate: Candidate, *, days_ahead: int, rules: SelectionRules, dividends: CashDividends
) -> PayoffView:
    """The ticket's picture: at expiration, and that many days from now.

    It costs some milliseconds: for the one candidate that is looked at, not for every row.
    """
    ranked = candidate.ranked
    known = ranked.long_iv is not None and ranked.short_iv is not None
    curve = payoff(
        ranked.spread,
        debit=ranked.debit,
        quantity=max(candidate.contracts, 1),
        spot=candidate.spot,
        ivs=(ranked.long_iv or _UNKNOWN_IV, ranked.short_iv or _UNKNOWN_IV),
        days_to_expiration=ranked.dte,
        scenarios=(AT_EXPIRATION, Scenario(days_ahead=days_ahead))[: 1 + known],
        rate=rules.risk_free_rate,
        dividend_yield=rules.dividend_yield,
        dividends=dividends,
    )
    at_expiry, *at_date = (tuple(row.tolist()) for row in curve.profits_usd)
    return PayoffView(
        prices=tuple(curve.prices.tolist()),
        at_expiry_usd=at_expiry,
        at_date_usd=at_date[0] if at_date else (),
        date_label=f"in {days_ahead} days",
    )
