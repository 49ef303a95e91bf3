"""Buying spreads on offer: their fills, plans and whole life, as far as bars tell it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from vst_desktop.backtest.entries import Calendar, Offers, plan_of
from vst_desktop.backtest.listing import as_date, as_day
from vst_desktop.backtest.panel import Panel
from vst_desktop.backtest.paths import Cause, Plans
from vst_desktop.backtest.playing import excursions, marks_of, play
from vst_desktop.backtest.pricing import Bought, Pricing
from vst_desktop.backtest.rules import LabRules
from vst_desktop.backtest.trades import Trade
from vst_desktop.domain.signals import Direction
from vst_desktop.domain.spreads import ExitPlan
from vst_desktop.options.contracts import STANDARD_MULTIPLIER
from vst_desktop.risk.limits import DenialCode

EXPIRED = "EXPIRED"
"""Code of an order that found no fill within its bounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """An approved offer: how many contracts, at most at which debit per share."""

    place: int
    owner: int
    contracts: int
    bound: float
    worst_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A position with its life ahead: what it is marked at, day by day, and how it ends.

    Nothing reads a mark or the end before its day has come.
    """

    owner: int
    trade: Trade
    cost_usd: float
    proceeds_usd: float
    last_day: int
    mark_days: tuple[int, ...]
    marks: tuple[float, ...]
    """Liquidation value per share at these days' closes."""

    def liquidation_usd(self, day: int) -> float:
        """What closing at that day's close would bring; before the first mark what it cost."""
        place = bisect_right(self.mark_days, day)
        per_share = self.marks[place - 1] if place else self.trade.debit
        return per_share * STANDARD_MULTIPLIER * self.trade.contracts


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fill:
    """Where an order was filled: per share, and the underlying's price then."""

    debit: float
    entry: float
    commission_usd: float
    day: int


