"""Rows of the orders pane, with what will become of those that wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vst_desktop.domain.orders import OrderState, Side
from vst_desktop.domain.spreads import VerticalSpread
from vst_desktop.execution.forecast import Forecast
from vst_desktop.execution.orphans import Orphan
from vst_desktop.execution.rehearsal import Rehearsed
from vst_desktop.execution.states import AT_BROKER
from vst_desktop.ports.store import IntentRecord
from vst_desktop.runtime.calendar import EASTERN
from vst_desktop.station.book_view import Chip, OrderRow
from vst_desktop.station.bounds import bounds_text

if TYPE_CHECKING:
    from vst_desktop.station.station import Station

WAITING = (OrderState.APPROVED, OrderState.QUEUED, OrderState.HELD)
STANDING = (*WAITING, *AT_BROKER)

CHIP_TONES = {
    OrderState.FILLED: "gain",
    OrderState.REJECTED: "loss",
    OrderState.DENIED: "loss",
    OrderState.UNKNOWN: "loss",
    OrderState.ORPHAN: "loss",
    OrderState.EXPIRED: "muted",
    OrderState.CANCELLED: "muted",
    OrderState.QUEUED: "warn",
    OrderState.HELD: "warn",
}


def order_rows(station: Station) -> tuple[OrderRow, ...]:
    """All orders, newest first."""
    account = station.account
    forecasts = {f.intent_id: f for f in station.desk.forecast(account)} if account else {}
    orphans = (_orphan_row(orphan) for orphan in station.desk.orphans())
    return (
        *orphans,
        *(
            _order_row(station, intent, forecasts.get(intent.intent_id))
            for intent in reversed(station.desk.intents())
        ),
    )


def waiting_chip(station: Station, intent: IntentRecord) -> Chip:
    """What an approval waits for."""
    if intent.state is OrderState.HELD:
        return Chip(text="HELD", tone="warn")
    opens, _ = station.window()
    if opens is not None and intent.state is OrderState.QUEUED:
        return Chip(text=f"FIRES {opens.astimezone(EASTERN):%H:%M}", tone="warn")
    return Chip(text=str(intent.state), tone="warn")


def state_chip(station: Station, intent: IntentRecord) -> Chip:
    """Where an order stands; one whose price walks says how often it was moved, and at most."""
    if intent.state in WAITING:
        return waiting_chip(station, intent)
    text = str(intent.state).replace("_", " ")
    if intent.state is OrderState.PARTIALLY_FILLED:
        text = f"FILLED {intent.filled}/{intent.quantity}"
    elif intent.state is OrderState.WORKING and intent.limit_price is not None:
        steps = station.settings.execution.reprice_max_steps
        text = f"STEP {min(intent.revisions, steps)} OF {steps}"
    return Chip(text=text, tone=CHIP_TONES.get(intent.state, "info"))


def _order_row(station: Station, intent: IntentRecord, forecast: Forecast | None) -> OrderRow:
    return OrderRow(
        intent_id=intent.intent_id,
        order_ref=intent.order_ref,
        symbol=intent.spread.symbol,
        side=intent.side,
        label=_label(intent.spread),
        quantity=intent.quantity,
        order_type=str(intent.order_type) if intent.order_type else "",
        limit_price=intent.limit_price,
        max_debit=intent.max_debit,
        state=intent.state,
        chip=state_chip(station, intent),
        filled=intent.filled,
        average_fill_price=intent.average_fill_price,
        order_id=intent.order_id,
        perm_id=intent.perm_id,
        approved_at=intent.approved_at,
        sent_at=intent.sent_at,
        filled_at=intent.filled_at,
        ack_latency_secs=intent.ack_latency_secs,
        reason=intent.reason,
        can_withdraw=intent.state in WAITING and intent.side is Side.BUY,
        can_release=intent.state is OrderState.HELD,
        bounds=(
            bounds_text(intent, station.settings.approval.max_drift_atr)
            if intent.state in WAITING and intent.side is Side.BUY
            else ""
        ),
        forecast=_forecast_text(forecast) if forecast else "",
        rehearsed=_rehearsed_text(station.desk.rehearsed(intent.intent_id)),
    )


def _orphan_row(orphan: Orphan) -> OrderRow:
    is_there = orphan.state is OrderState.ORPHAN
    return OrderRow(
        intent_id=orphan.order_ref,
        order_ref=orphan.order_ref,
        symbol=orphan.symbol,
        side=orphan.side,
        label="not in the journal",
        quantity=int(orphan.quantity),
        order_type="",
        limit_price=None,
        max_debit=None,
        state=orphan.state,
        chip=Chip(
            text=str(orphan.state).replace("_", " "), tone=CHIP_TONES.get(orphan.state, "info")
        ),
        filled=int(orphan.filled),
        average_fill_price=None,
        order_id=orphan.order_id,
        perm_id=orphan.perm_id,
        approved_at=None,
        sent_at=None,
        filled_at=None,
        ack_latency_secs=None,
        reason=(
            "at the broker with this station's mark, and not in the journal: cancel it here, or "
            "look at it in TWS"
            if is_there and orphan.order_id
            else "at the broker with this station's mark, and not in the journal: look in TWS"
        ),
        can_withdraw=False,
        can_release=False,
        can_cancel=is_there and bool(orphan.order_id),
    )


def _forecast_text(forecast: Forecast) -> str:
    """``1st: will go``, ``4th: trades of the session are taken (3, limit 3)``."""
    return f"{_ordinal(forecast.place)}: {forecast.refusal or 'will go'}"


def _ordinal(number: int) -> str:
    teens = 10 <= number % 100 < 20
    return f"{number}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _rehearsed_text(told: Rehearsed | None) -> str:
    return "; ".join(part for part in (told.cost, told.moved) if part) if told else ""


def _label(spread: VerticalSpread) -> str:
    kind = str(spread.spread_type).replace("_", " ")
    return f"{kind} {spread.label()}  {spread.expiration:%d %b}"
