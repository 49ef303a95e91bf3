"""The broker's port, kept by the IBKR adapter against the simulator on a real socket."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from tests.helpers.tiny_market import EXPIRATIONS, IN_SESSION, TinyMarket
from vst_desktop.adapters.ibkr import library
from vst_desktop.adapters.ibkr.broker import IbkrBroker
from vst_desktop.adapters.tws_sim.matching import Matching
from vst_desktop.adapters.tws_sim.server import TwsServer
from vst_desktop.domain.bars import BarSeries
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import (
    BrokerOrder,
    BrokerStatus,
    Commission,
    Execution,
    OrderRejected,
    OrderTicket,
    OrderType,
    Purpose,
    Side,
)
from vst_desktop.domain.quotes import DataType, OptionContract, OptionQuote, Right, StockQuote
from vst_desktop.domain.spreads import VerticalSpread
from vst_desktop.ports.broker import (
    AccountChanged,
    Broker,
    BrokerEvent,
    ConnectionChanged,
    ConnectionState,
)
from vst_desktop.runtime.clock import HeldClock

ACCOUNT = "DU1234567"
TODAY = date(2022, 6, 1)


@dataclass
class Rig:
    """A simulator with a broker connected to it, and everything the broker told."""

    market: TinyMarket
    clock: HeldClock
    server: TwsServer
    port: int
    broker: IbkrBroker
    events: list[BrokerEvent]

    async def until(self, holds: Callable[[], Any], what: str) -> None:
        """Wait until something holds; the sockets are real, so let the loop turn."""
        for _ in range(1200):
            if holds():
                return
            await asyncio.sleep(0.005)
        raise AssertionError(f"never: {what}; told: {self.events[-5:]}")

    def told[T](self, kind: type[T]) -> list[T]:
        """The events of one kind so far."""
        return [event for event in self.events if isinstance(event, kind)]

    def spread(self, long: float = 100, short: float = 105) -> VerticalSpread:
        """A bull call of the first expiration."""
        return VerticalSpread(long=self._option(long), short=self._option(short))

    def _option(self, strike: float) -> OptionContract:
        known = self.market.option(strike)
        return OptionContract(
            symbol="AAPL",
            expiration=EXPIRATIONS[0],
            strike=Decimal(str(strike)),
            right=Right.CALL,
            con_id=known.con_id,
            trading_class="AAPL",
        )


def new_broker(port: int, clock: HeldClock, **options: Any) -> IbkrBroker:
    settings: dict[str, Any] = {
        "client_id": 17,
        "account": None,
        "allowed_accounts": (),
        "messages_per_second": 400,
    }
    return IbkrBroker(host="127.0.0.1", port=port, clock=clock, **(settings | options))


def run(
    job: Callable[[Rig], Awaitable[None]],
    *,
    connect: bool = True,
    at: datetime = IN_SESSION,
    accounts: Sequence[str] = (ACCOUNT,),
    matching: Matching | None = None,
    **options: Any,
) -> None:
    async def main() -> None:
        market, clock = TinyMarket(), HeldClock(at)
        server = TwsServer(market, _Untitled(clock), accounts=accounts, matching=matching)
        port = await server.start()
        broker = new_broker(port, clock, **options)
        events: list[BrokerEvent] = []
        broker.subscribe(events.append)
        try:
            if connect:
                await broker.connect()
            await job(Rig(market, clock, server, port, broker, events))
        finally:
            await broker.close()
            await server.stop()

    asyncio.run(main())


class _Untitled:
    """The held clock for the simulator, which does not name its timers."""

    speed = 0.0

    def __init__(self, clock: HeldClock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        return self._clock.now()

    def call_at(self, when: datetime, call: Callable[[], None], /) -> Any:
        return self._clock.call_at(when, call, name="simulator")


_refs = count(1)


def ticket(spread: VerticalSpread, **changes: Any) -> OrderTicket:
    limit = OrderTicket(
        order_ref=f"vst-{next(_refs)}",
        account=ACCOUNT,
        purpose=Purpose.ENTRY,
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        spread=spread,
        quantity=2,
        limit_price=Decimal("0.5"),
        tick=Decimal("0.01"),
    )
    return replace(limit, **changes)


def market_order(spread: VerticalSpread, **changes: Any) -> OrderTicket:
    return ticket(spread, order_type=OrderType.MARKET, limit_price=None, **changes)


def is_a_broker(broker: Broker) -> Broker:
    return broker


# -- connection


def test_connect_gives_the_account_and_is_ready() -> None:
    async def job(rig: Rig) -> None:
        states = [event.state for event in rig.told(ConnectionChanged)]
        assert states == [ConnectionState.CONNECTING, ConnectionState.READY]
        assert is_a_broker(rig.broker).state is ConnectionState.READY
        assert rig.broker.server_version == 176
        assert rig.broker.client_name.startswith(f"{library.NAME} ")
        assert rig.broker.clock_offset_secs == pytest.approx(0, abs=1)
        account = await rig.broker.account()
        assert account.account == ACCOUNT and account.paper
        assert account.net_liquidation_usd == Decimal(100_000)
        assert account.available_funds_usd is not None
        assert account.day_pnl_usd == Decimal(0)
        assert account.time == rig.clock.now()

    run(job)


def test_nothing_listening_is_told_with_the_address_and_the_setting() -> None:
    async def job(rig: Rig) -> None:
        await rig.server.stop()
        with pytest.raises(UserError) as caught:
            await rig.broker.connect()
        assert f"127.0.0.1:{rig.port}" in str(caught.value)
        assert "API" in str(caught.value)
        assert rig.broker.state is ConnectionState.DISCONNECTED

    run(job, connect=False)


def test_a_client_id_in_use_is_told_at_once() -> None:
    async def job(rig: Rig) -> None:
        second = new_broker(rig.port, rig.clock)
        with pytest.raises(UserError, match="client id 17 is in use"):
            async with asyncio.timeout(3):
                await second.connect()
        await second.close()
        assert rig.broker.state is ConnectionState.READY

    run(job)


def test_several_accounts_want_a_choice() -> None:
    async def job(rig: Rig) -> None:
        with pytest.raises(UserError, match="DU1, DU2"):
            await rig.broker.connect()
        chosen = new_broker(rig.port, rig.clock, account="DU2", client_id=18)
        assert (await chosen.connect()).account == "DU2"
        await chosen.close()

    run(job, connect=False, accounts=("DU1", "DU2"))


def test_an_account_off_the_allow_list_is_refused() -> None:
    async def job(rig: Rig) -> None:
        with pytest.raises(UserError, match="allow-list"):
            await rig.broker.connect()
        assert rig.broker.state is ConnectionState.DISCONNECTED

    run(job, connect=False, allowed_accounts=("DU9",))


def test_a_lost_connection_is_made_again_with_its_watches() -> None:
    async def job(rig: Rig) -> None:
        await rig.broker.watch_stock("AAPL")
        await rig.broker.watch_spread(rig.spread())
        await rig.until(lambda: rig.told(StockQuote) and rig.told(OptionQuote), "quotes")
        rig.events.clear()
        await rig.server.stop()
        await rig.until(lambda: rig.told(ConnectionChanged), "the loss")
        assert rig.told(ConnectionChanged)[0].state is ConnectionState.DISCONNECTED
        with pytest.raises(UserError, match="not connected"):
            await rig.broker.account()
        await rig.server.start(port=rig.port)
        await rig.until(lambda: rig.broker.state is ConnectionState.READY, "connected again")
        await rig.until(lambda: rig.told(StockQuote) and rig.told(OptionQuote), "quotes again")
        placed = await rig.broker.place(market_order(rig.spread()))
        assert placed.perm_id > 0

    run(job)


def test_close_is_final_and_may_be_repeated() -> None:
    async def job(rig: Rig) -> None:
        await rig.broker.close()
        await rig.broker.close()
        assert rig.broker.state is ConnectionState.DISCONNECTED
        with pytest.raises(UserError, match="not connected"):
            await rig.broker.barrier()

    run(job)


def test_only_one_connection_is_made() -> None:
    async def job(rig: Rig) -> None:
        first = asyncio.create_task(rig.broker.connect())
        await asyncio.sleep(0)
        with pytest.raises(UserError, match="already"):
            await rig.broker.connect()
        await first
        with pytest.raises(UserError, match="already"):
            await rig.broker.connect()
        assert len(rig.server.sessions) == 1

    run(job, connect=False)


class Eager(random.Random):
    """Reconnects without waiting, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(1)
        self.asked: list[tuple[float, float]] = []

    def uniform(self, a: float, b: float) -> float:
        self.asked.append((a, b))
        return 0.0


