"""What the exits of a position pay, as the trader thinks of changing them."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from vst_desktop.domain.errors import UserError
from vst_desktop.domain.exit_edits import ExitEdit
from vst_desktop.domain.money import CENT
from vst_desktop.domain.quotes import OptionQuote, Right
from vst_desktop.execution.checks import spot_of
from vst_desktop.options.american import american_implied_volatility
from vst_desktop.options.contracts import years_left
from vst_desktop.options.early_exercise import Effort
from vst_desktop.options.payoff import Scenario, payoff
from vst_desktop.ports.store import PositionRecord
from vst_desktop.runtime.calendar import trading_day
from vst_desktop.station.desk_view import ExitPreview

if TYPE_CHECKING:
    from vst_desktop.station.station import Station


async def exit_preview(station: Station, position: PositionRecord, edit: ExitEdit) -> ExitPreview:
    """The modelled result of the whole position at the edited stop and target, halfway to the day.

    At the volatility of the legs' mids now; commissions and crossing the market are not in it. It
    is reckoned on a worker thread.

    Raises:
        UserError: The edit is not possible, or the underlying is not quoted.
    """
    spread = position.spread
    stock = station.stocks.get(spread.symbol)
    spot = spot_of(stock.quote) if stock is not None else None
    if spot is None:
        raise UserError(f"{spread.symbol} is not quoted now", remedy="wait for its price")
    plan = station.desk.plans.check(position.position_id, edit, spot)
    today = trading_day(station.engines.clock.now())
    left = max((spread.expiration - today).days, 1)
    ahead = min((plan.exit_by - today).days // 2, left)
    told = [station.options.get(leg.con_id) for leg in (spread.long, spread.short)]
    legs = [leg for leg in told if leg is not None and leg.quote is not None]
    levels = [level for level in (plan.stop, plan.target) if level is not None]
    results: list[Decimal | None] = [None, None]
    if len(legs) == len(told):
        rules = station.settings.options
        found = await asyncio.to_thread(
            _results,
            position,
            legs,
            spot,
            levels,
            days=(left, ahead),
            rates=(rules.risk_free_rate, rules.dividend_yield),
        )
        results[: len(found)] = found
    return ExitPreview(
        plan=plan,
        spot=spot,
        days_ahead=ahead,
        at_stop_usd=results[0],
        at_target_usd=results[1],
    )


def _results(
    position: PositionRecord,
    legs: list[OptionQuote],
    spot: float,
    levels: list[float],
    *,
    days: tuple[int, int],
    rates: tuple[float, float],
) -> list[Decimal]:
    """USD at each level; empty when no volatility explains a leg's mid."""
    (left, ahead), (rate, dividend_yield) = days, rates
    quotes = [leg.quote for leg in legs if leg.quote is not None]
    volatility = american_implied_volatility(
        [np.nan if quote.mid is None else float(quote.mid) for quote in quotes],
        is_call=np.array([leg.contract.right is Right.CALL for leg in legs]),
        spot=np.full(len(legs), spot),
        strike=np.array([float(leg.contract.strike) for leg in legs]),
        years=np.array(
            [years_left(leg.contract, quote.time) for leg, quote in zip(legs, quotes, strict=True)]
        ),
        rate=rate,
        dividend_yield=dividend_yield,
        effort=Effort.FAST,
    ).volatility
    if not np.isfinite(volatility).all():
        return []
    profits = payoff(
        position.spread,
        debit=position.average_debit,
        quantity=position.quantity,
        spot=spot,
        ivs=(float(volatility[0]), float(volatility[1])),
        days_to_expiration=left,
        scenarios=(Scenario(days_ahead=ahead),),
        rate=rate,
        dividend_yield=dividend_yield,
        prices=levels,
    ).profits_usd[0]
    return [Decimal(str(float(profit))).quantize(CENT) for profit in profits]
