"""What a scan found, and where a running one stands."""

from __future__ import annotations

from dataclasses import dataclass, field

from vst_desktop.domain.bars import SymbolError
from vst_desktop.domain.quotes import OptionChain
from vst_desktop.domain.signals import Explanation, FireRate, Signal, StrategyError
from vst_desktop.domain.spreads import Candidate, Selection
from vst_desktop.options.whatif import WhatIf
from vst_desktop.ports.scanner import ScanResult


@dataclass(slots=True, kw_only=True)
class Progress:
    """Where a running scan stands."""

    stage: str
    done: int
    total: int


@dataclass(slots=True)
class Findings:
    """What the last scan found. Replaced as a whole by the next one."""

    result: ScanResult | None = None
    signals: list[Signal] = field(default_factory=list)
    errors: list[SymbolError] = field(default_factory=list)
    warnings: list[SymbolError] = field(default_factory=list)
    """Of bars that were scanned all the same: missing sessions, jumps that look like a split."""
    from_cache: tuple[str, ...] = ()
    """Symbols that gave no bars now and were scanned on whole ones that were held."""
    chain_errors: list[SymbolError] = field(default_factory=list)
    states: dict[str, str] = field(default_factory=dict)
    """The last column of a signal's row, by symbol."""
    chains: dict[str, OptionChain] = field(default_factory=dict)
    selections: dict[str, Selection] = field(default_factory=dict)
    what_ifs: dict[str, WhatIf] = field(default_factory=dict)
    """Of signals without a spread that passes, as ``selections``."""
    candidates: dict[str, Candidate] = field(default_factory=dict)
    chains_wanted: int = 0
    strategy_errors: list[StrategyError] = field(default_factory=list)
    fire_rates: list[FireRate] = field(default_factory=list)
    """By strategy, over all bars of the scanned symbols."""
    near_misses: list[Explanation] = field(default_factory=list)
    """Nearest first."""
