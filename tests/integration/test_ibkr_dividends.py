"""Dividends that TWS tells with a stock's quote, over the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal

import pytest

from tests.helpers.tiny_market import IN_SESSION, TinyClock, TinyMarket
from tests.helpers.wire_proxy import WireProxy
from vst_desktop.adapters.ibkr.broker import IbkrBroker
from vst_desktop.adapters.tws_sim.server import TwsServer
from vst_desktop.domain.events import CorporateEvent, EventKind
from vst_desktop.runtime.clock import HeldClock

STRING, DIVIDENDS, REQUEST_PARAMETERS = 46, 59, "81"


def run(told: str | None, job: Callable[[IbkrBroker, WireProxy], Awaitable[None]]) -> None:
    """A broker whose TWS tells this of dividends on every line."""

    async def main() -> None:
        server = TwsServer(TinyMarket(), TinyClock())
        wire = WireProxy(await server.start())

        def tell(fields: list[str]) -> bool:
            if fields[0] == REQUEST_PARAMETERS and told is not None:
                wire.say(STRING, 6, fields[1], DIVIDENDS, told)
            # the simulator's own market pays none
            return fields[0] == str(STRING) and fields[3] == str(DIVIDENDS)

        wire.swallow = tell
        broker = IbkrBroker(
            host="127.0.0.1",
            port=await wire.start(),
            client_id=17,
            account=None,
            allowed_accounts=(),
            messages_per_second=400,
            clock=HeldClock(IN_SESSION),
        )
        try:
            await broker.connect()
            await job(broker, wire)
        finally:
            await broker.close()
            await wire.stop()
            await server.stop()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("told", "day", "usd"),
    [
        ("0.96,1.00,20220815,0.25", date(2022, 8, 15), Decimal("0.25")),
        ("0.96,,20220815,", date(2022, 8, 15), None),
        ("0.96,1.00,20220815,0.0", date(2022, 8, 15), None),
    ],
)
def test_a_stocks_quote_brings_its_next_dividend(told: str, day: date, usd: Decimal | None) -> None:
    async def job(broker: IbkrBroker, _wire: WireProxy) -> None:
        assert broker.next_dividend("AAPL") is None
        await broker.stock_quote("AAPL")
        assert broker.next_dividend("AAPL") == CorporateEvent(
            kind=EventKind.EX_DIVIDEND, day=day, amount_usd=usd, source="IBKR"
        )
        assert broker.next_dividend("MSFT") is None

    run(told, job)


@pytest.mark.parametrize("told", [None, ",,,", "0.0,0.0,,"])
def test_nothing_told_is_not_known(told: str | None) -> None:
    async def job(broker: IbkrBroker, _wire: WireProxy) -> None:
        await broker.stock_quote("AAPL")
        assert broker.next_dividend("AAPL") is None

    run(told, job)


def test_a_streamed_stock_tells_it_too_and_it_outlives_the_line() -> None:
    async def job(broker: IbkrBroker, _wire: WireProxy) -> None:
        await broker.watch_stock("AAPL")
        for _ in range(400):
            if broker.next_dividend("AAPL"):
                break
            await asyncio.sleep(0.005)
        await broker.unwatch_stock("AAPL")
        event = broker.next_dividend("AAPL")
        assert event is not None and event.day == date(2022, 8, 15)

    run("0.96,1.00,20220815,0.25", job)
