"""The lab's engine: an account played session by session (SPEC 15).

At each close: what has ended frees its slot, signals of the day are offered as long as one is
free, and spreads are bought in rank order under the station's own limits. Everything a decision
rests on is known at that close.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np

from vst_desktop.backtest.entries import NO_OFFERS, Offers, rank, spread_of
from vst_desktop.backtest.events import NOTHING_KNOWN, Events
from vst_desktop.backtest.holding import Broker, Held, Lot
from vst_desktop.backtest.listing import as_day
from vst_desktop.backtest.panel import Ints, Panel
from vst_desktop.backtest.picking import first_of_runs
from vst_desktop.backtest.pricing import Pricing
from vst_desktop.backtest.rules import LabRules, Span
from vst_desktop.backtest.signals import Signals
from vst_desktop.backtest.trades import Run
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.money import CENT, price
from vst_desktop.execution.ticket import approval_bound
from vst_desktop.options.contracts import STANDARD_MULTIPLIER
from vst_desktop.options.rules import RULES
from vst_desktop.risk.limits import Budget, DenialCode, check_budget, daily_loss
from vst_desktop.risk.sizing import size_position

SURELY = 1.25
"""How far an estimate of the cheapest spread must lie above a limit to be believed."""
Progress = Callable[[int, int], None]
Refuse = Callable[[Offers, Ints, str], None]
ENTRY_COMMISSION_CONTRACTS = 1
FOR_ALL = frozenset({DenialCode.MAX_POSITIONS, DenialCode.DAILY_TRADES, DenialCode.DAILY_LOSS})
"""Denials that the next offer of the session would get too."""


@dataclass(slots=True)
class _Account:
    """Cash and what is held; USD."""

    rules: LabRules
    cash: float
    held: list[Held] = field(default_factory=list)
    reserved: list[Lot] = field(default_factory=list)
    before: float = 0.0
    """Net liquidation value at the close before."""

    def worth(self, day: int) -> float:
        """Net liquidation value at this day's close."""
        return self.cash + sum(one.liquidation_usd(day) for one in self.held)

    def budget(self, day: int) -> Budget:
        """As the desk sees it in this session, with what it has reserved."""
        worth = self.worth(day)
        reserved = sum((lot.worst_usd for lot in self.reserved), Decimal(0))
        return Budget(
            positions=len(self.held) + len(self.reserved),
            trades_today=len(self.reserved),
            at_risk_usd=_cents(sum(one.trade.risk_usd for one in self.held)) + reserved,
            reserved_usd=reserved,
            net_liquidation_usd=_cents(worth),
            available_funds_usd=_cents(self.cash),
            day_trades_remaining=None,
        )

    def lost_too_much(self, day: int) -> bool:
        """Whether the day's loss halts entries until the next session."""
        worth = self.worth(day)
        return daily_loss(_cents(worth - self.before), _cents(worth), self.rules.risk) is not None


