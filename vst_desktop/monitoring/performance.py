"""How fast the station scans and trades, beside its thresholds (SPEC 14)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean

from vst_desktop.domain.alerts import Severity

ROLLING = timedelta(hours=1)
LATENCY_BUCKETS_SECS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
SCAN_BUCKETS_SECS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
KEPT = 10_000
"""Scans; a scan a minute for a week."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What is slow; settings ``performance`` and ``execution``."""

    max_scan_time: float
    min_symbols_per_second: float
    max_order_latency: float
    critical_order_latency: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRun:
    """One scan: when it ended, how long it took, of how many symbols."""

    at: datetime
    secs: float
    symbols: int

    @property
    def symbols_per_second(self) -> float | None:
        """None for a scan of nothing, or too quick to be measured."""
        return self.symbols / self.secs if self.secs > 0 and self.symbols else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """One order: when the broker acknowledged it, and how long after its release."""

    at: datetime
    secs: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A figure beside its threshold; ``met`` None without a figure. ``unit``: ``s`` or ``/s``."""

    name: str
    value: float | None
    threshold: float
    unit: str
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the figure is on the right side."""
        if self.value is None:
            return None
        return self.value >= self.threshold if self.at_least else self.value <= self.threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Counts of values at or below each bound, their number and sum."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    count: int
    total: float


def histogram(values: Iterable[float], bounds: Sequence[float]) -> Histogram:
    """The values as a histogram, cumulated as Prometheus has it."""
    found = list(values)
    return Histogram(
        bounds=tuple(bounds),
        counts=tuple(sum(value <= bound for value in found) for bound in bounds),
        count=len(found),
        total=float(sum(found)),
    )


def measures(
    scans: Sequence[ScanRun],
    orders: Sequence[Acknowledged],
    thresholds: Thresholds,
    now: datetime,
) -> tuple[Measure, ...]:
    """The last scan, and averages of the last hour, each beside its threshold."""
    last = scans[-1] if scans else None
    recent = [scan for scan in scans if now - scan.at <= ROLLING]
    rates = [rate for scan in recent if (rate := scan.symbols_per_second) is not None]
    latencies = [order.secs for order in orders if now - order.at <= ROLLING]
    slow, fast = thresholds.max_scan_time, thresholds.min_symbols_per_second
    return (
        Measure(name="last scan", value=last.secs if last else None, threshold=slow, unit="s"),
        Measure(
            name="scan, mean of 1 h",
            value=_mean([s.secs for s in recent]),
            threshold=slow,
            unit="s",
        ),
        Measure(
            name="symbols a second, last scan",
            value=last.symbols_per_second if last else None,
            threshold=fast,
            unit="/s",
            at_least=True,
        ),
        Measure(
            name="symbols a second, mean of 1 h",
            value=_mean(rates),
            threshold=fast,
            unit="/s",
            at_least=True,
        ),
        Measure(
            name="order latency, mean of 1 h",
            value=_mean(latencies),
            threshold=thresholds.max_order_latency,
            unit="s",
        ),
        Measure(
            name="order latency, worst of 1 h",
            value=max(latencies, default=None),
            threshold=thresholds.critical_order_latency,
            unit="s",
        ),
    )


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None


class Performance:
    """Remembers scans and tells those that were slow; orders' latencies are the desk's.

    Args:
        thresholds: What is slow.
        now: The station's time.
        alert: Tells the trader.
    """

    def __init__(
        self,
        thresholds: Thresholds,
        now: Callable[[], datetime],
        alert: Callable[[Severity, str, str], None],
    ) -> None:
        self.thresholds = thresholds
        self.started = now()
        self._now = now
        self._alert = alert
        self.scans: list[ScanRun] = []

    def scanned(self, secs: float, symbols: int) -> None:
        """A scan ended."""
        run = ScanRun(at=self._now(), secs=secs, symbols=symbols)
        self.scans.append(run)
        del self.scans[:-KEPT]
        limits = self.thresholds
        if secs > limits.max_scan_time:
            self._alert(
                Severity.WARNING,
                f"Performance: scan of {symbols} symbols took {secs:.2f} s",
                f"above max_scan_time {limits.max_scan_time:g} s",
            )
        rate = run.symbols_per_second
        if rate is not None and rate < limits.min_symbols_per_second:
            self._alert(
                Severity.WARNING,
                f"Performance: {rate:.2f} symbols/s",
                f"below min_symbols_per_second {limits.min_symbols_per_second:g}",
            )
