"""The official ibapi client, run by itself: bars, a chain, a filled combo; prints JSON.

usage: client_ibapi.py PORT
"""
# ruff: noqa: N803  # callbacks bear the argument names of the client they override

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from typing import Any

from ibapi.client import EClient
from ibapi.contract import ComboLeg, Contract
from ibapi.execution import ExecutionFilter
from ibapi.order import Order
from ibapi.wrapper import EWrapper

BARS, DETAILS, CHAIN, EXECUTIONS = 101, 102, 103, 104
STREAM = 105


class App(EWrapper, EClient):  # type: ignore[misc]
    """Collects what it is told and wakes who waits."""

    def __init__(self) -> None:
        EClient.__init__(self, self)
        self.told = threading.Condition()
        self.ended: set[object] = set()
        self.bars: list[Any] = []
        self.details: list[Any] = []
        self.expirations: set[str] = set()
        self.strikes: set[float] = set()
        self.errors: list[list[object]] = []
        self.statuses: list[str] = []
        self.executions: list[list[object]] = []
        self.commissions: dict[str, float] = {}
        self.positions: dict[str, float] = {}
        self.ticks: dict[str, object] = {}
        self.perm_id = 0
        self.order_id = 0
        self.average_price = 0.0

    def end(self, what: object) -> None:
        with self.told:
            self.ended.add(what)
            self.told.notify_all()

    def wait(self, what: str, holds: Callable[[], object]) -> None:
        with self.told:
            if not self.told.wait_for(holds, timeout=20):
                raise SystemExit(f"never: {what}; errors {self.errors}")

    def nextValidId(self, orderId: int) -> None:
        self.order_id = orderId
        self.end("ready")

    def error(self, reqId: int, errorCode: int, errorString: str) -> None:
        if errorCode < 2100 or errorCode > 2199:
            self.errors.append([reqId, errorCode, errorString])

    def historicalData(self, reqId: int, bar: Any) -> None:
        self.bars.append(bar)

    def historicalDataEnd(self, reqId: int, start: str, end: str) -> None:
        self.end(reqId)

    def contractDetails(self, reqId: int, contractDetails: Any) -> None:
        self.details.append(contractDetails)

    def contractDetailsEnd(self, reqId: int) -> None:
        self.end(reqId)

    def securityDefinitionOptionParameter(
        self,
        reqId: int,
        exchange: str,
        underlyingConId: int,
        tradingClass: str,
        multiplier: str,
        expirations: set[str],
        strikes: set[float],
    ) -> None:
        self.expirations |= expirations
        self.strikes |= strikes

    def securityDefinitionOptionParameterEnd(self, reqId: int) -> None:
        self.end(reqId)

    def tickPrice(self, reqId: int, tickType: int, price: float, attrib: Any) -> None:
        self.ticks[f"price{tickType}"] = price

    def tickOptionComputation(
        self,
        reqId: int,
        tickType: int,
        tickAttrib: int,
        impliedVol: float,
        delta: float,
        *rest: Any,
    ) -> None:
        self.ticks[f"delta{tickType}"] = delta
        self.end("greeks")

    def orderStatus(
        self,
        orderId: int,
        status: str,
        filled: float,
        remaining: float,
        avgFillPrice: float,
        permId: int,
        *rest: Any,
    ) -> None:
        self.statuses.append(status)
        self.perm_id, self.average_price = permId, avgFillPrice
        self.end(status)

    def execDetails(self, reqId: int, contract: Any, execution: Any) -> None:
        if reqId == EXECUTIONS:
            self.executions.append([contract.secType, execution.side, execution.price])

    def execDetailsEnd(self, reqId: int) -> None:
        self.end(reqId)

    def commissionReport(self, commissionReport: Any) -> None:
        self.commissions[commissionReport.execId] = commissionReport.commission

    def position(self, account: str, contract: Any, position: float, avgCost: float) -> None:
        self.positions[contract.localSymbol] = position

    def positionEnd(self) -> None:
        self.end("positions")

    def completedOrdersEnd(self) -> None:
        self.end("completed")

    def accountDownloadEnd(self, accountName: str) -> None:
        self.end("account")

    def openOrderEnd(self) -> None:
        self.end("open orders")


def contract(**values: object) -> Any:
    made = Contract()
    for name, value in values.items():
        setattr(made, name, value)
    return made


def main(port: int) -> None:
    app = App()
    app.connect("127.0.0.1", port, 9)
    version = app.serverVersion()
    reader = threading.Thread(target=app.run, daemon=True)
    reader.start()
    app.wait("ready", lambda: "ready" in app.ended)
    stock = contract(symbol="AAPL", secType="STK", exchange="SMART", currency="USD")
    app.reqHistoricalData(BARS, stock, "", "1 Y", "1 day", "TRADES", 1, 1, False, [])
    options = contract(
        symbol="AAPL",
        secType="OPT",
        exchange="SMART",
        currency="USD",
        lastTradeDateOrContractMonth="20220701",
        right="C",
    )
    app.reqContractDetails(DETAILS, options)
    app.reqSecDefOptParams(CHAIN, "AAPL", "", "STK", 265598)
    app.wait("bars and chain", lambda: {BARS, DETAILS, CHAIN} <= app.ended)
    by_strike = {one.contract.strike: one.contract for one in app.details}
    app.reqMktData(STREAM, by_strike[100.0], "100,101", False, False, [])
    app.wait("greeks", lambda: "greeks" in app.ended)
    legs = []
    for strike, action in ((100.0, "BUY"), (105.0, "SELL")):
        leg = ComboLeg()
        leg.conId, leg.ratio, leg.action, leg.exchange = by_strike[strike].conId, 1, action, "SMART"
        legs.append(leg)
    bag = contract(symbol="AAPL", secType="BAG", exchange="SMART", currency="USD", comboLegs=legs)
    order = Order()
    order.action, order.orderType, order.totalQuantity, order.orderRef = "BUY", "MKT", 1, "combo"
    app.placeOrder(app.order_id, bag, order)
    app.wait("fill", lambda: "Filled" in app.ended)
    app.reqExecutions(EXECUTIONS, ExecutionFilter())
    app.reqPositions()
    app.reqCompletedOrders(False)
    app.reqAccountUpdates(True, "DU1234567")
    app.reqAllOpenOrders()
    app.wait(
        "lists",
        lambda: {EXECUTIONS, "positions", "completed", "account", "open orders"} <= app.ended,
    )
    print(
        json.dumps(
            {
                "server_version": version,
                "bars": [[bar.date, bar.open, bar.close, bar.volume] for bar in app.bars],
                "chain": sorted(app.strikes),
                "expirations": sorted(app.expirations),
                "details": sorted(by_strike),
                "ticks": app.ticks,
                "statuses": app.statuses,
                "perm_id": app.perm_id,
                "average_price": app.average_price,
                "executions": app.executions,
                "commissions": list(app.commissions.values()),
                "positions": app.positions,
                "errors": app.errors,
                "reader_alive": reader.is_alive(),
            }
        )
    )
    app.disconnect()


if __name__ == "__main__":
    main(int(sys.argv[1]))
