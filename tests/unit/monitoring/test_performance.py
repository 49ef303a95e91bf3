"""The performance monitor: means of an hour, thresholds, histograms, the report."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vst_desktop.domain.alerts import Severity
from vst_desktop.monitoring.performance import (
    Acknowledged,
    Performance,
    ScanRun,
    Thresholds,
    histogram,
    measures,
)
from vst_desktop.monitoring.report import Facts, report

NOW = datetime(2024, 1, 17, 15, 0, tzinfo=UTC)
LIMITS = Thresholds(
    max_scan_time=5.0,
    min_symbols_per_second=50,
    max_order_latency=0.5,
    critical_order_latency=2.0,
)


def hours_ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


def test_a_slow_scan_and_a_slow_rate_are_told_with_value_and_threshold() -> None:
    told: list[tuple[Severity, str, str]] = []
    monitor = Performance(LIMITS, lambda: NOW, lambda *one: told.append(one))
    monitor.scanned(15.0, 500)
    assert told == [
        (
            Severity.WARNING,
            "Performance: scan of 500 symbols took 15.00 s",
            "above max_scan_time 5 s",
        ),
        (
            Severity.WARNING,
            "Performance: 33.33 symbols/s",
            "below min_symbols_per_second 50",
        ),
    ]


def test_a_quick_scan_and_a_scan_of_nothing_are_not_told() -> None:
    told: list[tuple[Severity, str, str]] = []
    monitor = Performance(LIMITS, lambda: NOW, lambda *one: told.append(one))
    monitor.scanned(0.01, 500)
    monitor.scanned(0.0, 0)
    assert told == []


def test_means_are_those_of_the_last_hour() -> None:
    scans = [
        ScanRun(at=hours_ago(2), secs=100.0, symbols=10),
        ScanRun(at=hours_ago(0.5), secs=1.0, symbols=100),
        ScanRun(at=hours_ago(0.1), secs=3.0, symbols=100),
    ]
    orders = [
        Acknowledged(at=hours_ago(3), secs=9.0),
        Acknowledged(at=hours_ago(0.2), secs=0.8),
        Acknowledged(at=hours_ago(0.1), secs=0.4),
    ]
    found = {one.name: one for one in measures(scans, orders, LIMITS, NOW)}
    assert found["last scan"].value == 3.0
    assert found["scan, mean of 1 h"].value == 2.0
    assert found["symbols a second, mean of 1 h"].value == pytest.approx((100 + 100 / 3) / 2)
    latency = found["order latency, mean of 1 h"]
    assert (latency.value, latency.met) == (pytest.approx(0.6), False)
    assert found["order latency, worst of 1 h"].met is True


def test_without_a_figure_nothing_is_met_and_nothing_missed() -> None:
    assert [one.met for one in measures((), (), LIMITS, NOW)] == [None] * 6


@given(st.lists(st.floats(0, 100)))
def test_a_histogram_is_cumulative_and_ends_at_its_count(values: list[float]) -> None:
    found = histogram(values, (0.1, 1, 10))
    assert list(found.counts) == sorted(found.counts)
    assert found.count == len(values) >= found.counts[-1]
    assert found.total == pytest.approx(sum(values))


def test_the_report_of_a_day_has_up_time_scanner_and_execution_beside_their_thresholds() -> None:
    facts = Facts(
        started=hours_ago(24),
        now=NOW,
        scans=[ScanRun(at=hours_ago(0.1), secs=0.5, symbols=500)],
        orders=[Acknowledged(at=hours_ago(0.1), secs=0.05)],
    )
    told = report(facts, LIMITS)
    assert told["up_secs"] == 86_400
    assert told["scanner"]["scans"] == 1
    assert told["execution"]["latency_secs"]["at_most"]["0.05"] == 1
    assert all(one["threshold"] for one in told["measures"])
    assert told["ok"] is True
