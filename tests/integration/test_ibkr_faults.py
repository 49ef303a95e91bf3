"""The IBKR adapter when TWS, its servers or the wire misbehave."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.helpers.tiny_market import EXPIRATIONS, IN_SESSION, TinyClock, TinyMarket
from tests.helpers.wire_proxy import WireProxy
from vst_desktop.adapters.ibkr import connection, lines, orders, session
from vst_desktop.adapters.ibkr.broker import IbkrBroker
from vst_desktop.adapters.tws_sim.server import TwsServer
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import (
    BrokerOrder,
    BrokerStatus,
    OrderRejected,
    OrderTicket,
    OrderType,
    Purpose,
    Side,
)
from vst_desktop.domain.quotes import OptionContract, Right, StockQuote
from vst_desktop.domain.spreads import VerticalSpread
from vst_desktop.ports.broker import BrokerEvent, ConnectionChanged, ConnectionState
from vst_desktop.runtime.clock import HeldClock

OPEN_ORDER, ORDER_STATUS, CURRENT_TIME, CONTRACT, CONTRACT_END = "5", "3", "49", "10", "52"
NEXT_ID, ACCOUNT_END = "9", "54"


@dataclass
class Rig:
    """Adapter, faulty wire, simulator."""

    market: TinyMarket
    server: TwsServer
    wire: WireProxy
    broker: IbkrBroker
    events: list[BrokerEvent]

    async def until(self, holds: Callable[[], Any], what: str) -> None:
        for _ in range(1200):
            if holds():
                return
            await asyncio.sleep(0.005)
        raise AssertionError(f"never: {what}; told: {self.events[-5:]}")

    def told[T](self, kind: type[T]) -> list[T]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def states(self) -> list[ConnectionState]:
        return [event.state for event in self.told(ConnectionChanged)]

    def ticket(self, limit: str = "0.5") -> OrderTicket:
        long, short = (
            OptionContract(
                symbol="AAPL",
                expiration=EXPIRATIONS[0],
                strike=Decimal(strike),
                right=Right.CALL,
                con_id=self.market.option(strike).con_id,
                trading_class="AAPL",
            )
            for strike in (100, 105)
        )
        return OrderTicket(
            order_ref="vst-1",
            account="DU1234567",
            purpose=Purpose.ENTRY,
            side=Side.BUY,
            order_type=OrderType.LIMIT,
            spread=VerticalSpread(long=long, short=short),
            quantity=1,
            limit_price=Decimal(limit),
            tick=Decimal("0.01"),
        )


def run(job: Callable[[Rig], Awaitable[None]], *, connect: bool = True) -> None:
    async def main() -> None:
        market = TinyMarket()
        server = TwsServer(market, TinyClock())
        wire = WireProxy(await server.start())
        broker = IbkrBroker(
            host="127.0.0.1",
            port=await wire.start(),
            client_id=17,
            account=None,
            allowed_accounts=(),
            messages_per_second=400,
            clock=HeldClock(IN_SESSION),
        )
        events: list[BrokerEvent] = []
        broker.subscribe(events.append)
        try:
            if connect:
                await broker.connect()
                events.clear()
            await job(Rig(market, server, wire, broker, events))
        finally:
            await broker.close()
            await wire.stop()
            await server.stop()

    asyncio.run(main())


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fractions of the seconds that a real TWS is given."""
    monkeypatch.setattr(connection, "HEARTBEAT_SECS", 0.05)
    monkeypatch.setattr(connection, "FIRST_BACKOFF_SECS", 0.02)
    monkeypatch.setattr(orders, "ACKNOWLEDGE_SECS", 0.2)
    monkeypatch.setattr(orders, "REASON_SECS", 0.05)
    monkeypatch.setattr(session, "CONNECT_SECS", 0.3)


# -- the connection


def test_servers_lost_upstream_forbid_orders_until_they_are_back_with_all_lines() -> None:
    async def job(rig: Rig) -> None:
        await rig.broker.watch_stock("AAPL")
        await rig.until(lambda: rig.told(StockQuote), "a quote")
        rig.wire.error(-1, 1100, "Connectivity between IBKR and TWS has been lost.")
        await rig.until(lambda: rig.states, "the loss")
        assert rig.broker.state is ConnectionState.UPSTREAM_LOST
        with pytest.raises(UserError, match="UPSTREAM_LOST"):
            await rig.broker.place(rig.ticket())
        rig.events.clear()
        rig.wire.error(-1, 1101, "Connectivity restored - data lost.")
        await rig.until(lambda: rig.broker.state is ConnectionState.READY, "restored")
        await rig.until(lambda: rig.told(StockQuote), "a quote of the new line")
        assert (await rig.broker.place(rig.ticket())).perm_id

    run(job)


