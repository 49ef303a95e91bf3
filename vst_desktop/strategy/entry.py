"""The four entry rules (SPEC 3), each vectorised over the bars and able to explain itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vst_desktop.domain.signals import Condition, Direction
from vst_desktop.strategy.indicators import Array, Indicators, rolling_low
from vst_desktop.strategy.parameters import StrategyParameters

Mask = npt.NDArray[np.bool_]

TIE = 1e-12
"""Averages closer than this, relative, are equal: sums of prices in steps of 1/10 000 USD that
differ do so by more, and float64 sums of equal ones by less."""


def atr_ratio(data: Indicators, parameters: StrategyParameters) -> Array:
    """(close - base) / ATR; the base is zero or the lowest low of the lookback."""
    if parameters.atr_ratio_base == "zero":
        base: Array | float = 0.0
    else:
        base = rolling_low(data.low, parameters.base_lookback)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((data.close - base) / data.atr, dtype=np.float64)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _base_text(parameters: StrategyParameters) -> str:
    if parameters.atr_ratio_base == "zero":
        return "Close / ATR"
    return f"Close above {parameters.base_lookback}-bar low, in ATR"


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseRule:
    """HIGH_BASE and LOW_BASE: how many ATR the close lies above its base, and the RSI."""

    name: str
    direction: Direction

    def mask(self, data: Indicators, parameters: StrategyParameters) -> Mask:
        """True on each bar where the rule holds; never where a value is not warmed up."""
        ratio = atr_ratio(data, parameters)
        if self.direction is Direction.LONG:
            return np.asarray(
                (ratio > parameters.high_base_max_atr_ratio)
                & (data.rsi > parameters.high_base_min_rsi)
            )
        return np.asarray(
            (ratio < parameters.low_base_min_atr_ratio) & (data.rsi < parameters.low_base_max_rsi)
        )

    def explain(
        self, data: Indicators, parameters: StrategyParameters, bar: int
    ) -> tuple[Condition, ...]:
        """Each condition on one bar with its value, threshold and outcome."""
        ratio, rsi = float(atr_ratio(data, parameters)[bar]), float(data.rsi[bar])
        text = _base_text(parameters)
        if self.direction is Direction.LONG:
            least, rsi_least = parameters.high_base_max_atr_ratio, parameters.high_base_min_rsi
            return (
                Condition(
                    text=f"{text} > {least:g}",
                    value=_number(ratio),
                    threshold=least,
                    passed=ratio > least,
                ),
                Condition(
                    text=f"RSI > {rsi_least:g}",
                    value=_number(rsi),
                    threshold=rsi_least,
                    passed=rsi > rsi_least,
                ),
            )
        most, rsi_most = parameters.low_base_min_atr_ratio, parameters.low_base_max_rsi
        return (
            Condition(
                text=f"{text} < {most:g}",
                value=_number(ratio),
                threshold=most,
                passed=ratio < most,
            ),
            Condition(
                text=f"RSI < {rsi_most:g}",
                value=_number(rsi),
                threshold=rsi_most,
                passed=rsi < rsi_most,
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossRule:
    """BULL_PULLBACK and BEAR_RALLY: trend by SMA50 and SMA200, and the RSI crossing back."""

    name: str
    direction: Direction

    def _threshold(self, parameters: StrategyParameters) -> float:
        if self.direction is Direction.LONG:
            return parameters.bull_pullback_rsi_threshold
        return parameters.bear_rally_rsi_threshold

    def mask(self, data: Indicators, parameters: StrategyParameters) -> Mask:
        """True on each bar where the rule holds; the trend and first RSI are the bar before's."""
        sign, threshold = self.direction.sign, self._threshold(parameters)
        out = np.zeros(len(data.close), dtype=np.bool_)
        out[1:] = (
            (sign * (data.sma50[:-1] - data.sma200[:-1]) > TIE * data.sma200[:-1])
            & (sign * data.rsi[:-1] < sign * threshold)
            & (sign * data.rsi[1:] > sign * threshold)
        )
        return out

    def explain(
        self, data: Indicators, parameters: StrategyParameters, bar: int
    ) -> tuple[Condition, ...]:
        """Each condition on one bar with its value, threshold and outcome."""
        threshold, sign = self._threshold(parameters), self.direction.sign
        above, below = (">", "<") if sign > 0 else ("<", ">")
        index = bar % len(data.close)
        if index == 0:
            return ()
        fast, slow = float(data.sma50[index - 1]), float(data.sma200[index - 1])
        before, now = float(data.rsi[index - 1]), float(data.rsi[index])
        return (
            Condition(
                text=f"SMA50 {above} SMA200 {slow:.2f}, bar before",
                value=_number(fast),
                threshold=_number(slow),
                passed=sign * (fast - slow) > TIE * slow,
            ),
            Condition(
                text=f"RSI {below} {threshold:g}, bar before",
                value=_number(before),
                threshold=threshold,
                passed=sign * before < sign * threshold,
            ),
            Condition(
                text=f"RSI {above} {threshold:g}",
                value=_number(now),
                threshold=threshold,
                passed=sign * now > sign * threshold,
            ),
        )


HIGH_BASE = BaseRule(name="HIGH_BASE", direction=Direction.LONG)
LOW_BASE = BaseRule(name="LOW_BASE", direction=Direction.SHORT)
BULL_PULLBACK = CrossRule(name="BULL_PULLBACK", direction=Direction.LONG)
BEAR_RALLY = CrossRule(name="BEAR_RALLY", direction=Direction.SHORT)
