"""Alerts: history first, identical ones folded, no channel hides another."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vst_desktop.adapters.sqlite.journal import SqliteJournal
from vst_desktop.alerts.center import AlertCenter
from vst_desktop.domain.alerts import Alert, Severity
from vst_desktop.runtime.clock import HeldClock

START = datetime(2024, 1, 17, 19, 43, tzinfo=UTC)


class Channel:
    def __init__(self, name: str, *, configured: bool = True, broken: bool = False) -> None:
        self.name = name
        self.configured = configured
        self.broken = broken
        self.sent: list[str] = []

    async def send(self, alert: Alert) -> None:
        if self.broken:
            raise ConnectionError("mail server gone")
        self.sent.append(alert.message)


async def _settled(clock: HeldClock) -> None:
    await asyncio.sleep(0)  # the delivery begins
    await clock.idle()
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.allow_log("alert channel email failed")
def test_alert_reaches_every_channel_of_its_severity_that_works(tmp_path: Path) -> None:
    async def story() -> None:
        clock = HeldClock(START)
        journal = await SqliteJournal.open(tmp_path / "j.sqlite", clock.now)
        email, slack = Channel("email", broken=True), Channel("slack")
        sms = Channel("sms", configured=False)
        routes = {Severity.HIGH: ("email", "slack", "sms"), Severity.INFO: ("email",)}
        center = AlertCenter(clock, journal, (email, slack, sms), routes)
        center.raise_alert(Severity.HIGH, "System: IBKR ERROR")
        await _settled(clock)
        assert slack.sent == ["System: IBKR ERROR"]
        assert sms.sent == []
        assert center.history[0].alert.time == START
        await center.close()
        await journal.close()

    asyncio.run(story())


def test_identical_alerts_within_the_window_are_one_with_a_count(tmp_path: Path) -> None:
    async def story() -> None:
        clock = HeldClock(START)
        journal = await SqliteJournal.open(tmp_path / "j.sqlite", clock.now)
        center = AlertCenter(clock, journal, (), {})
        heard: list[Alert] = []
        center.on_alert(heard.append)
        for minutes in (0, 1, 2, 20):
            clock.advance(START + timedelta(minutes=minutes))
            center.raise_alert(Severity.WARNING, "quotes stale", "MRK")
        center.raise_alert(Severity.WARNING, "quotes stale", "KO")
        assert [(e.alert.details, e.count) for e in center.history] == [
            ("KO", 1),
            ("MRK", 1),
            ("MRK", 3),
        ]
        assert len(heard) == 3
        center.mark_read()
        assert all(entry.read for entry in center.history)
        await _settled(clock)
        await center.close()
        await journal.close()

    asyncio.run(story())