def test_farm_notices_change_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def job(rig: Rig) -> None:
        for code in (2104, 2106, 2107, 2158, 2103, 2105):
            rig.wire.error(-1, code, "Market data farm connection:usfarm")
        await rig.broker.barrier()
        assert rig.broker.state is ConnectionState.READY and not rig.states
        assert not [one for one in caplog.records if one.levelname not in ("DEBUG", "INFO")]

    run(job)


@pytest.mark.usefixtures("impatient")
def test_a_server_that_falls_silent_is_left_and_dialled_again() -> None:
    async def job(rig: Rig) -> None:
        rig.wire.silent = True
        await rig.until(lambda: ConnectionState.DISCONNECTED in rig.states, "the loss")
        rig.wire.silent = False
        await rig.until(lambda: rig.broker.state is ConnectionState.READY, "connected again")
        await rig.broker.barrier()
        assert rig.wire.accepted >= 2

    run(job)


@pytest.mark.usefixtures("impatient")
def test_a_flapping_wire_leaves_one_connection() -> None:
    async def job(rig: Rig) -> None:
        for _ in range(3):
            rig.events.clear()
            rig.wire.cut()
            await rig.until(lambda: rig.states[-1:] == [ConnectionState.READY], "connected again")
        await rig.broker.barrier()
        assert rig.wire.accepted == 4
        assert len(rig.server.sessions) == 1

    run(job)


@pytest.mark.usefixtures("impatient")
def test_a_server_that_takes_the_connection_and_says_nothing_is_given_up() -> None:
    async def job(rig: Rig) -> None:
        rig.wire.silent = True
        with pytest.raises(TimeoutError, match="did not answer"):
            await rig.broker.connect()
        assert rig.broker.state is ConnectionState.DISCONNECTED
        rig.wire.silent = False
        await rig.broker.connect()

    run(job, connect=False)


def test_a_read_only_api_is_told_with_the_setting_to_change() -> None:
    async def job(rig: Rig) -> None:
        def swallow(fields: list[str]) -> bool:
            if fields[0] == "53":
                rig.wire.error(-1, 321, "The API interface is currently in Read-Only mode.")
                return True
            return False

        rig.wire.swallow = swallow
        with pytest.raises(UserError, match="Read-Only API"):
            await rig.broker.connect()

    run(job, connect=False)


def test_a_server_that_hangs_up_during_the_handshake_is_told() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        broker = IbkrBroker(
            host="127.0.0.1",
            port=server.sockets[0].getsockname()[1],
            client_id=17,
            account=None,
            allowed_accounts=(),
            messages_per_second=50,
            clock=HeldClock(IN_SESSION),
        )
        with pytest.raises(UserError, match="closed the connection"):
            await broker.connect()
        server.close()
        await server.wait_closed()

    asyncio.run(main())


async def stuck(rig: Rig, message: str) -> asyncio.Task[object]:
    """A connect that waits for a message which the server sent and the wire lost."""
    lost = asyncio.Event()

    def swallow(fields: list[str]) -> bool:
        if fields[0] == message:
            lost.set()
        return fields[0] == message

    rig.wire.swallow = swallow
    connecting: asyncio.Task[object] = asyncio.create_task(rig.broker.connect())
    await lost.wait()
    return connecting


WHILE_CONNECTING = pytest.mark.parametrize(
    "message", [NEXT_ID, ACCOUNT_END, CURRENT_TIME], ids=["handshake", "account", "time"]
)


@WHILE_CONNECTING
def test_a_close_while_connecting_ends_the_attempt(message: str) -> None:
    async def job(rig: Rig) -> None:
        connecting = await stuck(rig, message)
        await rig.broker.close()
        with pytest.raises(UserError, match="closed while it was connecting"):
            await connecting
        assert rig.broker.state is ConnectionState.DISCONNECTED
        await rig.until(lambda: not rig.server.sessions, "the server to be left")

    run(job, connect=False)


