"""The life of an order, the same at the IBKR adapter (over the simulator) and at the fake."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import count

import pytest

from tests.helpers.fake_broker import Behaviour, FakeBroker
from tests.helpers.tiny_market import EXPIRATIONS, IN_SESSION, TinyClock, TinyMarket
from vst_desktop.adapters.ibkr.broker import IbkrBroker
from vst_desktop.adapters.tws_sim.server import TwsServer
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import (
    BrokerOrder,
    BrokerStatus,
    Execution,
    OrderTicket,
    OrderType,
    Purpose,
    Side,
)
from vst_desktop.domain.quotes import OptionContract, Right
from vst_desktop.domain.spreads import VerticalSpread
from vst_desktop.ports.broker import Broker, BrokerEvent, ConnectionState
from vst_desktop.runtime.clock import HeldClock

ACCOUNT = "DU1234567"
NATURAL, CLOSE = Decimal("1.67"), Decimal("1.47")
"""What the 100/105 call spread costs at both brokers, and what selling it brings."""
OVER = (BrokerStatus.FILLED, BrokerStatus.CANCELLED)

_refs = count(1)


def spread(market: TinyMarket) -> VerticalSpread:
    long, short = (
        OptionContract(
            symbol="AAPL",
            expiration=EXPIRATIONS[0],
            strike=Decimal(strike),
            right=Right.CALL,
            con_id=market.option(strike).con_id,
            trading_class="AAPL",
        )
        for strike in (100, 105)
    )
    return VerticalSpread(long=long, short=short)


@dataclass
class Bench:
    """A connected broker, a spread it quotes, and everything it told."""

    broker: Broker
    spread: VerticalSpread
    refuse: Callable[[OrderTicket], OrderTicket]
    """Makes a ticket that this broker will refuse."""
    events: list[BrokerEvent] = field(default_factory=list)

    def told[T](self, kind: type[T]) -> list[T]:
        return [event for event in self.events if isinstance(event, kind)]

    def statuses(self, order_ref: str) -> list[BrokerStatus]:
        return [one.status for one in self.told(BrokerOrder) if one.order_ref == order_ref]

    def limit(self, limit: str, *, side: Side = Side.BUY, quantity: int = 2) -> OrderTicket:
        return OrderTicket(
            order_ref=f"life-{next(_refs)}",
            account=ACCOUNT,
            purpose=Purpose.ENTRY if side is Side.BUY else Purpose.EXIT,
            side=side,
            order_type=OrderType.LIMIT,
            spread=self.spread,
            quantity=quantity,
            limit_price=Decimal(limit),
            tick=Decimal("0.01"),
        )

    def market(self, *, side: Side = Side.BUY) -> OrderTicket:
        return replace(self.limit("1", side=side), order_type=OrderType.MARKET, limit_price=None)

    async def held(self) -> dict[int, Decimal]:
        book = await self.broker.book()
        return {one.con_id: one.quantity for one in book.positions}


@asynccontextmanager
async def ibkr() -> AsyncIterator[Bench]:
    """The adapter on a real socket. An off-tick limit is refused."""
    market = TinyMarket()
    server = TwsServer(market, TinyClock(), accounts=(ACCOUNT,))
    broker = IbkrBroker(
        host="127.0.0.1",
        port=await server.start(),
        client_id=17,
        account=None,
        allowed_accounts=(),
        messages_per_second=400,
        clock=HeldClock(IN_SESSION),
    )
    try:
        yield Bench(
            broker,
            spread(market),
            lambda ticket: replace(ticket, limit_price=Decimal("1.0001")),
        )
    finally:
        await broker.close()
        await server.stop()


@asynccontextmanager
async def fake() -> AsyncIterator[Bench]:
    """The desk tests' broker in memory."""
    broker = FakeBroker(HeldClock(IN_SESSION), account=ACCOUNT)
    bought = spread(TinyMarket())
    broker.quote_spread(bought, natural=str(NATURAL), close=str(CLOSE))

    def refuse(ticket: OrderTicket) -> OrderTicket:
        broker.behaviour = Behaviour(answer="reject")
        return ticket

    yield Bench(broker, bought, refuse)


