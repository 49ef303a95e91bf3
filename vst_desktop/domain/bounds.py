"""Bounds of one approval, as the trader tightens them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """None is the settings' own bound. ``max_debit`` USD a share; ``max_drift_atr`` how far the
    underlying may move since the click, in ATR; ``until``: the end of the approval."""

    max_debit: Decimal | None = None
    max_drift_atr: float | None = None
    until: datetime | None = None
