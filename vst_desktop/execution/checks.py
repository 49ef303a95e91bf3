"""Everything that is looked at again when an approval is about to go (SPEC 6)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from vst_desktop.domain.account import AccountSnapshot
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.money import price
from vst_desktop.domain.orders import Mode
from vst_desktop.domain.quotes import DataType, OptionQuote, Quote, StockQuote
from vst_desktop.domain.spreads import ExitPlan, SpreadMarket
from vst_desktop.execution.bounds import max_drift_usd
from vst_desktop.execution.decisions import market_seen
from vst_desktop.execution.halts import Halts
from vst_desktop.execution.ledger import Ledger, market_orders
from vst_desktop.execution.schedule import session_window
from vst_desktop.execution.services import Services
from vst_desktop.execution.switches import Switches
from vst_desktop.ports.store import IntentRecord
from vst_desktop.risk.limits import (
    Denial,
    DenialCode,
    check_broker_overlap,
    check_budget,
    check_own_overlap,
    deny,
)
from vst_desktop.risk.sizing import size_position, worst_debit
from vst_desktop.runtime.calendar import trading_day

SEND_QUOTE_AGE_SECS = 5.0
_GONE = {
    DenialCode.SIGNAL: "the signal does not hold any more",
    DenialCode.EVENT: "what is known of earnings and dividends forbids it now",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """An approval that may go now: the connected account, the spread's market, the size and the
    underlying's mid at this moment."""

    account: str
    market: SpreadMarket
    tick: Decimal
    quantity: int
    reserved_usd: Decimal
    spot: float
    plan: ExitPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """The verdict on an approval about to go, and the quotes it was judged by."""

    verdict: Cleared | Denial
    quotes: dict[str, Any]


def spread_market(long: OptionQuote, short: OptionQuote) -> SpreadMarket | None:
    """The spread's market from its legs; None unless all four sides are positive, uncrossed."""
    a, b = long.quote, short.quote
    if a is None or b is None or a.mid is None or b.mid is None:
        return None
    assert a.bid is not None and a.ask is not None and b.bid is not None and b.ask is not None
    sizes = [s for s in (a.ask_size, b.bid_size) if s is not None]
    return SpreadMarket(
        natural=price(a.ask) - price(b.bid),
        close=price(a.bid) - price(b.ask),
        time=min(a.time, b.time),
        size=int(min(sizes)) if len(sizes) == 2 else None,
        live=a.data_type is DataType.LIVE and b.data_type is DataType.LIVE,
    )


def closing_market(long: OptionQuote, short: OptionQuote) -> SpreadMarket | None:
    """The spread's market for closing it. An option that nobody bids for is worth nothing, which
    must not keep an exit back: only the asks have to be there, and no leg crossed."""
    a, b = long.quote, short.quote
    if a is None or b is None or not a.ask or not b.ask:
        return None
    long_bid, short_bid = max(a.bid or 0.0, 0.0), max(b.bid or 0.0, 0.0)
    if long_bid > a.ask or short_bid > b.ask:
        return None
    return SpreadMarket(
        natural=price(a.ask) - price(short_bid),
        close=price(long_bid) - price(b.ask),
        time=min(a.time, b.time),
        live=a.data_type is DataType.LIVE and b.data_type is DataType.LIVE,
    )


def spot_of(quote: Quote) -> float | None:
    """The underlying's mid, else its last price."""
    return quote.mid if quote.mid is not None else quote.last


