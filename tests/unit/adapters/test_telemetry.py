"""The metrics endpoint over a real socket: what it tells, and whom."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable

import pytest
from prometheus_client.parser import text_string_to_metric_families

from vst_desktop.adapters.telemetry.endpoint import MetricsEndpoint
from vst_desktop.domain.errors import UserError
from vst_desktop.monitoring import metrics as m
from vst_desktop.monitoring.metrics import METRICS, histogram_reading, reading
from vst_desktop.monitoring.performance import histogram
from vst_desktop.ports.metrics import Reading

Ask = Callable[[str], Awaitable[tuple[str, str]]]


def readings() -> Iterable[Reading]:
    yield reading(m.INFO, 1, "DEMO", "0.1")
    yield reading(m.ERRORS, 3, "IBKR_API", "CONNECTION")
    yield reading(m.ERRORS, 1, 'odd "name"\n', "DISK")
    yield histogram_reading(m.ACK_SECS, histogram([0.2, 3.0], (0.5, 1.0)))


def served(story: Callable[[Ask], Awaitable[None]], unwell: str | None = None) -> None:
    async def run() -> None:
        endpoint = MetricsEndpoint(0, METRICS, readings, lambda: unwell)
        port = await endpoint.start()

        async def ask(request: str) -> tuple[str, str]:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request.replace("\n", "\r\n").encode())
            answer = (await reader.read()).decode()
            writer.close()
            head, _, body = answer.partition("\r\n\r\n")
            return head.partition("\r\n")[0].partition(" ")[2], body

        try:
            await story(ask)
        finally:
            await endpoint.close()

    asyncio.run(run())


def test_prometheus_reads_every_declared_metric() -> None:
    async def story(ask: Ask) -> None:
        status, body = await ask("GET /metrics HTTP/1.1\nHost: 127.0.0.1:9\n\n")
        assert status == "200 OK"
        families = {one.name: one for one in text_string_to_metric_families(body)}
        declared = {one.name.removesuffix("_total") for one in METRICS}
        assert declared <= set(families)
        errors = {s.labels["component"]: s.value for s in families["vst_station_errors"].samples}
        assert errors == {"IBKR_API": 3, 'odd "name"\n': 1}
        [count] = [
            s.value
            for s in families["vst_station_order_ack_seconds"].samples
            if s.labels.get("le") == "0.5"
        ]
        assert count == 1

    served(story)


def test_health_says_ok_or_why_not() -> None:
    async def well(ask: Ask) -> None:
        assert await ask("GET /health HTTP/1.1\nHost: localhost\n\n") == ("200 OK", "ok\n")

    async def ill(ask: Ask) -> None:
        status, body = await ask("GET /health HTTP/1.1\nHost: localhost\n\n")
        assert (status, body) == ("503 Service Unavailable", "the broker is DISCONNECTED\n")

    served(well)
    served(ill, "the broker is DISCONNECTED")


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        ("GET /metrics HTTP/1.1\nHost: evil.example\n\n", "403 Forbidden"),
        ("POST /metrics HTTP/1.1\nHost: 127.0.0.1\n\n", "405 Method Not Allowed"),
        ("GET /admin HTTP/1.1\nHost: 127.0.0.1\n\n", "404 Not Found"),
    ],
)
def test_what_is_not_for_it_is_refused(request_text: str, status: str) -> None:
    async def story(ask: Ask) -> None:
        assert (await ask(request_text))[0] == status

    served(story)


def test_rubbish_and_a_head_without_end_are_dropped() -> None:
    async def story(ask: Ask) -> None:
        assert await ask("x" * 20_000 + "\n\n") == ("", "")
        assert (await ask("GET /health HTTP/1.1\nHost: localhost\n\n"))[0] == "200 OK"

    served(story)


def test_a_port_that_is_taken_is_refused_with_the_settings_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        endpoint = MetricsEndpoint(taken.getsockname()[1], (), list, lambda: None)
        with pytest.raises(UserError, match="station_metrics_port"):
            asyncio.run(endpoint.start())


def test_it_listens_on_loopback_alone() -> None:
    async def run() -> None:
        endpoint = MetricsEndpoint(0, (), list, lambda: None)
        await endpoint.start()
        assert endpoint._server is not None
        assert {one.getsockname()[0] for one in endpoint._server.sockets} == {"127.0.0.1"}
        await endpoint.close()

    asyncio.run(run())
