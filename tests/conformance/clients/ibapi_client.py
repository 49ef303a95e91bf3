"""The official ibapi, run by itself.

usage: ibapi_client.py PORT LOWEST HIGHEST   (the versions it says it speaks)
"""
# ruff: noqa: N803  # callbacks bear the argument names of the client they override

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import ibapi.client
from ibapi.contract import ComboLeg, Contract
from ibapi.execution import ExecutionFilter
from ibapi.order import Order
from ibapi.wrapper import EWrapper
from steps import WITHIN_SECS, Failed, Steps, cents, check, near

SYMBOL = "SPY"
CLIENT_ID = 9
HARMLESS = {202}


class App(EWrapper, ibapi.client.EClient):  # type: ignore[misc]
    """Collects what it is told and wakes who waits."""

    def __init__(self, steps: Steps) -> None:
        ibapi.client.EClient.__init__(self, self)
        self.told = threading.Condition()
        self.steps = steps
        self.ended: set[object] = set()
        self.bars: dict[int, list[Any]] = {}
        self.details: dict[int, list[Any]] = {}
        self.expirations: set[str] = set()
        self.strikes: set[float] = set()
        self.statuses: dict[int, list[str]] = {}
        self.open_orders: dict[int, tuple[float, int]] = {}
        self.executions: list[str] = []
        self.fees: list[float] = []
        self.positions: set[int] = set()
        self.prices: dict[tuple[int, int], float] = {}
        self.greeks: set[int] = set()
        self.order_id = 0
        self.margin = ""

    def end(self, *what: object) -> None:
        with self.told:
            self.ended.update(what)
            self.told.notify_all()

    def wait(self, what: str, holds: Callable[[], object]) -> None:
        with self.told:
            check(self.told.wait_for(holds, timeout=WITHIN_SECS), f"never: {what}")

    def ids(self) -> int:
        self.order_id += 1
        return self.order_id - 1

    def error(self, reqId: int, errorCode: int, errorString: str) -> None:
        if not 2100 <= errorCode < 2200 and errorCode not in HARMLESS:
            self.steps.errors.append(f"{errorCode} {errorString}")

    def nextValidId(self, orderId: int) -> None:
        self.order_id = orderId
        self.end("ready")

    def historicalData(self, reqId: int, bar: Any) -> None:
        self.bars.setdefault(reqId, []).append(bar)

    def historicalDataEnd(self, reqId: int, start: str, end: str) -> None:
        self.end(reqId)

    def headTimestamp(self, reqId: int, headTimestamp: str) -> None:
        self.end(reqId)

    def contractDetails(self, reqId: int, contractDetails: Any) -> None:
        self.details.setdefault(reqId, []).append(contractDetails)

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
        self.prices[reqId, tickType] = price
        self.end()

    def tickOptionComputation(self, reqId: int, *rest: Any) -> None:
        self.greeks.add(reqId)
        self.end()

    def openOrder(self, orderId: int, contract: Any, order: Any, orderState: Any) -> None:
        if order.whatIf:
            self.margin = orderState.initMarginAfter
            self.end("preview")
        else:
            self.open_orders[orderId] = (order.lmtPrice, order.permId)
            self.end()

    def openOrderEnd(self) -> None:
        self.end("open orders")

    def orderStatus(self, orderId: int, status: str, *rest: Any) -> None:
        self.statuses.setdefault(orderId, []).append(status)
        self.end()

    def execDetails(self, reqId: int, contract: Any, execution: Any) -> None:
        self.executions.append(contract.secType)
        self.end()

    def execDetailsEnd(self, reqId: int) -> None:
        self.end(reqId)

    def commissionReport(self, commissionReport: Any) -> None:
        self.fees.append(commissionReport.commission)
        self.end()

    def position(self, account: str, contract: Any, position: float, avgCost: float) -> None:
        self.positions.add(contract.conId)

    def positionEnd(self) -> None:
        self.end("positions")

    def completedOrdersEnd(self) -> None:
        self.end("completed")

    def accountDownloadEnd(self, accountName: str) -> None:
        self.end("account")


def filled_in(kind: Any, **values: object) -> Any:
    made = kind()
    for name, value in values.items():
        setattr(made, name, value)
    return made


def limit(quantity: int, price: float, ref: str, tif: str, *, what_if: bool = False) -> Any:
    return filled_in(
        Order,
        action="BUY",
        orderType="LMT",
        totalQuantity=quantity,
        lmtPrice=price,
        orderRef=ref,
        tif=tif,
        whatIf=what_if,
    )


def connect(port: int, steps: Steps) -> tuple[App, threading.Thread]:
    app = App(steps)
    app.connect("127.0.0.1", port, CLIENT_ID)
    reader = threading.Thread(target=app.run, daemon=True)
    reader.start()
    app.wait("ready", lambda: "ready" in app.ended)
    return app, reader


