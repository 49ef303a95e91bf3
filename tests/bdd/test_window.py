"""features/window.feature: the window as a hand uses it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox, QRadioButton, QWizard
from pytest_bdd import given, parsers, scenarios, then, when

from tests.bdd.window_world import WindowWorld
from tests.helpers import scenario_days as days
from vst_desktop.domain.orders import OrderState
from vst_desktop.gui.dialogs.wizard import Wizard
from vst_desktop.gui.widgets.table import Table
from vst_desktop.runtime.paths import find_paths
from vst_desktop.runtime.settings_file import own_values

scenarios("window.feature")

SYMBOL = "AAPL"


@pytest.fixture
def desk(qapp: QApplication, tmp_path: Path, vst_home: Path) -> Iterator[WindowWorld]:
    """The scenario's window and what stands behind it."""
    world = WindowWorld(qapp, tmp_path)
    yield world
    world.close()


# -- what is


@given(parsers.parse("the window stands at {clock} on a normal day with a candidate for AAPL"))
def stands(desk: WindowWorld, clock: str) -> None:
    desk.at = days.candidate_at(SYMBOL, time.fromisoformat(clock)).at
    desk.until("the account", lambda window: window.view and window.view.strip.account)


@given("the layout file holds junk")
def junk(desk: WindowWorld) -> None:
    desk.layout.write_bytes(b"\x00 no layout \xff")


# -- what the trader does


@when("the trader clicks Scan")
def click_scan(desk: WindowWorld) -> None:
    desk.click(desk.button("Scan"))
    desk.until("signals", lambda window: desk.row_of(window.scanner.table, SYMBOL) is not None)


@when("double-clicks the signal of AAPL")
def open_signal(desk: WindowWorld) -> None:
    desk.click_row(desk.window.scanner.table, SYMBOL, double=True)
    wait_for_candidate(desk)


def wait_for_candidate(desk: WindowWorld) -> None:
    desk.until(
        "a candidate", lambda window: desk.row_of(window.candidates.table, SYMBOL) is not None
    )


@when("clicks the candidate of AAPL")
def click_candidate(desk: WindowWorld) -> None:
    desk.click_row(desk.window.candidates.table, SYMBOL)


def wait_for_approve(desk: WindowWorld) -> None:
    desk.until("an open ticket", lambda window: window.ticket.approve.isEnabled())


@when("clicks Approve")
def click_approve(desk: WindowWorld) -> None:
    wait_for_approve(desk)
    desk.click(desk.window.ticket.approve)


@when("clicks Approve twice")
def click_twice(desk: WindowWorld) -> None:
    wait_for_approve(desk)
    desk.click(desk.window.ticket.approve, times=2)


@when("the trader clicks the tab Positions")
def click_positions(desk: WindowWorld) -> None:
    desk.click(desk.button("Positions"))


@when(parsers.parse("the trader presses {key} to scan"))
def press_scan(desk: WindowWorld, key: str) -> None:
    desk.press(key)
    desk.until("signals", lambda window: desk.row_of(window.scanner.table, SYMBOL) is not None)


@when(parsers.parse("goes to the {table} with {key} and to AAPL with the arrow keys"))
def arrows(desk: WindowWorld, table: str, key: str) -> None:
    if table == "candidates":
        wait_for_candidate(desk)
    desk.press(key)
    pane = {"signals": desk.window.scanner, "candidates": desk.window.candidates}[table]
    shown: Table[object] = pane.table
    desk.until("the focus", lambda window: shown.hasFocus())
    goal = desk.row_of(shown, SYMBOL)
    assert goal is not None
    desk.press("Home")
    for _ in range(shown.model().rowCount()):
        if shown.currentIndex().row() == goal:
            return
        desk.press("Up" if shown.currentIndex().row() > goal else "Down")
    raise AssertionError(f"the arrow keys did not reach row {goal}")


@when(parsers.parse("presses {key} to load its chain"))
def press_load(desk: WindowWorld, key: str) -> None:
    desk.press(key)


@when("presses Ctrl+Enter to approve")
def press_approve(desk: WindowWorld) -> None:
    wait_for_approve(desk)
    desk.press("Ctrl+Return")


@when("the trader presses Alt+3")
def press_positions(desk: WindowWorld) -> None:
    desk.press("Alt+3")


@when("closes the window")
def close_window(desk: WindowWorld) -> None:
    desk.until("the approval", lambda window: window.view and window.view.orders)
    desk.window.close()


@when("the trader chooses the workspace Monitor")
def choose_monitor(desk: WindowWorld) -> None:
    desk.press("Ctrl+Alt+3")
    desk.until("Monitor", lambda window: window.frame.workspace == "Monitor")


