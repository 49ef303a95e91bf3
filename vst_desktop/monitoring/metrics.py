"""The station's metrics, declared once; a test holds docs/operations.md against them."""

from __future__ import annotations

from vst_desktop.monitoring.performance import Histogram
from vst_desktop.ports.metrics import Metric, MetricKind, Reading

_PREFIX = "vst_station_"


def _metric(name: str, kind: MetricKind, text: str, *labels: str) -> Metric:
    return Metric(name=_PREFIX + name, kind=kind, help=text, labels=labels)


def _gauge(name: str, text: str, *labels: str) -> Metric:
    return _metric(name, MetricKind.GAUGE, text, *labels)


def _counter(name: str, text: str, *labels: str) -> Metric:
    return _metric(name, MetricKind.COUNTER, text, *labels)


INFO = _gauge("info", "1; the labels say what runs.", "mode", "version")
UP_SECS = _gauge("up_seconds", "How long the station runs.")
CONNECTED = _gauge("connected", "1 while IBKR takes orders.")
SCANNER_SERVES = _gauge("scanner_serves", "1 while the Go scanner answers.")
CLOCK_OFFSET = _gauge("clock_offset_seconds", "Broker's clock less ours.")
JOURNAL_WELL = _gauge("journal_well", "1 while the journal takes what is written.")
KILLED = _gauge("killed", "1 while the kill switch is on.")
SCAN_SECS = _metric("scan_seconds", MetricKind.HISTOGRAM, "How long scans took.")
SCAN_MEAN = _gauge("scan_seconds_mean_1h", "Mean of the last hour's scans.")
SYMBOLS_PER_SECOND = _gauge("symbols_per_second", "Of the last scan.")
SYMBOLS = _counter("symbols_total", "Symbols scanned.")
ACK_SECS = _metric(
    "order_ack_seconds", MetricKind.HISTOGRAM, "From an order's release to its acknowledgement."
)
ACK_MEAN = _gauge("order_ack_seconds_mean_1h", "Mean of the last hour's orders.")
THRESHOLD = _gauge("threshold", "Thresholds of the settings.", "name")
SIGNALS = _gauge("signals", "Signals of the last scan.")
CANDIDATES = _gauge("candidates", "Candidates shown now.")
ORDERS = _gauge("orders", "Orders and approvals by state.", "state")
POSITIONS = _gauge("positions", "Open positions.")
UNPROTECTED = _gauge("unprotected_positions", "Positions whose exits cannot run now.")
NET_LIQUIDATION = _gauge("net_liquidation_usd", "The account's value.")
AVAILABLE = _gauge("available_usd", "Available funds.")
DAY_PNL = _gauge("day_pnl_usd", "Profit or loss of the day.")
AT_RISK = _gauge("at_risk_usd", "Open and reserved risk.")
TRADES_TODAY = _gauge("trades_today", "Entries of this session.")
ALERTS = _counter("alerts_total", "Alerts raised, folded ones too.", "severity")
UNREAD = _gauge("alerts_unread", "Alerts nobody has acknowledged.")
DELIVERIES = _gauge("alert_deliveries", "Alerts on channels by their fate.", "channel", "state")
ERRORS = _counter("errors_total", "Errors by component and type.", "component", "type")
RECOVERIES = _counter("recoveries_total", "Recoveries by component and type.", "component", "type")
FAILING = _gauge("failing", "1 while an error has not been recovered.", "component", "type")

METRICS: tuple[Metric, ...] = tuple(one for one in list(vars().values()) if isinstance(one, Metric))


def reading(metric: Metric, value: float, *labels: str) -> Reading:
    """One value."""
    return Reading(metric=metric, value=float(value), labels=labels)


def histogram_reading(metric: Metric, found: Histogram) -> Reading:
    """A histogram's."""
    return Reading(
        metric=metric,
        value=found.total,
        buckets=dict(zip(found.bounds, found.counts, strict=True)),
        count=found.count,
    )
