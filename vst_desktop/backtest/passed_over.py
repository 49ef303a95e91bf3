"""The live journal's shadow book: what the trader, a limit or the market left unbought, followed
on the bars that came after (SPEC 15)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from vst_desktop.backtest.entries import Calendar
from vst_desktop.backtest.listing import as_day
from vst_desktop.backtest.panel import Ints, Panel
from vst_desktop.backtest.paths import Cause
from vst_desktop.backtest.pricing import Bought, Pricing
from vst_desktop.backtest.rules import LabRules
from vst_desktop.backtest.shadow import followed
from vst_desktop.backtest.trades import Refusal
from vst_desktop.domain.signals import Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A spread that was proposed and not bought. ``natural`` and ``close`` in USD per share, as
    they stood then; ``code`` says why not."""

    symbol: str
    strategy: str
    direction: Direction
    day: date
    expiration: date
    long_strike: float
    short_strike: float
    natural: float
    close: float
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """``refusals`` went to their end; ``open`` have not yet, ``unknown`` have no bar of their
    day."""

    refusals: tuple[Refusal, ...]
    open: int
    unknown: int


def follow_decisions(
    panel: Panel, pricing: Pricing, rules: LabRules, decisions: Sequence[Decision]
) -> Followed:
    """One contract of each by its exit plan, in at the market that was seen, out by the model."""
    rows = [_row(panel, one) for one in decisions]
    known = [(one, row) for one, row in zip(decisions, rows, strict=True) if row is not None]
    if not known:
        return Followed(refusals=(), open=0, unknown=len(decisions))
    some = [one for one, _ in known]
    row: Ints = np.array([row for _, row in known], dtype=np.int64)
    sign: Ints = np.array([one.direction.sign for one in some], dtype=np.int64)
    ones = np.ones(len(row))
    columns = {
        "expiration": np.array([as_day(one.expiration) for one in some], dtype=np.int64),
        "long_strike": np.array([one.long_strike for one in some]),
        "short_strike": np.array([one.short_strike for one in some]),
        "natural": np.array([one.natural for one in some]),
        "close": np.array([one.close for one in some]),
        "scale": ones,
        "long_ratio": ones,
        "short_ratio": ones,
    }
    # The journal has the spread's market; what the legs were worth only decides commissions.
    entering = pricing.worth(
        Bought(
            sign=sign,
            long_strike=columns["long_strike"],
            short_strike=columns["short_strike"],
            expiration=columns["expiration"],
            scale=ones,
            debit=columns["natural"],
            entry=panel.close[row],
            stop=panel.close[row],
            target=panel.close[row],
            long_ratio=ones,
            short_ratio=ones,
        ),
        row[:, None],
        panel.close[row][:, None],
        row[:, None],
    )
    columns["long_mid"], columns["short_mid"] = entering.long_mid[:, 0], entering.short_mid[:, 0]
    usd, causes = followed(panel, pricing, rules, Calendar(), row, sign, columns)
    ended = [n for n, cause in enumerate(causes.tolist()) if cause != Cause.END]
    refusals = tuple(
        Refusal(
            symbol=some[n].symbol,
            strategy=some[n].strategy,
            direction=some[n].direction,
            day=some[n].day,
            code=some[n].code,
            debit=some[n].natural,
            natural_usd=float(usd[0, n]),
            mid_usd=float(usd[1, n]),
            exit_reason=Cause(int(causes[n])).name,
        )
        for n in ended
    )
    return Followed(
        refusals=refusals,
        open=len(some) - len(refusals),
        unknown=len(decisions) - len(some),
    )


def _row(panel: Panel, one: Decision) -> int | None:
    """The bar of the decision's session; None where there is none, or no range before it."""
    if one.symbol not in panel.symbols:
        return None
    rows = panel.rows_of(panel.symbols.index(one.symbol))
    place = rows.start + int(np.searchsorted(panel.day[rows], as_day(one.day)))
    if place >= rows.stop or panel.day[place] != as_day(one.day):
        return None
    return place if np.isfinite(panel.atr[place] * panel.variance_short[place]) else None
