"""Alerts: history first, identical ones folded, no channel hides another."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.helpers.alerting import START, Channel, Desk, broken, with_center
from vst_desktop.adapters.sqlite.journal import SqliteJournal
from vst_desktop.alerts.center import KEPT, AlertCenter
from vst_desktop.alerts.rules import QuietHours
from vst_desktop.domain.alerts import Alert, DeliveryState, Severity, severity_named
from vst_desktop.runtime.alert_settings import quiet_times
from vst_desktop.runtime.clock import HeldClock


def fates(desk: Desk, message: str) -> dict[str, DeliveryState]:
    return {name: one.state for name, one in desk.entry(message).deliveries.items()}


@pytest.mark.allow_log("alert channel email failed: HTTP 403")
def test_an_alert_reaches_every_channel_of_its_severity_that_works(tmp_path: Path) -> None:
    email = Channel("email", script=broken(1, "HTTP 403", lasting=True))
    slack, sms = Channel("slack"), Channel("sms", configured=False)

    async def story(desk: Desk) -> None:
        desk.center.raise_alert(Severity.HIGH, "System: IBKR ERROR", "gone")
        await desk.settle()
        assert slack.titles == ["[HIGH] 2024-01-17 14:43:00 - System: IBKR ERROR"]
        assert slack.bodies == ["gone"]
        assert sms.titles == email.titles == []
        assert fates(desk, "System: IBKR ERROR") == {
            "email": DeliveryState.FAILED,
            "slack": DeliveryState.SENT,
            "sms": DeliveryState.NOT_CONFIGURED,
        }
        [told] = [one.text() for one in desk.center.history[0].deliveries.values()][:1]
        assert told == "email failed (HTTP 403)"

    with_center(tmp_path, [email, slack, sms], story)


@pytest.mark.parametrize(
    ("severity", "reached"),
    [
        (Severity.INFO, {"email"}),
        (Severity.WARNING, {"email", "slack"}),
        (Severity.HIGH, {"email", "slack", "sms"}),
        (Severity.CRITICAL, {"email", "slack", "sms"}),
    ],
)
def test_severity_decides_the_channels(
    tmp_path: Path, severity: Severity, reached: set[str]
) -> None:
    channels = [Channel("email"), Channel("slack"), Channel("sms")]

    async def story(desk: Desk) -> None:
        desk.center.raise_alert(severity, "told")
        await desk.settle()
        assert {one.name for one in channels if one.titles} == reached

    with_center(tmp_path, channels, story)


def test_an_unknown_severity_counts_as_info() -> None:
    assert severity_named("loud") is Severity.INFO
    assert severity_named(" high") is Severity.HIGH


def test_identical_alerts_within_the_window_are_one_with_a_count(tmp_path: Path) -> None:
    email = Channel("email")

    async def story(desk: Desk) -> None:
        heard: list[Alert] = []
        desk.center.on_alert(heard.append)
        for minutes in (0, 1, 2, 20):
            desk.clock.advance(START + timedelta(minutes=minutes))
            desk.center.raise_alert(Severity.WARNING, "quotes stale", "MRK")
        desk.center.raise_alert(Severity.WARNING, "quotes stale", "KO")
        assert [(e.alert.details, e.count) for e in desk.center.history] == [
            ("KO", 1),
            ("MRK", 1),
            ("MRK", 3),
        ]
        assert len(heard) == 3
        desk.center.mark_read()
        assert all(entry.read for entry in desk.center.history)
        await desk.settle()
        assert len(email.titles) == 3

    with_center(tmp_path, [email], story)


def test_one_alert_is_acknowledged_and_a_later_run_knows(tmp_path: Path) -> None:
    email = Channel("email")

    async def story(desk: Desk) -> None:
        desk.center.raise_alert(Severity.CRITICAL, "first")
        desk.center.raise_alert(Severity.HIGH, "second")
        await desk.settle()
        desk.center.mark_read(0)
        desk.center.mark_read(0)  # twice is once
        desk.center.raise_alert(Severity.HIGH, "third")
        desk.center.mark_read(2)  # before it is stored
        await desk.settle()
        told = {e.alert.message: e.read for e in desk.center.history}
        assert told == {"third": True, "second": False, "first": True}

        later = AlertCenter(desk.clock, desk.journal, [email])
        await later.restore()
        assert [(e.alert, e.read) for e in later.history] == [
            (e.alert, e.read) for e in desk.center.history
        ]
        later.mark_read()
        later.raise_alert(Severity.HIGH, "second")
        await later.close()
        sent = len(email.titles)
        desk.clock.advance(START + KEPT + timedelta(minutes=1))
        last = AlertCenter(desk.clock, desk.journal, [email])
        await last.restore()
        assert last.history == () and len(email.titles) == sent
        await last.close()

    with_center(tmp_path, [email], story, escalations=0)


def test_in_quiet_hours_only_what_is_critical_leaves_the_rest_goes_at_their_end(
    tmp_path: Path,
) -> None:
    begin, end = quiet_times("14:00-16:30")
    zone = ZoneInfo("America/New_York")
    slack = Channel("slack")

    async def story(desk: Desk) -> None:
        desk.center.raise_alert(Severity.HIGH, "first")
        desk.center.raise_alert(Severity.WARNING, "second")
        desk.center.raise_alert(Severity.CRITICAL, "now")
        await desk.settle()
        assert slack.titles == ["[CRITICAL] 2024-01-17 14:43:00 - now"]
        assert fates(desk, "first") == {"slack": DeliveryState.HELD}
        desk.clock.advance(START + timedelta(hours=2))
        await desk.settle()
        assert [title.split(" - ")[-1] for title in slack.titles] == ["now", "first", "second"]
        assert fates(desk, "first") == {"slack": DeliveryState.SENT}

    quiet = QuietHours(begin=begin, end=end, zone=zone)
    with_center(tmp_path, [slack], story, quiet=quiet, escalations=0)


def test_quiet_hours_may_pass_midnight() -> None:
    begin, end = quiet_times("22:00-07:00")
    zone = ZoneInfo("America/New_York")
    quiet = QuietHours(begin=begin, end=end, zone=zone)
    late = START.astimezone(zone).replace(hour=23)
    assert quiet.ends(START) is None
    assert quiet.ends(late) == late.replace(hour=7, minute=0) + timedelta(days=1)
    early = late.replace(hour=6)
    assert quiet.ends(early) == early.replace(hour=7, minute=0)


def test_a_critical_alert_is_sent_again_to_all_until_it_is_acknowledged(tmp_path: Path) -> None:
    slack, pager = Channel("slack"), Channel("pager")

    async def story(desk: Desk) -> None:
        desk.center.raise_alert(Severity.CRITICAL, "UNPROTECTED")
        for minutes in (5, 10):
            await desk.settle()
            desk.clock.advance(START + timedelta(minutes=minutes))
        await desk.settle()
        assert [title.split(":")[0] for title in slack.titles[1:]] == [
            "NOT ACKNOWLEDGED for 5 minutes",
            "NOT ACKNOWLEDGED for 10 minutes",
        ]
        assert len(pager.titles) == 2  # not of its severity's channels, but nobody answered
        desk.center.mark_read()
        desk.clock.advance(START + timedelta(minutes=60))
        await desk.settle()
        assert len(slack.titles) == 3

    with_center(tmp_path, [slack, pager], story)


def test_a_critical_alert_is_not_sent_again_for_ever(tmp_path: Path) -> None:
    slack = Channel("slack")

    async def story(desk: Desk) -> None:
        desk.center.raise_alert(Severity.CRITICAL, "UNPROTECTED")
        for minutes in range(5, 100, 5):
            await desk.settle()
            desk.clock.advance(START + timedelta(minutes=minutes))
        await desk.settle()
        assert len(slack.titles) == 1 + 2

    with_center(tmp_path, [slack], story, escalations=2)


def test_a_test_message_goes_to_all_or_to_the_one_that_is_named(tmp_path: Path) -> None:
    email, slack, sms = Channel("email"), Channel("slack"), Channel("sms", configured=False)

    async def story(desk: Desk) -> None:
        desk.center.test()
        desk.center.test(["slack"])
        await desk.settle()
        assert (len(email.titles), len(slack.titles)) == (1, 2)
        assert desk.center.history[1].deliveries["sms"].state is DeliveryState.NOT_CONFIGURED

    with_center(tmp_path, [email, slack, sms], story)


def test_every_alert_is_stored(tmp_path: Path) -> None:
    import sqlite3

    async def story(desk: Desk) -> None:
        desk.center.raise_alert(Severity.INFO, "one")
        desk.center.raise_alert(Severity.HIGH, "two")

    with_center(tmp_path, [], story)
    connection = sqlite3.connect(tmp_path / "alerts.sqlite")
    try:
        rows = connection.execute("SELECT severity, message FROM alerts ORDER BY rowid").fetchall()
    finally:
        connection.close()
    assert rows == [("INFO", "one"), ("HIGH", "two")]


def test_a_centre_that_closes_sends_what_waits_and_gives_up_on_a_dead_channel(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        clock = HeldClock(START)
        journal = await SqliteJournal.open(tmp_path / "j.sqlite", clock.now)
        slack = Channel("slack")
        from tests.helpers.alerting import ROUTES
        from vst_desktop.alerts.rules import AlertRules

        center = AlertCenter(clock, journal, [slack], AlertRules(routes=ROUTES))
        center.raise_alert(Severity.HIGH, "last words")
        await center.close()
        assert slack.titles
        await journal.close()

    asyncio.run(story())