BROKERS = {"ibkr": ibkr, "fake": fake}


@pytest.fixture(params=BROKERS)
def run(request: pytest.FixtureRequest) -> Callable[[Callable[[Bench], Awaitable[None]]], None]:
    """Runs a job with one of the brokers, connected."""
    opened: Callable[[], AbstractAsyncContextManager[Bench]] = BROKERS[request.param]

    def running(job: Callable[[Bench], Awaitable[None]]) -> None:
        async def main() -> None:
            async with asyncio.timeout(20), opened() as bench:
                bench.broker.subscribe(bench.events.append)
                account = await bench.broker.connect()
                assert account.account == ACCOUNT
                await job(bench)

        asyncio.run(main())

    return running


Runner = Callable[[Callable[[Bench], Awaitable[None]]], None]


def test_a_connected_broker_is_ready_and_knows_its_money(run: Runner) -> None:
    async def job(bench: Bench) -> None:
        assert bench.broker.state is ConnectionState.READY
        account = await bench.broker.account()
        assert account.net_liquidation_usd == account.available_funds_usd == Decimal(100_000)
        book = await bench.broker.book()
        assert not (book.open_orders or book.executions or book.positions)

    run(job)


def test_legs_are_quoted_long_first_and_make_the_spread_what_it_costs(run: Runner) -> None:
    async def job(bench: Bench) -> None:
        long, short = await bench.broker.option_quotes(bench.spread)
        assert (long.contract, short.contract) == (bench.spread.long, bench.spread.short)
        assert long.quote and long.quote.ask and short.quote and short.quote.bid
        assert long.quote.ask - short.quote.bid == pytest.approx(float(NATURAL))
        assert await bench.broker.combo_tick(bench.spread) == Decimal("0.01")

    run(job)


def test_a_market_order_is_filled_at_natural_and_held(run: Runner) -> None:
    async def job(bench: Bench) -> None:
        ticket = bench.market()
        placed = await bench.broker.place(ticket)
        assert placed.order_id > 0 and placed.perm_id > 0
        await bench.broker.barrier()
        told = [one for one in bench.told(BrokerOrder) if one.order_ref == ticket.order_ref]
        assert {one.perm_id for one in told} == {placed.perm_id}
        assert {one.order_id for one in told} == {placed.order_id}
        assert told[-1].status is BrokerStatus.FILLED and told[-1].filled == 2
        assert told[-1].average_fill_price == NATURAL
        combos = [one for one in bench.told(Execution) if one.is_combo]
        assert [(one.quantity, one.price, one.side) for one in combos] == [
            (Decimal(2), NATURAL, Side.BUY)
        ]
        legs = {one.con_id: one for one in bench.told(Execution) if not one.is_combo}
        paid, got = legs[bench.spread.long.con_id], legs[bench.spread.short.con_id]
        assert paid.price - got.price == NATURAL
        ids = [one.exec_id for one in bench.told(Execution)]
        assert len(set(ids)) == len(ids) == 3
        assert {one.order_ref for one in bench.told(Execution)} == {ticket.order_ref}
        assert await bench.held() == {bench.spread.long.con_id: 2, bench.spread.short.con_id: -2}

    run(job)


def test_an_order_that_is_over_never_works_again(run: Runner) -> None:
    async def job(bench: Bench) -> None:
        filled, cancelled = bench.market(), bench.limit("0.1")
        await bench.broker.place(filled)
        placed = await bench.broker.place(cancelled)
        await bench.broker.cancel(placed.order_id)
        await bench.broker.barrier()
        for ticket, last in (
            (filled, BrokerStatus.FILLED),
            (cancelled, BrokerStatus.CANCELLED),
        ):
            statuses = bench.statuses(ticket.order_ref)
            first_over = next(i for i, status in enumerate(statuses) if status in OVER)
            assert set(statuses[first_over:]) == {last}

    run(job)


