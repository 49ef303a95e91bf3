"""features/option_selection.feature."""

from __future__ import annotations

from datetime import time
from decimal import Decimal

from pytest_bdd import given, parsers, scenarios, then, when

from tests.bdd.world import World
from tests.helpers import scenario_days as days
from vst_desktop.domain.signals import Direction

scenarios("option_selection.feature")


@given(parsers.parse("no spread may cost more than {usd:d} USD"))
def dearest(world: World, usd: int) -> None:
    world.overrides.append(f"max_spread_cost={usd}")


@given(parsers.parse("a day on which {symbol} gives a {direction} signal"))
def signal_day(world: World, symbol: str, direction: str) -> None:
    found = days.candidate_at(symbol, time(15, 5), direction=Direction(direction))
    world.at, world.symbols = found.at, [symbol]


@when(parsers.parse("the chain of {symbol} is loaded"))
def load(world: World, symbol: str) -> None:
    world.load_chain(symbol)


@then(parsers.parse("the spread proposed for {symbol} is a {spread_type}"))
def proposed(world: World, symbol: str, spread_type: str) -> None:
    candidate = world.candidate(symbol)
    spread = candidate.ranked.spread
    assert spread.symbol == symbol
    assert spread.spread_type == spread_type
    bought_below_sold = spread.long.strike < spread.short.strike
    assert bought_below_sold is (spread_type == "BULL_CALL")
    assert candidate.contracts >= 1
    assert candidate.denied is None


@then(
    parsers.parse(
        "it costs at most {cost:d} USD, pays at least {ratio:f} times its risk, "
        "with a delta from {least:f} to {most:f}"
    )
)
def within_limits(world: World, cost: int, ratio: float, least: float, most: float) -> None:
    ranked = world.candidate(world.symbols[0]).ranked
    assert 0 < ranked.max_loss_usd <= cost
    width_usd = ranked.spread.width * ranked.spread.multiplier
    profit_usd = width_usd - ranked.max_loss_usd
    assert profit_usd >= Decimal(str(ratio)) * ranked.max_loss_usd
    assert least <= ranked.delta <= most


@then(parsers.parse("it expires in {least:d} to {most:d} days"))
def expires(world: World, least: int, most: int) -> None:
    assert world.at is not None
    expiration = world.candidate(world.symbols[0]).ranked.spread.expiration
    assert least <= (expiration - world.at.date()).days <= most


@then(parsers.parse("{symbol} has no candidate"))
def no_candidate(world: World, symbol: str) -> None:
    assert symbol not in [c.signal.symbol for c in world.station.research.candidates()]
    assert world.station.research.findings.chain_errors == []


@then("the reject counts add up to every pair considered")
def counts_add_up(world: World) -> None:
    (selection,) = world.station.research.findings.selections.values()
    assert selection.considered == sum(selection.rejected.values()) > 0
    assert selection.rejected["cost"] > 0
