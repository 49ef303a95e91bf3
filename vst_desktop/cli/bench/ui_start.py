"""A start of the demo that ends once it can be used; prints when, by the system's clock."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import TYPE_CHECKING

from vst_desktop.runtime.heap import loading

if TYPE_CHECKING:
    from vst_desktop.gui.mainwindow import MainWindow
    from vst_desktop.station.api import StationApi

LONGEST_SECS = 45.0


def main() -> int:
    """Open the demo's window; 0 when a candidate could be approved in time."""
    with loading():  # as `vst gui` and `vst demo` do
        from vst_desktop.bootstrap import open_window, profile_settings
        from vst_desktop.gui.pulse import when_painted

        settings = profile_settings("demo", [])

    moments: dict[str, float] = {}
    when_painted(lambda: moments.setdefault("visible", time.monotonic()))

    async def until_usable(window: MainWindow, station: StationApi) -> int:
        async with asyncio.timeout(LONGEST_SECS):
            while not window.ticket.approve.isEnabled():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        moments["usable"] = time.monotonic()
        return 0

    code = open_window(settings, script=until_usable)
    print(json.dumps(moments), flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
