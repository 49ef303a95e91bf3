"""The window of a run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from vst_desktop.domain.orders import Mode
from vst_desktop.runtime.paths import find_paths
from vst_desktop.runtime.settings import Settings

if TYPE_CHECKING:
    from vst_desktop.bootstrap.stations import DemoOptions
    from vst_desktop.gui.app import Script
    from vst_desktop.station.api import StationApi

LAYOUT_FILE = "layout.json"


def open_window(
    settings: Settings,
    demo: DemoOptions | None = None,
    *,
    screenshot: str | None = None,
    script: Script | None = None,
) -> int:
    """Open the window on the settings' mode and run until it is closed.

    A demo scans by itself once it stands, so that there is something to look at.

    Args:
        settings: Settings of the run.
        demo: What the simulator of a demo plays.
        screenshot: Where to save the window as it looks when it is left.
        script: Runs beside the trader; the window closes with its result.
    """
    from vst_desktop.gui.app import run_window

    mode = settings.execution.trading_mode

    @asynccontextmanager
    async def opened() -> AsyncIterator[StationApi]:
        # the window stands and answers while the adapters are loaded
        await asyncio.to_thread(import_module, "vst_desktop.bootstrap.stations")
        from vst_desktop.bootstrap.stations import DemoOptions, broker_station, demo_station

        if mode is not Mode.DEMO:
            async with broker_station(settings) as station:
                station.requotes.start()
                yield station
            return
        async with demo_station(settings, demo or DemoOptions()) as (station, _):
            station.scan_soon()
            station.requotes.start()
            yield station

    # pictures and demonstrations show the window as it comes, and leave the trader's layout alone
    kept = find_paths().config / LAYOUT_FILE if script is None and screenshot is None else None
    return run_window(opened, picture=screenshot, script=script, layout=kept)
