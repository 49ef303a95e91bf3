"""The built-in market: deterministic, plausible, and worth trading at its default moment."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache

import pytest

from vst_desktop.adapters.tws_sim.market_builtin import (
    DEFAULT_START,
    FIRST_DAY,
    BuiltinMarket,
    check_start,
)
from vst_desktop.adapters.tws_sim.timing import day_of
from vst_desktop.adapters.tws_sim.world import Right
from vst_desktop.domain.bars import BarSeries
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.quotes import OptionChain, OptionContract, OptionQuote, Quote
from vst_desktop.domain.quotes import Right as OptionRight
from vst_desktop.domain.signals import Direction
from vst_desktop.domain.spreads import Selection
from vst_desktop.options.rules import SelectionRules
from vst_desktop.options.selection import select
from vst_desktop.runtime.settings import OptionsSettings, StrategySettings
from vst_desktop.strategy.indicators import indicators
from vst_desktop.strategy.parameters import StrategyParameters
from vst_desktop.strategy.registry import BUILT_IN

RULES = SelectionRules.of(OptionsSettings().model_dump())
PARAMETERS = StrategyParameters.of(StrategySettings().model_dump())
TODAY = day_of(DEFAULT_START)


@cache
def market() -> BuiltinMarket:
    return BuiltinMarket(0)


def series(symbol: str, at: datetime = DEFAULT_START) -> BarSeries:
    bars = market().daily_bars(symbol, FIRST_DAY, at)
    return BarSeries(
        symbol=symbol,
        dates=tuple(day_of(b.start) if isinstance(b.start, datetime) else b.start for b in bars),
        open=tuple(b.open for b in bars),
        high=tuple(b.high for b in bars),
        low=tuple(b.low for b in bars),
        close=tuple(b.close for b in bars),
        volume=tuple(float(b.volume) for b in bars),
        forming=True,
    )


def selection(symbol: str, right: Right) -> Selection:
    quotes = []
    for expiration in market().expirations(symbol, DEFAULT_START):
        if not 30 <= (expiration - TODAY).days <= 45:
            continue
        for each in market().options(symbol, expiration, DEFAULT_START, right):
            q = market().quote(each, DEFAULT_START)
            assert q is not None
            contract = OptionContract(
                symbol=symbol,
                expiration=expiration,
                strike=Decimal(str(each.strike)),
                right=OptionRight(right),
                con_id=each.con_id,
            )
            quote = Quote(
                bid=q.bid,
                ask=q.ask,
                bid_size=q.bid_size,
                ask_size=q.ask_size,
                last=q.last,
                time=DEFAULT_START,
            )
            quotes.append(
                OptionQuote(
                    contract=contract,
                    quote=quote,
                    open_interest=q.open_interest,
                    implied_volatility=q.implied_volatility,
                    delta=q.delta,
                )
            )
    spot = market().spot(symbol, DEFAULT_START)
    assert spot is not None
    chain = OptionChain(
        symbol=symbol,
        underlying=spot,
        time=DEFAULT_START,
        quotes=tuple(quotes),
        source="built-in",
    )
    direction = Direction.LONG if right == "C" else Direction.SHORT
    return select(chain, direction, RULES, now=DEFAULT_START, today=TODAY)


def test_same_seed_is_the_same_market_and_another_seed_another() -> None:
    bars = market().daily_bars("AAPL", FIRST_DAY, DEFAULT_START)
    assert BuiltinMarket(0).daily_bars("AAPL", FIRST_DAY, DEFAULT_START) == bars
    assert BuiltinMarket(1).daily_bars("AAPL", FIRST_DAY, DEFAULT_START) != bars


def test_prices_stay_within_20_and_400_and_never_stand_still_for_long() -> None:
    for stock in market().stocks():
        close = series(stock.symbol).close
        assert min(close) >= 20
        assert max(close) <= 400
        assert len(set(close)) > len(close) * 0.5


def test_bars_are_possible() -> None:
    for stock in market().stocks():
        for bar in market().daily_bars(stock.symbol, FIRST_DAY, DEFAULT_START):
            assert 0 < bar.low <= min(bar.open, bar.close)
            assert bar.high >= max(bar.open, bar.close)
            assert bar.volume > 0


def test_forming_bar_grows_into_the_whole_bar() -> None:
    whole = market().day_bar("AAPL", TODAY)
    assert whole is not None
    (first, high, low, close), volume = whole
    session = market().session(TODAY)
    assert session is not None
    before = None
    for minute in range(0, 391, 13):
        bar = market().forming_bar("AAPL", session[0] + timedelta(minutes=minute))
        assert bar is not None
        assert bar.open == first
        assert low <= bar.low <= bar.close <= bar.high <= high
        if before is not None:
            assert bar.high >= before.high
            assert bar.low <= before.low
            assert bar.volume >= before.volume
        before = bar
    assert before is not None
    assert (before.high, before.low, before.close, before.volume) == (high, low, close, int(volume))


def test_several_strategies_fire_at_the_default_moment() -> None:
    fired = {
        (stock.symbol, name)
        for stock in market().stocks()
        for name, rule in BUILT_IN.items()
        if rule.mask(indicators(series(stock.symbol)), PARAMETERS)[-1]
    }
    assert len(fired) >= 8
    assert len({name for _, name in fired}) >= 3


def test_spreads_pass_on_most_symbols_up_to_200_and_on_no_dear_one() -> None:
    passing, cheap = 0, 0
    for stock in market().stocks():
        spot = market().spot(stock.symbol, DEFAULT_START)
        assert spot is not None
        found = selection(stock.symbol, "C")
        assert found.rejected.get("surface", 0) == 0
        if spot > 300:
            assert not found.spreads
        elif spot <= 200:
            cheap += 1
            passing += bool(found.spreads)
    assert passing > 0.8 * cheap


def test_options_are_found_again_by_their_contract_id() -> None:
    expiration = market().expirations("MSFT", DEFAULT_START)[4]
    listed = market().options("MSFT", expiration, DEFAULT_START)
    assert len({each.con_id for each in listed}) == len(listed)
    assert all(market().by_con_id(each.con_id) is each for each in listed)


def test_moment_without_prices_is_refused() -> None:
    with pytest.raises(UserError, match="no prices on 2024-03-01"):
        check_start(DEFAULT_START.replace(month=3, day=1))
