"""Bounds of one approval: the trader's tighten the settings', and what research forbids."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from vst_desktop.domain.bounds import Bounds
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.spreads import Candidate
from vst_desktop.execution.rules import ApprovalRules
from vst_desktop.execution.schedule import EntryWindow
from vst_desktop.ports.store import IntentRecord
from vst_desktop.risk.limits import Denial, DenialCode
from vst_desktop.runtime.calendar import EASTERN


def bounded(
    intent: IntentRecord,
    bounds: Bounds,
    *,
    tick: Decimal,
    max_drift_atr: float,
    window: EntryWindow,
    now: datetime,
) -> IntentRecord:
    """The approval with tighter bounds; a debit bound above what the settings allow by now is
    theirs, since the market may have come down since it was typed.

    Args:
        intent: The approval with the settings' bounds.
        bounds: What the trader wants.
        tick: The combo's price step.
        max_drift_atr: The settings' drift.
        window: The entry window it is for.
        now: The station's time.

    Raises:
        UserError: A bound is none, or looser than the settings allow.
    """
    check_bounds(bounds, max_drift_atr=max_drift_atr, window=window, now=now)
    changed = intent
    if bounds.max_debit is not None:
        if bounds.max_debit < tick or bounds.max_debit % tick:
            raise UserError(
                f"the debit {bounds.max_debit} is not on the spread's price step of {tick}",
                remedy=f"give a multiple of {tick}",
            )
        changed = replace(changed, max_debit=min(bounds.max_debit, intent.max_debit))
    if bounds.max_drift_atr is not None:
        changed = replace(changed, max_drift_usd=bounds.max_drift_atr * intent.atr)
    if bounds.until is not None:
        changed = replace(changed, expires_at=bounds.until)
    return changed


def max_drift_usd(intent: IntentRecord, rules: ApprovalRules) -> float:
    """How far the underlying may move since the approval: its own bound, or the settings'."""
    own = intent.max_drift_usd
    return rules.max_drift_atr * intent.atr if own is None else own


def check_bounds(
    bounds: Bounds, *, max_drift_atr: float, window: EntryWindow, now: datetime
) -> None:
    """Whether bounds can be, before anything is approved with them; UserError says why not."""
    debit, drift, until = bounds.max_debit, bounds.max_drift_atr, bounds.until
    if debit is not None and not (debit.is_finite() and debit > 0):
        raise UserError(f"the debit {debit} is no price", remedy="give it in USD a share")
    if drift is not None and not (math.isfinite(drift) and 0 < drift <= max_drift_atr):
        raise UserError(
            f"the underlying's way of {drift:g} ATR is not above 0 and up to {max_drift_atr:g}",
            where="approval.max_drift_atr",
            remedy="bounds of one approval can only be tighter than the settings",
        )
    if until is not None and not max(now, window.opens) < until <= window.closes:
        raise UserError(
            f"the end {_eastern(until)} is not within its entry window",
            where=f"{_eastern(window.opens)} to {_eastern(window.closes)}",
            remedy="choose a time between them that is still ahead",
        )


def event_denial(candidate: Candidate) -> Denial | None:
    """What research says of the candidate's earnings and dividends; looked at again at the send."""
    code, _, text = (candidate.denied or "").partition(": ")
    if code != DenialCode.EVENT:
        return None
    return Denial(code=DenialCode.EVENT, limit="none before the time exit", value=text, text=text)


def _eastern(moment: datetime) -> str:
    return f"{moment.astimezone(EASTERN):%H:%M}"
