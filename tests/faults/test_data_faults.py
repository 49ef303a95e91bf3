"""Faults of limits, chains and market data, and what answers each."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults.rig import Drill, drill
from tests.simulation.market import EXPIRATION, SESSION
from vst_desktop.domain.bars import BarSeries
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import OrderState
from vst_desktop.domain.quotes import DataType, OptionChain, OptionQuote, Right
from vst_desktop.ports.broker import BrokerNotice, ConnectionState

DETAILS, MARKET_DATA, HISTORY = 9, 1, 20


async def chain(d: Drill) -> OptionChain:
    return await d.broker.option_chain(
        "AAPL", right=Right.CALL, dte=(30, 45), today=SESSION, reach=3.0, max_contracts=60
    )


async def bars(d: Drill, *symbols: str) -> tuple[list[BarSeries], list[str]]:
    found: list[BarSeries] = []
    wrong = await d.broker.daily_bars(symbols, sessions=30, on_bars=found.append)
    return found, [f"{one.symbol}: {one.error}" for one in wrong]


@drill("rate_limit", "one queue before the socket: at most 45 messages in any second")
async def test_a_burst_stays_within_the_messages_allowed(d: Drill) -> None:
    d.faults.start("rate_limit", messages=50)
    symbols = ("AAPL", "MSFT", "NFLX")
    await asyncio.gather(*(d.broker.stock_quote(one) for one in symbols * 30), chain(d))
    assert d.broker.state is ConnectionState.READY
    assert not [one for one in d.of(BrokerNotice) if "100" in one.text]
    assert ConnectionState.DISCONNECTED not in d.states


@drill("hist_pacing", "bars refused as too fast are asked for again after 15 s, never at once")
async def test_bars_asked_for_too_fast_come_later(d: Drill) -> None:
    d.faults.start("hist_pacing", seconds=15.0)
    first, _ = await bars(d, "AAPL")
    began = d.loop.time()
    again, wrong = await bars(d, "AAPL")
    assert [one.symbol for one in (*first, *again)] == ["AAPL", "AAPL"] and not wrong
    assert d.loop.time() - began >= 15


@drill("hist_slots", "no bars are kept up to date, so no slot is ever held")
async def test_no_slot_of_live_bars_is_held(d: Drill) -> None:
    d.faults.start("hist_slots", slots=0)
    found, wrong = await bars(d, "AAPL", "MSFT", "NFLX")
    assert len(found) == 3 and not wrong


@drill("hist_delay", "late bars are waited for, and the loop goes on meanwhile")
async def test_late_bars_are_waited_for(d: Drill) -> None:
    d.faults.start("hist_delay", seconds=8.0)
    loading = asyncio.ensure_future(bars(d, "AAPL"))
    await asyncio.sleep(1)
    assert (await d.broker.stock_quote("AAPL")).quote.bid and not loading.done()
    found, _ = await loading
    assert found[0].symbol == "AAPL"


@drill("hist_never", "bars that never come end in a reason by symbol, never in an empty series")
async def test_bars_that_never_come_are_reported(d: Drill) -> None:
    d.faults.start("hist_never")
    found, wrong = await bars(d, "AAPL")
    assert not found and wrong and "AAPL" in wrong[0]


@drill("hist_empty", "empty bars are 'unknown', with the reason; never an empty series")
async def test_empty_bars_are_reported(d: Drill) -> None:
    d.faults.start("hist_empty")
    found, wrong = await bars(d, "AAPL")
    assert not found and "AAPL" in wrong[0]


@drill("md_lines", "lines are given back and counted: four chains leave none behind")
async def test_few_lines_are_shared(d: Drill) -> None:
    d.faults.start("md_lines", lines=100)
    for symbol in ("AAPL", "MSFT", "NFLX"):
        await d.broker.watch_stock(symbol)
    for _ in range(4):
        assert (await chain(d)).quotes
    assert max(one.market_data_lines for one in d.server.sessions) <= 100
    await d.until(lambda: d.server.wire_state()["market_data_lines"] == 3, "lines given back")


@drill("md_lines", "a line that is refused (101) is told, and a watch is asked for again")
async def test_a_refused_line_is_tried_again(d: Drill) -> None:
    d.faults.start("md_lines", lines=0)
    with pytest.raises((UserError, TimeoutError)):
        await d.broker.stock_quote("AAPL")
    d.faults.clear("md_lines")
    assert (await d.broker.stock_quote("AAPL")).quote.bid


@drill("details_throttle", "one details request for each expiration and class: a chain in seconds")
async def test_slow_details_cost_one_request_for_each_expiration(d: Drill) -> None:
    d.faults.start("details_throttle", seconds=1.0)
    began = d.loop.time()
    assert (await chain(d)).quotes
    assert d.loop.time() - began < 10


@drill("sparse_grid", "contracts come from the details, never from dates times strikes")
async def test_only_listed_contracts_are_asked_for(d: Drill) -> None:
    found = await chain(d)
    listed = d.market.options("AAPL", EXPIRATION, d.time.now(), "C")
    assert {one.contract.con_id for one in found.quotes} == {one.con_id for one in listed}
    assert not [one for one in d.of(BrokerNotice) if "200" in one.text]


@drill("trading_classes", "only the class named like the symbol, with a multiplier of 100")
async def test_one_class_is_taken(d: Drill) -> None:
    assert {one.contract.trading_class for one in (await chain(d)).quotes} == {"AAPL"}


@drill("snapshot_slow", "quotes stream; nobody waits for the end of a snapshot")
async def test_no_snapshot_is_waited_for(d: Drill) -> None:
    d.faults.start("snapshot_slow", seconds=11.0)
    began = d.loop.time()
    assert (await d.broker.stock_quote("AAPL")).quote.bid
    assert d.loop.time() - began < 5


@drill("snapshot_no_end", "quotes stream; nobody waits for the end of a snapshot")
async def test_a_snapshot_without_end_keeps_nobody(d: Drill) -> None:
    d.faults.start("snapshot_no_end")
    assert (await d.broker.stock_quote("AAPL")).quote.bid


async def legs(d: Drill) -> tuple[OptionQuote, OptionQuote]:
    return await d.broker.option_quotes(d.spread())


@drill("greeks_late", "late computed values are waited for a little, then the quote counts alone")
async def test_late_greeks_do_not_hold_up_the_quote(d: Drill) -> None:
    d.faults.start("greeks_late", seconds=60.0)
    began = d.loop.time()
    long, short = await legs(d)
    assert long.quote and long.quote.bid and short.quote and short.quote.ask
    assert d.loop.time() - began < 15


@drill("greeks_never", "missing computed values are 'none', not zero")
async def test_missing_greeks_are_none(d: Drill) -> None:
    d.faults.start("greeks_never")
    long, _ = await legs(d)
    assert long.quote and long.quote.bid
    assert long.delta is None and long.implied_volatility is None and long.theta is None


@drill("greeks_sentinel", "-1 and -2 are 'not known', never a value")
async def test_sentinels_are_no_values(d: Drill) -> None:
    d.faults.start("greeks_sentinel")
    long, _ = await legs(d)
    assert long.quote and long.quote.bid
    assert long.delta is None and long.implied_volatility is None and long.theta is None


@drill("no_quote", "-1 is no price: nothing is sent on it")
async def test_minus_one_is_no_price(d: Drill) -> None:
    d.faults.start("no_quote")
    quote = (await d.broker.stock_quote("AAPL")).quote
    assert quote.bid is None and quote.ask is None
    await d.approve()
    await d.until(lambda: d.alerted("no valid quote"), "the trader is told")
    assert d.orders() == 0


@drill("entitlement", "delayed data is marked on each quote; LIVE sends no order on it")
async def test_delayed_data_is_marked(d: Drill) -> None:
    d.faults.start("entitlement", data="delayed")
    quote = await d.broker.stock_quote("AAPL")
    assert quote.quote.data_type is DataType.DELAYED


@drill("entitlement", "without a subscription the caller hears it at once, with the remedy")
async def test_no_data_is_told_with_its_remedy(d: Drill) -> None:
    d.faults.start("entitlement", data="none")
    with pytest.raises(UserError) as refused:
        await d.broker.stock_quote("AAPL")
    assert refused.value.remedy


@drill("other_side_interest", "open interest is that of the contract's own right")
async def test_open_interest_is_of_the_own_right(d: Drill) -> None:
    for right in (Right.CALL, Right.PUT):
        found = await d.broker.option_chain(
            "AAPL", right=right, dte=(30, 45), today=SESSION, reach=3.0, max_contracts=60
        )
        quoted = [one for one in found.quotes if one.quote is not None]
        assert quoted and all(one.open_interest for one in quoted)


@drill("unset_price", "1.797E308 is 'not known'; the account and the positions stay readable")
async def test_unset_marks_are_unknown(d: Drill) -> None:
    d.faults.start("unset_price")
    intent = await d.approve()
    await d.becomes(intent, OrderState.FILLED)
    account = await d.broker.account()
    assert account.net_liquidation_usd is not None and account.net_liquidation_usd < 1e9
    assert len(await positions(d)) == 2


async def positions(d: Drill) -> dict[int, float]:
    return {one.con_id: float(one.quantity) for one in (await d.broker.book()).positions}


@drill("bars_stall", "the station keeps no live bars: whole bars are asked for when they are due")
async def test_bars_come_although_live_ones_stall(d: Drill) -> None:
    d.faults.start("bars_stall")
    found, _ = await bars(d, "AAPL")
    assert found[0].dates[-1] == SESSION


@drill("live_bars_lost", "the station keeps no live bars: 10182 cannot reach it")
async def test_bars_come_although_live_ones_are_lost(d: Drill) -> None:
    d.faults.start("live_bars_lost")
    found, _ = await bars(d, "AAPL")
    assert found and not [one for one in d.of(BrokerNotice) if "10182" in one.text]


@drill("no_reply", "every await is bounded: an answer that never comes is a time-out, not a hang")
async def test_no_answer_is_a_timeout(d: Drill) -> None:
    d.faults.start("no_reply", message=HISTORY)
    found, wrong = await bars(d, "AAPL")
    assert not found and wrong
    d.faults.start("no_reply", message=16)
    with pytest.raises((UserError, TimeoutError)):
        await d.broker.book()


@drill("no_reply", "a chain whose details never come is a time-out, not a hang")
async def test_no_details_is_a_timeout(d: Drill) -> None:
    d.faults.start("no_reply", message=DETAILS)
    with pytest.raises((UserError, TimeoutError)):
        await chain(d)
