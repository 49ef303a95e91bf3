"""A channel's queue: the cap, Retry-After, what is gathered, and that nothing is lost unsaid."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.helpers.alerting import Channel, Desk, broken, with_center
from vst_desktop.domain.alerts import DeliveryState, Severity

SLACK = ("slack",)


def only(severity: Severity = Severity.WARNING) -> dict[Severity, tuple[str, ...]]:
    return {severity: SLACK, Severity.CRITICAL: SLACK}


def test_a_thousand_alerts_at_once_send_at_most_the_cap_and_all_stand_in_the_history(
    tmp_path: Path,
) -> None:
    slack = Channel("slack")

    async def story(desk: Desk) -> None:
        started = time.thread_time()
        for number in range(1000):
            desk.center.raise_alert(Severity.WARNING, f"alert {number}")
        took = time.thread_time() - started
        await desk.settle()
        assert len(desk.center.history) == 1000
        assert 1 <= len(slack.titles) <= 10
        assert all(e.deliveries["slack"].state is DeliveryState.SENT for e in desk.center.history)
        assert slack.titles[0] == "[WARNING] 1000 alerts: 1000 WARNING"
        assert "and 980 more" in slack.bodies[0]
        assert took < 0.5

    with_center(tmp_path, [slack], story, routes=only())


def test_what_comes_above_the_cap_waits_for_its_minute_and_goes_together(tmp_path: Path) -> None:
    slack = Channel("slack")

    async def story(desk: Desk) -> None:
        for number in range(8):
            desk.center.raise_alert(Severity.WARNING, f"alert {number}")
            await desk.settle()
        assert len(slack.titles) == 8
        assert slack.at[:3] == [1000.0] * 3
        assert slack.at[3:6] == [1060.0] * 3
        assert slack.at[6:] == [1120.0] * 2

    with_center(tmp_path, [slack], story, routes=only(), max_per_minute=3)


def test_a_critical_alert_goes_before_and_alone(tmp_path: Path) -> None:
    slack = Channel("slack")

    async def story(desk: Desk) -> None:
        for number in range(50):
            desk.center.raise_alert(Severity.WARNING, f"alert {number}")
        desk.center.raise_alert(Severity.CRITICAL, "UNPROTECTED")
        await desk.settle()
        assert slack.titles[0].endswith("UNPROTECTED")
        assert slack.titles[1] == "[WARNING] 50 alerts: 50 WARNING"

    with_center(tmp_path, [slack], story, routes=only())


def test_a_failure_is_tried_again_later_and_later(tmp_path: Path) -> None:
    slack = Channel("slack", script=broken(3))

    async def story(desk: Desk) -> None:
        desk.center.raise_alert(Severity.WARNING, "told")
        await desk.settle()
        assert slack.at == [1000, 1002, 1006, 1014]
        assert len(slack.titles) == 1
        assert desk.entry("told").deliveries["slack"].state is DeliveryState.SENT

    with_center(tmp_path, [slack], story, routes=only())


@pytest.mark.allow_log("alert channel slack failed: HTTP 500")
def test_after_five_attempts_it_has_failed_and_is_said_to_have(tmp_path: Path) -> None:
    slack = Channel("slack", script=broken(5))

    async def story(desk: Desk) -> None:
        desk.center.raise_alert(Severity.WARNING, "lost")
        await desk.settle()
        assert desk.entry("lost").deliveries["slack"].text() == "slack failed (HTTP 500)"
        desk.center.raise_alert(Severity.WARNING, "next")
        await desk.settle()
        assert len(slack.titles) == 1

    with_center(tmp_path, [slack], story, routes=only())


def test_retry_after_is_kept_and_what_comes_meanwhile_goes_with_it(tmp_path: Path) -> None:
    slack = Channel("slack", script=broken(1, "HTTP 429", retry_after_secs=37))

    async def story(desk: Desk) -> None:
        desk.center.raise_alert(Severity.WARNING, "first")
        await desk.settle()
        assert slack.at == [1000, 1037]

    with_center(tmp_path, [slack], story, routes=only())


def test_a_channel_that_asks_for_days_is_asked_again_within_the_hour(tmp_path: Path) -> None:
    slack = Channel("slack", script=broken(1, "HTTP 429", retry_after_secs=200_000))

    async def story(desk: Desk) -> None:
        desk.center.raise_alert(Severity.WARNING, "first")
        await desk.settle()
        assert slack.at == [1000, 4600]

    with_center(tmp_path, [slack], story, routes=only())


@pytest.mark.allow_log("alert channel slack")
def test_a_bug_of_a_channel_does_not_end_its_queue(tmp_path: Path) -> None:
    slack = Channel("slack", script=[ValueError("bug")])

    async def story(desk: Desk) -> None:
        desk.center.raise_alert(Severity.WARNING, "first")
        await desk.settle()
        desk.center.raise_alert(Severity.WARNING, "second")
        await desk.settle()
        assert len(slack.titles) == 1
        assert desk.entry("first").deliveries["slack"].state is DeliveryState.FAILED

    with_center(tmp_path, [slack], story, routes=only())


@pytest.mark.allow_log("alert channel slack failed")
@hypothesis_settings(max_examples=25)
@given(
    st.lists(st.tuples(st.sampled_from(["raise", "fail", "settle"]), st.sampled_from(Severity))),
    st.integers(1, 4),
)
def test_never_more_than_the_cap_in_a_minute_and_every_alert_ends(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, Severity]], cap: int
) -> None:
    slack = Channel("slack")

    async def story(desk: Desk) -> None:
        for number, (step, severity) in enumerate(steps):
            if step == "raise":
                desk.center.raise_alert(severity, f"alert {number}")
            elif step == "fail":
                slack.script += broken(1)
            else:
                await desk.settle()
        await desk.settle()
        for first, last in zip(slack.at, slack.at[cap:], strict=False):
            assert last - first >= 60
        ends = {DeliveryState.SENT, DeliveryState.FAILED}
        assert all(one.state in ends for e in desk.center.history for one in e.deliveries.values())

    routes = dict.fromkeys(Severity, SLACK)
    with_center(
        tmp_path_factory.mktemp("outbox"), [slack], story, routes=routes, max_per_minute=cap
    )
