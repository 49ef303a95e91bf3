"""Faults of the connection, of the account's news and of the clock, and what answers each."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from tests.faults.rig import Drill, drill
from tests.simulation.scene import ACCOUNT, CLIENT_ID
from vst_desktop.adapters.tws_sim.contracts import ContractSpec
from vst_desktop.domain.account import BrokerPosition
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import Execution, OrderState
from vst_desktop.execution.switches import EntryDeniedError
from vst_desktop.ports.broker import BrokerNotice, ConnectionChanged, ConnectionState

LOST, READY = ConnectionState.UPSTREAM_LOST, ConnectionState.READY


@drill("drop_upstream", "no orders meanwhile; fills of the gap are found by reading the book anew")
async def test_fills_while_the_servers_were_gone_are_found(d: Drill) -> None:
    placed = await d.broker.place(d.ticket("0.50"))
    d.faults.start("drop_upstream", seconds=20.0)
    await d.until(lambda: d.broker.state is LOST, "noticed")
    with pytest.raises(UserError):
        await d.broker.place(d.ticket("0.50"))
    assert d.orders() == 1
    (order,) = d.server.exchange.working
    d.server.exchange.cancel(CLIENT_ID, order.order_id)
    await d.ready()
    book = await d.broker.book()
    assert not [one for one in book.open_orders if one.perm_id == placed.perm_id]


@drill("drop_upstream", "after 1101 every line is asked for again, once")
async def test_lines_are_asked_for_again_when_data_was_lost(d: Drill) -> None:
    await d.broker.watch_stock("AAPL")
    await d.broker.watch_spread(d.spread("MSFT"))
    d.faults.start("drop_upstream", seconds=5.0, data_lost=True)
    await d.until(lambda: d.broker.state is LOST, "noticed")
    await d.ready()
    await d.until(lambda: d.server.wire_state()["market_data_lines"] == 3, "three lines again")
    await asyncio.sleep(30)
    assert d.server.wire_state()["market_data_lines"] == 3


@drill("nightly_reset", "farms and servers lost and back without a dialog; orders wait meanwhile")
async def test_a_nightly_reset_passes_by_itself(d: Drill) -> None:
    d.faults.start("nightly_reset", seconds=60.0)
    await d.until(lambda: d.broker.state is LOST, "noticed")
    assert d.broker.farms_down
    await d.ready()
    assert not d.broker.farms_down


@drill("gateway_restart", "dialled again 1 to 60 s apart until the port is back; then reconciled")
async def test_a_gateway_that_restarts_is_found_again(d: Drill) -> None:
    intent = await d.approve()
    await d.becomes(intent, OrderState.FILLED)
    d.faults.start("gateway_restart", seconds=90.0)
    await d.until(lambda: d.broker.state is not READY, "lost")
    await d.ready()
    assert len(d.desk.positions()) == 1 and d.orders() == 1


@drill("port_closed", "quiet retries for as long as it takes, with what to do: log in to TWS")
async def test_a_closed_port_is_retried_quietly(d: Drill) -> None:
    d.faults.start("port_closed")
    await asyncio.sleep(600)
    assert d.broker.state is not READY and d.network.most_links == 1
    d.faults.clear("port_closed")
    await d.ready()


@drill(
    "accept_silent", "a server that says nothing is given up after a time-out, and dialled again"
)
async def test_a_silent_server_is_given_up(d: Drill) -> None:
    d.faults.start("accept_silent")
    d.network.cut()
    await d.until(lambda: d.broker.state is not READY, "lost")
    await asyncio.sleep(120)
    d.faults.clear("accept_silent")
    await d.ready()
    assert len(d.network.links) == 1


@drill("accept_close", "a server that hangs up is told with its remedy, and dialled again")
async def test_a_server_that_hangs_up_is_dialled_again(d: Drill) -> None:
    d.faults.start("accept_close")
    d.network.cut()
    await d.until(lambda: d.broker.state is not READY, "lost")
    await asyncio.sleep(60)
    assert d.broker.state is not READY
    d.faults.clear("accept_close")
    await d.ready()


@drill("dup_client_id", "326 is told at once with its remedy; the id stays fixed")
async def test_a_client_id_that_is_taken_is_told(d: Drill) -> None:
    d.faults.start("dup_client_id", client_id=CLIENT_ID)
    d.network.cut()
    await d.until(lambda: any("client id" in one.reason for one in d.of(ConnectionChanged)), "told")
    d.faults.clear("dup_client_id")
    await d.ready()


@drill("ghost_session", "an id still held by the lost session is waited for, not changed")
async def test_a_ghost_of_the_last_session_is_outlived(d: Drill) -> None:
    d.faults.start("ghost_session", seconds=30.0)
    d.network.cut()
    await d.until(lambda: d.broker.state is not READY, "lost")
    await d.ready()
    assert [one.client_id for one in d.server.sessions] == [CLIENT_ID]


@drill("readonly_api", "READ_ONLY: quotes go on, orders are refused with the box to untick")
async def test_a_read_only_api_is_recognised(d: Drill) -> None:
    d.faults.start("readonly_api")
    d.network.cut()
    await d.until(lambda: d.broker.state is ConnectionState.READ_ONLY, "recognised")
    assert (await d.broker.stock_quote("AAPL")).quote.bid
    with pytest.raises(UserError, match="Read-Only API"):
        await d.broker.place(d.ticket())
    assert d.orders() == 0
    d.faults.clear("readonly_api")
    await d.ready()


@drill("no_reply", "a start that is not told its executions is none: dialled again")
async def test_half_a_start_is_none(d: Drill) -> None:
    d.faults.start("no_reply", message=7)
    d.network.cut()
    await d.until(lambda: d.broker.state is not READY, "lost")
    await asyncio.sleep(100)
    assert d.broker.state is not READY
    d.faults.clear("no_reply")
    await d.ready()


@drill("flap", "one supervisor: never two connections, every line back exactly once")
async def test_a_flapping_wire_never_makes_two_connections(d: Drill) -> None:
    await d.broker.watch_stock("AAPL")
    d.faults.start("flap", times=20, seconds=3.0)
    await asyncio.sleep(90)
    await d.ready()
    await d.until(lambda: d.server.wire_state()["market_data_lines"] == 1, "one line")
    assert d.network.most_links == 1


@drill("blackhole", "a heartbeat every 10 s: two missed end the connection, and a new one is made")
async def test_a_dead_connection_is_noticed(d: Drill) -> None:
    d.faults.start("blackhole")
    await d.until(lambda: d.broker.state is not READY, "noticed", secs=40)
    await d.ready()
    assert (await d.broker.stock_quote("AAPL")).quote.bid


@drill("farm_flaps", "farm codes are lamps, never alerts, and forbid nothing")
async def test_farms_are_lamps(d: Drill) -> None:
    alerts = len(d.alerts)
    d.faults.start("farm_flaps", times=12, seconds=0.5)
    await asyncio.sleep(10)
    assert len(d.alerts) == alerts and d.broker.state is READY


@drill("clock_skew", "the offset is measured with each heartbeat")
async def test_the_clocks_difference_is_measured(d: Drill) -> None:
    d.faults.start("clock_skew", seconds=30.0)
    await d.until(lambda: abs((d.broker.clock_offset_secs or 0) - 30) < 2, "30 s", secs=30)


@drill("legs_only", "a spread is known by its own order, legs by their contract ids")
async def test_a_spread_is_told_from_its_legs(d: Drill) -> None:
    intent = await d.approve(contracts=2)
    await d.becomes(intent, OrderState.FILLED)
    book = await d.broker.book()
    assert sorted(one.quantity for one in book.positions) == [Decimal(-2), Decimal(2)]
    (position,) = d.desk.positions()
    assert position.quantity == 2


@drill("zero_position", "a leg told with quantity 0 is gone: the position is not shown as held")
async def test_a_closed_holding_is_gone(d: Drill) -> None:
    intent = await d.approve(contracts=1)
    await d.becomes(intent, OrderState.FILLED)
    (position,) = d.desk.positions()
    await d.desk.close_position(position.position_id)
    await d.until(lambda: not d.desk.positions(), "closed")
    assert not (await d.broker.book()).positions
    assert all(isinstance(one.quantity, Decimal) for one in d.of(BrokerPosition))


@drill("unset_pnl", "1.797E308 is 'not known', never a profit")
async def test_unset_profit_is_unknown(d: Drill) -> None:
    d.faults.start("unset_pnl", times=3)
    account = await d.broker.account()
    for value in (account.net_liquidation_usd, account.available_funds_usd):
        assert value is not None and abs(value) < 1e9


@drill("foreign_base", "USD by the rates that TWS tells, else unknown and denied")
async def test_an_account_in_usd_is_read_in_usd(d: Drill) -> None:
    assert (await d.broker.account()).net_liquidation_usd == Decimal(100_000)


@drill("slow_account", "unknown account values deny entries; nothing is guessed")
async def test_slow_account_values_deny_entries(d: Drill) -> None:
    d.faults.start("slow_account", seconds=600.0)
    d.network.cut()
    await d.until(lambda: d.broker.state is not READY, "lost")
    await d.ready()
    assert (await d.broker.account()).net_liquidation_usd is None
    with pytest.raises(EntryDeniedError, match="value is not known"):
        await d.approve()
    assert d.orders() == 0


@drill(
    "several_accounts",
    "one of them is chosen by the allow-list, and every order names it",
    accounts=(ACCOUNT, "DU2"),
)
async def test_orders_name_their_account(d: Drill) -> None:
    await d.broker.place(d.ticket())
    assert [one.account for one in d.server.exchange.orders] == [ACCOUNT]


@drill("competing_session", "10197 is told with its remedy; LIVE sends nothing without live data")
async def test_a_competing_session_is_told(d: Drill) -> None:
    await d.broker.watch_stock("AAPL")
    d.faults.start("competing_session")
    await d.until(lambda: any("another session" in one.text for one in d.of(BrokerNotice)), "told")
    assert next(one for one in d.of(BrokerNotice) if "another session" in one.text).remedy
    d.faults.clear("competing_session")


@drill("tz", "an execution of an unknown zone is kept and told", logs=True)
async def test_an_unknown_zone_loses_no_execution(d: Drill) -> None:
    d.faults.start("tz", zone="China Standard Time")
    intent = await d.approve()
    await d.becomes(intent, OrderState.FILLED)
    assert len(d.of(Execution)) >= 3
    assert any("China Standard Time" in one.text for one in d.of(BrokerNotice))


@drill("dated_expiry", "the first eight characters are the date")
async def test_dated_expirations_are_read(d: Drill) -> None:
    from tests.faults.test_data_faults import EXPIRATION, chain

    d.faults.start("dated_expiry")
    found = await chain(d)
    assert {one.contract.expiration for one in found.quotes} == {EXPIRATION}


@drill("lang", "codes decide, never texts")
async def test_a_foreign_language_changes_nothing(d: Drill) -> None:
    d.faults.start("lang", language="zh")
    with pytest.raises(UserError, match="110"):
        await d.broker.place(d.ticket("0.5003"))
    intent = await d.approve()
    await d.becomes(intent, OrderState.FILLED)


@drill("manual_order", "orders by hand and of other clients are told as foreign, never touched")
async def test_an_order_by_hand_is_left_alone(d: Drill) -> None:
    spec = ContractSpec(symbol="AAPL", sec_type="STK", exchange="SMART", currency="USD")
    order = d.server.hands.order(spec, "BUY", Decimal(10), limit_price=Decimal(50))
    book = await d.broker.book()
    assert [one.perm_id for one in book.open_orders] == [order.perm_id]
    assert book.open_orders[0].client_id != book.own_client_id
    await d.desk.kill("drill")
    assert [one.perm_id for one in d.server.exchange.working] == [order.perm_id]


@drill("global_cancel", "the kill switch cancels own orders one by one, nobody else's")
async def test_the_kill_switch_leaves_others_orders(d: Drill) -> None:
    spec = ContractSpec(symbol="AAPL", sec_type="STK", exchange="SMART", currency="USD")
    d.server.hands.order(spec, "BUY", Decimal(10), limit_price=Decimal(50))
    await d.desk.kill("drill")
    assert len(d.server.exchange.working) == 1


@drill("exec_window", "every execution is kept in the journal; yesterday's need not be told again")
async def test_fills_are_kept_over_a_restart(d: Drill) -> None:
    intent = await d.approve()
    await d.becomes(intent, OrderState.FILLED)
    d.faults.start("no_reply", message=99)
    d.faults.clear("no_reply")
    await d.crash()
    await d.boot()
    await d.ready()
    assert len(d.desk.positions()) == 1
