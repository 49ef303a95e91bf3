"""What the journal says of a decision: who took it, why, and the quotes at that moment."""

from __future__ import annotations

from typing import Any

from vst_desktop.domain.spreads import Candidate, SpreadMarket
from vst_desktop.execution.states import Trigger
from vst_desktop.ports.store import IntentRecord
from vst_desktop.risk.limits import Denial
from vst_desktop.strategy.exit import ExitReason, Observation

TRADER, STATION, BROKER = "trader", "station", "broker"

_BROKERS = frozenset(
    (
        Trigger.ACK,
        Trigger.WORK,
        Trigger.PARTIAL,
        Trigger.FILL,
        Trigger.CANCEL,
        Trigger.REJECT,
        Trigger.BUST,
    )
)


def by_whom(trigger: Trigger) -> str:
    """Who moves an order by this trigger, unless more is known."""
    return BROKER if trigger in _BROKERS else STATION


def market_seen(market: SpreadMarket | None, spot: float | None) -> dict[str, Any]:
    """The spread's market and the underlying's price, USD; empty when there was none."""
    seen: dict[str, Any] = {} if spot is None else {"spot": spot}
    if market is not None:
        seen |= {
            "natural": market.natural,
            "close": market.close,
            "time": market.time,
            "live": market.live,
        }
    return seen


def underlying_seen(seen: Observation) -> dict[str, Any]:
    """The underlying's quote that a trigger was judged by."""
    return {"last": seen.last, "mid": seen.mid, "time": seen.time, "live": seen.live}


def proposal(candidate: Candidate) -> dict[str, Any]:
    """A candidate as it was shown, with its signal and quotes."""
    ranked, signal = candidate.ranked, candidate.signal
    return {
        "candidate": candidate.candidate_id,
        "revision": candidate.revision,
        "symbol": ranked.spread.symbol,
        "spread": f"{ranked.spread.label()} {ranked.spread.expiration}",
        "contracts": candidate.contracts,
        "debit": ranked.debit,
        "reward_risk": round(ranked.reward_risk, 4),
        "delta": round(ranked.delta, 4),
        "signal": {
            "strategy": signal.strategy,
            "date": signal.date,
            "close": signal.close,
            "atr": signal.atr,
            "rsi": signal.rsi,
        },
        "quotes": market_seen(ranked.market, candidate.spot),
    }


def approval(
    candidate: Candidate, intent: IntentRecord, max_drift_usd: float, by: str
) -> dict[str, Any]:
    """An approval: what was shown, who approved it, and the bounds it may be sent within."""
    return {
        **proposal(candidate),
        "by": by,
        "mode": intent.mode,
        "account": intent.account,
        "quantity": intent.quantity,
        "bounds": {
            "max_debit": intent.max_debit,
            "max_drift_usd": round(max_drift_usd, 4),
            "until": intent.expires_at,
        },
        "reserved_usd": intent.reserved_usd,
        "plan": intent.plan,
    }


def refusal(denial: Denial) -> dict[str, Any]:
    """A denial's code, limit and value."""
    return {
        "code": denial.code.value,
        "limit": denial.limit,
        "value": denial.value,
        "reason": denial.text,
    }


def who_exits(reason: ExitReason) -> str:
    """Whether the trader asked for an exit, or the station found its trigger."""
    return TRADER if reason in (ExitReason.MANUAL, ExitReason.FLATTEN) else STATION
