"""Channels against real local servers: what arrives, and how a failure is told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest

from tests.helpers.alert_servers import HttpService, Mails, http_service, mail_server
from vst_desktop.adapters.notify.answers import retry_after_secs
from vst_desktop.adapters.notify.channel import AppriseChannel, find_channel
from vst_desktop.ports.notifier import DeliveryError
from vst_desktop.runtime.redaction import REDACTOR

SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#alerts?cto=2&rto=1"
SMS = "twilio://AC0123456789abcdef:fedcba9876543210@15551234567/15557654321?cto=2&rto=1"


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpService]:
    from apprise.plugins.slack import NotifySlack
    from apprise.plugins.twilio import NotifyTwilio

    with http_service() as running:
        monkeypatch.setattr(NotifySlack, "webhook_url", f"{running.url}/services")
        monkeypatch.setattr(
            NotifyTwilio,
            "notify_sms_url",
            running.url + "/2010-04-01/Accounts/{sid}/Messages.json",
        )
        yield running


@pytest.fixture
def mails() -> Iterator[Mails]:
    with mail_server() as running:
        yield running


def send(channel: AppriseChannel, title: str = "[HIGH] now - down", body: str = "why") -> None:
    asyncio.run(channel.send(title, body))


def failure(channel: AppriseChannel) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        send(channel)
    return caught.value


def test_a_mail_arrives_with_title_and_body(mails: Mails) -> None:
    send(AppriseChannel("email", mails.url))
    [(subject, body)] = mails.mails
    assert subject == "[HIGH] now - down"
    assert "why" in body


def test_a_mail_that_is_refused_is_a_failure(mails: Mails) -> None:
    mails.refusals = ["451 try later"]
    assert not failure(AppriseChannel("email", mails.url)).lasting
    assert mails.mails == []


def test_slack_gets_title_and_body(service: HttpService) -> None:
    send(AppriseChannel("slack", SLACK))
    [post] = service.posts
    assert post.path == "/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    assert "[HIGH] now - down" in post.slack_text
    assert "why" in post.slack_text


def test_a_text_message_is_short_and_says_the_alert_first(service: HttpService) -> None:
    send(AppriseChannel("sms", SMS), body="x" * 2000)
    [post] = service.posts
    assert post.form["To"] == ["+15557654321"]
    [text] = post.form["Body"]
    assert text.startswith("[HIGH] now - down")
    assert len(text) <= 300


@pytest.mark.parametrize(("name", "url"), [("slack", SLACK), ("sms", SMS)])
def test_a_server_error_may_pass_and_a_refusal_does_not(
    service: HttpService, name: str, url: str
) -> None:
    service.script = [(500, {}), (429, {"Retry-After": "37"}), (403, {})]
    channel = AppriseChannel(name, url)
    broken, busy, refused = failure(channel), failure(channel), failure(channel)
    assert (str(broken), broken.lasting, broken.retry_after_secs) == ("HTTP 500", False, None)
    assert (str(busy), busy.lasting, busy.retry_after_secs) == ("HTTP 429", False, 37)
    assert (str(refused), refused.lasting) == ("HTTP 403", True)
    send(channel)


def test_a_service_that_hangs_is_a_failure_within_its_time(service: HttpService) -> None:
    service.hangs = Event()
    assert not failure(AppriseChannel("slack", SLACK)).lasting


def test_a_server_that_is_gone_is_a_failure() -> None:
    assert not failure(AppriseChannel("email", Mails().url.replace(":0?", ":9?"))).lasting


def test_an_address_that_is_none_is_said_to_be_and_not_tried_again() -> None:
    found = failure(AppriseChannel("email", "nonsense-address"))
    assert found.lasting and "none that apprise knows" in str(found)


def test_a_channel_without_an_address_is_not_configured() -> None:
    assert not find_channel("email").configured


def test_an_address_is_found_in_a_file_and_hidden_from_then_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "slack"
    file.write_text(SLACK.replace("TIiajkdnlazkcOXrIdevi7FQ", "canarycanarycanary000000") + "\n")
    monkeypatch.setenv("VST_ALERTS_SLACK_FILE", str(file))
    assert find_channel("slack").configured
    assert "canary" not in REDACTOR.text("POST /services/canarycanarycanary000000 failed")


@pytest.mark.allow_log("alert channel email: .*cannot be read")
def test_an_address_file_that_is_gone_is_told_and_the_channel_not_configured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VST_ALERTS_EMAIL_FILE", str(tmp_path / "gone"))
    assert not find_channel("email").configured


def test_retry_after_is_read_as_seconds_or_as_a_date() -> None:
    now = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    assert retry_after_secs("120", now) == 120
    assert retry_after_secs("Mon, 23 Nov 2026 12:01:30 GMT", now) == 90
    assert retry_after_secs("Mon, 23 Nov 2026 11:00:00 GMT", now) == 0
    assert retry_after_secs("soon", now) is None
    assert retry_after_secs(None, now) is None
