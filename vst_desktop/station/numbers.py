"""The figures of a ticket: the spread's market, its chances, its costs and the symbol's past."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vst_desktop.domain.events import EventKind
from vst_desktop.domain.quotes import Right
from vst_desktop.domain.spreads import Candidate
from vst_desktop.options.analytics import probability_of_touch
from vst_desktop.options.commissions import Commissions
from vst_desktop.options.events import assignment_looms
from vst_desktop.options.figures import Figures, figures
from vst_desktop.options.normal import Floats
from vst_desktop.options.plan_odds import Pricing, spot_volatility
from vst_desktop.options.prospects import (
    history_value,
    implied_over_realised,
    realised_rank,
)
from vst_desktop.runtime.calendar import trading_day
from vst_desktop.station.view import Figure
from vst_desktop.strategy.indicators import Indicators

if TYPE_CHECKING:
    from vst_desktop.station.station import Station

NONE = "–"


def ticket_figures(station: Station, candidate: Candidate, data: Indicators) -> tuple[Figure, ...]:
    """All figures of one candidate; an en dash where one is not known."""
    options = station.settings.options
    pricing = Pricing(
        rate=options.risk_free_rate,
        dividend_yield=options.dividend_yield,
        commissions=Commissions.of(station.settings.commissions.model_dump()),
    )
    found = figures(
        [candidate.ranked],
        spot=candidate.spot,
        rate=pricing.rate,
        dividend_yield=pricing.dividend_yield,
        commissions=pricing.commissions,
    )
    return (
        *_market(station, candidate, found),
        *_chances(station, candidate, found, pricing),
        *_past(candidate, data, pricing),
        *_events(station, candidate),
    )


def _market(station: Station, candidate: Candidate, found: Figures) -> tuple[Figure, ...]:
    ranked, market = candidate.ranked, candidate.ranked.market
    age = (station.engines.clock.now() - market.time).total_seconds()
    interest = ranked.open_interest
    return (
        Figure(caption="Bid / mid", value=f"{market.close:.2f} / {market.mid:.2f}"),
        Figure(caption="Quote age", value=f"{max(age, 0):.0f} s"),
        Figure(caption="Reward/risk", value=f"{ranked.reward_risk:.2f}"),
        Figure(caption="after costs", value=_text(found.net_reward_risk, ".2f")),
        Figure(caption="Max", value=_max_text(candidate)),
        Figure(caption="Max R", value=_text(found.max_r, ".2f")),
        Figure(
            caption="Legs",
            value=f"{100 * ranked.long_leg_spread_pct:.1f} / "
            f"{100 * ranked.short_leg_spread_pct:.1f} %",
        ),
        Figure(caption="Open int.", value=NONE if interest is None else f"{interest:,}"),
        Figure(caption="Crossing", value=_text(found.liquidity_cost_usd, ".0f", "${} each")),
        Figure(caption="Commissions", value=_text(found.commission_usd, ".2f", "${} each")),
        Figure(caption="Delta", value=f"{ranked.delta:.2f}"),
        Figure(caption="Theta, vega", value=_theta_vega(found)),
    )


def _chances(
    station: Station, candidate: Candidate, found: Figures, pricing: Pricing
) -> tuple[Figure, ...]:
    ranked, plan = candidate.ranked, candidate.plan
    pop, move = ranked.probability_of_profit, ranked.expected_move
    low, high = 100 * ranked.probability_low, 100 * ranked.probability_high
    volatility = spot_volatility(ranked, candidate.spot)
    days = (plan.exit_by - trading_day(station.engines.clock.now())).days
    touched = [NONE, NONE]
    if volatility is not None:
        levels = [plan.stop, np.nan if plan.target is None else plan.target]
        chances = probability_of_touch(
            levels,
            spot=candidate.spot,
            years=max(days, 0) / 365,
            volatility=volatility,
            rate=pricing.rate,
            dividend_yield=pricing.dividend_yield,
        )
        touched = [NONE if np.isnan(chance) else f"{100 * chance:.0f} %" for chance in chances]
    return (
        Figure(caption="POP", value=NONE if pop is None else f"{100 * pop:.0f} %"),
        Figure(caption="by quotes", value=f"{low:.0f} to {high:.0f} %"),
        Figure(caption="Breakeven", value=f"{ranked.breakeven:.2f}"),
        Figure(caption="away", value=_text(100 * found.breakeven_pct, "+.1f", "{} %")),
        Figure(caption="Exp. move", value=NONE if move is None else f"± {move:.2f}"),
        Figure(caption="short strike", value=_text(found.short_strike_em, ".2f", "{} moves")),
        Figure(caption="Touches stop", value=touched[0]),
        Figure(caption="target", value=touched[1]),
        Figure(caption="Implied cost", value=_text(found.cost_implied_usd, "+.0f", "{} $ each")),
        Figure(caption="Skew", value=_text(found.skew_points, "+.1f", "{} points")),
    )


def _past(candidate: Candidate, data: Indicators, pricing: Pricing) -> tuple[Figure, ...]:
    own = history_value(candidate.ranked, data.close, spot=candidate.spot, pricing=pricing)
    rank = realised_rank(data.close)
    volatility = spot_volatility(candidate.ranked, candidate.spot)
    ratio = None if volatility is None else implied_over_realised(volatility, data.close)
    return (
        Figure(
            caption="Own past",
            value=NONE if own is None else _minus(f"{own.mean_usd:+,.0f} $ (n {own.apart})"),
        ),
        Figure(
            caption="95 %",
            value=NONE if own is None else _minus(f"{own.low_usd:+,.0f} to {own.high_usd:+,.0f} $"),
        ),
        Figure(caption="IV / realised", value=NONE if ratio is None else f"{ratio:.2f}"),
        Figure(
            caption="Realised rank, pct.",
            value=NONE
            if rank is None
            else f"{100 * rank.rank:.0f} %, {100 * rank.percentile:.0f} %",
        ),
    )


def _events(station: Station, candidate: Candidate) -> tuple[Figure, ...]:
    events, symbol = station.engines.market_data.events, candidate.signal.symbol
    return (
        Figure(caption="Earnings", value=events.next_of(symbol, EventKind.EARNINGS)),
        Figure(caption="Dividend", value=events.next_of(symbol, EventKind.EX_DIVIDEND)),
        Figure(caption="Assignment", value=_assignment(station, candidate)),
    )


def _assignment(station: Station, candidate: Candidate) -> str:
    """Whether the short call would be exercised for the next dividend, were it due now."""
    ranked = candidate.ranked
    if ranked.spread.right is Right.PUT:
        return "no dividend risk"
    dividend = station.engines.market_data.events.next_dividend(candidate.signal.symbol)
    if dividend is None or dividend.amount_usd is None:
        return "unknown"
    if dividend.day > candidate.plan.exit_by:
        return "after the exit"
    looms = assignment_looms(
        spot=candidate.spot,
        strike=float(ranked.spread.short.strike),
        call_price=ranked.short_mid,
        dividend_usd=float(dividend.amount_usd),
    )
    return "likely before the ex-date" if looms else "not now"


def _max_text(candidate: Candidate) -> str:
    ranked, quantity = candidate.ranked, candidate.contracts
    return f"−${ranked.max_loss_usd * quantity:,.0f} / +${ranked.max_profit_usd * quantity:,.0f}"


def _theta_vega(found: Figures) -> str:
    theta, vega = float(found.theta_usd[0]), float(found.vega_usd[0])
    return NONE if np.isnan(theta) else _minus(f"{theta:+.1f} $/day, {vega:+.1f} $")


def _text(column: Floats, form: str, in_: str = "{}") -> str:
    value = float(column[0])
    return NONE if np.isnan(value) else in_.format(_minus(format(value, form)))


def _minus(text: str) -> str:
    """The true sign, as everywhere in the window."""
    return text.replace("-", "−")