@pytest.mark.parametrize("turns", range(4))
def test_a_close_at_the_moment_of_being_ready_stays_closed(turns: int) -> None:
    async def job(rig: Rig) -> None:
        closing: list[asyncio.Task[None]] = []

        async def close() -> None:
            for _ in range(turns):
                await asyncio.sleep(0)
            await rig.broker.close()

        def on_ready(event: BrokerEvent) -> None:
            if isinstance(event, ConnectionChanged) and event.state is ConnectionState.READY:
                closing.append(asyncio.create_task(close()))

        rig.broker.subscribe(on_ready)
        await asyncio.gather(rig.broker.connect(), return_exceptions=True)
        await asyncio.gather(*closing)
        await rig.until(lambda: not rig.server.sessions, "the server to be left")
        for _ in range(50):
            await asyncio.sleep(0)
        assert len(closing) == 1 and rig.broker.state is ConnectionState.DISCONNECTED

    run(job, connect=False, rng=Eager())


def test_attempts_to_reconnect_are_spread_by_the_given_chance() -> None:
    chance = Eager()

    async def job(rig: Rig) -> None:
        await rig.server.stop()
        await rig.until(lambda: len(chance.asked) >= 3, "attempts")
        await rig.server.start(port=rig.port)
        await rig.until(lambda: rig.broker.state is ConnectionState.READY, "connected again")
        assert set(chance.asked) == {(0.8, 1.2)}
        states = [event.state for event in rig.told(ConnectionChanged)]
        assert states.count(ConnectionState.READY) == 2 and len(rig.server.sessions) == 1

    run(job, rng=chance)


