"""Rows of the positions pane."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from vst_desktop.domain.spreads import VerticalSpread
from vst_desktop.execution.checks import spot_of, spread_market
from vst_desktop.ports.store import PositionRecord
from vst_desktop.runtime.calendar import trading_day
from vst_desktop.station.view import Chip, PositionRow

if TYPE_CHECKING:
    from vst_desktop.station.station import Station


def position_row(station: Station, position: PositionRecord) -> PositionRow:
    """One spread held, as it stands now."""
    spread, plan = position.spread, position.plan
    size = spread.multiplier * position.quantity
    close_at = _close_at(station, spread)
    stock = station.stocks.get(spread.symbol)
    spot = spot_of(stock.quote) if stock is not None else None
    return PositionRow(
        position_id=position.position_id,
        symbol=spread.symbol,
        spread_type=spread.spread_type,
        long_strike=spread.long.strike,
        short_strike=spread.short.strike,
        right=str(spread.right),
        expiration=spread.expiration,
        dte=(spread.expiration - trading_day(station.engines.clock.now())).days,
        quantity=position.quantity,
        average_debit=position.average_debit,
        close_at=close_at,
        open_pnl_usd=None if close_at is None else (close_at - position.average_debit) * size,
        entry=plan.entry,
        stop=plan.stop,
        target=plan.target,
        target_reason=plan.target_reason,
        spot=spot,
        exit_by=plan.exit_by,
        at_risk_usd=position.average_debit * size,
        assignment=_assignment(spread, spot),
        protection=_protection(station, position),
    )


def _protection(station: Station, position: PositionRecord) -> Chip:
    """Who watches its exits, or why nobody can."""
    if position.frozen is not None:
        return Chip(text="FROZEN", tone="loss")
    if station.desk.unprotected_why(position) is not None:
        return Chip(text="UNPROTECTED", tone="loss")
    return Chip(text="this station", tone="gain")


def _close_at(station: Station, spread: VerticalSpread) -> Decimal | None:
    """What closing now would give per share, from both legs' streamed quotes."""
    long = station.options.get(spread.long.con_id)
    short = station.options.get(spread.short.con_id)
    market = spread_market(long, short) if long is not None and short is not None else None
    return market.close if market is not None else None


def _assignment(spread: VerticalSpread, spot: float | None) -> Chip:
    """Only a short leg in the money is worth exercising to its holder."""
    if spot is None:
        return Chip(text="unknown", tone="muted")
    inside = (spot - float(spread.short.strike)) * spread.direction.sign
    if inside > 0:
        return Chip(text="short in the money", tone="warn")
    return Chip(text="clear", tone="gain")
