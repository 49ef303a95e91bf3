"""The columns of chain, reasons, near misses, performance and log."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vst_desktop.domain.signals import Condition, Explanation
from vst_desktop.gui import format as fmt
from vst_desktop.gui.models.cells import Cell, Column, Kind
from vst_desktop.station.desk_view import ChainRow, PerformanceRow

_LEG_TONES = {"LONG": "info", "SHORT": "warn"}


def _quoted(row: ChainRow, text: str) -> Cell:
    age = row.quoted_secs or 0
    tone = "text" if row.leg else "text2"
    return Cell(
        text=text,
        tone="text3" if age > fmt.DIM_SECS else tone,
        strong=bool(row.leg),
        struck=age > fmt.STRIKE_SECS,
    )


def _option(title: str, field: str, decimals: int, tooltip: str, rank: int = 0) -> Column[ChainRow]:
    def value(row: ChainRow) -> Any:
        return getattr(row, field)

    return Column(
        title=title,
        sample="1,234.5",
        right=True,
        cell=lambda r: _quoted(r, fmt.number(value(r), decimals)),
        sort=value,
        rank=rank,
        tooltip=tooltip,
    )


def _share(title: str, field: str, tooltip: str, rank: int) -> Column[ChainRow]:
    def value(row: ChainRow) -> Any:
        return getattr(row, field)

    return Column(
        title=title,
        sample="12.3 %",
        right=True,
        cell=lambda r: _quoted(r, fmt.percent(value(r), 1)),
        sort=value,
        rank=rank,
        tooltip=tooltip,
    )


CHAIN: tuple[Column[ChainRow], ...] = (
    Column(
        title="Strike",
        sample="1,152.5 C",
        cell=lambda r: Cell(text=f"{fmt.strike(r.strike)} {r.right}", strong=True),
        sort=lambda r: r.strike,
    ),
    Column(
        title="Leg",
        sample="SHORT",
        kind=Kind.CHIP,
        cell=lambda r: Cell(text=r.leg, tone=_LEG_TONES.get(r.leg, "muted")),
        sort=lambda r: r.leg,
        tooltip="Bought or sold by the selected spread",
    ),
    _option("Bid", "bid", 2, "USD per share"),
    _option("Ask", "ask", 2, "USD per share"),
    _option("Mid", "mid", 2, "USD per share", 4),
    _share("Width", "width_pct", "Ask less bid over mid", 5),
    _share("IV", "implied_volatility", "Implied volatility, a year", 1),
    _option("Delta", "delta", 2, "Per share", 2),
    _option("Theta", "theta", 3, "USD per share and calendar day", 6),
    _option("Vega", "vega", 3, "USD per share and volatility point", 7),
    _option("Open int.", "open_interest", 0, "Contracts", 3),
    _option("Volume", "volume", 0, "Contracts today", 8),
    Column(
        title="Age",
        sample="100",
        right=True,
        cell=lambda r: _quoted(r, fmt.age(r.quoted_secs)),
        sort=lambda r: r.quoted_secs,
        tooltip="Age of the quote, seconds: dimmed from 5, struck through from 30",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One condition of one strategy on the selected symbol's last bar."""

    strategy: str
    fired: bool
    condition: Condition


def reasons(explained: tuple[Explanation, ...]) -> tuple[Reason, ...]:
    """Every condition of every strategy, as explained."""
    return tuple(
        Reason(strategy=e.strategy, fired=all(c.passed for c in e.conditions), condition=c)
        for e in explained
        for c in e.conditions
    )


