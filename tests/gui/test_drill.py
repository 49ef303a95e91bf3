"""The fault drill: in a demo only, by mouse and by key, and it says what is on."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.gui.conftest import OpenStage, Stage
from tests.helpers.sample_view import sample_view, strip
from vst_desktop.domain.orders import Mode
from vst_desktop.gui.drill import DrillMenu


def menu_of(stage: Stage) -> DrillMenu:
    found = QApplication.activePopupWidget()
    assert isinstance(found, DrillMenu)
    return found


def entries(menu: DrillMenu) -> dict[str, list[str]]:
    return {
        action.text(): [one.text() for one in action.menu().actions()]  # type: ignore[union-attr]
        for action in menu.actions()
        if action.menu() is not None
    }


def test_faults_stand_by_kind_with_what_goes_wrong(stage: Stage, qtbot: QtBot) -> None:
    qtbot.mouseClick(stage.window.strip.drill, Qt.MouseButton.LeftButton)
    menu = menu_of(stage)
    assert entries(menu) == {
        "Limits and history": ["md_lines: few market data lines"],
        "Connection": ["drop_upstream: TWS loses its servers"],
    }
    menu.actions()[1].menu().actions()[0].trigger()  # type: ignore[union-attr]
    menu.close()
    stage.settle()
    assert stage.station.named("toggle_fault") == [("drop_upstream",)]


def test_what_is_on_is_said_and_ends_by_one_click(stage: Stage, qtbot: QtBot) -> None:
    stage.show(strip=replace(strip(), faults_on=("drop_upstream",)))
    assert stage.window.strip.drill.text() == "Fault drill: 1 on"
    keys = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(stage.window, Qt.Key.Key_D, keys)
    menu = menu_of(stage)
    first, end = menu.actions()[:2]
    assert first.isChecked() and first.text().startswith("drop_upstream")
    end.trigger()
    menu.close()
    stage.settle()
    assert stage.station.named("clear_faults") == [()]


def test_only_a_demo_can_be_drilled(open_stage: OpenStage, qtbot: QtBot) -> None:
    stage = open_stage(sample_view(Mode.LIVE))
    stage.station.drill = None
    assert not stage.window.strip.drill.isVisible()
    stage.window.commands.actions["fault_drill"].trigger()
    assert QApplication.activePopupWidget() is None
    assert "demo" in stage.window.banner.text
