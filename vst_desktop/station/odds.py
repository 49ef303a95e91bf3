"""Plan odds of candidates: the plan played out under implied prices and in the symbol's past."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from vst_desktop.domain.bars import BarSeries
from vst_desktop.domain.odds import Distribution, PlanOdds
from vst_desktop.domain.spreads import ExitPlan, RankedSpread
from vst_desktop.options.commissions import Commissions
from vst_desktop.options.exits import Exits, Levels, past_exits, simulated_exits
from vst_desktop.options.plan_odds import PlanRanking, Pricing, plan_odds, spot_volatility
from vst_desktop.runtime.settings import Settings
from vst_desktop.strategy.indicators import indicators
from vst_desktop.strategy.parameters import StrategyParameters
from vst_desktop.strategy.registry import evaluate, get_strategy

FEWEST_PLAYS = 30
"""Past plays from which on a ranking by plan value rests on them, and not on implied prices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Past:
    """Whole bars of a symbol, and those on which a strategy signalled."""

    bars: tuple[npt.NDArray[np.float64], ...]
    atr: npt.NDArray[np.float64]
    entries: npt.NDArray[np.intp]


@lru_cache(maxsize=256)
def _past(bars: BarSeries, strategy: str, parameters: StrategyParameters) -> _Past:
    data = indicators(bars)
    columns = (bars.open, bars.high, bars.low, bars.close)
    return _Past(
        bars=tuple(np.asarray(column, dtype=np.float64) for column in columns),
        atr=data.atr,
        entries=np.flatnonzero(evaluate(get_strategy(strategy), data, parameters)),
    )


def _levels(plan: ExitPlan, spot: float, today: date) -> Levels:
    return Levels(
        spot=spot, target=plan.target, stop=plan.stop, days=max((plan.exit_by - today).days, 0)
    )


class Odds:
    """Odds by the present settings. What does not change with the quotes is kept."""

    def __init__(self, settings: Settings) -> None:
        options = settings.options
        self._parameters = StrategyParameters.of(settings.strategy.model_dump())
        self.pricing = Pricing(
            rate=options.risk_free_rate,
            dividend_yield=options.dividend_yield,
            commissions=Commissions.of(settings.commissions.model_dump()),
        )

    def of(
        self,
        ranked: RankedSpread,
        plan: ExitPlan,
        *,
        spot: float,
        quantity: int,
        today: date,
        bars: BarSeries | None = None,
        strategy: str | None = None,
    ) -> tuple[PlanOdds, ...]:
        """Under implied prices, then in the past after the same signal, as far as each is known.

        Args:
            ranked: The spread, its quotes those of now.
            plan: Its plan.
            spot: The underlying's price now, USD.
            quantity: Contracts; 0 counts as 1, so that a spread that is too dear shows its odds.
            today: The trading day.
            bars: The symbol's daily bars, on the plan's split basis.
            strategy: The signal's; None: no history.
        """
        levels = _levels(plan, spot, today)
        found = []
        volatility = spot_volatility(ranked, spot)
        if volatility is not None:
            exits = self._simulated(levels, volatility)
            found.append(self._odds(ranked, exits, Distribution.IMPLIED, quantity))
        past = self._history(levels, plan, bars, strategy)
        if past is not None:
            found.append(self._odds(ranked, past, Distribution.HISTORY, quantity))
        return tuple(odds for odds in found if odds is not None)

    def ranking(
        self,
        plans: Mapping[date, ExitPlan],
        *,
        spot: float,
        today: date,
        bars: BarSeries | None = None,
        strategy: str | None = None,
    ) -> PlanRanking:
        """What ranking by plan value rests on: the past when it has 30 plays, else implied prices.

        One distribution for all expirations: every plan must have been played so often.

        Args:
            plans: By expiration; those of all spreads that may be ranked.
        """
        past = {
            day: self._history(_levels(plan, spot, today), plan, bars, strategy)
            for day, plan in plans.items()
        }
        plays = min((0 if exits is None else exits.plays for exits in past.values()), default=0)

        def history(expiration: date, volatility: float) -> Exits:
            exits = past[expiration]
            assert exits is not None, "it has been counted"
            return exits

        def implied(expiration: date, volatility: float) -> Exits:
            return self._simulated(_levels(plans[expiration], spot, today), volatility)

        if plays >= FEWEST_PLAYS:
            return PlanRanking(
                exits=history, pricing=self.pricing, of=f"history, n = {plays:,} or more"
            )
        return PlanRanking(
            exits=implied, pricing=self.pricing, of="implied prices: by cost, which is no edge"
        )

    def _odds(
        self, ranked: RankedSpread, exits: Exits, distribution: Distribution, quantity: int
    ) -> PlanOdds | None:
        return plan_odds(ranked, exits, distribution, self.pricing, quantity=max(quantity, 1))

    def _simulated(self, levels: Levels, volatility: float) -> Exits:
        return simulated_exits(
            levels,
            volatility=volatility,
            rate=self.pricing.rate,
            dividend_yield=self.pricing.dividend_yield,
        )

    def _history(
        self, levels: Levels, plan: ExitPlan, bars: BarSeries | None, strategy: str | None
    ) -> Exits | None:
        if bars is None or strategy is None:
            return None
        past = _past(bars.whole(), strategy, self._parameters)
        opened, high, low, close = past.bars
        return past_exits(
            levels,
            atr=plan.atr,
            entries=past.entries,
            bars=(opened, high, low, close),
            past_atr=past.atr,
        )
