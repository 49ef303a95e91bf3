"""Tables: columns by choice, rows as CSV, no more signals than needed."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Stage
from vst_desktop.gui.models.cells import Cell, Column
from vst_desktop.gui.models.export import csv_text
from vst_desktop.gui.models.table import RowModel
from vst_desktop.gui.widgets.table_menu import TableMenu


@dataclass(frozen=True)
class _Row:
    name: str
    price: Decimal | None
    time: datetime


def _column(title: str, field: str) -> Column[_Row]:
    return Column(
        title=title,
        sample="xxxx",
        cell=lambda r: Cell(text=str(getattr(r, field))),
        sort=lambda r: getattr(r, field),
    )


COLUMNS = (_column("Name", "name"), _column("Price", "price"), _column("Time", "time"))
AT = datetime(2024, 1, 17, 19, 43, tzinfo=UTC)


def test_export_keeps_raw_values_and_says_the_mode() -> None:
    text = csv_text(COLUMNS, [_Row("DIS", Decimal("-1234.50"), AT), _Row("GE", None, AT)], "DEMO")
    assert list(csv.reader(text.splitlines())) == [
        ["Mode", "Name", "Price", "Time"],
        ["DEMO", "DIS", "-1234.50", "2024-01-17T19:43:00+00:00"],
        ["DEMO", "GE", "", "2024-01-17T19:43:00+00:00"],
    ]


@pytest.mark.parametrize("text", ['=HYPERLINK("x")', "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_text_of_an_export_is_a_formula(text: str) -> None:
    out = csv_text(COLUMNS, [_Row(text, None, AT)], "PAPER")
    _, row = csv.reader(io.StringIO(out, newline=""))
    assert row[1] == f"'{text}"


def test_neighbouring_changes_are_told_at_once(qtbot: QtBot) -> None:
    model: RowModel[_Row] = RowModel(COLUMNS, lambda r: r.name)
    rows = [_Row(str(n), Decimal(n), AT) for n in range(6)]
    model.set_rows(tuple(rows))
    told: list[tuple[int, int]] = []
    model.dataChanged.connect(lambda a, b: told.append((a.row(), b.row())))
    for number in (1, 2, 3, 5):
        rows[number] = _Row(str(number), Decimal(9), AT)
    model.set_rows(tuple(rows))
    assert told == [(1, 3), (5, 5)]


def test_every_table_exports_itself_with_its_mode(stage: Stage, tmp_path: Path) -> None:
    window = stage.window
    for table in (
        window.scanner.table,
        window.candidates.table,
        window.book.positions_table,
        window.book.orders_table,
        window.alerts.table,
    ):
        menu = table.findChild(TableMenu)
        assert isinstance(menu, TableMenu)
        file = tmp_path / "out.csv"
        menu.export(str(file))
        raw = file.read_bytes()
        assert not raw.startswith(b"\xef\xbb\xbf")
        head, *rows = csv.reader(raw.decode().splitlines())
        assert head[1:] == [column.title for column in table.columns]
        assert len(rows) == table.model().rowCount() > 0
        assert {row[0] for row in rows} == {"DEMO"}


def test_an_export_that_cannot_be_written_is_told_in_the_pane(stage: Stage) -> None:
    menu = stage.window.candidates.table.findChild(TableMenu)
    assert isinstance(menu, TableMenu)
    menu.export("/no/such/folder/out.csv")
    assert "cannot be written" in stage.window.candidates.banner.text


def test_columns_come_and_go_by_the_menu(stage: Stage) -> None:
    table = stage.window.candidates.table
    titles = [column.title for column in table.columns]
    menu = table.findChild(TableMenu)
    assert isinstance(menu, TableMenu)
    (columns,) = [a.menu() for a in menu.menu().actions() if a.text() == "Columns"]
    assert [a.text() for a in columns.actions() if a.isCheckable()] == titles
    delta = next(a for a in columns.actions() if a.text() == "Delta")
    delta.trigger()
    assert table.isColumnHidden(titles.index("Delta"))
    assert table.choice == {"Delta": False}
    table.choose_columns({})
    assert not table.isColumnHidden(titles.index("Delta"))
