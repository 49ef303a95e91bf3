"""Money and quantities are conserved whatever the order of orders."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.tiny_market import EASTERN, STRIKES, TinyClock, TinyMarket
from vst_desktop.adapters.tws_sim.accounts import Accounts
from vst_desktop.adapters.tws_sim.codes import Refusal
from vst_desktop.adapters.tws_sim.contracts import ContractBook, ContractSpec, Leg
from vst_desktop.adapters.tws_sim.events import ExchangeEvent, OrderChanged, OrderNoted
from vst_desktop.adapters.tws_sim.exchange import Exchange
from vst_desktop.adapters.tws_sim.orders import Status, Ticket
from vst_desktop.adapters.tws_sim.timing import Hours

ACCOUNT = "DU1"
CASH = Decimal(100_000)


@dataclass
class Desk:
    strict: bool = False
    clock: TinyClock = field(default_factory=TinyClock)
    market: TinyMarket = field(default_factory=TinyMarket)
    seen: list[ExchangeEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        hours = Hours(self.market)
        self.accounts = Accounts((ACCOUNT,), CASH, self.market, self.clock, hours)
        self.exchange = Exchange(
            self.market,
            self.clock,
            hours,
            ContractBook(self.market, self.clock),
            self.accounts,
            first_perm_id=1000,
            seed=0,
            strict=self.strict,
        )
        self.exchange.listen(self.seen.append)

    def vertical(self, order_id: int, low: float, high: float, **rest: object) -> Ticket:
        legs = tuple(
            Leg(con_id=self.market.option(strike).con_id, ratio=1, action=action, exchange="SMART")
            for strike, action in ((low, "BUY"), (high, "SELL"))
        )
        spec = ContractSpec(symbol="AAPL", sec_type="BAG", exchange="SMART", currency="USD")
        return ticket(order_id, spec=spec, legs=legs, **rest)

    def statuses(self) -> list[str]:
        return [
            event.order.status.value
            for event in self.seen
            if isinstance(event, OrderChanged) and event.with_status
        ]


def ticket(order_id: int, **rest: object) -> Ticket:
    values: dict[str, object] = {
        "order_id": order_id,
        "action": "BUY",
        "quantity": Decimal(1),
        "order_type": "MKT",
        "limit_price": None,
    }
    return Ticket(**(values | rest))  # type: ignore[arg-type]


def stock(order_id: int, **rest: object) -> Ticket:
    spec = ContractSpec(symbol="AAPL", sec_type="STK", exchange="SMART", currency="USD")
    return ticket(order_id, spec=spec, **rest)


prices = st.integers(-100, 600).map(lambda cents: Decimal(cents) / 100)
spreads = st.tuples(
    st.lists(st.sampled_from(STRIKES), min_size=2, max_size=2, unique=True).map(sorted),
    st.sampled_from(["BUY", "SELL"]),
    st.integers(1, 5),
    st.one_of(st.none(), prices),
    st.sampled_from([96.0, 100.0, 103.0]),
)

type Wanted = tuple[list[float], str, int, Decimal | None, float]
"""Strikes, action, quantity, limit, and the spot at which the order comes."""


def play(desk: Desk, wanted: list[Wanted]) -> None:
    """Send the orders one after the other while the spot moves."""
    for number, (strikes, action, quantity, limit, spot) in enumerate(wanted, 1):
        desk.market.spots["AAPL"] = spot
        desk.exchange.rematch()
        order = desk.vertical(
            number,
            *strikes,
            action=action,
            quantity=Decimal(quantity),
            order_type="MKT" if limit is None else "LMT",
            limit_price=limit,
        )
        try:
            desk.exchange.submit(7, order)
        except Refusal as refusal:
            if refusal.code != 201:  # riskless, or more than the account can carry
                raise


@given(st.lists(spreads, max_size=8))
def test_cash_and_positions_follow_from_the_executions(
    wanted: list[Wanted],
) -> None:
    desk = Desk()
    play(desk, wanted)
    cash, held = CASH, dict.fromkeys((str(strike) for strike in STRIKES), Decimal(0))
    for one in desk.exchange.executions:
        if one.contract.sec_type == "BAG":
            continue
        sign = 1 if one.bought else -1
        assert one.commission_usd is not None and one.commission_usd > 0
        cash -= sign * one.shares * one.price * 100 + one.commission_usd
        held[str(one.contract.strike)] += sign * one.shares
    ledger = desk.accounts.ledger(ACCOUNT)
    assert ledger.cash_usd == cash
    assert sum(held.values()) == 0
    for one in ledger.touched:
        assert one.quantity == held[str(one.instrument.strike)]
    # Bought and sold add up: what was realised and what is still open explain all of the cash.
    open_cost = sum((one.cost_usd for one in ledger.touched), Decimal(0))
    realized = sum((one.realized_usd for one in ledger.touched), Decimal(0))
    assert abs(cash - (CASH - open_cost + realized)) < Decimal("0.000001")


@given(st.lists(spreads, min_size=1, max_size=6))
def test_nothing_fills_beyond_its_quantity_or_its_limit(
    wanted: list[Wanted],
) -> None:
    desk = Desk()
    play(desk, wanted)
    for order in desk.exchange.orders:
        combos = [
            one
            for one in desk.exchange.executions
            if one.order.key == order.key and one.contract.sec_type == "BAG"
        ]
        assert sum(one.shares for one in combos) == order.filled <= order.quantity
        limit = order.ticket.limit_price
        if limit is not None and combos:
            assert combos[0].price <= limit if order.buys else combos[0].price >= limit


def test_closing_realises_the_difference_after_both_commissions() -> None:
    desk = Desk()
    desk.exchange.submit(7, desk.vertical(1, 100, 105))
    desk.exchange.submit(7, desk.vertical(2, 100, 105, action="SELL"))
    closes = [one for one in desk.exchange.executions if one.realized_usd is not None]
    # 0.10 wide on each leg, 100 shares, and 4 commissions of 0.65.
    assert sum(one.realized_usd or 0 for one in closes) == Decimal("-22.60")
    assert desk.accounts.ledger(ACCOUNT).held == []
    assert desk.accounts.value(ACCOUNT).net_liquidation == CASH - Decimal("22.60")
    assert desk.accounts.day(ACCOUNT).daily == Decimal("-22.60")


def test_one_lot_of_one_option_pays_the_minimum_of_an_order() -> None:
    desk = Desk()
    spec = ContractSpec(con_id=desk.market.option(100).con_id, exchange="SMART")
    desk.exchange.submit(7, ticket(1, spec=spec))
    assert [one.commission_usd for one in desk.exchange.executions] == [Decimal("1.00")]


def test_a_market_order_without_a_quote_waits_for_one() -> None:
    desk = Desk()
    desk.market.without_quote(desk.market.option(105))
    desk.exchange.submit(7, desk.vertical(1, 100, 105))
    desk.exchange.rematch()
    assert desk.statuses() == ["PreSubmitted", "Submitted"]
    desk.market.replaced.clear()
    desk.exchange.rematch()
    assert desk.statuses()[-1] == "Filled"


def test_a_short_spread_binds_its_width_and_a_long_one_nothing_more() -> None:
    desk = Desk()
    long = desk.exchange.submit(7, desk.vertical(1, 100, 105, what_if=True))
    short = desk.exchange.submit(7, desk.vertical(1, 100, 105, action="SELL", what_if=True))
    assert long is not None and short is not None
    assert (long.init_after, short.init_after) == (Decimal(0), Decimal(500))
    assert desk.exchange.orders == [] and desk.accounts.ledger(ACCOUNT).touched == []


def test_what_can_only_win_is_refused_as_riskless() -> None:
    desk = Desk()
    for action, limit in (("BUY", "-0.01"), ("SELL", "5.01")):
        with pytest.raises(Refusal, match="Riskless"):
            desk.exchange.submit(
                7,
                desk.vertical(
                    1, 100, 105, action=action, order_type="LMT", limit_price=Decimal(limit)
                ),
            )


def test_the_wrong_sign_on_a_sale_fills_at_once() -> None:
    desk = Desk()
    desk.exchange.submit(
        7,
        desk.vertical(1, 100, 105, action="SELL", order_type="LMT", limit_price=Decimal("-1.50")),
    )
    assert desk.statuses()[-1] == "Filled"


def test_ids_must_rise_and_only_living_orders_can_be_modified_or_cancelled() -> None:
    desk = Desk()
    rests = {"order_type": "LMT", "limit_price": Decimal("90.00")}
    desk.exchange.submit(7, stock(5, **rests))
    for order_id, change, code in (
        (4, rests, 103),
        (5, rests | {"action": "SELL"}, 105),
    ):
        with pytest.raises(Refusal) as refused:
            desk.exchange.submit(7, stock(order_id, **change))
        assert refused.value.code == code
    desk.exchange.submit(7, stock(5, order_type="LMT", limit_price=Decimal("101.00")))
    assert desk.statuses()[-1] == "Filled"
    with pytest.raises(Refusal) as modified:
        desk.exchange.submit(7, stock(5, **rests))
    assert modified.value.code == 104
    for order_id, code in ((5, 10148), (77, 10147)):
        with pytest.raises(Refusal) as cancelled:
            desk.exchange.cancel(7, order_id)
        assert cancelled.value.code == code
    with pytest.raises(Refusal):
        desk.exchange.cancel(8, 5)


def test_one_clients_ids_do_not_bind_another() -> None:
    desk = Desk()
    desk.exchange.submit(7, stock(5))
    desk.exchange.submit(8, stock(1))
    assert desk.exchange.next_order_id() == 6


def test_good_till_cancelled_orders_outlive_the_session_and_day_orders_do_not() -> None:
    desk = Desk()
    low = {"order_type": "LMT", "limit_price": Decimal("90.00")}
    desk.exchange.submit(7, stock(1, **low))
    desk.exchange.submit(7, stock(2, **low, tif="GTC"))
    desk.clock.advance(datetime(2022, 6, 1, 16, 0, tzinfo=EASTERN))
    assert {o.order_id: o.status for o in desk.exchange.orders} == {
        1: Status.CANCELLED,
        2: Status.PRE_SUBMITTED,
    }
    desk.market.spots["AAPL"] = 89.0
    desk.clock.advance(datetime(2022, 6, 2, 9, 30, tzinfo=EASTERN))
    assert {o.order_id: o.status for o in desk.exchange.orders}[2] is Status.FILLED
    assert not [timer for timer in desk.clock.timers if not timer.cancelled]


def test_an_immediate_order_ends_when_it_cannot_trade() -> None:
    desk = Desk()
    desk.exchange.submit(7, stock(1, order_type="LMT", limit_price=Decimal("90.00"), tif="IOC"))
    assert desk.statuses()[-1] == "Cancelled"


def test_a_dropped_attribute_is_remarked_and_the_order_lives() -> None:
    desk = Desk()
    desk.exchange.submit(7, desk.vertical(1, 100, 105, outside_rth=True, algo="Adaptive"))
    notes = [event.notice.code for event in desk.seen if isinstance(event, OrderNoted)]
    assert notes == [2109, 399]
    (order,) = desk.exchange.orders
    assert order.status is Status.FILLED and not order.ticket.outside_rth


def test_the_day_begins_anew_at_midnight() -> None:
    desk = Desk()
    desk.exchange.submit(7, stock(1, quantity=Decimal(100)))
    lost_on_entry = desk.accounts.day(ACCOUNT).daily
    assert lost_on_entry < 0
    desk.clock.advance(desk.clock.now() + timedelta(days=1))
    assert desk.accounts.day(ACCOUNT).daily == 0
    desk.market.spots["AAPL"] = 101.0
    # The tiny market's past moves with its spot, so the prior close is asked for only once.
    assert desk.accounts.day(ACCOUNT).daily == Decimal(100)


def test_only_a_strict_exchange_refuses_what_old_clients_set_on_every_order() -> None:
    old = stock(1, outdated=("EtradeOnly",))
    Desk().exchange.submit(1, old)
    with pytest.raises(Refusal, match="'EtradeOnly' order attribute") as refused:
        Desk(strict=True).exchange.submit(1, old)
    assert refused.value.code == 10268
    Desk(strict=True).exchange.submit(1, stock(1))