# -- bars and quotes


def test_daily_bars_come_with_the_forming_one_and_failures_by_name() -> None:
    async def job(rig: Rig) -> None:
        got: list[BarSeries] = []
        failed = await rig.broker.daily_bars(
            ["AAPL", "NONE", "MSFT"], sessions=504, on_bars=got.append
        )
        assert [error.symbol for error in failed] == ["NONE"]
        assert "200" in failed[0].error
        assert {series.symbol for series in got} == {"AAPL", "MSFT"}
        series = got[0]
        assert series.dates[-1] == TODAY and series.forming
        assert 500 <= len(series) <= 540
        assert series.dates == tuple(sorted(series.dates))
        assert series.high[-1] > series.low[-1] and series.volume[-1] > 0

    run(job)


def test_after_the_close_no_bar_is_forming() -> None:
    async def job(rig: Rig) -> None:
        got: list[BarSeries] = []
        assert not await rig.broker.daily_bars(["AAPL"], sessions=20, on_bars=got.append)
        assert got[0].dates[-1] == TODAY and not got[0].forming

    run(job, at=datetime(2022, 6, 1, 20, 30, tzinfo=UTC))


def test_a_stock_quote_has_the_day_so_far() -> None:
    async def job(rig: Rig) -> None:
        quote = await rig.broker.stock_quote("AAPL")
        assert (quote.quote.bid, quote.quote.ask) == (99.99, 100.01)
        assert quote.quote.time == rig.clock.now()
        assert quote.quote.data_type is DataType.LIVE
        assert (quote.day_open, quote.day_high, quote.day_low) == (99, 102, 98)
        assert quote.prior_close == 99.5 and quote.day_volume and not quote.halted
        with pytest.raises(UserError, match="NONE"):
            await rig.broker.stock_quote("NONE")

    run(job)


def test_a_chain_lists_all_and_quotes_what_is_near() -> None:
    async def job(rig: Rig) -> None:
        chain = await rig.broker.option_chain(
            "AAPL", right=Right.CALL, dte=(25, 60), today=TODAY, reach=3.0, max_contracts=4
        )
        assert chain.underlying == pytest.approx(100) and chain.source == "IBKR"
        assert len(chain.quotes) == 10
        assert {one.contract.right for one in chain.quotes} == {Right.CALL}
        assert {one.contract.expiration for one in chain.quotes} == set(EXPIRATIONS)
        quoted = [one for one in chain.quotes if one.quote is not None]
        by_expiration = {
            day: sorted(one.contract.strike for one in quoted if one.contract.expiration == day)
            for day in EXPIRATIONS
        }
        assert [len(strikes) for strikes in by_expiration.values()] == [2, 2]
        assert all(Decimal(100) in strikes for strikes in by_expiration.values())
        at_the_money = next(one for one in quoted if one.contract.strike == 100)
        assert at_the_money.quote and at_the_money.quote.bid == 3.95
        assert at_the_money.quote.ask == 4.05 and at_the_money.quote.bid_size == 11
        assert (at_the_money.delta, at_the_money.gamma) == (0.5, 0.03)
        assert (at_the_money.vega, at_the_money.theta) == (0.12, -0.04)
        assert at_the_money.implied_volatility == 0.25
        assert at_the_money.open_interest == 1234 and at_the_money.volume == 345
        assert at_the_money.contract.con_id and at_the_money.contract.multiplier == 100

    run(job)


