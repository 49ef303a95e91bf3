"""The journal's tab: pages, news, filters, stories and exports."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Stage
from tests.helpers.recording_station import refusal
from vst_desktop.gui.dialogs.story import StoryDialog
from vst_desktop.gui.panes import journal as pane
from vst_desktop.station.journal_view import JournalGroup, JournalRow, StoryLine

BEGAN = datetime(2017, 11, 17, 19, 45, tzinfo=UTC)


def row(seq: int, **changes: object) -> JournalRow:
    made = JournalRow(
        seq=seq,
        time=BEGAN + timedelta(seconds=seq),
        kind="fill",
        group=JournalGroup.ORDERS,
        symbol="AAPL",
        who="broker",
        text=f"filled: {seq} at 2.66",
        ref="VST-1",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def rows(last: int, first: int = 1) -> tuple[JournalRow, ...]:
    return tuple(row(seq) for seq in range(last, first - 1, -1))


def open_tab(stage: Stage) -> None:
    stage.window.book.journal._now = stage.clock
    stage.window.commands.actions["go_journal"].trigger()
    stage.settle()


def shown(stage: Stage) -> list[int]:
    model = stage.window.book.journal.model
    found = (model.row(number) for number in range(model.rowCount()))
    return [one.seq for one in found if one is not None]


def test_nothing_is_read_before_the_tab_is_in_front(stage: Stage) -> None:
    stage.station.journal.rows = rows(3)
    stage.show()
    stage.settle()
    assert stage.station.named("journal_page") == []


def test_the_newest_event_stands_first(stage: Stage) -> None:
    stage.station.journal.rows = rows(3)
    open_tab(stage)
    assert shown(stage) == [3, 2, 1]
    assert "3 events" in stage.window.book.info.text()


def test_new_events_arrive_by_themselves(stage: Stage) -> None:
    stage.station.journal.rows = rows(3)
    open_tab(stage)
    QApplication.focusWidget().clearFocus()
    stage.station.journal.rows = rows(5)
    stage.show()
    stage.settle()
    assert shown(stage) == [3, 2, 1], "asked again within the second"
    stage.clock.now += 1.1
    stage.show()
    stage.settle()
    stage.window.book.journal.model.settle()
    assert set(shown(stage)) == {5, 4, 3, 2, 1}
    assert stage.station.named("journal_page")[-1][2] == 3


def test_more_news_than_a_page_holds_leave_no_gap(stage: Stage) -> None:
    stage.station.journal.rows = rows(3)
    open_tab(stage)
    stage.station.journal.size = 60
    stage.station.journal.rows = rows(100)
    stage.clock.now += 1.1
    stage.show()
    stage.settle()
    assert sorted(shown(stage)) == list(range(41, 101))


def test_older_pages_come_when_the_table_is_scrolled_to_its_end(stage: Stage) -> None:
    stage.station.journal.rows, stage.station.journal.size = rows(150), 60
    open_tab(stage)
    assert len(shown(stage)) == 60
    bar = stage.window.book.journal.table.verticalScrollBar()
    bar.setValue(bar.maximum())
    stage.settle()
    assert sorted(shown(stage)) == list(range(31, 151))


def test_the_table_holds_a_bounded_number_of_rows(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pane, "MOST_ROWS", 100)
    stage.station.journal.rows, stage.station.journal.size = rows(500), 60
    open_tab(stage)
    bar = stage.window.book.journal.table.verticalScrollBar()
    for _ in range(4):
        bar.setValue(bar.maximum())
        stage.settle()
    assert len(shown(stage)) == 120
    assert "narrow the filter" in stage.window.book.info.text()


def test_a_text_is_looked_for_page_after_page(stage: Stage, qtbot: QtBot) -> None:
    calm = rows(40, 2)
    stage.station.journal.rows = (*calm, row(1, text="a needle"))
    stage.station.journal.size = 60
    open_tab(stage)
    stage.window.book.journal.text.setFocus()
    QTest.keyClicks(stage.window.book.journal.text, "NEEDLE")
    qtbot.waitUntil(lambda: shown(stage) == [1], timeout=2000)
    assert len(stage.station.named("journal_page")) == 2, "one question for the whole word"


def test_a_kind_shows_only_its_events(stage: Stage) -> None:
    stage.station.journal.rows = (*rows(3, 2), row(1, group=JournalGroup.RESEARCH, ref=None))
    open_tab(stage)
    stage.window.book.journal.show_group(JournalGroup.RESEARCH)
    stage.settle()
    assert shown(stage) == [1]
    assert stage.window.book.journal.kinds.text() == "Research ▾"


def test_an_answer_to_an_older_question_changes_nothing(stage: Stage) -> None:
    stage.station.journal.rows = (*rows(3, 2), row(1, group=JournalGroup.RESEARCH, ref=None))
    open_tab(stage)
    stage.window.book.journal.show_group(JournalGroup.ORDERS)
    stage.window.book.journal.show_group(JournalGroup.RESEARCH)
    stage.settle()
    assert shown(stage) == [1]


def test_a_double_click_tells_the_orders_story(stage: Stage) -> None:
    stage.station.journal.rows = rows(1)
    stage.station.journal.lines = (
        StoryLine(time=BEGAN, order="VST-1", text="trader approved <2> of it"),
        StoryLine(time=BEGAN, order="VST-1.x1", text="trader starts an exit: MANUAL"),
    )
    open_tab(stage)
    table = stage.window.book.journal.table
    table.select_key("1")
    table.doubleClicked.emit(table.currentIndex())
    stage.settle()
    assert stage.station.named("story") == [("VST-1",)]
    (dialog,) = stage.window.findChildren(StoryDialog)
    assert dialog.text().splitlines() == [
        "VST-1",
        "  17 Nov 2017 14:45:00.000 ET  trader approved <2> of it",
        "VST-1.x1",
        "  17 Nov 2017 14:45:00.000 ET  trader starts an exit: MANUAL",
    ]
    assert "approved <2> of it" in dialog.page.toPlainText()
    dialog.close()


@pytest.mark.parametrize("tab", ["go_positions", "go_orders"])
def test_the_key_tells_the_story_of_a_position_or_an_order(stage: Stage, tab: str) -> None:
    stage.window.commands.actions[tab].trigger()
    stage.window.commands.actions["story"].trigger()
    stage.settle()
    held, orders = stage.station.current.positions[0], stage.station.current.orders[0]
    wanted = held.position_id if tab == "go_positions" else orders.intent_id
    assert stage.station.named("story") == [(wanted,)]
    assert "knows nothing of" in stage.window.book.banner.text


def test_the_export_holds_everything_that_the_filters_admit(
    stage: Stage, qtbot: QtBot, tmp_path: Path
) -> None:
    stage.station.journal.rows = (*rows(300, 2), row(1, text="=HYPERLINK(1)", ref="+1"))
    stage.station.journal.size = 60
    open_tab(stage)
    file = tmp_path / "journal.csv"
    stage.window.book.journal.table._menu.export(str(file))
    qtbot.waitUntil(lambda: "300 events" in stage.window.book.banner.text, timeout=5000)
    with file.open(encoding="utf-8", newline="") as opened:
        table = list(csv.DictReader(opened))
    assert [one["Event"] for one in table] == [str(n) for n in range(300, 0, -1)]
    assert {one["Mode"] for one in table} == {"DEMO"}
    assert table[-1]["What"] == "'=HYPERLINK(1)" and table[-1]["Order"] == "'+1"
    assert table[-1]["Time (ET)"].startswith("2017-11-17T")


def test_a_journal_that_cannot_be_read_is_told_and_asked_again(stage: Stage) -> None:
    stage.station.refuse = refusal("the journal is damaged")
    open_tab(stage)
    assert "damaged" in stage.window.book.banner.text
    stage.station.journal.rows = rows(2)
    stage.clock.now += 1.1
    stage.show()
    stage.settle()
    assert shown(stage) == [2, 1]
    assert "damaged" in stage.window.book.banner.text, "what is read unasked closes no note"
