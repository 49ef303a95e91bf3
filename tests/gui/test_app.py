"""One loop for Qt and asyncio: the window opens at once, tells what fails, closes cleanly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.helpers.recording_station import RecordingStation
from tests.helpers.sample_view import sample_view
from vst_desktop.bootstrap import open_window
from vst_desktop.domain.errors import UserError
from vst_desktop.gui.app import run_window
from vst_desktop.gui.dialogs.wizard import Wizard
from vst_desktop.gui.mainwindow import MainWindow
from vst_desktop.runtime.paths import find_paths
from vst_desktop.runtime.settings import Settings
from vst_desktop.station.api import StationApi


class House:
    """Opens one recording station and remembers what happened to it."""

    def __init__(self) -> None:
        self.station = RecordingStation(sample_view())
        self.events: list[str] = []

    @asynccontextmanager
    async def open(self) -> AsyncIterator[StationApi]:
        await asyncio.sleep(0)
        self.events.append("opened")
        try:
            yield self.station
        finally:
            await asyncio.sleep(0)
            self.events.append("closed")


def test_a_script_runs_beside_the_window_and_gives_the_exit_code(qapp: QApplication) -> None:
    house = House()

    async def script(window: MainWindow, station: StationApi) -> int:
        assert station is house.station
        assert window.isVisible()
        assert window.windowTitle().startswith("DEMO")
        return 7

    assert run_window(house.open, script=script) == 7
    assert house.events == ["opened", "closed"]


def test_a_first_start_opens_the_first_steps_over_the_window(qapp: QApplication) -> None:
    house = House()

    async def script(window: MainWindow, _station: StationApi) -> int:
        async with asyncio.timeout(5):
            while not (found := window.findChildren(Wizard)):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        found[0].reject()
        return len(found)

    assert run_window(house.open, script=script, first_steps=True) == 1


@pytest.mark.parametrize(
    ("kept", "wanted", "shown"),
    [
        (None, True, True),
        (None, False, False),
        ("settings.toml", True, False),
        ("layout.json", True, False),
    ],
)
def test_the_first_steps_come_once_and_only_when_nothing_was_kept(
    vst_home: Path, monkeypatch: pytest.MonkeyPatch, kept: str | None, wanted: bool, shown: bool
) -> None:
    asked: list[bool] = []
    monkeypatch.setattr("vst_desktop.bootstrap.windows.keep_last_words", lambda *_: None)
    monkeypatch.setattr(
        "vst_desktop.gui.app.run_window", lambda _o, **how: asked.append(how["first_steps"]) or 0
    )
    folder = find_paths().make().config
    if kept is not None:
        (folder / kept).write_text("", encoding="utf-8")
    assert open_window(Settings(), first_steps=wanted) == 0
    assert asked == [shown]


def test_keys_start_commands_on_the_running_loop(qapp: QApplication) -> None:
    house = House()

    async def script(window: MainWindow, _station: StationApi) -> int:
        QTest.keySequence(window, QKeySequence("F5"))
        for _ in range(20):
            await asyncio.sleep(0)
        return 0

    assert run_window(house.open, script=script) == 0
    assert house.station.calls == [("scan",)]


def test_closing_the_window_closes_the_station(qapp: QApplication) -> None:
    house = House()
    house.station.current = replace(house.station.current, orders=())

    @asynccontextmanager
    async def open_and_leave() -> AsyncIterator[StationApi]:
        async with house.open() as station:
            asyncio.get_running_loop().call_later(0.05, close_windows)
            yield station

    assert run_window(open_and_leave) == 0
    assert house.events == ["opened", "closed"]


def test_leaving_while_the_station_opens_cancels_it(qapp: QApplication) -> None:
    events: list[str] = []

    @asynccontextmanager
    async def never() -> AsyncIterator[StationApi]:
        asyncio.get_running_loop().call_later(0.01, close_windows)
        try:
            await asyncio.Event().wait()
        finally:
            events.append("cancelled")
        yield RecordingStation(sample_view())

    assert run_window(never) == 0
    assert events == ["cancelled"]


@pytest.mark.allow_log("the station was not opened")
def test_a_station_that_cannot_open_says_why_in_the_window(qapp: QApplication) -> None:
    told: list[str] = []

    @asynccontextmanager
    async def refuse() -> AsyncIterator[StationApi]:
        asyncio.get_running_loop().call_later(0.05, look)
        raise UserError("port 7497 is in use", where="broker.port", remedy="choose another")
        yield

    def look() -> None:
        window = next(w for w in shown_windows())
        if not window.banner.text:  # not yet: a busy machine takes its time
            asyncio.get_running_loop().call_later(0.05, look)
            return
        told.append(window.banner.text)
        window.close()

    assert run_window(refuse) == 1
    assert told == ["broker.port: port 7497 is in use; choose another"]


@pytest.mark.allow_log("unexpected error|exception in|Exception in")
def test_an_error_in_a_callback_is_told_and_does_not_end_the_window(qapp: QApplication) -> None:
    house = House()

    def fail() -> None:
        raise ValueError("broken callback")

    async def script(window: MainWindow, _station: StationApi) -> int:
        asyncio.get_running_loop().call_soon(fail)
        for _ in range(20):
            await asyncio.sleep(0)
        assert "broken callback" in window.banner.text
        return 0

    assert run_window(house.open, script=script) == 0


def shown_windows() -> list[MainWindow]:
    """Windows on the screen."""
    found = QApplication.topLevelWidgets()
    return [w for w in found if isinstance(w, MainWindow) and w.isVisible()]


def close_windows() -> None:
    """Close them as the trader would."""
    for window in shown_windows():
        window.close()
