"""How fluent the window is: the gaps between its frames, under a load that is given."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any

import qasync
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget

from vst_desktop.gui.bridge import Bridge
from vst_desktop.gui.mainwindow import MainWindow
from vst_desktop.gui.theme import Theme
from vst_desktop.gui.tokens import DARK
from vst_desktop.station.api import StationApi

FRAME_MS = 8
"""A frame of the fastest common screens: what holds the loop up is measured to within it."""
SIZE = (1600, 1000)


class Pulse(QObject):
    """Frames of the window, and how often one of its widgets is painted.

    A frame is a turn of the window's loop in which it could paint, asked for every 8 ms:
    whatever holds the loop up stands in ``gaps_ms``.
    """

    def __init__(self, watched: QWidget) -> None:
        super().__init__()
        self.gaps_ms: list[float] = []
        self.paints = 0
        self._last = time.perf_counter()
        watched.installEventFilter(self)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        """Count from now on."""
        self.gaps_ms.clear()
        self.paints, self._last = 0, time.perf_counter()
        self._timer.start()

    def stop(self) -> None:
        """Count no more."""
        self._timer.stop()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Count paints; every event goes on its way."""
        self.paints += event.type() is QEvent.Type.Paint
        return False

    def _beat(self) -> None:
        now = time.perf_counter()
        self.gaps_ms.append(1000 * (now - self._last))
        self._last = now


async def under_load[T](
    load: Callable[[], AbstractAsyncContextManager[StationApi]],
    sessions: int,
    measure: Callable[[Pulse], Awaitable[T]],
) -> T:
    """Show the window on the load's station, its chart that many sessions wide, and measure."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    async with load() as station:
        bridge = Bridge()
        window = MainWindow(Theme(app, DARK), bridge)
        window.resize(*SIZE)
        window.show()
        bridge.attach(station)
        window.chart.show_range(sessions)
        try:
            return await measure(Pulse(window.candidates.table.viewport()))
        finally:
            await bridge.close()
            window.leave()
            window.deleteLater()


def run_in_loop[T](make: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run to the end on the loop that Qt and asyncio share."""
    app = QApplication(sys.argv[:1])
    app.setQuitOnLastWindowClosed(False)
    loop = qasync.QEventLoop(app)
    asyncio.set_event_loop(loop)
    with loop:
        try:
            done: T = loop.run_until_complete(make())
            return done
        finally:
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def when_painted(heard: Callable[[], object]) -> None:
    """Call it at each paint of a window; for the measurement of a start."""
    paint = MainWindow.paintEvent

    def painted(window: MainWindow, event: QPaintEvent) -> None:
        heard()
        paint(window, event)

    MainWindow.paintEvent = painted  # type: ignore[method-assign,assignment]