def _cents(usd: float) -> Decimal:
    return Decimal(str(round(usd, 2)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """The account between two decisions of a session."""

    budget: Budget
    halted: bool
    most_usd: Decimal
    """What one spread may risk."""

    @classmethod
    def of(cls, account: _Account, day: int) -> _State:
        """Now."""
        budget = account.budget(day)
        worth = budget.net_liquidation_usd or Decimal(0)
        return cls(
            budget=budget,
            halted=account.lost_too_much(day),
            most_usd=worth * Decimal(str(account.rules.risk.risk_per_trade)),
        )


@dataclass(slots=True)
class _Tally:
    rejected: Ints = field(default_factory=lambda: np.zeros(len(RULES), dtype=np.int64))
    denied: Counter[str] = field(default_factory=Counter)
    chains: int = 0


class Lab:
    """Plays signals on one panel. ``refuse`` is told of every offer that was not bought."""

    def __init__(
        self,
        panel: Panel,
        pricing: Pricing,
        rules: LabRules,
        *,
        events: Events = NOTHING_KNOWN,
        refuse: Refuse | None = None,
    ) -> None:
        if rules.selection.rank_by == "plan_value":
            raise UserError(
                "the lab does not rank by plan_value",
                where="options.rank_by",
                remedy="use reward_risk or balanced",
                exit_code=2,
            )
        self._panel = panel
        self._pricing = pricing
        self._rules = rules
        self._refuse = refuse
        self._events = events
        self._broker = Broker(panel, pricing, rules)
        self._commission = rules.commissions.usual_order_usd(ENTRY_COMMISSION_CONTRACTS)

    def run(self, found: Signals, span: Span, progress: Progress | None = None) -> Run:
        """Play the span; positions that are open at its end are closed there.

        Args:
            found: The signals.
            span: First and last session.
            progress: Told how many sessions are done, of how many.
        """
        account = _Account(rules=self._rules, cash=self._rules.initial_equity)
        account.before = account.cash
        tally, trades = _Tally(), []
        days = np.unique(self._panel.day)
        days = days[(days >= as_day(span.start)) & (days <= as_day(span.end))]
        first = np.searchsorted(found.day, days, side="left")
        stop = np.searchsorted(found.day, days, side="right")
        equity, invested = np.empty(len(days)), np.empty(len(days))
        for number, day in enumerate(days.tolist()):
            over = [one for one in account.held if one.last_day <= day]
            account.held = [one for one in account.held if one.last_day > day]
            account.cash += sum(one.proceeds_usd for one in over)
            trades += [one.trade for one in over]
            # On the last session nothing is bought that would be sold at once.
            if first[number] < stop[number] and number + 1 < len(days):
                today = slice(int(first[number]), int(stop[number]))
                if len(account.held) < self._rules.risk.max_positions:
                    self._enter(account, tally, found, day, today)
            equity[number] = account.before = account.worth(day)
            invested[number] = sum(one.trade.risk_usd for one in account.held)
            if progress is not None:
                progress(number + 1, len(days))
        account.cash += sum(one.proceeds_usd for one in account.held)
        trades += [one.trade for one in account.held]
        if len(days):
            equity[-1] = account.cash
        return Run(
            pricing=self._pricing.name,
            trades=tuple(trades),
            days=days,
            equity=equity,
            invested=invested,
            signals=found.found,
            chains=tally.chains,
            stopped=found.stopped,
            rejected={
                name: count
                for name, count in zip(RULES, tally.rejected.tolist(), strict=True)
                if count
            },
            denied=dict(tally.denied),
            needed_usd=found.needed_usd,
        )

    def _enter(
        self, account: _Account, tally: _Tally, found: Signals, day: int, today: slice
    ) -> None:
        account.reserved = []
        state = _State.of(account, day)
        offers = self._offers(account, state, tally, found, day, today)
        place = 0
        while place < len(offers):
            decided = self._decide(account, state, offers, place)
            if isinstance(decided, Lot):
                account.reserved.append(decided)
                state = _State.of(account, day)
                place += 1
                continue
            last = len(offers) if decided in FOR_ALL else place + 1
            self._deny(tally, offers, np.arange(place, last), decided)
            place = last
        names = found.names
        for lot, held in zip(
            account.reserved, self._broker.buy(offers, account.reserved, names), strict=True
        ):
            if isinstance(held, Held):
                account.held.append(held)
                account.cash -= held.cost_usd
            else:
                self._deny(tally, offers, np.array([lot.place]), held)
        account.reserved = []

    def _decide(
        self, account: _Account, state: _State, offers: Offers, place: int
    ) -> Lot | DenialCode:
        """What the desk would say to an approval of this offer: how many, or why not (SPEC 8)."""
        rules, panel = self._rules, self._panel
        owner = int(panel.owner[offers.row[place]])
        if any(lot.owner == owner for lot in account.reserved):
            return DenialCode.DUPLICATE_UNDERLYING
        if state.halted:
            return DenialCode.DAILY_LOSS
        budget = state.budget
        pick = int(offers.pick[place])
        natural = price(float(offers.picks.natural[pick]))
        each = natural * STANDARD_MULTIPLIER + self._commission
        denied = check_budget(each, budget, rules.risk)
        if denied is not None:
            return denied.code
        if each > state.most_usd:
            return DenialCode.SIZE
        spread = spread_of(panel, offers, place)
        bound = approval_bound(natural, spread, CENT, rules.approval)
        if bound < natural:
            return DenialCode.DEBIT_BOUND
        size = size_position(
            worst=bound,
            multiplier=spread.multiplier,
            entry_commission_usd=self._commission,
            net_liquidation_usd=budget.net_liquidation_usd,
            available_funds_usd=budget.available_funds_usd,
            reserved_usd=budget.reserved_usd,
            at_risk_usd=budget.at_risk_usd,
            rules=rules.risk,
        )
        denied = check_budget(size.worst_usd_each, budget, rules.risk)
        if denied is not None:
            return denied.code
        if size.contracts < 1:
            return DenialCode.SIZE
        if self._events.denies(spread, int(panel.day[offers.row[place]])):
            return DenialCode.EVENT
        return Lot(
            place=place,
            owner=owner,
            contracts=size.contracts,
            bound=float(bound),
            worst_usd=size.worst_usd_each * size.contracts,
        )

    def _deny(self, tally: _Tally, offers: Offers, places: Ints, code: str) -> None:
        tally.denied[str(code)] += len(places)
        if self._refuse is not None:
            self._refuse(offers, places, str(code))

    def _offers(
        self,
        account: _Account,
        state: _State,
        tally: _Tally,
        found: Signals,
        day: int,
        today: slice,
    ) -> Offers:
        """The day's signals with their spreads, of the chains that a scan would load."""
        owner = self._panel.owner[found.row[today]]
        holding = np.zeros(len(owner), dtype=np.bool_)
        held = 0
        for one in account.held:
            same = owner == one.owner
            if same.any():
                holding |= same
                held += 1
        # Chains of held symbols come first (SPEC 4); what they could offer is a duplicate.
        if held:
            tally.denied[str(DenialCode.DUPLICATE_UNDERLYING)] += int(holding.sum())
        fresh = np.flatnonzero(~holding)
        place = found.place[today][fresh]
        symbols = np.cumsum(np.concatenate(([1], place[1:] != place[:-1])))[: len(fresh)]
        asked = fresh[symbols <= self._rules.max_chains - held]
        # What the account may not risk on one trade is not looked up.
        dear = found.needed[today][asked] > SURELY * float(state.most_usd)
        if dear.any():
            tally.denied[str(DenialCode.SIZE)] += int(dear.sum())
            asked = asked[~dear]
        if not asked.size:
            return NO_OFFERS
        rows = found.row[today][asked]
        signs, strategies = found.sign[today][asked], found.strategy[today][asked]
        units, unit = np.unique(rows * 2 + (signs > 0), return_inverse=True)
        tally.chains += len(first_of_runs(units // 2))
        picks = self._pricing.picks(day, units // 2, np.where(units % 2 == 1, 1, -1))
        tally.rejected += picks.rejected
        return rank(
            picks,
            rows,
            strategies.astype(np.int64),
            signs.astype(np.int64),
            unit,
            self._rules.selection.rank_by,
        )
