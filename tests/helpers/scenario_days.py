"""Finds days of the built-in market on which a scenario's story happens.

Bars and option quotes are the market's own, rules and selection the station's: a scenario names
a symbol and a rule, never a date that silently stops fitting when the market is tuned.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache

from vst_desktop.adapters.tws_sim.market_builtin import FIRST_DAY, BuiltinMarket
from vst_desktop.domain.bars import BarSeries
from vst_desktop.domain.quotes import OptionChain, OptionContract, OptionQuote, Quote, Right
from vst_desktop.domain.signals import Direction
from vst_desktop.domain.spreads import VerticalSpread
from vst_desktop.execution.rules import ApprovalRules
from vst_desktop.execution.ticket import approval_bound
from vst_desktop.options.rules import SelectionRules
from vst_desktop.options.selection import select
from vst_desktop.runtime.calendar import EASTERN, Sessions
from vst_desktop.runtime.settings import Settings, load_settings
from vst_desktop.strategy.indicators import Indicators, indicators
from vst_desktop.strategy.parameters import StrategyParameters
from vst_desktop.strategy.registry import BUILT_IN

HALF_DAYS = (date(2023, 7, 3), date(2023, 11, 24))
_ROOMY = ("AMD", "QCOM", "XOM", "COP", "GE", "UBER", "DIS", "SBUX", "PYPL", "XLE", "NKE", "CVS")
"""Symbols priced where several spreads usually pass the filters: looked at first."""
_COARSEST_TICK = Decimal("0.05")
_FIRST, _LAST = date(2023, 1, 3), date(2023, 12, 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A moment and what the station will find then: one strategy for each wanted symbol."""

    at: datetime
    strategies: dict[str, str]


@cache
def _market() -> BuiltinMarket:
    return BuiltinMarket(0)


@cache
def _settings(overrides: tuple[str, ...] = ()) -> Settings:
    return load_settings(overrides, environment={})


@cache
def normal_days() -> tuple[date, ...]:
    """Sessions of 2023 that close at 16:00."""
    sessions, day, found = Sessions(), _FIRST, []
    while day <= _LAST:
        hours = sessions.session(day)
        if hours is not None and hours[1].astimezone(EASTERN).time() == time(16):
            found.append(day)
        day += timedelta(days=1)
    return tuple(found)


def moment(day: date, clock: time) -> datetime:
    """That time in New York, as aware UTC."""
    return datetime.combine(day, clock, tzinfo=EASTERN).astimezone(UTC)


def _series(symbol: str, at: datetime) -> BarSeries:
    bars = _market().daily_bars(symbol, FIRST_DAY, at)
    return BarSeries(
        symbol=symbol,
        dates=tuple(b.start for b in bars),
        open=tuple(b.open for b in bars),
        high=tuple(b.high for b in bars),
        low=tuple(b.low for b in bars),
        close=tuple(b.close for b in bars),
        volume=tuple(float(b.volume) for b in bars),
        forming=True,
    )


@cache
def _whole(symbol: str) -> tuple[dict[date, int], Indicators]:
    series = _series(symbol, moment(_LAST, time(16, 30)))
    return {day: index for index, day in enumerate(series.dates)}, indicators(series)


@cache
def _may_fire(symbol: str, strategy: str, overrides: tuple[str, ...]) -> frozenset[date]:
    """Days whose whole bar satisfies the rule: worth a look at the forming one."""
    index, data = _whole(symbol)
    parameters = StrategyParameters.of(_settings(overrides).strategy.model_dump())
    mask = BUILT_IN[strategy].mask(data, parameters)
    return frozenset(day for day, place in index.items() if mask[place])


def fires(symbol: str, strategy: str, at: datetime, overrides: tuple[str, ...] = ()) -> bool:
    """Whether the rule holds on the bar that forms at that moment."""
    parameters = StrategyParameters.of(_settings(overrides).strategy.model_dump())
    return bool(BUILT_IN[strategy].mask(indicators(_series(symbol, at)), parameters)[-1])


def signal_at(symbol: str, strategy: str, clock: time, overrides: tuple[str, ...] = ()) -> datetime:
    """The first moment at this time of day when the rule holds for the symbol."""
    likely = _may_fire(symbol, strategy, overrides)
    for day in normal_days():
        at = moment(day, clock)
        if day in likely and fires(symbol, strategy, at, overrides):
            return at
    raise LookupError(f"{strategy} never fires for {symbol} at {clock}")


def _quote(contract: OptionContract, at: datetime) -> Quote:
    instrument = _market().by_con_id(contract.con_id)
    assert instrument is not None
    quote = _market().quote(instrument, at)
    assert quote is not None
    return Quote(
        bid=quote.bid,
        ask=quote.ask,
        bid_size=quote.bid_size,
        ask_size=quote.ask_size,
        last=quote.last,
        time=at,
    )


