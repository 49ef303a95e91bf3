"""The window of a run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from vst_desktop.bootstrap.stations import DemoOptions, broker_station, demo_station
from vst_desktop.domain.orders import Mode
from vst_desktop.runtime.settings import Settings
from vst_desktop.station.api import StationApi


def open_window(
    settings: Settings, demo: DemoOptions | None = None, *, screenshot: str | None = None
) -> int:
    """Open the window on the settings' mode and run until it is closed.

    A demo scans by itself once it stands, so that there is something to look at.
    """
    from vst_desktop.gui.app import run_window

    mode = settings.execution.trading_mode

    @asynccontextmanager
    async def opened() -> AsyncIterator[StationApi]:
        if mode is not Mode.DEMO:
            async with broker_station(settings) as station:
                station.requotes.start()
                yield station
            return
        async with demo_station(settings, demo or DemoOptions()) as (station, _):
            station.scan_soon()
            station.requotes.start()
            yield station

    return run_window(opened, picture=screenshot)
