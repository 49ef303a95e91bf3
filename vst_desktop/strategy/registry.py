"""Strategies by name: the four built in, and users' own from entry points."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Protocol

from vst_desktop.domain.errors import UserError
from vst_desktop.domain.signals import Condition, Direction
from vst_desktop.strategy import entry
from vst_desktop.strategy.entry import Mask
from vst_desktop.strategy.indicators import Indicators
from vst_desktop.strategy.parameters import StrategyParameters

ENTRY_POINT_GROUP = "vst.strategies"

BUILT_IN = {
    rule.name: rule
    for rule in (entry.HIGH_BASE, entry.LOW_BASE, entry.BULL_PULLBACK, entry.BEAR_RALLY)
}


class Strategy(Protocol):
    """An entry rule on daily bars. ``name`` is unique and upper case."""

    @property
    def name(self) -> str:
        """Its name in settings, signals and the journal."""

    @property
    def direction(self) -> Direction:
        """The direction of all its signals."""

    def mask(self, data: Indicators, parameters: StrategyParameters) -> Mask:
        """True on each bar where the rule holds."""

    def explain(
        self, data: Indicators, parameters: StrategyParameters, bar: int
    ) -> tuple[Condition, ...]:
        """Each condition on one bar."""


def get_strategy(name: str) -> Strategy:
    """The strategy of that name.

    Raises:
        UserError: No such strategy; names those there are.
    """
    if name in BUILT_IN:
        return BUILT_IN[name]
    own = {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP)}
    if name in own:
        loaded: Strategy = own[name].load()
        return loaded
    raise UserError(
        f"unknown strategy {name!r}",
        remedy=f"use one of {', '.join([*BUILT_IN, *own])}",
        exit_code=2,
    )
