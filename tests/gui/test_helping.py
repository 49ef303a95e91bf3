"""What a trader sends on when something went wrong."""

from __future__ import annotations

import zipfile
from pathlib import Path

from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Stage


def test_diagnostics_are_packed_beside_the_window(
    stage: Stage, qtbot: QtBot, tmp_path: Path, vst_home: Path
) -> None:
    helping, file = stage.window.commands.helping, tmp_path / "d.zip"
    helping.save_diagnostics(str(file))
    first = helping.child
    helping.save_diagnostics(str(file))
    assert helping.child is first  # a second press starts no second one
    qtbot.waitUntil(lambda: helping.child is None, timeout=30_000)
    assert stage.window.banner.text == (
        f"Diagnostics are in {file}: look into them before you send them."
    )
    with zipfile.ZipFile(file) as packed:
        assert {"about.json", "settings.json"} <= set(packed.namelist())


def test_diagnostics_that_cannot_be_written_say_why(
    stage: Stage, qtbot: QtBot, tmp_path: Path, vst_home: Path
) -> None:
    helping = stage.window.commands.helping
    helping.save_diagnostics(str(tmp_path / "no" / "such" / "d.zip"))
    qtbot.waitUntil(lambda: helping.child is None, timeout=30_000)
    assert "not packed" in stage.window.banner.text
    assert "No such file" in stage.window.banner.text


def test_without_logs_their_place_is_told(stage: Stage, vst_home: Path) -> None:
    stage.window.commands.actions["logs"].trigger()
    assert stage.window.banner.text == f"The logs are in {vst_home / 'logs'}."


def test_about_names_version_and_mode(stage: Stage) -> None:
    stage.window.commands.actions["about"].trigger()
    (box,) = stage.window.findChildren(QMessageBox)
    assert box.text().startswith("Vertical Spread Trader Station ")
    assert "Mode DEMO." in box.informativeText()
    box.close()
