"""Why a rule holds on a bar or does not, how near it came, and how often it holds at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vst_desktop.domain.bars import BarSeries
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.signals import Condition, Direction, Explanation, FireRate
from vst_desktop.strategy.indicators import Indicators, indicators
from vst_desktop.strategy.parameters import StrategyParameters
from vst_desktop.strategy.registry import conditions, get_strategy


def explain(
    bars: BarSeries,
    names: Iterable[str],
    parameters: StrategyParameters,
    data: Indicators | None = None,
) -> tuple[Explanation, ...]:
    """Each strategy on the last bar. What cannot explain itself says so as a failed condition.

    Args:
        bars: At least one bar.
        names: Names of the strategies.
        parameters: Their thresholds.
        data: The bars' indicators, where they are at hand.
    """
    data = data or indicators(bars)
    found = []
    for name in names:
        direction: Direction | None = None
        try:
            rule = get_strategy(name)
            direction, why = rule.direction, conditions(rule, data, parameters)
        except UserError as error:
            why = (Condition(text=str(error), value=None, threshold=None, passed=False),)
        found.append(
            Explanation(
                symbol=bars.symbol,
                strategy=name,
                direction=direction,
                date=bars.dates[-1],
                conditions=why,
            )
        )
    return tuple(found)


def near_misses(
    series: Iterable[BarSeries], names: Sequence[str], parameters: StrategyParameters
) -> list[Explanation]:
    """Strategies that one condition, failed by at most 5 %, kept from a signal on the last bar."""
    return [
        explanation
        for bars in series
        if len(bars)
        for explanation in explain(bars, names, parameters)
        if explanation.missed is not None
    ]


def fire_note(rate: FireRate, parameters: StrategyParameters) -> str | None:
    """What to say of a rule that never held; None when it did."""
    if rate.fired or not rate.bars:
        return None
    text = f"{rate.strategy} fired on 0 of {rate.bars:,} bars"
    if switch_helps(rate, parameters):
        return f"{text}: with atr_ratio_base = zero it cannot; switch to range_low"
    return text


def switch_helps(rate: FireRate, parameters: StrategyParameters) -> bool:
    """Whether the rule is silent because its ratio is measured from zero: a close of less than
    half an ATR is out of reach."""
    silent = rate.bars > 0 and not rate.fired
    return silent and rate.strategy == "LOW_BASE" and parameters.atr_ratio_base == "zero"
