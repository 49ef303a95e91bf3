"""The station that ``vst bench ui`` shows: every row is priced by streamed quotes."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from vst_desktop.domain.alerts import Alert, Severity
from vst_desktop.domain.bars import BarSeries
from vst_desktop.domain.orders import Mode
from vst_desktop.domain.quotes import OptionContract, OptionQuote, StockQuote
from vst_desktop.domain.signals import Direction
from vst_desktop.domain.spreads import VerticalSpread
from vst_desktop.execution.checks import spot_of, spread_market
from vst_desktop.ports.broker import BrokerEvent
from vst_desktop.station.book_view import Chip, PositionRow
from vst_desktop.station.charts import ChartMaker, age_secs
from vst_desktop.station.view import (
    AlertRow,
    CandidateRow,
    CandidatesView,
    Light,
    LightView,
    ScanView,
    SignalRow,
    StationView,
    StripView,
)

CANDLES = 5_000
CANDIDATE_PARTS = 4
_NEW = Chip(text="NEW", tone="info")
_CLEAR = Chip(text="clear", tone="gain")


@dataclass(frozen=True, slots=True, kw_only=True)
class Legs:
    """What is streamed, and the spreads made of it."""

    contracts: tuple[OptionContract, ...]
    spreads: tuple[VerticalSpread, ...]


class BenchStation:
    """Shows rows priced by the broker's stream, a signal and a position a symbol, and a chart.

    Answers the window's ``view`` and ``select`` like a station; it takes no orders.
    """

    trading: Any = None
    drill: Any = None

    def __init__(self, legs: Legs, now: Callable[[], datetime], rows: int) -> None:
        self._spreads = legs.spreads[:rows]
        self._now = now
        self._symbols = tuple(dict.fromkeys(one.symbol for one in legs.contracts))
        self._selected = self._symbols[0]
        self._options: dict[int, OptionQuote] = {}
        self._stocks: dict[str, StockQuote] = {}
        self._changed: Callable[[], None] = lambda: None
        self._bars = {symbol: _bars(symbol, now()) for symbol in self._symbols}
        self._charts = ChartMaker()
        self._version = 0
        self._opened = now()
        self._rows = [self._row(n, one, now()) for n, one in enumerate(self._spreads)]
        self._turn = -1
        self._scan = self._make_scan()
        self._positions: tuple[PositionRow, ...] = ()
        self._candidates = CandidatesView(rows=tuple(self._rows), summary="", note=None)

    @property
    def candles(self) -> int:
        """Sessions on the chart."""
        return len(self._bars[self._selected].close)

    def hear(self, event: BrokerEvent) -> None:
        """Take a quote of the stream."""
        if isinstance(event, OptionQuote):
            self._options[event.contract.con_id] = event
        elif isinstance(event, StockQuote):
            self._stocks[event.symbol] = event
        self._changed()

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call the listener with every quote."""
        self._changed = listener

    def on_alert(self, listener: Callable[[Alert], None]) -> None:
        """There are none but those it begins with."""

    def select(self, symbol: str, candidate_id: str | None = None) -> None:
        """Show this symbol's chart."""
        self._selected = symbol
        self._changed()

    def view(self) -> StationView:
        """Everything as the stream has it now."""
        self._version += 1
        now = self._now()
        self._refresh(now)
        bars = self._bars[self._selected]
        return StationView(
            version=self._version,
            strip=_strip(now, len(self._symbols)),
            scan=self._scan,
            candidates=self._candidates,
            ticket=None,
            orders=(),
            positions=self._positions,
            alerts=(_alert(self._opened),),
            unread_alerts=0,
            chart=self._charts.chart(bars, (), (), self._stocks.get(self._selected), now),
            selected_symbol=self._selected,
        )

    def _refresh(self, now: datetime) -> None:
        """Price a part of what is shown anew, the parts in turn: no view may hold the loop up for
        long, and nobody reads a figure that changes more often."""
        self._turn = (self._turn + 1) % (CANDIDATE_PARTS + 2)
        if self._turn == CANDIDATE_PARTS:
            self._scan = self._make_scan()
        elif self._turn == CANDIDATE_PARTS + 1:
            self._positions = tuple(map(self._position, self._symbols))
        else:
            size = -(-len(self._spreads) // CANDIDATE_PARTS)
            first = self._turn * size
            for number in range(first, min(first + size, len(self._spreads))):
                self._rows[number] = self._row(number, self._spreads[number], now)
            self._candidates = CandidatesView(
                rows=tuple(self._rows),
                summary=f"{len(self._spreads)} spreads on the stream",
                note=None,
            )

    def _make_scan(self) -> ScanView:
        rows = tuple(self._signal(symbol) for symbol in self._symbols)
        return ScanView(
            rows=rows,
            scanned=len(rows),
            symbols=len(rows),
            errors=(),
            seconds=0.001,
            engine="bench",
            progress=None,
            stage=None,
            chains_loaded=len(rows),
            chains_wanted=len(rows),
            note=None,
        )

    def _spot(self, symbol: str) -> float | None:
        stock = self._stocks.get(symbol)
        return None if stock is None else spot_of(stock.quote)

    def _signal(self, symbol: str) -> SignalRow:
        bars, spot = self._bars[symbol], self._spot(symbol)
        close = bars.close[-1] if spot is None else spot
        return SignalRow(
            key=symbol,
            symbol=symbol,
            strategy="HIGH_BASE",
            direction=Direction.LONG,
            date=bars.dates[-1],
            forming=True,
            close=close,
            rsi=60.0,
            spark=(*bars.close[-59:], close),
            chain_state="forming",
        )

    def _row(self, number: int, spread: VerticalSpread, now: datetime) -> CandidateRow:
        long = self._options.get(spread.long.con_id)
        short = self._options.get(spread.short.con_id)
        market = spread_market(long, short) if long is not None and short is not None else None
        debit = Decimal(0) if market is None else market.natural
        width = spread.width
        risk = float(debit)
        delta = ((long and long.delta) or 0.0) - ((short and short.delta) or 0.0)
        return CandidateRow(
            candidate_id=f"{number}",
            revision=1,
            symbol=spread.symbol,
            strategy="HIGH_BASE",
            direction=Direction.LONG,
            spread_type=spread.spread_type,
            expiration=spread.expiration,
            dte=30,
            long_strike=spread.long.strike,
            short_strike=spread.short.strike,
            right="C",
            debit=debit,
            width=width,
            reward_risk=(float(width) - risk) / risk if risk > 0 else 0.0,
            delta=abs(delta),
            breakeven=float(spread.long.strike) + risk,
            probability_of_profit=None,
            at_target_usd=None if market is None else market.close * 100,
            at_stop_usd=None if market is None else -debit * 100,
            quantity=1,
            chip=_NEW,
            dimmed=False,
            can_approve=False,
            can_withdraw=False,
            quoted_secs=None if market is None else age_secs(market.time, now),
        )

    def _position(self, symbol: str) -> PositionRow:
        spread = next(one for one in self._spreads if one.symbol == symbol)
        long, short = (
            self._options.get(spread.long.con_id),
            self._options.get(spread.short.con_id),
        )
        market = spread_market(long, short) if long is not None and short is not None else None
        entry = self._bars[symbol].close[-1]
        paid = spread.width / 2
        return PositionRow(
            position_id=symbol,
            symbol=symbol,
            spread_type=spread.spread_type,
            long_strike=spread.long.strike,
            short_strike=spread.short.strike,
            right="C",
            expiration=spread.expiration,
            dte=30,
            quantity=1,
            average_debit=paid,
            close_at=None if market is None else market.close,
            open_pnl_usd=None if market is None else (market.close - paid) * 100,
            entry=entry,
            stop=0.9 * entry,
            target=1.1 * entry,
            target_reason="TARGET_ATR",
            spot=self._spot(symbol),
            exit_by=spread.expiration - timedelta(days=14),
            at_risk_usd=paid * 100,
            assignment=_CLEAR,
            protection=_CLEAR,
        )


def _bars(symbol: str, now: datetime) -> BarSeries:
    """A made history of 5 000 sessions, the last of which forms."""
    dice = random.Random(symbol)
    closes, price = [], 100.0
    for _ in range(CANDLES):
        price *= 1 + dice.gauss(0.0001, 0.012)
        closes.append(price)
    opens = [closes[0], *closes[:-1]]
    today = now.date()
    return BarSeries(
        symbol=symbol,
        dates=tuple(today - timedelta(days=CANDLES - 1 - n) for n in range(CANDLES)),
        open=tuple(opens),
        high=tuple(max(o, c) * 1.006 for o, c in zip(opens, closes, strict=True)),
        low=tuple(min(o, c) * 0.994 for o, c in zip(opens, closes, strict=True)),
        close=tuple(closes),
        volume=(1_000_000.0,) * CANDLES,
        forming=True,
    )


def _strip(now: datetime, positions: int) -> StripView:
    minute = now.replace(second=0, microsecond=0)
    return StripView(
        mode=Mode.DEMO,
        account="DU1234567",
        armed=False,
        net_liquidation_usd=Decimal(100_000),
        available_usd=Decimal(90_000),
        day_pnl_usd=Decimal(0),
        positions=positions,
        max_positions=positions,
        trades_today=0,
        max_trades=3,
        at_risk_usd=Decimal(3_000),
        max_risk_usd=Decimal(10_000),
        now=now,
        clock_speed=1.0,
        window_opens=minute + timedelta(hours=4),
        window_closes=minute + timedelta(hours=5),
        lights=(LightView(name="IBKR", state=Light.OK, detail="the bench's stream"),),
        killed=None,
        unprotected=0,
        market_note="bench",
    )


def _alert(time: datetime) -> AlertRow:
    return AlertRow(
        number=0,
        time=time,
        severity=Severity.INFO,
        message="The bench streams",
        details="",
        symbol=None,
        count=1,
    )
