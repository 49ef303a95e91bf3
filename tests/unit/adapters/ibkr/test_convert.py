"""ib_insync's types become ours, and what TWS writes for "nothing" becomes None."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vst_desktop.adapters.ibkr import convert, values
from vst_desktop.adapters.ibkr.library import (
    AccountValue,
    BarData,
    Contract,
    ContractDetails,
    Execution,
    OptionComputation,
    Order,
    OrderState,
    OrderStatus,
    Position,
    Ticker,
    Trade,
)
from vst_desktop.domain.orders import (
    BrokerStatus,
    OrderTicket,
    OrderType,
    Purpose,
    Side,
)
from vst_desktop.domain.quotes import DataType, OptionContract, Right
from vst_desktop.domain.spreads import VerticalSpread

NOW = datetime(2024, 1, 17, 19, 43, tzinfo=UTC)
UNSET = 1.7976931348623157e308


def listed(strike: str, con_id: int, right: Right = Right.CALL) -> OptionContract:
    return OptionContract(
        symbol="AAPL",
        expiration=date(2024, 2, 16),
        strike=Decimal(strike),
        right=right,
        con_id=con_id,
        trading_class="AAPL",
    )


def ticket(**changes: Any) -> OrderTicket:
    fields: dict[str, Any] = {
        "order_ref": "vst-7",
        "account": "DU1",
        "purpose": Purpose.ENTRY,
        "side": Side.BUY,
        "order_type": OrderType.LIMIT,
        "spread": VerticalSpread(long=listed("100", 1), short=listed("105", 2)),
        "quantity": 3,
        "limit_price": Decimal("2.15"),
        "tick": Decimal("0.01"),
    }
    return OrderTicket(**(fields | changes))


@pytest.mark.parametrize("nothing", [UNSET, -UNSET, math.nan, math.inf, "", None, "n/a"])
def test_what_tws_leaves_unset_is_none(nothing: Any) -> None:
    assert values.number(nothing) is None
    assert values.positive(nothing) is None
    assert values.size(nothing) is None


def test_minus_one_and_zero_are_no_price_and_zero_is_a_size() -> None:
    assert values.positive(-1) is None and values.positive(0) is None
    assert values.positive("2.5") == 2.5
    assert values.size(0) == 0 and values.size(-1) is None


def test_symbols_and_classes_agree_without_punctuation() -> None:
    assert convert.plain_symbol("BRK B") == convert.plain_symbol("brk.b") == "BRKB"


def test_a_date_is_read_from_the_head_of_its_text() -> None:
    assert convert.parse_day("20240216 15:00:00 US/Central") == date(2024, 2, 16)


def test_a_spread_is_one_guaranteed_combo_bought_long_and_sold_short() -> None:
    bag = convert.bag(ticket().spread)
    assert (bag.secType, bag.symbol, bag.exchange, bag.currency) == ("BAG", "AAPL", "SMART", "USD")
    assert [(leg.conId, leg.ratio, leg.action) for leg in bag.comboLegs] == [
        (1, 1, "BUY"),
        (2, 1, "SELL"),
    ]


def test_an_order_carries_everything_a_preset_could_change() -> None:
    order = convert.order(ticket(), 9, 17)
    assert (order.orderId, order.clientId, order.action) == (9, 17, "BUY")
    assert (order.orderType, order.lmtPrice, order.totalQuantity) == ("LMT", 2.15, 3)
    assert (order.tif, order.account, order.orderRef) == ("DAY", "DU1", "vst-7")
    assert order.transmit is True and order.outsideRth is False


def test_a_market_order_has_no_limit() -> None:
    order = convert.order(ticket(order_type=OrderType.MARKET, limit_price=None), 9, 17)
    assert order.orderType == "MKT" and values.number(order.lmtPrice) is None


@given(st.decimals("-50", "50", places=2))
def test_a_limit_comes_back_from_the_wire_as_it_was_sent(limit: Decimal) -> None:
    sent = ticket(limit_price=limit)
    order = convert.order(sent, 9, 17)
    back = convert.broker_order(convert.bag(sent.spread), order, "Submitted", 0, 0)
    assert back.limit_price == limit


def test_a_combo_order_is_told_with_its_legs() -> None:
    order = convert.order(ticket(side=Side.SELL), 9, 17)
    order.permId = 77
    told = convert.broker_order(convert.bag(ticket().spread), order, "Filled", 3.0, 2.1)
    assert (told.order_ref, told.order_id, told.perm_id, told.client_id) == ("vst-7", 9, 77, 17)
    assert (told.side, told.status) == (Side.SELL, BrokerStatus.FILLED)
    assert (told.filled, told.average_fill_price) == (Decimal(3), Decimal("2.1"))
    assert told.legs == ((1, 1, Side.BUY), (2, 1, Side.SELL))


def test_an_unfilled_order_has_no_average_price() -> None:
    order = Order(action="BUY", orderType="LMT", lmtPrice=1.0, totalQuantity=1)
    told = convert.broker_order(Contract(secType="STK"), order, "Submitted", 0, 0)
    assert told.average_fill_price is None and told.filled == 0 and told.legs == ()


def test_a_completed_order_with_an_unheard_of_status_counts_as_inactive() -> None:
    order = Order(action="BUY", orderType="MKT", permId=5)
    trade = Trade(Contract(secType="BAG", symbol="A"), order, OrderStatus(status="Odd"), [], [])
    assert convert.trade_order(trade).status is BrokerStatus.INACTIVE


def test_an_execution_is_told_in_utc_and_exactly() -> None:
    done = Execution(
        execId="0001.01",
        orderRef="vst-7",
        orderId=9,
        permId=77,
        acctNumber="DU1",
        side="SLD",
        shares=2.0,
        price=2.1,
        time=datetime(2024, 1, 17, 14, 43, tzinfo=timezone(timedelta(hours=-5))),
    )
    told = convert.execution(Contract(secType="BAG", symbol="AAPL", conId=28812380), done)
    assert told.is_combo and told.side is Side.SELL
    assert (told.quantity, told.price) == (Decimal(2), Decimal("2.1"))
    assert told.time == NOW and told.time.tzinfo is UTC
    assert not convert.execution(Contract(secType="OPT", conId=1), done).is_combo


def test_positions_of_options_and_stocks() -> None:
    option = Contract(
        secType="OPT",
        symbol="AAPL",
        conId=1,
        lastTradeDateOrContractMonth="20240216",
        strike=100.0,
        right="P",
        multiplier="100",
    )
    held = convert.broker_position(Position("DU1", option, -2.0, 215.35))
    assert held.option is not None and held.option.right is Right.PUT
    assert (held.quantity, held.average_cost_usd) == (Decimal(-2), Decimal("215.35"))
    stock = convert.broker_position(Position("DU1", Contract(secType="STK", symbol="A"), 5, 1))
    assert stock.option is None


def account(**tags: str) -> Any:
    values = [AccountValue("DU1", tag, value, "USD", "") for tag, value in tags.items()]
    return convert.account_snapshot("DU1", values, None, NOW)


def test_account_values_are_exact_dollars() -> None:
    told = account(NetLiquidation="100000.10", AvailableFunds="5")
    assert told.net_liquidation_usd == Decimal("100000.10")
    assert told.available_funds_usd == Decimal(5) and told.day_pnl_usd is None


def test_values_of_other_currencies_and_accounts_are_not_taken_for_dollars() -> None:
    values = [
        AccountValue("DU1", "NetLiquidation", "9", "EUR", ""),
        AccountValue("DU2", "NetLiquidation", "8", "USD", ""),
    ]
    assert convert.account_snapshot("DU1", values, 1.239, NOW).net_liquidation_usd is None
    assert convert.account_snapshot("DU1", values, 1.239, NOW).day_pnl_usd is None


def test_values_in_another_base_currency_are_dollars_at_the_rates_that_tws_tells() -> None:
    values = [
        AccountValue("DU1", "NetLiquidation", "90000", "EUR", ""),
        AccountValue("DU1", "AvailableFunds", "45000", "EUR", ""),
        AccountValue("DU1", "DayTradesRemaining", "3", "", ""),
        AccountValue("DU1", "ExchangeRate", "1.00", "EUR", ""),
        AccountValue("DU1", "ExchangeRate", "0.90", "USD", ""),
        AccountValue("DU1", "ExchangeRate", "1.00", "BASE", ""),
    ]
    told = convert.account_snapshot("DU1", values, -9.0, NOW)
    assert told.net_liquidation_usd == Decimal("100000.00")
    assert told.available_funds_usd == Decimal("50000.00")
    assert told.day_pnl_usd == Decimal("-10.00")
    assert told.day_trades_remaining == 3


def test_a_preview_takes_only_numbers_that_tws_has_set() -> None:
    state = OrderState(
        initMarginChange="167.0",
        maintMarginChange="1.7976931348623157E308",
        commission=1.797e308,
        minCommission=1.3,
        maxCommission=2.011,
        warningText="look",
    )
    told = convert.preview(state)
    assert told.initial_margin_change == Decimal("167.00")
    assert told.maintenance_margin_change is told.commission_usd is None
    assert told.min_commission_usd == Decimal("1.30")
    assert told.max_commission_usd == Decimal("2.01") and told.warning == "look"


@pytest.mark.parametrize(
    ("exchanges", "rules", "found"),
    [("AMEX,SMART", "109,32", 32), ("AMEX", "109,32", 109), ("SMART", "", None), ("", "7", 7)],
)
def test_the_market_rule_is_that_of_smart(exchanges: str, rules: str, found: int | None) -> None:
    details = ContractDetails(validExchanges=exchanges, marketRuleIds=rules)
    assert convert.market_rule(details) == found


def test_what_is_foreseen_after_expiration_is_none_when_tws_does_not_say() -> None:
    assert account(PostExpirationExcess="-120.5").post_expiration_excess_usd == Decimal("-120.50")
    assert account(DayTradesRemaining="3").post_expiration_excess_usd is None


def test_day_trades_of_minus_one_mean_no_limit() -> None:
    assert account(DayTradesRemaining="-1").day_trades_remaining is None
    assert account(DayTradesRemaining="3").day_trades_remaining == 3


def bars(*days: date) -> list[BarData]:
    return [BarData(date=day, open=1, high=3, low=0.5, close=2, volume=10) for day in days]


def test_the_bar_of_the_running_session_is_forming_and_no_other() -> None:
    monday, tuesday = date(2024, 1, 15), date(2024, 1, 16)
    assert convert.bar_series("A", bars(monday, tuesday), tuesday).forming
    assert not convert.bar_series("A", bars(monday), tuesday).forming
    assert not convert.bar_series("A", bars(monday, tuesday), None).forming
    assert convert.bar_series("A", bars(monday, tuesday), tuesday).whole().dates == (monday,)


def option_ticker(**fields: Any) -> Ticker:
    ticker = Ticker(contract=Contract(), marketDataType=1)
    for name, value in fields.items():
        setattr(ticker, name, value)
    return ticker


def greeks(**fields: float) -> OptionComputation:
    names = ("impliedVol", "delta", "optPrice", "pvDividend", "gamma", "vega", "theta", "undPrice")
    return OptionComputation(tickAttrib=0, **{name: fields.get(name) for name in names})


def test_an_option_takes_the_open_interest_of_its_own_right_only() -> None:
    ticker = option_ticker(callOpenInterest=12.0, putOpenInterest=0.0)
    assert convert.option_quote(listed("100", 1), ticker, NOW).open_interest == 12
    put = convert.option_quote(listed("100", 1, Right.PUT), ticker, NOW)
    assert put.open_interest == 0


def test_greeks_that_were_not_computed_are_none() -> None:
    absent = greeks(impliedVol=-1.0, delta=-2.0, gamma=-2.0, vega=-2.0, theta=-2.0)
    told = convert.option_quote(listed("100", 1), option_ticker(modelGreeks=absent), NOW)
    assert (told.implied_volatility, told.delta, told.gamma, told.vega, told.theta) == (None,) * 5
    given_ = greeks(impliedVol=0.3, delta=-0.4, gamma=0.02, vega=0.1, theta=-3.5)
    told = convert.option_quote(listed("100", 1), option_ticker(modelGreeks=given_), NOW)
    assert (told.implied_volatility, told.delta, told.theta) == (0.3, -0.4, -3.5)
    none = convert.option_quote(listed("100", 1), option_ticker(), NOW)
    assert none.delta is None and none.open_interest is None and none.volume is None


def test_a_side_without_a_price_is_none_and_delayed_data_is_told() -> None:
    ticker = option_ticker(bid=-1.0, ask=0.05, bidSize=0.0, askSize=3.0, marketDataType=3)
    told = convert.quote(ticker, NOW)
    assert (told.bid, told.ask, told.bid_size, told.ask_size) == (None, 0.05, 0, 3)
    assert told.data_type is DataType.DELAYED and told.time == NOW
    assert told.mid is None


def test_a_halted_stock_is_told() -> None:
    assert convert.stock_quote("A", option_ticker(halted=1.0), NOW).halted
    assert not convert.stock_quote("A", option_ticker(halted=0.0), NOW).halted
    assert not convert.stock_quote("A", option_ticker(), NOW).halted


def test_the_dot_of_a_symbol_is_a_space_at_the_broker_and_a_dot_inside() -> None:
    assert convert.stock("BRK.B").symbol == "BRK B"
    asked = convert.option(replace(listed("100", 1), symbol="BRK.B"))
    assert asked.symbol == "BRK B"
    assert convert.option_contract(asked).symbol == "BRK.B"
    legs = [replace(listed(strike, i), symbol="BRK.B") for i, strike in ((1, "100"), (2, "105"))]
    sent = ticket(spread=VerticalSpread(long=legs[0], short=legs[1]))
    bag = convert.bag(sent.spread)
    assert bag.symbol == "BRK B"
    told = convert.broker_order(bag, convert.order(sent, 9, 17), "Submitted", 0, 0)
    assert told.symbol == "BRK.B"
