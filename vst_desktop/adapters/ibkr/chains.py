"""Option chains: the listed contracts of each expiration, and quotes near the price."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime

from ib_insync import IB, Contract, Ticker

from vst_desktop.adapters.ibkr import convert
from vst_desktop.adapters.ibkr.lines import Lines
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.quotes import (
    OptionChain,
    OptionContract,
    OptionQuote,
    Right,
    StockQuote,
)

GENERIC_TICKS = "100,101,106"
"""Option volume, open interest, and the underlying's implied volatility."""
QUOTE_SECS = 4.0
PRIOR_VOLATILITY = 0.35
WIDER = 1.25
"""Quotes reach a little beyond what was asked for: the volatility is only an estimate."""


class Chains:
    """Loads chains over one connection; what is listed is remembered for the day."""

    def __init__(
        self,
        ib: IB,
        lines: Lines,
        now: Callable[[], datetime],
        look: Callable[[str], Awaitable[tuple[StockQuote, float | None]]],
        answer_secs: float,
    ) -> None:
        self._ib = ib
        self._lines = lines
        self._now = now
        self._look = look
        self._secs = answer_secs
        self._stocks: dict[str, Contract] = {}
        self._listed: dict[tuple[str, date, Right, date], tuple[OptionContract, ...]] = {}
        self._expirations: dict[tuple[str, date], tuple[tuple[date, str], ...]] = {}

    async def stock(self, symbol: str) -> Contract:
        """The stock with its contract id.

        Raises:
            UserError: The broker does not know it, or knows several.
        """
        if symbol not in self._stocks:
            details = await self._answer(
                self._ib.reqContractDetailsAsync(convert.stock(symbol)), f"details of {symbol}"
            )
            if len(details) != 1 or details[0].contract is None:
                raise UserError(f"{symbol} names {len(details)} stocks at the broker, not one")
            self._stocks[symbol] = details[0].contract
        return self._stocks[symbol]

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
        look, volatility = await self._look(symbol)
        spot = look.quote.mid or look.quote.last or look.prior_close
        if spot is None:
            raise UserError(f"no price of {symbol}")
        expirations = [
            each
            for each in await self._expirations_of(stock, today)
            if dte[0] <= (each[0] - today).days <= dte[1]
        ]
        if not expirations:
            raise UserError(f"{symbol} has no expiration in {dte[0]} to {dte[1]} days")
        listed = await asyncio.gather(
            *(self._contracts(stock, day, right, name, today) for day, name in expirations)
        )
        wanted = choose(
            listed, spot, (volatility or PRIOR_VOLATILITY) * WIDER, reach, max_contracts, today
        )
        quoted = await self.quotes(wanted)
        by_id = {quote.contract.con_id: quote for quote in quoted}
        return OptionChain(
            symbol=symbol,
            underlying=spot,
            time=self._now(),
            quotes=tuple(
                by_id.get(contract.con_id) or OptionQuote(contract=contract, quote=None)
                for contracts in listed
                for contract in contracts
            ),
            source="IBKR",
        )

    async def quotes(self, contracts: Sequence[OptionContract]) -> list[OptionQuote]:
        """Fresh quotes, each from a line of its own."""
        return list(await asyncio.gather(*(self._quote(each) for each in contracts)))

    async def _quote(self, contract: OptionContract) -> OptionQuote:
        async with self._lines.look(convert.option(contract), GENERIC_TICKS) as line:
            complete = await line.until(lambda t: _complete(t, contract.right), QUOTE_SECS)
            ticked = complete or not math.isnan(line.ticker.bid) or not math.isnan(line.ticker.ask)
            quote = convert.option_quote(contract, line.ticker, line.time)
            if ticked:
                return quote
            return OptionQuote(contract=contract, quote=None)

    async def _expirations_of(self, stock: Contract, today: date) -> tuple[tuple[date, str], ...]:
        key = (stock.symbol, today)
        if key not in self._expirations:
            rows = await self._answer(
                self._ib.reqSecDefOptParamsAsync(stock.symbol, "", "STK", stock.conId),
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
            details = await self._answer(
                self._ib.reqContractDetailsAsync(query),
                f"contracts of {stock.symbol} {expiration}",
            )
            found = [
                convert.option_contract(each.contract)
                for each in details
                if each.contract is not None
            ]
            self._listed[key] = tuple(sorted(found, key=lambda c: c.strike))
        return self._listed[key]

    async def _answer[T](self, request: Awaitable[T], what: str) -> T:
        try:
            return await asyncio.wait_for(request, self._secs)
        except TimeoutError:
            raise TimeoutError(f"the broker did not answer: {what}") from None


def choose(
    listed: Sequence[Sequence[OptionContract]],
    spot: float,
    volatility: float,
    reach: float,
    max_contracts: int,
    today: date,
) -> list[OptionContract]:
    """The contracts to quote: within ``reach`` expected moves, nearest first, shared fairly."""
    share = max_contracts // max(len(listed), 1)
    wanted: list[OptionContract] = []
    for contracts in listed:
        near = sorted(contracts, key=lambda c: abs(float(c.strike) - spot))
        inside = []
        for each in near:
            years = max((each.expiration - today).days, 1) / 365
            if abs(float(each.strike) - spot) <= reach * spot * volatility * math.sqrt(years):
                inside.append(each)
        wanted += inside[:share]
    return wanted


def _complete(ticker: Ticker, right: Right) -> bool:
    interest = ticker.callOpenInterest if right is Right.CALL else ticker.putOpenInterest
    both = not math.isnan(ticker.bid) and not math.isnan(ticker.ask)
    return both and ticker.modelGreeks is not None and not math.isnan(interest)
