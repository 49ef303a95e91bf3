"""Alert settings: routes as text, quiet hours, channels that must be known."""

from __future__ import annotations

from datetime import time

import pytest

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.runtime.alert_settings import quiet_times
from vst_desktop.runtime.settings import load_settings


def test_routes_are_the_owners_unless_told_otherwise() -> None:
    routes = load_settings([]).alerts.severity_channels
    assert routes[Severity.INFO] == ("email",)
    assert routes[Severity.WARNING] == ("email", "slack")
    assert routes[Severity.HIGH] == routes[Severity.CRITICAL] == ("email", "slack", "sms")


def test_routes_can_be_written_in_one_line() -> None:
    told = "severity_channels=info: email; HIGH: email, telegram"
    alerts = load_settings([told, "more_channels=telegram"]).alerts
    assert alerts.severity_channels == {
        Severity.INFO: ("email",),
        Severity.HIGH: ("email", "telegram"),
    }
    assert alerts.channels == ("email", "slack", "sms", "telegram")


def test_a_channel_that_is_off_is_not_in_use() -> None:
    assert load_settings(["use_sms=false"]).alerts.channels == ("email", "slack")


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("severity_channels=INFO: pigeon", "none of email, slack, sms"),
        ("severity_channels=LOUD: email", "LOUD"),
        ("quiet_hours=ten to six", "write them as 22:00-07:00"),
        ("quiet_hours=25:00-07:00", "write them as 22:00-07:00"),
        ("quiet_zone=Moon/Base", "no time zone"),
        ("heartbeat_secs=0", "heartbeat_secs"),
        ("error_threshold=0", "error_threshold"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(override: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        load_settings([override])


def test_quiet_hours_are_two_times() -> None:
    assert quiet_times("22:00 - 07:30") == (time(22, 0), time(7, 30))
