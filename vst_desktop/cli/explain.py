"""What ``vst scan`` says about the strategies: fire rates, errors, why a symbol has no signal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vst_desktop.strategy.explain import explain, fire_note

if TYPE_CHECKING:
    from vst_desktop.domain.bars import BarSeries
    from vst_desktop.domain.signals import Condition, Explanation, FireRate, StrategyError
    from vst_desktop.strategy.parameters import StrategyParameters


def print_rates(rates: Sequence[FireRate], parameters: StrategyParameters) -> None:
    """How often each strategy fired, and what is to be said of one that never did."""
    for rate in sorted(rates, key=lambda r: r.strategy):
        if rate.fired:
            share = "" if rate.share is None else f"  ({rate.share:.2%} of bars)"
            print(f"  {rate.strategy:<14} {rate.fired:>9,}{share}")
    if not any(rate.fired for rate in rates):
        print("  no signal")
    for rate in rates:
        if note := fire_note(rate, parameters):
            print(f"  {note}")


def print_strategy_errors(errors: Sequence[StrategyError], most: int = 20) -> None:
    """What users' own strategies could not do."""
    for error in errors[:most]:
        print(f"  {error.symbol or error.strategy}: {error.error}")
    if len(errors) > most:
        print(f"  and {len(errors) - most} more errors of strategies")


def explained(
    series: Mapping[str, BarSeries], names: Sequence[str], parameters: StrategyParameters
) -> list[Explanation]:
    """Each strategy on the last bar of each symbol."""
    return [e for bars in series.values() if len(bars) for e in explain(bars, names, parameters)]


def print_explained(explanations: Sequence[Explanation]) -> None:
    """Condition by condition."""
    for explanation in explanations:
        print(
            f"{explanation.symbol} {explanation.strategy} on {explanation.date}: "
            f"{_verdict(explanation)}"
        )
        for condition in explanation.conditions:
            mark = "pass" if condition.passed else "fail"
            print(f"  {mark}  {condition.text:<44} {_number(condition.value):>12}")


def _verdict(explanation: Explanation) -> str:
    if explanation.holds:
        return f"{explanation.direction} signal"
    missed = explanation.missed
    return "no signal" if missed is None else f"near miss by {missed.text}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.2f}"


def explained_keys(explanations: Sequence[Explanation]) -> Iterator[dict[str, Any]]:
    """As JSON has it."""
    for e in explanations:
        yield {
            "symbol": e.symbol,
            "strategy": e.strategy,
            "direction": str(e.direction) if e.direction else None,
            "date": e.date,
            "holds": e.holds,
            "near_miss": e.missed is not None,
            "conditions": [_condition_keys(c) for c in e.conditions],
        }


def _condition_keys(condition: Condition) -> dict[str, Any]:
    return {
        "text": condition.text,
        "value": condition.value,
        "threshold": condition.threshold,
        "passed": condition.passed,
    }
