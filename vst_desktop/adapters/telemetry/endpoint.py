"""The station's Prometheus endpoint: on loopback alone, and only when asked for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.core import (
    Metric as Family,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from vst_desktop.domain.errors import UserError
from vst_desktop.ports.metrics import Metric, MetricKind, Reading

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
PATIENCE_SECS = 5.0
LONGEST_REQUEST = 8192
_OWN_NAMES = ("127.0.0.1", "localhost")

_Answer = tuple[str, str, bytes]


class MetricsEndpoint:
    """``GET /metrics`` for Prometheus and ``GET /health`` for a container's health check.

    Answers on the loop, so that what is read is of one moment. A request by another name than
    loopback's is refused: no web page may read it through the trader's browser.

    Args:
        port: Where to listen; 0 takes any free one.
        metrics: What can be read.
        read: Reads all of it now.
        unwell: Why the station cannot work now, None when it can.
    """

    def __init__(
        self,
        port: int,
        metrics: Iterable[Metric],
        read: Callable[[], Iterable[Reading]],
        unwell: Callable[[], str | None],
    ) -> None:
        self._unwell = unwell
        self._wanted = port
        self._server: asyncio.Server | None = None
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Readings(tuple(metrics), read))
        ProcessCollector(registry=self._registry)

    async def start(self) -> int:
        """Listen; returns the port.

        Raises:
            UserError: The port is taken.
        """
        try:
            self._server = await asyncio.start_server(
                self._serve, HOST, self._wanted, limit=LONGEST_REQUEST
            )
        except OSError as error:
            raise UserError(
                f"port {self._wanted} for metrics cannot be had ({error.strerror})",
                where="performance.station_metrics_port",
                remedy="choose another, or 0 for any free one",
            ) from None
        port: int = self._server.sockets[0].getsockname()[1]
        log.info("metrics on http://%s:%d/metrics", HOST, port)
        return port

    async def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECS):
                head = await reader.readuntil(b"\r\n\r\n")
                status, kind, body = self._answer(head.decode("latin-1"))
                writer.write(
                    f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n"
                    f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
                )
                writer.write(body)
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            log.info("a request for metrics was not understood")
        finally:
            writer.close()

    def _answer(self, head: str) -> _Answer:
        first, *lines = head.split("\r\n")
        method, _, rest = first.partition(" ")
        path = rest.partition(" ")[0].partition("?")[0]
        hosts = [line.partition(":")[2].strip() for line in lines if line[:5].lower() == "host:"]
        if any(host.rsplit(":", 1)[0] not in _OWN_NAMES for host in hosts):
            return _text("403 Forbidden", "by this name nothing is told")
        if method != "GET":
            return _text("405 Method Not Allowed", "GET only")
        if path == "/metrics":
            return "200 OK", CONTENT_TYPE_PLAIN_0_0_4, generate_latest(self._registry)
        if path == "/health":
            unwell = self._unwell()
            return _text("200 OK" if unwell is None else "503 Service Unavailable", unwell or "ok")
        return _text("404 Not Found", "/metrics or /health")


def _text(status: str, text: str) -> _Answer:
    return status, "text/plain; charset=utf-8", f"{text}\n".encode()


class _Readings(Collector):
    """The readings as prometheus_client wants them."""

    def __init__(self, metrics: tuple[Metric, ...], read: Callable[[], Iterable[Reading]]) -> None:
        self._metrics = metrics
        self._read = read

    def collect(self) -> Iterator[Family]:
        """Every family that has a value now."""
        by_name: dict[str, list[Reading]] = {}
        for one in self._read():
            by_name.setdefault(one.metric.name, []).append(one)
        for metric in self._metrics:
            yield _family(metric, by_name.get(metric.name, []))


def _family(metric: Metric, readings: Iterable[Reading]) -> Family:
    if metric.kind is MetricKind.HISTOGRAM:
        histogram = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
        for one in readings:
            buckets = [(f"{bound:g}", float(count)) for bound, count in one.buckets.items()]
            histogram.add_metric(one.labels, [*buckets, ("+Inf", float(one.count))], one.value)
        return histogram
    make = CounterMetricFamily if metric.kind is MetricKind.COUNTER else GaugeMetricFamily
    family = make(metric.name, metric.help, labels=metric.labels)
    for one in readings:
        family.add_metric(one.labels, one.value)
    return family
