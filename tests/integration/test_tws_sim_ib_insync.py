"""The simulator through ib_insync, over a real socket, at both server versions."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import ib_insync
import pytest

from tests.helpers.tiny_market import EASTERN, TinyClock, TinyMarket
from vst_desktop.adapters.tws_sim.server import TwsServer

AAPL = 265598
ACCOUNT = "DU1234567"


@dataclass
class Rig:
    """A server, its market and clock, and one connected client."""

    server: TwsServer
    market: TinyMarket
    clock: TinyClock
    port: int
    ib: Any
    errors: list[tuple[int, int, str]]

    async def client(self, client_id: int) -> Any:
        return await _connect(self.port, client_id, [])

    async def until(self, holds: Callable[[], object], what: str) -> None:
        """Wait until something holds; the loop is real, so let it turn."""
        for _ in range(400):
            if holds():
                return
            await asyncio.sleep(0.005)
        raise AssertionError(f"never: {what}")


async def _connect(port: int, client_id: int, errors: list[tuple[int, int, str]]) -> Any:
    ib = ib_insync.IB()
    ib.client.MaxRequests = 0
    ib.errorEvent += lambda req, code, text, _contract: errors.append((req, code, text))
    await ib.connectAsync("127.0.0.1", port, clientId=client_id, timeout=5)
    return ib


def run(
    job: Callable[[Rig], Awaitable[None]],
    version: int = 176,
    at: datetime | None = None,
    **options: Any,
) -> None:
    async def main() -> None:
        market = TinyMarket()
        clock = TinyClock(at) if at else TinyClock()
        server = TwsServer(market, clock, max_server_version=version, **options)
        port = await server.start()
        errors: list[tuple[int, int, str]] = []
        ib = await _connect(port, 7, errors)
        assert ib.client.serverVersion() == version
        try:
            await job(Rig(server, market, clock, port, ib, errors))
        finally:
            ib.disconnect()
            await server.stop()

    asyncio.run(main())


def stock() -> Any:
    return ib_insync.Stock("AAPL", "SMART", "USD")


def call(strike: float) -> Any:
    return ib_insync.Option("AAPL", "20220701", strike, "C", "SMART")


async def vertical(rig: Rig, low: float = 100.0, high: float = 105.0) -> Any:
    legs = await rig.ib.qualifyContractsAsync(call(low), call(high))
    assert len(legs) == 2
    return ib_insync.Contract(
        secType="BAG",
        symbol="AAPL",
        exchange="SMART",
        currency="USD",
        comboLegs=[
            ib_insync.ComboLeg(conId=legs[0].conId, ratio=1, action="BUY", exchange="SMART"),
            ib_insync.ComboLeg(conId=legs[1].conId, ratio=1, action="SELL", exchange="SMART"),
        ],
    )


both = pytest.mark.parametrize("version", [157, 176])


@both
def test_details_chain_and_symbols_are_served(version: int) -> None:
    async def job(rig: Rig) -> None:
        ib = rig.ib
        (aapl,) = await ib.qualifyContractsAsync(stock())
        assert (aapl.conId, aapl.primaryExchange) == (AAPL, "NASDAQ")
        (by_id,) = await ib.reqContractDetailsAsync(ib_insync.Contract(conId=AAPL))
        assert by_id.longName == "APPLE INC" and by_id.stockType == "COMMON"
        assert by_id.liquidHours.startswith("20220601:0930-20220601:1600;")
        chains = await ib.reqSecDefOptParamsAsync("AAPL", "", "STK", AAPL)
        smart = next(one for one in chains if one.exchange == "SMART")
        assert (smart.expirations, smart.multiplier) == (["20220701", "20220715"], "100")
        assert smart.strikes == [90.0, 95.0, 100.0, 105.0, 110.0]
        one_day = await ib.reqContractDetailsAsync(
            ib_insync.Option("AAPL", "20220701", exchange="SMART", tradingClass="AAPL")
        )
        assert len(one_day) == 10
        (named,) = await ib.reqContractDetailsAsync(
            ib_insync.Contract(secType="OPT", localSymbol="AAPL  220715P00095000", exchange="SMART")
        )
        assert (named.contract.strike, named.contract.right) == (95.0, "P")
        assert named.underConId == AAPL and named.contractMonth == "202207"
        rule = await ib.reqMarketRuleAsync(int(named.marketRuleIds.split(",")[0]))
        assert [(one.lowEdge, one.increment) for one in rule] == [(0.0, 0.01), (3.0, 0.05)]
        assert [one.contract.symbol for one in await ib.reqMatchingSymbolsAsync("micro")] == [
            "MSFT"
        ]
        assert (await ib.reqCurrentTimeAsync()).timestamp() == rig.clock.now().timestamp()
        assert not [one for one in rig.errors if one[1] < 2000]

    run(job, version)


def test_unknown_and_combo_details_are_refused(caplog_allowed: pytest.LogCaptureFixture) -> None:
    async def job(rig: Rig) -> None:
        assert await rig.ib.reqContractDetailsAsync(ib_insync.Stock("NOPE", "SMART", "USD")) == []
        bag = ib_insync.Contract(secType="BAG", symbol="AAPL", exchange="SMART")
        assert await rig.ib.reqContractDetailsAsync(bag) == []
        assert [code for _, code, _ in rig.errors if code < 2000] == [200, 321]

    run(job)


@both
def test_bars_come_in_every_form(version: int) -> None:
    async def job(rig: Rig) -> None:
        ib = rig.ib
        daily = await ib.reqHistoricalDataAsync(stock(), "", "2 Y", "1 day", "TRADES", True)
        assert daily[-1].date == date(2022, 6, 1)
        assert daily[0].date == date(2020, 6, 1)
        ten = await ib.reqHistoricalDataAsync(stock(), "", "10 D", "1 day", "TRADES", True)
        assert len(ten) == 10
        assert (ten[-1].open, ten[-1].volume) == (daily[-1].open, 1_000_000)
        minutes = await ib.reqHistoricalDataAsync(
            stock(), "", "1 D", "1 min", "TRADES", True, formatDate=2
        )
        assert len(minutes) == 4 * 60 + 30 + 1
        assert minutes[-1].date == rig.clock.now()
        hour = await ib.reqHistoricalDataAsync(
            stock(), "", "3600 S", "1 min", "TRADES", True, formatDate=1
        )
        assert len(hour) == 61
        if version == 176:
            assert hour[-1].date == rig.clock.now()
        past = datetime(2022, 5, 20, 12, 0, tzinfo=EASTERN)
        until = await ib.reqHistoricalDataAsync(stock(), past, "1 D", "1 day", "TRADES", True)
        assert [bar.date for bar in until] == [date(2022, 5, 20)]
        head = await ib.reqHeadTimeStampAsync(stock(), "TRADES", True, 2)
        assert head.date() == date(2020, 1, 2)
        assert not [one for one in rig.errors if one[1] < 2000]

    run(job, version)


def test_bars_that_cannot_be_given_are_refused_with_their_code(
    caplog_allowed: pytest.LogCaptureFixture,
) -> None:
    async def job(rig: Rig) -> None:
        for contract, end, duration, size, what in (
            (stock(), "", "1 X", "1 day", "TRADES"),
            (stock(), "", "1 D", "7 mins", "TRADES"),
            (stock(), "", "1 D", "1 secs", "TRADES"),
            (stock(), "", "1 D", "1 day", "BID_ASK"),
            (stock(), "yesterday", "1 D", "1 day", "TRADES"),
            (ib_insync.Stock("NOPE", "SMART", "USD"), "", "1 D", "1 day", "TRADES"),
            (stock(), datetime(1999, 1, 4, tzinfo=EASTERN), "1 D", "1 day", "TRADES"),
        ):
            got = await rig.ib.reqHistoricalDataAsync(contract, end, duration, size, what, True)
            assert not got
        assert [code for _, code, _ in rig.errors if code < 2000] == [
            321,
            321,
            162,
            162,
            321,
            200,
            162,
        ]

    run(job)


@both
def test_quotes_stream_with_greeks_and_follow_the_market(version: int) -> None:
    async def job(rig: Rig) -> None:
        ib = rig.ib
        option, aapl = await ib.qualifyContractsAsync(call(100), stock())
        line = ib.reqMktData(option, "100,101", False, False)
        spot = ib.reqMktData(aapl, "106", False, False)
        await rig.until(lambda: line.modelGreeks and spot.impliedVolatility > 0, "greeks")
        assert (line.bid, line.ask, line.bidSize, line.askSize) == (3.95, 4.05, 11, 12)
        assert (line.callOpenInterest, line.putOpenInterest) == (1234, 0)
        assert (line.minTick, line.marketDataType) == (0.01, 1)
        assert (line.modelGreeks.delta, line.modelGreeks.impliedVol) == (0.5, 0.25)
        assert line.modelGreeks.undPrice == 100.0
        assert (spot.last, spot.open, spot.high, spot.low) == (100.0, 99.0, 102.0, 98.0)
        assert spot.impliedVolatility == 0.25
        rig.market.spots["AAPL"] = 101.0
        rig.server.refresh()
        await rig.until(lambda: spot.last == 101.0 and line.bid > 4.5, "new quotes")
        ib.cancelMktData(option)
        ib.cancelMktData(aapl)
        await ib.reqCurrentTimeAsync()
        assert [one.market_data_lines for one in rig.server.sessions] == [0]
        assert not [one for one in rig.errors if one[1] < 2000]

    run(job, version)


@both
def test_snapshots_end_and_combos_are_quoted_from_their_legs(version: int) -> None:
    async def job(rig: Rig) -> None:
        bag = await vertical(rig)
        (ticker,) = await rig.ib.reqTickersAsync(stock())
        assert (ticker.bid, ticker.ask) == (99.99, 100.01)
        line = rig.ib.reqMktData(bag, "", False, False)
        await rig.until(lambda: line.ask > 0, "combo quote")
        long, short = (rig.market.quote(rig.market.option(k), rig.clock.now()) for k in (100, 105))
        assert line.ask == pytest.approx(long.ask - short.bid)
        assert line.bid == pytest.approx(long.bid - short.ask)
        assert line.minTick == 0.01

    run(job, version)


@both
def test_a_combo_market_order_fills_at_the_natural_price(version: int) -> None:
    async def job(rig: Rig) -> None:
        ib = rig.ib
        bag = await vertical(rig)
        order = ib_insync.MarketOrder("BUY", 2, orderRef="spread-1", tif="DAY")
        trade = ib.placeOrder(bag, order)
        await rig.until(lambda: trade.isDone() and len(trade.fills) == 3, "fill")
        await rig.until(
            lambda: all(f.commissionReport.execId for f in trade.fills[1:]), "commissions"
        )
        long, short = (rig.market.quote(rig.market.option(k), rig.clock.now()) for k in (100, 105))
        natural = pytest.approx(long.ask - short.bid)
        assert trade.orderStatus.status == "Filled" and trade.filled() == 2
        assert trade.orderStatus.avgFillPrice == natural
        assert trade.order.permId > 0
        combo, bought, sold = trade.fills
        assert combo.contract.secType == "BAG" and combo.execution.price == natural
        assert (bought.execution.side, sold.execution.side) == ("BOT", "SLD")
        assert (bought.execution.price, sold.execution.price) == (long.ask, short.bid)
        assert {one.execution.orderRef for one in trade.fills} == {"spread-1"}
        assert len({one.execution.execId for one in trade.fills}) == 3
        assert len({one.execution.execId.split(".")[1] for one in trade.fills}) == 1
        assert [f.commissionReport.commission for f in trade.fills[1:]] == [1.3, 1.3]
        held = {one.contract.strike: one for one in ib.positions()}
        assert {strike: one.position for strike, one in held.items()} == {100.0: 2, 105.0: -2}
        assert held[100.0].avgCost == pytest.approx(long.ask * 100 + 0.65)
        assert held[105.0].avgCost == pytest.approx(short.bid * 100 - 0.65)
        cash = 100_000 - 200 * (long.ask - short.bid) - 2.6
        values = {(v.tag, v.currency): v.value for v in ib.accountValues(ACCOUNT)}
        assert float(values["TotalCashValue", "USD"]) == pytest.approx(cash)
        assert values["DayTradesRemaining", ""] == "-1"
        again = await ib.reqExecutionsAsync()
        assert len(again) == 3
        done = await ib.reqCompletedOrdersAsync(False)
        assert [one.orderStatus.status for one in done] == ["Filled"]
        assert len(done[0].contract.comboLegs) == 2
        assert not [one for one in rig.errors if one[1] < 2000]

    run(job, version)


@both
def test_a_combo_limit_order_rests_is_modified_and_fills_when_the_market_comes(
    version: int,
) -> None:
    async def job(rig: Rig) -> None:
        ib = rig.ib
        trade = ib.placeOrder(await vertical(rig), ib_insync.LimitOrder("BUY", 1, 1.5))
        await rig.until(lambda: trade.orderStatus.status == "Submitted", "submitted")
        trade.order.lmtPrice = 1.55
        ib.placeOrder(trade.contract, trade.order)
        await ib.reqCurrentTimeAsync()
        assert trade.orderStatus.status == "Submitted"
        assert [(o.order.lmtPrice) for o in await ib.reqOpenOrdersAsync()] == [1.55]
        rig.market.spots["AAPL"] = 98.0
        rig.server.refresh()
        await rig.until(lambda: trade.isDone(), "fill")
        assert trade.orderStatus.status == "Filled"
        assert trade.orderStatus.avgFillPrice <= 1.55
        assert not [one for one in rig.errors if one[1] < 2000]

    run(job, version)


@both
def test_cancel_what_if_and_global_cancel(version: int) -> None:
    async def job(rig: Rig) -> None:
        ib = rig.ib
        bag = await vertical(rig)
        state = await ib.whatIfOrderAsync(bag, ib_insync.LimitOrder("BUY", 1, 1.5))
        assert float(state.initMarginAfter) == 0.0
        assert float(state.equityWithLoanChange) < -100
        assert state.commission == 1.3
        trade = ib.placeOrder(bag, ib_insync.LimitOrder("BUY", 1, 1.5))
        await rig.until(lambda: trade.orderStatus.status == "Submitted", "submitted")
        ib.cancelOrder(trade.order)
        await rig.until(lambda: trade.orderStatus.status == "Cancelled", "cancelled")
        other = ib.placeOrder(bag, ib_insync.LimitOrder("BUY", 1, 1.5))
        await rig.until(lambda: other.orderStatus.status == "Submitted", "submitted")
        ib.reqGlobalCancel()
        await rig.until(lambda: other.orderStatus.status == "Cancelled", "cancelled")
        assert [code for _, code, _ in rig.errors if code < 2000] == [202, 202]
        assert rig.server.exchange.executions == []

    run(job, version)


@both
def test_a_reconnect_finds_orders_fills_and_positions_again(version: int) -> None:
    async def job(rig: Rig) -> None:
        ib = rig.ib
        bag = await vertical(rig)
        done = ib.placeOrder(bag, ib_insync.MarketOrder("BUY", 1, orderRef="one"))
        rests = ib.placeOrder(bag, ib_insync.LimitOrder("BUY", 1, 1.5, orderRef="two"))
        await rig.until(lambda: done.isDone() and rests.orderStatus.status == "Submitted", "both")
        ib.disconnect()
        await rig.until(lambda: not rig.server.sessions, "gone")
        again = await rig.client(7)
        assert {t.order.orderRef: t.orderStatus.status for t in again.trades()} == {
            "one": "Filled",
            "two": "Submitted",
        }
        assert {t.order.permId for t in again.openTrades()} == {rests.order.permId}
        assert len(again.fills()) == 3 and len(again.positions()) == 2
        assert again.client.getReqId() > rests.order.orderId
        again.disconnect()

    run(job, version)


def test_two_clients_see_positions_but_only_their_own_orders() -> None:
    async def job(rig: Rig) -> None:
        other = await rig.client(8)
        trade = rig.ib.placeOrder(await vertical(rig), ib_insync.LimitOrder("BUY", 1, 1.5))
        filled = rig.ib.placeOrder(await vertical(rig), ib_insync.MarketOrder("BUY", 1))
        await rig.until(lambda: filled.isDone() and len(other.positions()) == 2, "positions")
        assert other.trades() == [] and other.fills() == []
        everything = await other.reqAllOpenOrdersAsync()
        assert [one.order.permId for one in everything] == [trade.order.permId]
        other.disconnect()

    run(job)


def test_a_client_id_in_use_is_refused(caplog_allowed: pytest.LogCaptureFixture) -> None:
    async def job(rig: Rig) -> None:
        errors: list[tuple[int, int, str]] = []
        second = ib_insync.IB()
        second.errorEvent += lambda req, code, text, _c: errors.append((req, code, text))
        with pytest.raises((TimeoutError, ConnectionError)):
            await second.connectAsync("127.0.0.1", rig.port, clientId=7, timeout=0.3)
        assert errors[0][:2] == (-1, 326)
        assert rig.ib.isConnected()

    run(job)


def test_an_order_before_the_open_waits_for_it() -> None:
    before = datetime(2022, 6, 1, 8, 0, tzinfo=EASTERN)

    async def job(rig: Rig) -> None:
        trade = rig.ib.placeOrder(await vertical(rig), ib_insync.MarketOrder("BUY", 1))
        await rig.until(lambda: any(code == 399 for _, code, _ in rig.errors), "note")
        assert trade.orderStatus.status == "PreSubmitted"
        note = next(text for _, code, text in rig.errors if code == 399)
        assert "2022-06-01 09:30:00 US/Eastern" in note
        rig.clock.advance(before + timedelta(hours=1, minutes=30))
        await rig.until(lambda: trade.isDone(), "fill")
        assert trade.orderStatus.status == "Filled"

    run(job, at=before)


def test_a_day_order_ends_with_its_session() -> None:
    async def job(rig: Rig) -> None:
        trade = rig.ib.placeOrder(await vertical(rig), ib_insync.LimitOrder("BUY", 1, 1.5))
        await rig.until(lambda: trade.orderStatus.status == "Submitted", "submitted")
        rig.clock.advance(datetime(2022, 6, 1, 16, 0, tzinfo=EASTERN))
        await rig.until(lambda: trade.orderStatus.status == "Cancelled", "expired")

    run(job)


def test_accounts_summary_and_profit_are_told() -> None:
    async def job(rig: Rig) -> None:
        ib = rig.ib
        summary = await ib.accountSummaryAsync()
        assert {(v.tag, v.value) for v in summary} >= {("NetLiquidation", "100000.00")}
        pnl = ib.reqPnL(ACCOUNT)
        trade = ib.placeOrder(await vertical(rig), ib_insync.MarketOrder("BUY", 1))
        await rig.until(lambda: trade.isDone() and pnl.dailyPnL < 0, "pnl")
        assert pnl.unrealizedPnL == pytest.approx(pnl.dailyPnL)
        (long,) = [p for p in ib.positions() if p.position > 0]
        single = ib.reqPnLSingle(ACCOUNT, "", long.contract.conId)
        await rig.until(lambda: single.position == 1, "single")
        assert single.value == pytest.approx(400.0)

    run(job)


def test_live_bars_are_updated_as_time_goes_on() -> None:
    async def job(rig: Rig) -> None:
        bars = await rig.ib.reqHistoricalDataAsync(
            stock(), "", "600 S", "1 min", "TRADES", True, formatDate=2, keepUpToDate=True
        )
        before = len(bars)
        rig.clock.advance(rig.clock.now() + timedelta(minutes=2))
        rig.server.refresh()
        await rig.until(lambda: len(bars) == before + 2, "bars")
        assert bars[-1].date == rig.clock.now()

    run(job)


def test_years_of_bars_of_many_requests_take_seconds() -> None:
    async def job(rig: Rig) -> None:
        logging.getLogger("ib_insync").setLevel(logging.WARNING)
        loop = asyncio.get_running_loop()
        start = loop.time()
        for _ in range(40):
            bars = await rig.ib.reqHistoricalDataAsync(stock(), "", "2 Y", "1 day", "TRADES", True)
            assert len(bars) == 523
        assert loop.time() - start < 5

    run(job)


@pytest.mark.parametrize(
    ("code", "change"),
    [
        (110, {"lmtPrice": 1.234}),
        (321, {"lmtPrice": float("nan")}),
        (201, {"lmtPrice": -0.5}),
        (201, {"orderType": "MKT", "totalQuantity": 5000}),
        (434, {"totalQuantity": 0}),
        (387, {"orderType": "REL"}),
        (321, {"tif": "OPG"}),
        (321, {"account": "DU9999999"}),
        (10058, {"orderComboLegs": [ib_insync.OrderComboLeg(1.0), ib_insync.OrderComboLeg(2.0)]}),
        (321, {"parentId": 5}),
        (10243, {"totalQuantity": 1.5}),
    ],
)
def test_orders_that_cannot_be_are_refused_with_their_code(
    caplog_allowed: pytest.LogCaptureFixture, code: int, change: dict[str, Any]
) -> None:
    async def job(rig: Rig) -> None:
        order = ib_insync.LimitOrder("BUY", 1, 1.5)
        order.update(**change)
        rig.ib.placeOrder(await vertical(rig), order)
        await rig.until(lambda: any(c < 2000 or c > 9999 for _, c, _ in rig.errors), "refusal")
        assert rig.errors[-1][:2] == (order.orderId, code)
        assert rig.server.exchange.orders == []

    run(job)


def test_combos_without_qualified_legs_are_refused(
    caplog_allowed: pytest.LogCaptureFixture,
) -> None:
    async def job(rig: Rig) -> None:
        bag = await vertical(rig)
        for legs, code in (
            ([], 321),
            ([ib_insync.ComboLeg(conId=0, ratio=1, action="BUY", exchange="SMART")], 321),
            ([ib_insync.ComboLeg(conId=42, ratio=1, action="BUY", exchange="SMART")], 200),
            ([bag.comboLegs[0], bag.comboLegs[0]], 321),
        ):
            bag.comboLegs = legs
            known = len(rig.errors)
            rig.ib.placeOrder(bag, ib_insync.LimitOrder("BUY", 1, 1.5))
            await rig.until(lambda known=known: len(rig.errors) > known, "refusal")
            assert rig.errors[-1][1] == code

    run(job)


def test_an_order_without_account_is_refused_when_there_are_two(
    caplog_allowed: pytest.LogCaptureFixture,
) -> None:
    async def job(rig: Rig) -> None:
        assert rig.ib.managedAccounts() == ["DU1", "U2"]
        bag = await vertical(rig)
        trade = rig.ib.placeOrder(bag, ib_insync.MarketOrder("BUY", 1))
        await rig.until(lambda: trade.isDone(), "refusal")
        assert rig.errors[-1][1] == 435
        named = rig.ib.placeOrder(bag, ib_insync.MarketOrder("BUY", 1, account="U2"))
        await rig.until(lambda: named.orderStatus.status == "Filled", "fill")
        assert {one.account for one in rig.ib.positions()} == {"U2"}

    run(job, accounts=("DU1", "U2"))