class ReleaseChecks:
    """Reads the broker afresh and judges one approval."""

    def __init__(
        self, services: Services, ledger: Ledger, switches: Switches, halts: Halts
    ) -> None:
        self._services = services
        self._ledger = ledger
        self._switches = switches
        self._halts = halts

    async def clear(self, intent: IntentRecord) -> Looked:
        """Cleared to go, or the first reason why not, and the quotes it was judged by."""
        denial = self._check_window(intent)
        if denial is not None:
            return Looked(verdict=denial, quotes={})
        return await self.rehearse(intent)

    async def rehearse(self, intent: IntentRecord) -> Looked:
        """The same, whether or not the entry window is open."""
        quotes: dict[str, Any] = {}
        denial = self._switches.denial(intent.mode, intent.account)
        return Looked(verdict=denial or await self._judge(intent, quotes), quotes=quotes)

    async def _judge(self, intent: IntentRecord, seen: dict[str, Any]) -> Cleared | Denial:
        broker, spread = self._services.broker, intent.spread
        try:
            # All at once: the quotes must not age while the book is read.
            account, book, recheck, tick = await asyncio.gather(
                broker.account(),
                broker.book(),
                self._services.recheck(intent),
                broker.combo_tick(spread),
            )
            legs, stock = await asyncio.gather(
                broker.option_quotes(spread), broker.stock_quote(spread.symbol)
            )
        except (UserError, TimeoutError) as error:
            return deny(
                DenialCode.STALE_DATA,
                "an answer",
                str(error) or "time-out",
                "the broker did not give what an order must be checked against",
            )
        if not recheck.holds:
            return deny(recheck.code, "as approved", recheck.reason, _GONE[recheck.code])
        if account.account != intent.account:
            return deny(
                DenialCode.ACCOUNT, intent.account, account.account, "another account is connected"
            )
        market = spread_market(*legs)
        seen |= market_seen(market, spot_of(stock.quote))
        self._halts.see(stock)
        halted = self._halts.denial(stock.symbol)
        if halted is not None:
            return halted
        if market is None:
            return deny(DenialCode.STALE_DATA, "four quotes", "missing", "a leg has no valid quote")
        denial = (
            self._check_quotes(intent, market, stock)
            or check_own_overlap(spread, self._ledger.taken_spreads(but=intent.intent_id))
            or check_broker_overlap(spread, book.positions, book.open_orders)
            or self._check_bounds(intent, market, stock)
        )
        return denial or self._size(intent, account, market, tick, stock, recheck.plan)

    def _check_window(self, intent: IntentRecord) -> Denial | None:
        now = self._services.clock.now()
        window = session_window(trading_day(now), self._services.calendar, self._services.execution)
        if window is None or not window.is_open(now):
            return deny(
                DenialCode.MARKET_CLOSED, "entry window", "closed", "the entry window is not open"
            )
        if now >= intent.expires_at:
            return deny(
                DenialCode.MARKET_CLOSED, intent.expires_at, now, "the approval's end has passed"
            )
        return None

    def _check_quotes(
        self, intent: IntentRecord, market: SpreadMarket, stock: StockQuote
    ) -> Denial | None:
        live = market.live and stock.quote.data_type is DataType.LIVE
        if intent.mode is Mode.LIVE and not live:
            return deny(
                DenialCode.DATA_NOT_LIVE, "LIVE", "delayed or frozen", "quotes are not live"
            )
        oldest = _age_secs(min(market.time, stock.quote.time), self._services.clock.now())
        if oldest > SEND_QUOTE_AGE_SECS:
            return deny(
                DenialCode.STALE_DATA,
                f"{SEND_QUOTE_AGE_SECS:g} s",
                f"{oldest:.1f} s",
                "a quote is too old",
            )
        return None

    def _check_bounds(
        self, intent: IntentRecord, market: SpreadMarket, stock: StockQuote
    ) -> Denial | None:
        if not 0 < market.natural < intent.spread.width:
            return deny(
                DenialCode.DEBIT_BOUND,
                f"0 to {intent.spread.width}",
                market.natural,
                "the debit is not within the spread's width",
            )
        # A LIVE limit never passes the bound by itself; a market order knows none.
        if intent.mode is not Mode.LIVE and market.natural > intent.max_debit:
            return deny(
                DenialCode.DEBIT_BOUND,
                intent.max_debit,
                market.natural,
                "the debit passed its bound",
            )
        if market.close > intent.max_debit:
            return deny(
                DenialCode.DEBIT_BOUND, intent.max_debit, market.close, "the market left the bound"
            )
        spot = spot_of(stock.quote)
        if spot is None:
            return deny(DenialCode.STALE_DATA, "a price", "none", "the underlying has no price")
        drift = abs(spot - intent.spot_seen)
        most = max_drift_usd(intent, self._services.approval)
        if drift > most:
            return deny(
                DenialCode.DRIFT,
                f"{most:.2f}",
                f"{drift:.2f}",
                f"{stock.symbol} moved too far since the approval, USD",
            )
        return None

    def _size(
        self,
        intent: IntentRecord,
        account: AccountSnapshot,
        market: SpreadMarket,
        tick: Decimal,
        stock: StockQuote,
        plan: ExitPlan | None,
    ) -> Cleared | Denial:
        by_market = market_orders(intent.mode, self._services.execution.paper_order_type)
        worst = worst_debit(market.natural, intent.max_debit, market_order=by_market)
        budget = self._ledger.budget(intent.session, account, for_intent=intent)
        size = size_position(
            worst=worst,
            multiplier=intent.spread.multiplier,
            entry_commission_usd=self._services.entry_commission_usd,
            net_liquidation_usd=budget.net_liquidation_usd,
            available_funds_usd=budget.available_funds_usd,
            reserved_usd=budget.reserved_usd,
            at_risk_usd=budget.at_risk_usd,
            rules=self._services.risk,
        )
        denial = check_budget(size.worst_usd_each, budget, self._services.risk)
        if denial is None and size.contracts < 1:
            denial = deny(DenialCode.SIZE, 1, 0, size.reason or "no size")
        spot = spot_of(stock.quote)
        if denial is not None or spot is None:
            return denial or deny(DenialCode.STALE_DATA, "a price", "none", "no price")
        quantity = min(intent.quantity, size.contracts)
        return Cleared(
            account=account.account,
            market=market,
            tick=tick,
            quantity=quantity,
            reserved_usd=quantity * size.worst_usd_each,
            spot=spot,
            plan=plan or intent.plan,
        )


def _age_secs(time: datetime, now: datetime) -> float:
    return (now - time).total_seconds()