def _chain(symbol: str, right: Right, at: datetime, rules: SelectionRules) -> OptionChain:
    market, today, spot = _market(), at.astimezone(EASTERN).date(), _market().spot(symbol, at)
    assert spot is not None
    quotes = []
    for expiration in market.expirations(symbol, at):
        if not rules.min_dte <= (expiration - today).days <= rules.max_dte:
            continue
        for option in market.options(symbol, expiration, at, right.value):
            assert option.strike is not None
            if abs(option.strike / spot - 1) > 0.15:
                continue
            modelled = market.quote(option, at)
            assert modelled is not None
            contract = OptionContract(
                symbol=symbol,
                expiration=expiration,
                strike=Decimal(str(option.strike)),
                right=right,
                con_id=option.con_id,
                trading_class=symbol,
            )
            quotes.append(
                OptionQuote(
                    contract=contract,
                    quote=_quote(contract, at),
                    open_interest=modelled.open_interest,
                    implied_volatility=modelled.implied_volatility,
                    delta=modelled.delta,
                )
            )
    return OptionChain(symbol=symbol, underlying=spot, time=at, quotes=tuple(quotes), source="")


def _best(symbol: str, direction: Direction, at: datetime) -> tuple[VerticalSpread, Decimal] | None:
    rules = SelectionRules.of(_settings().options.model_dump())
    right = Right.CALL if direction is Direction.LONG else Right.PUT
    chain = _chain(symbol, right, at, rules)
    found = select(chain, direction, rules, now=at, today=at.astimezone(EASTERN).date()).spreads
    return (found[0].spread, found[0].debit) if found else None


def tradable(symbol: str, strategy: str, at: datetime, sent: datetime) -> bool:
    """Whether a candidate stands at ``at`` that may still go at ``sent``: signal, debit, drift."""
    if not (fires(symbol, strategy, at) and fires(symbol, strategy, sent)):
        return False
    best = _best(symbol, BUILT_IN[strategy].direction, at)
    if best is None:
        return False
    spread, debit = best
    settings = _settings()
    rules = ApprovalRules(
        **settings.approval.model_dump(),
        min_reward_risk=settings.options.min_reward_risk,
        max_spread_cost=settings.options.max_spread_cost,
    )
    bound = approval_bound(debit, spread, _COARSEST_TICK, rules)
    ask, bid = _quote(spread.long, sent).ask, _quote(spread.short, sent).bid
    before, after = _market().spot(symbol, at), _market().spot(symbol, sent)
    assert ask is not None and bid is not None and before is not None and after is not None
    drift = abs(after - before) / float(indicators(_series(symbol, at).whole()).atr[-1])
    now = Decimal(str(ask)) - Decimal(str(bid))
    return now <= bound and debit <= bound and drift < 0.8 * rules.max_drift_atr


def _tradable(
    symbols: Iterable[str], strategies: Sequence[str], day: date, clock: time, send: time
) -> dict[str, str]:
    at, sent = moment(day, clock), moment(day, send)
    found: dict[str, str] = {}
    for symbol in symbols:
        for strategy in strategies:
            if day in _may_fire(symbol, strategy, ()) and tradable(symbol, strategy, at, sent):
                found[symbol] = strategy
                break
    return found


@cache
def candidate_at(
    symbol: str, clock: time, *, direction: Direction | None = None, send: time | None = None
) -> Found:
    """The first moment at this time of day when the symbol has a candidate that may be sent.

    Args:
        direction: Of its signal; any when None.
        send: When it goes that day; at once when None.
    """
    rules = [n for n, r in BUILT_IN.items() if direction in (None, r.direction)]
    for day in normal_days():
        found = _tradable([symbol], rules, day, clock, send or clock)
        if found:
            return Found(at=moment(day, clock), strategies=found)
    raise LookupError(f"{symbol} has no candidate at {clock}")


@cache
def candidates_at(
    count: int, clock: time, send: time, *, days: tuple[date, ...] | None = None
) -> Found:
    """The first moment when so many symbols have candidates that may be sent."""
    symbols = dict.fromkeys([*_ROOMY, *(stock.symbol for stock in _market().stocks())])
    for day in days or normal_days():
        likely = [s for s in symbols if any(day in _may_fire(s, name, ()) for name in BUILT_IN)]
        if len(likely) < count:
            continue
        found: dict[str, str] = {}
        for symbol in likely:
            found |= _tradable([symbol], list(BUILT_IN), day, clock, send)
            if len(found) == count:
                return Found(at=moment(day, clock), strategies=found)
    raise LookupError(f"no day with {count} candidates at {clock}")


@cache
def fading_at(clock: time, send: time) -> Found:
    """The first moment with a candidate whose signal is gone at ``send``.

    Looked for where the RSI ends its day near the threshold that HIGH_BASE needs.
    """
    threshold = _settings().strategy.high_base_min_rsi
    for day in normal_days():
        at, sent = moment(day, clock), moment(day, send)
        for symbol in _ROOMY:
            index, data = _whole(symbol)
            if abs(data.rsi[index[day]] - threshold) > 2:
                continue
            if not fires(symbol, "HIGH_BASE", at) or fires(symbol, "HIGH_BASE", sent):
                continue
            if _best(symbol, Direction.LONG, at) is not None:
                return Found(at=at, strategies={symbol: "HIGH_BASE"})
    raise LookupError(f"no signal fades between {clock} and {send}")
