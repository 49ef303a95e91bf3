"""The window with a recording station, on an event loop that Qt and asyncio share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import qasync
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.helpers.recording_station import RecordingStation
from tests.helpers.sample_view import sample_view
from vst_desktop.gui.bridge import Bridge
from vst_desktop.gui.mainwindow import MainWindow
from vst_desktop.gui.theme import Theme
from vst_desktop.station.view import StationView


class HandClock:
    """Monotonic seconds, moved by the test."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Stage:
    """A window, its station and its clock."""

    window: MainWindow
    bridge: Bridge
    station: RecordingStation
    clock: HandClock

    def settle(self) -> None:
        """Let started commands run to their end."""
        for _ in range(10):
            QApplication.processEvents()

    def show(self, **changes: object) -> None:
        """Change the view and show it at once."""
        self.station.show(**changes)
        self.bridge.publish()

    def wait_out_dead_time(self) -> None:
        """Let the 700 ms pass, as the clock and the button's timer see it."""
        self.clock.now += 0.701
        self.window.ticket.refresh_buttons()


OpenStage = Callable[[StationView], Stage]


@pytest.fixture
def open_stage(qtbot: QtBot, qapp: QApplication) -> Iterator[OpenStage]:
    """Opens a window on a given view."""
    loop = qasync.QEventLoop(qapp, already_running=False)
    asyncio.set_event_loop(loop)
    stages: list[Stage] = []

    def make(view: StationView) -> Stage:
        station, bridge, clock = RecordingStation(view), Bridge(), HandClock()
        window = MainWindow(Theme(qapp), bridge, now=clock)
        qtbot.addWidget(window, before_close_func=lambda w: w.leave())
        window.show()
        stage = Stage(window, bridge, station, clock)
        stages.append(stage)
        bridge.attach(station)
        return stage

    # Keys are pressed from outside: mark the loop as running, as it is around every Qt slot when
    # it drives the application. Its callbacks are Qt timers, so processEvents runs them.
    asyncio.events._set_running_loop(loop)
    yield make
    asyncio.events._set_running_loop(None)
    for stage in stages:
        loop.run_until_complete(stage.bridge.close())
    loop.close()
    asyncio.set_event_loop(None)


@pytest.fixture
def stage(open_stage: OpenStage) -> Stage:
    """The window of a busy afternoon."""
    return open_stage(sample_view())
