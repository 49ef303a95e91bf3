"""Metrics are declared once; the guide and the endpoint say the same."""

from __future__ import annotations

from pathlib import Path

from vst_desktop.monitoring.metrics import METRICS
from vst_desktop.ports.metrics import MetricKind

GUIDE = (Path(__file__).resolve().parents[3] / "docs" / "operations.md").read_text()


def test_the_guide_has_a_line_for_each_as_it_is_declared() -> None:
    for metric in METRICS:
        labels = "{" + ",".join(metric.labels) + "}" if metric.labels else ""
        assert f"| `{metric.name}{labels}` | {metric.kind}: {metric.help} |" in GUIDE


def test_names_are_those_that_prometheus_wants() -> None:
    names = [metric.name for metric in METRICS]
    assert len(set(names)) == len(names)
    for metric in METRICS:
        assert metric.name.startswith("vst_station_")
        assert (metric.kind is MetricKind.COUNTER) == metric.name.endswith("_total")
