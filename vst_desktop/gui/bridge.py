"""Between the station and Qt: snapshots come in as signals, commands go out as named tasks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from time import monotonic
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from vst_desktop.domain.alerts import Alert
from vst_desktop.domain.errors import UserError
from vst_desktop.runtime.tasks import TaskOwner
from vst_desktop.station.api import StationApi

log = logging.getLogger(__name__)

FRAME_MS = 33
REST = 3.0
"""The loop is left alone this many times as long as making and showing a snapshot took."""
LONGEST_FRAME_MS = 500
TICK_MS = 1000
LONGEST_TOLD = 200


class Bridge(QObject):
    """The window's end of the station.

    ``view_changed`` carries the newest snapshot, at most 30 times a second and at least once a
    second (for the countdown), less often while snapshots are dear. ``failed`` carries the pane
    and the sentence to show in it;
    ``cleared`` the pane whose next command began, so that its old banner goes.
    """

    view_changed = Signal(object)
    alert_raised = Signal(object)
    failed = Signal(str, str)
    cleared = Signal(str)
    crashed = Signal(str, object)
    """What failed, and the unexpected error."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._station: StationApi | None = None
        self._tasks = TaskOwner("window", self._task_failed)
        self._frame = QTimer(self)
        self._frame.setSingleShot(True)
        self._frame.setInterval(FRAME_MS)
        self._frame.timeout.connect(self.publish)
        self._tick = QTimer(self)
        self._tick.setInterval(TICK_MS)
        self._tick.timeout.connect(self.publish)

    def attach(self, station: StationApi) -> None:
        """Follow this station from now on."""
        self._station = station
        station.on_change(self._changed)
        station.on_alert(self._alert)
        self._tick.start()
        self.publish()

    def detach(self) -> None:
        """Show nothing more of the station and send it nothing."""
        self._station = None
        self._frame.stop()
        self._tick.stop()

    async def close(self) -> None:
        """Detach, then cancel and join the window's tasks."""
        self.detach()
        await self._tasks.close()

    @property
    def station(self) -> StationApi | None:
        """The station, None before it stands and after it was left."""
        return self._station

    def publish(self) -> None:
        """Emit the snapshot of now."""
        if self._station is None:
            return
        began = monotonic()
        self.view_changed.emit(self._station.view())
        rest_ms = 1000 * REST * (monotonic() - began)
        self._frame.setInterval(round(min(max(FRAME_MS, rest_ms), LONGEST_FRAME_MS)))

    def do(
        self,
        pane: str,
        name: str,
        command: Callable[[StationApi], Coroutine[Any, Any, Any]],
        on_refused: Callable[[], None] | None = None,
        *,
        quiet: bool = False,
    ) -> None:
        """Start a command of the station as a named task; what goes wrong shows in the pane.
        ``quiet``: the trader did not ask for it, what the pane says stays."""
        station = self._station
        if station is None:
            self.failed.emit(pane, "The station is not running yet.")
            if on_refused is not None:
                on_refused()
            return
        if not quiet:
            self.cleared.emit(pane)
        self._tasks.spawn(self._guarded(pane, command(station), on_refused), name)

    def work(self, pane: str, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Start work of the window's own, station or not; what goes wrong shows in the pane."""
        self._tasks.spawn(self._guarded(pane, work, None), name)

    async def _guarded(
        self,
        pane: str,
        work: Coroutine[Any, Any, Any],
        on_refused: Callable[[], None] | None,
    ) -> None:
        try:
            await work
        except UserError as error:
            self.failed.emit(pane, str(error))
            if on_refused is not None:
                on_refused()
        except asyncio.CancelledError:
            raise
        except Exception:
            if on_refused is not None:
                on_refused()
            raise

    def report_bug(self, what: str, error: BaseException) -> None:
        """Show an unexpected error over the whole window, and its report once."""
        told = repr(error)
        if len(told) > LONGEST_TOLD:  # a group names each of its errors
            told = f"{told[:LONGEST_TOLD]}…"
        self.failed.emit("window", f"Unexpected error in {what}: {told}. Details are in the log.")
        self.crashed.emit(what, error)

    def _task_failed(self, name: str, error: BaseException) -> None:
        self.report_bug(name.removeprefix("window:"), error)

    def _changed(self) -> None:
        if self._station is not None and not self._frame.isActive():
            self._frame.start()

    def _alert(self, alert: Alert) -> None:
        if self._station is not None:
            self.alert_raised.emit(alert)
