"""What an order trades at, and how much of it: no fill is worse than quoted, none is too large."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.tiny_market import STRIKES, TinyClock, TinyMarket
from vst_desktop.adapters.tws_sim.accounts import Accounts
from vst_desktop.adapters.tws_sim.codes import Refusal
from vst_desktop.adapters.tws_sim.contracts import ContractBook, ContractSpec, Leg
from vst_desktop.adapters.tws_sim.exchange import Exchange
from vst_desktop.adapters.tws_sim.matching import Matcher, Matching
from vst_desktop.adapters.tws_sim.orders import Status, Ticket
from vst_desktop.adapters.tws_sim.pricing import NetQuote
from vst_desktop.adapters.tws_sim.timing import Hours
from vst_desktop.domain.errors import UserError

ACCOUNT = "DU1"


def quote(bid: str | None, ask: str | None, size: int = 10) -> NetQuote:
    return NetQuote(
        bid=None if bid is None else Decimal(bid),
        ask=None if ask is None else Decimal(ask),
        bid_size=size,
        ask_size=size,
    )


def exchange_of(market: TinyMarket, rules: Matching, seed: int = 0) -> Exchange:
    clock, hours = TinyClock(), Hours(market)
    accounts = Accounts((ACCOUNT,), Decimal(1_000_000), market, clock, hours)
    book = ContractBook(market, clock)
    return Exchange(
        market, clock, hours, book, accounts, first_perm_id=1, seed=seed, matching=rules
    )


def vertical(
    market: TinyMarket, low: float, high: float, quantity: int, limit: Decimal | None
) -> Ticket:
    return Ticket(
        order_id=1,
        spec=ContractSpec(symbol="AAPL", sec_type="BAG", exchange="SMART", currency="USD"),
        action="BUY",
        quantity=Decimal(quantity),
        order_type="MKT" if limit is None else "LMT",
        limit_price=limit,
        legs=tuple(
            Leg(con_id=market.option(strike).con_id, ratio=1, action=action, exchange="SMART")
            for strike, action in ((low, "BUY"), (high, "SELL"))
        ),
    )


def test_without_rules_an_order_trades_whole_at_the_natural_price() -> None:
    matcher = Matcher(Matching(), 0)
    net = quote("1.00", "1.11")
    assert matcher.price(net, buys=True, limit=None) == Decimal("1.11")
    assert matcher.price(net, buys=False, limit=None) == Decimal("1.00")
    assert matcher.quantity(Decimal(50), 10) == 50
    assert not matcher.races()


def test_an_improved_price_is_the_middle_rounded_to_the_natural_side() -> None:
    matcher = Matcher(Matching(improvement=1.0), 0)
    net = quote("1.00", "1.11")
    assert matcher.price(net, buys=True, limit=None) == Decimal("1.06")
    assert matcher.price(net, buys=False, limit=None) == Decimal("1.05")


@pytest.mark.parametrize(("limit", "price"), [("1.05", None), ("1.06", "1.06"), ("2.00", "1.06")])
def test_a_limit_is_held_against_the_improved_price(limit: str, price: str | None) -> None:
    matcher = Matcher(Matching(improvement=1.0), 0)
    found = matcher.price(quote("1.00", "1.11"), buys=True, limit=Decimal(limit))
    assert found == (None if price is None else Decimal(price))


def test_one_sided_quotes_are_not_improved_and_missing_ones_do_not_trade() -> None:
    matcher = Matcher(Matching(improvement=1.0), 0)
    assert matcher.price(quote(None, "1.11"), buys=True, limit=None) == Decimal("1.11")
    assert matcher.price(quote(None, "1.11"), buys=False, limit=None) is None


def test_quoted_sizes_bound_what_trades_when_they_count() -> None:
    matcher = Matcher(Matching(within_sizes=True), 0)
    assert matcher.quantity(Decimal(50), 10) == 10
    assert matcher.quantity(Decimal(5), 10) == 5
    assert matcher.quantity(Decimal(5), 0) == 0


@given(st.integers(2, 500), st.integers(0, 2**32))
def test_a_part_is_never_nothing_and_never_all(left: int, seed: int) -> None:
    part = Matcher(Matching(partial=1.0), seed).quantity(Decimal(left), 1)
    assert 1 <= part < left and part == int(part)


def test_the_same_seed_draws_the_same_parts() -> None:
    def parts(seed: int) -> list[Decimal]:
        matcher = Matcher(Matching(partial=0.5), seed)
        return [matcher.quantity(Decimal(1000), 1) for _ in range(20)]

    assert parts(3) == parts(3) != parts(4)


@pytest.mark.parametrize("name", ["improvement", "partial", "race"])
@pytest.mark.parametrize("chance", [-0.1, 1.1, float("nan")])
def test_a_chance_outside_0_to_1_is_said(name: str, chance: float) -> None:
    with pytest.raises(UserError, match=f"{name} .* is not from 0 to 1"):
        Matching(**{name: chance})


chances = st.sampled_from([0.0, 0.3, 1.0])


@settings(max_examples=60)
@given(
    rules=st.builds(
        Matching, improvement=chances, partial=chances, race=chances, within_sizes=st.booleans()
    ),
    seed=st.integers(0, 1000),
    strikes=st.lists(st.sampled_from(STRIKES), min_size=2, max_size=2, unique=True).map(sorted),
    quantity=st.integers(1, 40),
    limit=st.one_of(st.none(), st.integers(50, 490).map(lambda cents: Decimal(cents) / 100)),
)
def test_leg_fills_add_up_to_the_net_and_no_more_trades_than_was_ordered(
    rules: Matching, seed: int, strikes: list[float], quantity: int, limit: Decimal | None
) -> None:
    market = TinyMarket()
    exchange = exchange_of(market, rules, seed)
    exchange.submit(1, vertical(market, *strikes, quantity, limit))
    for _ in range(5):
        exchange.rematch()
    order = exchange.orders[0]
    if not order.status.is_done:
        with contextlib.suppress(Refusal):  # when the fill is quicker
            exchange.cancel(1, 1)
    order = exchange.orders[0]
    assert order.status.is_done
    assert 0 <= order.filled <= order.quantity
    assert (order.status is Status.FILLED) == (order.filled == order.quantity)
    wholes = [one for one in exchange.executions if one.contract.sec_type == "BAG"]
    legs = [one for one in exchange.executions if one.contract.sec_type != "BAG"]
    assert sum(one.shares for one in wholes) == order.filled
    cumulative = [one.cumulative for one in wholes]
    assert cumulative == sorted(cumulative) and all(one <= order.quantity for one in cumulative)
    for whole in wholes:
        stem = whole.exec_id.rsplit(".", 2)[0]
        own = [one for one in legs if one.exec_id.startswith(stem)]
        assert [one.shares for one in own] == [whole.shares] * 2
        assert sum(one.price if one.bought else -one.price for one in own) == whole.price
        assert limit is None or whole.price <= limit
    for leg in (market.option(strikes[0]), market.option(strikes[1])):
        held = exchange.accounts.ledger(ACCOUNT).position(leg).quantity
        assert abs(held) == order.filled
    paid = sum((one.shares * one.price * 100 for one in wholes), Decimal(0))
    fees = sum((one.commission_usd or Decimal(0) for one in legs), Decimal(0))
    assert exchange.accounts.ledger(ACCOUNT).cash_usd == Decimal(1_000_000) - paid - fees


def test_a_cancel_that_comes_late_finds_the_order_filled_at_its_limit() -> None:
    market = TinyMarket()
    exchange = exchange_of(market, Matching(race=1.0))
    exchange.submit(1, vertical(market, 100.0, 105.0, 3, Decimal("0.50")))
    with pytest.raises(Refusal, match="state: Filled") as refused:
        exchange.cancel(1, 1)
    assert refused.value.code == 10148
    assert exchange.orders[0].filled == 3
    assert exchange.orders[0].average_price == Decimal("0.50")
