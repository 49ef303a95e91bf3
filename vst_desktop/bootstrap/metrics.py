"""The metrics endpoint of a run, where the settings ask for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import metadata
from typing import TYPE_CHECKING

from vst_desktop.adapters.telemetry.endpoint import MetricsEndpoint
from vst_desktop.monitoring.metrics import METRICS
from vst_desktop.ports.broker import ConnectionState
from vst_desktop.station.readings import station_readings

if TYPE_CHECKING:
    from vst_desktop.station.station import Station


@asynccontextmanager
async def metrics_of(station: Station) -> AsyncIterator[int | None]:
    """Serve the station's metrics while inside; yields the port, None where they are off.

    Raises:
        UserError: The port is taken.
    """
    port = station.settings.performance.station_metrics_port
    if port is None:
        yield None
        return
    version = _version()

    def unwell() -> str | None:
        state = station.engines.broker.state
        if state is not ConnectionState.READY:
            return f"the broker is {state}"
        return station.engines.journal.trouble

    endpoint = MetricsEndpoint(port, METRICS, lambda: station_readings(station, version), unwell)
    bound = await endpoint.start()
    try:
        yield bound
    finally:
        await endpoint.close()


def _version() -> str:
    try:
        return metadata.version("vst-desktop")
    except metadata.PackageNotFoundError:
        return "unknown"
