"""Bars that go up by a dollar a day: HIGH_BASE holds on each that is warmed up."""

from __future__ import annotations

from datetime import date, timedelta

from vst_desktop.domain.bars import BarSeries


def rising(symbol: str, count: int = 60, *, bad: bool = False) -> BarSeries:
    """``count`` bars from 1 January 2024; ``bad``: the last one's low is below zero."""
    close = tuple(50.0 + n for n in range(count))
    low = tuple(c - 1 for c in close)
    return BarSeries(
        symbol=symbol,
        dates=tuple(date(2024, 1, 1) + timedelta(days=n) for n in range(count)),
        open=close,
        high=tuple(c + 1 for c in close),
        low=(*low[:-1], -1.0) if bad else low,
        close=close,
        volume=(1e6,) * count,
    )
