"""The frame: workspaces, docks, and a layout that survives restarts and junk."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import qasync
from PySide6.QtCore import QCoreApplication, QEvent, QRect
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QDockWidget, QWidget
from pytestqt.qtbot import QtBot

from tests.helpers.sample_view import sample_view
from vst_desktop.gui.bridge import Bridge
from vst_desktop.gui.frame import layout
from vst_desktop.gui.frame.menu import LayoutMenu
from vst_desktop.gui.frame.workspaces import WORKSPACES
from vst_desktop.gui.mainwindow import MainWindow
from vst_desktop.gui.shot import save_scaled
from vst_desktop.gui.theme import Theme

OpenWindow = Callable[[], MainWindow]
EVERY = {"scanner", "alerts", "candidates", "chart", "book", "ticket"}


@pytest.fixture
def open_window(qapp: QApplication, tmp_path: Path) -> Iterator[OpenWindow]:
    """Opens the window again and again on one layout file."""
    loop = qasync.QEventLoop(qapp, already_running=False)
    asyncio.set_event_loop(loop)
    windows: list[MainWindow] = []  # taken apart by Qt alone, not piece by piece by Python

    def make() -> MainWindow:
        window = MainWindow(Theme(qapp), Bridge(), layout=tmp_path / "layout.json")
        window.show()
        windows.append(window)
        window.show_view(sample_view())
        qapp.processEvents()
        return window

    yield make
    for window in windows:
        window.leave()
        window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    asyncio.set_event_loop(None)
    loop.close()


def shown(window: MainWindow) -> set[str]:
    return {name for name, dock in window.frame.docks.items() if not dock.isHidden()}


def place(window: MainWindow, name: str) -> QRect:
    QApplication.processEvents()
    return window.frame.docks[name].geometry()


def test_each_workspace_shows_its_panes_where_they_belong(open_window: OpenWindow) -> None:
    window = open_window()
    assert shown(window) == EVERY
    assert place(window, "scanner").right() < place(window, "candidates").left()
    assert place(window, "candidates").bottom() < place(window, "chart").top()
    assert place(window, "chart").bottom() < place(window, "book").top()
    assert place(window, "chart").right() < place(window, "ticket").left()
    window.commands.actions["workspace_research"].trigger()
    assert shown(window) == EVERY - {"alerts", "book"}
    assert place(window, "chart").height() > 2 * place(window, "candidates").height()
    window.commands.actions["workspace_monitor"].trigger()
    assert shown(window) == {"book", "chart", "alerts", "candidates"}
    assert window.strip.workspace.accessibleName() == "Workspace Monitor"


@pytest.mark.parametrize("workspace", ["Trade", "Research", "Monitor", "Lab"])
def test_in_the_smallest_common_screen_no_pane_lies_over_another(
    open_window: OpenWindow, workspace: str
) -> None:
    window = open_window()
    window.resize(1280, 720)
    window.frame.show_workspace(workspace)
    places = [place(window, name) for name in shown(window)]
    for number, one in enumerate(places):
        assert window.desk.rect().contains(one)
        assert not any(one.intersects(other) for other in places[number + 1 :])


def test_a_workspace_that_is_visited_again_shows_its_panes_and_no_other(
    open_window: OpenWindow,
) -> None:
    window = open_window()
    wanted = {
        name: {key for _, stack in columns for key, _ in stack}
        for name, columns in WORKSPACES.items()
    }
    for name in ("Monitor", "Trade", "Lab", "Monitor", "Research", "Lab", "Trade", "Research"):
        window.frame.show_workspace(name)
        assert shown(window) == wanted[name], name


def test_panes_stay_until_the_layout_is_unlocked(open_window: OpenWindow) -> None:
    window = open_window()
    dock = window.frame.docks["book"]
    movable = QDockWidget.DockWidgetFeature.DockWidgetMovable
    assert not dock.features() & movable
    window.commands.actions["lock_layout"].trigger()
    assert dock.features() & movable
    assert dock.titleBarWidget().height() > 0
    window.commands.actions["lock_layout"].trigger()
    assert not dock.features() & movable


def test_every_workspace_and_the_lock_come_back_after_a_restart(open_window: OpenWindow) -> None:
    first = open_window()
    first.commands.actions["lock_layout"].trigger()
    first.frame.docks["alerts"].hide()
    first.frame.show_workspace("Research")
    first.frame.docks["ticket"].hide()
    first.candidates.table.choose_columns({"Delta": False})
    first.leave()
    second = open_window()
    assert (second.frame.workspace, second.frame.locked) == ("Research", False)
    assert shown(second) == EVERY - {"alerts", "book", "ticket"}
    assert second.candidates.table.choice == {"Delta": False}
    second.frame.show_workspace("Trade")
    assert shown(second) == EVERY - {"alerts"}
    second.frame.reset()
    assert shown(second) == EVERY
    assert second.frame.locked
    assert second.candidates.table.choice == {}


def test_a_change_is_kept_soon_without_closing(
    open_window: OpenWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    window = open_window()
    window.frame.save()
    (tmp_path / "layout.json").unlink()
    window.frame._save.setInterval(1)
    window.frame.docks["alerts"].hide()
    qtbot.waitUntil(lambda: (tmp_path / "layout.json").exists())


GOOD = {
    "version": layout.VERSION,
    "workspace": "Monitor",
    "locked": True,
    "geometry": None,
    "states": {},
    "columns": {},
}


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"\x00\xff\xfe",
        b"[]",
        b"{",
        b"[" * 100_000,
        b"x" * 1_000_001,
        json.dumps({**GOOD, "version": 99}).encode(),
        json.dumps({**GOOD, "locked": "yes"}).encode(),
        json.dumps({**GOOD, "workspace": 3}).encode(),
        json.dumps({**GOOD, "states": []}).encode(),
        json.dumps({**GOOD, "states": {"Monitor": "no base64!"}}).encode(),
        json.dumps({**GOOD, "states": {"Monitor": 1}}).encode(),
        json.dumps({**GOOD, "columns": {"candidates.0": [1]}}).encode(),
    ],
)
def test_junk_is_kept_aside_and_the_default_layout_stands(tmp_path: Path, junk: bytes) -> None:
    path = tmp_path / "layout.json"
    path.write_bytes(junk)
    assert layout.read(path) == layout.Layout()
    assert not path.exists()
    assert (tmp_path / "layout.json.bad").read_bytes() == junk


@pytest.mark.parametrize("state", [b"", b"junk", b"\x00" * 400])
def test_a_state_that_qt_does_not_know_gives_the_workspace_as_it_comes(
    open_window: OpenWindow, tmp_path: Path, state: bytes
) -> None:
    kept = layout.Layout(workspace="Monitor", states={"Monitor": state}, geometry=b"junk")
    layout.write(tmp_path / "layout.json", kept)
    window = open_window()
    assert shown(window) == {"book", "chart", "alerts", "candidates"}


def test_a_workspace_of_another_version_is_none(open_window: OpenWindow, tmp_path: Path) -> None:
    layout.write(tmp_path / "layout.json", layout.Layout(workspace="Casino"))
    assert open_window().frame.workspace == "Trade"


def test_a_layout_that_cannot_be_kept_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "layout.json").mkdir()
    layout.write(tmp_path / "layout.json", layout.Layout())
    assert layout.read(tmp_path / "layout.json") == layout.Layout()


def test_a_window_on_a_screen_that_has_gone_is_moved_back(open_window: OpenWindow) -> None:
    window = open_window()
    window.move(-20_000, 9_000)
    window.frame.bring_back()
    screen = QGuiApplication.primaryScreen().availableGeometry()
    assert screen.intersects(window.frameGeometry())


def test_a_window_is_no_larger_than_its_screen(open_window: OpenWindow) -> None:
    window = open_window()
    window.setMinimumSize(400, 300)
    window.move(50, 60)
    screen = QGuiApplication.primaryScreen().availableGeometry()
    window.resize(screen.size() * 2)
    window.frame.fit_screen()
    assert screen.contains(window.pos()) and window.width() <= screen.width()
    assert window.height() < screen.height()  # the title bar needs room too
    small = QRect(20, 30, 500, 400)
    window.setGeometry(small)
    window.frame.fit_screen()
    assert window.geometry() == small


def test_a_key_brings_up_the_pane_that_is_hidden(open_window: OpenWindow) -> None:
    window = open_window()
    window.frame.show_workspace("Monitor")
    window.commands.actions["go_scanner"].trigger()
    assert "scanner" in shown(window)


def test_the_menu_marks_the_workspace_and_the_panes_that_are_shown(
    open_window: OpenWindow,
) -> None:
    window = open_window()
    window.frame.lock(False)
    window.frame.docks["alerts"].hide()
    menu = LayoutMenu(window, window.frame, window.commands.actions)
    entries = {entry.text(): entry for entry in menu.actions() if entry.text()}
    assert entries["Workspace Trade"].isChecked()
    assert not entries["Workspace Monitor"].isChecked()
    assert not entries["Alerts"].isChecked()
    entries["Alerts"].trigger()
    assert "alerts" in shown(window)
    entries["Workspace Monitor"].trigger()
    assert window.frame.workspace == "Monitor"
    menu.close()


@pytest.mark.parametrize("width", [1280, 1366, 1440, 1600, 1920])
def test_nothing_in_the_strip_is_cut_the_first_time_it_is_seen(
    open_window: OpenWindow, tmp_path: Path, width: int
) -> None:
    view = sample_view()
    note = "built-in market, invented prices"
    window = open_window()
    unseen = MainWindow(window.theme, Bridge())
    unseen.show_view(replace(view, strip=replace(view.strip, market_note=note)))
    save_scaled(unseen, tmp_path / "seen.png", (width, 900), 1)
    children = [c for c in unseen.strip.findChildren(QWidget) if c.parent() is unseen.strip]
    cut = [c for c in children if c.isVisible() and c.width() < c.sizeHint().width()]
    unseen.leave()
    unseen.deleteLater()
    assert cut == []
