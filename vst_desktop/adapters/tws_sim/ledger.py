"""Money and holdings of one account: cash, positions, average cost, realised profit, margin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from vst_desktop.adapters.tws_sim.world import Instrument

type Mark = Callable[[Instrument], float | None]
"""The price at which a holding is valued, USD a share; None when there is none."""

_CENT = Decimal("0.01")
_FINE = Decimal("0.00000001")
_LONG_STOCK_MARGIN = Decimal("0.5")
_SHORT_STOCK_MARGIN = Decimal("1.5")
_NAKED_CALL_MARGIN = Decimal("0.2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A holding. ``cost_usd`` is what it cost in all, commission included; negative when short."""

    instrument: Instrument
    quantity: Decimal = Decimal(0)
    cost_usd: Decimal = Decimal(0)
    realized_usd: Decimal = Decimal(0)

    @property
    def average_cost(self) -> Decimal:
        """USD a contract or share, multiplier and commission included; 0 when flat."""
        if not self.quantity:
            return Decimal(0)
        return (self.cost_usd / self.quantity).quantize(_FINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """What a fill does to one instrument. ``quantity`` is negative for a sale."""

    instrument: Instrument
    quantity: Decimal
    price: Decimal
    commission_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Valuation:
    """An account's figures at a moment, USD. ``cash`` counts foreign cash at its worth."""

    cash: Decimal
    stock_value: Decimal
    option_value: Decimal
    gross_value: Decimal
    unrealized: Decimal
    realized: Decimal
    margin: Decimal

    @property
    def net_liquidation(self) -> Decimal:
        """Cash and everything held at its mark."""
        return self.cash + self.stock_value + self.option_value

    @property
    def equity_with_loan(self) -> Decimal:
        """Cash and stocks: options have no loan value."""
        return self.cash + self.stock_value

    @property
    def available(self) -> Decimal:
        """What new positions may still bind."""
        return self.equity_with_loan - self.margin


def multiplier(instrument: Instrument) -> Decimal:
    """Shares behind one unit."""
    return Decimal(instrument.multiplier or 1)


class Ledger:
    """One account's books. Copies are cheap, so that an order can be tried before it is taken."""

    def __init__(
        self,
        cash_usd: Decimal,
        positions: Mapping[int, Position] | None = None,
        *,
        foreign_usd: Decimal = Decimal(0),
    ) -> None:
        self.cash_usd = cash_usd
        self._foreign_usd = foreign_usd
        self._positions: dict[int, Position] = dict(positions or {})

    def copy(self) -> Ledger:
        """Books that can be changed without changing these."""
        return Ledger(self.cash_usd, self._positions, foreign_usd=self._foreign_usd)

    @property
    def held(self) -> list[Position]:
        """Positions that are not flat."""
        return [one for one in self._positions.values() if one.quantity]

    @property
    def touched(self) -> list[Position]:
        """Every position there was, flat ones too."""
        return list(self._positions.values())

    def position(self, instrument: Instrument) -> Position:
        """The holding of an instrument, flat when there is none."""
        return self._positions.get(instrument.con_id, Position(instrument=instrument))

    def book(self, trade: Trade) -> Decimal | None:
        """Enter a trade; returns the profit realised, commission included, or None."""
        before = self.position(trade.instrument)
        amount = trade.quantity * trade.price * multiplier(trade.instrument)
        self.cash_usd -= amount + trade.commission_usd
        opposite = before.quantity * trade.quantity < 0
        closed = min(abs(before.quantity), abs(trade.quantity)) if opposite else Decimal(0)
        share = closed / abs(trade.quantity)
        cost_out = before.cost_usd * closed / abs(before.quantity) if closed else Decimal(0)
        paid = amount + trade.commission_usd
        realized = -(paid * share) - cost_out if closed else None
        self._positions[trade.instrument.con_id] = replace(
            before,
            quantity=before.quantity + trade.quantity,
            cost_usd=before.cost_usd - cost_out + paid * (1 - share),
            realized_usd=before.realized_usd + (realized or Decimal(0)),
        )
        return realized

    def value(self, mark: Mark) -> Valuation:
        """All figures at these marks. A holding without a mark is valued at its cost."""
        stock = option = gross = unrealized = Decimal(0)
        for one in self.held:
            worth = market_value(one, mark)
            if one.instrument.sec_type == "STK":
                stock += worth
            else:
                option += worth
            gross += abs(worth)
            unrealized += worth - one.cost_usd
        return Valuation(
            cash=(self.cash_usd + self._foreign_usd).quantize(_CENT),
            stock_value=stock.quantize(_CENT),
            option_value=option.quantize(_CENT),
            gross_value=gross.quantize(_CENT),
            unrealized=unrealized.quantize(_CENT),
            realized=sum(
                (one.realized_usd for one in self._positions.values()), Decimal(0)
            ).quantize(_CENT),
            margin=_margin(self.held, mark).quantize(_CENT),
        )


def market_value(position: Position, mark: Mark) -> Decimal:
    """What a holding is worth, USD; its cost when there is no mark."""
    price = mark(position.instrument)
    if price is None:
        return position.cost_usd
    return position.quantity * Decimal(repr(price)) * multiplier(position.instrument)


def _margin(held: Iterable[Position], mark: Mark) -> Decimal:
    """Initial margin: half of long stock, 150 % of short stock, and for the options of each
    underlying their worst payoff at expiration; net short calls add a fifth of the spot."""
    total = Decimal(0)
    by_symbol: dict[str, list[Position]] = {}
    for one in held:
        if one.instrument.sec_type == "STK":
            worth = market_value(one, mark)
            total += worth * _LONG_STOCK_MARGIN if worth > 0 else -worth * _SHORT_STOCK_MARGIN
        else:
            by_symbol.setdefault(one.instrument.symbol, []).append(one)
    for options in by_symbol.values():
        total += max(Decimal(0), -_worst_payoff(options)) + _naked_calls(options)
    return total


def _worst_payoff(options: list[Position]) -> Decimal:
    strikes = [_strike(one.instrument) for one in options]
    return min(
        sum((one.quantity * _payoff(one.instrument, spot) for one in options), Decimal(0))
        for spot in (Decimal(0), *strikes)
    )


def _naked_calls(options: list[Position]) -> Decimal:
    calls = [one for one in options if one.instrument.right == "C"]
    short = -sum((one.quantity * multiplier(one.instrument) for one in calls), Decimal(0))
    if short <= 0:
        return Decimal(0)
    return short * _NAKED_CALL_MARGIN * max(_strike(one.instrument) for one in calls)


def _payoff(option: Instrument, spot: Decimal) -> Decimal:
    away = spot - _strike(option) if option.right == "C" else _strike(option) - spot
    return max(Decimal(0), away) * multiplier(option)


def _strike(option: Instrument) -> Decimal:
    return Decimal(repr(option.strike or 0.0))
