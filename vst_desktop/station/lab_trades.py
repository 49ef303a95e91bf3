"""Trades of a backtest as rows, and each on the bars it was made on."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from vst_desktop.domain.bars import BarSeries
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.signals import Direction
from vst_desktop.station.charts import Level, column
from vst_desktop.station.view import ChartView
from vst_desktop.strategy.indicators import indicators

BEFORE, AFTER = 320, 40
"""Sessions around a trade: enough for an average of 200 to be whole on the chart."""
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabTrade:
    """One trade as ``vst backtest --json`` tells it; USD, prices of the spread per share."""

    symbol: str
    strategy: str
    direction: str
    signal_date: str
    entry_date: str
    exit_date: str
    exit_reason: str
    expiration: str
    long_strike: float
    short_strike: float
    contracts: int
    debit: float
    exit_value: float
    net_usd: float
    r_multiple: float | None
    days_held: int
    mae_r: float | None
    mfe_r: float | None
    underlying_entry: float
    underlying_exit: float
    stop: float
    target: float | None
    number: int
    """Its place in the file, from 0."""

    @property
    def key(self) -> str:
        """Of its row."""
        return str(self.number)

    @property
    def label(self) -> str:
        """``400 / 425 C``."""
        right = "C" if self.direction == Direction.LONG else "P"
        return f"{self.long_strike:g} / {self.short_strike:g} {right}"


def lab_trades(told: list[dict[str, Any]]) -> tuple[LabTrade, ...]:
    """The trades of a result."""
    names = [field.name for field in fields(LabTrade) if field.name != "number"]
    rows: list[dict[str, Any]] = [{name: one.get(name) for name in names} for one in told]
    return tuple(LabTrade(number=number, **row) for number, row in enumerate(rows))


def bars_file(folder: Path, symbol: str) -> Path:
    """Where a run keeps a traded symbol's bars: rows of day, open, high, low, close."""
    return folder / f"{quote(symbol, safe='')}.npy"


def trade_chart(folder: Path, trade: LabTrade) -> ChartView:
    """The trade's symbol around it, with its levels, its signal and its exit.

    Raises:
        UserError: The bars of the run are not there.
    """
    file = bars_file(folder, trade.symbol)
    try:
        kept = np.load(file, mmap_mode="r", allow_pickle=False)
        days = np.asarray(kept[:, 0], dtype=np.int64)
    except (OSError, ValueError, IndexError) as error:
        raise UserError(
            f"its bars cannot be read: {error}", where=str(file), remedy="run it again"
        ) from None
    first = int(np.searchsorted(days, _day(trade.entry_date)))
    last = int(np.searchsorted(days, _day(trade.exit_date)))
    rows = np.asarray(kept[max(0, first - BEFORE) : last + AFTER], dtype=np.float64)
    series = BarSeries(
        symbol=trade.symbol,
        dates=tuple(_EPOCH + timedelta(days=int(day)) for day in rows[:, 0]),
        open=tuple(rows[:, 1].tolist()),
        high=tuple(rows[:, 2].tolist()),
        low=tuple(rows[:, 3].tolist()),
        close=tuple(rows[:, 4].tolist()),
        volume=(0.0,) * len(rows),
    )
    data = indicators(series)
    return ChartView(
        symbol=trade.symbol,
        last=trade.underlying_exit,
        change_pct=None,
        dates=series.dates,
        open=series.open,
        high=series.high,
        low=series.low,
        close=series.close,
        sma50=column(data.sma50),
        sma200=column(data.sma200),
        rsi=column(data.rsi),
        atr=column(data.atr),
        forming=False,
        levels=_levels(trade),
        signal_dates=(date.fromisoformat(trade.entry_date), date.fromisoformat(trade.exit_date)),
    )


def _day(text: str) -> int:
    return (date.fromisoformat(text) - _EPOCH).days


def _levels(trade: LabTrade) -> tuple[Level, ...]:
    way = 1 if trade.direction == Direction.LONG else -1
    breakeven = trade.long_strike + way * trade.debit
    levels: list[Level] = [
        (trade.short_strike, f"short {trade.short_strike:g}", "text"),
        (trade.long_strike, f"long {trade.long_strike:g}", "accent"),
        (breakeven, f"breakeven {breakeven:.2f}", "text"),
        (trade.stop, f"stop {trade.stop:.2f}", "loss"),
    ]
    if trade.target is not None:
        levels.append((trade.target, f"target {trade.target:.2f}", "gain"))
    return tuple(levels)
