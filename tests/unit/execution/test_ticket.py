from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.trades import APPROVAL, bear_put, bull_call
from vst_desktop.domain.orders import Mode, OrderTicket, OrderType, Purpose, Side
from vst_desktop.execution.ticket import (
    WireGateError,
    approval_bound,
    check_ticket,
    entry_ticket,
    exit_ticket,
)

D = Decimal


def limit_ticket(**changes: Any) -> OrderTicket:
    made = entry_ticket(
        order_ref="VST-1",
        account="U1",
        spread=bull_call(),
        quantity=2,
        limit_price=D("2.70"),
        tick=D("0.01"),
    )
    return replace(made, **changes)


def gate(ticket: OrderTicket, mode: Mode = Mode.LIVE, account: str = "U1") -> None:
    check_ticket(ticket, mode, account, ("U1",))


def test_entries_buy_and_exits_sell_the_same_legs() -> None:
    gate(limit_ticket())
    closing = exit_ticket(
        order_ref="VST-1.x1",
        account="U1",
        spread=bear_put(),
        quantity=1,
        limit_price=D("2.70"),
        tick=D("0.01"),
    )
    gate(closing)
    assert (closing.side, closing.purpose) == (Side.SELL, Purpose.EXIT)


def test_paper_may_send_market_orders() -> None:
    market = limit_ticket(account="DU1", order_type=OrderType.MARKET, limit_price=None)
    check_ticket(market, Mode.PAPER, "DU1", ())
    check_ticket(market, Mode.DEMO, "DU1", ("DU1",))


@pytest.mark.parametrize(
    "changes",
    [
        {"order_type": OrderType.MARKET, "limit_price": None},
        {"order_type": OrderType.MARKET},
        {"limit_price": None},
        {"limit_price": D("NaN")},
        {"limit_price": D("Infinity")},
        {"limit_price": D("0.00")},
        {"limit_price": D("-2.70")},
        {"limit_price": D("10.00")},
        {"limit_price": D("2.705")},
        {"tick": D(0)},
        {"tick": D("NaN")},
        {"quantity": 0},
        {"quantity": -1},
        {"quantity": 1.5},
        {"quantity": True},
        {"side": Side.SELL},
        {"purpose": Purpose.EXIT},
        {"tif": "GTC"},
        {"outside_rth": True},
        {"non_guaranteed": True},
        {"account": ""},
        {"account": "U2"},
        {"order_ref": ""},
        {"order_ref": "x" * 41},
        {"spread": replace(bull_call(), short=bull_call().long)},
        {"spread": bull_call(low="110", high="100")},
        {"spread": replace(bull_call(), short=replace(bull_call().short, con_id=0))},
        {"spread": replace(bull_call(), short=replace(bull_call().short, symbol="MSFT"))},
        {"spread": replace(bull_call(), short=replace(bull_call().short, multiplier=10))},
        {
            "spread": replace(
                bull_call(), short=replace(bull_call().short, expiration=date(2024, 1, 19))
            )
        },
        {"spread": replace(bull_call(), short=bear_put().short)},
    ],
)
def test_the_gate_refuses(changes: dict[str, Any]) -> None:
    with pytest.raises(WireGateError):
        gate(limit_ticket(**changes))


def test_accounts_must_be_connected_listed_and_of_the_mode() -> None:
    with pytest.raises(WireGateError, match="traded"):
        gate(limit_ticket(), account="U2")
    with pytest.raises(WireGateError, match="allow-list"):
        check_ticket(limit_ticket(), Mode.LIVE, "U1", ())
    with pytest.raises(WireGateError, match="paper"):
        check_ticket(limit_ticket(), Mode.PAPER, "U1", ())
    with pytest.raises(WireGateError, match="allow-list"):
        check_ticket(limit_ticket(account="DU1"), Mode.PAPER, "DU1", ("DU2",))


prices = st.one_of(
    st.none(),
    st.decimals(min_value=-20, max_value=20, places=3),
    st.sampled_from([D("NaN"), D("Infinity"), D("2.70")]),
)


@given(
    side=st.sampled_from(Side),
    purpose=st.sampled_from(Purpose),
    order_type=st.sampled_from(OrderType),
    limit_price=prices,
    quantity=st.integers(-2, 5),
    tick=st.sampled_from([D("0.01"), D("0.05"), D(0)]),
    tif=st.sampled_from(["DAY", "GTC"]),
    outside_rth=st.booleans(),
    non_guaranteed=st.booleans(),
    account=st.sampled_from(["U1", "U2", "DU1", ""]),
    mode=st.sampled_from(Mode),
    put=st.booleans(),
    swapped=st.booleans(),
)
def test_nothing_illegal_passes(mode: Mode, put: bool, swapped: bool, **values: Any) -> None:
    spread = bear_put() if put else bull_call()
    if swapped:
        spread = replace(spread, long=spread.short, short=spread.long)
    ticket = limit_ticket(spread=spread, **values)
    try:
        check_ticket(ticket, mode, "U1" if mode is Mode.LIVE else "DU1", ("U1", "DU1"))
    except WireGateError:
        return
    assert not swapped
    assert ticket.account == ("U1" if mode is Mode.LIVE else "DU1")
    assert (ticket.purpose is Purpose.ENTRY) == (ticket.side is Side.BUY)
    assert ticket.quantity >= 1 and ticket.tif == "DAY"
    assert not ticket.outside_rth and not ticket.non_guaranteed
    if ticket.order_type is OrderType.MARKET:
        assert mode is not Mode.LIVE and ticket.limit_price is None
    else:
        assert ticket.limit_price is not None
        assert ticket.tick <= ticket.limit_price < ticket.spread.width
        assert ticket.limit_price % ticket.tick == 0


def test_every_field_of_a_ticket_is_judged() -> None:
    # A field that is added later must be added to the gate and to the property above.
    assert {f.name for f in fields(OrderTicket)} == {
        *("order_ref", "account", "purpose", "side", "order_type", "spread", "quantity"),
        *("limit_price", "tick", "tif", "outside_rth", "non_guaranteed"),
    }


@pytest.mark.parametrize(
    ("debit", "tick", "bound"),
    [
        ("2.68", "0.01", "2.73"),  # 2 % is less than 0.05
        ("3.50", "0.01", "3.57"),
        ("3.98", "0.01", "4.00"),  # width / 2.5
        ("2.68", "0.05", "2.70"),
    ],
)
def test_the_bound_of_an_approval(debit: str, tick: str, bound: str) -> None:
    assert approval_bound(D(debit), bull_call(), D(tick), APPROVAL) == D(bound)


def test_the_bound_never_passes_the_cost_limit() -> None:
    rules = replace(APPROVAL, max_spread_cost=270.0)
    assert approval_bound(D("2.68"), bull_call(), D("0.01"), rules) == D("2.70")


@given(
    debit=st.decimals(min_value=D("0.05"), max_value=10, places=2),
    tick=st.sampled_from([D("0.01"), D("0.05"), D("0.10")]),
)
def test_the_bound_obeys_each_of_its_limits(debit: Decimal, tick: Decimal) -> None:
    bound = approval_bound(debit, bull_call(), tick, APPROVAL)
    assert bound <= debit + max(debit * D("0.02"), D("0.05"))
    assert bound <= D(4) and bound <= D(5)
    assert bound % tick == 0
