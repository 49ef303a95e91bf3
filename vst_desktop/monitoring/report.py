"""The performance report: up-time, scanner and execution beside their thresholds (SPEC 14)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from vst_desktop.domain.incidents import Incident
from vst_desktop.monitoring.performance import (
    LATENCY_BUCKETS_SECS,
    SCAN_BUCKETS_SECS,
    Acknowledged,
    Measure,
    ScanRun,
    Thresholds,
    histogram,
    measures,
)
from vst_desktop.ports.scanner import ScannerFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a report is made of. ``engine``: what the scanner says of itself, None where it is not
    asked."""

    started: datetime
    now: datetime
    scans: Sequence[ScanRun]
    orders: Sequence[Acknowledged]
    incidents: Sequence[Incident] = ()
    engine: ScannerFigures | None = None


def report(facts: Facts, thresholds: Thresholds) -> dict[str, Any]:
    """The report as JSON has it; averages are those of the last hour before ``now``."""
    scans, orders = facts.scans, facts.orders
    found = measures(scans, orders, thresholds, facts.now)
    return {
        "generated": facts.now,
        "started": facts.started,
        "up_secs": (facts.now - facts.started).total_seconds(),
        "scanner": {
            "scans": len(scans),
            "symbols": sum(scan.symbols for scan in scans),
            "seconds": _histogram([scan.secs for scan in scans], SCAN_BUCKETS_SECS),
            "engine": asdict(facts.engine) if facts.engine is not None else None,
        },
        "execution": {
            "acknowledged": len(orders),
            "latency_secs": _histogram([order.secs for order in orders], LATENCY_BUCKETS_SECS),
        },
        "measures": [_keys(one) for one in found],
        "ok": all(one.met is not False for one in found),
        "errors": [asdict(one) for one in facts.incidents],
    }


def _keys(measure: Measure) -> dict[str, Any]:
    return asdict(measure) | {"met": measure.met}


def _histogram(values: Sequence[float], bounds: Sequence[float]) -> dict[str, Any]:
    found = histogram(values, bounds)
    return {
        "count": found.count,
        "mean": found.total / found.count if found.count else None,
        "worst": max(values, default=None),
        "at_most": {f"{bound:g}": count for bound, count in zip(bounds, found.counts, strict=True)},
    }
