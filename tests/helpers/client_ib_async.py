"""The ib_async client, run by itself: bars, a chain, a filled combo; prints JSON.

usage: client_ib_async.py PORT
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Callable

import ib_async


class Errors(logging.Handler):
    """Everything the library logs as an error: a frame it cannot decode, for one."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


async def until(holds: Callable[[], object], what: str) -> None:
    for _ in range(1000):
        if holds():
            return
        await asyncio.sleep(0.02)
    raise SystemExit(f"never: {what}")


async def main(port: int) -> None:
    errors = Errors()
    logging.getLogger().addHandler(errors)
    ib = ib_async.IB()
    await ib.connectAsync("127.0.0.1", port, clientId=11, timeout=10)
    stock = ib_async.Stock("AAPL", "SMART", "USD")
    await ib.qualifyContractsAsync(stock)
    bars = await ib.reqHistoricalDataAsync(stock, "", "1 Y", "1 day", "TRADES", True)
    chains = await ib.reqSecDefOptParamsAsync("AAPL", "", "STK", stock.conId)
    details = await ib.reqContractDetailsAsync(
        ib_async.Option("AAPL", "20220701", right="C", exchange="SMART", tradingClass="AAPL")
    )
    by_strike = {one.contract.strike: one.contract for one in details}
    line = ib.reqMktData(by_strike[100.0], "100,101", False, False)
    await until(lambda: line.modelGreeks, "greeks")
    bag = ib_async.Contract(
        secType="BAG",
        symbol="AAPL",
        exchange="SMART",
        currency="USD",
        comboLegs=[
            ib_async.ComboLeg(
                conId=by_strike[strike].conId, ratio=1, action=action, exchange="SMART"
            )
            for strike, action in ((100.0, "BUY"), (105.0, "SELL"))
        ],
    )
    preview = await ib.whatIfOrderAsync(bag, ib_async.MarketOrder("BUY", 1))
    trade = ib.placeOrder(bag, ib_async.MarketOrder("BUY", 1, orderRef="combo"))
    await until(lambda: trade.isDone() and len(trade.fills) == 3, "fill")
    await until(lambda: all(one.commissionReport.execId for one in trade.fills[1:]), "commissions")
    completed = await ib.reqCompletedOrdersAsync(False)
    print(
        json.dumps(
            {
                "server_version": ib.client.serverVersion(),
                "bars": [[str(bar.date), bar.open, bar.close, bar.volume] for bar in bars],
                "chain": chains[0].strikes,
                "expirations": chains[0].expirations,
                "details": sorted(by_strike),
                "ticks": {
                    "price1": line.bid,
                    "price2": line.ask,
                    "delta13": line.modelGreeks.delta,
                },
                "preview_commission": preview.commission,
                "statuses": [trade.orderStatus.status],
                "perm_id": trade.order.permId,
                "average_price": trade.orderStatus.avgFillPrice,
                "executions": [
                    [one.contract.secType, one.execution.side, one.execution.price]
                    for one in trade.fills
                ],
                "commissions": [one.commissionReport.commission for one in trade.fills[1:]],
                "positions": {one.contract.localSymbol: one.position for one in ib.positions()},
                "completed": len(completed),
                "errors": errors.texts,
            }
        )
    )
    ib.disconnect()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
