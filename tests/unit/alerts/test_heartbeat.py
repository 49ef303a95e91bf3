"""The heartbeat: each beat carries the cards, and its failures are told once."""

from __future__ import annotations

import asyncio

import pytest

from tests.helpers.alert_servers import http_service
from vst_desktop.adapters.notify.beacon import HttpBeacon
from vst_desktop.alerts.heartbeat import Heartbeat
from vst_desktop.domain.errors import UserError


async def _never(secs: float) -> None:
    raise AssertionError("beat() does not wait")


def test_a_beat_carries_the_text_and_a_failure_is_told_until_one_arrives() -> None:
    told: list[str | None] = []
    with http_service() as service:
        beacon = HttpBeacon(f"{service.url}/ping/0f3c2b")
        heart = Heartbeat(beacon, 60, lambda: "AAPL 104/112", told.append, _never)
        service.script = [(200, {}), (503, {}), (503, {}), (200, {})]

        async def four() -> None:
            for _ in range(4):
                await heart.beat()

        asyncio.run(four())
        assert [post.path for post in service.posts] == ["/ping/0f3c2b"] * 4
        assert service.posts[0].body == "AAPL 104/112"
    assert told == ["HTTP 503", None]


def test_a_beat_that_reaches_nobody_is_told_and_not_raised() -> None:
    told: list[str | None] = []
    heart = Heartbeat(HttpBeacon("http://127.0.0.1:9/x"), 60, lambda: "", told.append, _never)
    asyncio.run(heart.beat())
    [why] = told
    assert why is not None and why.startswith("not reached")


def test_beats_go_on_at_their_interval() -> None:
    waited: list[float] = []
    told: list[str | None] = []

    async def sleep(secs: float) -> None:
        waited.append(secs)
        if len(waited) == 3:
            raise asyncio.CancelledError

    with http_service() as service:
        heart = Heartbeat(HttpBeacon(f"{service.url}/p"), 7.5, lambda: "", told.append, sleep)
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(heart.run())
        assert len(service.posts) == 3
    assert waited == [7.5] * 3


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(UserError, match="https://host/path"):
        HttpBeacon("ftp://x")
