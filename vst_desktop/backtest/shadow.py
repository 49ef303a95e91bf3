"""The shadow book: what was refused is followed as if one of each had been bought (SPEC 15)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vst_desktop.backtest.entries import Calendar, Offers
from vst_desktop.backtest.levels import plans_at
from vst_desktop.backtest.listing import as_date, as_day
from vst_desktop.backtest.panel import Floats, Ints, Panel
from vst_desktop.backtest.paths import Cause
from vst_desktop.backtest.playing import play
from vst_desktop.backtest.pricing import Bought, Pricing
from vst_desktop.backtest.rules import LabRules
from vst_desktop.backtest.trades import Refusal
from vst_desktop.domain.signals import Direction
from vst_desktop.options.contracts import STANDARD_MULTIPLIER
from vst_desktop.strategy.exit import exit_day

_AT_ONCE = 4_096
_MID = 0.5


@dataclass(slots=True)
class ShadowBook:
    """Notes what was refused; ``follow`` plays it when all is over.

    ``noted`` holds the offers of a session, the places that were refused and the code.
    """

    noted: list[tuple[Offers, Ints, str]] = field(default_factory=list)

    def refuse(self, offers: Offers, places: Ints, code: str) -> None:
        """As ``engine.Refuse``."""
        self.noted.append((offers, places, code))

    def follow(
        self, panel: Panel, pricing: Pricing, rules: LabRules, names: Sequence[str]
    ) -> tuple[Refusal, ...]:
        """One contract of each, bought and sold at natural and at mid, by its exit plan."""
        if not self.noted:
            return ()
        codes = [code for _, places, code in self.noted for _ in range(len(places))]

        def joined(name: str) -> Any:
            return np.concatenate([getattr(o, name)[places] for o, places, _ in self.noted])

        def picked(name: str) -> Any:
            return np.concatenate(
                [getattr(o.picks, name)[o.pick[places]] for o, places, _ in self.noted]
            )

        row, sign, strategy = joined("row"), joined("sign"), joined("strategy")
        columns = {
            name: picked(name)
            for name in (
                "expiration",
                "long_strike",
                "short_strike",
                "natural",
                "close",
                "long_mid",
                "short_mid",
                "scale",
                "long_ratio",
                "short_ratio",
            )
        }
        usd, causes = np.empty((2, len(row))), np.empty(len(row), dtype=np.int8)
        calendar = Calendar()
        for first in range(0, len(row), _AT_ONCE):
            part = slice(first, first + _AT_ONCE)
            some = {name: column[part] for name, column in columns.items()}
            usd[:, part], causes[part] = followed(
                panel, pricing, rules, calendar, row[part], sign[part], some
            )
        return tuple(
            Refusal(
                symbol=panel.symbols[int(panel.owner[row[n]])],
                strategy=names[int(strategy[n])],
                direction=Direction.LONG if sign[n] > 0 else Direction.SHORT,
                day=as_date(int(panel.day[row[n]])),
                code=codes[n],
                debit=float(columns["natural"][n]),
                natural_usd=float(usd[0, n]),
                mid_usd=float(usd[1, n]),
                exit_reason=Cause(int(causes[n])).name,
            )
            for n in range(len(row))
        )


def followed(
    panel: Panel,
    pricing: Pricing,
    rules: LabRules,
    calendar: Calendar,
    row: Ints,
    sign: Ints,
    columns: dict[str, Any],
) -> tuple[Floats, Ints]:
    """Net USD of one contract of each at natural and at mid (rows), and why each ended.

    ``columns``: the spreads and their market at the entry, named as in ``Picks``.
    """
    by = {
        day: as_day(exit_day(as_date(day), None, rules.exits.min_days_to_exit, calendar.is_session))
        for day in np.unique(columns["expiration"]).tolist()
    }
    expiration = columns["expiration"].tolist()
    plans = plans_at(
        panel,
        row,
        sign,
        rules.exits,
        np.array([by[day] for day in expiration], dtype=np.int64),
        np.array([calendar.expiry_exit(day) for day in expiration], dtype=np.int64),
    )
    bought = Bought(
        sign=sign,
        long_strike=columns["long_strike"],
        short_strike=columns["short_strike"],
        expiration=columns["expiration"],
        scale=columns["scale"],
        debit=columns["natural"],
        entry=plans.entry,
        stop=plans.stop,
        target=plans.target,
        long_ratio=columns["long_ratio"],
        short_ratio=columns["short_ratio"],
    )
    played = play(panel, pricing, rules, plans, bought, marks=False)
    order_usd = rules.commissions.order_usd
    entering = order_usd(1, columns["long_mid"], columns["short_mid"])
    leaving = order_usd(1, played.out.long_mid[:, 0], played.out.short_mid[:, 0])
    found = []
    for improvement in (0.0, _MID):
        saved = improvement * (columns["natural"] - columns["close"])
        cost = (columns["natural"] - saved) * STANDARD_MULTIPLIER + entering
        gross = played.proceeds(rules, improvement) * STANDARD_MULTIPLIER
        worthless = (gross >= 0) & (gross <= leaving)
        found.append(np.where(worthless, 0.0, gross - leaving) - cost)
    return np.stack(found), played.ends.cause.astype(np.int64)


def monthly(refused: Sequence[Refusal]) -> dict[str, Any]:
    """What the refusals of each month saved or cost, with a sentence each, and by code."""
    by_month: dict[str, list[Refusal]] = {}
    by_code: dict[str, list[Refusal]] = {}
    for one in refused:
        by_month.setdefault(f"{one.day:%Y-%m}", []).append(one)
        by_code.setdefault(one.code, []).append(one)
    months = [{"month": month, **_sums(some)} for month, some in sorted(by_month.items())]
    return {
        "refused": len(refused),
        "months": months,
        "codes": {code: _sums(some) for code, some in sorted(by_code.items())},
        "lines": [
            _line(month, some) for month, some in [*sorted(by_month.items()), ("in all", refused)]
        ]
        if refused
        else [],
    }


def _sums(some: Sequence[Refusal]) -> dict[str, Any]:
    return {
        "refused": len(some),
        "natural_usd": round(sum(one.natural_usd for one in some), 2),
        "mid_usd": round(sum(one.mid_usd for one in some), 2),
    }


def _line(month: str, some: Sequence[Refusal]) -> str:
    natural, mid = (sum(getattr(one, name) for one in some) for name in ("natural_usd", "mid_usd"))
    return (
        f"{month}: {len(some):,} refused; one contract of each would have brought "
        f"{natural:+,.0f} USD at natural, {mid:+,.0f} at mid: refusing "
        f"{'saved' if natural < 0 else 'cost'} {abs(natural):,.0f} USD"
    )
