"""The window of a run."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from vst_desktop.domain.orders import Mode
from vst_desktop.runtime.heap import loading
from vst_desktop.runtime.last_words import keep_last_words
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
    fresh_layout: bool = False,
    keeps_layout: bool = True,
    first_steps: bool = False,
) -> int:
    """Open the window on the settings' mode and run until it is closed.

    A demo scans by itself once it stands, so that there is something to look at.

    Args:
        settings: Settings of the run.
        demo: What the simulator of a demo plays.
        screenshot: Where to save the window as it looks when it is left.
        script: Runs beside the trader; the window closes with its result.
        fresh_layout: Start with the layout as it comes, once; it is kept from then on.
        keeps_layout: False: the layout as it comes, and the kept one stays as it is.
        first_steps: Open the wizard when nothing was kept here yet, neither settings nor layout.
    """
    with loading():
        from vst_desktop.gui.app import run_window

    mode = settings.execution.trading_mode

    @asynccontextmanager
    async def opened() -> AsyncIterator[StationApi]:
        # the window stands and answers while the adapters are loaded
        await asyncio.to_thread(import_module, "vst_desktop.bootstrap.stations")
        from vst_desktop.bootstrap.stations import (
            DemoOptions,
            broker_station,
            demo_station,
            tell_crash,
        )

        if mode is not Mode.DEMO:
            async with broker_station(settings) as station:
                tell_crash(station, crash)
                station.requotes.start()
                yield station
            return
        async with demo_station(settings, demo or DemoOptions()) as (station, _):
            tell_crash(station, crash)
            station.scan_soon()
            station.requotes.start()
            yield station

    crash = None
    if script is not None or screenshot is not None:
        # pictures and demonstrations leave the trader's layout, and other windows, alone
        return run_window(opened, picture=screenshot, script=script)
    paths = find_paths()
    crash = keep_last_words(paths.logs, mode)
    is_first = not paths.settings_file.exists() and not (paths.config / LAYOUT_FILE).exists()
    layout = paths.config / LAYOUT_FILE if keeps_layout else None
    if fresh_layout and layout is not None:
        layout.unlink(missing_ok=True)
    # a second station of a profile would fight for its journal and TWS client id
    profile = hashlib.sha256(f"{paths.data}|{mode}".encode()).hexdigest()[:16]
    return run_window(
        opened,
        layout=layout,
        instance=f"vst-desktop-{profile}",
        first_steps=first_steps and is_first,
    )
