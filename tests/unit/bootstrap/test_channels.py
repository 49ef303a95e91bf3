"""The alert channels of a run: found, or said not to be, and never in the way of the start."""

from __future__ import annotations

import asyncio
from threading import Event

import pytest

from vst_desktop.bootstrap import channels
from vst_desktop.bootstrap.channels import alert_channels, alert_rules
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.orders import Mode
from vst_desktop.runtime.settings import load_settings


def test_channels_are_those_in_use_with_or_without_credentials(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VST_ALERTS_TELEGRAM", "tgram://123456789:abcdefghij/12345")
    settings = load_settings(["more_channels=telegram", "use_sms=false"]).alerts
    found, beacon = asyncio.run(alert_channels(settings))
    assert {one.name: one.configured for one in found} == {
        "email": False,
        "slack": False,
        "telegram": True,
    }
    assert beacon is None


@pytest.mark.allow_log("the OS keyring did not answer")
def test_a_keyring_that_waits_for_its_owner_does_not_keep_the_station_from_starting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered = Event()
    monkeypatch.setattr(channels, "KEYRING_SECS", 0.05)
    monkeypatch.setattr(channels, "find_channel", lambda name: answered.wait(20))

    async def story() -> None:
        try:
            found, _ = await alert_channels(load_settings([]).alerts)
        finally:
            answered.set()
        assert [one.configured for one in found] == [False] * 3

    asyncio.run(story())


@pytest.mark.allow_log("heartbeat: the heartbeat's address is none")
def test_a_heartbeat_address_that_is_none_is_told_and_does_no_harm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VST_ALERTS_HEARTBEAT", "nonsense")
    _, beacon = asyncio.run(alert_channels(load_settings([]).alerts))
    assert beacon is None


def test_rules_are_those_of_the_settings() -> None:
    settings = load_settings(["quiet_hours=22:00-07:00", "max_per_minute=3"]).alerts
    rules = alert_rules(settings, Mode.PAPER)
    assert rules.quiet is not None and str(rules.quiet.zone) == "America/New_York"
    assert rules.max_per_minute == 3
    assert rules.routes[Severity.WARNING] == ("email", "slack")
    assert rules.signature.endswith("PAPER")
