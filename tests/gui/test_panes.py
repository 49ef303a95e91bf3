"""What the panes show beside their first table: chain, reasons, near misses, account, log."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from PySide6.QtCore import QPointF, QRect
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication, QLabel, QStyleOptionViewItem
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Stage
from tests.helpers.sample_view import CANDIDATES, sample_view
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.signals import Condition, Direction, Explanation
from vst_desktop.gui import format as fmt
from vst_desktop.gui.delegates.cell import CellDelegate
from vst_desktop.gui.models.candidate_rows import CANDIDATES as COLUMNS
from vst_desktop.gui.models.cells import Cell, Column
from vst_desktop.gui.models.rows import SIGNALS
from vst_desktop.gui.models.table import RowModel
from vst_desktop.gui.panes.alerts import LOG_TAB
from vst_desktop.gui.theme import Theme
from vst_desktop.station.book_view import Chip
from vst_desktop.station.desk_view import ChainRow, ChainView, PerformanceRow
from vst_desktop.station.view import Figure, LiveBar


def _option(strike: str, leg: str = "", age: int | None = 1) -> ChainRow:
    return ChainRow(
        con_id=int(Decimal(strike)),
        strike=Decimal(strike),
        right="C",
        bid=1.1,
        ask=1.2,
        mid=1.15,
        width_pct=0.087,
        implied_volatility=0.31,
        delta=0.4,
        theta=-0.03,
        vega=0.1,
        open_interest=900,
        volume=12,
        quoted_secs=age,
        leg=leg,
    )


def _candidate_cell(title: str, **changes: object):  # type: ignore[no-untyped-def]
    column = next(c for c in COLUMNS if c.title == title)
    return column.cell(replace(CANDIDATES[0], **changes))  # type: ignore[arg-type]


def test_a_price_is_dimmed_after_5_seconds_and_struck_through_after_30() -> None:
    fresh, old, dead = (
        _candidate_cell("Debit", quoted_secs=age, dimmed=False) for age in (5, 6, 31)
    )
    assert (fresh.tone, fresh.struck) == ("text", False)
    assert (old.tone, old.struck) == ("text3", False)
    assert (dead.tone, dead.struck) == ("text3", True)


@pytest.mark.parametrize("right", [True, False])
def test_the_line_through_an_old_price_lies_over_its_figures(
    qapp: QApplication, right: bool
) -> None:
    def drawn(struck: bool) -> set[tuple[int, int]]:
        cell = Cell(text="4.18", struck=struck)
        column = Column(title="x", sample="x", cell=lambda _: cell, sort=str, right=right)
        model: RowModel[str] = RowModel((column,), str)
        model.set_rows(["row"])
        option = QStyleOptionViewItem()
        option.rect = QRect(60, 0, 120, 26)
        picture = QImage(240, 26, QImage.Format.Format_RGB32)
        picture.fill(0)
        painter = QPainter(picture)

        delegate = CellDelegate(Theme(qapp), model)
        delegate.paint(painter, option, model.index(0, 0))
        picture.fill(0)
        option.rect = QRect(20, 0, 120, 26)  # the column has moved
        delegate.paint(painter, option, model.index(0, 0))
        painter.end()
        every = ((x, y) for x in range(240) for y in range(26))
        return {at for at in every if picture.pixel(*at) & 0xFFFFFF}

    figures, struck = ([x for x, _ in drawn(old)] for old in (False, True))
    assert len(struck) > len(figures)
    assert min(figures) - 2 <= min(struck) and max(struck) <= max(figures) + 2


def test_what_a_symbols_spread_would_need_is_short_in_its_cell_and_whole_in_its_tip() -> None:
    state = next(c for c in SIGNALS if c.title == "State")
    cell = state.cell(replace(sample_view().scan.rows[0], chain_state="needs about 1,340 USD"))
    assert (cell.text, cell.tooltip) == ("needs $1,340", "needs about 1,340 USD")


def test_a_blocked_rows_chip_says_the_whole_reason() -> None:
    cell = _candidate_cell(
        "State", blocked="EVENT: earnings on 6 Dec", chip=Chip(text="EVENT", tone="loss")
    )
    assert cell.tooltip == "EVENT: earnings on 6 Dec"


def test_the_chain_marks_the_legs(stage: Stage) -> None:
    chain = ChainView(
        symbol="DIS",
        expiration=date(2017, 12, 29),
        rows=(_option("104", "LONG"), _option("108"), _option("112", "SHORT", age=40)),
        source="IBKR",
    )
    stage.show(chain=chain)
    model = stage.window.chart.chain
    assert [model.data(model.index(n, 1)) for n in range(3)] == ["LONG", "", "SHORT"]
    bid = next(n for n, c in enumerate(model.columns) if c.title == "Bid")
    assert model.cell(model.index(2, bid)).struck


def test_why_lists_every_condition_with_its_value(stage: Stage) -> None:
    conditions = (
        Condition(text="Close / ATR > 2", value=67.2, threshold=2.0, passed=True),
        Condition(text="RSI > 60", value=50.3, threshold=60.0, passed=False),
    )
    explained = Explanation(
        symbol="DIS",
        strategy="HIGH_BASE",
        direction=Direction.LONG,
        date=date(2017, 11, 17),
        conditions=conditions,
    )
    stage.show(scan=replace(sample_view().scan, explained=(explained,)))
    model = stage.window.chart.why
    shown = [[str(model.data(model.index(r, c))) for c in range(5)] for r in range(2)]
    assert shown[0] == ["HIGH BASE", "Close / ATR > 2", "67.20", "2.00", "✓ holds"]
    assert shown[1] == ["HIGH BASE", "RSI > 60", "50.30", "60.00", "✗ fails"]


def test_alerts_are_filtered_by_level_and_say_what_is_hidden(stage: Stage) -> None:
    pane = stage.window.alerts
    everything = pane.model.rowCount()
    pane.show_from(Severity.HIGH)
    levels = [stage.window.alerts.model.row(n) for n in range(pane.model.rowCount())]
    assert 0 < len(levels) < everything
    assert all(row is not None and row.severity is Severity.HIGH for row in levels)
    pane.show_from(Severity.CRITICAL)
    assert pane.table.note == f"{everything} alerts below CRITICAL are hidden."
    pane.show_from(Severity.INFO)
    assert pane.model.rowCount() == everything


def test_the_button_of_the_alerts_marks_them_read(stage: Stage) -> None:
    stage.window.alerts.acknowledge_wanted.emit()
    assert stage.station.calls[-1] == ("acknowledge_alerts",)


def test_the_selected_alert_is_marked_read_alone(stage: Stage) -> None:
    pane = stage.window.alerts
    pane.table.setCurrentIndex(pane.model.index(1, 0))
    row = pane.table.current_row()
    assert row is not None and not row.read
    stage.window.alerts.read_selected()
    assert stage.station.calls[-1] == ("acknowledge_alerts", row.number)


def test_the_log_stands_in_the_window(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="vst_desktop")
    logging.getLogger("vst_desktop.station").info("the scanner was restarted")
    pane = stage.window.alerts
    pane.show_tab(LOG_TAB)
    first = pane.log.row(0)
    assert first is not None
    assert (first.source, first.text) == ("station", "the scanner was restarted")


def test_performance_says_what_misses_its_threshold(stage: Stage) -> None:
    row = PerformanceRow(name="Scan", value="6.100 s", threshold="≤ 5.000 s", met=False)
    stage.show(performance=(row,))
    model = stage.window.alerts.performance
    assert [model.data(model.index(0, n)) for n in range(4)] == [
        "Scan",
        "6.100 s",
        "≤ 5.000 s",
        "missed",
    ]


def test_performance_says_how_long_the_window_stood_still_and_who_did_it(stage: Stage) -> None:
    pane = stage.window.alerts
    last = pane.performance.columns[0].cell

    def told() -> tuple[str, bool | None, str]:
        row = pane.performance.row(len(stage.station.current.performance))
        return row.value, row.met, last(row).tooltip

    stage.show()
    assert told() == ("never", True, "Window stood still")
    pane.stillness.tell(61.0, "gui.panes.chart:7")
    pane.stillness.tell(140.4, "station.scans:12")
    stage.show()
    assert told() == ("140 ms", False, "2 times; the longest was station.scans:12")


def test_the_account_stands_behind_its_tab(stage: Stage) -> None:
    stage.show(account=(Figure(caption="Net liquidation", value="$100,000.00"),))
    stage.window.book.show_tab(2)
    shown = {label.text() for label in stage.window.book.findChildren(QLabel)}
    assert {"Net liquidation", "$100,000.00"} <= shown


def test_the_crosshair_tells_the_session_under_it(stage: Stage, qtbot: QtBot) -> None:
    chart = stage.window.chart.chart
    with qtbot.waitSignal(chart.pointed, timeout=1000) as told:
        chart.point(chart._price.sceneBoundingRect().center())
    assert "O " in told.args[0] and "RSI" in told.args[0]
    assert stage.window.chart.info.toolTip() == "", "it is read whole"
    with qtbot.waitSignal(chart.pointed, timeout=1000) as gone:
        chart.point(QPointF(-500, -500))
    assert gone.args == [""]


def test_a_tick_moves_only_the_last_candle(stage: Stage, qtbot: QtBot) -> None:
    shown = stage.window.view
    assert shown is not None and shown.chart is not None
    candles = stage.window.chart.chart._candles
    before = candles._bars
    bar = LiveBar(open=100.0, high=104.0, low=99.0, close=103.5)
    stage.show(chart=replace(shown.chart, live=bar, last=103.5))
    qtbot.waitUntil(lambda: stage.window.chart.chart._live._bar == bar, timeout=1000)
    assert candles._bars is before


def test_ages_are_short() -> None:
    assert [fmt.age(secs) for secs in (None, 0, 99, 130, 7200)] == ["–", "0", "99", "2 m", "2 h"]
