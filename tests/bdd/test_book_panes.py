"""Features of the book in the window, as a hand uses it: positions, journal, bounds."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import time, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytest_bdd import given, parsers, scenarios, then, when

from tests.bdd.window_world import WindowWorld
from tests.helpers import scenario_days as days
from vst_desktop.adapters.sqlite.reading import read_events
from vst_desktop.domain.orders import ClosePace, OrderState, OrderType, Purpose
from vst_desktop.execution.story import story
from vst_desktop.gui.dialogs.close import CloseDialog
from vst_desktop.gui.dialogs.exits import ExitsDialog
from vst_desktop.gui.dialogs.story import StoryDialog
from vst_desktop.ports.store import IntentRecord
from vst_desktop.station.book_view import PositionRow
from vst_desktop.station.journal_view import JournalGroup, JournalRow

scenarios("positions_pane.feature", "journal_pane.feature", "bounds.feature")

SYMBOL = "AAPL"


class BookWorld(WindowWorld):
    """A window with a position, and what a scenario remembers of it."""

    level = 0.0
    file: Path

    @property
    def row(self) -> PositionRow:
        """The position as the table shows it."""
        (row,) = self.window.book.positions._rows
        return row

    @property
    def closing(self) -> CloseDialog:
        """The question that is open."""
        dialog = self.window.book._closing
        assert dialog is not None and dialog.isVisible()
        return dialog

    @property
    def editing(self) -> ExitsDialog:
        """The dialog of exits that is open."""
        dialog = self.window.commands.book.editing
        assert dialog is not None
        return dialog

    def exits(self) -> list[IntentRecord]:
        """Closing orders."""
        return [i for i in self.station.desk.intents() if i.purpose is Purpose.EXIT]

    def events(self) -> list[JournalRow]:
        """What the journal's tab shows."""
        return list(self.window.book.journal.model._rows)


@pytest.fixture
def desk(qapp: QApplication, tmp_path: Path, vst_home: Path) -> Iterator[BookWorld]:
    """The scenario's window and what stands behind it."""
    world = BookWorld(qapp, tmp_path)
    yield world
    world.close()


@given("the window shows a position in AAPL")
def holds(desk: BookWorld) -> None:
    desk.at = days.candidate_at(SYMBOL, time(15, 10)).at
    desk.approve(SYMBOL)
    assert desk.wait_for_fill(SYMBOL).state is OrderState.FILLED
    desk.until("the position", lambda window: window.book.positions.rowCount() == 1)
    desk.until("its quotes", lambda window: desk.row.close_at is not None and desk.row.spot)
    desk.click_row(desk.window.book.positions_table, SYMBOL)


# -- closing


@when("the trader asks to close AAPL")
def ask_close(desk: BookWorld) -> None:
    desk.click(desk.button("Close…"))
    assert desk.closing.isVisible()


@then("the question names a market order and a ladder, each with its result")
def names_both(desk: BookWorld) -> None:
    texts = {pace: label.text() for pace, label in desk.closing.texts.items()}
    assert texts[ClosePace.NOW].startswith("A market order: about ")
    assert "in 4 steps of 20 s: about " in texts[ClosePace.LADDER]
    assert all("$" in text for text in texts.values())


@when("the trader closes now")
def close_now(desk: BookWorld) -> None:
    desk.click(desk.closing.confirm)


@when("closes by the ladder")
def close_by_ladder(desk: BookWorld) -> None:
    choice = desk.closing.choices[ClosePace.LADDER]
    desk.click(choice, choice.rect().center())
    assert desk.closing.pace is ClosePace.LADDER
    desk.click(desk.closing.confirm)


@when("presses Escape in the question")
def escape(desk: BookWorld) -> None:
    QTest.keyClick(desk.closing, Qt.Key.Key_Escape)


@then("AAPL is closed by hand with a market order")
def closed_now(desk: BookWorld) -> None:
    desk.run(desk.time.settle())
    desk.until("no position", lambda window: window.book.positions.rowCount() == 0)
    (order,) = desk.exits()
    assert (order.order_type, order.exit_reason) == (OrderType.MARKET, "MANUAL")
    assert order.pace is ClosePace.NOW and order.state is OrderState.FILLED