def test_a_chain_leaves_no_line_open() -> None:
    async def job(rig: Rig) -> None:
        await rig.broker.option_chain(
            "AAPL", right=Right.PUT, dte=(25, 60), today=TODAY, reach=3.0, max_contracts=6
        )
        await rig.broker.stock_quote("AAPL")
        await rig.broker.combo_tick(rig.spread())
        await rig.broker.barrier()
        assert [one.market_data_lines for one in rig.server.sessions] == [0]

    run(job)


def test_a_chain_of_no_expiration_in_range_is_told() -> None:
    async def job(rig: Rig) -> None:
        for symbol in ("AAPL", "MSFT"):
            with pytest.raises(UserError, match=symbol):
                await rig.broker.option_chain(
                    symbol, right=Right.PUT, dte=(1, 5), today=TODAY, reach=1, max_contracts=4
                )

    run(job)


def test_both_legs_are_quoted_and_a_leg_nobody_bids_for_has_no_price() -> None:
    async def job(rig: Rig) -> None:
        rig.market.without_quote(rig.market.option(105))
        long, short = await rig.broker.option_quotes(rig.spread())
        assert long.quote and (long.quote.bid, long.quote.ask) == (3.95, 4.05)
        assert short.contract.strike == 105
        assert short.quote is None or (short.quote.bid, short.quote.ask) == (None, None)

    run(job)


def test_the_combo_has_a_tick() -> None:
    async def job(rig: Rig) -> None:
        assert await rig.broker.combo_tick(rig.spread()) == Decimal("0.01")

    run(job)


def test_a_watch_is_counted_and_ends_with_its_last_holder() -> None:
    async def job(rig: Rig) -> None:
        await rig.broker.watch_stock("AAPL")
        await rig.broker.watch_stock("AAPL")
        await rig.until(lambda: rig.told(StockQuote), "a first quote")
        await rig.broker.unwatch_stock("AAPL")
        await _move(rig, 103)
        await rig.until(
            lambda: [q for q in rig.told(StockQuote) if q.quote.bid == 102.99], "the move"
        )
        await rig.broker.unwatch_stock("AAPL")
        await rig.broker.barrier()
        rig.events.clear()
        await _move(rig, 104)
        await rig.broker.barrier()
        assert not rig.told(StockQuote)

    run(job)


async def _move(rig: Rig, spot: float) -> None:
    rig.market.spots["AAPL"] = spot
    rig.server.refresh()


# -- orders


def test_a_market_order_is_acknowledged_filled_and_paid() -> None:
    async def job(rig: Rig) -> None:
        order = market_order(rig.spread())
        placed = await rig.broker.place(order)
        assert placed.perm_id > 0 and placed.order_id > 0
        await rig.until(lambda: len(rig.told(Commission)) >= 2, "commissions")
        done = [one for one in rig.told(BrokerOrder) if one.status is BrokerStatus.FILLED]
        assert done and done[-1].order_ref == order.order_ref
        assert done[-1].filled == 2 and done[-1].perm_id == placed.perm_id
        combo, *legs = sorted(rig.told(Execution), key=lambda one: not one.is_combo)
        assert combo.is_combo and len(legs) == 2
        assert (combo.quantity, combo.order_ref) == (Decimal(2), order.order_ref)
        long, short = sorted(legs, key=lambda one: one.side)
        assert combo.price == long.price - short.price
        assert (long.side, short.side) == (Side.BUY, Side.SELL)
        assert {leg.con_id for leg in legs} == {
            order.spread.long.con_id,
            order.spread.short.con_id,
        }
        assert combo.time == rig.clock.now()
        assert all(paid.commission_usd > 0 for paid in rig.told(Commission))
        book = await rig.broker.book()
        assert not book.open_orders and book.own_client_id == 17
        assert len(book.executions) == 3
        assert {one.order_ref for one in book.completed_orders} == {order.order_ref}
        held = {one.con_id: one.quantity for one in book.positions}
        assert held == {order.spread.long.con_id: 2, order.spread.short.con_id: -2}

    run(job)


