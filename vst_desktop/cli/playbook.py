"""What ``vst select`` says beyond the ranking: figures, what would pass, one pair, plan odds."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from vst_desktop.cli.common import parse_date
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.signals import Direction

if TYPE_CHECKING:
    from vst_desktop.domain.bars import BarSeries
    from vst_desktop.domain.odds import PlanOdds
    from vst_desktop.domain.quotes import OptionChain
    from vst_desktop.domain.spreads import ExitPlan, RankedSpread, Selection
    from vst_desktop.options.figures import Figures
    from vst_desktop.options.plan_odds import PlanRanking
    from vst_desktop.options.whatif import WhatIf
    from vst_desktop.runtime.settings import Settings
    from vst_desktop.station.odds import Odds

_OLDEST_BAR = timedelta(days=5)
_SAME_BASIS = 0.02


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that ask for more than the ranking."""
    parser.add_argument(
        "--pair",
        metavar="EXPIRATION:LONG/SHORT",
        help="why this pair is or is not listed, as 2014-07-19:92.86/97.86",
    )
    parser.add_argument(
        "--bars",
        metavar="FILE",
        help="the symbol's daily bars: the exit plan, its odds, and ranking by plan_value",
    )
    parser.add_argument(
        "--strategy",
        metavar="NAME",
        help="with --bars: odds after this strategy's own past signals too",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Playbook:
    """Exit plans by expiration of a symbol on the chain's day, and its bars on the chain's basis.

    ``scale`` is what the bars' prices were multiplied by: recorded chains hold the prices of their
    day, bars those after later splits.
    """

    plans: Mapping[date, ExitPlan]
    bars: BarSeries
    strategy: str | None
    odds: Odds
    scale: float
    today: date
    spot: float

    def ranking(self) -> PlanRanking:
        """What ``plan_value`` ranks by."""
        return self.odds.ranking(
            self.plans, spot=self.spot, today=self.today, bars=self.bars, strategy=self.strategy
        )

    def of(self, ranked: RankedSpread) -> tuple[PlanOdds, ...]:
        """Odds of one contract."""
        return self.odds.of(
            ranked,
            self.plans[ranked.spread.expiration],
            spot=self.spot,
            quantity=1,
            today=self.today,
            bars=self.bars,
            strategy=self.strategy,
        )

    def notes(self) -> tuple[str, ...]:
        """What was assumed."""
        if abs(self.scale - 1) <= _SAME_BASIS:
            return ()
        return (
            f"bars multiplied by {self.scale:.4g}: the chain's prices are those before a later "
            "split or of another close",
        )


def playbook(args: argparse.Namespace, chain: OptionChain, settings: Settings) -> Playbook | None:
    """Plans from the bars up to the chain's day; None when no bars are named.

    Raises:
        UserError: The bars cannot be used, or do not reach the chain's day.
    """
    from vst_desktop.adapters.files.bars import read_bars
    from vst_desktop.runtime.calendar import Sessions, trading_day
    from vst_desktop.station.odds import Odds
    from vst_desktop.strategy.exit import ExitRules, exit_plan
    from vst_desktop.strategy.indicators import indicators
    from vst_desktop.strategy.registry import check_known

    if args.bars is None:
        if args.strategy is not None:
            raise UserError(
                "--strategy needs the symbol's bars", remedy="name them by --bars", exit_code=2
            )
        return None
    if args.strategy is not None:
        check_known(args.strategy)
    today = trading_day(chain.time)
    file = read_bars(args.bars, [chain.symbol], end=today)
    bars = file.series[chain.symbol]
    if bars.dates[-1] < today - _OLDEST_BAR:
        raise UserError(
            f"the last bar of {chain.symbol} is of {bars.dates[-1]}, the chain of {today}",
            where=args.bars,
            remedy="name bars that reach the chain's day",
        )
    scale = chain.underlying / bars.close[-1]
    bars = _scaled(bars, scale)
    atr = float(indicators(bars).atr[-1])
    if not atr > 0:
        raise UserError(f"{chain.symbol} has too few bars for an ATR", where=args.bars)
    rules = ExitRules(
        **settings.exits.model_dump(), stop_loss_atr_mult=settings.risk.stop_loss_atr_mult
    )
    legs = {quote.contract.expiration: quote.contract for quote in chain.quotes}
    return Playbook(
        plans={
            day: exit_plan(
                Direction(args.direction),
                entry=chain.underlying,
                atr=atr,
                whole_bars=bars,
                rules=rules,
                expiration=day,
                is_session=Sessions().is_session,
                last_trade=leg.last_trade,
            )
            for day, leg in legs.items()
            if day > today
        },
        bars=bars,
        strategy=args.strategy,
        odds=Odds(settings),
        scale=scale,
        today=today,
        spot=chain.underlying,
    )


def _scaled(bars: BarSeries, scale: float) -> BarSeries:
    def times(prices: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(scale * price for price in prices)

    return replace(
        bars,
        open=times(bars.open),
        high=times(bars.high),
        low=times(bars.low),
        close=times(bars.close),
    )


def parse_pair(text: str) -> tuple[date, Decimal, Decimal]:
    """``2014-07-19:92.86/97.86`` as expiration, long and short strike.

    Raises:
        UserError: It reads otherwise; exit code 2.
    """
    day, _, strikes = text.partition(":")
    long, _, short = strikes.partition("/")
    try:
        return parse_date(day), Decimal(long), Decimal(short)
    except (InvalidOperation, argparse.ArgumentTypeError, ValueError) as error:
        raise UserError(
            f"{text!r} is no pair of strikes",
            where="--pair",
            remedy="write it as 2014-07-19:92.86/97.86",
            exit_code=2,
        ) from error


def all_figures(chain: OptionChain, selection: Selection, settings: Settings) -> Figures | None:
    """Figures of every ranked spread; None when there is none."""
    from vst_desktop.options.commissions import Commissions
    from vst_desktop.options.figures import figures

    if not selection.spreads:
        return None
    return figures(
        selection.spreads,
        spot=chain.underlying,
        rate=settings.options.risk_free_rate,
        dividend_yield=settings.options.dividend_yield,
        commissions=Commissions.of(settings.commissions.model_dump()),
    )


def figure_keys(found: Figures, place: int) -> dict[str, float | None]:
    """One spread's figures by name; null where one is not known."""
    values = {field.name: float(getattr(found, field.name)[place]) for field in fields(found)}
    return {name: value if value == value else None for name, value in values.items()}


def plan_keys(book: Playbook, ranked: RankedSpread) -> dict[str, Any]:
    """A spread's plan, its odds, and what it is worth along the way (one contract)."""
    from vst_desktop.options.analytics import probability_of_touch
    from vst_desktop.options.plan_odds import spot_volatility
    from vst_desktop.options.prospects import history_value, level_profits_usd, realised_rank
    from vst_desktop.station.report import odds_keys

    plan, pricing = book.plans[ranked.spread.expiration], book.odds.pricing
    days = max((plan.exit_by - book.today).days, 0)
    levels = {
        "stop": plan.stop,
        "target_fibo": plan.fibo_target,
        "target_r": plan.r_target,
        "target_atr": plan.atr_target,
    }
    known = {name: level for name, level in levels.items() if level is not None and level > 0}
    moments = sorted({0, days // 2, days})
    profits = (
        None
        if ranked.long_iv is None or ranked.short_iv is None
        else level_profits_usd(ranked, list(known.values()), moments, pricing)
    )
    volatility = spot_volatility(ranked, book.spot)
    touch = (
        None
        if volatility is None
        else probability_of_touch(
            list(known.values()),
            spot=book.spot,
            years=days / 365,
            volatility=volatility,
            rate=pricing.rate,
            dividend_yield=pricing.dividend_yield,
        )
    )
    own = history_value(ranked, book.bars.close, spot=book.spot, pricing=pricing)
    rank = realised_rank(book.bars.close)
    return {
        "target": plan.target,
        "target_reason": plan.target_reason,
        "exit_by": plan.exit_by,
        "levels": [
            {
                "name": name,
                "price": level,
                "touch": None if touch is None else float(touch[n]),
                "profit_usd": None
                if profits is None
                else [
                    {"date": book.today + timedelta(days=day), "usd": float(profits[n, k])}
                    for k, day in enumerate(moments)
                ],
            }
            for n, (name, level) in enumerate(known.items())
        ],
        "odds": [odds_keys(odds) for odds in book.of(ranked)],
        "history_at_expiration": own
        and {
            "mean_usd": own.mean_usd,
            "interval_usd": [own.low_usd, own.high_usd],
            "windows": own.windows,
            "apart": own.apart,
        },
        "volatility_rank": rank
        and {
            "of": rank.of,
            "now": rank.now,
            "rank": rank.rank,
            "percentile": rank.percentile,
            "days": rank.days,
        },
    }


def what_if_keys(asked: WhatIf) -> dict[str, Any]:
    """Single changes and near misses."""
    return {
        "changes": [
            {
                "setting": change.setting,
                "now": change.now,
                "first": change.first,
                "all": change.all,
                "admitted": change.admitted,
            }
            for change in asked.changes
        ],
        "near_misses": [
            {
                "long_strike": miss.spread.spread.long.strike,
                "short_strike": miss.spread.spread.short.strike,
                "expiration": miss.spread.spread.expiration,
                "setting": miss.setting,
                "value": miss.value,
                "limit": miss.limit,
            }
            for miss in asked.near_misses
        ],
    }


def print_what_if(asked: WhatIf) -> None:
    """The change that admits most, the other ones, and the nearest misses."""
    for number, change in enumerate(asked.changes):
        print(f"{'what would pass if' if number == 0 else '':<20}{change.text()}")
    for number, miss in enumerate(asked.near_misses):
        print(f"{'near misses' if number == 0 else '':<20}{miss.text()}")


def print_plan(book: Playbook, ranked: RankedSpread) -> None:
    """The first spread's plan and its odds, one line each."""
    plan = book.plans[ranked.spread.expiration]
    target = "none" if plan.target is None else f"{plan.target:.2f} ({plan.target_reason})"
    print(f"plan of the first: stop {plan.stop:.2f}, target {target}, exit by {plan.exit_by}")
    for odds in book.of(ranked):
        print(f"  {odds.sample()}: {odds.text()}; {odds.mean_text()}")
