"""What an order's chip says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from tests.helpers.trades import bull_call, plan
from vst_desktop.domain.orders import Mode, OrderState, OrderType, Purpose, Side
from vst_desktop.execution.orphans import Orphan
from vst_desktop.ports.store import IntentRecord
from vst_desktop.runtime.settings import Settings
from vst_desktop.station.book_view import Chip, OrderRow
from vst_desktop.station.orders import order_rows, state_chip

NOW = datetime(2023, 11, 7, 20, 30, tzinfo=UTC)
OPENS = datetime(2023, 11, 7, 19, 45, tzinfo=UTC)
INTENT = IntentRecord(
    intent_id="1",
    order_ref="VST-1",
    mode=Mode.LIVE,
    account="U1",
    purpose=Purpose.ENTRY,
    side=Side.BUY,
    strategy="HIGH_BASE",
    spread=bull_call(),
    quantity=5,
    max_debit=Decimal("2.73"),
    debit_seen=Decimal("2.68"),
    spot_seen=104.0,
    atr=2.125,
    reserved_usd=Decimal("566.60"),
    plan=plan(),
    state=OrderState.WORKING,
    rank=1,
    approved_at=NOW,
    expires_at=NOW + timedelta(minutes=25),
    session="2023-11-07",
    order_type=OrderType.LIMIT,
    limit_price=Decimal("2.70"),
)


def chip(**changes: Any) -> Chip:
    station: Any = SimpleNamespace(settings=Settings(), window=lambda: (OPENS, OPENS))
    return state_chip(station, replace(INTENT, **changes))


@pytest.mark.parametrize(("revisions", "text"), [(0, "STEP 0 OF 4"), (2, "STEP 2 OF 4")])
def test_a_walking_order_says_how_far_its_price_has_walked(revisions: int, text: str) -> None:
    assert chip(revisions=revisions).text == text


def test_a_market_order_has_no_steps() -> None:
    assert chip(order_type=OrderType.MARKET, limit_price=None).text == "WORKING"


def test_a_part_says_how_much_of_it() -> None:
    assert chip(state=OrderState.PARTIALLY_FILLED, filled=2).text == "FILLED 2/5"


def test_an_approval_says_when_it_fires() -> None:
    assert chip(state=OrderState.QUEUED) == Chip(text="FIRES 14:45", tone="warn")
    assert chip(state=OrderState.HELD).text == "HELD"


def test_an_unknown_order_stands_out() -> None:
    assert chip(state=OrderState.UNKNOWN) == Chip(text="UNKNOWN", tone="loss")


ORPHAN = Orphan(
    order_ref="VST-9",
    order_id=77,
    perm_id=990077,
    symbol="MSFT",
    side=Side.BUY,
    quantity=Decimal(2),
    filled=Decimal(0),
    state=OrderState.ORPHAN,
)


def row_of(orphan: Orphan) -> OrderRow:
    desk = SimpleNamespace(orphans=lambda: (orphan,), intents=lambda: ())
    station: Any = SimpleNamespace(settings=Settings(), account=None, desk=desk)
    (row,) = order_rows(station)
    return row


def test_an_order_that_the_journal_does_not_know_stands_among_the_orders() -> None:
    row = row_of(ORPHAN)
    assert (row.symbol, row.quantity, row.perm_id) == ("MSFT", 2, 990077)
    assert row.chip == Chip(text="ORPHAN", tone="loss")
    assert row.can_cancel and not row.can_withdraw
    assert row.reason is not None and "cancel it here" in row.reason


@pytest.mark.parametrize("changes", [{"order_id": 0}, {"state": OrderState.CANCELLED}])
def test_what_cannot_be_cancelled_here_is_not_offered(changes: dict[str, Any]) -> None:
    row = row_of(replace(ORPHAN, **changes))
    assert not row.can_cancel
    assert row.reason is not None and "cancel it here" not in row.reason