def test_a_limit_works_is_changed_and_cancelled() -> None:
    async def job(rig: Rig) -> None:
        order = ticket(rig.spread())
        placed = await rig.broker.place(order)
        (working,) = (await rig.broker.book()).open_orders
        assert working.order_ref == order.order_ref and working.order_id == placed.order_id
        assert working.limit_price == Decimal("0.5") and working.quantity == 2
        assert {(con_id, side) for con_id, _, side in working.legs} == {
            (order.spread.long.con_id, Side.BUY),
            (order.spread.short.con_id, Side.SELL),
        }
        await rig.broker.modify(placed.order_id, replace(order, limit_price=Decimal("0.6")))
        await rig.broker.barrier()
        (changed,) = (await rig.broker.book()).open_orders
        assert changed.limit_price == Decimal("0.6") and changed.perm_id == placed.perm_id
        await rig.broker.cancel(placed.order_id)
        await rig.until(
            lambda: rig.told(BrokerOrder)[-1].status is BrokerStatus.CANCELLED, "cancelled"
        )
        assert not (await rig.broker.book()).open_orders
        assert not rig.told(OrderRejected)

    run(job)


def test_another_clients_orders_and_fills_are_seen_as_foreign() -> None:
    async def job(rig: Rig) -> None:
        other = new_broker(rig.port, rig.clock, client_id=18)
        await other.connect()
        try:
            theirs, done, ours = (
                ticket(rig.spread()),
                market_order(rig.spread()),
                ticket(rig.spread()),
            )
            await other.place(theirs)
            await other.place(done)
            await rig.broker.place(ours)
            book = await rig.broker.book()
            by_ref = {one.order_ref: one.client_id for one in book.open_orders}
            assert by_ref == {theirs.order_ref: 18, ours.order_ref: 17}
            assert book.own_client_id == 17
            assert {one.order_ref for one in book.executions} == {done.order_ref}
            assert not rig.told(OrderRejected)
        finally:
            await other.close()
        (left,) = [o for o in (await rig.broker.book()).open_orders if o.client_id == 18]
        assert left.order_ref == theirs.order_ref

    run(job)


def test_a_limit_at_the_market_is_filled_at_it_or_better() -> None:
    async def job(rig: Rig) -> None:
        spread = rig.spread()
        placed = await rig.broker.place(ticket(spread, limit_price=Decimal("4")))
        await rig.until(lambda: rig.told(Execution), "a fill")
        combo = next(one for one in rig.told(Execution) if one.is_combo)
        assert combo.perm_id == placed.perm_id and combo.price <= 4

    run(job)


def test_a_refused_order_is_told_with_its_code() -> None:
    async def job(rig: Rig) -> None:
        order = ticket(rig.spread(), limit_price=Decimal("0.5001"))
        with pytest.raises(UserError, match="110"):
            await rig.broker.place(order)
        (refused,) = rig.told(OrderRejected)
        assert (refused.code, refused.order_ref) == (110, order.order_ref)
        assert not (await rig.broker.book()).open_orders

    run(job)


def test_an_order_for_a_foreign_account_is_refused() -> None:
    async def job(rig: Rig) -> None:
        with pytest.raises(UserError, match="refused"):
            await rig.broker.place(ticket(rig.spread(), account="DU9"))

    run(job)


def test_everything_sent_before_a_barrier_has_been_delivered() -> None:
    async def job(rig: Rig) -> None:
        await rig.broker.place(market_order(rig.spread()))
        await rig.broker.barrier()
        assert sum(1 for one in rig.told(Execution) if one.is_combo) == 1
        assert any(one.status is BrokerStatus.FILLED for one in rig.told(BrokerOrder))

    run(job)


def test_barriers_may_be_waited_for_together() -> None:
    async def job(rig: Rig) -> None:
        async with asyncio.timeout(3):
            await asyncio.gather(*(rig.broker.barrier() for _ in range(5)))

    run(job)


def test_a_listener_that_fails_is_reported_and_the_others_still_hear(
    caplog_allowed: pytest.LogCaptureFixture,
) -> None:
    async def job(rig: Rig) -> None:
        def fail(event: BrokerEvent) -> None:
            raise RuntimeError("a listener's own fault")

        heard: list[BrokerEvent] = []
        rig.broker.subscribe(fail)
        rig.broker.subscribe(heard.append)
        await rig.broker.place(market_order(rig.spread()))
        assert heard and "a listener's own fault" in caplog_allowed.text

    run(job)


def test_a_fill_changes_the_account() -> None:
    async def job(rig: Rig) -> None:
        await rig.broker.place(market_order(rig.spread()))
        await rig.until(lambda: rig.told(Commission), "commissions")
        rig.events.clear()
        account = await rig.broker.account()
        assert account.net_liquidation_usd is not None
        assert account.net_liquidation_usd < 100_000
        assert rig.told(AccountChanged)

    run(job)
