"""Pictures of the real window for the documents: the demo's run, dark and light."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_API", "pyside6")

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "img"
APPROVED = 2


async def take(folder: Path) -> None:
    """Play the built-in demo to an open position with a second approval, and save the window."""
    from vst_desktop.bootstrap import DemoOptions, demo_station, profile_settings
    from vst_desktop.domain.orders import OrderState
    from vst_desktop.gui.shot import save_picture
    from vst_desktop.gui.tokens import DARK, LIGHT

    options = DemoOptions(held=True)
    async with demo_station(profile_settings("demo", []), options) as (station, time):
        assert time is not None
        await station.scan()
        for candidate in station.research.candidates()[:APPROVED]:
            await station.approve(candidate.candidate_id, candidate.revision)
        limit = station.desk.window().closes
        await time.run_until(
            lambda: all(i.state is OrderState.FILLED for i in station.desk.intents()), limit
        )
        await time.settle()
        fresh = next(c for c in station.research.candidates() if station.block_reason(c) is None)
        station.select(fresh.signal.symbol, fresh.candidate_id)
        await time.settle()
        save_picture(station, folder / "window.png")
        save_picture(station, folder / "window-light.png", tokens=LIGHT)
        save_picture(station, folder / "window-small.png", size=(1280, 720), tokens=DARK)


def main() -> int:
    """Write docs/img/*.png."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    asyncio.run(take(FOLDER))
    for picture in sorted(FOLDER.glob("*.png")):
        print(picture.relative_to(FOLDER.parents[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
