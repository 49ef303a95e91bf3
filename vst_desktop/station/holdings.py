"""Rows of the positions pane."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from vst_desktop.domain.events import EventKind
from vst_desktop.domain.spreads import VerticalSpread
from vst_desktop.execution.checks import spot_of, spread_market
from vst_desktop.options.leg_greeks import LegGreeks
from vst_desktop.ports.store import PositionRecord
from vst_desktop.runtime.calendar import trading_day
from vst_desktop.station.book_view import Chip, PositionRow
from vst_desktop.station.charts import age_secs
from vst_desktop.station.close_ways import close_ways
from vst_desktop.station.desk_view import PositionDetail

if TYPE_CHECKING:
    from vst_desktop.station.station import Station


def position_row(
    station: Station, position: PositionRecord, greeks: Mapping[int, LegGreeks]
) -> PositionRow:
    """One spread held, as it stands now; ``greeks`` of its legs by contract id."""
    spread, plan = position.spread, position.plan
    size = spread.multiplier * position.quantity
    closing = close_at(station, spread)
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
        close_at=closing,
        open_pnl_usd=None if closing is None else (closing - position.average_debit) * size,
        entry=plan.entry,
        stop=plan.stop,
        target=plan.target,
        target_reason=plan.target_reason,
        spot=spot,
        exit_by=plan.exit_by,
        at_risk_usd=position.average_debit * size,
        assignment=_assignment(spread, spot),
        protection=_protection(station, position),
        multiplier=spread.multiplier,
        detail=_detail(station, position, spot, greeks),
    )


def _detail(
    station: Station,
    position: PositionRecord,
    spot: float | None,
    greeks: Mapping[int, LegGreeks],
) -> PositionDetail:
    """Further figures, by the streamed legs."""
    spread, plan, now = position.spread, position.plan, station.engines.clock.now()
    long, short = (station.options.get(leg.con_id) for leg in (spread.long, spread.short))
    market = spread_market(long, short) if long is not None and short is not None else None
    paid, width = position.average_debit, spread.width
    gain = None if market is None else market.close - paid
    size = spread.multiplier * position.quantity
    bought, sold = greeks.get(spread.long.con_id), greeks.get(spread.short.con_id)
    delta = theta = vega = None
    if bought is not None and sold is not None:
        delta = (bought.delta - sold.delta) * size
        theta = (bought.theta - sold.theta) * size
        vega = (bought.vega - sold.vega) * size
    sign = spread.direction.sign

    def away(level: float | None) -> tuple[float | None, float | None]:
        if level is None or spot is None:
            return None, None
        return sign * (level - spot) / plan.atr, sign * (level / spot - 1)

    stop_atr, stop_pct = away(plan.stop)
    target_atr, target_pct = away(plan.target)
    events = station.engines.market_data.events
    return PositionDetail(
        strategy=position.strategy,
        opened=trading_day(position.opened_at),
        days_held=(trading_day(now) - trading_day(position.opened_at)).days,
        mark=None if market is None else market.mid,
        quoted_secs=None if market is None else age_secs(market.time, now),
        of_max_pct=None if gain is None or width <= paid else float(gain / (width - paid)),
        r_multiple=None if gain is None or paid <= 0 else float(gain / paid),
        remaining_reward_risk=(
            None
            if market is None or market.close <= 0
            else float((width - market.close) / market.close)
        ),
        delta_usd=delta,
        theta_usd=theta,
        vega_usd=vega,
        greeks_computed=any(leg is not None and leg.computed for leg in (bought, sold)),
        stop_away_atr=stop_atr,
        stop_away_pct=stop_pct,
        target_away_atr=target_atr,
        target_away_pct=target_pct,
        next_event=f"earnings {events.next_of(spread.symbol, EventKind.EARNINGS)}, "
        f"ex-div {events.next_of(spread.symbol, EventKind.EX_DIVIDEND)}",
        close_ways=close_ways(station.mode, station.settings.execution, market),
        frozen=position.frozen or "",
    )


def _protection(station: Station, position: PositionRecord) -> Chip:
    """Who watches its exits, or why nobody can."""
    if position.frozen is not None:
        return Chip(text="FROZEN", tone="loss")
    if station.desk.unprotected_why(position) is not None:
        return Chip(text="UNPROTECTED", tone="loss")
    return Chip(text="this station", tone="gain")


def close_at(station: Station, spread: VerticalSpread) -> Decimal | None:
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
