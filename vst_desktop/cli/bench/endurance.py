"""``vst bench endurance``: does a day of the window leave anything behind?

The real window on the demo, its clock fast: scans, another symbol looked at, approvals and exits,
a lost connection every other hour. Memory, tasks, open files and threads are counted throughout.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, cast

from vst_desktop.cli.bench.ui import resident_mb
from vst_desktop.cli.common import add_json_option, write_json
from vst_desktop.domain.errors import UserError

if TYPE_CHECKING:
    from vst_desktop.gui.mainwindow import MainWindow
    from vst_desktop.station.api import StationApi
    from vst_desktop.station.station import Station

HOURS = 24.0
SPEED = 120.0
AT = datetime.fromisoformat("2024-01-17T09:35-05:00")
LOOK = timedelta(minutes=5)
SCAN_EVERY = timedelta(minutes=15)
LOST_EVERY = timedelta(hours=2)
DEAD_SECS = 0.8
"""Real: the approval's button is dead for 0.7 s after it changed."""
LOST = "gateway_restart"
MOST_GROWTH_PCT = 5.0
FLAT = 2
"""Tasks, files or threads more than in the first hours are none of a leak's: work is in flight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What the window's process held at an hour of the simulated day."""

    hours: float
    rss_mb: float
    tasks: int
    files: int
    threads: int


def add_parser(names: Any) -> None:
    """Add the benchmark's arguments."""
    parser = names.add_parser("endurance", help="a day of the window: does anything grow?")
    parser.add_argument(
        "--hours", type=float, default=HOURS, metavar="H", help=f"simulated (default {HOURS:g})"
    )
    parser.add_argument(
        "--speed",
        type=float,
        default=SPEED,
        metavar="X",
        help=f"simulated seconds a second (default {SPEED:g})",
    )
    add_json_option(parser)


def run(args: argparse.Namespace) -> int:
    """Measure; 0 when it could, whether or not the targets were met."""
    if not 3 <= args.hours <= 24 * 30:
        raise UserError(f"--hours {args.hours:g} is not from 3 to 720", exit_code=2)
    if not 1 <= args.speed <= 1000:
        raise UserError(f"--speed {args.speed:g} is not from 1 to 1000", exit_code=2)
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from vst_desktop.bootstrap import DemoOptions, open_window, profile_settings

    samples: list[Sample] = []
    counts: dict[str, int] = {}

    async def live(window: MainWindow, station: StationApi) -> int:
        course = Course(window, cast("Station", station), samples.append)
        await course.run(timedelta(hours=args.hours))
        counts.update(course.counts)
        return 0

    options = DemoOptions(at=AT, speed=args.speed)
    if code := open_window(profile_settings("demo", []), options, script=live):
        return code
    report = judge(samples)
    print(f"{args.hours:g} hours at {args.speed:g}x: " + ", ".join(told(counts)))
    for sample in samples[:: max(1, len(samples) // 12)]:
        print(
            f"  {sample.hours:5.1f} h  {sample.rss_mb:6.1f} MB  {sample.tasks:3} tasks  "
            f"{sample.files:3} files  {sample.threads:3} threads"
        )
    for target in report["targets"]:
        words = "holds" if target["met"] else "missed"
        print(f"  {target['name']} {target['value']:.1f}, at most {target['limit']:g}: {words}")
    write_json(args.json, {**report, "counts": counts, "samples": [asdict(s) for s in samples]})
    return 0


class Course:
    """What happens to the window in a simulated day."""

    def __init__(
        self, window: MainWindow, station: Station, keep: Callable[[Sample], None]
    ) -> None:
        self._window = window
        self._station = station
        self._keep = keep
        self._turn = 0
        self.counts = dict.fromkeys(("scans", "approvals", "refusals", "reconnects"), 0)

    async def run(self, length: timedelta) -> None:
        """Live through it."""
        clock = self._station.engines.clock
        start = clock.now()
        lost_at, due = start + LOST_EVERY, start
        self._station.schedule.tell = lambda line: self._count("scans")
        self._station.schedule.use(SCAN_EVERY)
        while (now := clock.now()) < start + length:
            self._keep(_sample((now - start).total_seconds() / 3600))
            await self._trade()
            if now >= lost_at:
                lost_at += LOST_EVERY
                await self._lose_connection()
            due = max(due + LOOK, clock.now())
            await clock.sleep_until(due)

    async def _trade(self) -> None:
        """Look at another candidate; approve it when that is allowed."""
        candidates = self._station.research.candidates()
        if not candidates:
            return
        self._turn += 1
        candidate = candidates[self._turn % len(candidates)]
        self._station.select(candidate.signal.symbol, candidate.candidate_id)
        await asyncio.sleep(DEAD_SECS)
        if not self._window.ticket.approve.isEnabled():
            return
        try:
            await self._station.approve(candidate.candidate_id, candidate.revision)
        except UserError:
            self._count("refusals")
        else:
            self._count("approvals")

    async def _lose_connection(self) -> None:
        drill = self._station.drill
        assert drill is not None
        await drill.toggle(LOST)
        self._count("reconnects")

    def _count(self, name: str) -> None:
        self.counts[name] += 1


def judge(samples: list[Sample]) -> dict[str, Any]:
    """Growth from the second hour to the last one, beside the targets."""
    first = [s for s in samples if 1 <= s.hours < 2]
    last = [s for s in samples if s.hours >= samples[-1].hours - 1]

    def middle(of: list[Sample], name: str) -> float:
        return float(median(getattr(sample, name) for sample in of))

    growth = 100 * (middle(last, "rss_mb") / middle(first, "rss_mb") - 1)
    more = {n: middle(last, n) - middle(first, n) for n in ("tasks", "files", "threads")}
    limits = [("rss_growth_pct", growth, MOST_GROWTH_PCT)]
    limits += [(f"more_{name}", value, FLAT) for name, value in more.items()]
    return {
        "rss_mb": middle(last, "rss_mb"),
        "targets": [
            {"name": name, "value": value, "limit": limit, "met": value <= limit}
            for name, value, limit in limits
        ],
    }


def told(counts: dict[str, int]) -> list[str]:
    """Each count with its name."""
    return [f"{value} {name}" for name, value in counts.items()]


def _sample(hours: float) -> Sample:
    return Sample(
        hours=hours,
        rss_mb=resident_mb(),
        tasks=len(asyncio.all_tasks()),
        files=len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else 0,
        threads=threading.active_count(),
    )
