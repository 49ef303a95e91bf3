"""The real window on the real station, and hands that use it: a mouse and a keyboard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import qasync
from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QObject, QPoint, Qt
from PySide6.QtGui import QKeySequence, QWindow
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from tests.bdd.world import World
from vst_desktop.gui.bridge import Bridge
from vst_desktop.gui.mainwindow import MainWindow
from vst_desktop.gui.theme import Theme
from vst_desktop.gui.widgets.table import Table

LONGEST_SECS, STEP_SECS = 20.0, 0.02
_INPUT = {
    QEvent.Type.MouseButtonPress: "mouse",
    QEvent.Type.MouseButtonDblClick: "mouse",
    QEvent.Type.KeyPress: "key",
}


class Hands(QObject):
    """Counts what reaches the window's own surface from mouse and keyboard."""

    def __init__(self) -> None:
        super().__init__()
        self.used = {"mouse": 0, "key": 0}

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = _INPUT.get(event.type())
        if kind is not None and isinstance(watched, QWindow):
            self.used[kind] += 1
        return False


class WindowWorld(World):
    """A world with a window, on one loop for both."""

    def __init__(self, app: QApplication, folder: Path) -> None:
        super().__init__(folder / "journal.sqlite")
        self._app = app
        self._loop = qasync.QEventLoop(app)
        asyncio.set_event_loop(self._loop)  # ib_insync asks for it by the policy
        # Marked as running for the whole scenario: between two steps the window lives on, and
        # what Qt calls then finds its loop.
        asyncio.events._set_running_loop(self._loop)
        self.layout = folder / "layout.json"
        self.hands = Hands()
        app.installEventFilter(self.hands)
        self._window: MainWindow | None = None

    def run[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end while the window lives."""
        task, rounds = self._loop.create_task(work), QEventLoop()
        task.add_done_callback(lambda _: rounds.wakeUp())
        while not task.done():
            rounds.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
        return task.result()

    @property
    def window(self) -> MainWindow:
        """The window; opens it, and the station, when it is not open."""
        if self._window is None:
            station = self.station
            self.run(self._show(station))
        assert self._window is not None
        return self._window

    async def _show(self, station: Any) -> None:
        bridge = Bridge()
        self._window = MainWindow(Theme(self._app), bridge, layout=self.layout)
        self._window.resize(1440, 900)
        self._window.show()
        self._window.activateWindow()
        bridge.attach(station)

    def shut(self) -> None:
        """Close the window without a question; the station stays."""
        window, self._window = self._window, None
        if window is None:
            return
        window.leave()
        self.run(window.bridge.close())
        window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)

    def close(self) -> None:
        """End everything."""
        try:
            self.shut()
        finally:
            self._app.removeEventFilter(self.hands)
            super().close()
            asyncio.events._set_running_loop(None)
            self._loop.close()
            asyncio.set_event_loop(None)

    # -- what the trader sees

    def until(
        self, what: str, seen: Callable[[MainWindow], object], *, secs: float = LONGEST_SECS
    ) -> None:
        """Let the window live until it shows that."""

        async def look() -> None:
            window = self.window
            async with asyncio.timeout(secs):
                while not seen(window):  # noqa: ASYNC110 - a window tells nobody what it shows
                    await asyncio.sleep(STEP_SECS)

        window = self.window
        try:
            self.run(look())
        except TimeoutError:
            window.grab().save(str(self.layout.with_name("window.png")))
            raise AssertionError(f"the window never showed {what}") from None

    def row_of(self, table: Table[Any], symbol: str) -> int | None:
        """Where the table shows the symbol."""
        model = table.model()
        rows = (n for n in range(model.rowCount()) if table._rows.row(n).symbol == symbol)
        return next(rows, None)

    # -- mouse

    def click(self, widget: QWidget, at: QPoint | None = None, *, times: int = 1) -> None:
        """Click there where a hand would: on the screen, whatever lies on top takes it."""
        window = widget.window()
        place = widget.mapTo(window, at if at is not None else widget.rect().center())

        for _ in range(times):
            QTest.mouseClick(_surface(window), Qt.MouseButton.LeftButton, pos=place)

    def click_row(self, table: Table[Any], symbol: str, *, double: bool = False) -> None:
        """Click the symbol's row."""
        number = self.row_of(table, symbol)
        assert number is not None, f"{symbol} is not in {table.accessibleName()}"
        index = table.model().index(number, 0)
        table.scrollTo(index)
        place = table.visualRect(index).center()
        self.click(table.viewport(), place)
        if double:
            window = self.window
            at = table.viewport().mapTo(window, place)

            QTest.mouseDClick(_surface(window), Qt.MouseButton.LeftButton, pos=at)

    def button(self, name: str) -> QAbstractButton:
        """The visible button or tab of that name."""
        (found,) = (
            one
            for one in self.window.findChildren(QAbstractButton)
            if one.isVisible() and name in (one.accessibleName(), one.text())
        )
        return found

    # -- keyboard

    def press(self, keys: str) -> None:
        """Press a key, or keys together, as ``Ctrl+Return``."""
        combination = QKeySequence(keys)[0]
        surface = _surface(self.window)

        QTest.keyClick(surface, combination.key(), combination.keyboardModifiers())


def _surface(widget: QWidget) -> QWindow:
    surface = widget.windowHandle()
    assert surface is not None
    return surface
