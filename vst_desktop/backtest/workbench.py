"""A span of bars on which runs with different settings are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from vst_desktop.backtest.engine import Lab, Progress, Refuse
from vst_desktop.backtest.entries import Calendar
from vst_desktop.backtest.events import Events
from vst_desktop.backtest.panel import NO_EVENTS, Panel, panel
from vst_desktop.backtest.pricing import Fixed, Modelled, Pricing
from vst_desktop.backtest.rules import LabRules, PricingName, Span
from vst_desktop.backtest.signals import signals
from vst_desktop.backtest.trades import Run
from vst_desktop.domain.events import EventBook
from vst_desktop.domain.quotes import OptionChain
from vst_desktop.options.events import EventRules
from vst_desktop.ports.market_data import BarColumns
from vst_desktop.ports.scanner import SignalRows
from vst_desktop.runtime.settings import Settings


@dataclass(frozen=True, kw_only=True, eq=False)
class Workbench:
    """Bars up to the span's end: what lies after it is not there to be seen.

    Attributes:
        bars: Daily bars of the symbols, those before the span included.
        span: First and last session of the runs.
        pricing: Which model prices spreads.
        book: The trader's events.
        chains: Recorded chains, for ``recorded``.
    """

    bars: Sequence[BarColumns]
    span: Span
    pricing: PricingName = "modelled"
    book: EventBook = NO_EVENTS
    chains: Sequence[OptionChain] = ()

    @cached_property
    def panel(self) -> Panel:
        """Of the bars up to the span's end, derived once for all runs."""
        return panel([one.between(None, self.span.end) for one in self.bars], self.book)

    def within(self, span: Span) -> Workbench:
        """The same bars, another span inside this one."""
        return replace(self, span=span)

    def model(self, rules: LabRules) -> Pricing:
        """The pricing of a run."""
        if self.pricing == "fixed":
            return Fixed(panel=self.panel, rules=rules)
        if self.pricing == "recorded":
            from vst_desktop.backtest.recorded import Recorded

            return Recorded(panel=self.panel, rules=rules, chains=tuple(self.chains))
        return Modelled(panel=self.panel, rules=rules)

    def run(
        self,
        settings: Settings,
        rows: SignalRows,
        *,
        progress: Progress | None = None,
        refuse: Refuse | None = None,
    ) -> Run:
        """One run.

        Args:
            settings: All its rules.
            rows: The scanner's signals by the settings' strategy parameters; those outside the
                span are left out.
            progress: Told how many sessions are done, of how many.
            refuse: Told of every offer that was not bought.
        """
        rules = LabRules.of(settings)
        by_cost = self.pricing == "modelled"
        found = signals(self.panel, rows, rules, self.span, by_cost=by_cost)
        calendar = Calendar()
        events = Events(
            book=self.book,
            rules=EventRules.of(settings.options.model_dump()),
            min_days_to_exit=settings.exits.min_days_to_exit,
            is_session=calendar.is_session,
        )

        lab = Lab(self.panel, self.model(rules), rules, events=events, refuse=refuse)
        return lab.run(found, self.span, progress)


def only(rows: SignalRows, names: Sequence[str]) -> SignalRows:
    """The signals of these strategies alone."""
    bits = sum(1 << k for k, name in enumerate(rows.names) if name in names)
    kept = (rows.strategies & np.asarray(bits, dtype=rows.strategies.dtype)) > 0
    symbol, day = rows.symbol[kept], rows.day[kept].astype(np.int32)
    strategies = rows.strategies[kept] & np.asarray(bits, dtype=rows.strategies.dtype)
    return SignalRows.of(rows.symbols, rows.names, symbol=symbol, day=day, strategies=strategies)
