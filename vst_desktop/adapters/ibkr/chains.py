"""Option chains: the listed contracts of each expiration, and quotes near the price."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from itertools import chain as flat
from itertools import zip_longest

from vst_desktop.adapters.ibkr import convert, values
from vst_desktop.adapters.ibkr.codes import in_words, remedy_of
from vst_desktop.adapters.ibkr.dividends import GENERIC_TICK, Dividends
from vst_desktop.adapters.ibkr.library import Contract, RequestError, Ticker
from vst_desktop.adapters.ibkr.lines import Lines
from vst_desktop.adapters.ibkr.session import Session
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.money import price
from vst_desktop.domain.quotes import (
    OptionChain,
    OptionContract,
    OptionQuote,
    Right,
    StockQuote,
)
from vst_desktop.domain.spreads import VerticalSpread

GENERIC_TICKS = "100,101,106"
"""Option volume, open interest, and the underlying's implied volatility."""
UNDERLYING_TICKS = f"106,{GENERIC_TICK}"
STOCK_SECS = 3.0
VOLATILITY_SECS = 1.0
"""How long the underlying's volatility may come after its prices."""
DAY_SECS = 0.5
"""How long the day's open, high, low and volume may come after the prices."""
QUOTE_SECS = 4.0
GREEKS_SECS = 0.5
"""How long Greeks may come after the prices of a leg that is about to be traded."""
PRIOR_VOLATILITY = 0.35
WIDER = 1.25
"""Quotes reach a little beyond what was asked for: the volatility is only an estimate."""
_NO_SUCH_CONTRACT = 200
_DAYS_A_YEAR = 365

Increment = tuple[Decimal, Decimal]
"""Where a price band begins, and its price increment; USD a share."""


