"""The station's run as data: the JSON of ``vst demo`` (SPEC 17)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from vst_desktop.domain.odds import PlanEnd, PlanOdds
from vst_desktop.domain.spreads import Candidate, RankedSpread
from vst_desktop.ports.store import IntentRecord, PositionRecord
from vst_desktop.runtime.calendar import EASTERN

if TYPE_CHECKING:
    from vst_desktop.station.station import Station


def spread_keys(ranked: RankedSpread) -> dict[str, Any]:
    """The keys a ranked spread has in every JSON."""
    spread = ranked.spread
    return {
        "spread_type": str(spread.spread_type),
        "expiration": spread.expiration,
        "dte": ranked.dte,
        "right": str(spread.right),
        "long_strike": spread.long.strike,
        "short_strike": spread.short.strike,
        "debit": ranked.debit,
        "max_loss_usd": ranked.max_loss_usd,
        "max_profit_usd": ranked.max_profit_usd,
        "reward_risk": ranked.reward_risk,
        "delta": ranked.delta,
        "breakeven": ranked.breakeven,
    }


def candidate_keys(candidate: Candidate) -> dict[str, Any]:
    """One candidate."""
    signal = candidate.signal
    return {
        "symbol": signal.symbol,
        "strategy": signal.strategy,
        "direction": str(signal.direction),
        **spread_keys(candidate.ranked),
        "contracts": candidate.contracts,
        "denied": candidate.denied,
        "odds": [odds_keys(odds) for odds in candidate.odds],
    }


def odds_keys(odds: PlanOdds) -> dict[str, Any]:
    """One distribution's odds of a plan."""

    def end(one: PlanEnd) -> dict[str, float | None]:
        return {
            "chance": one.chance,
            "low": one.low,
            "high": one.high,
            "usd": one.usd,
            "days": one.days,
        }

    return {
        "distribution": str(odds.distribution),
        "plays": odds.plays,
        "target": end(odds.target),
        "stop": end(odds.stop),
        "time": end(odds.time),
        f"{odds.mean_name}_usd": odds.mean_usd,
        "mean_interval_usd": [odds.mean_low_usd, odds.mean_high_usd],
        "median_days": odds.median_days,
        "worst_usd": odds.worst_usd,
    }


def order_keys(intent: IntentRecord) -> dict[str, Any]:
    """One order; times in New York."""
    return {
        "intent_id": intent.intent_id,
        "order_ref": intent.order_ref,
        "order_id": intent.order_id,
        "perm_id": intent.perm_id,
        "symbol": intent.spread.symbol,
        "action": str(intent.side),
        "order_type": str(intent.order_type) if intent.order_type else None,
        "limit_price": intent.limit_price,
        "quantity": intent.quantity,
        "status": str(intent.state),
        "filled": intent.filled,
        "average_fill_price": intent.average_fill_price,
        "approved_at": _eastern(intent.approved_at),
        "queued_at": _eastern(intent.queued_at),
        "sent_at": _eastern(intent.sent_at),
        "acknowledged_at": _eastern(intent.acknowledged_at),
        "filled_at": _eastern(intent.filled_at),
        "ack_latency_secs": intent.ack_latency_secs,
        "reason": intent.reason,
    }


def position_keys(position: PositionRecord) -> dict[str, Any]:
    """One position with its exit plan."""
    spread, plan = position.spread, position.plan
    return {
        "symbol": spread.symbol,
        "spread_type": str(spread.spread_type),
        "long_strike": spread.long.strike,
        "short_strike": spread.short.strike,
        "expiration": spread.expiration,
        "quantity": position.quantity,
        "average_debit": position.average_debit,
        "stop": plan.stop,
        "targets": {"fibo": plan.fibo_target, "r": plan.r_target, "atr": plan.atr_target},
        "target": plan.target,
        "target_reason": plan.target_reason,
        "exit_by": plan.exit_by,
    }


def demo_report(
    station: Station, *, started: datetime, candidates: list[Candidate], ok: bool
) -> dict[str, Any]:
    """The whole run.

    Args:
        started: The clock when the run began.
        candidates: What was proposed after the scan, before any approval.
        ok: Whether an order was filled and stands as a position with its plan.
    """
    engines, findings = station.engines, station.research.findings
    universe, result = station.research.universe, findings.result
    return {
        "ok": ok,
        "mode": str(station.mode),
        "market": station.market_note,
        "account": station.account.account if station.account else None,
        "clock": {"start": _eastern(started), "end": _eastern(engines.clock.now())},
        "broker": {
            "client": engines.broker.client_name,
            "server_version": engines.broker.server_version,
        },
        "scan": {
            "symbols": universe.size,
            "scanned": result.scanned if result else 0,
            "errors": [{"symbol": e.symbol, "error": e.error} for e in findings.errors],
            "seconds": result.seconds if result else None,
            "symbols_per_second": result.symbols_per_second if result else None,
            "engine": result.engine if result else None,
            "signals": [
                {
                    "symbol": s.symbol,
                    "strategy": s.strategy,
                    "direction": str(s.direction),
                    "date": s.date,
                    "forming": s.forming,
                }
                for s in findings.signals
            ],
        },
        "candidates": [candidate_keys(c) for c in candidates],
        "orders": [order_keys(i) for i in station.desk.intents()],
        "positions": [position_keys(p) for p in station.desk.positions()],
        "alerts": [
            {
                "time": _eastern(entry.alert.time),
                "severity": str(entry.alert.severity),
                "message": entry.alert.message,
                "details": entry.alert.details,
            }
            for entry in reversed(engines.alerts.history)
        ],
    }


def _eastern(moment: datetime | None) -> datetime | None:
    return moment.astimezone(EASTERN) if moment is not None else None