@WHILE_CONNECTING
def test_a_connect_that_is_cancelled_leaves_the_server_and_may_be_made_again(message: str) -> None:
    async def job(rig: Rig) -> None:
        connecting = await stuck(rig, message)
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
        assert rig.states == [ConnectionState.CONNECTING, ConnectionState.DISCONNECTED]
        await rig.until(lambda: not rig.server.sessions, "the server to be left")
        rig.wire.swallow = lambda fields: False
        await rig.broker.connect()
        assert rig.states[-1] is ConnectionState.READY

    run(job, connect=False)


@pytest.mark.usefixtures("impatient")
def test_a_watch_that_fails_keeps_nobody_from_the_broker_and_is_tried_again() -> None:
    async def job(rig: Rig) -> None:
        await rig.broker.watch_stock("AAPL")

        def unknown(fields: list[str]) -> bool:
            if fields[0] == CONTRACT:
                rig.wire.error(int(fields[1]), 200, "No security definition has been found")
            return fields[0] in (CONTRACT, CONTRACT_END)

        rig.wire.swallow = unknown
        rig.events.clear()
        rig.wire.cut()
        await rig.until(lambda: rig.states[-1:] == [ConnectionState.READY], "connected again")
        assert not rig.told(StockQuote)
        rig.wire.swallow = lambda fields: False
        await rig.until(lambda: rig.told(StockQuote), "quotes of the watch")
        assert rig.wire.accepted == 2

    run(job)


@pytest.mark.usefixtures("impatient")
def test_a_fault_while_reconnecting_is_logged_and_does_not_end_the_attempts(
    monkeypatch: pytest.MonkeyPatch, caplog_allowed: pytest.LogCaptureFixture
) -> None:
    async def job(rig: Rig) -> None:
        real = IbkrBroker._snapshot

        def fail_once(*_: Any) -> Any:
            monkeypatch.setattr(IbkrBroker, "_snapshot", real)
            raise ValueError("a bug of ours")

        monkeypatch.setattr(IbkrBroker, "_snapshot", fail_once)
        rig.wire.cut()
        await rig.until(lambda: rig.states[-1:] == [ConnectionState.READY], "connected again")
        assert "a bug of ours" in caplog_allowed.text
        assert len(rig.server.sessions) == 1

    run(job)


def test_waiting_for_a_turn_counts_as_waiting_for_the_answer() -> None:
    async def job(rig: Rig) -> None:
        rig.wire.swallow = lambda fields: fields[0] == CURRENT_TIME
        opened = rig.broker._connection.ready()
        ask = opened.ib.reqCurrentTimeAsync
        async with asyncio.timeout(0.5):
            answers = await asyncio.gather(
                *(opened.alone(ask, "time", 0.2) for _ in range(5)), return_exceptions=True
            )
        assert all(isinstance(answer, TimeoutError) for answer in answers)

    run(job)


# -- orders


@pytest.mark.usefixtures("impatient")
def test_an_order_that_nobody_acknowledges_is_unknown_not_refused() -> None:
    async def job(rig: Rig) -> None:
        rig.wire.swallow = lambda fields: fields[0] in (OPEN_ORDER, ORDER_STATUS)
        with pytest.raises(TimeoutError, match="vst-1"):
            await rig.broker.place(rig.ticket())
        assert not rig.told(OrderRejected)
        rig.wire.swallow = lambda fields: False
        (working,) = (await rig.broker.book()).open_orders
        assert working.order_ref == "vst-1"

    run(job)


def test_a_connection_lost_before_the_acknowledgement_is_unknown_too() -> None:
    async def job(rig: Rig) -> None:
        rig.wire.swallow = lambda fields: fields[0] in (OPEN_ORDER, ORDER_STATUS)
        placing = asyncio.ensure_future(rig.broker.place(rig.ticket()))
        await rig.until(lambda: rig.server.exchange.working, "the order at the broker")
        rig.wire.cut()
        with pytest.raises(TimeoutError, match="connection was lost"):
            await placing

    run(job)


