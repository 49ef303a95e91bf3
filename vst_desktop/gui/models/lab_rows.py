"""The columns of a backtest's trades."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vst_desktop.domain.signals import Direction
from vst_desktop.gui import format as fmt
from vst_desktop.gui.models.cells import Cell, Column
from vst_desktop.station.lab_trades import LabTrade


def _text(
    title: str,
    sample: str,
    of: Callable[[LabTrade], str],
    *,
    optional: bool = False,
    tone: str = "text",
) -> Column[LabTrade]:
    return Column(
        title=title,
        sample=sample,
        cell=lambda r: Cell(text=of(r), tone=tone, tooltip=of(r)),
        sort=of,
        optional=optional,
    )


def _number(
    title: str,
    sample: str,
    of: Callable[[LabTrade], Any],
    places: int,
    tooltip: str,
    *,
    toned: bool = False,
) -> Column[LabTrade]:
    def cell(row: LabTrade) -> Cell:
        value = of(row)
        tone = fmt.tone_of(value) if toned else "text"
        sign = f"{fmt.arrow(value)} " if toned else ""
        return Cell(text=f"{sign}{fmt.number(value, places)}", tone=tone)

    return Column(title=title, sample=sample, cell=cell, sort=of, right=True, tooltip=tooltip)


TRADES: tuple[Column[LabTrade], ...] = (
    Column(
        title="Symbol",
        sample="GOOGL",
        cell=lambda r: Cell(
            text=f"{'▲' if r.direction == Direction.LONG else '▼'} {r.symbol}", strong=True
        ),
        sort=lambda r: r.symbol,
    ),
    _text("Strategy", "BULL_PULLBACK", lambda r: r.strategy),
    _text("Entry", "2019-12-31", lambda r: r.entry_date),
    _text("Exit", "2019-12-31", lambda r: r.exit_date),
    _text("Strikes", "197.5 / 207.5 C", lambda r: r.label),
    _text("Expires", "2019-12-31", lambda r: r.expiration, optional=True),
    _number("Qty", "10", lambda r: r.contracts, 0, "Contracts"),
    _number("Debit", "12.34", lambda r: r.debit, 2, "Paid per share"),
    _number("Out", "12.34", lambda r: r.exit_value, 2, "Got per share"),
    _number("Net $", "▼ −1,234.56", lambda r: r.net_usd, 2, "After commissions", toned=True),
    _number("R", "−1.23", lambda r: r.r_multiple, 2, "Net over the risk of the plan"),
    _text("Reason", "TARGET_FIBO", lambda r: r.exit_reason),
    _number("Days", "45", lambda r: r.days_held, 0, "Calendar days held"),
    _number("MAE", "1.23", lambda r: r.mae_r, 2, "The farthest against it, R"),
    _number("MFE", "1.23", lambda r: r.mfe_r, 2, "The farthest for it, R"),
)