WHY: tuple[Column[Reason], ...] = (
    Column(
        title="Strategy",
        sample="BULL PULLBACK",
        cell=lambda r: Cell(text=r.strategy.replace("_", " "), strong=r.fired),
        sort=lambda r: r.strategy,
    ),
    Column(
        title="Condition",
        sample="SMA50 > SMA200 1,234.56, bar before",
        stretch=6,
        cell=lambda r: Cell(text=r.condition.text),
        sort=lambda r: r.condition.text,
    ),
    Column(
        title="Value",
        sample="1,234.56",
        right=True,
        cell=lambda r: Cell(
            text=fmt.number(r.condition.value), tone="text" if r.condition.passed else "loss"
        ),
        sort=lambda r: r.condition.value,
    ),
    Column(
        title="Threshold",
        sample="1,234.56",
        right=True,
        cell=lambda r: Cell(text=fmt.number(r.condition.threshold), tone="text2"),
        sort=lambda r: r.condition.threshold,
    ),
    Column(
        title="Holds",
        sample="✗ fails",
        kind=Kind.CHIP,
        cell=lambda r: Cell(
            text="✓ holds" if r.condition.passed else "✗ fails",
            tone="gain" if r.condition.passed else "loss",
        ),
        sort=lambda r: r.condition.text if r.condition.passed else "",
    ),
)


def _missed(row: Explanation) -> Cell:
    missed = row.missed
    return Cell(text="" if missed is None else missed.text, tone="text2")


NEAR: tuple[Column[Explanation], ...] = (
    Column(
        title="Symbol",
        sample="GOOGL",
        cell=lambda r: Cell(text=r.symbol, strong=True),
        sort=lambda r: r.symbol,
    ),
    Column(
        title="Almost",
        sample="HIGH BASE",
        cell=lambda r: Cell(text=fmt.strategy(r.strategy), tooltip=r.strategy),
        sort=lambda r: r.strategy,
    ),
    Column(
        title="Missed",
        sample="ATR ratio > 2",
        stretch=4,
        cell=_missed,
        sort=lambda r: r.missed.text if r.missed is not None else None,
    ),
    Column(
        title="Value",
        sample="1,234.56",
        right=True,
        cell=lambda r: Cell(text=fmt.number(r.missed.value if r.missed else None)),
        sort=lambda r: r.missed.value if r.missed else None,
    ),
)


PERFORMANCE: tuple[Column[PerformanceRow], ...] = (
    Column(
        title="Measure",
        sample="Order latency, worst",
        stretch=2,
        cell=lambda r: Cell(text=r.name, tooltip=r.tip or r.name),
        sort=lambda r: r.name,
    ),
    Column(
        title="Value",
        sample="1,234 s",
        right=True,
        cell=lambda r: Cell(text=r.value, tone="loss" if r.met is False else "text", strong=True),
        sort=lambda r: r.value,
    ),
    Column(
        title="Threshold",
        sample="≤ 5.000 s",
        right=True,
        cell=lambda r: Cell(text=r.threshold, tone="text2"),
        sort=lambda r: r.threshold,
    ),
    Column(
        title="",
        sample="missed",
        kind=Kind.CHIP,
        cell=lambda r: Cell(
            text="" if r.met is None else "met" if r.met else "missed",
            tone="gain" if r.met else "loss",
        ),
        sort=lambda r: str(r.met),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRow:
    """One line of the log."""

    number: int
    time: datetime
    level: int
    source: str
    text: str


_LEVEL_TONES = {logging.WARNING: "warn", logging.ERROR: "loss", logging.CRITICAL: "loss"}

LOG: tuple[Column[LogRow], ...] = (
    Column(
        title="Time (ET)",
        sample="14:42:41",
        cell=lambda r: Cell(text=fmt.clock(r.time), tone="text2"),
        sort=lambda r: r.number,
    ),
    Column(
        title="Level",
        sample="CRITICAL",
        kind=Kind.CHIP,
        cell=lambda r: Cell(
            text=logging.getLevelName(r.level), tone=_LEVEL_TONES.get(r.level, "muted")
        ),
        sort=lambda r: r.level,
    ),
    Column(
        title="From",
        sample="execution.desk",
        cell=lambda r: Cell(text=r.source, tone="text2"),
        sort=lambda r: r.source,
        rank=1,
    ),
    Column(
        title="Text",
        sample="Text of the line",
        stretch=20,
        cell=lambda r: Cell(text=r.text, tooltip=r.text),
        sort=lambda r: r.text,
    ),
)