@pytest.mark.parametrize("code", [399, 404, 10349, 10311, 2109])
def test_a_note_about_an_order_leaves_it_working(code: int) -> None:
    async def job(rig: Rig) -> None:
        placed = await rig.broker.place(rig.ticket())
        rig.events.clear()
        rig.wire.error(placed.order_id, code, "a note")
        await rig.broker.barrier()
        assert not rig.told(OrderRejected) and not rig.told(BrokerOrder)
        changed = replace(rig.ticket(), limit_price=Decimal("0.7"))
        await rig.broker.modify(placed.order_id, changed)
        (working,) = (await rig.broker.book()).open_orders
        assert working.status is BrokerStatus.SUBMITTED
        assert working.limit_price == Decimal("0.7")

    run(job)


def test_a_refusal_after_the_acknowledgement_comes_as_an_event() -> None:
    async def job(rig: Rig) -> None:
        placed = await rig.broker.place(rig.ticket())
        rig.wire.error(placed.order_id, 201, "Order rejected - reason: margin")
        await rig.broker.barrier()
        (refused,) = rig.told(OrderRejected)
        assert (refused.code, refused.order_ref) == (201, "vst-1")
        assert "margin" in refused.text

    run(job)


def test_a_change_that_is_refused_leaves_the_order_as_it_was() -> None:
    async def job(rig: Rig) -> None:
        placed = await rig.broker.place(rig.ticket())
        with pytest.raises(UserError, match=r"refused the change \(110\)"):
            await rig.broker.modify(
                placed.order_id, replace(rig.ticket(), limit_price=Decimal("0.7003"))
            )
        assert not rig.told(OrderRejected)
        (working,) = (await rig.broker.book()).open_orders
        assert working.limit_price == Decimal("0.5")

    run(job)


@pytest.mark.usefixtures("impatient")
def test_a_status_that_still_has_the_old_limit_is_no_answer_to_a_change() -> None:
    async def job(rig: Rig) -> None:
        placed = await rig.broker.place(rig.ticket())
        await rig.broker.barrier()
        rig.events.clear()
        rig.wire.swallow = lambda fields: fields[0] == OPEN_ORDER
        with pytest.raises(TimeoutError):
            await rig.broker.modify(placed.order_id, rig.ticket("0.7"))
        assert {told.limit_price for told in rig.told(BrokerOrder)} == {Decimal("0.5")}

    run(job)


def test_a_cancel_that_comes_too_late_is_no_refusal() -> None:
    async def job(rig: Rig) -> None:
        placed = await rig.broker.place(rig.ticket("4"))
        await rig.broker.cancel(placed.order_id)
        await rig.broker.barrier()
        assert not rig.told(OrderRejected)
        assert rig.told(BrokerOrder)[-1].status is BrokerStatus.FILLED

    run(job)


def test_tomorrows_session_cancels_the_order_of_today() -> None:
    async def job(rig: Rig) -> None:
        placed = await rig.broker.place(rig.ticket())
        rig.wire.cut()
        await rig.until(lambda: rig.states[-1:] == [ConnectionState.READY], "connected again")
        (working,) = (await rig.broker.book()).open_orders
        assert working.order_id == placed.order_id and working.perm_id == placed.perm_id
        await rig.broker.cancel(working.order_id)
        await rig.until(
            lambda: rig.told(BrokerOrder)[-1].status is BrokerStatus.CANCELLED, "cancelled"
        )

    run(job)


@pytest.mark.usefixtures("impatient")
def test_a_change_refused_after_nobody_waits_any_more_kills_no_order() -> None:
    async def job(rig: Rig) -> None:
        placed = await rig.broker.place(rig.ticket())
        rig.wire.swallow = lambda fields: fields[0] in (OPEN_ORDER, ORDER_STATUS)
        with pytest.raises(TimeoutError):
            await rig.broker.modify(
                placed.order_id, replace(rig.ticket(), limit_price=Decimal("0.7"))
            )
        rig.wire.swallow = lambda fields: False
        for code in (110, 320, 321):
            rig.wire.error(placed.order_id, code, "a late answer")
        await rig.broker.barrier()
        assert not rig.told(OrderRejected)
        assert (await rig.broker.book()).open_orders

    run(job)


def test_an_order_for_contracts_that_tws_does_not_find_is_refused() -> None:
    async def job(rig: Rig) -> None:
        told: list[str] = []

        def unknown(fields: list[str]) -> bool:
            if fields[0] == OPEN_ORDER and not told:
                told.append(fields[1])
                rig.wire.error(int(fields[1]), 200, "No security definition has been found")
            return fields[0] in (OPEN_ORDER, ORDER_STATUS)

        rig.wire.swallow = unknown
        with pytest.raises(UserError, match="200"):
            await rig.broker.place(rig.ticket())
        assert [refused.code for refused in rig.told(OrderRejected)] == [200]

    run(job)


