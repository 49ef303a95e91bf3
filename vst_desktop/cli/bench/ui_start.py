"""A start of the demo that ends once it can be used; prints when, by the system's clock."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

LONGEST_SECS = 45.0


def main() -> int:
    """Open the demo's window; 0 when a candidate could be approved in time."""
    from vst_desktop.bootstrap import DemoOptions, demo_station, profile_settings
    from vst_desktop.gui.app import run_window
    from vst_desktop.gui.mainwindow import MainWindow
    from vst_desktop.gui.pulse import when_painted
    from vst_desktop.station.api import StationApi

    moments: dict[str, float] = {}
    when_painted(lambda: moments.setdefault("visible", time.monotonic()))

    @asynccontextmanager
    async def opened() -> AsyncIterator[StationApi]:
        async with demo_station(profile_settings("demo", []), DemoOptions()) as (station, _):
            station.scan_soon()
            yield station

    async def until_usable(window: MainWindow, station: StationApi) -> int:
        async with asyncio.timeout(LONGEST_SECS):
            while not window.ticket.approve.isEnabled():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        moments["usable"] = time.monotonic()
        return 0

    code = run_window(opened, script=until_usable)
    print(json.dumps(moments), flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
