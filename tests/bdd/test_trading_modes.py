"""features/trading_modes.feature."""

from __future__ import annotations

from datetime import time
from decimal import Decimal

from pytest_bdd import given, parsers, scenarios, then, when

from tests.bdd.world import World
from tests.helpers import scenario_days as days
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.money import floor_to_tick
from vst_desktop.domain.orders import Mode, OrderState, OrderType
from vst_desktop.domain.signals import Direction

scenarios("trading_modes.feature")

LIVE_ACCOUNT = "U7654321"


def _stand(world: World, symbol: str, clock: str) -> None:
    found = days.candidate_at(symbol, time.fromisoformat(clock), direction=Direction.LONG)
    world.at, world.symbols = found.at, [symbol]


@given(
    parsers.parse("a paper account at {clock} on a normal day with a LONG candidate for {symbol}")
)
def paper(world: World, clock: str, symbol: str) -> None:
    world.mode, world.account = Mode.PAPER, "DU7654321"
    _stand(world, symbol, clock)


@given(
    parsers.re(
        r"a live account, (?P<arming>armed|not armed), at (?P<clock>[\d:]+) on a normal day "
        r"with a LONG candidate for (?P<symbol>[A-Z]+)"
    )
)
def live(world: World, arming: str, clock: str, symbol: str) -> None:
    world.mode, world.account, world.armed = Mode.LIVE, LIVE_ACCOUNT, arming == "armed"
    _stand(world, symbol, clock)


@given(parsers.parse("a price improvement factor of {factor}"))
def improvement(world: World, factor: str) -> None:
    world.overrides.append(f"price_improvement_factor={factor}")


@when("the trader arms with a wrong account id")
def arm_wrong(world: World) -> None:
    try:
        world.run(world.station.arm("U1111111"))
    except UserError as refusal:
        world.refusal = refusal


@then(parsers.parse("a market order is sent for {symbol}"))
def market_order(world: World, symbol: str) -> None:
    intent = world.intent(symbol)
    assert intent.order_type is OrderType.MARKET
    assert intent.limit_price is None
    assert intent.order_id and intent.account == world.account


@then("it fills at the exact natural price")
def natural_fill(world: World) -> None:
    (symbol,) = world.symbols
    intent = world.wait_for_fill(symbol)
    assert intent.state is OrderState.FILLED, intent.reason
    assert intent.average_fill_price == world.shown[symbol].ranked.market.natural
    assert world.position(symbol).average_debit == intent.average_fill_price


@then(parsers.parse("a limit order is sent for {symbol}"))
def limit_order(world: World, symbol: str) -> None:
    intent = world.intent(symbol)
    assert intent.order_type is OrderType.LIMIT
    assert intent.order_id and intent.account == LIVE_ACCOUNT
    book = world.run(world.station.engines.broker.book())
    (order,) = (o for o in book.open_orders if o.order_ref == intent.order_ref)
    assert order.order_type == "LMT"
    assert order.limit_price == intent.limit_price


@then(parsers.parse("its price lies between bid and ask, {factor} of the way up from the bid"))
def improved(world: World, factor: str) -> None:
    (symbol,) = world.symbols
    shown, limit = world.shown[symbol].ranked, world.intent(symbol).limit_price
    bid, ask = shown.market.close, shown.market.natural
    tick = world.run(world.station.engines.broker.combo_tick(shown.spread))
    assert limit == floor_to_tick(bid + (ask - bid) * Decimal(factor), tick)
    assert bid <= limit < ask


@then("the approval is refused because LIVE is disarmed")
def refused_disarmed(world: World) -> None:
    assert world.refusal is not None
    assert "not armed" in str(world.refusal)
    assert world.station.desk.intents() == ()


@then("arming is refused")
def arming_refused(world: World) -> None:
    assert world.refusal is not None
    assert "allow-list" in str(world.refusal)
    assert world.station.desk.armed_account is None
