"""ib_insync or ib_async, run by itself.

usage: ib_client.py LIBRARY PORT LOWEST HIGHEST   (the versions it says it speaks)
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import sys
from collections.abc import Callable
from typing import Any

from steps import WITHIN_SECS, Failed, Steps, cents, check, near

SYMBOL = "SPY"
CLIENT_ID = 11


async def until(holds: Callable[[], object], what: str) -> None:
    """Wait for something."""
    ends = asyncio.get_running_loop().time() + WITHIN_SECS
    while not holds():
        check(asyncio.get_running_loop().time() < ends, f"never: {what}")
        await asyncio.sleep(0.02)


async def main(lib: Any, port: int, lowest: int, highest: int) -> Steps:
    steps = Steps(logging.ERROR)
    ib = lib.IB()
    with contextlib.suppress(Failed):
        await story(lib, ib, steps, port, (lowest, highest))
    ib.disconnect()
    return steps


async def connect(lib: Any, port: int, versions: tuple[int, int]) -> Any:
    ib = lib.IB()
    ib.client.MinClientVersion, ib.client.MaxClientVersion = versions
    await ib.connectAsync("127.0.0.1", port, clientId=CLIENT_ID, timeout=15)
    return ib


async def story(lib: Any, ib: Any, steps: Steps, port: int, versions: tuple[int, int]) -> None:
    with steps.step("connect"):
        ib = await connect(lib, port, versions)
        steps.server_version = ib.client.serverVersion()
        check(ib.managedAccounts(), "no account")
    stock = lib.Stock(SYMBOL, "SMART", "USD")
    with steps.step("chain"):
        check(await ib.qualifyContractsAsync(stock), "stock not found")
        chains = await ib.reqSecDefOptParamsAsync(SYMBOL, "", "STK", stock.conId)
        check(chains and chains[0].strikes, "no chain")
    with steps.step("details"):
        expiration = sorted(chains[0].expirations)[3]
        wanted = lib.Option(
            SYMBOL, expiration, right="C", exchange="SMART", tradingClass=chains[0].tradingClass
        )
        details = await ib.reqContractDetailsAsync(wanted)
        by_strike = {one.contract.strike: one.contract for one in details}
        check(len(by_strike) >= 5 and details[0].minTick > 0, "too few contracts")
    with steps.step("bars"):
        bars = await ib.reqHistoricalDataAsync(stock, "", "1 Y", "1 day", "TRADES", True)
        minutes = await ib.reqHistoricalDataAsync(stock, "", "1 D", "1 min", "TRADES", True)
        check(len(bars) > 240 and len(minutes) > 60, "too few bars")
        head = await ib.reqHeadTimeStampAsync(stock, "TRADES", True, 1)
        check(head, "no head timestamp")
    with steps.step("quotes"):
        line = ib.reqMktData(stock, "", False, False)
        await until(lambda: line.bid > 0 and line.ask >= line.bid, "quote")
        seen = {line.last}
        await until(lambda: seen.add(line.last) or len(seen) > 1, "a quote that moves")
        low, high = near(list(by_strike), line.marketPrice())
        legs = [by_strike[low], by_strike[high]]
        options = [ib.reqMktData(one, "100,101", False, False) for one in legs]
        await until(lambda: all(o.bid > 0 and o.modelGreeks for o in options), "greeks")
    bag = lib.Contract(
        secType="BAG",
        symbol=SYMBOL,
        exchange="SMART",
        currency="USD",
        comboLegs=[
            lib.ComboLeg(conId=one.conId, ratio=1, action=action, exchange="SMART")
            for one, action in zip(legs, ("BUY", "SELL"), strict=True)
        ],
    )
    with steps.step("bag filled"):
        pays = cents(options[0].ask - options[1].bid + 0.10)
        order = lib.LimitOrder("BUY", 2, pays, orderRef="filled", tif="DAY")
        preview = await ib.whatIfOrderAsync(bag, order)
        check(float(preview.initMarginChange) < 1e9, f"preview {preview}")
        filled = ib.placeOrder(bag, order)
        await until(lambda: filled.orderStatus.status == "Filled", "Filled")
        await until(lambda: len(filled.fills) >= 3 and filled.filled() == 2, "three executions")
        await until(lambda: sum(f.commissionReport.commission for f in filled.fills) > 0, "fees")
    with steps.step("modify"):
        resting = lib.LimitOrder("BUY", 1, 0.05, orderRef="resting", tif="GTC")
        trade = ib.placeOrder(bag, resting)
        await until(lambda: trade.orderStatus.status == "Submitted", "Submitted")
        resting.lmtPrice = 0.10
        ib.placeOrder(bag, resting)
        # It shows its own copy of the price: only what the server lists says that it was taken.
        found = await ib.reqAllOpenOrdersAsync()
        prices = {getattr(one, "order", one).lmtPrice for one in found}
        check(prices == {0.10}, f"open orders at {prices}")
    with steps.step("cancel"):
        ib.cancelOrder(resting)
        await until(lambda: trade.orderStatus.status == "Cancelled", "Cancelled")
        stays = ib.placeOrder(bag, lib.LimitOrder("BUY", 1, 0.06, orderRef="stays", tif="GTC"))
        await until(lambda: stays.orderStatus.status == "Submitted", "Submitted")
        await until(lambda: stays.order.permId > 0, "a permanent id")
    with steps.step("reconnect"):
        perm_id, positions = stays.order.permId, {p.contract.conId for p in ib.positions()}
        ib.disconnect()
        await asyncio.sleep(0.5)
        ib = await connect(lib, port, versions)
        orders = ib.openOrders()
        check([one.permId for one in orders] == [perm_id], f"orders {orders}")
        check(len(ib.fills()) == 3, f"{len(ib.fills())} executions")
        check({p.contract.conId for p in ib.positions()} == positions, "other positions")
        ib.cancelOrder(ib.openTrades()[0].order)
        await until(lambda: not ib.openTrades(), "cancelled")
    ib.disconnect()


if __name__ == "__main__":
    library = importlib.import_module(sys.argv[1])
    asyncio.run(main(library, *(int(word) for word in sys.argv[2:5]))).report()
