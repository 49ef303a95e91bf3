"""An alert centre in a test: channels that remember, time that passes when it is slept."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vst_desktop.adapters.sqlite.journal import SqliteJournal
from vst_desktop.alerts.center import AlertCenter, HistoryEntry
from vst_desktop.alerts.outbox import Pace
from vst_desktop.alerts.rules import AlertRules
from vst_desktop.domain.alerts import Severity
from vst_desktop.ports.notifier import DeliveryError
from vst_desktop.runtime.clock import HeldClock

START = datetime(2024, 1, 17, 19, 43, tzinfo=UTC)
ALL = ("email", "slack", "sms")
ROUTES: Mapping[Severity, tuple[str, ...]] = {
    Severity.INFO: ("email",),
    Severity.WARNING: ("email", "slack"),
    Severity.HIGH: ALL,
    Severity.CRITICAL: ALL,
}


@dataclass
class Channel:
    """Remembers titles; ``script`` is what the next sends raise (None: nothing)."""

    name: str
    configured: bool = True
    script: list[Exception | None] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    time: SleptTime | None = None

    async def send(self, title: str, body: str) -> None:
        """Take or refuse a message."""
        if self.time is not None:
            self.at.append(self.time.now)
        if self.script and (error := self.script.pop(0)) is not None:
            raise error
        self.titles.append(title)
        self.bodies.append(body)


class SleptTime:
    """Seconds that pass when somebody sleeps them."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        """Now."""
        return self.now

    async def sleep(self, secs: float) -> None:
        """Let so many pass."""
        self.now += secs
        await asyncio.sleep(0)


def broken(count: int, what: str = "HTTP 500", **more: Any) -> list[Exception | None]:
    """So many failures."""
    return [DeliveryError(what, **more) for _ in range(count)]


@dataclass
class Desk:
    """The centre and what it stands on."""

    center: AlertCenter
    clock: HeldClock
    time: SleptTime
    journal: SqliteJournal

    async def settle(self) -> None:
        """Until everything was stored and sent."""
        await asyncio.sleep(0)
        await self.center.sent()
        await self.clock.idle()

    def entry(self, message: str) -> HistoryEntry:
        """The newest alert of that message."""
        return next(e for e in self.center.history if e.alert.message == message)


def with_center(
    path: Path,
    channels: list[Channel],
    story: Callable[[Desk], Awaitable[None]],
    **rules: Any,
) -> None:
    """Run a story on a centre with these channels."""

    async def run() -> None:
        clock, time = HeldClock(START), SleptTime()
        for channel in channels:
            channel.time = time
        journal = await SqliteJournal.open(path / "alerts.sqlite", clock.now)
        found = AlertRules(**{"routes": ROUTES, **rules})
        pace = Pace(max_per_minute=found.max_per_minute, monotonic=time.monotonic, sleep=time.sleep)
        center = AlertCenter(clock, journal, channels, found, pace)
        desk = Desk(center, clock, time, journal)
        await story(desk)
        await desk.settle()
        await center.close()
        await journal.close()

    asyncio.run(run())