class Broker:
    """Fills approved offers and plays them to their end."""

    def __init__(self, panel: Panel, pricing: Pricing, rules: LabRules) -> None:
        self._panel = panel
        self._pricing = pricing
        self._rules = rules
        self._calendar = Calendar()

    def buy(self, offers: Offers, lots: Sequence[Lot], names: Sequence[str]) -> list[Held | str]:
        """Each lot as a position, or the code that says why it was not filled."""
        fills = [self._fill(offers, lot) for lot in lots]
        filled = [
            (lot, fill) for lot, fill in zip(lots, fills, strict=True) if isinstance(fill, _Fill)
        ]
        held = iter(self._played(offers, filled, names) if filled else ())
        return [next(held) if isinstance(fill, _Fill) else fill for fill in fills]

    def _fill(self, offers: Offers, lot: Lot) -> _Fill | str:
        panel, rules, picks = self._panel, self._rules, offers.picks
        row, pick = int(offers.row[lot.place]), int(offers.pick[lot.place])
        if rules.entry == "close":
            width = float(picks.natural[pick] - picks.close[pick])
            commission = rules.commissions.order_usd(
                lot.contracts, float(picks.long_mid[pick]), float(picks.short_mid[pick])
            )
            return _Fill(
                debit=float(picks.natural[pick]) - rules.fill_improvement * width,
                entry=float(panel.close[row]),
                commission_usd=float(commission),
                day=int(panel.day[row]),
            )
        if row + 1 >= int(panel.end_of(np.array([row]))[0]):
            return EXPIRED
        opened = float(panel.open[row + 1])
        if abs(opened - float(panel.close[row])) > rules.approval.max_drift_atr * float(
            panel.atr[row]
        ):
            return DenialCode.DRIFT
        at = np.array([[row + 1]])
        bought = self._bought(offers, [lot.place], [lot.bound], [opened], None)
        worth = self._pricing.worth(bought, at, np.array([[opened]]), at - 1)
        debit = float(worth.filled(rules.fill_improvement, buying=True)[0, 0])
        if not 0 < debit <= lot.bound:
            return EXPIRED
        commission = rules.commissions.order_usd(
            lot.contracts, float(worth.long_mid[0, 0]), float(worth.short_mid[0, 0])
        )
        return _Fill(
            debit=debit,
            entry=opened,
            commission_usd=float(commission),
            day=int(panel.day[row + 1]),
        )

    def _bought(
        self,
        offers: Offers,
        places: Sequence[int],
        debits: Sequence[float],
        entries: Sequence[float],
        plans: Plans | None,
    ) -> Bought:
        at = np.array(places, dtype=np.int64)
        pick, picks = offers.pick[at], offers.picks
        entry = np.array(entries)
        return Bought(
            sign=offers.sign[at],
            long_strike=picks.long_strike[pick],
            short_strike=picks.short_strike[pick],
            expiration=picks.expiration[pick],
            scale=picks.scale[pick],
            debit=np.array(debits),
            entry=entry,
            stop=entry if plans is None else plans.stop,
            target=entry if plans is None else plans.target,
            long_ratio=picks.long_ratio[pick],
            short_ratio=picks.short_ratio[pick],
        )

    def _played(
        self, offers: Offers, filled: Sequence[tuple[Lot, _Fill]], names: Sequence[str]
    ) -> list[Held]:
        panel, rules = self._panel, self._rules
        exits = [
            plan_of(panel, offers, lot.place, rules.exits, self._calendar, fill.entry)
            for lot, fill in filled
        ]
        places = [lot.place for lot, _ in filled]
        plans = as_plans(offers, places, exits, self._calendar)
        bought = self._bought(
            offers, places, [f.debit for _, f in filled], [f.entry for _, f in filled], plans
        )
        played = play(panel, self._pricing, rules, plans, bought, marks=True)
        proceeds = played.proceeds(rules)
        against, in_favour = excursions(panel, plans, played)
        listed = self._pricing.listed
        found = []
        for n, ((lot, fill), plan) in enumerate(zip(filled, exits, strict=True)):
            days, marks = marks_of(panel, played, n)
            leaving = rules.commissions.order_usd(
                lot.contracts,
                float(played.out.long_mid[n, 0]),
                float(played.out.short_mid[n, 0]),
            )
            size = STANDARD_MULTIPLIER * lot.contracts
            gross = float(proceeds[n]) * size
            # What is not worth its commission is left to expire.
            worthless = 0 <= gross <= float(leaving)
            closing = 0.0 if worthless else float(leaving)
            brought = 0.0 if worthless else gross - closing
            cost = fill.debit * size + fill.commission_usd
            symbol = panel.symbols[lot.owner]
            trade = Trade(
                symbol=symbol,
                strategy=names[int(offers.strategy[lot.place])],
                direction=Direction.LONG if offers.sign[lot.place] > 0 else Direction.SHORT,
                signal_date=as_date(int(panel.day[offers.row[lot.place]])),
                entry_date=as_date(fill.day),
                exit_date=as_date(int(panel.day[played.ends.row[n]])),
                exit_reason=reason_of(Cause(int(played.ends.cause[n])), plan),
                expiration=as_date(int(bought.expiration[n])) if listed else None,
                long_strike=float(bought.long_strike[n]) if listed else None,
                short_strike=float(bought.short_strike[n]) if listed else None,
                contracts=lot.contracts,
                debit=fill.debit,
                exit_value=0.0 if worthless else float(proceeds[n]),
                commissions_usd=fill.commission_usd + closing,
                net_usd=brought - cost,
                risk_usd=cost,
                underlying_entry=fill.entry,
                underlying_exit=float(played.ends.price[n]),
                stop=plan.stop,
                target=plan.target,
                sessions_held=int(played.ends.bars[n]),
                days_held=int(panel.day[played.ends.row[n]]) - fill.day,
                mae_r=float(against[n]),
                mfe_r=float(in_favour[n]),
            )
            found.append(
                Held(
                    owner=lot.owner,
                    trade=trade,
                    cost_usd=cost,
                    proceeds_usd=brought,
                    last_day=int(panel.day[played.ends.row[n]]),
                    mark_days=tuple(days.tolist()),
                    marks=tuple(marks.tolist()),
                )
            )
        return found


def as_plans(
    offers: Offers, places: Sequence[int], exits: Sequence[ExitPlan], calendar: Calendar
) -> Plans:
    """Exit plans of these offers as arrays."""
    at = np.array(places, dtype=np.int64)
    expirations = offers.picks.expiration[offers.pick[at]].tolist()
    return Plans(
        row=offers.row[at],
        sign=offers.sign[at],
        entry=np.array([plan.entry for plan in exits]),
        stop=np.array([plan.stop for plan in exits]),
        target=np.array(
            [
                sign * np.inf if plan.target is None else plan.target
                for plan, sign in zip(exits, offers.sign[at].tolist(), strict=True)
            ]
        ),
        exit_by=np.array([as_day(plan.exit_by) for plan in exits], dtype=np.int64),
        expiry=np.array([calendar.expiry_exit(day) for day in expirations], dtype=np.int64),
    )


def reason_of(cause: Cause, plan: ExitPlan) -> str:
    """The exit reason as the station records it; END where the span or the bars ended."""
    if cause is Cause.TARGET and plan.target_reason is not None:
        return plan.target_reason
    return cause.name
