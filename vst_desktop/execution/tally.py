"""What executions add up to."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from vst_desktop.domain.spreads import VerticalSpread


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What executions add up to: spreads and their average price per share; legs counted."""

    quantity: int
    average: Decimal | None
    long_leg: int
    short_leg: int


def filled_by(executions: list[dict[str, Any]], spread: VerticalSpread) -> Filled:
    """Add executions up. The combo's own count; where they lack, the legs' do."""
    combo = _sum([e for e in executions if e["is_combo"]])
    long = _sum([e for e in executions if _is_leg(e, spread.long.con_id)])
    short = _sum([e for e in executions if _is_leg(e, spread.short.con_id)])
    by_legs = min(long[0], short[0])
    if combo[0] >= by_legs or long[1] is None or short[1] is None:
        quantity, average = combo
    else:
        quantity, average = by_legs, long[1] - short[1]
    return Filled(quantity=quantity, average=average, long_leg=long[0], short_leg=short[0])


def _is_leg(execution: dict[str, Any], con_id: int) -> bool:
    return not execution["is_combo"] and execution["con_id"] == con_id


def _sum(executions: list[dict[str, Any]]) -> tuple[int, Decimal | None]:
    quantity = sum((Decimal(e["quantity"]) for e in executions), start=Decimal(0))
    if not quantity:
        return 0, None
    value = sum(
        (Decimal(e["quantity"]) * Decimal(e["price"]) for e in executions), start=Decimal(0)
    )
    return int(quantity), value / quantity
