"""features/partial_fills.feature."""

from __future__ import annotations

from pytest_bdd import given, parsers, scenarios, when

from tests.bdd.desk_world import DeskWorld

scenarios("partial_fills.feature")


@given(parsers.parse("limit orders of {count:d} that rest in {symbol}"))
def rest(money: DeskWorld, count: int, symbol: str) -> None:
    money.rest(symbol, contracts=count)


@when(parsers.parse("{count:d} of {symbol} are filled in TWS"))
def filled(money: DeskWorld, count: int, symbol: str) -> None:
    market, spot = money.market, money.market.hand.get(symbol, 100.0)
    market.size, market.hand[symbol] = count, 99.0
    money.scene.server.exchange.rematch()
    market.hand[symbol] = spot
    money.wait_until(lambda: money.intent(symbol).filled == count, f"{count} filled")


@when(parsers.parse("{count:d} of {symbol} is sold in TWS by hand"))
def sold(money: DeskWorld, count: int, symbol: str) -> None:
    money.hand(symbol, "SELL", count)
    money.wait(1.0)
