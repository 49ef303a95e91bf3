"""What the coming expiration would do to an account, as TWS foresees it three days before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal

from vst_desktop.adapters.tws_sim.ledger import Mark, Position, Trade, multiplier
from vst_desktop.adapters.tws_sim.world import Instrument

DAYS_AHEAD = timedelta(days=3)


def exercises(
    held: Iterable[Position], stock_of: Callable[[str], Instrument | None], mark: Mark, today: date
) -> Iterator[Trade]:
    """Trades that end the options which expire within three days: what is in the money by a cent
    or more becomes shares at the strike, the rest nothing."""
    for one in held:
        option = one.instrument
        if option.expiration is None or not today <= option.expiration <= today + DAYS_AHEAD:
            continue
        yield _trade(option, -one.quantity, Decimal(0))
        stock = stock_of(option.symbol)
        spot = mark(stock) if stock is not None else None
        if stock is None or spot is None:
            continue
        strike = Decimal(repr(option.strike or 0.0))
        side = 1 if option.right == "C" else -1
        if side * (Decimal(repr(spot)) - strike) >= Decimal("0.01"):
            yield _trade(stock, side * one.quantity * multiplier(option), strike)


def _trade(instrument: Instrument, quantity: Decimal, price: Decimal) -> Trade:
    return Trade(instrument=instrument, quantity=quantity, price=price, commission_usd=Decimal(0))
