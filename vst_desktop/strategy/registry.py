"""Strategies by name: the four built in, and users' own from entry points."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol

import numpy as np

from vst_desktop.domain.errors import UserError
from vst_desktop.domain.signals import Condition, Direction
from vst_desktop.strategy import entry
from vst_desktop.strategy.entry import Mask
from vst_desktop.strategy.indicators import Indicators
from vst_desktop.strategy.parameters import StrategyParameters

ENTRY_POINT_GROUP = "vst.strategies"
NAME = re.compile(r"[A-Z][A-Z0-9_]{0,39}")

BUILT_IN = {
    rule.name: rule
    for rule in (entry.HIGH_BASE, entry.LOW_BASE, entry.BULL_PULLBACK, entry.BEAR_RALLY)
}


class Strategy(Protocol):
    """An entry rule on daily bars. ``name`` is unique, of capitals, digits and underscores."""

    @property
    def name(self) -> str:
        """Its name in settings, signals and the journal."""

    @property
    def direction(self) -> Direction:
        """The direction of all its signals."""

    def mask(self, data: Indicators, parameters: StrategyParameters) -> Mask:
        """True on each bar where the rule holds, judged by that bar and those before it."""

    def explain(
        self, data: Indicators, parameters: StrategyParameters, bar: int
    ) -> tuple[Condition, ...]:
        """Each condition on one bar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An entry point that cannot be used, and why."""

    name: str
    distribution: str
    error: str

    def __str__(self) -> str:
        return f"strategy {self.name} of {self.distribution} cannot be used: {self.error}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnStrategies:
    """What the entry points of the installed distributions declare."""

    strategies: Mapping[str, Strategy]
    faults: tuple[Fault, ...]

    def fault(self, name: str) -> Fault | None:
        """Why the strategy of that name cannot be used; None when there is no such entry point."""
        return next((fault for fault in self.faults if fault.name == name), None)


@cache
def own_strategies() -> OwnStrategies:
    """Load users' strategies, once a run. One that is broken is a fault and harms no other."""
    strategies: dict[str, Strategy] = {}
    faults = []
    owners = dict.fromkeys(BUILT_IN, "this program")
    points = entry_points(group=ENTRY_POINT_GROUP)
    for point in sorted(points, key=lambda p: (p.name, _distribution(p))):
        distribution = _distribution(point)
        try:
            if point.name in owners:
                raise ValueError(f"{owners[point.name]} has one of that name already")
            strategies[point.name] = _loaded(point)
            owners[point.name] = distribution
        except Exception as error:  # a stranger's module may raise anything
            text = str(error) if isinstance(error, ValueError) else _told(error)
            faults.append(Fault(name=point.name, distribution=distribution, error=text))
    return OwnStrategies(strategies=strategies, faults=tuple(faults))


def _distribution(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else "unknown"


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _loaded(point: EntryPoint) -> Strategy:
    if not NAME.fullmatch(point.name):
        raise ValueError("its name is not of capitals, digits and underscores")
    strategy = point.load()
    if isinstance(strategy, type):
        raise ValueError(f"{point.value} is a class: name an instance of it")
    if getattr(strategy, "name", None) != point.name:
        raise ValueError(f"{point.value} has no name {point.name!r}")
    if not isinstance(getattr(strategy, "direction", None), Direction):
        raise ValueError(f"{point.value} has no direction of type Direction")
    for method in ("mask", "explain"):
        if not callable(getattr(strategy, method, None)):
            raise ValueError(f"{point.value} has no method {method}")
    loaded: Strategy = strategy
    return loaded


def all_strategies() -> tuple[Strategy, ...]:
    """The built-in strategies, then users' own by name."""
    return (*BUILT_IN.values(), *own_strategies().strategies.values())


def get_strategy(name: str) -> Strategy:
    """The strategy of that name.

    Raises:
        UserError: No such strategy, naming those there are; or one that cannot be used.
    """
    if name in BUILT_IN:
        return BUILT_IN[name]
    own = own_strategies()
    if name in own.strategies:
        return own.strategies[name]
    if (fault := own.fault(name)) is not None:
        raise UserError(str(fault), remedy="mend or uninstall it")
    raise UserError(
        f"unknown strategy {name!r}",
        remedy=f"use one of {', '.join([*BUILT_IN, *own.strategies])}",
        exit_code=2,
    )


def check_known(name: str) -> None:
    """Raise ``UserError`` when nothing declares that name; one that is declared but broken is
    known, and is reported where it would be used."""
    if name not in BUILT_IN and own_strategies().fault(name) is None:
        get_strategy(name)


def evaluate(rule: Strategy, data: Indicators, parameters: StrategyParameters) -> Mask:
    """The rule's mask, held to the contract.

    A bar whose ATR or RSI is not warmed up carries no signal, whatever the rule says: no exit
    could be planned from it.

    Raises:
        UserError: The rule raised, or gave something else than one truth value a bar.
    """
    try:
        with np.errstate(all="ignore"):
            mask = rule.mask(data, parameters)
    except Exception as error:  # a user's rule may raise anything
        raise UserError(f"{rule.name} failed: {_told(error)}") from error
    if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_ or mask.shape != data.close.shape:
        given = (
            f"{mask.dtype} of shape {mask.shape}"
            if isinstance(mask, np.ndarray)
            else type(mask).__name__
        )
        raise UserError(
            f"{rule.name} failed: its mask is {given}, not bool of shape {data.close.shape}"
        )
    return np.asarray(mask & ~np.isnan(data.atr) & ~np.isnan(data.rsi))


def conditions(
    rule: Strategy, data: Indicators, parameters: StrategyParameters, bar: int = -1
) -> tuple[Condition, ...]:
    """The rule's conditions on one bar, held to the contract.

    Raises:
        UserError: The rule raised, or gave something else than conditions.
    """
    try:
        with np.errstate(all="ignore"):
            found = tuple(rule.explain(data, parameters, bar))
    except Exception as error:  # a user's rule may raise anything
        raise UserError(f"{rule.name} cannot explain itself: {_told(error)}") from error
    if not all(isinstance(condition, Condition) for condition in found):
        raise UserError(f"{rule.name} cannot explain itself: explain gave no conditions")
    return found
