"""A person at TWS's own window: who hears of orders by hand, holdings and assignments."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.helpers.sim_peer import SimPeer
from tests.helpers.tiny_market import TinyClock, TinyMarket
from vst_desktop.adapters.tws_sim import control_hands
from vst_desktop.adapters.tws_sim.codes import Refusal
from vst_desktop.adapters.tws_sim.contracts import ContractSpec
from vst_desktop.adapters.tws_sim.link import Feed
from vst_desktop.adapters.tws_sim.orders import Status
from vst_desktop.adapters.tws_sim.server import TwsServer

AAPL = ContractSpec(symbol="AAPL", sec_type="STK", exchange="SMART", currency="USD")


def desk(**options: object) -> tuple[TwsServer, TinyMarket]:
    market = TinyMarket()
    return TwsServer(market, TinyClock(), **options), market  # type: ignore[arg-type]


def ids(said: list[list[str]], message: str) -> list[str]:
    return [fields[1] for fields in said if fields[0] == message]


def test_an_order_by_hand_is_bound_by_client_0_and_shown_to_others_as_0() -> None:
    server, _ = desk()
    zero, other = SimPeer(server, 0), SimPeer(server, 7)
    order = server.hands.order(AAPL, "BUY", Decimal(10), limit_price=Decimal(90))
    assert zero.heard() == [] and other.heard() == []
    bound = zero.say(5, 1)
    assert ["100", str(order.perm_id), "0", "-1"] in bound
    assert ids(bound, "5") == ids(bound, "3") == ["-1"]
    assert ids(zero.say(5, 1), "100") == []
    seen = other.say(16, 1)
    assert ids(seen, "5") == ["0"] and ids(other.say(5, 1), "5") == []
    server.hands.cancel(order.perm_id)
    said = zero.heard()
    assert said[0][:3] == ["3", "-1", "Cancelled"] and said[1][2:4] == ["-1", "202"]
    assert other.heard() == []


def test_client_0_may_ask_for_orders_by_hand_before_there_are_any() -> None:
    server, _ = desk()
    zero = SimPeer(server, 0)
    assert zero.say(15, 1, 1) == []
    server.hands.order(AAPL, "BUY", Decimal(10))
    said = zero.heard()
    assert ids(said, "100") and [fields[2] for fields in said if fields[0] == "3"][-1] == "Filled"


def test_client_0_can_cancel_an_order_by_hand_and_others_cannot() -> None:
    server, _ = desk()
    zero, other = SimPeer(server, 0), SimPeer(server, 7)
    server.hands.order(AAPL, "BUY", Decimal(10), limit_price=Decimal(90))
    zero.say(15, 1, 1)
    assert other.say(4, 1, -1, "")[0][3] == "10147"
    assert zero.say(4, 1, -1, "")[0][1:3] != []
    assert server.exchange.orders[0].status is Status.CANCELLED


def test_only_client_0_binds() -> None:
    server, _ = desk()
    assert SimPeer(server, 7).say(15, 1, 1)[0][3] == "321"


def test_a_global_cancel_takes_the_orders_by_hand_too() -> None:
    server, _ = desk()
    client = SimPeer(server, 7)
    server.hands.order(AAPL, "BUY", Decimal(10), limit_price=Decimal(90))
    client.say(58, 1)
    assert server.exchange.working == []


def test_the_master_client_hears_of_every_order_and_owns_none_of_them() -> None:
    server, _ = desk(master_client_id=9)
    master = SimPeer(server, 9)
    server.hands.order(AAPL, "BUY", Decimal(10))
    said = master.heard()
    assert ids(said, "5") and ids(said, "3") and ids(said, "11") and ids(said, "59")
    assert ids(master.say(5, 1), "5") == []


def test_a_combination_can_be_placed_by_hand() -> None:
    server, market = desk()
    legs = [
        {"con_id": market.option(strike).con_id, "action": action}
        for strike, action in ((100.0, "BUY"), (105.0, "SELL"))
    ]
    request = {"symbol": "AAPL", "action": "BUY", "quantity": 2, "limit": 4.0, "legs": legs}
    answer = control_hands.serve(server, "order", request)
    assert answer == {"perm_id": server.exchange.orders[0].perm_id, "status": "Filled"}


def test_a_holding_that_is_moved_in_is_told_to_who_watches() -> None:
    server, _ = desk()
    client = SimPeer(server, 7)
    client.say(61, 1)
    before = server.exchange.accounts.value("DU1234567").cash
    request = {
        "symbol": "AAPL",
        "expiration": "20220701",
        "strike": 100,
        "right": "C",
        "quantity": -2,
        "price": 4,
    }
    assert control_hands.serve(server, "position", request) == {"ok": True}
    position = next(fields for fields in client.heard() if fields[0] == "61")
    assert position[14] == "-2" and float(position[15]) == 400
    assert server.exchange.accounts.value("DU1234567").cash == before + 800


def test_an_assigned_call_vanishes_and_its_stock_is_delivered_at_the_strike() -> None:
    server, market = desk()
    client = SimPeer(server, 7)
    call = ContractSpec(con_id=market.option(95.0).con_id)
    server.hands.position(call, Decimal(-2), Decimal(6))
    client.say(61, 1)
    cash = server.exchange.accounts.value("DU1234567").cash
    stock = server.hands.assign(call, 1)
    assert stock.symbol == "AAPL"
    told = [(fields[5], fields[14]) for fields in client.heard() if fields[0] == "61"]
    assert told == [("OPT", "-1"), ("STK", "-100")]
    assert server.exchange.accounts.value("DU1234567").cash == cash + 9500


def test_a_wholly_assigned_put_is_told_as_a_holding_of_0() -> None:
    server, market = desk()
    client = SimPeer(server, 7)
    put = ContractSpec(con_id=market.option(105.0, "P").con_id)
    server.hands.position(put, Decimal(-1), Decimal(6))
    client.say(61, 1)
    server.hands.assign(put, 1)
    told = [(fields[5], fields[14]) for fields in client.heard() if fields[0] == "61"]
    assert told == [("OPT", "0"), ("STK", "100")]


@pytest.mark.parametrize("contracts", [0, 1, 3])
def test_only_short_options_are_assigned(contracts: int) -> None:
    server, market = desk()
    call = ContractSpec(con_id=market.option(95.0).con_id)
    if contracts == 3:
        server.hands.position(call, Decimal(-2), Decimal(6))
    with pytest.raises(Refusal, match="are short"):
        server.hands.assign(call, contracts)


@pytest.mark.parametrize(
    ("operation", "request_", "sentence"),
    [
        ("order", {"symbol": "AAPL", "action": "BUY"}, "'quantity' is None"),
        ("order", {"symbol": "NONE", "action": "BUY", "quantity": 1}, "200 No security"),
        ("order", {"symbol": "AAPL", "action": "HOLD", "quantity": 1}, "invalid action"),
        ("order", {"symbol": "AAPL", "action": "BUY", "quantity": 1, "legs": 3}, "'legs'"),
        ("cancel", {"perm_id": 1}, "no order has the permanent id 1"),
        ("cancel", {"perm_id": True}, "not a number"),
        ("position", {"symbol": "AAPL", "quantity": 0, "price": 1}, "no number of"),
        ("position", {"symbol": "AAPL", "quantity": 1, "price": -1}, "is no price"),
        ("position", {"symbol": "AAPL", "quantity": 1, "price": 1, "account": "X"}, "321 .*'X'"),
        ("assign", {"symbol": "AAPL", "quantity": 1}, "is no option"),
        ("data", {"value": "free"}, "free"),
    ],
)
def test_what_cannot_be_done_is_said(
    operation: str, request_: dict[str, object], sentence: str
) -> None:
    server, _ = desk()
    with pytest.raises(ValueError, match=sentence):
        control_hands.serve(server, operation, request_)


def test_the_subscription_can_be_changed_from_outside() -> None:
    server, _ = desk()
    control_hands.serve(server, "data", {"value": "delayed"})
    assert server.subscription.feed is Feed.DELAYED
