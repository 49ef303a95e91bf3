"""Runs the window: one Qt application, one loop for Qt and asyncio, one way out."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any

import qasync
from PySide6.QtCore import (
    QCoreApplication,
    QEvent,
    QMessageLogContext,
    QTimer,
    QtMsgType,
    qInstallMessageHandler,
)
from PySide6.QtWidgets import QApplication, QSystemTrayIcon

from vst_desktop.domain.errors import UserError
from vst_desktop.gui.bridge import Bridge
from vst_desktop.gui.frame.single import SingleInstance
from vst_desktop.gui.mainwindow import MainWindow
from vst_desktop.gui.shot import save_now
from vst_desktop.gui.theme import Theme
from vst_desktop.gui.tokens import theme_named
from vst_desktop.gui.tray import Tray
from vst_desktop.runtime.heap import loading
from vst_desktop.runtime.watchdog import Watchdog
from vst_desktop.station.api import StationApi

log = logging.getLogger(__name__)

OpenStation = Callable[[], AbstractAsyncContextManager[StationApi]]
CHART = "vst_desktop.gui.panes.price_chart"
Script = Callable[[MainWindow, StationApi], Awaitable[int]]


def run_window(
    open_station: OpenStation,
    *,
    theme: str = "dark",
    script: Script | None = None,
    picture: str | None = None,
    layout: Path | None = None,
    instance: str | None = None,
    first_steps: bool = False,
) -> int:
    """Show the window and run the station in it until the trader leaves.

    The window is there at once; the station is opened inside the loop and closed after the
    window. A ``UserError`` while it opens stands in the window until it is closed.

    Args:
        open_station: Makes the context that starts and stops the station. It is called inside
            the running loop, so whatever binds itself to a loop must be imported there.
        theme: ``dark``, ``light`` or ``colour-blind``.
        script: Runs beside the trader once the station stands (a demonstration, screenshots);
            the window closes with its result.
        picture: Where to save the window as it looks when it is left.
        layout: Where the layout is kept; None: the one that comes, and nothing is kept.
        instance: What may be open once; a second start shows the first one's window.
        first_steps: Open the wizard over the window.

    Returns:
        The exit code: 0, 1 when the station could not be opened, or the script's.
    """
    running = QApplication.instance()
    app = running if isinstance(running, QApplication) else QApplication(sys.argv[:1])
    app.setApplicationName("vst-desktop")
    app.setApplicationDisplayName("")
    app.setQuitOnLastWindowClosed(False)
    single = SingleInstance(instance) if instance is not None else None
    if single is not None and not single.take():
        print("the station is open already: its window was brought to the front")
        return 0
    loop = qasync.QEventLoop(app)
    asyncio.set_event_loop(loop)
    with loop:
        try:
            return int(
                loop.run_until_complete(
                    _run(app, open_station, theme, script, picture, layout, single, first_steps)
                )
            )
        finally:
            # Python's exit would take the plots apart in an order that Qt does not bear.
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


async def _run(
    app: QApplication,
    open_station: OpenStation,
    theme: str,
    script: Script | None,
    picture: str | None,
    layout: Path | None,
    single: SingleInstance | None,
    first_steps: bool,
) -> int:
    bridge = Bridge()
    with loading():
        window = MainWindow(Theme(app, theme_named(theme)), bridge, layout=layout)
    closed = asyncio.Event()
    window.closed.connect(closed.set)
    if QSystemTrayIcon.isSystemTrayAvailable():
        Tray(window)
    if single is not None:
        single.raised.connect(window.bring_to_front)
    restore = _report_bugs_to(bridge, closed)
    watchdog = Watchdog(window.alerts.stillness.tell)
    watchdog.start()
    window.frame.fit_screen()
    window.show()
    if first_steps:
        QTimer.singleShot(0, window.commands.actions["wizard"].trigger)
    try:
        return await _live(window, bridge, open_station, script, closed)
    finally:
        if picture is not None:
            save_now(window, picture)
        watchdog.stop()
        await bridge.close()
        window.leave()
        window.deleteLater()
        restore()


async def _live(
    window: MainWindow,
    bridge: Bridge,
    open_station: OpenStation,
    script: Script | None,
    closed: asyncio.Event,
) -> int:
    leaving = asyncio.create_task(closed.wait(), name="window:closed")
    work = asyncio.create_task(
        _with_station(window, bridge, open_station, script, closed), name="window:station"
    )
    try:
        await asyncio.wait((leaving, work), return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            # Left by the trader. A resting station closes by itself, inside its own task.
            resting = script is None and bridge.station is not None
            bridge.detach()
            if not resting:
                work.cancel()
        try:
            return await work
        except asyncio.CancelledError:
            return 0
        except UserError as error:
            log.warning("the station was not opened: %s", error)
            window.show_failure("window", str(error))
            for pane in (window.scanner.table, window.candidates.table):
                pane.set_note("The station could not be started: the reason stands above.")
            await closed.wait()
            return error.exit_code
    finally:
        leaving.cancel()


async def _with_station(
    window: MainWindow,
    bridge: Bridge,
    open_station: OpenStation,
    script: Script | None,
    closed: asyncio.Event,
) -> int:
    # The window stands: what its chart needs is loaded while the station opens.
    drawing = asyncio.create_task(asyncio.to_thread(import_module, CHART), name="window:chart")
    try:
        async with open_station() as station:
            await drawing
            bridge.attach(station)
            result = 0
            if script is None:
                await closed.wait()
            else:
                result = await script(window, station)
            bridge.detach()
            return result
    finally:
        await asyncio.wait((drawing,))


def _qt_told(kind: QtMsgType, _context: QMessageLogContext, text: str) -> None:
    """What Qt has to say goes to the log, not past it."""
    loud = kind in (QtMsgType.QtCriticalMsg, QtMsgType.QtFatalMsg)
    log.log(logging.ERROR if loud else logging.INFO, "Qt: %s", text)


def _report_bugs_to(bridge: Bridge, closed: asyncio.Event) -> Callable[[], None]:
    """Unexpected errors of slots, tasks and callbacks go to the log and the window's banner."""
    loop = asyncio.get_running_loop()
    hook = sys.excepthook

    def on_slot_error(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            closed.set()
            return
        log.error("unexpected error in the window", exc_info=(kind, error, trace))
        bridge.report_bug("the window", error)

    def on_loop_error(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        log.error("%s", context.get("message"), exc_info=error)
        if isinstance(error, BaseException):
            bridge.report_bug(str(context.get("message", "the loop")), error)

    def on_interrupt(_number: int, _frame: Any) -> None:
        loop.call_soon_threadsafe(closed.set)

    sys.excepthook = on_slot_error
    qInstallMessageHandler(_qt_told)
    loop.set_exception_handler(on_loop_error)
    before = signal.signal(signal.SIGINT, on_interrupt)

    def restore() -> None:
        sys.excepthook = hook
        qInstallMessageHandler(None)
        loop.set_exception_handler(None)
        signal.signal(signal.SIGINT, before)

    return restore
