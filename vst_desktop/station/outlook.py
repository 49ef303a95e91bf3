"""What a candidate's plan pays: modelled profits of the whole position at target and stop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from vst_desktop.domain.money import CENT
from vst_desktop.domain.odds import Distribution, PlanEnd
from vst_desktop.domain.spreads import Candidate
from vst_desktop.options.early_exercise import CashDividends
from vst_desktop.options.payoff import AT_EXPIRATION, Scenario, payoff
from vst_desktop.options.rules import SelectionRules
from vst_desktop.station.view import PayoffView

_UNKNOWN_IV = 0.3
"""Tells how wide the picture is where the legs' own volatilities are not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Mean profits of the position at its levels, after crossing and commissions (plan odds).

    Under implied prices; None where the legs' volatilities are not known, or a level is not met.
    ``days_ahead`` calendar days from now is halfway to the time exit: the picture's second line.
    """

    days_ahead: int
    at_target_usd: Decimal | None
    at_stop_usd: Decimal | None


def outlook(candidate: Candidate, *, today: date) -> Outlook:
    """What the plan's own odds say of its levels."""
    implied = next((o for o in candidate.odds if o.distribution is Distribution.IMPLIED), None)
    return Outlook(
        days_ahead=max(1, (candidate.plan.exit_by - today).days // 2),
        at_target_usd=_usd(implied.target) if implied else None,
        at_stop_usd=_usd(implied.stop) if implied else None,
    )


def _usd(end: PlanEnd) -> Decimal | None:
    return None if end.usd is None else Decimal(str(end.usd)).quantize(CENT)


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
