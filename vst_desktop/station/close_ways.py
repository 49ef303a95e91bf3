"""What a close by hand sends, each way that the trader may choose."""

from __future__ import annotations

from decimal import Decimal

from vst_desktop.domain.orders import ClosePace, Mode
from vst_desktop.domain.spreads import SpreadMarket
from vst_desktop.execution.repricing import (
    URGENT_REQUOTE_SECS,
    URGENT_WAY,
    exit_limit,
    urgent_exit_limit,
)
from vst_desktop.runtime.settings import ExecutionSettings
from vst_desktop.station.desk_view import CloseWay

_CENT = Decimal("0.01")
"""Combos trade in cents or more: what is shown is as fine as can be."""


def close_ways(
    mode: Mode, rules: ExecutionSettings, market: SpreadMarket | None
) -> tuple[CloseWay, CloseWay]:
    """Now and by the ladder, as each would begin at this moment; the mode's own way first.

    Args:
        mode: Trading mode: LIVE never sends a market order.
        rules: Steps of the ladder.
        market: The spread's market, None when a leg is not quoted.
    """
    if market is not None and market.close > market.natural:
        market = None
    now, ladder = _now(mode, rules, market), _ladder(rules, market)
    return (ladder, now) if mode is Mode.LIVE else (now, ladder)


def _now(mode: Mode, rules: ExecutionSettings, market: SpreadMarket | None) -> CloseWay:
    if mode is not Mode.LIVE:
        price = () if market is None else (market.close,)
        return CloseWay(pace=ClosePace.NOW, sends="a market order", prices=price)
    after = f"then a tick lower every {URGENT_REQUOTE_SECS:g} s"
    if market is None:
        return CloseWay(
            pace=ClosePace.NOW, sends=f"a limit order at what is paid, {after}", prices=()
        )
    first = urgent_exit_limit(
        natural=market.natural,
        close=market.close,
        step=len(URGENT_WAY) - 1,
        factor=rules.price_improvement_factor,
        previous=None,
        tick=_CENT,
    )
    prices = () if first is None else (first,)
    return CloseWay(
        pace=ClosePace.NOW, sends=f"a limit order at what is paid now, {after}", prices=prices
    )


def _ladder(rules: ExecutionSettings, market: SpreadMarket | None) -> CloseWay:
    steps = rules.reprice_max_steps
    prices: list[Decimal] = []
    for step in range(steps + 1 if market is not None else 0):
        assert market is not None
        price = exit_limit(
            natural=market.natural,
            close=market.close,
            step=step,
            steps=steps,
            factor=rules.price_improvement_factor,
            previous=prices[-1] if prices else None,
            tick=_CENT,
        )
        if price is not None:
            prices.append(price)
    return CloseWay(
        pace=ClosePace.LADDER,
        sends=f"a limit order that goes down to what is paid in {steps} steps of "
        f"{rules.reprice_step_seconds:g} s",
        prices=tuple(prices),
    )