@when("the window is opened again")
def open_again(desk: WindowWorld) -> None:
    desk.shut()
    assert desk.window.isVisible()


# -- what comes of it


@then("the order of AAPL is filled")
def filled(desk: WindowWorld) -> None:
    desk.until(
        "a filled order",
        lambda window: window.view and [o.state for o in window.view.orders] == [OrderState.FILLED],
    )


@then("the table of positions shows AAPL")
def position_shown(desk: WindowWorld) -> None:
    table = next(t for t in desk.window.book.findChildren(Table) if t.isVisible())
    assert table.accessibleName() == "Positions"
    desk.until("the position", lambda window: desk.row_of(table, SYMBOL) is not None)


@then("no key was pressed")
def no_key(desk: WindowWorld) -> None:
    assert desk.hands.used["mouse"] and not desk.hands.used["key"]


@then("no mouse button was pressed")
def no_mouse(desk: WindowWorld) -> None:
    assert desk.hands.used["key"] and not desk.hands.used["mouse"]


@then("one order was sent")
def one_order(desk: WindowWorld) -> None:
    assert desk.orders_at_the_broker()[0] == SYMBOL
    assert [i.spread.symbol for i in desk.station.desk.intents()] == [SYMBOL]


@then("title, strip and every table's export say DEMO")
def mode_everywhere(desk: WindowWorld) -> None:
    window = desk.window
    assert window.windowTitle().startswith("DEMO")
    assert window.strip.badge.isVisible()
    assert window.strip.badge.accessibleDescription().startswith("DEMO")
    tables = window.findChildren(Table)
    assert len(tables) >= 8
    for table in tables:
        head, *rows = table.csv().splitlines()
        assert head.startswith("Mode,"), table.accessibleName()
        assert all(row.startswith("DEMO,") for row in rows), table.accessibleName()
    assert "DEMO" in window.scanner.table.csv()


@then("a question names the approval of AAPL that waits, and the window stands")
def asked(desk: WindowWorld) -> None:
    (box,) = desk.window.findChildren(QMessageBox)
    assert "1 approval waiting: AAPL" in box.informativeText()
    assert desk.window.isVisible()
    desk.click(next(b for b in box.buttons() if b.text() == "Stay"))
    assert desk.window.isVisible()


@then(parsers.parse("the workspace is {name}"))
def workspace(desk: WindowWorld, name: str) -> None:
    assert desk.window.frame.workspace == name


@then("the junk was put aside")
def put_aside(desk: WindowWorld) -> None:
    desk.shut()
    assert json.loads(desk.layout.read_text())["workspace"] == "Trade"
    kept = [p for p in desk.layout.parent.iterdir() if p.name.startswith("layout.json.")]
    assert [p.read_bytes() for p in kept] == [b"\x00 no layout \xff"]


# -- first steps


def steps_of(desk: WindowWorld) -> Wizard:
    (wizard,) = desk.window.findChildren(Wizard)
    return wizard


@when("the trader opens the first steps with Ctrl+Shift+W")
def open_steps(desk: WindowWorld) -> None:
    desk.press("Ctrl+Shift+W")
    desk.until("the first steps", lambda window: window.findChildren(Wizard))


@when("chooses PAPER there and goes on to their end")
def choose_paper(desk: WindowWorld) -> None:
    wizard = steps_of(desk)
    desk.click(next(b for b in wizard.findChildren(QRadioButton) if b.accessibleName() == "PAPER"))
    while wizard.nextId() != -1:
        desk.click(wizard.button(QWizard.WizardButton.NextButton))


@when("the trader clicks Finish")
def finish(desk: WindowWorld) -> None:
    desk.click(steps_of(desk).button(QWizard.WizardButton.FinishButton))
    desk.until("no first steps", lambda window: not window.findChildren(Wizard))


@when("presses Escape")
def escape(desk: WindowWorld) -> None:
    QTest.keyClick(steps_of(desk), Qt.Key.Key_Escape)


@then("no settings were written")
def nothing_written(desk: WindowWorld) -> None:
    assert not find_paths().settings_file.exists()


@then("the settings file sets execution.trading_mode to PAPER")
def paper_is_set(desk: WindowWorld) -> None:
    assert own_values(find_paths().settings_file) == {"execution.trading_mode": "PAPER"}


@then("the journal tells the change as the trader's")
def change_told(desk: WindowWorld) -> None:
    events = desk.run(desk.station.engines.journal.events())
    (told,) = [event["data"] for event in events if "changes" in event["data"]]
    assert told["by"] == "trader"
    assert told["changes"]["execution.trading_mode"]["after"] == "PAPER"


@then("the window stands without the first steps")
def no_steps(desk: WindowWorld) -> None:
    desk.until("no first steps", lambda window: not window.findChildren(Wizard))
    assert desk.window.isVisible()