def story(port: int, steps: Steps) -> None:
    requests = itertools.count(9001)
    with steps.step("connect"):
        app, reader = connect(port, steps)
        steps.server_version = app.serverVersion()
        app.reqAccountUpdates(True, "DU1234567")
        app.wait("account", lambda: "account" in app.ended)
    stock = filled_in(Contract, symbol=SYMBOL, secType="STK", exchange="SMART", currency="USD")
    with steps.step("chain"):
        request = next(requests)
        app.reqContractDetails(request, stock)
        app.wait("stock", lambda: request in app.ended)
        stock = app.details[request][0].contract
        chain = next(requests)
        app.reqSecDefOptParams(chain, SYMBOL, "", "STK", stock.conId)
        app.wait("chain", lambda: chain in app.ended)
        check(app.strikes, "no chain")
    with steps.step("details"):
        details = next(requests)
        wanted = filled_in(
            Contract,
            symbol=SYMBOL,
            secType="OPT",
            exchange="SMART",
            currency="USD",
            lastTradeDateOrContractMonth=sorted(app.expirations)[3],
            right="C",
        )
        app.reqContractDetails(details, wanted)
        app.wait("details", lambda: details in app.ended)
        by_strike = {one.contract.strike: one.contract for one in app.details[details]}
        check(len(by_strike) >= 5, "too few contracts")
    with steps.step("bars"):
        days, minutes, head = next(requests), next(requests), next(requests)
        app.reqHistoricalData(days, stock, "", "1 Y", "1 day", "TRADES", 1, 1, False, [])
        app.reqHistoricalData(minutes, stock, "", "1 D", "1 min", "TRADES", 1, 1, False, [])
        app.wait("bars", lambda: {days, minutes} <= app.ended)
        check(len(app.bars[days]) > 240 and len(app.bars[minutes]) > 60, "too few bars")
        if app.serverVersion() >= 126:
            app.reqHeadTimeStamp(head, stock, "TRADES", 1, 1)
            app.wait("head timestamp", lambda: head in app.ended)
    with steps.step("quotes"):
        line = next(requests)
        app.reqMktData(line, stock, "", False, False, [])
        app.wait("quote", lambda: {(line, 1), (line, 2), (line, 4)} <= set(app.prices))
        first = app.prices[line, 4]
        app.wait("a quote that moves", lambda: app.prices[line, 4] != first)
        legs = [by_strike[one] for one in near(list(by_strike), app.prices[line, 4])]
        lines = [next(requests) for _ in legs]
        for one, leg in zip(lines, legs, strict=True):
            app.reqMktData(one, leg, "100,101", False, False, [])
        app.wait(
            "greeks",
            lambda: all(o in app.greeks and (o, 1) in app.prices for o in lines),
        )
    combo_legs = [
        filled_in(ComboLeg, conId=one.conId, ratio=1, action=action, exchange="SMART")
        for one, action in zip(legs, ("BUY", "SELL"), strict=True)
    ]
    bag = filled_in(
        Contract,
        symbol=SYMBOL,
        secType="BAG",
        exchange="SMART",
        currency="USD",
        comboLegs=combo_legs,
    )
    with steps.step("bag filled"):
        pays = cents(app.prices[lines[0], 2] - app.prices[lines[1], 1] + 0.10)
        app.placeOrder(app.ids(), bag, limit(2, pays, "preview", "DAY", what_if=True))
        app.wait("preview", lambda: "preview" in app.ended)
        check(0 <= float(app.margin) < 1e9, f"margin {app.margin!r}")
        filled = app.ids()
        app.placeOrder(filled, bag, limit(2, pays, "filled", "DAY"))
        app.wait("Filled", lambda: "Filled" in app.statuses.get(filled, ()))
        app.wait("executions", lambda: sorted(app.executions) == ["BAG", "OPT", "OPT"])
        app.wait("fees", lambda: sum(app.fees) > 0)
    with steps.step("modify"):
        resting = app.ids()
        app.placeOrder(resting, bag, limit(1, 0.05, "resting", "GTC"))
        app.wait("Submitted", lambda: "Submitted" in app.statuses.get(resting, ()))
        app.placeOrder(resting, bag, limit(1, 0.10, "resting", "GTC"))
        app.wait("the new price", lambda: app.open_orders[resting][0] == 0.10)
    with steps.step("cancel"):
        app.cancelOrder(resting)
        app.wait("Cancelled", lambda: "Cancelled" in app.statuses[resting])
        stays = app.ids()
        app.placeOrder(stays, bag, limit(1, 0.06, "stays", "GTC"))
        app.wait("Submitted", lambda: "Submitted" in app.statuses.get(stays, ()))
    with steps.step("reconnect"):
        check(reader.is_alive(), "the reader stopped")
        app.disconnect()
        time.sleep(0.5)
        perm_id = app.open_orders[stays][1]
        app, reader = connect(port, steps)
        app.reqOpenOrders()
        app.reqPositions()
        executions = next(requests)
        app.reqExecutions(executions, ExecutionFilter())
        app.wait("lists", lambda: {"open orders", "positions", executions} <= app.ended)
        if app.serverVersion() >= 150:
            app.reqCompletedOrders(False)
            app.wait("completed orders", lambda: "completed" in app.ended)
        check(app.open_orders == {stays: (0.06, perm_id)}, f"orders {app.open_orders}")
        check(sorted(app.executions) == ["BAG", "OPT", "OPT"], f"{app.executions}")
        check(app.positions == {one.conId for one in legs}, f"positions {app.positions}")
        app.cancelOrder(stays)
        app.wait("Cancelled", lambda: "Cancelled" in app.statuses[stays])
        check(reader.is_alive(), "the reader stopped")
    app.disconnect()


if __name__ == "__main__":
    ibapi.client.MIN_CLIENT_VER, ibapi.client.MAX_CLIENT_VER = int(sys.argv[2]), int(sys.argv[3])
    # Notices about farms are logged as errors, and come through the callback too.
    logging.getLogger("ibapi.wrapper").propagate = False
    steps = Steps(logging.WARNING)
    with contextlib.suppress(Failed):
        story(int(sys.argv[1]), steps)
    steps.report()
    sys.stdout.flush()
    # The library's reader of the socket would keep a failed run from ending.
    os._exit(0)
