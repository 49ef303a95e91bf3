"""Figures of the station for a monitoring system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class MetricKind(StrEnum):
    """How a figure behaves."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A figure as it is declared, once. A counter's name ends in ``_total``."""

    name: str
    kind: MetricKind
    help: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One value of a metric. ``labels`` in the order of its declaration.

    A histogram's ``value`` is the sum of what was measured; ``buckets`` are the numbers of values
    at or below each bound, and ``count`` is that of all.
    """

    metric: Metric
    value: float
    labels: tuple[str, ...] = ()
    buckets: Mapping[float, int] = field(default_factory=dict)
    count: int = 0
