"""The ticket: one candidate with everything that bears on the decision."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from vst_desktop.domain.money import CENT
from vst_desktop.domain.orders import Mode, OrderState
from vst_desktop.domain.quotes import Right
from vst_desktop.domain.signals import Condition
from vst_desktop.domain.spreads import Candidate
from vst_desktop.options.commissions import Commissions
from vst_desktop.ports.store import IntentRecord
from vst_desktop.runtime.calendar import EASTERN
from vst_desktop.station.bounds import eastern_end
from vst_desktop.station.desk_view import BoundsView
from vst_desktop.station.numbers import ticket_figures
from vst_desktop.station.outlook import Outlook
from vst_desktop.station.view import Figure, PayoffView, TicketView
from vst_desktop.strategy.explain import explain
from vst_desktop.strategy.indicators import Indicators
from vst_desktop.strategy.parameters import StrategyParameters

if TYPE_CHECKING:
    from vst_desktop.station.station import Station


def make_ticket(
    station: Station,
    candidate: Candidate,
    ahead: Outlook,
    payoff: PayoffView,
    data: Indicators,
    waiting: IntentRecord | None,
) -> TicketView:
    """The ticket of one candidate as it stands now."""
    ranked, spread, plan = candidate.ranked, candidate.ranked.spread, candidate.plan
    kind = "call" if spread.right is Right.CALL else "put"
    quantity = candidate.contracts
    cost = ranked.debit * spread.multiplier * quantity
    commissions = Commissions.of(station.settings.commissions.model_dump())
    entry = commissions.usual_order_usd(quantity)
    worst = -(cost + entry) if quantity else Decimal(0)
    account = station.account
    nlv = account.net_liquidation_usd if account else None
    blocked = station.block_reason(candidate)
    bounds = station.bounds.view(candidate, waiting)
    strikes = f"{spread.long.strike.normalize():f} / {spread.short.strike.normalize():f}"
    crossing = Decimal(str(ranked.leg_cost)) * spread.multiplier * quantity
    stands = waiting is None and blocked is None
    return TicketView(
        candidate_id=candidate.candidate_id,
        revision=candidate.revision,
        symbol=spread.symbol,
        title=f"{spread.symbol} {str(spread.spread_type).replace('_', ' ').lower()}",
        subtitle=f"{spread.expiration:%d %b %Y} · {ranked.dte} days",
        headline=f"Buy {quantity} × {strikes} {kind} for {ranked.debit:.2f}",
        worst_usd=worst,
        worst_pct=float(-worst / nlv) if nlv else None,
        crossing_usd=crossing.quantize(CENT),
        spot=candidate.spot,
        breakeven=ranked.breakeven,
        stop=plan.stop,
        target=plan.target,
        target_reason=plan.target_reason,
        at_target_usd=ahead.at_target_usd,
        at_stop_usd=ahead.at_stop_usd,
        exit_by=plan.exit_by,
        payoff=payoff,
        figures=ticket_figures(station, candidate, data),
        why_title=_why_title(candidate),
        why=_why(station, candidate, data),
        terms_title=_terms_title(station, waiting),
        terms=_terms(bounds),
        bounds=bounds,
        approve_text=f"Approve {quantity} × ≤ {bounds.max_debit:.2f} · {station.mode}",
        can_approve=stands,
        blocked_reason=blocked,
        can_withdraw=waiting is not None,
        alternatives=tuple(
            f"{r.spread.label()}  {r.spread.expiration:%d %b}  {r.debit:.2f}  "
            f"R/R {r.reward_risk:.2f}"
            for r in candidate.alternatives
        ),
        odds=candidate.odds,
    )


def _why_title(candidate: Candidate) -> str:
    signal = candidate.signal
    name = signal.strategy.replace("_", " ")
    return f"Why: {name}, {'forming bar' if signal.forming else 'bar'} {signal.date:%d %b}"


def _why(station: Station, candidate: Candidate, data: Indicators) -> tuple[Condition, ...]:
    parameters = StrategyParameters.of(station.settings.strategy.model_dump())
    bars = station.research.bars(candidate.signal.symbol)
    assert bars is not None
    (explanation,) = explain(bars, (candidate.signal.strategy,), parameters, data)
    return explanation.conditions


def _terms_title(station: Station, waiting: IntentRecord | None) -> str:
    if waiting is not None:
        return "Held: release or withdraw" if waiting.state is OrderState.HELD else "Approved"
    if station.mode is Mode.LIVE:
        kind = "limit order"
    elif station.settings.execution.paper_order_type == "MARKET":
        kind = "market order"
    else:
        kind = "limit order at the natural price"
    opens, _ = station.window()
    now = station.engines.clock.now()
    when = "now" if opens is None or opens <= now else f"at {opens.astimezone(EASTERN):%H:%M}"
    return f"Approve (Ctrl+Enter): {kind} {when}, if still"


def _terms(bounds: BoundsView) -> tuple[Figure, ...]:
    drift, spot = bounds.max_drift_atr * bounds.atr, bounds.spot
    return (
        Figure(caption="debit at most", value=f"{bounds.max_debit:.2f}"),
        Figure(
            caption=f"underlying within {bounds.max_drift_atr:g} ATR",
            value=f"{spot - drift:.2f} – {spot + drift:.2f}",
        ),
        Figure(caption="until", value=eastern_end(bounds.until)),
    )
