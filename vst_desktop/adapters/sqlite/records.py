"""Records as JSON texts and back, exactly: Decimals, dates and moments keep their value."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any

from vst_desktop.domain.orders import ClosePace, Mode, OrderState, OrderType, Purpose, Side
from vst_desktop.domain.quotes import OptionContract, Right
from vst_desktop.domain.spreads import ExitPlan, VerticalSpread
from vst_desktop.ports.store import IntentRecord, PositionRecord

_DECIMALS = frozenset(
    {"max_debit", "debit_seen", "reserved_usd", "limit_price", "average_fill_price"}
    | {"average_debit", "strike"}
)
_MOMENTS = frozenset(
    {"approved_at", "expires_at", "queued_at", "sent_at", "acknowledged_at", "filled_at"}
    | {"opened_at", "closed_at"}
)
_DAYS = frozenset({"expiration", "last_trade", "exit_by"})
_ENUMS: dict[str, type[Enum]] = {
    "mode": Mode,
    "purpose": Purpose,
    "side": Side,
    "state": OrderState,
    "order_type": OrderType,
    "right": Right,
    "pace": ClosePace,
}
_PARTS = ("spread", "plan")


def moment(value: datetime) -> str:
    """An aware moment as sortable text in UTC."""
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def dump(data: Any) -> str:
    """Canonical JSON: sorted keys, no spaces; what the hash chain is taken over."""
    return json.dumps(data, default=_plain, sort_keys=True, separators=(",", ":"))


def spread_text(spread: VerticalSpread) -> str:
    """A spread's two contracts."""
    return dump({"long": _dict(spread.long), "short": _dict(spread.short)})


def plan_text(plan: ExitPlan) -> str:
    """An exit plan."""
    return dump(_dict(plan))


def record_text(record: IntentRecord | PositionRecord) -> str:
    """Everything of a record but its spread and plan, which have columns of their own."""
    return dump(_dict(record, without=_PARTS))


def row_left(table: str, key: str, *texts: str) -> dict[str, str]:
    """What an event says of the row it leaves, so that a change past the events is found."""
    digest = hashlib.sha256("\n".join(texts).encode()).hexdigest()[:32]
    return {"table": table, "key": key, "digest": digest}


def intent(record: str, spread: str, plan: str) -> IntentRecord:
    """The intent of three columns."""
    return IntentRecord(**_load(record), spread=_spread(spread), plan=ExitPlan(**_load(plan)))


def position(record: str, spread: str, plan: str) -> PositionRecord:
    """The position of three columns."""
    return PositionRecord(**_load(record), spread=_spread(spread), plan=ExitPlan(**_load(plan)))


def _spread(text: str) -> VerticalSpread:
    legs = json.loads(text)
    return VerticalSpread(
        long=OptionContract(**_typed(legs["long"])), short=OptionContract(**_typed(legs["short"]))
    )


def _load(text: str) -> dict[str, Any]:
    return _typed(json.loads(text))


def _typed(values: dict[str, Any]) -> dict[str, Any]:
    return {key: _value(key, value) for key, value in values.items()}


def _value(key: str, value: Any) -> Any:
    if value is None:
        return None
    if key in _DECIMALS:
        return Decimal(value)
    if key in _MOMENTS:
        return datetime.fromisoformat(value)
    if key in _DAYS:
        return date.fromisoformat(value)
    if key in _ENUMS:
        return _ENUMS[key](value)
    return value


def _dict(record: Any, without: tuple[str, ...] = ()) -> dict[str, Any]:
    return {name: getattr(record, name) for name in _names(record.__class__) if name not in without}


@lru_cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value):
        return _dict(value)
    raise TypeError(f"{type(value).__name__} does not belong in the journal")
