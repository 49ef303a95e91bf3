"""Faults of combinations and orders, and what answers each."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from tests.faults.rig import Drill, drill
from vst_desktop.adapters.tws_sim.codes import Refusal
from vst_desktop.adapters.tws_sim.contracts import ContractSpec, Leg
from vst_desktop.adapters.tws_sim.orders import Ticket
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import (
    BrokerOrder,
    BrokerStatus,
    Commission,
    Execution,
    Mode,
    OrderRejected,
    OrderState,
)

FILLED, WORKING = OrderState.FILLED, (OrderState.WORKING, OrderState.ACKNOWLEDGED)


def statuses(d: Drill) -> list[BrokerStatus]:
    return [one.status for one in d.of(BrokerOrder)]


async def place(d: Drill, limit: str = "0.50", quantity: int = 1) -> BrokerOrder:
    """A working order, as the adapter told of it last."""
    await d.broker.place(d.ticket(limit, quantity=quantity))
    await d.until(lambda: d.of(BrokerOrder), "news of the order")
    return d.of(BrokerOrder)[-1]


def by_another(d: Drill, **changes: object) -> Ticket:
    """A combination as a careless client writes it."""
    spread = d.spread()
    legs = tuple(
        Leg(con_id=leg.con_id, ratio=1, action=action, exchange="SMART")
        for leg, action in ((spread.long, "BUY"), (spread.short, "SELL"))
    )
    fields: dict[str, object] = {
        "order_id": 1,
        "spec": ContractSpec(symbol="AAPL", sec_type="BAG", exchange="SMART", currency="USD"),
        "action": "BUY",
        "quantity": Decimal(1),
        "order_type": "LMT",
        "limit_price": Decimal("0.50"),
        "legs": legs,
        **changes,
    }
    return Ticket(**fields)  # type: ignore[arg-type]


def refusal(d: Drill, **changes: object) -> int:
    """The code with which such an order is refused."""
    with pytest.raises(Refusal) as refused:
        d.server.exchange.submit(99, by_another(d, **changes))
    return refused.value.code


@drill("leg_details", "only qualified legs of one underlying; a combination is never sent without")
async def test_combinations_carry_qualified_legs(d: Drill) -> None:
    assert refusal(d, legs=()) == 321
    await place(d)
    (order,) = d.server.exchange.working
    assert [leg.instrument.con_id for leg in order.legs] == [
        d.spread().long.con_id,
        d.spread().short.con_id,
    ]


@drill("wrong_sign", "BUY at a positive debit, always; the wire gate lets nothing else pass")
async def test_a_debit_is_bought_at_a_positive_limit(d: Drill) -> None:
    await place(d)
    (order,) = d.server.exchange.working
    limit = order.ticket.limit_price
    assert order.buys and limit is not None and 0 < limit < 5
    with pytest.raises((UserError, ValueError)):
        await d.broker.place(d.ticket("-0.50"))
    assert d.orders() == 1


@drill("combo_tick", "the combination's own step, as TWS tells it, decides the limit")
async def test_limits_are_on_the_combinations_step(d: Drill) -> None:
    d.faults.start("combo_tick", tick=0.05)
    assert await d.broker.combo_tick(d.spread()) == Decimal("0.05")
    with pytest.raises(UserError, match="110"):
        await d.broker.place(d.ticket("0.51"))
    await d.broker.place(d.ticket("0.55", tick="0.05"))
    assert d.orders() == 1


@drill("E110", "110 on a new order is a refusal, at once, with nothing working")
async def test_a_refused_step_is_a_refusal(d: Drill) -> None:
    d.faults.start("E110")
    with pytest.raises(UserError, match="110"):
        await d.broker.place(d.ticket())
    assert d.orders() == 0


@drill("E110_on_modify", "110 on a change leaves the order as it was")
async def test_a_refused_change_leaves_the_order(d: Drill) -> None:
    ticket = d.ticket("0.50")
    placed = await d.broker.place(ticket)
    d.faults.start("E110_on_modify")
    from dataclasses import replace

    with pytest.raises(UserError, match="110"):
        await d.broker.modify(placed.order_id, replace(ticket, limit_price=Decimal("0.60")))
    (order,) = (await d.broker.book()).open_orders
    assert order.limit_price == Decimal("0.50") and order.status is BrokerStatus.SUBMITTED


@drill("partial_leg", "no order is ever sent without guarantee: both legs or none")
async def test_orders_are_guaranteed(d: Drill) -> None:
    d.faults.start("partial_leg")
    intent = await d.approve(contracts=1)
    await d.becomes(intent, FILLED)
    assert len((await d.broker.book()).positions) == 2
    assert not d.server.exchange.orders[0].ticket.routing


@drill("leg_prices", "net prices only")
async def test_orders_have_net_prices(d: Drill) -> None:
    assert refusal(d, leg_prices=("1.0", "0.5")) == 10058
    await place(d)
    assert not d.server.exchange.orders[0].ticket.leg_prices


@drill("wide_combo", "a market order filled worse than natural by more than a tick is told")
async def test_a_bad_fill_is_told(d: Drill) -> None:
    d.faults.start("wide_combo")
    intent = await d.approve(contracts=1)
    await d.becomes(intent, FILLED)
    await d.until(lambda: d.alerted("worse"), "the trader is told", secs=60)


@drill("wide_combo", "LIVE sends limits only, never above the approved bound", mode=Mode.LIVE)
async def test_a_wide_market_is_not_chased(d: Drill) -> None:
    d.faults.start("wide_combo")
    intent = await d.approve(contracts=1)
    await asyncio.sleep(300)
    assert not d.of(Execution)
    assert all(one.ticket.order_type == "LMT" for one in d.server.exchange.orders)
    assert d.intent(intent).state is not FILLED


@drill("inverted_combo", "prices come from the legs, never from the combination's own quote")
async def test_an_inverted_quote_is_not_believed(d: Drill) -> None:
    d.faults.start("inverted_combo")
    intent = await d.approve(contracts=1)
    await d.becomes(intent, FILLED)


@drill("no_combo_quote", "prices come from the legs, never from the combination's own quote")
async def test_a_missing_quote_is_not_needed(d: Drill) -> None:
    d.faults.start("no_combo_quote")
    intent = await d.approve(contracts=1)
    await d.becomes(intent, FILLED)


@drill("algo_stripped", "no algorithm on a combination")
async def test_orders_have_no_algorithm(d: Drill) -> None:
    intent = await d.approve(contracts=1)
    await d.becomes(intent, FILLED)
    assert not d.server.exchange.orders[0].ticket.algo


@drill("outside_hours", "the outside-hours flag is always off, the time in force always set")
async def test_orders_are_for_regular_hours(d: Drill) -> None:
    await place(d)
    ticket = d.server.exchange.orders[0].ticket
    assert not ticket.outside_rth and ticket.tif == "DAY"


@drill("nan_limit", "a limit that is no number is refused before it is sent")
async def test_a_limit_is_a_number(d: Drill) -> None:
    assert refusal(d, limit_price=Decimal("NaN")) == 321
    with pytest.raises((UserError, ValueError)):
        await d.broker.place(d.ticket("NaN"))
    assert d.orders() == 0


@drill("whatif_twice", "an early answer without figures is asked for again")
async def test_a_preview_without_figures_is_asked_for_again(d: Drill) -> None:
    d.faults.start("whatif_twice")
    told = await d.broker.preview(d.ticket("3.00"))
    assert told.initial_margin_change is not None and d.orders() == 0


@drill("whatif_error", "a refused preview is told with its code, and places nothing")
async def test_a_refused_preview_is_told(d: Drill) -> None:
    d.faults.start("whatif_error")
    with pytest.raises(UserError, match="201"):
        await d.broker.preview(d.ticket("3.00"))
    assert d.orders() == 0


@drill("whatif_never", "a preview that never comes ends in seconds, and places nothing")
async def test_a_preview_that_never_comes_ends(d: Drill) -> None:
    d.faults.start("whatif_never")
    began = d.loop.time()
    with pytest.raises((UserError, TimeoutError)):
        await d.broker.preview(d.ticket("3.00"))
    assert d.loop.time() - began < 15 and d.orders() == 0


async def refused_by(d: Drill, fault: str, code: int) -> None:
    d.faults.start(fault)
    with pytest.raises(UserError, match=str(code)) as refused:
        await d.broker.place(d.ticket())
    assert refused.value.remedy and d.orders() == 0


@drill("E383", "a refusal with the precaution to change in TWS")
async def test_the_size_precaution_is_told(d: Drill) -> None:
    await refused_by(d, "E383", 383)


@drill("E451", "a refusal with the precaution to change in TWS")
async def test_the_value_precaution_is_told(d: Drill) -> None:
    await refused_by(d, "E451", 451)


@drill("E109", "a refusal with the precaution to change in TWS")
async def test_the_price_precaution_is_told(d: Drill) -> None:
    await refused_by(d, "E109", 109)


@drill("outdated_attribute", "attributes that TWS takes no more are never set")
async def test_no_outdated_attribute_is_set(d: Drill) -> None:
    await place(d)
    assert not d.server.exchange.orders[0].ticket.outdated


@drill("bag_details", "contract details of a combination are never asked for")
async def test_nobody_asks_for_a_combinations_details(d: Drill) -> None:
    d.faults.start("bag_details")
    await d.broker.watch_spread(d.spread())
    intent = await d.approve(contracts=1)
    await d.becomes(intent, FILLED)


@drill("stale_next_id", "ids above every one seen: 103 is never met", logs=True)
async def test_an_old_id_is_not_used_again(d: Drill) -> None:
    await place(d)
    d.faults.start("stale_next_id")
    d.network.cut()
    await d.until(lambda: d.broker.state.value != "READY", "lost")
    await d.ready()
    first = d.server.exchange.orders[0].order_id
    placed = await d.broker.place(d.ticket())
    assert placed.order_id > first and d.orders() == 2


@drill("perm_zero", "no permanent id, no acknowledgement: it is waited for")
async def test_an_order_is_acknowledged_by_its_permanent_id(d: Drill) -> None:
    d.faults.start("perm_zero")
    ticket = d.ticket()
    try:
        placed = await d.broker.place(ticket)
        assert placed.perm_id
    except TimeoutError:
        pass
    book = await d.broker.book()
    assert [one.perm_id for one in book.open_orders] == [d.server.exchange.working[0].perm_id]


async def noted(d: Drill, fault: str) -> None:
    d.faults.start(fault)
    placed = await d.broker.place(d.ticket())
    await asyncio.sleep(5)
    assert not d.of(OrderRejected)
    (order,) = (await d.broker.book()).open_orders
    assert order.perm_id == placed.perm_id and BrokerStatus.CANCELLED not in statuses(d)


@drill("E10349", "a note is no refusal: the order works on")
async def test_a_note_about_the_time_in_force_is_none(d: Drill) -> None:
    await noted(d, "E10349")


@drill("E404", "a note is no refusal: the order works on")
async def test_a_note_about_located_shares_is_none(d: Drill) -> None:
    await noted(d, "E404")


@drill("E399", "a note is no refusal: the order works on")
async def test_an_order_message_is_none(d: Drill) -> None:
    await noted(d, "E399")


@drill("E10311", "a note is no refusal: the order works on")
async def test_a_note_about_routing_fees_is_none(d: Drill) -> None:
    await noted(d, "E10311")


@drill("fill_after_cancel", "a fill after the cancel counts: the position is there, and told")
async def test_a_fill_after_the_cancel_counts(d: Drill) -> None:
    placed = await d.broker.place(d.ticket("0.50"))
    d.faults.start("fill_after_cancel")
    await d.broker.cancel(placed.order_id)
    await d.until(lambda: len(d.of(Execution)) >= 3, "the fill and its legs")
    held = {one.quantity for one in (await d.broker.book()).positions}
    assert held == {Decimal(1), Decimal(-1)}


@drill("no_status", "quantities come from executions: filled without any status")
async def test_fills_need_no_status(d: Drill) -> None:
    d.faults.start("no_status")
    intent = await d.approve(contracts=2)
    done = await d.becomes(intent, FILLED)
    assert done.filled == 2


@drill("dup_status", "news that come twice count once")
async def test_news_count_once(d: Drill) -> None:
    d.faults.start("dup_status")
    intent = await d.approve(contracts=2)
    done = await d.becomes(intent, FILLED)
    await asyncio.sleep(5)
    assert done.filled == 2 and [one.quantity for one in d.desk.positions()] == [2]


@drill("exec_first", "a fill before the order's news is a fill")
async def test_a_fill_may_come_first(d: Drill) -> None:
    d.faults.start("exec_first", seconds=2.0)
    intent = await d.approve(contracts=2)
    done = await d.becomes(intent, FILLED)
    assert done.filled == 2


@drill("status_first", "called filled before its fills: waited for, counted once")
async def test_the_status_may_come_first(d: Drill) -> None:
    d.faults.start("status_first", seconds=2.0)
    intent = await d.approve(contracts=2)
    done = await d.becomes(intent, FILLED)
    await asyncio.sleep(10)
    assert d.intent(intent).filled == 2 and done.state is FILLED


@drill("commission_late", "filled at once; the commission is added when it comes")
async def test_a_late_commission_is_added(d: Drill) -> None:
    d.faults.start("commission_late", seconds=5.0)
    intent = await d.approve(contracts=2)
    await d.becomes(intent, FILLED)
    assert not d.of(Commission)
    await d.until(lambda: len(d.of(Commission)) == 2, "the legs' commissions", secs=30)
    assert {one.exec_id for one in d.of(Commission)} < {one.exec_id for one in d.of(Execution)}


@drill("commission_never", "filled without it; nobody waits")
async def test_a_missing_commission_keeps_nobody(d: Drill) -> None:
    d.faults.start("commission_never")
    intent = await d.approve(contracts=2)
    await d.becomes(intent, FILLED)
    assert len(d.desk.positions()) == 1


@drill("partial", "parts are added up; the position has what was filled")
async def test_parts_add_up(d: Drill) -> None:
    d.faults.start("partial", quantity=1)
    intent = await d.approve(contracts=3)
    done = await d.becomes(intent, FILLED)
    assert done.filled == 3 and [one.quantity for one in d.desk.positions()] == [3]


@drill("same_bag", "spreads are told apart by their legs, never by the combination's id")
async def test_two_spreads_of_one_underlying_are_told_apart(d: Drill) -> None:
    first = await d.broker.place(d.ticket("3.00", spread=d.spread("AAPL", 95, 100)))
    second = await d.broker.place(d.ticket("3.00", spread=d.spread("AAPL", 105, 110)))
    await d.until(lambda: len(d.of(Execution)) >= 2, "fills")
    assert first.perm_id != second.perm_id
    assert {one.perm_id for one in d.of(Execution)} <= {first.perm_id, second.perm_id}


@drill("bust_correct", "the highest number of an execution's id replaces the others")
async def test_a_correction_replaces(d: Drill) -> None:
    d.faults.start("bust_correct", seconds=1.0, cents=5)
    intent = await d.approve(contracts=2)
    await d.becomes(intent, FILLED)
    await asyncio.sleep(5)
    assert d.intent(intent).filled == 2
    assert [one.quantity for one in d.desk.positions()] == [2]
    assert len({one.exec_id for one in d.of(Execution)}) == 4


@drill("cancel_race", "10148 is no error: the fill counts, the cancel is not sent again")
async def test_a_cancel_that_comes_too_late(d: Drill) -> None:
    placed = await d.broker.place(d.ticket("0.50"))
    d.faults.start("cancel_race")
    await d.broker.cancel(placed.order_id)
    await d.until(lambda: BrokerStatus.FILLED in statuses(d), "filled")


@drill("thin_completed", "the journal and the executions tell the story; completed orders only end")
async def test_completed_orders_are_thin(d: Drill) -> None:
    intent = await d.approve(contracts=2)
    await d.becomes(intent, FILLED)
    (done,) = (await d.broker.book()).completed_orders
    assert done.status is BrokerStatus.FILLED and done.perm_id


@drill("attached_stop", "stops and targets are watched here; nothing is attached to an order")
async def test_nothing_is_attached(d: Drill) -> None:
    assert refusal(d, unsupported=("parentId",)) == 321
    intent = await d.approve(contracts=1)
    await d.becomes(intent, FILLED)
    assert d.orders() == 1


@drill("dup_after_modify", "a twin of a changed order is found by its permanent id, and told")
async def test_a_twin_is_found(d: Drill) -> None:
    from dataclasses import replace

    ticket = d.ticket("0.50")
    placed = await d.broker.place(ticket)
    d.faults.start("dup_after_modify")
    with pytest.raises((UserError, TimeoutError)):
        await d.broker.modify(placed.order_id, replace(ticket, limit_price=Decimal("0.60")))
    book = await d.broker.book()
    assert len({one.perm_id for one in book.open_orders}) == 2
    assert {one.order_ref for one in book.open_orders} == {ticket.order_ref}


@drill(
    "dup_after_modify",
    "a twin is cancelled and told; the order acknowledged first stays",
    mode=Mode.LIVE,
    logs=True,
)
async def test_a_twin_of_the_ladder_is_told(d: Drill) -> None:
    d.faults.start("wide_combo")
    d.faults.start("dup_after_modify")
    intent = await d.approve(contracts=1)
    await asyncio.sleep(180)
    assert d.orders() > 1 and d.alerted("two orders at the broker")
    assert not d.server.exchange.working and not (await d.broker.book()).positions
    assert d.intent(intent).perm_id == d.server.exchange.orders[0].perm_id
