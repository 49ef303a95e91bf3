"""Rows of the candidates pane; what is dear to work out is kept for a candidate's revision."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from vst_desktop.domain.events import EventKind
from vst_desktop.domain.odds import Distribution
from vst_desktop.domain.spreads import Candidate
from vst_desktop.options.commissions import Commissions
from vst_desktop.options.figures import figures
from vst_desktop.options.normal import Floats
from vst_desktop.options.plan_odds import spot_volatility
from vst_desktop.options.prospects import implied_over_realised, realised_rank
from vst_desktop.ports.store import IntentRecord
from vst_desktop.station.book_view import Chip
from vst_desktop.station.bounds import spread_bound
from vst_desktop.station.candidate_detail import CandidateDetail
from vst_desktop.station.charts import ChartMaker, age_secs
from vst_desktop.station.orders import WAITING, state_chip
from vst_desktop.station.outlook import Outlook
from vst_desktop.station.view import CandidateRow

if TYPE_CHECKING:
    from vst_desktop.station.station import Station

SHORT_CODES = {
    "DUPLICATE_UNDERLYING": "TAKEN",
    "LEG_OVERLAP": "LEG TAKEN",
    "INSUFFICIENT_FUNDS": "FUNDS",
    "DAILY_TRADES": "TRADES",
    "MAX_POSITIONS": "POSITIONS",
    "NO_DAY_TRADES": "DAY TRADES",
}


class CandidateRows:
    """Makes the rows."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._details: dict[str, tuple[Candidate, CandidateDetail]] = {}

    def row(
        self, candidate: Candidate, standing: IntentRecord | None, ahead: Outlook
    ) -> CandidateRow:
        """One candidate as it stands; ``standing`` is its order that waits or works."""
        ranked, spread, signal = candidate.ranked, candidate.ranked.spread, candidate.signal
        blocked = self._station.block_reason(candidate)
        waiting = standing if standing is not None and standing.state in WAITING else None
        if standing is not None:
            chip = state_chip(self._station, standing)
        elif blocked is not None:
            chip = blocked_chip(blocked)
        else:
            chip = Chip(text="NEW", tone="info")
        return CandidateRow(
            candidate_id=candidate.candidate_id,
            revision=candidate.revision,
            symbol=signal.symbol,
            strategy=signal.strategy,
            direction=signal.direction,
            spread_type=spread.spread_type,
            expiration=spread.expiration,
            dte=ranked.dte,
            long_strike=spread.long.strike,
            short_strike=spread.short.strike,
            right=str(spread.right),
            debit=ranked.debit,
            width=spread.width,
            reward_risk=ranked.reward_risk,
            delta=ranked.delta,
            breakeven=ranked.breakeven,
            probability_of_profit=ranked.probability_of_profit,
            at_target_usd=ahead.at_target_usd,
            at_stop_usd=ahead.at_stop_usd,
            quantity=candidate.contracts,
            chip=chip,
            dimmed=waiting is None and blocked is not None,
            can_approve=standing is None and blocked is None,
            can_withdraw=waiting is not None,
            odds=candidate.odds,
            quoted_secs=age_secs(ranked.market.time, self._station.engines.clock.now()),
            blocked=blocked if waiting is None else None,
            detail=self._detail(candidate),
        )

    def _detail(self, candidate: Candidate) -> CandidateDetail:
        kept = self._details.get(candidate.candidate_id)
        if kept is None or kept[0] != candidate:
            kept = (candidate, self._make(candidate))
            self._details[candidate.candidate_id] = kept
        return kept[1]

    def _make(self, candidate: Candidate) -> CandidateDetail:
        station, ranked, signal = self._station, candidate.ranked, candidate.signal
        settings, market, size = station.settings, ranked.market, max(candidate.contracts, 1)
        found = figures(
            [ranked],
            spot=candidate.spot,
            rate=settings.options.risk_free_rate,
            dividend_yield=settings.options.dividend_yield,
            commissions=Commissions.of(settings.commissions.model_dump()),
        )
        bars = station.research.bars(signal.symbol)
        data = ChartMaker().indicators(bars) if bars is not None else None
        before = bars.close[-2] if bars is not None and len(bars) > 1 else None
        volatility = spot_volatility(ranked, candidate.spot)
        rank = realised_rank(data.close) if data is not None else None
        past = next((o for o in candidate.odds if o.distribution is Distribution.HISTORY), None)
        nlv = station.account.net_liquidation_usd if station.account else None
        events = station.engines.market_data.events
        worst = ranked.max_loss_usd * size
        return CandidateDetail(
            spot=candidate.spot,
            change_pct=candidate.spot / before - 1 if before else None,
            atr=signal.atr,
            rsi=signal.rsi,
            above_sma50_pct=_above(candidate.spot, data.sma50[-1] if data is not None else None),
            above_sma200_pct=_above(candidate.spot, data.sma200[-1] if data is not None else None),
            signal_day=signal.date,
            forming=signal.forming,
            bid=market.close,
            mid=market.mid,
            limit_cap=spread_bound(settings, ranked),
            max_loss_usd=-worst,
            max_profit_usd=ranked.max_profit_usd * size,
            net_reward_risk=_known(found.net_reward_risk),
            breakeven_pct=_known(found.breakeven_pct),
            expected_move=ranked.expected_move,
            breakeven_em=_known(found.breakeven_em),
            theta_usd=_known(found.theta_usd, size),
            vega_usd=_known(found.vega_usd, size),
            delta_usd=_known(found.delta_usd, size),
            iv_over_realised=(
                implied_over_realised(volatility, data.close)
                if data is not None and volatility is not None
                else None
            ),
            realised_rank=None if rank is None else rank.rank,
            realised_percentile=None if rank is None else rank.percentile,
            market_width_pct=_known(found.width_of_mid),
            open_interest=ranked.open_interest,
            history_usd=None if past is None else past.mean_usd,
            history_plays=None if past is None else past.plays,
            commission_usd=_known(found.commission_usd, size),
            risk_pct=float(worst / nlv) if nlv else None,
            max_r=_known(found.max_r),
            stop=candidate.plan.stop,
            target=candidate.plan.target,
            earnings=events.next_of(signal.symbol, EventKind.EARNINGS),
            dividend=events.next_of(signal.symbol, EventKind.EX_DIVIDEND),
        )


def blocked_chip(reason: str) -> Chip:
    """The rule that blocks a candidate, short enough for its column."""
    code = reason.partition(":")[0]
    if code.startswith("STALE"):
        return Chip(text=code, tone="warn")
    short = SHORT_CODES.get(code, code.replace("_", " ").upper())
    return Chip(text=short, tone="gain" if code == "OPEN" else "loss")


def _known(column: Floats, times: int = 1) -> float | None:
    value = float(column[0])
    return None if math.isnan(value) else value * times


def _above(price: float, average: float | None) -> float | None:
    return None if average is None or math.isnan(average) else price / average - 1