class Chains:
    """Loads chains over one connection; what is listed is remembered for the day."""

    def __init__(
        self,
        session: Session,
        lines: Lines,
        now: Callable[[], datetime],
        dividends: Dividends,
    ) -> None:
        self._session = session
        self._lines = lines
        self._dividends = dividends
        self._now = now
        self._stocks: dict[str, Contract] = {}
        self._listed: dict[tuple[str, date, Right, date], tuple[OptionContract, ...]] = {}
        self._expirations: dict[tuple[str, date], tuple[tuple[date, str], ...]] = {}
        self._rules: dict[int, int] = {}
        self._increments: dict[int, tuple[Increment, ...]] = {}

    async def stock(self, symbol: str) -> Contract:
        """The stock with its contract id.

        Raises:
            UserError: The broker does not know it, or knows several.
            TimeoutError: No answer.
        """
        if symbol not in self._stocks:
            details = await self._session.answer(
                lambda: self._session.ib.reqContractDetailsAsync(convert.stock(symbol)),
                f"details of {symbol}",
            )
            if len(details) != 1 or details[0].contract is None:
                raise UserError(f"{symbol} names {len(details)} stocks at the broker, not one")
            self._stocks[symbol] = details[0].contract
        return self._stocks[symbol]

    async def look(
        self, symbol: str, *, volatility: bool = False
    ) -> tuple[StockQuote, float | None]:
        """A fresh quote of a stock, and its options' implied volatility where TWS has it.

        Raises:
            UserError: The broker does not know the stock, or gives no data of it.
        """
        contract = await self.stock(symbol)
        async with self._lines.look(contract, UNDERLYING_TICKS) as line:
            if await line.until(_has_prices, STOCK_SECS):
                await line.until(_has_day, DAY_SECS)
            if line.error is not None and not line.ticked:
                code, text = line.error
                raise UserError(
                    f"IBKR refused {in_words(code, text)}",
                    where=f"quote of {symbol}",
                    remedy=remedy_of(code),
                )
            if volatility and line.ticked:
                await line.until(_has_volatility, VOLATILITY_SECS)
            self._dividends.take(symbol, line.ticker)
            return (
                convert.stock_quote(symbol, line.ticker, line.time),
                values.positive(line.ticker.impliedVolatility),
            )

    async def chain(
        self,
        symbol: str,
        *,
        right: Right,
        dte: tuple[int, int],
        today: date,
        reach: float,
        max_contracts: int,
    ) -> OptionChain:
        """One right's chain within a range of days to expiration."""
        stock = await self.stock(symbol)
        expirations = [
            each
            for each in await self._expirations_of(stock, today)
            if dte[0] <= (each[0] - today).days <= dte[1]
        ]
        if not expirations:
            raise UserError(f"{symbol} has no expiration in {dte[0]} to {dte[1]} days")
        (look, volatility), listed = await asyncio.gather(
            self.look(symbol, volatility=True),
            asyncio.gather(
                *(self._contracts(stock, day, right, name, today) for day, name in expirations)
            ),
        )
        spot = look.quote.mid or look.quote.last or look.prior_close
        if spot is None:
            raise UserError(
                f"the broker gives no price of {symbol}",
                remedy="check the market data subscription and whether the stock trades",
            )
        if volatility is None:
            volatility = await self._volatility(listed, spot)
        wanted = choose(
            listed, spot, (volatility or PRIOR_VOLATILITY) * WIDER, reach, max_contracts, today
        )
        quoted = await self.quotes(wanted)
        by_id = {quote.contract.con_id: quote for quote in quoted}
        return OptionChain(
            symbol=symbol,
            underlying=round(spot, 4),
            time=self._now(),
            quotes=tuple(
                by_id.get(contract.con_id) or OptionQuote(contract=contract, quote=None)
                for contracts in listed
                for contract in contracts
            ),
            source="IBKR",
        )

    async def quotes(
        self, contracts: Sequence[OptionContract], *, greeks_secs: float | None = None
    ) -> list[OptionQuote]:
        """Fresh quotes, each from a line of its own; without a quote where TWS gave none.

        ``greeks_secs``: longest wait for Greeks and open interest once both prices are there;
        None waits for everything as long as for the prices.
        """
        return list(await asyncio.gather(*(self._quote(each, greeks_secs) for each in contracts)))

    async def _quote(
        self, contract: OptionContract, greeks_secs: float | None = None
    ) -> OptionQuote:
        def complete(ticker: Ticker) -> bool:
            return _complete(ticker, contract.right)

        async with self._lines.look(convert.option(contract), GENERIC_TICKS) as line:
            if greeks_secs is None:
                await line.until(complete, QUOTE_SECS)
            elif await line.until(_has_both_sides, QUOTE_SECS):
                await line.until(complete, greeks_secs)
            if not line.ticked:
                return OptionQuote(contract=contract, quote=None)
            return convert.option_quote(contract, line.ticker, line.time)

    async def tick(self, spread: VerticalSpread) -> Decimal | None:
        """The coarser of the legs' price increments in the spread's price band, USD.

        By the market rules of the legs, at the middle of the spread's own market; where that is
        not quoted, their coarsest. None when TWS tells no rule.

        Raises:
            UserError: TWS refused.
            TimeoutError: No answer in time.
        """
        legs = (spread.long, spread.short)
        rules = [await self._rule(leg) for leg in legs]
        mids = [one.quote.mid if one.quote else None for one in await self.quotes(legs)]
        long, short = mids
        middle = None if long is None or short is None else abs(price(long - short))
        ticks = [increment_at(rule, middle) for rule in rules]
        return max((tick for tick in ticks if tick is not None), default=None)

    async def _rule(self, leg: OptionContract) -> tuple[Increment, ...]:
        if leg.con_id not in self._rules:
            await self._details(convert.option(leg), f"market rule of {leg.symbol}")
        rule = self._rules.get(leg.con_id)
        if rule is None:
            return ()
        if rule not in self._increments:
            bands = await self._session.alone(
                lambda: self._session.ib.reqMarketRuleAsync(rule), f"market rule {rule}"
            )
            self._increments[rule] = tuple(
                (price(band.lowEdge), price(band.increment)) for band in bands or ()
            )
        return self._increments[rule]

    async def _volatility(
        self, listed: Sequence[Sequence[OptionContract]], spot: float
    ) -> float | None:
        """Implied volatility of the option nearest to the money."""
        nearest = min(
            flat.from_iterable(listed), key=lambda c: abs(float(c.strike) - spot), default=None
        )
        if nearest is None:
            return None
        return (await self._quote(nearest)).implied_volatility

    async def _expirations_of(self, stock: Contract, today: date) -> tuple[tuple[date, str], ...]:
        key = (stock.symbol, today)
        if key not in self._expirations:
            rows = await self._session.answer(
                lambda: self._session.ib.reqSecDefOptParamsAsync(
                    stock.symbol, "", "STK", stock.conId
                ),
                f"option expirations of {stock.symbol}",
            )
            plain = convert.plain_symbol(stock.symbol)
            found = {
                (convert.parse_day(text), row.tradingClass)
                for row in rows
                if row.multiplier == "100" and convert.plain_symbol(row.tradingClass) == plain
                for text in row.expirations
            }
            self._expirations[key] = tuple(sorted(found))
        return self._expirations[key]

    async def _contracts(
        self, stock: Contract, expiration: date, right: Right, trading_class: str, today: date
    ) -> tuple[OptionContract, ...]:
        key = (stock.symbol, expiration, right, today)
        if key not in self._listed:
            query = convert.option_query(stock.symbol, expiration, right, trading_class)
            found = []
            for contract in await self._details(query, f"options of {stock.symbol} {expiration}"):
                one = convert.option_contract(contract)
                if one.expiration != expiration:
                    # TWS tells the last trading day here; the chain goes by its own dates
                    one = replace(one, expiration=expiration, last_trade=one.expiration)
                found.append(one)
            self._listed[key] = tuple(sorted(found, key=lambda c: c.strike))
        return self._listed[key]

    async def _details(self, query: Contract, what: str) -> list[Contract]:
        async def ask() -> list[Contract]:
            try:
                details = await self._session.ib.reqContractDetailsAsync(query)
            except RequestError as error:
                if error.code == _NO_SUCH_CONTRACT:
                    return []
                raise
            for each in details:
                rule = convert.market_rule(each)
                if each.contract is not None and rule is not None:
                    self._rules[each.contract.conId] = rule
            return [each.contract for each in details if each.contract is not None]

        return await self._session.answer(ask, what)


