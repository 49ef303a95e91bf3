"""The IBKR adapter when TWS, its servers or the wire misbehave."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.helpers.tiny_market import EXPIRATIONS, IN_SESSION, TinyClock, TinyMarket
from tests.helpers.wire_proxy import WireProxy
from vst_desktop.adapters.ibkr import connection, history, lines, orders, session
from vst_desktop.adapters.ibkr.broker import IbkrBroker
from vst_desktop.adapters.tws_sim.server import TwsServer
from vst_desktop.domain.bars import BarSeries
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import (
    BrokerOrder,
    BrokerStatus,
    Execution,
    OrderRejected,
    OrderTicket,
    OrderType,
    Purpose,
    Side,
)
from vst_desktop.domain.quotes import DataType, OptionContract, Right, StockQuote
from vst_desktop.domain.spreads import VerticalSpread
from vst_desktop.ports.broker import (
    BrokerEvent,
    BrokerNotice,
    ConnectionChanged,
    ConnectionState,
    MarketScan,
)
from vst_desktop.runtime.clock import HeldClock

OPEN_ORDER, ORDER_STATUS, CURRENT_TIME, CONTRACT, CONTRACT_END = "5", "3", "49", "10", "52"
NEXT_ID, ACCOUNT_END, OPEN_ORDER_END = "9", "54", "53"
EXECUTION, HISTORY, SCANNER_DATA = "11", "17", "20"


@dataclass
class Rig:
    """Adapter, faulty wire, simulator."""

    market: TinyMarket
    server: TwsServer
    wire: WireProxy
    broker: IbkrBroker
    clock: HeldClock
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


def run(
    job: Callable[[Rig], Awaitable[None]], *, connect: bool = True, at: datetime = IN_SESSION
) -> None:
    async def main() -> None:
        market = TinyMarket()
        server = TwsServer(market, TinyClock(at))
        wire = WireProxy(await server.start())
        clock = HeldClock(at)
        broker = IbkrBroker(
            host="127.0.0.1",
            port=await wire.start(),
            client_id=17,
            account=None,
            allowed_accounts=(),
            messages_per_second=400,
            clock=clock,
        )
        events: list[BrokerEvent] = []
        broker.subscribe(events.append)
        try:
            if connect:
                await broker.connect()
                events.clear()
            await job(Rig(market, server, wire, broker, clock, events))
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


def read_only(rig: Rig) -> Callable[[list[str]], bool]:
    """TWS with 'Read-Only API' ticked: open orders are refused without an id."""

    def swallow(fields: list[str]) -> bool:
        if fields[0] == OPEN_ORDER_END:
            rig.wire.error(-1, 321, "The API interface is currently in Read-Only mode.")
        return fields[0] == OPEN_ORDER_END

    return swallow


def test_a_read_only_api_gives_quotes_and_refuses_orders_with_the_setting_to_change() -> None:
    async def job(rig: Rig) -> None:
        rig.wire.swallow = read_only(rig)
        account = await rig.broker.connect()
        assert account.net_liquidation_usd
        assert rig.states == [ConnectionState.CONNECTING, ConnectionState.READ_ONLY]
        assert (await rig.broker.stock_quote("AAPL")).quote.bid == 99.99
        for refused in (rig.broker.place(rig.ticket()), rig.broker.book()):
            with pytest.raises(UserError, match="Read-Only API"):
                await refused
        assert not rig.server.exchange.working

    run(job, connect=False)


@pytest.mark.usefixtures("impatient")
def test_an_api_that_takes_orders_again_is_noticed() -> None:
    async def job(rig: Rig) -> None:
        rig.wire.swallow = read_only(rig)
        await rig.broker.connect()
        rig.wire.swallow = lambda fields: False
        await rig.until(lambda: rig.states[-1:] == [ConnectionState.READY], "orders again")
        assert (await rig.broker.place(rig.ticket())).perm_id

    run(job, connect=False)


def test_servers_lost_with_a_read_only_api_come_back_read_only() -> None:
    async def job(rig: Rig) -> None:
        rig.wire.swallow = read_only(rig)
        await rig.broker.connect()
        rig.wire.error(-1, 1100, "lost")
        rig.wire.error(-1, 1102, "restored")
        await rig.until(lambda: len(rig.states) == 4, "servers again")
        assert rig.states[2:] == [ConnectionState.UPSTREAM_LOST, ConnectionState.READ_ONLY]

    run(job, connect=False)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("end", "what"),
    [("62", "positions"), ("53", "open orders"), ("54", "account values"), ("55", "executions")],
)
def test_a_start_that_is_not_told_everything_is_none(
    end: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "SYNCHRONISE_SECS", 0.2)

    async def job(rig: Rig) -> None:
        rig.wire.swallow = lambda fields: fields[0] == end
        with pytest.raises(TimeoutError, match=what):
            await rig.broker.connect()
        assert rig.broker.state is ConnectionState.DISCONNECTED
        rig.wire.swallow = lambda fields: False
        await rig.broker.connect()

    run(job, connect=False)


def test_farms_that_are_lost_are_lamps_and_nothing_else() -> None:
    async def job(rig: Rig) -> None:
        rig.wire.error(-1, 2103, "Market data farm connection is broken:usopt")
        await rig.until(lambda: rig.broker.farms_down, "the lamp")
        assert rig.broker.farms_down == ("usopt",)
        assert rig.broker.state is ConnectionState.READY
        rig.wire.error(-1, 2104, "Market data farm connection is OK:usopt")
        await rig.until(lambda: not rig.broker.farms_down, "the lamp out")
        assert not rig.told(BrokerNotice)

    run(job)


def test_a_session_elsewhere_that_took_the_data_is_told_with_its_remedy() -> None:
    async def job(rig: Rig) -> None:
        rig.wire.error(-1, 10197, "No market data during competing live session")
        await rig.until(lambda: rig.told(BrokerNotice), "a notice")
        assert "log the other session out" in rig.told(BrokerNotice)[0].remedy

    run(job)


def test_what_tws_repeats_at_each_retry_is_told_once_until_it_was_silent_for_a_while() -> None:
    async def job(rig: Rig) -> None:
        async def refused_after(pause: timedelta) -> int:
            rig.clock.advance(rig.clock.now() + pause)
            rig.wire.error(-1, 10197, "No market data during competing live session")
            rig.wire.error(-1, 2103, "Market data farm connection is broken:usopt")
            await rig.until(lambda: rig.broker.farms_down, "both")
            rig.wire.error(-1, 2104, "Market data farm connection is OK:usopt")
            await rig.until(lambda: not rig.broker.farms_down, "both over")
            return len(rig.told(BrokerNotice))

        minutes = (0, 6, 6, 6, 11)
        assert [await refused_after(timedelta(minutes=one)) for one in minutes] == [1, 1, 1, 1, 2]

    run(job)


def test_a_loss_in_the_nightly_reset_is_planned() -> None:
    async def job(rig: Rig) -> None:
        rig.wire.error(-1, 1100, "lost")
        await rig.until(lambda: rig.states[-1:] == [ConnectionState.UPSTREAM_LOST], "the loss")
        told = rig.told(ConnectionChanged)[-1]
        assert told.planned and "00:45" in told.reason

    run(job, at=datetime(2022, 6, 2, 3, 50, tzinfo=UTC))


def test_the_same_loss_by_day_is_not_planned() -> None:
    async def job(rig: Rig) -> None:
        rig.wire.error(-1, 1100, "lost")
        await rig.until(lambda: rig.states[-1:] == [ConnectionState.UPSTREAM_LOST], "the loss")
        assert not rig.told(ConnectionChanged)[-1].planned

    run(job)


def test_executions_of_an_unknown_time_zone_are_not_lost() -> None:
    async def job(rig: Rig) -> None:
        def elsewhere(fields: list[str]) -> bool:
            if fields[0] == EXECUTION and "US/Eastern" in fields[15]:
                fields[15] = fields[15].replace("US/Eastern", "China Standard Time")
                rig.wire.say(*fields)
                return True
            return False

        rig.wire.swallow = elsewhere
        await rig.broker.place(rig.ticket("4"))
        await rig.until(lambda: len(rig.told(Execution)) == 3, "the fill and its legs")
        assert {one.quantity for one in rig.told(Execution)} == {1}
        (notice,) = rig.told(BrokerNotice)
        assert "China Standard Time" in notice.text and "US/Eastern" in notice.remedy
        assert len((await rig.broker.book()).executions) == 3
        assert rig.broker.unreadable[11] == 6

    run(job)


def test_what_cannot_be_read_is_counted_and_told_once() -> None:
    async def job(rig: Rig) -> None:
        for _ in range(5):
            rig.wire.say("1", "6", "x", "y")
        rig.wire.say("no number")
        await rig.until(lambda: rig.broker.unreadable[-1], "the last of them")
        assert rig.broker.unreadable == {1: 5, -1: 1}
        assert len(rig.told(BrokerNotice)) == 2
        await rig.broker.barrier()

    run(job)


def test_delayed_ticks_make_a_line_delayed_whatever_tws_called_it() -> None:
    async def job(rig: Rig) -> None:
        later = {"1": "66", "2": "67", "4": "68", "9": "75"}

        def delayed(fields: list[str]) -> bool:
            if fields[0] == "1" and fields[3] in later:
                fields[3] = later[fields[3]]
                rig.wire.say(*fields)
                return True
            return False

        rig.wire.swallow = delayed
        quote = await rig.broker.stock_quote("AAPL")
        assert quote.quote.bid == 99.99 and quote.quote.data_type is DataType.DELAYED

    run(job)


@pytest.mark.usefixtures("impatient")
def test_a_combo_without_a_tick_has_the_coarser_one_of_its_legs_rules() -> None:
    async def job(rig: Rig) -> None:
        rig.wire.swallow = lambda fields: fields[0] == "81"
        spread = rig.ticket().spread
        assert await rig.broker.combo_tick(spread) == Decimal("0.01")

    run(job)


def test_a_preview_tells_margin_and_commission_and_sends_nothing() -> None:
    async def job(rig: Rig) -> None:
        told = await rig.broker.preview(rig.ticket("1.67"))
        assert told.initial_margin_change is not None
        assert told.commission_usd == Decimal("1.30")
        assert not rig.server.exchange.working and not rig.told(BrokerOrder)
        with pytest.raises(UserError, match="110"):
            await rig.broker.preview(rig.ticket("0.5003"))

    run(job)


@pytest.mark.usefixtures("impatient")
def test_a_preview_that_came_too_early_is_asked_for_again() -> None:
    async def job(rig: Rig) -> None:
        seen: list[str] = []

        def early(fields: list[str]) -> bool:
            if fields[0] != OPEN_ORDER or seen:
                return False
            seen.extend(fields)
            margins = fields.index("PreSubmitted") + 1
            fields[margins : margins + 9] = ["1.7976931348623157E308"] * 9
            rig.wire.say(*fields)
            return True

        rig.wire.swallow = early
        told = await rig.broker.preview(rig.ticket("1.67"))
        assert seen and told.initial_margin_change is not None

    run(job)


def test_the_market_scanner_gives_stocks_by_price_most_traded_first() -> None:
    async def job(rig: Rig) -> None:
        wanted = MarketScan(min_market_cap_usd=1e10, min_price_usd=150, min_volume=1e6)
        found = await rig.broker.market_scan(wanted)
        assert found.symbols == ("MSFT",)
        everything = await rig.broker.market_scan(replace(wanted, min_price_usd=1))
        assert set(everything.symbols) == {"AAPL", "MSFT"}

    run(job)


def test_what_the_market_scanner_drops_for_its_unknown_size_is_named() -> None:
    async def job(rig: Rig) -> None:
        scans = 0

        def small(fields: list[str]) -> bool:
            nonlocal scans
            if fields[0] == SCANNER_DATA:
                scans += 1
                if scans <= 5:
                    rig.wire.say("20", "3", fields[2], "0")
                    return True
            return False

        rig.wire.swallow = small
        wanted = MarketScan(min_market_cap_usd=1e10, min_price_usd=1, min_volume=0)
        found = await rig.broker.market_scan(wanted)
        assert not found.symbols and {name for name, _ in found.excluded} == {"AAPL", "MSFT"}
        assert "10,000,000,000" in found.excluded[0][1]

    run(job)


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


def test_bars_asked_for_too_fast_are_asked_for_again_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(history, "PACING_SECS", (0.01, 0.02))

    async def job(rig: Rig) -> None:
        refusals = ["pacing violation", "Historical Market Data Service pacing violation"]

        def too_fast(fields: list[str]) -> bool:
            if fields[0] != HISTORY or not refusals:
                return False
            rig.wire.error(int(fields[1]), 162, refusals.pop())
            return True

        rig.wire.swallow = too_fast
        got: list[BarSeries] = []
        assert not await rig.broker.daily_bars(["AAPL"], sessions=20, on_bars=got.append)
        assert len(got) == 1 and not refusals

    run(job)


def test_bars_that_are_refused_for_another_reason_are_not_asked_for_again() -> None:
    async def job(rig: Rig) -> None:
        asked = 0

        def refuse(fields: list[str]) -> bool:
            nonlocal asked
            if fields[0] == HISTORY:
                asked += 1
                rig.wire.error(int(fields[1]), 162, "No market data permissions for NASDAQ")
            return fields[0] == HISTORY

        rig.wire.swallow = refuse
        (failed,) = await rig.broker.daily_bars(["AAPL"], sessions=20, on_bars=lambda _: None)
        assert "permissions" in failed.error and asked == 1

    run(job)
