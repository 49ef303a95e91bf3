"""The columns of scanner and alerts."""

from __future__ import annotations

import re

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.signals import Direction
from vst_desktop.gui import format as fmt
from vst_desktop.gui.models.cells import Cell, Column, Kind
from vst_desktop.station.view import AlertRow, SignalRow

_SEVERITY_TONES = {
    Severity.INFO: "muted",
    Severity.WARNING: "warn",
    Severity.HIGH: "loss",
    Severity.CRITICAL: "loss",
}

# what the column has room for; its tooltip says the whole
_NEEDS = re.compile(r"needs about ([\d,]+) USD")


def _signal_chip(row: SignalRow) -> Cell:
    up = row.direction is Direction.LONG
    name = fmt.strategy(row.strategy)
    return Cell(
        text=f"{fmt.UP if up else fmt.DOWN} {name}",
        tone="gain" if up else "loss",
        tooltip=f"{row.strategy}, {row.direction}, bar of {fmt.day_year(row.date)}"
        + (" (forming)" if row.forming else ""),
    )


SIGNALS: tuple[Column[SignalRow], ...] = (
    Column(
        title="Symbol",
        sample="GOOGL",
        cell=lambda r: Cell(text=r.symbol, strong=True),
        sort=lambda r: r.symbol,
    ),
    Column(
        title="Signal",
        sample="▲ HIGH BASE",
        kind=Kind.CHIP,
        cell=_signal_chip,
        sort=lambda r: (r.strategy, r.symbol),
    ),
    Column(
        title="60 days",
        sample="60 days",
        kind=Kind.SPARK,
        cell=lambda r: Cell(
            spark=r.spark,
            tone="gain" if r.direction is Direction.LONG else "loss",
            tooltip=f"Closes of the last {len(r.spark)} sessions, last {fmt.number(r.close)}",
        ),
        sort=lambda r: r.spark[-1] / r.spark[0] if r.spark and r.spark[0] else None,
        rank=1,
    ),
    Column(
        title="RSI",
        sample="00.0",
        right=True,
        cell=lambda r: Cell(text=fmt.number(r.rsi, 1)),
        sort=lambda r: r.rsi,
        rank=2,
    ),
    Column(
        title="State",
        sample="needs $810",
        right=True,
        stretch=3,
        cell=lambda r: Cell(
            text=_NEEDS.sub(r"needs $\1", r.chain_state), tone="text2", tooltip=r.chain_state
        ),
        sort=lambda r: r.chain_state,
        tooltip="What keeps the symbol from a candidate; when nothing does, its signal's age",
    ),
)


def _alert_text(row: AlertRow) -> str:
    return f"{row.message}  × {row.count}" if row.count > 1 else row.message


def _alert_tip(row: AlertRow) -> str:
    state = "" if row.read else "not read yet"
    return "\n".join(text for text in (_alert_text(row), row.details, row.sent, state) if text)


ALERTS: tuple[Column[AlertRow], ...] = (
    Column(
        title="ET",
        sample="14:42",
        cell=lambda r: Cell(
            text=fmt.clock(r.time, seconds=False),
            tone="text2",
            tooltip=f"{fmt.day_year(fmt.eastern(r.time).date())} {fmt.clock(r.time)} ET",
        ),
        sort=lambda r: r.time,
    ),
    Column(
        title="Level",
        sample="WARNING",
        kind=Kind.CHIP,
        cell=lambda r: Cell(text=str(r.severity), tone=_SEVERITY_TONES[r.severity]),
        sort=lambda r: tuple(Severity).index(r.severity),
    ),
    Column(
        title="Message",
        sample="● Trade EXECUTED: GOOGL LONG x10",
        stretch=20,
        cell=lambda r: Cell(
            text=_alert_text(r) if r.read else f"● {_alert_text(r)}",
            tone="text2" if r.read else "text",
            tooltip=_alert_tip(r),
        ),
        sort=lambda r: r.message,
    ),
    Column(
        title="Channels",
        sample="email sent, slack sent",
        rank=1,
        cell=lambda r: Cell(
            text=r.sent,
            tone="loss" if "failed" in r.sent else "text2",
            tooltip=r.sent.replace(", ", "\n"),
        ),
        sort=lambda r: r.sent,
    ),
)


def alert_key(row: AlertRow) -> str:
    """What makes an alert the same row: folded ones only count up."""
    return f"{row.time.isoformat()}|{row.severity}|{row.message}"