def increment_at(bands: Sequence[Increment], at: Decimal | None) -> Decimal | None:
    """The increment of the band that a price is in; the coarsest without a price."""
    inside = [step for edge, step in bands if at is None or edge <= at]
    return None if not inside else max(inside) if at is None else inside[-1]


def choose(
    listed: Sequence[Sequence[OptionContract]],
    spot: float,
    volatility: float,
    reach: float,
    max_contracts: int,
    today: date,
) -> list[OptionContract]:
    """The contracts to quote: within ``reach`` expected moves of ``spot``, at most so many.

    Expirations take turns, so that none is left out. Each gives its nearest to the price first,
    then a coarse grid over the whole reach, then finer ones: where strikes stand closer than can
    be quoted, spreads of every width are still there.
    """
    inside = [
        _coarse_first(
            [
                each
                for each in contracts
                if abs(float(each.strike) - spot) <= reach * _move(each, spot, volatility, today)
            ],
            spot,
        )
        for contracts in listed
    ]
    turns = flat.from_iterable(zip_longest(*inside))
    return [one for one in turns if one is not None][:max_contracts]


def _coarse_first(contracts: Sequence[OptionContract], spot: float) -> list[OptionContract]:
    by_strike = sorted(contracts, key=lambda c: c.strike)
    steps = range(len(by_strike))
    middle = min(steps, key=lambda i: abs(float(by_strike[i].strike) - spot), default=0)

    def place(step: int) -> tuple[int, int]:
        away = abs(step - middle)
        # the largest power of two that divides the way from the middle is the grid it is on
        return (-(away & -away) if away else -len(by_strike), away)

    return [by_strike[step] for step in sorted(steps, key=place)]


def _move(contract: OptionContract, spot: float, volatility: float, today: date) -> float:
    """One standard deviation until expiration, USD."""
    years = max((contract.expiration - today).days, 1) / _DAYS_A_YEAR
    return spot * volatility * math.sqrt(years)


def _has_prices(ticker: Ticker) -> bool:
    return not any(math.isnan(v) for v in (ticker.bid, ticker.ask, ticker.last, ticker.close))


def _has_day(ticker: Ticker) -> bool:
    return not any(math.isnan(v) for v in (ticker.open, ticker.high, ticker.low, ticker.volume))


def _has_both_sides(ticker: Ticker) -> bool:
    return not math.isnan(ticker.bid) and not math.isnan(ticker.ask)


def _has_volatility(ticker: Ticker) -> bool:
    return not math.isnan(ticker.impliedVolatility)


def _complete(ticker: Ticker, right: Right) -> bool:
    interest = ticker.callOpenInterest if right is Right.CALL else ticker.putOpenInterest
    return _has_both_sides(ticker) and ticker.modelGreeks is not None and not math.isnan(interest)
