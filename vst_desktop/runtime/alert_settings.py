"""Settings of alerts, errors and the performance monitor (SPEC 2, 12 to 14)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, field_validator, model_validator

from vst_desktop.domain.alerts import Severity
from vst_desktop.runtime.setting_types import Group, Names

USUAL_CHANNELS = ("email", "slack", "sms")
_HOURS = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d)")


def _routes(value: Any) -> Any:
    """``INFO: email; HIGH: email, slack`` as environment and command line write it."""
    if not isinstance(value, str):
        return value
    parts = [part.partition(":") for part in re.split("[;·]", value) if part.strip()]
    return {level.strip().upper(): names for level, _, names in parts}


Routes = Annotated[Mapping[Severity, Names], BeforeValidator(_routes)]


class AlertSettings(Group):
    """Who is told what, by which way, how often."""

    severity_channels: Routes = Field(
        {
            Severity.INFO: ("email",),
            Severity.WARNING: ("email", "slack"),
            Severity.HIGH: USUAL_CHANNELS,
            Severity.CRITICAL: USUAL_CHANNELS,
        },
        description="channels by severity, as INFO: email; HIGH: email, slack",
    )
    use_email: bool = True
    use_slack: bool = True
    use_sms: bool = True
    more_channels: Names = Field(
        (), description="names of further channels, each with a secret alerts_NAME"
    )
    fold_secs: float = Field(300, ge=0, le=86_400, description="identical alerts are one within")
    max_per_minute: int = Field(10, ge=1, le=1000, description="messages a channel sends")
    quiet_hours: str = Field("", description="as 22:00-07:00; never for CRITICAL; empty: none")
    quiet_zone: str = Field("America/New_York", description="time zone of quiet_hours")
    escalate_after_secs: float = Field(
        300, ge=10, le=86_400, description="an unacknowledged CRITICAL is sent again after"
    )
    escalations: int = Field(3, ge=0, le=100, description="how often it is sent again")
    heartbeat_secs: float = Field(60, ge=5, le=86_400, description="between dead-man's beats")

    @field_validator("quiet_hours")
    @classmethod
    def _hours(cls, text: str) -> str:
        if text:
            quiet_times(text)
        return text

    @field_validator("quiet_zone")
    @classmethod
    def _zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, OSError, ValueError):
            raise ValueError(f"{name!r} is no time zone; write it as America/New_York") from None
        return name

    @model_validator(mode="after")
    def _known_channels(self) -> AlertSettings:
        known = (*USUAL_CHANNELS, *self.more_channels)
        for severity, names in self.severity_channels.items():
            for name in names:
                if name not in known:
                    raise ValueError(
                        f"{severity} goes to {name!r}, which is none of {', '.join(known)}; "
                        "name it in alerts.more_channels"
                    )
        return self

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels in use."""
        used = {"email": self.use_email, "slack": self.use_slack, "sms": self.use_sms}
        return tuple(name for name in (*used, *self.more_channels) if used.get(name, True))


def quiet_times(text: str) -> tuple[time, time]:
    """Beginning and end of ``22:00-07:00``; ValueError with a sentence for anything else."""
    found = _HOURS.fullmatch(text.replace(" ", ""))
    try:
        if found is None:
            raise ValueError
        begin, end = (time.fromisoformat(part) for part in found.groups())
    except ValueError:
        raise ValueError(f"{text!r} are no hours; write them as 22:00-07:00") from None
    return begin, end


class ErrorSettings(Group):
    """When errors are told, and how often recovery is tried before that is told."""

    error_threshold: int = Field(3, ge=1, le=1000, description="occurrences")
    max_recovery_attempts: int = Field(
        2, ge=1, le=1000, description="per component and error type, reset after success"
    )


class PerformanceSettings(Group):
    """Thresholds of the performance monitor, and where its figures can be read."""

    max_scan_time: float = Field(5.0, gt=0, description="s")
    min_symbols_per_second: float = Field(50, gt=0)
    station_metrics_port: int | None = Field(
        None, ge=0, le=65535, description="Prometheus endpoint on loopback; 0: any free; off"
    )
