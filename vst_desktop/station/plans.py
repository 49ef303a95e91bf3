"""Exit plans of candidates, and whether an approval's signal still holds at the send."""

from __future__ import annotations

from dataclasses import dataclass

from vst_desktop.domain.bars import BarSeries
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.quotes import OptionContract
from vst_desktop.domain.signals import Direction, Signal
from vst_desktop.domain.spreads import ExitPlan, VerticalSpread
from vst_desktop.execution.services import Recheck
from vst_desktop.marketdata.data import MarketData
from vst_desktop.marketdata.events import Events
from vst_desktop.options.events import EventRules, EventVerdict
from vst_desktop.ports.store import IntentRecord
from vst_desktop.risk.limits import DenialCode
from vst_desktop.runtime.calendar import Sessions, trading_day
from vst_desktop.runtime.settings import Settings
from vst_desktop.strategy.exit import ExitRules, exit_day, exit_plan
from vst_desktop.strategy.indicators import indicators
from vst_desktop.strategy.parameters import StrategyParameters
from vst_desktop.strategy.registry import conditions, evaluate, get_strategy


def event_verdict(
    spread: VerticalSpread, settings: Settings, events: Events, sessions: Sessions
) -> EventVerdict:
    """What lies between an entry today and the spread's time exit."""
    days = settings.exits.min_days_to_exit
    return events.verdict(
        spread,
        EventRules.of(settings.options.model_dump()),
        exit_day(spread.expiration, spread.long.last_trade, days, sessions.is_session),
    )


@dataclass(slots=True)
class Planner:
    """Makes exit plans from bars and looks again at signals.

    ``bars`` holds each symbol's bars as last fetched; research fills it.
    """

    settings: Settings
    sessions: Sessions
    market_data: MarketData
    bars: dict[str, BarSeries]

    def plan(self, signal: Signal, leg: OptionContract, spot: float) -> ExitPlan:
        """The plan of a spread with this leg entered now at ``spot``."""
        return self._plan(self.bars[signal.symbol], signal.direction, leg, spot)

    def _plan(
        self, bars: BarSeries, direction: Direction, leg: OptionContract, spot: float
    ) -> ExitPlan:
        whole = bars.whole()
        exits = self.settings.exits.model_dump()
        return exit_plan(
            direction,
            entry=spot,
            atr=float(indicators(whole).atr[-1]),
            whole_bars=whole,
            rules=ExitRules(**exits, stop_loss_atr_mult=self.settings.risk.stop_loss_atr_mult),
            expiration=leg.expiration,
            is_session=self.sessions.is_session,
            last_trade=leg.last_trade,
        )

    async def recheck(self, intent: IntentRecord) -> Recheck:
        """Evaluate the approval's rule on fresh bars, and what is known of events now.

        The bar is the one the trader saw: the last that had begun when the approval was given.
        While it forms it may have changed; afterwards it is a fact. A plan for a later session
        is made anew, because ATR and swing are those of the last whole bar.
        """
        verdict = event_verdict(
            intent.spread, self.settings, self.market_data.events, self.sessions
        )
        if verdict.denied is not None:
            return Recheck(holds=False, reason=verdict.denied, code=DenialCode.EVENT)
        bars = await self._fresh(intent.spread.symbol)
        if bars is None:
            return Recheck(holds=False, reason="no fresh bars to check the signal on")
        seen = self._bar_seen(bars, intent)
        if seen is None:
            return Recheck(holds=False, reason="the bar of the signal is gone")
        parameters = StrategyParameters.of(self.settings.strategy.model_dump())
        data = indicators(bars)
        try:
            rule = get_strategy(intent.strategy)
            holds = bool(evaluate(rule, data, parameters)[seen])
            why = conditions(rule, data, parameters, seen)
        except UserError as error:
            return Recheck(holds=False, reason=str(error))
        if not holds:
            failed = [c for c in why if not c.passed]
            text = "; ".join(
                c.text if c.value is None else f"{c.text} (now {c.value:.2f})" for c in failed
            )
            return Recheck(holds=False, reason=f"{intent.strategy} no longer holds: {text}")
        if intent.session == trading_day(intent.approved_at).isoformat():
            return Recheck(holds=True)
        spread = intent.spread
        plan = self._plan(bars, spread.direction, spread.long, bars.close[-1])
        return Recheck(holds=True, plan=plan)

    async def _fresh(self, symbol: str) -> BarSeries | None:
        try:
            bars = await self.market_data.daily.get(symbol)
        except (UserError, TimeoutError):
            return None
        return bars if len(bars) else None

    def _bar_seen(self, bars: BarSeries, intent: IntentRecord) -> int | None:
        for index in range(len(bars) - 1, -1, -1):
            session = self.sessions.session(bars.dates[index])
            if session is not None and session[0] <= intent.approved_at:
                return index
        return None