@then("a limit order that walks down closes AAPL")
def closed_by_ladder(desk: BookWorld) -> None:
    desk.until("the close", lambda window: desk.exits())
    limit = desk.station.engines.clock.now() + timedelta(minutes=3)
    desk.run(desk.time.run_until(lambda: not desk.station.desk.positions(), limit))
    (order,) = desk.exits()
    assert (order.order_type, order.state) == (OrderType.LIMIT, OrderState.FILLED)
    assert order.pace is ClosePace.LADDER


@then("nothing was sent to close AAPL")
def kept(desk: BookWorld) -> None:
    desk.run(desk.time.settle())
    assert desk.exits() == []


# -- exits


@when("the trader sets the stop of AAPL 1 % below the price and takes the target away")
def set_stop(desk: BookWorld) -> None:
    assert desk.row.spot is not None
    sign = 1 if desk.row.target is None or desk.row.target > desk.row.entry else -1
    desk.level = round(desk.row.spot * (1 - sign * 0.01), 2)
    desk.click(desk.button("Exits…"))
    type_over(desk, str(desk.level))
    desk.editing.target.clear()
    desk.until("what it pays", lambda window: desk.editing.confirm.isEnabled())
    assert desk.editing.wrong.text() == ""
    assert "$" in desk.editing.at_stop.text()
    desk.click(desk.editing.confirm)


def type_over(desk: BookWorld, text: str) -> None:
    """Type another stop, as a hand does."""
    desk.editing.stop.selectAll()
    QTest.keyClicks(desk.editing.stop, text)


@then("the table of positions shows that stop and no target")
def shows_stop(desk: BookWorld) -> None:
    desk.until(
        "the stop",
        lambda window: window.book.positions.rowCount() and desk.row.stop == desk.level,
    )
    assert desk.row.target is None


@then("the journal tells what the trader changed")
def journal_tells(desk: BookWorld) -> None:
    desk.click(desk.button("Journal"))
    desk.until(
        "the change",
        lambda window: [row for row in desk.events() if "trader changed its exits" in row.text],
    )


@when("the trader types a stop of AAPL above the price")
def stop_above(desk: BookWorld) -> None:
    assert desk.row.spot is not None and desk.row.target is not None
    desk.click(desk.button("Exits…"))
    wrong = desk.row.spot * (1.01 if desk.row.target > desk.row.spot else 0.99)
    type_over(desk, f"{wrong:.2f}")


@then("the dialog says that it would close the position at once, and offers no change")
def says_at_once(desk: BookWorld) -> None:
    told = "would close the position at once"
    desk.until("why not", lambda window: told in desk.editing.wrong.text())
    assert not desk.editing.confirm.isEnabled()
    desk.editing.reject()


# -- the journal


@when("the trader presses Alt+6")
def press_journal(desk: BookWorld) -> None:
    desk.press("Alt+6")
    desk.until("events", lambda window: desk.events())


@then("the journal shows that the trader approved AAPL")
def shows_approval(desk: BookWorld) -> None:
    (row,) = [row for row in desk.events() if row.kind == "approved"]
    assert (row.symbol, row.who) == (SYMBOL, "trader")
    assert row.text.startswith("trader approved in DEMO on DU1234567: buy ")


@when("the trader presses the kill switch")
def press_kill(desk: BookWorld) -> None:
    desk.press("Ctrl+Shift+K")


@then("the journal shows the kill switch by itself")
def shows_kill(desk: BookWorld) -> None:
    desk.until(
        "the kill switch",
        lambda window: [row for row in desk.events() if row.text.startswith("killed set: ")],
    )


@when(parsers.parse('filters the journal by orders and "{text}"'))
def filter_by(desk: BookWorld, text: str) -> None:
    journal = desk.window.book.journal
    journal.show_group(JournalGroup.ORDERS)
    desk.click(journal.text)
    QTest.keyClicks(journal.text, text)
    desk.until(
        "the filtered events",
        lambda window: desk.events() and all(text in row.text for row in desk.events()),
    )


@then("every event that the journal shows is of an order and says filled")
def only_fills(desk: BookWorld) -> None:
    assert {row.group for row in desk.events()} == {JournalGroup.ORDERS}
    assert all(row.text.startswith("filled: ") for row in desk.events())


