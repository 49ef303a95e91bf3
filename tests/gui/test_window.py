"""The window shows its snapshot, keeps still where it should, and passes on what is wanted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QLineEdit,
    QPushButton,
    QTableView,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from tests.gui.conftest import OpenStage, Stage
from tests.helpers.recording_station import refusal
from tests.helpers.sample_book import NOW, positions
from tests.helpers.sample_view import CANDIDATES, empty_view, sample_view, strip
from vst_desktop.domain.orders import Mode, OrderState
from vst_desktop.gui.shot import grab, save_view
from vst_desktop.gui.tokens import LIGHT
from vst_desktop.station.view import ScanView

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


def test_title_and_badge_carry_the_mode(open_stage: OpenStage) -> None:
    window = open_stage(sample_view(Mode.PAPER)).window
    assert window.windowTitle().startswith("PAPER DU1234567 ")
    assert window.strip.badge.accessibleDescription() == "PAPER"


def test_demo_says_that_its_prices_are_invented(stage: Stage) -> None:
    assert "invented prices" in stage.window.windowTitle()
    assert stage.window.strip.badge.accessibleDescription() == "DEMO invented prices"


def test_live_says_whether_it_is_armed(open_stage: OpenStage) -> None:
    stage = open_stage(sample_view(Mode.LIVE))
    assert stage.window.strip.badge.accessibleDescription() == "LIVE disarmed"
    stage.show(strip=replace(strip(Mode.LIVE), armed=True))
    assert stage.window.strip.badge.accessibleDescription() == "LIVE armed"


def test_the_entry_window_counts_down_from_the_stations_clock(stage: Stage) -> None:
    assert stage.window.strip.window_figure.value == "opens in 00:02:14"
    stage.show(strip=replace(strip(), now=NOW + timedelta(seconds=4)))
    assert stage.window.strip.window_figure.value == "opens in 00:02:10"
    stage.show(strip=replace(strip(), now=NOW + timedelta(minutes=10)))
    assert stage.window.strip.window_figure.value.startswith("open, ")


def test_the_view_is_asked_for_every_second_without_any_change(stage: Stage, qtbot: QtBot) -> None:
    asked = stage.station.views_asked
    qtbot.waitUntil(lambda: stage.station.views_asked > asked, timeout=3000)


def test_a_burst_of_changes_becomes_one_picture(stage: Stage, qtbot: QtBot) -> None:
    with qtbot.waitSignal(stage.bridge.view_changed, timeout=2000):
        before = stage.station.views_asked
        for _ in range(500):
            stage.station.show()
    assert stage.station.views_asked - before <= 2


def test_the_kill_key_works_at_once_and_without_a_question(stage: Stage, qtbot: QtBot) -> None:
    stage.window.activateWindow()
    qtbot.keyClick(stage.window, Qt.Key.Key_K, CTRL | SHIFT)
    stage.settle()
    assert len(stage.station.named("kill")) == 1


def test_the_kill_button_kills(stage: Stage, qtbot: QtBot) -> None:
    qtbot.mouseClick(stage.window.strip.kill, Qt.MouseButton.LeftButton)
    stage.settle()
    assert len(stage.station.named("kill")) == 1


def test_clearing_the_kill_switch_needs_a_reason(stage: Stage, qtbot: QtBot) -> None:
    stage.show(strip=replace(strip(), killed="kill switch in the window"))
    assert stage.window.strip.alarm.text() == "ENTRIES HALTED"
    qtbot.mouseClick(stage.window.strip.kill, Qt.MouseButton.LeftButton)
    stage.window.banner.answer("")
    stage.settle()
    assert stage.station.calls == []
    stage.window.banner.answer("quotes are back")
    stage.settle()
    assert stage.station.calls == [("clear_kill", "quotes are back")]


def test_unprotected_positions_stand_in_red_in_the_strip(stage: Stage) -> None:
    stage.show(strip=replace(strip(), unprotected=2))
    assert stage.window.strip.alarm.isVisible()
    assert stage.window.strip.alarm.text() == "2 POSITIONS UNPROTECTED"
    assert "2 of 2 unprotected" in stage.window.book.info.text()


def test_empty_panes_say_why_and_what_to_do(open_stage: OpenStage) -> None:
    window = open_stage(empty_view()).window
    assert "F5" in window.scanner.table.note
    assert "F5" in window.candidates.table.note
    assert "Ctrl+Enter" in window.book.positions_table.note
    assert "Ctrl+Enter" in window.book.orders_table.note
    assert window.alerts.table.note
    assert "F5" in window.ticket.empty_text


def test_a_running_scan_shows_progress_and_can_be_stopped(stage: Stage, qtbot: QtBot) -> None:
    running: ScanView = replace(sample_view().scan, progress=(120, 500), stage="bars")
    stage.show(scan=running)
    assert stage.window.scanner.info.text() == "Fetching bars 120 / 500"
    stage.window.commands.actions["scan"].trigger()
    stage.window.scanner.press_button()
    stage.settle()
    assert stage.station.calls == [("cancel_scan",)]


def test_scans_are_scheduled_by_the_menu_and_the_next_one_is_told(stage: Stage) -> None:
    button = stage.window.scanner.schedule
    assert (button.text(), "Scans when asked" in button.toolTip()) == ("▾", True)
    chosen = [one for one in button.menu().actions() if one.data() == 15]
    chosen[0].trigger()
    stage.settle()
    assert stage.station.named("schedule_scans") == [(15,)]
    at = datetime(2026, 7, 1, 18, 30, tzinfo=UTC)
    stage.show(scan=replace(sample_view().scan, every_minutes=15, next_look=at))
    assert button.text() == "15 min ▾"
    assert "looks next at 14:30:00" in button.toolTip()
    assert chosen[0].isChecked()


def test_f5_scans_and_a_failure_stands_in_the_scanner_pane(stage: Stage, qtbot: QtBot) -> None:
    stage.station.refuse = refusal("no bars came")
    stage.window.activateWindow()
    qtbot.keyClick(stage.window, Qt.Key.Key_F5)
    stage.settle()
    assert stage.station.named("scan") == [()]
    assert stage.window.scanner.banner.text == "no bars came; look again"


@pytest.mark.allow_log("task window:scan failed")
def test_an_unexpected_error_is_told_over_the_window(stage: Stage) -> None:
    stage.station.refuse = ValueError("broken")
    stage.window.commands.actions["scan"].trigger()
    stage.settle()
    assert "ValueError('broken')" in stage.window.banner.text


def test_choosing_a_row_selects_it_at_the_station(stage: Stage, qtbot: QtBot) -> None:
    table = stage.window.candidates.table
    click_row(table, 2, qtbot)
    assert stage.station.named("select") == [("WMT", "WMT:HIGH_BASE")]


def test_showing_a_view_selects_its_rows_without_a_command(stage: Stage) -> None:
    row = stage.window.candidates.table.current_row()
    assert row is not None and row.symbol == "DIS"
    assert stage.station.calls == []


def test_updates_keep_selection_and_order_under_the_focus(stage: Stage, qtbot: QtBot) -> None:
    stage.window.activateWindow()
    table = stage.window.candidates.table
    table.setFocus()
    QApplication.processEvents()
    assert table.hasFocus()
    dearer = tuple(replace(row, revision=row.revision) for row in reversed(CANDIDATES))
    stage.show(candidates=replace(sample_view().candidates, rows=dearer))
    model = stage.window.candidates.model
    shown = [model.row(number).symbol for number in range(model.rowCount())]  # type: ignore[union-attr]
    assert shown == [row.symbol for row in CANDIDATES]
    row = table.current_row()
    assert row is not None and row.symbol == "DIS"
    stage.window.alerts.table.setFocus()
    QApplication.processEvents()
    model.settle()
    shown = [model.row(number).symbol for number in range(model.rowCount())]  # type: ignore[union-attr]
    assert shown == [row.symbol for row in dearer]
    row = table.current_row()
    assert row is not None and row.symbol == "DIS"


def test_only_changed_rows_are_repainted(stage: Stage) -> None:
    touched: list[tuple[int, int]] = []
    model = stage.window.candidates.model
    model.dataChanged.connect(lambda a, b: touched.append((a.row(), b.row())))
    rows = list(CANDIDATES)
    rows[3] = replace(rows[3], quantity=6)
    same = tuple(replace(row) for row in rows)
    stage.show(candidates=replace(sample_view().candidates, rows=same))
    assert touched == [(3, 3)]


def test_a_header_click_sorts_and_a_third_one_gives_the_stations_order(stage: Stage) -> None:
    model = stage.window.candidates.model
    section = next(n for n, c in enumerate(model.columns) if c.title == "Debit")
    head = stage.window.candidates.table.horizontalHeader()

    def debits() -> list[object]:
        return [model.row(n).debit for n in range(model.rowCount())]  # type: ignore[union-attr]

    head.sectionClicked.emit(section)
    assert debits() == sorted(row.debit for row in CANDIDATES)
    head.sectionClicked.emit(section)
    assert debits() == sorted((row.debit for row in CANDIDATES), reverse=True)
    head.sectionClicked.emit(section)
    assert debits() == [row.debit for row in CANDIDATES]


def test_closing_a_position_asks_in_the_pane_first(stage: Stage, qtbot: QtBot) -> None:
    stage.window.book.positions_table.select_key("p-pfe")
    stage.window.commands.actions["close_position"].trigger()
    stage.settle()
    assert stage.station.calls == []
    assert stage.window.book.banner.text == "Close 9 × PFE 35 / 37 C now for about 0.91?"
    stage.window.book.banner.answer()
    stage.settle()
    assert stage.station.calls == [("close_position", "p-pfe", None)]


def test_flatten_passes_on_what_was_typed(stage: Stage) -> None:
    stage.window.commands.actions["flatten"].trigger()
    stage.window.banner.answer("FLATTEN")
    stage.settle()
    assert stage.station.calls == [("flatten", "FLATTEN")]


def test_leaving_with_orders_on_the_way_asks(stage: Stage, qtbot: QtBot) -> None:
    left: list[bool] = []
    stage.window.closed.connect(lambda: left.append(True))
    assert not stage.window.close()
    assert stage.window.isVisible() and left == []
    filled = tuple(replace(o, state=OrderState.FILLED) for o in stage.station.current.orders)
    stage.show(orders=filled)
    assert stage.window.close()
    assert left == [True]


def test_every_action_has_its_own_keys_and_a_tooltip(stage: Stage) -> None:
    seen: dict[str, str] = {}
    for name, action in stage.window.commands.actions.items():
        assert action.shortcuts(), name
        assert action.toolTip() and action.toolTip() != action.text(), name
        for key in action.shortcuts():
            assert key.toString(), name
            assert key.toString() not in seen, (name, seen.get(key.toString()))
            seen[key.toString()] = name


def test_inputs_and_buttons_have_names_and_tooltips(stage: Stage) -> None:
    window = stage.window
    inputs: list[QWidget] = [
        *window.findChildren(QLineEdit),
        *window.findChildren(QTableView),
        *window.findChildren(QPushButton),
        *window.findChildren(QToolButton),
    ]
    assert len(inputs) > 15
    assert [widget for widget in inputs if not widget.accessibleName()] == []
    for widget in inputs:
        if widget.isVisible() and not isinstance(widget, QTableView):
            assert widget.toolTip(), widget.accessibleName()


def test_numbers_and_their_headers_stand_at_the_same_side(stage: Stage) -> None:
    for model in (
        stage.window.scanner.model,
        stage.window.candidates.model,
        stage.window.book.positions,
        stage.window.book.orders,
    ):
        for number, column in enumerate(model.columns):
            aligned = model.headerData(
                number, Qt.Orientation.Horizontal, Qt.ItemDataRole.TextAlignmentRole
            )
            wanted = Qt.AlignmentFlag.AlignRight if column.right else Qt.AlignmentFlag.AlignLeft
            assert aligned & wanted, column.title


@pytest.mark.parametrize("size", [(1600, 1000), (1280, 720)])
def test_columns_fill_their_table_and_stay_inside(
    stage: Stage, tmp_path: Path, size: tuple[int, int]
) -> None:
    grab(stage.window, tmp_path / "window.png", size)
    window = stage.window
    for table in (window.scanner.table, window.candidates.table, window.alerts.table):
        shown = sum(
            table.columnWidth(n)
            for n in range(len(table.model().columns))  # type: ignore[attr-defined]
        )
        assert shown == table.viewport().width()
    assert window.strip.kill.geometry().right() <= window.strip.width()
    assert window.ticket.approve.isVisible()


@pytest.mark.parametrize("name", ["dark", "light"])
def test_a_picture_is_drawn_without_a_screen(tmp_path: Path, name: str, qapp: object) -> None:
    path = tmp_path / f"{name}.png"
    if name == "light":
        save_view(sample_view(), path, (1280, 720), LIGHT)
    else:
        save_view(sample_view(), path, (1280, 720))
    picture = QImage(str(path))
    assert (picture.width(), picture.height()) == (1280, 720)
    corner = picture.pixelColor(picture.width() - 2, picture.height() - 2).name().upper()
    assert corner == ("#E9ECF1" if name == "light" else "#0B0E13")


def test_positions_show_open_result_with_arrow_sign_and_money(stage: Stage) -> None:
    model = stage.window.book.positions
    column = next(n for n, c in enumerate(model.columns) if c.title == "Open P&L")
    shown = [model.index(n, column).data() for n in range(len(positions()))]
    assert shown == ["▲ +$153.00", "▼ −$78.00"]


def click_row(table: QAbstractItemView, row: int, qtbot: QtBot) -> None:
    place = table.visualRect(table.model().index(row, 0)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place.x(), place.y()))
