"""The accounts of the simulator, valued at the market's marks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

from vst_desktop.adapters.tws_sim.currencies import Currencies
from vst_desktop.adapters.tws_sim.ledger import Ledger, Position, Trade, Valuation, market_value
from vst_desktop.adapters.tws_sim.post_expiry import exercises
from vst_desktop.adapters.tws_sim.pricing import mark_price
from vst_desktop.adapters.tws_sim.timing import EASTERN, Hours, SimTime, day_of
from vst_desktop.adapters.tws_sim.world import Instrument, Market

NO_DAY_TRADE_LIMIT = -1
_REG_T_BUYING_POWER = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldPosition:
    """A holding with its mark, as portfolio messages show it. Money in USD."""

    position: Position
    price: float
    value: Decimal
    unrealized: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DayResult:
    """Profit and loss in the base currency: since the prior close, open, and realised."""

    daily: Decimal
    unrealized: Decimal
    realized: Decimal


class Accounts:
    """Books of every account and what they are worth now."""

    def __init__(
        self,
        names: Sequence[str],
        cash_usd: Decimal,
        market: Market,
        clock: SimTime,
        hours: Hours,
        currencies: Currencies | None = None,
    ) -> None:
        self.currencies = currencies or Currencies()
        self.names = tuple(names)
        self._market = market
        self._clock = clock
        self._hours = hours
        self._ledgers = {
            name: Ledger(cash_usd, foreign_usd=self.currencies.foreign_usd) for name in names
        }
        self._day_base: dict[str, tuple[date, Ledger, Decimal]] = {}
        worth = cash_usd + self.currencies.foreign_usd
        for name in names:
            self._day_base[name] = (day_of(clock.now()), self._ledgers[name].copy(), worth)

    def ledger(self, account: str) -> Ledger:
        """The books of an account."""
        return self._ledgers[account]

    def book(self, account: str, trade: Trade) -> Decimal | None:
        """Enter a trade; returns the profit it realised, or None when it opened."""
        self._base(account)
        return self._ledgers[account].book(trade)

    def tried(self, account: str, trades: Sequence[Trade]) -> tuple[Valuation, Valuation]:
        """Figures before and after trades, which are not entered."""
        ledger = self._ledgers[account]
        after = ledger.copy()
        for trade in trades:
            after.book(trade)
        return ledger.value(self._mark), after.value(self._mark)

    def value(self, account: str) -> Valuation:
        """All figures of an account now."""
        return self._ledgers[account].value(self._mark)

    def held(self, account: str) -> list[HeldPosition]:
        """Positions of an account with their marks."""
        return [self.marked(one) for one in self._ledgers[account].held]

    def marked(self, position: Position) -> HeldPosition:
        """A position with its mark of now."""
        worth = market_value(position, self._mark)
        return HeldPosition(
            position=position,
            price=self._mark(position.instrument) or 0.0,
            value=worth,
            unrealized=worth - position.cost_usd,
        )

    def day(self, account: str) -> DayResult:
        """Profit and loss of an account."""
        base = self._base(account)[1]
        now = self.value(account)
        in_base = self.currencies.in_base
        return DayResult(
            daily=in_base(now.net_liquidation - base),
            unrealized=in_base(now.unrealized),
            realized=in_base(now.realized),
        )

    def day_of_position(self, account: str, con_id: int) -> tuple[HeldPosition, Decimal] | None:
        """A position that was ever held, and its profit since the prior close."""
        instrument = self._market.by_con_id(con_id)
        if instrument is None:
            return None
        base = self._base(account)[0]
        now, then = self._ledgers[account].position(instrument), base.position(instrument)
        marked = self.marked(now)
        prior = self._mark_at(self._prior_close())
        gain = (marked.unrealized + now.realized_usd) - (
            market_value(then, prior) - then.cost_usd + then.realized_usd
        )
        return marked, gain

    def figures(self, account: str) -> Mapping[str, str]:
        """Account values in the base currency by tag, as account messages give them."""
        worth = self.value(account)
        cushion = worth.available / worth.net_liquidation if worth.net_liquidation else Decimal(0)
        money = {
            "NetLiquidation": worth.net_liquidation,
            "TotalCashValue": worth.cash,
            "SettledCash": worth.cash,
            "AccruedCash": Decimal(0),
            "BuyingPower": max(Decimal(0), worth.available) * _REG_T_BUYING_POWER,
            "EquityWithLoanValue": worth.equity_with_loan,
            "PreviousDayEquityWithLoanValue": self._base(account)[0].cash_usd
            + self.currencies.foreign_usd,
            "GrossPositionValue": worth.gross_value,
            "RegTEquity": worth.equity_with_loan,
            "RegTMargin": worth.margin,
            "SMA": worth.available,
            "InitMarginReq": worth.margin,
            "MaintMarginReq": worth.margin,
            "AvailableFunds": worth.available,
            "ExcessLiquidity": worth.available,
            "FullInitMarginReq": worth.margin,
            "FullMaintMarginReq": worth.margin,
            "FullAvailableFunds": worth.available,
            "FullExcessLiquidity": worth.available,
            "LookAheadInitMarginReq": worth.margin,
            "LookAheadMaintMarginReq": worth.margin,
            "LookAheadAvailableFunds": worth.available,
            "LookAheadExcessLiquidity": worth.available,
            **self._after_expiry(account),
        }
        in_base = self.currencies.in_base
        return {tag: f"{in_base(amount):.2f}" for tag, amount in money.items()} | {
            "Cushion": f"{cushion:.6f}"
        }

    def _after_expiry(self, account: str) -> dict[str, Decimal]:
        """Nothing while no option expires within three days."""
        held, today = self._ledgers[account].held, day_of(self._clock.now())
        ending = list(exercises(held, self._market.stock, self._mark, today))
        left = self.tried(account, ending)[1] if ending else None
        return {
            "PostExpirationMargin": left.margin if left else Decimal(0),
            "PostExpirationExcess": left.available if left else Decimal(0),
        }

    def ledger_lines(self, account: str) -> Iterator[tuple[str, str, str]]:
        """What is held in each currency, and all of it in the base currency.

        Yields:
            Tag, value and currency; ``BASE`` for the total, which is in the base currency.
        """
        worth, foreign = self.value(account), self.currencies.foreign
        invested = {
            "StockMarketValue": worth.stock_value,
            "OptionMarketValue": worth.option_value,
            "UnrealizedPnL": worth.unrealized,
            "RealizedPnL": worth.realized,
        }
        dollars = worth.cash - self.currencies.foreign_usd
        yield from _lines("USD", dollars, invested, Decimal(1))
        nothing = dict.fromkeys(invested, Decimal(0))
        for name, cash in foreign.items():
            yield from _lines(name, cash.amount, nothing, cash.rate_usd)
        in_base = self.currencies.in_base
        total = {tag: in_base(amount) for tag, amount in invested.items()}
        yield from _lines("BASE", in_base(worth.cash), total, self.currencies.base_rate_usd)

    def facts(self, account: str) -> Mapping[str, str]:
        """Account values that are no money, by tag."""
        return {
            "AccountCode": account,
            "AccountReady": "true",
            "AccountType": "INDIVIDUAL",
            "DayTradesRemaining": str(NO_DAY_TRADE_LIMIT),
            "DayTradesRemainingT+1": str(NO_DAY_TRADE_LIMIT),
            "DayTradesRemainingT+2": str(NO_DAY_TRADE_LIMIT),
            "DayTradesRemainingT+3": str(NO_DAY_TRADE_LIMIT),
            "DayTradesRemainingT+4": str(NO_DAY_TRADE_LIMIT),
            "HighestSeverity": "0",
            "LookAheadNextChange": "0",
            "Leverage-S": "0.00",
        }

    def _mark(self, instrument: Instrument) -> float | None:
        return mark_price(self._market.quote(instrument, self._clock.now()))

    def _mark_at(self, at: datetime) -> _MarkAt:
        return _MarkAt(self._market, at)

    def _prior_close(self) -> datetime:
        """The close of the last session of an earlier day."""
        now = self._clock.now()
        midnight = datetime.combine(day_of(now), time(), tzinfo=EASTERN)
        session = self._hours.before(midnight)
        return session[1] if session is not None else now

    def _base(self, account: str) -> tuple[Ledger, Decimal]:
        """Books and net liquidation value with which the Eastern day began.

        Must be asked before the day's first trade is entered, so that the books are yesterday's.
        """
        today = day_of(self._clock.now())
        known, ledger, worth = self._day_base[account]
        if known != today:
            ledger = self._ledgers[account].copy()
            worth = ledger.value(self._mark_at(self._prior_close())).net_liquidation
            self._day_base[account] = (today, ledger, worth)
        return ledger, worth


def _lines(
    currency: str, cash: Decimal, invested: Mapping[str, Decimal], rate_usd: Decimal
) -> Iterator[tuple[str, str, str]]:
    total = cash + invested["StockMarketValue"] + invested["OptionMarketValue"]
    money = {
        "CashBalance": cash,
        "TotalCashBalance": cash,
        **invested,
        "NetLiquidationByCurrency": total,
    }
    yield "Currency", currency, currency
    yield "ExchangeRate", f"{rate_usd:.4f}", currency
    for tag, amount in money.items():
        yield tag, f"{amount:.2f}", currency


class _MarkAt:
    """Marks of a past moment."""

    def __init__(self, market: Market, at: datetime) -> None:
        self._market = market
        self._at = at

    def __call__(self, instrument: Instrument) -> float | None:
        return mark_price(self._market.quote(instrument, self._at))
