"""The columns of the journal."""

from __future__ import annotations

from vst_desktop.gui import format as fmt
from vst_desktop.gui.models.cells import Cell, Column, Kind
from vst_desktop.station.journal_view import JournalGroup, JournalRow

_TONES = {
    JournalGroup.APPROVALS: "info",
    JournalGroup.ORDERS: "text",
    JournalGroup.POSITIONS: "gain",
    JournalGroup.RESEARCH: "muted",
    JournalGroup.STATION: "muted",
}
_BAD = ("deny", "denied", "reject", "lose", "bust", "broken", "exits frozen", "changed outside")


def _time(row: JournalRow) -> Cell:
    local = fmt.eastern(row.time)
    return Cell(
        text=f"{fmt.day(local.date())} {fmt.clock(local)}",
        tone="text2",
        tooltip=f"event {row.seq}, {fmt.day_year(local.date())} "
        f"{fmt.clock(local)}.{local.microsecond // 1000:03d} ET",
    )


JOURNAL: tuple[Column[JournalRow], ...] = (
    Column(
        title="Time (ET)",
        sample="29 Dec 14:45:03",
        cell=_time,
        sort=lambda r: r.time,
    ),
    Column(
        title="Kind",
        sample="position opened",
        kind=Kind.DOT,
        cell=lambda r: Cell(text=r.kind, tone="loss" if r.kind in _BAD else _TONES[r.group]),
        sort=lambda r: r.kind,
    ),
    Column(
        title="Symbol",
        sample="GOOGL",
        cell=lambda r: Cell(text=r.symbol or fmt.NONE, strong=r.symbol is not None),
        sort=lambda r: r.symbol,
        rank=2,
    ),
    Column(
        title="Who",
        sample="station",
        cell=lambda r: Cell(text=r.who or fmt.NONE, tone="text2"),
        sort=lambda r: r.who,
        rank=1,
    ),
    Column(
        title="What",
        sample="the broker acknowledged it",
        stretch=20,
        cell=lambda r: Cell(text=r.text, tooltip=r.text),
        sort=lambda r: r.text,
    ),
    Column(
        title="Order",
        sample="VST-0123456789abcdef0123456789",
        cell=lambda r: Cell(text=r.ref or fmt.NONE, tone="text2"),
        sort=lambda r: r.ref,
        optional=True,
    ),
    Column(
        title="Event",
        sample="123,456",
        right=True,
        cell=lambda r: Cell(text=str(r.seq), tone="text2"),
        sort=lambda r: r.seq,
        optional=True,
        tooltip="Its number in the journal",
    ),
)