def test_what_is_over_leaves_the_open_orders_for_the_completed_ones(run: Runner) -> None:
    async def job(bench: Bench) -> None:
        filled, cancelled = bench.market(), bench.limit("0.1")
        await bench.broker.place(filled)
        placed = await bench.broker.place(cancelled)
        await bench.broker.cancel(placed.order_id)
        await bench.broker.barrier()
        book = await bench.broker.book()
        assert not book.open_orders
        assert {one.order_ref: one.status for one in book.completed_orders} == {
            filled.order_ref: BrokerStatus.FILLED,
            cancelled.order_ref: BrokerStatus.CANCELLED,
        }
        assert {one.order_ref for one in book.executions} == {filled.order_ref}

    run(job)


def test_a_passive_limit_rests_and_is_this_clients(run: Runner) -> None:
    async def job(bench: Bench) -> None:
        ticket = bench.limit("0.5")
        placed = await bench.broker.place(ticket)
        book = await bench.broker.book()
        (resting,) = book.open_orders
        assert (resting.order_ref, resting.perm_id) == (ticket.order_ref, placed.perm_id)
        assert resting.client_id == book.own_client_id
        assert resting.limit_price == Decimal("0.5")
        assert resting.quantity == 2 and not resting.filled
        assert {(con_id, side) for con_id, _, side in resting.legs} == {
            (bench.spread.long.con_id, Side.BUY),
            (bench.spread.short.con_id, Side.SELL),
        }
        assert not bench.told(Execution) and not await bench.held()

    run(job)


def test_a_change_keeps_the_order_and_can_make_it_fill(run: Runner) -> None:
    async def job(bench: Bench) -> None:
        ticket = bench.limit("0.5")
        placed = await bench.broker.place(ticket)
        await bench.broker.modify(placed.order_id, replace(ticket, limit_price=Decimal("0.75")))
        (changed,) = (await bench.broker.book()).open_orders
        assert (changed.limit_price, changed.perm_id) == (Decimal("0.75"), placed.perm_id)
        await bench.broker.modify(placed.order_id, replace(ticket, limit_price=NATURAL))
        await bench.broker.barrier()
        (combo,) = [one for one in bench.told(Execution) if one.is_combo]
        assert combo.perm_id == placed.perm_id and combo.price <= NATURAL
        assert bench.statuses(ticket.order_ref)[-1] is BrokerStatus.FILLED

    run(job)


def test_selling_the_same_legs_closes_what_buying_opened(run: Runner) -> None:
    async def job(bench: Bench) -> None:
        await bench.broker.place(bench.market())
        await bench.broker.barrier()
        await bench.broker.place(bench.limit(str(CLOSE), side=Side.SELL))
        await bench.broker.barrier()
        sold = [one for one in bench.told(Execution) if one.is_combo][-1]
        assert (sold.side, sold.price) == (Side.SELL, CLOSE)
        assert await bench.held() == {}

    run(job)


def test_a_refused_order_raises_and_leaves_nothing_behind(run: Runner) -> None:
    async def job(bench: Bench) -> None:
        with pytest.raises(UserError):
            await bench.broker.place(bench.refuse(bench.limit("1")))
        await bench.broker.barrier()
        book = await bench.broker.book()
        assert not (book.open_orders or book.executions or book.positions)
        assert not bench.told(Execution)

    run(job)


def test_every_listener_is_told_the_same_in_the_same_order(run: Runner) -> None:
    async def job(bench: Bench) -> None:
        second: list[BrokerEvent] = []
        bench.broker.subscribe(second.append)
        bench.events.clear()
        await bench.broker.place(bench.market())
        await bench.broker.barrier()
        assert second and bench.events == second

    run(job)


def test_a_closed_broker_takes_nothing_and_may_be_closed_again(run: Runner) -> None:
    async def job(bench: Bench) -> None:
        placed = await bench.broker.place(bench.limit("0.5"))
        await bench.broker.close()
        await bench.broker.close()
        assert bench.broker.state is ConnectionState.DISCONNECTED
        for call in (
            lambda: bench.broker.place(bench.market()),
            lambda: bench.broker.modify(placed.order_id, bench.limit("0.6")),
            lambda: bench.broker.cancel(placed.order_id),
            bench.broker.book,
            bench.broker.account,
            lambda: bench.broker.option_quotes(bench.spread),
        ):
            with pytest.raises(UserError, match="not connected"):
                await call()

    run(job)
