"""What the account holds and may still do, and how fast the station works."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from statistics import fmean
from typing import TYPE_CHECKING

from vst_desktop.domain.incidents import Incident, Recovery
from vst_desktop.monitoring.performance import measures
from vst_desktop.runtime.calendar import EASTERN
from vst_desktop.station.desk_view import PerformanceRow
from vst_desktop.station.view import Figure

if TYPE_CHECKING:
    from vst_desktop.station.station import Station

NONE = "–"
ROLLING = timedelta(hours=1)
EFFICIENCY_LIMIT = 20.0
"""Above it IBKR asks for explanations."""


def account_figures(station: Station) -> tuple[Figure, ...]:
    """The account by the broker, and what the limits leave of it."""
    account, desk, risk = station.account, station.desk, station.settings.risk
    nlv = account.net_liquidation_usd if account else None
    budget = None if nlv is None else nlv * _share(risk.max_total_risk)
    at_risk = desk.at_risk_usd()
    free = max(0, risk.max_daily_trades - desk.trades_today())
    days = account.day_trades_remaining if account else None
    rows = (
        ("Account", station.account_id or NONE),
        ("Mode", str(station.mode)),
        ("Net liquidation", _usd(nlv)),
        ("Available funds", _usd(account.available_funds_usd if account else None)),
        ("Day P&L", _usd(account.day_pnl_usd if account else None)),
        ("Daily loss limit", _usd(None if nlv is None else -nlv * _share(risk.max_daily_loss))),
        ("At risk, open and reserved", _usd(at_risk)),
        ("Reserved by orders", _usd(desk.reserved_usd())),
        ("Risk budget left", _usd(None if budget is None else max(budget - at_risk, budget * 0))),
        ("Risk for one trade", _usd(None if nlv is None else nlv * _share(risk.risk_per_trade))),
        ("Positions", f"{len(desk.positions())} of {risk.max_positions}"),
        ("Entries left today", f"{free} of {risk.max_daily_trades}"),
        ("Day trades left", "no limit" if days is None else str(days)),
        ("Read", NONE if account is None else f"{account.time.astimezone(EASTERN):%H:%M:%S} ET"),
    )
    others = station.foreign.held(station.account_id, desk.positions())
    beside = (("Not the station's", line) for line in others)
    return tuple(Figure(caption=caption, value=value) for caption, value in (*rows, *beside))


def performance_rows(station: Station) -> tuple[PerformanceRow, ...]:
    """Scan and order figures beside their thresholds; latencies are those of the last hour."""
    settings, result = station.settings, station.research.findings.result
    execution, wanted = settings.execution, settings.performance
    now = station.engines.clock.now()
    acknowledged = [
        (intent.acknowledged_at, intent.ack_latency_secs)
        for intent in station.desk.intents()
        if intent.acknowledged_at is not None and intent.ack_latency_secs is not None
    ]
    recent = [secs for at, secs in acknowledged if now - at <= ROLLING]
    latency = max(recent) if recent else None
    mean = fmean(recent) if recent else None
    counts = station.desk.counts()
    rate = result.scanned / result.seconds if result is not None and result.seconds else None
    return (
        _measure("Scan", result.seconds if result else None, wanted.max_scan_time, "{:.3f} s"),
        _measure("Symbols a second", rate, wanted.min_symbols_per_second, "{:,.0f}", at_least=True),
        _measure("Order latency, mean", mean, execution.max_order_latency, "{:.3f} s"),
        _measure("Order latency, worst", latency, execution.critical_order_latency, "{:.3f} s"),
        PerformanceRow(
            name="Engine", value=result.engine if result else NONE, threshold="", met=None
        ),
        PerformanceRow(
            name="Orders new / changed / cancelled",
            value=f"{counts.submits} / {counts.revisions} / {counts.cancels}",
            threshold="",
            met=None,
        ),
        _measure("Order efficiency ratio", counts.efficiency, EFFICIENCY_LIMIT, "{:.1f}"),
        *_hour_rows(station),
        *(_incident_row(one) for one in station.engines.incidents.rows),
    )


def _hour_rows(station: Station) -> tuple[PerformanceRow, ...]:
    """Up-time, and the means of the last hour of scans."""
    performance, now = station.watch.performance, station.engines.clock.now()
    up = timedelta(seconds=int((now - performance.started).total_seconds()))
    means = measures(performance.scans, (), performance.thresholds, now)
    return (
        PerformanceRow(name="Up", value=str(up), threshold="", met=None),
        *(
            _measure(
                one.name.capitalize(),
                one.value,
                one.threshold,
                "{:,.0f}" if one.at_least else "{:.3f} s",
                at_least=one.at_least,
            )
            for one in means
            if one.name in ("scan, mean of 1 h", "symbols a second, mean of 1 h")
        ),
    )


def _incident_row(incident: Incident) -> PerformanceRow:
    """An error of this run: how often, what was tried, what the trader can do."""
    tried = f"; {incident.tried}" if incident.tried else ""
    well = incident.state is Recovery.RECOVERED
    return PerformanceRow(
        name=f"{incident.component} {incident.kind}",
        value=f"{incident.count}x, {incident.state}: {incident.details}{tried}",
        threshold="" if well else incident.remedy,
        met=well,
    )


def _measure(
    name: str, value: float | None, limit: float, form: str, *, at_least: bool = False
) -> PerformanceRow:
    kind = "≥" if at_least else "≤"
    met = None if value is None else value >= limit if at_least else value <= limit
    return PerformanceRow(
        name=name,
        value=NONE if value is None else form.format(value),
        threshold=f"{kind} {form.format(limit)}",
        met=met,
    )


def _share(fraction: float) -> Decimal:
    return Decimal(str(fraction))


def _usd(amount: Decimal | None) -> str:
    if amount is None:
        return NONE
    return f"{'−' if amount < 0 else ''}${abs(amount):,.2f}"
