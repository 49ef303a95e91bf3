"""Bounds that the trader set on a candidate before approving it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from vst_desktop.domain.bounds import Bounds
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.money import CENT
from vst_desktop.domain.spreads import Candidate, RankedSpread, VerticalSpread
from vst_desktop.execution.bounds import check_bounds
from vst_desktop.execution.rules import ApprovalRules
from vst_desktop.execution.ticket import approval_bound
from vst_desktop.ports.store import IntentRecord
from vst_desktop.runtime.calendar import EASTERN
from vst_desktop.runtime.settings import Settings
from vst_desktop.station.desk_view import BoundsView

if TYPE_CHECKING:
    from vst_desktop.station.station import Station


class BoundsBook:
    """Bounds by candidate; another spread of the candidate has those of the settings again."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._set: dict[str, tuple[VerticalSpread, Bounds]] = {}

    def of(self, candidate: Candidate) -> Bounds:
        """The trader's bounds of what the candidate shows now; empty when there are none."""
        spread, bounds = self._set.get(candidate.candidate_id, (None, Bounds()))
        return bounds if spread == candidate.ranked.spread else Bounds()

    def set(self, candidate_id: str, bounds: Bounds) -> None:
        """Approve the candidate's spread only within these bounds.

        Raises:
            UserError: There is no such candidate, or a bound is none or looser than the settings.
        """
        station = self._station
        candidate = station.research.findings.candidates.get(candidate_id)
        if candidate is None:
            raise UserError(f"{candidate_id} is not in the list any more")
        check_bounds(
            bounds,
            max_drift_atr=station.settings.approval.max_drift_atr,
            window=station.desk.window(),
            now=station.engines.clock.now(),
        )
        most = spread_bound(station.settings, candidate.ranked)
        if bounds.max_debit is not None and bounds.max_debit > most:
            raise UserError(
                f"the debit {bounds.max_debit:.2f} is above the bound of the settings, {most:.2f}",
                remedy="bounds of one approval can only be tighter than the settings",
            )
        self._set[candidate_id] = candidate.ranked.spread, bounds
        station.changed()

    def view(self, candidate: Candidate, waiting: IntentRecord | None) -> BoundsView:
        """The bounds of the candidate's approval: given already, or as it would be now."""
        station, own = self._station, self.of(candidate)
        opens, closes = station.window()
        most = spread_bound(station.settings, candidate.ranked)
        widest = station.settings.approval.max_drift_atr
        debit, drift, until = own.max_debit, own.max_drift_atr, own.until
        spot, atr = candidate.spot, candidate.plan.atr
        if waiting is not None:
            debit, until = waiting.max_debit, waiting.expires_at
            spot, atr = waiting.spot_seen, waiting.atr
            drift = None if waiting.max_drift_usd is None else waiting.max_drift_usd / atr
        return BoundsView(
            max_debit=min(debit or most, most) if waiting is None else waiting.max_debit,
            most_debit=most,
            max_drift_atr=widest if drift is None else drift,
            most_drift_atr=widest,
            atr=atr,
            spot=spot,
            until=until or closes,
            opens=opens,
            closes=closes,
            own=own != Bounds(),
        )


def spread_bound(settings: Settings, ranked: RankedSpread) -> Decimal:
    """The most an approval by the settings would let the order pay, per share."""
    options = settings.options
    rules = ApprovalRules(
        **settings.approval.model_dump(),
        min_reward_risk=options.min_reward_risk,
        max_spread_cost=options.max_spread_cost,
    )
    return approval_bound(ranked.debit, ranked.spread, CENT, rules)


def bounds_text(intent: IntentRecord, max_drift_atr: float) -> str:
    """The bounds of an approval that waits: ``at most 2.60, DIS 103.10 – 104.30, until 15:55``."""
    drift = intent.max_drift_usd
    if drift is None:
        drift = max_drift_atr * intent.atr
    return (
        f"at most {intent.max_debit:.2f}, {intent.spread.symbol} "
        f"{intent.spot_seen - drift:.2f} – {intent.spot_seen + drift:.2f}, "
        f"until {eastern_end(intent.expires_at)}"
    )


def eastern_end(moment: datetime | None) -> str:
    """``15:55 17 Nov``."""
    return "–" if moment is None else f"{moment.astimezone(EASTERN):%H:%M %d %b}"