@when("double-clicks the fill of AAPL")
def open_fill(desk: BookWorld) -> None:
    table = desk.window.book.journal.table
    (row,) = [row for row in desk.events() if row.kind == "fill"]
    table.select_key(str(row.seq))
    table.scrollTo(table.currentIndex())
    place = table.visualRect(table.currentIndex()).center()
    for press in (QTest.mouseClick, QTest.mouseDClick):
        press(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    desk.until("the story", lambda window: window.findChildren(StoryDialog))


@then("the story goes from the approval to the position, as vst replay tells it")
def tells_story(desk: BookWorld) -> None:
    (dialog,) = desk.window.findChildren(StoryDialog)
    shown = [line.text for line in dialog._lines]
    ref = desk.intent(SYMBOL).order_ref
    assert shown == [line.text for line in story(read_events(desk._journal), ref)]
    assert "trader approved" in shown[0]
    assert any(text.startswith("position opened") for text in shown)
    dialog.close()


@when("exports the journal")
def export(desk: BookWorld) -> None:
    desk.file = desk.layout.with_name("journal.csv")
    desk.window.book.journal.table._menu.export(str(desk.file))
    desk.until("the file", lambda window: "events are in" in window.book.banner.text)


@then("the file holds every event, each with the mode DEMO")
def holds_all(desk: BookWorld) -> None:
    with desk.file.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    stored = [str(event.seq) for event in read_events(desk._journal)]
    assert [row["Event"] for row in reversed(rows)] == stored[: len(rows)]
    assert len(rows) >= len(stored) - 1, "one may have come since"
    assert {row["Mode"] for row in rows} == {"DEMO"}


# -- bounds


@given("the window stands at 14:00 on a normal day with the candidate of AAPL shown")
def shows_candidate(desk: BookWorld) -> None:
    desk.at = days.candidate_at(SYMBOL, time(14, 0)).at
    candidate = desk.candidate(SYMBOL)
    desk.station.select(SYMBOL, candidate.candidate_id)
    desk.until("the ticket", lambda window: window.ticket.bounds.isVisible())


@when("the trader bounds it to a cent less and to 15:00")
def bound_it(desk: BookWorld) -> None:
    desk.press("Ctrl+B")
    dialog = desk.window.ticket.editing
    assert dialog is not None
    desk.level = float(dialog.debit.text()) - 0.01
    dialog.debit.setText(f"{desk.level:.2f}")
    dialog.until.setText("15:00")
    desk.click(dialog.confirm)
    desk.window.activateWindow()


@then("the ticket shows these bounds, and its button the debit")
def ticket_shows(desk: BookWorld) -> None:
    text = f"≤ {desk.level:.2f} ·"
    desk.until("the bound", lambda window: text in window.ticket.approve.text())
    ticket = desk.window.ticket.ticket
    assert ticket is not None
    told = {figure.caption: figure.value for figure in ticket.terms}
    assert told["debit at most"] == f"{desk.level:.2f}"
    assert told["until"].startswith("15:00 ")


@when("the trader approves it")
def approve_it(desk: BookWorld) -> None:
    desk.until("an open ticket", lambda window: window.ticket.approve.isEnabled())
    desk.click(desk.window.ticket.approve)
    desk.until("the order", lambda window: window.book.orders.rowCount() == 1)


@then("the waiting order of AAPL tells these bounds")
def order_tells(desk: BookWorld) -> None:
    desk.until(
        "the queued order",
        lambda window: [r for r in window.book.orders._rows if r.state is OrderState.QUEUED],
    )
    (row,) = desk.window.book.orders._rows
    assert row.bounds.startswith(f"at most {desk.level:.2f}, AAPL ")
    assert "until 15:00 " in row.bounds


@then("unsent at 15:00 it is EXPIRED")
def expired(desk: BookWorld) -> None:
    desk.run(desk.station.trading.hold())
    now = desk.station.engines.clock.now()
    desk.run(desk.time.run_to(now + timedelta(hours=1, seconds=1)))
    assert [i.state for i in desk.station.desk.intents()] == [OrderState.EXPIRED]
