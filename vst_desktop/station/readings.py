"""What the station's metrics read now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.incidents import Recovery
from vst_desktop.monitoring import metrics as m
from vst_desktop.monitoring.metrics import histogram_reading, reading
from vst_desktop.monitoring.performance import (
    LATENCY_BUCKETS_SECS,
    SCAN_BUCKETS_SECS,
    histogram,
    measures,
)
from vst_desktop.ports.broker import ConnectionState
from vst_desktop.ports.metrics import Metric, Reading

if TYPE_CHECKING:
    from vst_desktop.station.station import Station


def station_readings(station: Station, version: str) -> Iterator[Reading]:
    """All of them; what is not known now is left out."""
    yield reading(m.INFO, 1, str(station.mode), version)
    yield from _health(station)
    yield from _speed(station)
    yield from _trading(station)
    yield from _alerts(station)


def _health(station: Station) -> Iterator[Reading]:
    engines = station.engines
    up = engines.clock.now() - station.watch.performance.started
    yield reading(m.UP_SECS, up.total_seconds())
    yield reading(m.CONNECTED, engines.broker.state is ConnectionState.READY)
    yield reading(m.SCANNER_SERVES, engines.scanner.healthy)
    yield reading(m.JOURNAL_WELL, engines.journal.trouble is None)
    yield reading(m.KILLED, station.desk.killed is not None)
    if (offset := engines.broker.clock_offset_secs) is not None:
        yield reading(m.CLOCK_OFFSET, offset)
    for one in engines.incidents.rows:
        labels = (one.component, str(one.kind))
        yield reading(m.ERRORS, one.count, *labels)
        yield reading(m.RECOVERIES, one.recoveries, *labels)
        yield reading(m.FAILING, one.state is not Recovery.RECOVERED, *labels)


def _speed(station: Station) -> Iterator[Reading]:
    performance, now = station.watch.performance, station.engines.clock.now()
    scans, orders = performance.scans, station.watch.acknowledged()
    limits = performance.thresholds
    yield histogram_reading(m.SCAN_SECS, histogram([s.secs for s in scans], SCAN_BUCKETS_SECS))
    yield reading(m.SYMBOLS, sum(scan.symbols for scan in scans))
    yield histogram_reading(m.ACK_SECS, histogram([o.secs for o in orders], LATENCY_BUCKETS_SECS))
    found = {one.name: one.value for one in measures(scans, orders, limits, now)}
    for metric, name in (
        (m.SCAN_MEAN, "scan, mean of 1 h"),
        (m.SYMBOLS_PER_SECOND, "symbols a second, last scan"),
        (m.ACK_MEAN, "order latency, mean of 1 h"),
    ):
        yield from _known(metric, found[name])
    yield reading(m.THRESHOLD, limits.max_scan_time, "max_scan_time")
    yield reading(m.THRESHOLD, limits.min_symbols_per_second, "min_symbols_per_second")
    yield reading(m.THRESHOLD, limits.max_order_latency, "max_order_latency")
    yield reading(m.THRESHOLD, limits.critical_order_latency, "critical_order_latency")


def _trading(station: Station) -> Iterator[Reading]:
    desk, account, findings = station.desk, station.account, station.research.findings
    yield reading(m.SIGNALS, len(findings.signals))
    yield reading(m.CANDIDATES, len(findings.candidates))
    for state, count in Counter(str(intent.state) for intent in desk.intents()).items():
        yield reading(m.ORDERS, count, state)
    yield reading(m.POSITIONS, len(desk.positions()))
    yield reading(m.UNPROTECTED, desk.unprotected())
    yield reading(m.AT_RISK, float(desk.at_risk_usd()))
    yield reading(m.TRADES_TODAY, desk.trades_today())
    if account is not None:
        yield from _known(m.NET_LIQUIDATION, account.net_liquidation_usd)
        yield from _known(m.AVAILABLE, account.available_funds_usd)
        yield from _known(m.DAY_PNL, account.day_pnl_usd)


def _alerts(station: Station) -> Iterator[Reading]:
    history = station.engines.alerts.history
    raised: Counter[Severity] = Counter()
    fates: Counter[tuple[str, str]] = Counter()
    for entry in history:
        raised[entry.alert.severity] += entry.count
        fates.update((one.channel, str(one.state)) for one in entry.deliveries.values())
    for severity in Severity:
        yield reading(m.ALERTS, raised[severity], str(severity))
    yield reading(m.UNREAD, sum(not entry.read for entry in history))
    for labels, count in fates.items():
        yield reading(m.DELIVERIES, count, *labels)


def _known(metric: Metric, value: float | Decimal | None) -> Iterator[Reading]:
    if value is not None:
        yield reading(metric, float(value))