@pytest.mark.usefixtures("impatient")
def test_an_id_of_yesterdays_order_may_come_again_as_one_of_a_request() -> None:
    async def job(rig: Rig) -> None:
        placed = await rig.broker.place(rig.ticket())
        await rig.broker.cancel(placed.order_id)
        await rig.broker.barrier()
        rig.wire.cut()
        await rig.until(lambda: rig.states[-1:] == [ConnectionState.READY], "connected again")
        rig.events.clear()
        rig.wire.error(placed.order_id, 321, "about a request of the new session")
        await rig.broker.barrier()
        assert not rig.told(OrderRejected)

    run(job)


# -- data


def test_day_values_that_come_after_the_prices_are_waited_for() -> None:
    async def job(rig: Rig) -> None:
        def later(fields: list[str]) -> bool:
            late = fields[0] == "1" and fields[3] in ("6", "7", "14")
            late = late or (fields[0] == "2" and fields[3] == "8")
            if late:
                asyncio.get_running_loop().call_later(0.05, lambda: rig.wire.say(*fields))
            return late

        rig.wire.swallow = later
        quote = await rig.broker.stock_quote("AAPL")
        assert (quote.day_open, quote.day_high, quote.day_low) == (99, 102, 98)
        assert quote.day_volume

    run(job)


def test_legs_about_to_be_traded_do_not_wait_long_for_greeks() -> None:
    async def job(rig: Rig) -> None:
        rig.wire.swallow = lambda fields: fields[0] == "21"
        async with asyncio.timeout(2):
            long, short = await rig.broker.option_quotes(rig.ticket().spread)
        assert long.quote and long.quote.mid and short.quote and short.quote.mid
        assert long.delta is None

    run(job)


def test_a_line_that_is_refused_is_told_at_once() -> None:
    async def job(rig: Rig) -> None:
        def swallow(fields: list[str]) -> bool:
            if fields[0] in ("1", "2", "45", "46", "58", "81"):
                number = 2 if fields[0] in ("1", "2", "45", "46", "58") else 1
                rig.wire.error(int(fields[number]), 354, "not subscribed")
                return True
            return False

        rig.wire.swallow = swallow
        with pytest.raises(UserError, match="354"):
            async with asyncio.timeout(2):
                await rig.broker.stock_quote("AAPL")

    run(job)


def test_a_note_about_a_line_does_not_end_it() -> None:
    async def job(rig: Rig) -> None:
        told: list[int] = []

        def tell_first(fields: list[str]) -> bool:
            if fields[0] == "58":
                told.append(int(fields[2]))
                rig.wire.error(told[-1], 10167, "Displaying delayed market data.")
            return False

        rig.wire.swallow = tell_first
        quote = await rig.broker.stock_quote("AAPL")
        assert told and quote.quote.bid == 99.99

    run(job)


def test_answers_that_never_come_end_in_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session.Session.answer, "__defaults__", (0.1,))

    async def job(rig: Rig) -> None:
        rig.wire.swallow = lambda fields: fields[0] == CONTRACT_END
        with pytest.raises(TimeoutError, match="details of AAPL"):
            await rig.broker.option_chain(
                "AAPL",
                right=Right.CALL,
                dte=(20, 60),
                today=date(2022, 6, 1),
                reach=1,
                max_contracts=4,
            )

    run(job)


def test_more_quotes_than_lines_wait_for_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_LINES", 4)
    monkeypatch.setattr(lines, "WATCH_RESERVE", 1)

    async def job(rig: Rig) -> None:
        most = 0

        def count(fields: list[str]) -> bool:
            nonlocal most
            most = max(most, *(one.market_data_lines for one in rig.server.sessions))
            return False

        rig.wire.swallow = count
        chain = await rig.broker.option_chain(
            "AAPL",
            right=Right.CALL,
            dte=(20, 60),
            today=date(2022, 6, 1),
            reach=5,
            max_contracts=10,
        )
        assert sum(one.quote is not None for one in chain.quotes) == 10
        assert 0 < most <= 3

    run(job)
